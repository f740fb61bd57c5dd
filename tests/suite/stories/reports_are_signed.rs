//! Stored reports carry a signature of root's own gpg, and the check of the history tells which of them prove nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::records::assert_says;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::on_host;

const CONFIGURED: &str =
    "[report]\nsign_with = \"reports@example.org\"\nkey = \"/etc/patchctl/report-key.asc\"\n";

const VERIFY: [&str; 3] = ["patchctl", "history", "verify"];

/// Gives the root, which has none, the machine's own gpg with the libraries that it needs, and a key without a passphrase.
pub fn with_a_key() -> Option<DebianRoot> {
    let root = debian::small_with(&["lab-plain"])?;
    let copy = "set -e; for program in /usr/bin/gpg /usr/bin/gpg-agent; do \
        cp \"$program\" \"$1$program\"; \
        ldd \"$program\" | grep -o '/[^ ]*' | while read -r library; do \
            test -e \"$1$library\" || cp -L \"$library\" \"$1$library\"; done; done";
    on_host(&["sh", "-c", copy, "sh", &root.path("").display().to_string()]);
    root.shell(
        "umask 077 && gpg --batch --quiet --passphrase '' --quick-generate-key reports@example.org ed25519 sign never && \
        mkdir -p /etc/patchctl && gpg --batch --armor --export reports@example.org > /etc/patchctl/report-key.asc",
    )
    .expect_code(0);
    root.write("etc/patchctl/patchctl.toml", CONFIGURED);
    Some(root)
}

#[test]
fn reports_are_signed_and_what_is_not_or_was_changed_is_found() {
    let Some(root) = with_a_key() else { return };
    root.run(&["patchctl", "scan"]).expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let verified = root.run(&VERIFY).expect_code(0);
    let fingerprint = root.shell("gpg --batch --with-colons --list-keys | grep ^fpr | cut -d: -f10").stdout;
    assert_says(&verified, &format!("unbroken; signed by {}", fingerprint.trim()));
    assert_says(&verified, &format!("1 report of no run, signed by {}", fingerprint.trim()));
    // What an auditor types who has no patchctl.
    root.shell("cd /var/lib/patchctl/reports && for s in *.asc; do gpg --batch --verify $s ${s%.asc} || exit 1; done")
        .expect_code(0);

    // A scan is in no journal: only the signature tells that its report was changed.
    let scan = root.shell("ls /var/lib/patchctl/reports/scan-*.json").stdout.trim().to_owned();
    let sound = root.read(&scan);
    root.write(&scan, &sound.replacen("\"exit_code\":0", "\"exit_code\":1", 1));
    assert_says(&root.run(&VERIFY).expect_code(10), "the signature is not good");
    root.write(&scan, &sound);
    root.run(&VERIFY).expect_code(0);
    let signature = "var/lib/patchctl/runs/0001/report.json.asc";
    fs::remove_file(root.path(signature)).expect("the report of a run is signed");
    let verified = root.run(&VERIFY).expect_code(10);
    assert_says(&verified, "run 0001: the report proves nothing: it is not signed");
}

#[test]
fn a_report_that_cannot_be_signed_is_stored_and_that_is_said() {
    let Some(root) = with_a_key() else { return };
    let unknown = CONFIGURED.replace("reports@", "nobody@");
    root.write("etc/patchctl/patchctl.toml", &unknown);
    let told = root.run(&["patchctl", "scan"]).expect_code(0);
    assert_says(&told, "is written and not signed");
    assert_says(&root.run(&VERIFY).expect_code(10), "it is not signed");
    let open = root.path("etc/patchctl/report-key.asc");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).expect("a mode can be set");
    let refused = root.run(&["patchctl", "scan"]).expect_code(2);
    assert_says(&refused, "report-key.asc");
    assert!(Path::new(&open).exists());
}
