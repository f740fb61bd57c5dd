//! What dnf and zypper fetched is still what was signed, or `feeds verify` says what is not; and a bundle that somebody signed
//! with gpg is taken where that key is asked for.

use crate::lab::rpm_root::{self, RpmRoot};
use crate::lab::zypp_root;

use super::records::assert_says;

/// Verifies a root whose repository is signed, then changes a file of its metadata, then the signed list itself.
fn is_proved_and_damage_is_found(root: &RpmRoot, (repository, cache): (&str, &str), refetch: &str) {
    let verified = root.run(&["patchctl", "feeds", "verify", "--format", "json"]).expect_code(0);
    let document: serde_json::Value = serde_json::from_str(&verified.stdout).expect("JSON");
    let feeds = document["feeds"].as_array().expect("feeds");
    let signed = feeds.iter().find(|feed| feed["name"] == repository).expect("it is told");
    assert_eq!(signed["signed_by"].as_str().map(str::len), Some(40), "{signed}");

    let change = |file: &str| {
        let list = format!("f=$(ls {cache}/{file}) && cp -p $f /root/honest && printf x >> $f && echo $f");
        root.shell(&list).expect_code(0).stdout.trim().to_owned()
    };
    let restore = |path: &str| drop(root.shell(&format!("cp -p /root/honest {path}")).expect_code(0));
    let primary = change("*primary.xml.*");
    let refused = root.run(&["patchctl", "feeds", "verify"]).expect_code(9);
    assert_says(&refused, &format!("the lists of {repository} are not what was signed"));
    assert_says(&refused, "is not what its repository lists");
    assert_says(&refused, refetch);
    restore(&primary);
    let list = change("repomd.xml");
    assert_says(&root.run(&["patchctl", "feeds", "verify"]).expect_code(9), "the signature is not good");
    restore(&list);
    root.run(&["patchctl", "feeds", "verify"]).expect_code(0);
}

#[test]
fn a_list_of_dnf_is_proved_by_its_signature_and_its_files_by_their_digests() {
    let Some(root) = rpm_root::with(&["lab-plain"]) else { return };
    let repositories =
        root.read("etc/yum.repos.d/lab.repo").replace("gpgcheck=1", "gpgcheck=1\nrepo_gpgcheck=1");
    root.write("etc/yum.repos.d/lab.repo", &repositories);
    root.shell("rm -rf /var/cache/dnf/* && dnf -y makecache").expect_code(0);
    let updates = ("dnf:updates", "/var/cache/dnf/updates-*/repodata");
    is_proved_and_damage_is_found(&root, updates, "dnf clean metadata, then dnf makecache");
}

#[test]
fn a_list_of_zypper_is_proved_by_its_signature_and_its_files_by_their_digests() {
    let Some(root) = zypp_root::with(&["lab-plain"]) else { return };
    let updates = ("zypp:updates", "/var/cache/zypp/raw/updates/repodata");
    is_proved_and_damage_is_found(&root, updates, "zypper refresh --force");
}

#[test]
fn a_bundle_signed_with_gpg_is_taken_where_its_key_is_asked_for_and_no_other_is() {
    let Some(root) = rpm_root::with(&["lab-plain"]) else { return };
    if !root.path("usr/bin/gpg").exists() {
        println!("not run: this root has no gpg");
        return;
    }
    let source =
        "[[feeds.source]]\nname = \"updateinfo\"\nlocation = \"/srv/lab/updates/repodata/repomd.xml\"\n";
    root.write("etc/patchctl/patchctl.toml", source);
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    let keys = "export HOME=/root; for who in signer other; do gpg --batch --quiet --passphrase '' --quick-gen-key \
                $who@example.org ed25519 sign never && gpg --armor --output /root/$who.asc --export \
                $who@example.org || exit 1; done";
    root.shell(keys).expect_code(0);
    let export = ["patchctl", "feeds", "export", "/root/feeds.bundle", "--sign-with", "signer@example.org"];
    root.run(&export).expect_code(0);
    assert!(root.read("root/feeds.bundle.asc").starts_with("-----BEGIN PGP SIGNATURE-----"));

    let asking_for = |key: &str| {
        root.write(
            "etc/patchctl/patchctl.toml",
            &format!("[feeds]\nbundle_key = \"/root/{key}.asc\"\n{source}"),
        );
        root.run(&["patchctl", "feeds", "import", "/root/feeds.bundle"])
    };
    asking_for("signer").expect_code(0);
    assert_says(&asking_for("other").expect_code(9), "is not taken in; the last good content stays");
    root.shell("rm /root/feeds.bundle.asc").expect_code(0);
    assert_says(&asking_for("signer").expect_code(9), "there is no signature");
    let nobody = ["patchctl", "feeds", "export", "/root/b.bundle", "--sign-with", "nobody@example.org"];
    assert_says(&root.run(&nobody).expect_code(1), "is written and not signed");
    root.shell("HOME=/root gpgconf --kill all").expect_code(0);
}
