//! A host of Ubuntu is patched through the same apt: its pockets are told by the suite, its advisories are its own.
//!
//! No Ubuntu root can be built here: it is the laboratory's Debian root under Ubuntu's name, with lists as Ubuntu writes
//! them: one codename for all pockets, the pocket in the suite.

use super::records::{assert_says, checked_report};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::on_host;
use crate::lab::oracle::Manifest;

const OS_RELEASE: &str = "NAME=\"Ubuntu\"\nPRETTY_NAME=\"Ubuntu 24.04.3 LTS\"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\n\
                          VERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n";

/// As Canonical writes them, shortened.
const STATEMENT: &str = r#"{"schema_version": "1.7.0", "id": "UBUNTU-CVE-2026-10001", "published": "2026-11-01T00:00:00Z",
  "modified": "2026-11-02T00:00:00Z", "upstream": ["CVE-2026-10001"],
  "severity": [{"type": "Ubuntu", "score": "high"}],
  "affected": [{"package": {"ecosystem": "Ubuntu:24.04:LTS", "name": "lab-plain"},
    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
    "versions": ["1.0"]}]}"#;

/// The small root with lab-plain 1.0, as a host of Ubuntu.
fn ubuntu() -> Option<DebianRoot> {
    let root = debian::small_with(&["lab-plain"])?;
    root.shell("rm -f /etc/os-release").expect_code(0);
    root.write("etc/os-release", OS_RELEASE);
    root.write("usr/lib/os-release", OS_RELEASE);
    let lab = root.path("srv/lab");
    let lab = lab.to_str().expect("the laboratory's paths are plain text");
    for (from, to) in [("bookworm", "noble"), ("bookworm-security", "noble-security")] {
        let renamed = format!(
            "cd {lab}/dists && mv {from} {to} && cd {to} && \
             sed -n '/^Hash: /,/^-----BEGIN PGP SIGNATURE/p' InRelease | sed '1,2d;$d' | \
             sed 's/^Origin: .*/Origin: Ubuntu/; s/^Label: .*/Label: Ubuntu/; s/^Suite: .*/Suite: {to}/; \
                  s/^Codename: .*/Codename: noble/' > Release && rm InRelease && \
             gpg --quiet --batch --homedir {lab}/keys --output InRelease --clearsign Release; \
             code=$?; rm -f Release; exit $code"
        );
        on_host(&["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c", &renamed]);
    }
    let sources = "deb [signed-by=/usr/share/keyrings/lab.gpg] file:///srv/lab noble main\n\
                   deb [signed-by=/usr/share/keyrings/lab.gpg] file:///srv/lab noble-security main\n";
    root.write("etc/apt/sources.list", sources);
    root.shell("rm -rf /var/lib/apt/lists/*").expect_code(0);
    root.apt(&["update"]).expect_code(0);
    Some(root)
}

#[test]
fn what_ubuntu_states_is_found_applied_from_its_security_pocket_and_taken_back() {
    let Some(root) = ubuntu() else { return };
    root.write("root/osv.json", STATEMENT);
    root.run(&["patchctl", "feeds", "import", "/root/osv.json", "--name", "osv"]).expect_code(0);
    let before = Manifest::of(&root);
    let scanned = root.run(&["patchctl", "scan"]).expect_code(0);
    assert_says(&scanned, "Ubuntu 24.04");
    let planned = root.run(&["patchctl", "plan", "--format", "json"]).expect_code(0);
    let action = checked_report(&planned.stdout)["plan"]["steps"][0]["actions"][0].clone();
    assert_eq!((&action["package"], &action["security"]), (&"lab-plain".into(), &true.into()), "{action:#}");
    assert_eq!(action["origin"], "Ubuntu:noble", "{action:#}");
    assert_eq!(action["closes"], serde_json::json!(["CVE-2026-10001"]));
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&applied, "1 CVE closed");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}
