//! The administrator's own programs at the turns of a run, and who is told how it ended.
//!
//! No mail system runs in the laboratory: a script stands in its place behind the same interface (`/usr/sbin/sendmail`).

use super::records::{assert_says, refused_unchanged, report_of_run};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::fleet;

/// Writes a program that root may run.
fn program(root: &DebianRoot, path: &str, script: &str) {
    let folder = path.rsplit_once('/').expect("a path in a folder").0;
    root.shell(&format!("mkdir -p /{folder}")).expect_code(0);
    root.write(path, &format!("#!/bin/sh\n{script}\n"));
    root.shell(&format!("chmod 755 /{path}")).expect_code(0);
}

fn told(root: &DebianRoot) -> String {
    root.shell("cat /var/tmp/told 2>/dev/null; rm -f /var/tmp/told").stdout
}

const NOTE: &str = "echo \"$PATCHCTL_PHASE run $PATCHCTL_RUN\" >> /var/tmp/told; test -f \"$PATCHCTL_PLAN\"";

#[test]
fn a_hook_vetoes_a_run_before_its_first_change() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    program(&root, "etc/patchctl/hooks.d/pre-apply/10-note", NOTE);
    program(&root, "etc/patchctl/hooks.d/pre-apply/20-veto", "echo the cluster is short of hosts; exit 1");
    program(&root, "etc/patchctl/hooks.d/on-failure/10-note", NOTE);
    let refused = root.run(&["patchctl", "apply", "--yes"]).expect_code(8);
    assert_says(&refused, "a hook stopped the run; nothing was changed");
    assert_says(&refused, "the cluster is short of hosts; exit code 1");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
    assert_eq!(told(&root), "pre-apply run 0001\non-failure run 0001\n");
    assert_eq!(report_of_run(&root, "0001")["error"]["kind"], "policy");
    root.shell("rm /etc/patchctl/hooks.d/on-failure/10-note").expect_code(0);
    root.shell("chmod 777 /etc/patchctl/hooks.d/pre-apply/20-veto").expect_code(0);
    let refused = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 8);
    assert_says(&refused, "can be written by its group or by everyone");
    assert_says(&refused, "chmod go-w /etc/patchctl/hooks.d/pre-apply/20-veto");
    root.shell("rm /etc/patchctl/hooks.d/pre-apply/20-veto; rm -f /var/tmp/told").expect_code(0);
    program(&root, "etc/patchctl/hooks.d/post-apply/10-note", NOTE);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(told(&root), "pre-apply run 0003\npost-apply run 0003\n");
}

#[test]
fn changes_and_failures_are_mailed_and_nothing_else_is() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-bad"]) else { return };
    program(&root, "usr/sbin/sendmail", "{ echo \"mail $*\"; cat; } >> /var/tmp/told");
    program(&root, "usr/local/bin/to-chat", "echo \"$PATCHCTL_OUTCOME\" >> /var/tmp/chat");
    let configuration = "[notify]\nmail = \"root\"\ncommand = [\"/usr/local/bin/to-chat\"]\n";
    root.write("etc/patchctl/patchctl.toml", configuration);
    root.run(&["patchctl", "apply", "--yes", "--quiet", "--package", "lab-plain"]).expect_code(0);
    let mail = told(&root);
    assert!(mail.starts_with("mail -i -- root\nTo: root\nSubject: patchctl on "), "{mail}");
    assert!(mail.contains(": patched\n\n") && mail.contains("1 package"), "{mail}");
    root.run(&["patchctl", "apply", "--yes", "--quiet", "--package", "lab-plain"]).expect_code(0);
    assert_eq!(told(&root), "", "nothing changed, nothing is told");
    program(&root, "etc/patchctl/hooks.d/on-rollback/10-note", NOTE);
    root.run(&["patchctl", "apply", "--yes", "--quiet", "--package", "lab-bad"]).expect_code(3);
    let mail = told(&root);
    assert!(mail.starts_with("on-rollback run 0002\n") && mail.contains(": rolled-back\n"), "{mail}");
    assert_eq!(root.read("var/tmp/chat"), "patched\nrolled-back\n");
    root.write("etc/patchctl/patchctl.toml", &configuration.replace("root", "-oQ/tmp"));
    let refused = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 2);
    assert_says(&refused, "/etc/patchctl/patchctl.toml, line 2, key notify.mail");
}

/// Takes every caller in and never says a word.
const SILENT: &str = "import socket, time
server = socket.create_server(('127.0.0.1', 8099))
open('/run/listens', 'w')
held = []
while True:
    held.append(server.accept())
    open('/run/called', 'w')";

/// The program that the page of recipes names for a web hook, with another address.
fn recipe(address: &str) -> String {
    let page = include_str!("../../../src/cli/recipes.7").replace("\\-", "-");
    let begin = page.find("command = [").expect("the page has a recipe");
    let end = begin + page[begin..].find(']').expect("of one list");
    page[begin..=end].replace("https://example.org/hook", address)
}

#[test]
fn a_dead_endpoint_holds_nothing_up_and_a_message_that_nobody_got_is_told() {
    let Some(small) = debian::small() else { return };
    let Some(root) = fleet::host(&small, &["lab-plain"]) else { return };
    program(&root, "usr/sbin/sendmail", "echo 'the queue is full' >&2; exit 75");
    let notify = format!("[notify]\nmail = \"root\"\n{}\n", recipe("http://127.0.0.1:8099/hook"));
    root.write("etc/patchctl/patchctl.toml", &notify);
    let listener = root.command(&["python3", "-c", SILENT]).start();
    listener.wait_until("the endpoint listens", || root.path("run/listens").exists());

    let apply = ["patchctl", "apply", "--yes", "--quiet", "--package", "lab-plain"];
    let applying = root.command(&apply).beside(&listener).start();
    applying.wait_until("the endpoint is called", || root.path("run/called").exists());
    // The run is over: its report is stored, its exit code stands, and another command gets every lock.
    assert_eq!(report_of_run(&root, "0001")["outcome"], "patched");
    let other = root.command(&["patchctl", "recover", "--lock-timeout", "1s"]).beside(&listener).run();
    other.expect_code(0);
    let ran = applying.wait().expect_code(0);
    assert_says(&ran, "warning: notify.command: nobody was told: no answer within 30 s");
    assert_says(&ran, "warning: notify.mail: nobody was told: the queue is full; exit code 75");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn a_failure_whose_mail_fails_keeps_its_code_and_is_told() {
    let Some(root) = debian::small_with(&["lab-bad"]) else { return };
    root.write("etc/patchctl/patchctl.toml", "[notify]\nmail = \"root\"\non = \"error\"\n");
    let ran = root.run(&["patchctl", "apply", "--yes", "--quiet"]).expect_code(3);
    assert_says(&ran, "warning: notify.mail: nobody was told: cannot run /usr/sbin/sendmail");
    assert_says(&ran, "cannot migrate the store");
}

#[test]
fn a_run_that_the_machine_ends_or_somebody_takes_back_is_mailed_too() {
    let Some(root) = debian::small_with(&["lab-slow"]) else { return };
    program(&root, "usr/sbin/sendmail", "{ echo \"mail $*\"; cat; } >> /var/tmp/told");
    program(&root, "etc/patchctl/hooks.d/on-rollback/10-note", NOTE);
    root.write("etc/patchctl/patchctl.toml", "[notify]\nmail = \"root\"\n");
    let running = root.command(&["patchctl", "apply", "--yes"]).start();
    running.wait_until("the script waits", || {
        let log = root.path("var/lib/patchctl/runs/0001/log");
        std::fs::read_to_string(log).is_ok_and(|log| log.contains("lab-slow: waiting"))
    });
    running.kill();
    assert_eq!(told(&root), "", "who was killed tells nobody");
    root.run(&["patchctl", "recover", "--unattended"]).expect_code(0);
    let mail = told(&root);
    assert!(mail.contains(": recovered\n\n") && mail.matches("Subject: ").count() == 1, "{mail}");
    root.run(&["patchctl", "recover", "--unattended"]).expect_code(0);
    assert_eq!(told(&root), "", "nothing was open");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    let mail = told(&root);
    assert!(mail.starts_with("on-rollback run 0002\n") && mail.contains(": rolled-back\n"), "{mail}");
    root.run(&["patchctl", "rollback", "--preview"]);
    assert_eq!(told(&root), "", "what only shows is no run");
}
