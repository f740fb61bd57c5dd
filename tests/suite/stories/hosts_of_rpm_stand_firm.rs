//! What hosts of dnf and zypper do not let happen, and what they have lost: protected packages, metadata that nobody signed or that a
//! metalink does not know, obsoletes, a history that is gone, a folder of logs that is none.

use std::fs;

use sha2::{Digest, Sha256};

use super::dnf_plans::{changes, held, planned};
use crate::lab::namespace::Ran;
use crate::lab::rpm_root::{self, RpmRoot, UPDATES};
use crate::lab::{dnf5_root, zypp_root};

const REPOSITORIES: &str = "etc/yum.repos.d/lab.repo";

fn apply_refreshing(root: &RpmRoot) -> Ran {
    root.run(&["patchctl", "apply", "--yes"])
}

#[track_caller]
fn is_refused(root: &RpmRoot, before: &[String], ran: &Ran) {
    assert!(ran.code != 0, "{ran}");
    assert_eq!(root.builds(), before, "{ran}");
    assert_eq!(root.verified(), "", "{ran}");
}

fn dnf_protects(root: &RpmRoot) {
    let asked = ["--package", "lab-other", "--allow-removals"];
    assert_eq!(changes(&planned(root, &asked)).len(), 2);
    root.write("etc/dnf/protected.d/lab.conf", "lab-wants-old\n");
    let plan = planned(root, &asked);
    assert_eq!(changes(&plan), Vec::<String>::new());
    let why = &held(&plan)["lab-other"];
    assert!(why.starts_with("would-remove: dnf protects it") && why.contains("lab-wants-old"), "{why}");
    let shown =
        root.run(&["patchctl", "plan", "--package", "lab-other", "--allow-removals"]).expect_code(0).stdout;
    assert!(shown.contains("lab-wants-old") && shown.contains("protect"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}

#[test]
fn what_dnf_protects_is_not_removed_and_is_named() {
    let Some(root) = rpm_root::with(&["lab-other", "lab-wants-old"]) else { return };
    dnf_protects(&root);
}

#[test]
fn what_dnf5_protects_is_not_removed_and_is_named() {
    let Some(root) = dnf5_root::with(&["lab-other", "lab-wants-old"]) else { return };
    dnf_protects(&root);
}

/// Metadata that is signed is taken; with another signature, without one, and without a key nothing comes of it.
fn metadata_has_to_be_signed(root: &RpmRoot, (repositories, cache, key): (&str, &str, &str)) {
    let checked = root.read(repositories).replace("gpgcheck=1", "gpgcheck=1\nrepo_gpgcheck=1");
    root.write(repositories, &checked);
    let before = root.builds();
    let forget = format!("rm -rf {cache}/*");
    let list = root.path(UPDATES).join("repodata/repomd.xml");
    let signature = root.path(UPDATES).join("repodata/repomd.xml.asc");
    let (honest, signed) = (fs::read(&list).unwrap(), fs::read(&signature).unwrap());
    fs::write(&list, [&honest[..], b"<!-- -->\n"].concat()).unwrap();
    for without in [false, true] {
        if without {
            fs::remove_file(&signature).unwrap();
        }
        root.shell(&forget).expect_code(0);
        let ran = apply_refreshing(root);
        is_refused(root, &before, &ran);
        assert!(ran.said().contains("updates"), "the repository is named: {ran}");
    }
    fs::write(&list, &honest).unwrap();
    fs::write(&signature, &signed).unwrap();
    fs::rename(root.path("srv/lab/key.asc"), root.path("srv/lab/key.away")).unwrap();
    // zypp takes rpm's keys too.
    root.shell("rpm -qa 'gpg-pubkey*' > /root/keys; rpm -e --allmatches $(cat /root/keys)").expect_code(0);
    root.shell(&forget).expect_code(0);
    let ran = apply_refreshing(root);
    is_refused(root, &before, &ran);
    assert!(ran.said().contains(key), "the key that is missing is named: {ran}");
    fs::rename(root.path("srv/lab/key.away"), root.path("srv/lab/key.asc")).unwrap();
    root.run(&["rpm", "--import", "/srv/lab/key.asc"]).expect_code(0);
    apply_refreshing(root).expect_code(0);
    assert!(root.builds().contains(&"lab-plain-2.0-1.noarch".to_owned()), "{:?}", root.builds());
}

#[test]
fn metadata_of_dnf_that_is_not_signed_by_a_known_key_is_refused() {
    let Some(root) = rpm_root::with(&["lab-plain"]) else { return };
    metadata_has_to_be_signed(&root, (REPOSITORIES, "/var/cache/dnf", "key.asc"));
}

#[test]
fn metadata_of_dnf5_that_is_not_signed_by_a_known_key_is_refused() {
    let Some(root) = dnf5_root::with(&["lab-plain"]) else { return };
    metadata_has_to_be_signed(&root, (REPOSITORIES, "/var/cache/libdnf5", "key.asc"));
}

#[test]
fn metadata_of_zypper_that_is_not_signed_by_a_known_key_is_refused() {
    let Some(root) = zypp_root::with(&["lab-plain"]) else { return };
    let places = ("etc/zypp/repos.d/updates.repo", "/var/cache/zypp", "signed with an unknown key");
    metadata_has_to_be_signed(&root, places);
}

/// A metalink that lists another state than the mirror has: it is too old, or the mirror is.
fn metalink_is_of_another_day(root: &RpmRoot, cache: &str) {
    let list = root.path(UPDATES).join("repodata/repomd.xml");
    let write = |content: &[u8]| {
        let digest: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        root.write(
            "srv/lab/metalink.xml",
            &format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\" \
                 type=\"dynamic\" pubdate=\"Tue, 01 Sep 2026 00:00:00 GMT\" \
                 xmlns:mm0=\"http://fedorahosted.org/mirrormanager\"><files><file name=\"repomd.xml\">\
                 <mm0:timestamp>1788220800</mm0:timestamp><size>{}</size><verification><hash type=\"sha256\">{digest}</hash>\
                 </verification><resources maxconnections=\"1\"><url protocol=\"file\" type=\"file\" location=\"US\" \
                 preference=\"100\">file:///srv/lab/updates/repodata/repomd.xml</url></resources></file></files></metalink>\n",
                content.len()
            ),
        );
    };
    let linked = root
        .read(REPOSITORIES)
        .replace("baseurl=file:///srv/lab/updates", "metalink=file:///srv/lab/metalink.xml");
    root.write(REPOSITORIES, &linked);
    let before = root.builds();
    write(b"<repomd>of another day</repomd>");
    root.shell(&format!("rm -rf {cache}/*")).expect_code(0);
    let ran = apply_refreshing(root);
    is_refused(root, &before, &ran);
    assert!(ran.said().contains("updates"), "the repository is named: {ran}");
    write(&fs::read(&list).unwrap());
    apply_refreshing(root).expect_code(0);
    assert!(root.builds().contains(&"lab-plain-2.0-1.noarch".to_owned()), "{:?}", root.builds());
}

#[test]
fn a_metalink_of_another_day_is_refused_by_dnf_and_nothing_changes() {
    let Some(root) = rpm_root::with(&["lab-plain"]) else { return };
    metalink_is_of_another_day(&root, "/var/cache/dnf");
}

#[test]
fn a_metalink_of_another_day_is_refused_by_dnf5_and_nothing_changes() {
    let Some(root) = dnf5_root::with(&["lab-plain"]) else { return };
    metalink_is_of_another_day(&root, "/var/cache/libdnf5");
}

/// A package that was renamed comes under its new name where removals are allowed, and goes back under its old one.
fn renamed(root: &RpmRoot, builds: impl Fn(&RpmRoot) -> Vec<String>) {
    let kept = planned(root, &["--all-updates"]);
    assert!(!changes(&kept).iter().any(|change| change.contains("lab-former")), "{:?}", changes(&kept));
    let before = builds(root);
    let asked = ["--all-updates", "--allow-removals"];
    assert_eq!(
        changes(&planned(root, &asked)),
        ["install lab-renamed - rpm:2.0-1", "remove lab-former rpm:1.0-1 -"]
    );
    root.run(&[&["patchctl", "apply", "--yes", "--no-refresh"], &asked[..]].concat()).expect_code(0);
    assert!(root.builds().contains(&"lab-renamed-2.0-1.noarch".to_owned()), "{:?}", root.builds());
    assert!(!root.path("usr/share/lab-former").exists());
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(builds(root), before);
    assert_eq!(root.verified(), "");
}

#[test]
fn an_obsoleted_package_goes_with_dnf_where_that_is_allowed_and_comes_back() {
    let Some(root) = rpm_root::with(&["lab-former"]) else { return };
    renamed(&root, RpmRoot::builds);
}

#[test]
fn an_obsoleted_package_goes_with_dnf5_where_that_is_allowed_and_comes_back() {
    let Some(root) = dnf5_root::with(&["lab-former"]) else { return };
    renamed(&root, RpmRoot::builds);
}

#[test]
fn an_obsoleted_package_goes_with_zypper_where_that_is_allowed_and_comes_back() {
    let Some(root) = zypp_root::with(&["lab-former"]) else { return };
    renamed(&root, RpmRoot::builds);
}

/// `dnf history undo` needs a history, and ends with an error where it is empty; the way back of patchctl needs none.
#[test]
fn the_way_back_needs_no_history_of_dnf_and_no_folder_of_its_logs() {
    let Some(root) = rpm_root::with(&["lab-plain", "lab-conf"]) else { return };
    let builds = root.builds();
    // Every call of dnf fails where the folder of its logs is missing.
    root.shell(
        "rm -rf /var/log/dnf* /var/log/hawkey.log && echo 'logdir=/var/log/nowhere' >> /etc/dnf/dnf.conf",
    )
    .expect_code(0);
    root.run(&["patchctl", "plan", "--all-updates"]).expect_code(0);
    root.run(&["patchctl", "apply", "--yes", "--no-refresh"]).expect_code(0);
    assert!(root.builds().contains(&"lab-plain-2.0-1.noarch".to_owned()), "{:?}", root.builds());
    root.shell("rm -f /var/lib/dnf/history.sqlite*").expect_code(0);
    let undone = root.run(&["dnf", "-y", "-C", "history", "undo", "last"]);
    assert!(undone.code != 0, "dnf itself has nothing to undo: {undone}");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(root.builds(), builds);
    assert_eq!(root.verified(), "");
}
