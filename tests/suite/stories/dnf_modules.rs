//! A host of dnf with modules: only the enabled stream counts, in what is offered, in advisories, and in a plan.

use std::fs;

use serde_json::Value;

use super::dnf_applies::apply;
use super::dnf_plans::{changes, planned};
use crate::lab::namespace::on_host;
use crate::lab::rpm_packages::{PLAIN, RpmFixture};
use crate::lab::rpm_root::{self, RpmRoot, UPDATES};

/// One module, two streams, and as they are tiny none has `.module` in its release: only modules.yaml tells.
const MODULES: &str = "---\ndocument: modulemd\nversion: 2\ndata:\n  name: lab\n  stream: \"one\"\n  version: 1\n  \
    context: c0ffee00\n  arch: noarch\n  summary: a module\n  description: >-\n    a module\n  license:\n    module:\n    \
    - MIT\n  artifacts:\n    rpms:\n    - lab-modular-0:1.0-1.noarch\n    - lab-modular-0:1.1-1.noarch\n...\n---\n\
    document: modulemd\nversion: 2\ndata:\n  name: lab\n  stream: \"two\"\n  version: 1\n  context: c0ffee00\n  \
    arch: noarch\n  summary: a module\n  description: >-\n    a module\n  license:\n    module:\n    - MIT\n  \
    artifacts:\n    rpms:\n    - lab-modular-0:2.0-1.noarch\n...\n";

fn announcement(number: u32, stream: &str, version: &str) -> String {
    format!(
        "<update from=\"lab@example.org\" status=\"final\" type=\"security\" version=\"1\"><id>LABSA-2026:9{number:03}</id>\
         <title>lab-modular update</title><issued date=\"2026-09-01 00:00:00\"/><severity>Important</severity><references>\
         <reference href=\"https://example.org\" id=\"CVE-2026-3000{number}\" type=\"cve\"/></references><pkglist>\
         <collection short=\"lab\"><name>lab</name><module name=\"lab\" stream=\"{stream}\" version=\"1\" context=\"c0ffee00\" \
         arch=\"noarch\"/><package name=\"lab-modular\" version=\"{version}\" release=\"1\" epoch=\"0\" arch=\"noarch\">\
         <filename>lab-modular-{version}-1.noarch.rpm</filename></package></collection></pkglist></update>"
    )
}

/// A root with stream one enabled and its first build installed; builds of both streams are pending.
fn modular_root() -> Option<RpmRoot> {
    let root = rpm_root::with(&["lab-plain"])?;
    let one = RpmFixture { name: "lab-modular", head: "ModularityLabel: lab:one:1:c0ffee00", ..PLAIN };
    let two = RpmFixture { head: "ModularityLabel: lab:two:1:c0ffee00", ..one };
    let updates = root.path(UPDATES);
    let built = [(&one, "1.0"), (&one, "1.1"), (&two, "2.0")]
        .map(|(of, version)| of.build(version, &updates, "CentOS"));
    rpm_root::sign(&root.path("/"), &built);
    let own = announcement(1, "one", "1.1") + &announcement(2, "two", "2.0");
    rpm_root::publish(
        &root.path("/"),
        UPDATES,
        &rpm_root::announcements().replace("</updates>", &format!("{own}</updates>")),
    );
    add_modules(&root, MODULES);
    root.run(&["dnf", "-y", "--refresh", "makecache"]).expect_code(0);
    root.run(&["dnf", "-y", "module", "enable", "lab:one"]).expect_code(0);
    root.run(&["dnf", "-y", "install", "lab-modular-1.0-1"]).expect_code(0);
    Some(root)
}

fn add_modules(root: &RpmRoot, text: &str) {
    let file = root.path("srv/lab/modules.yaml");
    fs::write(&file, text).unwrap();
    let repodata = root.path(UPDATES).join("repodata");
    on_host(&["modifyrepo_c", "--mdtype=modules", file.to_str().unwrap(), repodata.to_str().unwrap()]);
}

fn open_findings(root: &RpmRoot) -> String {
    let ran = root.run(&["patchctl", "scan", "--format", "json", "--package", "lab-modular"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    report["findings"].to_string()
}

#[test]
fn an_advisory_of_another_stream_is_not_offered_and_a_plan_stays_in_the_stream() {
    let Some(root) = modular_root() else { return };
    let findings = open_findings(&root);
    assert!(findings.contains("CVE-2026-30001"), "{findings}");
    assert!(!findings.contains("CVE-2026-30002") && !findings.contains("2.0-1"), "{findings}");
    for arguments in [&["--package", "lab-modular"][..], &["--exclude", "lab-plain", "--all-updates"]] {
        assert_eq!(changes(&planned(&root, arguments)), ["upgrade lab-modular rpm:1.0-1 rpm:1.1-1"]);
    }
    apply(&root, &["--package", "lab-modular"]).expect_code(0);
    assert!(root.builds().contains(&"lab-modular-1.1-1.noarch".to_owned()));
    // The administrator goes over to the other stream: now its builds count.
    root.run(&["dnf", "-y", "module", "reset", "lab"]).expect_code(0);
    root.run(&["dnf", "-y", "module", "enable", "lab:two"]).expect_code(0);
    let plan = planned(&root, &["--exclude", "lab-plain", "--all-updates"]);
    assert_eq!(changes(&plan), ["upgrade lab-modular rpm:1.1-1 rpm:2.0-1"]);
}

#[test]
fn a_modules_file_that_is_broken_is_one_clear_error() {
    let Some(root) = modular_root() else { return };
    rpm_root::publish(&root.path("/"), UPDATES, &rpm_root::announcements());
    add_modules(&root, &MODULES.replace("  name: lab\n", ""));
    root.run(&["dnf", "-y", "--refresh", "makecache"]);
    let ran = root.run(&["patchctl", "plan"]).expect_code(9);
    assert!(ran.stderr.contains("modules.yaml") && ran.stderr.contains("data.name"), "{ran}");
}

#[test]
fn a_version_that_is_named_is_the_one_that_comes() {
    let Some(root) = rpm_root::with(&["lab-steps", "lab-plain"]) else { return };
    let plan = planned(&root, &["lab-steps=1.5-1"]);
    assert_eq!(changes(&plan), ["upgrade lab-steps rpm:1.0-1 rpm:1.5-1"]);
    apply(&root, &["--package", "lab-plain"]).expect_code(0);
    root.run(&["patchctl", "plan", "lab-steps=1.5-1", "-o", "/root/plan.json"]).expect_code(0);
    apply(&root, &["/root/plan.json"]).expect_code(0);
    assert!(root.builds().contains(&"lab-steps-1.5-1.noarch".to_owned()), "{:?}", root.builds());
    let refused = root.run(&["patchctl", "plan", "lab-steps=1.6-1"]).expect_code(2);
    assert!(refused.stderr.contains("1.5-1") && refused.stderr.contains("2.0-1"), "{refused}");
}
