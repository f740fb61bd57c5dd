//! A plan is tried in a clone of the host before it is carried out: what would fail is found, and the host stays as it is.

use std::fs;

use super::records::{assert_says, checked_report};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::handmade::{Handmade, compiled, pending};
use crate::lab::namespace::Ran;
use crate::lab::oracle::Manifest;
use crate::lab::repository::Repository;

/// Runs a rehearsal and proves that no byte of the host changed, and that nothing is left of the clone.
fn rehearsed(root: &DebianRoot, arguments: &[&str], code: i32) -> Ran {
    let before = Manifest::of(root);
    let ran = root.run(&[&["patchctl", "rehearse"], arguments].concat());
    assert_eq!(before.diff(&Manifest::of(root)), [], "{ran}");
    assert!(!root.path("var/lib/patchctl/rehearsal").exists(), "litter: {ran}");
    ran.expect_code(code)
}

#[test]
fn a_good_plan_passes_and_every_file_that_would_change_is_told() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf", "lab-service"]) else { return };
    let ran = rehearsed(&root, &[], 0);
    assert_says(&ran, "passed; this host was not touched");
    assert_says(&ran, "~ /etc/lab-conf.conf");
    let report = checked_report(&rehearsed(&root, &["--format", "json"], 0).stdout);
    assert_eq!(
        (&report["outcome"], &report["rehearsal"]["verdict"]),
        (&"rehearsed".into(), &"passed".into())
    );
    let told: Vec<String> = ["added", "changed", "removed"]
        .iter()
        .flat_map(|list| report["rehearsal"]["changes"][list].as_array().expect("a list"))
        .map(|path| path.as_str().expect("a path").trim_start_matches('/').to_owned())
        .collect();
    let before = Manifest::of(&root);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let is_folder = |path: &str| root.path(path).is_dir();
    for change in before.diff(&Manifest::of(&root)).into_iter().filter(|change| !is_folder(&change.path)) {
        assert!(told.contains(&change.path), "{} changed and was not foreseen", change.path);
    }
}

#[test]
fn a_script_that_fails_is_found_with_its_words_and_the_way_back_is_tried() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-bad"]) else { return };
    let ran = rehearsed(&root, &[], 1);
    for told in [
        "FAILED in the clone; this host was not touched",
        "lab-bad: cannot migrate the store",
        "the way back was tried, too: the clone was as before",
        "patchctl rehearse --exclude lab-bad",
    ] {
        assert_says(&ran, told);
    }
    rehearsed(&root, &["--exclude", "lab-bad"], 0);
}

/// The server root with the local repository in place of its mirror.
fn server() -> Option<DebianRoot> {
    let root = debian::server()?;
    for gone in ["var/lib/apt/lists", "etc/apt/sources.list.d"] {
        let _ = fs::remove_dir_all(root.path(gone));
        fs::create_dir_all(root.path(gone)).expect("a folder can be made");
    }
    Repository::create(&root.path("/"));
    Some(root)
}

#[test]
fn a_configuration_that_the_daemon_refuses_is_found() {
    let Some(root) = server() else { return };
    let path = "etc/ssh/sshd_config.d/lab.conf";
    let package = |version, text: &str| Handmade {
        name: "lab-sshconf",
        version,
        files: vec![(path, text.as_bytes().to_vec(), 0o644)],
        conffiles: &["etc/ssh/sshd_config.d/lab.conf"],
        ..Handmade::default()
    };
    pending(&root, &package("1.0", "MaxAuthTries 4\n"), &package("2.0", "MaxAuthTrie 4\n"));
    root.run(&["ssh-keygen", "-A"]).expect_code(0);
    let ran = rehearsed(&root, &["--package", "lab-sshconf"], 1);
    assert_says(&ran, "sshd -t fails with the plan");
    assert_says(&ran, "MaxAuthTrie");
    assert_says(&ran, "nginx -t");
    assert_eq!(root.read(path), "MaxAuthTries 4\n");
}

#[test]
fn a_program_and_a_library_that_no_longer_load_are_found() {
    let Some(root) = debian::small() else { return };
    let folder = root.path("srv/lab/build");
    let library = compiled(
        &folder,
        ("liblabx.so.9", "int f(void) { return 0; }"),
        &["-shared", "-fPIC", "-Wl,-soname,liblabx.so.9"],
    );
    let sound = compiled(&folder, ("sound", "int main(void) { return 0; }"), &[]);
    let needy = ("needy", "int f(void); int main(void) { return f(); }");
    let needy = compiled(&folder, needy, &[library.to_str().expect("plain text")]);
    let package = |version, program: &std::path::Path| Handmade {
        name: "lab-tool",
        version,
        files: vec![("usr/bin/lab-tool", fs::read(program).expect("readable"), 0o755)],
        ..Handmade::default()
    };
    pending(&root, &package("1.0", &sound), &package("2.0", &needy));
    let shared = ["-shared", "-fPIC", library.to_str().expect("plain text")];
    let alone = compiled(&folder, ("alone.so", "int g(void) { return 0; }"), &shared[..2]);
    let leaning = ("leaning.so", "int f(void); int g(void) { return f(); }");
    let leaning = compiled(&folder, leaning, &shared);
    let package = |version, library: &std::path::Path| Handmade {
        name: "lab-library",
        version,
        files: vec![("usr/lib/lab/liblaby.so.1", fs::read(library).expect("readable"), 0o644)],
        ..Handmade::default()
    };
    pending(&root, &package("1.0", &alone), &package("2.0", &leaning));
    let ran = rehearsed(&root, &["--package", "lab-tool,lab-library"], 1);
    assert_says(&ran, "programs and libraries load fails with the plan");
    assert_says(&ran, "/usr/bin/lab-tool: error while loading shared libraries: liblabx.so.9");
    assert_says(&ran, "/usr/lib/lab/liblaby.so.1: error while loading shared libraries: liblabx.so.9");
    for name in ["lab-tool", "lab-library"] {
        assert_eq!(root.installed(name).as_deref(), Some("1.0"));
    }
}

#[test]
fn a_check_of_the_administrator_decides() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let check = "etc/patchctl/checks.d/rehearsal.d/no-two";
    root.write(check, "#!/bin/sh\ngrep -q 1.0 /usr/share/lab-plain/version || { echo it is new; exit 1; }\n");
    root.run(&["chmod", "755", &format!("/{check}")]).expect_code(0);
    let ran = rehearsed(&root, &[], 1);
    assert_says(&ran, "no-two fails with the plan: it is new");
    root.run(&["chmod", "777", &format!("/{check}")]).expect_code(0);
    let ran = rehearsed(&root, &[], 2);
    assert_says(&ran, "can be written by its group or by everyone");
}

#[test]
fn without_overlays_nothing_passes() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let before = Manifest::of(&root);
    let state = root.path("var/lib/patchctl");
    fs::create_dir_all(&state).expect("a folder can be made");
    // A state folder that is an overlay itself, as in most containers.
    let line = "set -e; mount -t tmpfs t \"$1/run\"; mkdir \"$1/run/u\" \"$1/run/w\"; s=$1/var/lib/patchctl
        mount -t overlay o -o \"lowerdir=$s,upperdir=$1/run/u,workdir=$1/run/w\" \"$s\"; shift; exec \"$@\"";
    let place = root.path("/");
    let tracer = ["sh", "-c", line, "sh", place.to_str().expect("plain text")];
    let ran = root.command(&["patchctl", "rehearse"]).traced_by(&tracer).run().expect_code(10);
    assert_says(&ran, "nothing can be rehearsed: /var/lib/patchctl lies on");
    assert_says(&ran, "which is an overlay itself");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

#[test]
fn a_signal_ends_a_rehearsal_at_once() {
    let Some(root) = debian::small_with(&["lab-hang"]) else { return };
    let before = Manifest::of(&root);
    // Its script waits for ten minutes.
    let line = "patchctl rehearse & pid=$!; until grep -qsa 'lab-hang[.]postinst' /proc/[0-9]*/cmdline; do sleep 0.1; done
        kill -TERM $pid; wait $pid; code=$?; grep -q patchctl-rehearsal /proc/self/mountinfo && echo mounted; exit $code";
    let ran = root.shell(line).expect_code(143);
    assert_says(&ran, "the host is as before");
    assert!(!ran.stdout.contains("mounted"), "{ran}");
    assert!(!root.path("var/lib/patchctl/rehearsal").exists(), "{ran}");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}
