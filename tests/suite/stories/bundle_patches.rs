//! A host that no network reaches is patched from one signed file, which a host of its ring made.

use std::fs;

use super::records::assert_says;
use super::watch::{document, import_tracker};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::on_host;
use crate::lab::oracle::Manifest;

const FIXTURES: [&str; 2] = ["lab-plain", "lab-conf"];
const KEY: &str = "[feeds]\nbundle_key = \"/usr/share/keyrings/lab.gpg\"\n";
const BUNDLE: &str = "/tmp/web.bundle";

/// Signs a file of a root with one of the laboratory's two keys, by the machine's gpg: the small root has none.
fn sign(root: &DebianRoot, file: &str, keys: &str) {
    let (file, keys) = (root.path(file), root.path(&format!("srv/lab/{keys}")));
    let line = "rm -f \"$2.asc\"; gpg --quiet --batch --homedir \"$1\" --armor --detach-sign \"$2\"; exit $?";
    let enter = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c", line, "sh"];
    on_host(&[&enter[..], &[keys.to_str().unwrap(), file.to_str().unwrap()]].concat());
}

/// A host with repositories, and its twin, which has neither a repository nor lists nor a cache.
fn twins() -> Option<(DebianRoot, DebianRoot)> {
    let (near, far) = (debian::small_with(&FIXTURES)?, debian::small_with(&FIXTURES)?);
    import_tracker(&near);
    far.shell("rm -rf /srv/lab /var/cache/apt /var/cache/patchctl /var/lib/apt/lists/*").expect_code(0);
    far.write("etc/patchctl/patchctl.toml", KEY);
    Some((near, far))
}

fn carry(near: &DebianRoot, far: &DebianRoot) {
    for file in [BUNDLE.to_owned(), format!("{BUNDLE}.asc")] {
        fs::remove_file(far.path(&file)).ok();
        if near.path(&file).exists() {
            fs::copy(near.path(&file), far.path(&file)).unwrap();
        }
    }
}

#[test]
fn a_signed_bundle_patches_a_host_without_network_repository_or_lists() {
    let Some((near, far)) = twins() else { return };
    let ran = near.run(&["patchctl", "bundle", "create", BUNDLE, "--format", "json"]).expect_code(0);
    let made = document(&ran, "bundle-content-1.json");
    assert_eq!(made["archives"].as_array().map(Vec::len), Some(2), "{made}");
    assert_eq!((&made["has_plan"], &made["feeds"][0]), (&true.into(), &"debian-tracker".into()));
    sign(&near, BUNDLE, "keys");
    carry(&near, &far);
    let whole = far.run(&["patchctl", "bundle", "verify", BUNDLE]).expect_code(0);
    assert_says(&whole, "2 archives");
    let before = Manifest::of(&far);
    let applied = far.run(&["patchctl", "apply", "--yes", "--bundle", BUNDLE]).expect_code(0);
    for name in FIXTURES {
        assert_eq!(far.installed(name).as_deref(), Some("2.0"), "{applied}");
    }
    assert_eq!(far.audit(), "");
    let feeds = far.run(&["patchctl", "feeds", "--offline"]).expect_code(0);
    assert_says(&feeds, "debian-tracker");
    let again = far.run(&["patchctl", "apply", "--yes", "--bundle", BUNDLE]).expect_code(0);
    assert_says(&again, "nothing to do");
    far.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    for name in FIXTURES {
        assert_eq!(far.installed(name).as_deref(), Some("1.0"));
    }
    // The archives of the old versions were nowhere to be had: rebuilt ones say so in the package database.
    let rebuilt = ["var/lib/dpkg/status"];
    let changed: Vec<_> = before.without(&rebuilt).diff(&Manifest::of(&far).without(&rebuilt));
    assert_eq!(changed, []);
}

#[test]
fn a_bundle_that_nobody_vouches_for_is_one_error_and_nothing_is_taken() {
    let Some((near, far)) = twins() else { return };
    near.run(&["patchctl", "bundle", "create", BUNDLE]).expect_code(0);
    let before = Manifest::of(&far);
    let refused = |code: i32, told: &str| {
        let ran = far.run(&["patchctl", "apply", "--yes", "--bundle", BUNDLE]).expect_code(code);
        assert_says(&ran, told);
        assert_eq!(ran.stderr.matches("error: ").count(), 1, "{ran}");
        assert_eq!(before.diff(&Manifest::of(&far)), [], "{told}");
        assert_eq!(far.shell("ls /var/lib/apt/lists").stdout, "", "{told}");
    };
    carry(&near, &far);
    refused(9, "there is no signature: neither");
    sign(&near, BUNDLE, "wrong-keys");
    carry(&near, &far);
    refused(9, "the signature is not good");
    sign(&near, BUNDLE, "keys");
    carry(&near, &far);
    let whole = fs::read(far.path(BUNDLE)).unwrap();
    fs::write(far.path(BUNDLE), &whole[..whole.len() - 9]).unwrap();
    refused(9, "the signature is not good");
    fs::write(far.path(BUNDLE), "no bundle").unwrap();
    refused(9, "the signature is not good");
    fs::remove_file(far.path(BUNDLE)).unwrap();
    refused(9, "web.bundle");
    far.write("etc/patchctl/patchctl.toml", "");
    let ran = far.run(&["patchctl", "apply", "--yes", "--bundle", BUNDLE]).expect_code(2);
    assert_says(&ran, "apply --bundle needs feeds.bundle_key");
}

#[test]
fn another_host_of_the_ring_makes_its_own_plan_and_takes_the_policy_along() {
    let Some((near, far)) = twins() else { return };
    let policy = "[issue]\ngroup = \"web\"\nversion = 3\nissued = \"2026-11-20T00:00:00Z\"\n\n[policy]\nremovals = \"allow\"\n\
                  [policy.packages]\nnever = [\"lab-conf\"]\n";
    let central =
        "[central]\npolicy = \"/srv/lab/policy/\"\nkey = \"/usr/share/keyrings/lab.gpg\"\ngroup = \"web\"\n";
    near.write("srv/lab/policy/web.toml", policy);
    sign(&near, "srv/lab/policy/web.toml", "keys");
    near.write("etc/patchctl/conf.d/10-central.toml", central);
    far.write("etc/patchctl/conf.d/10-central.toml", central);
    far.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    near.run(&["patchctl", "policy", "refresh"]).expect_code(0);
    near.run(&["patchctl", "bundle", "create", BUNDLE]).expect_code(0);
    sign(&near, BUNDLE, "keys");
    carry(&near, &far);
    assert_says(&far.run(&["patchctl", "bundle", "verify", BUNDLE]).expect_code(0), "web.toml");
    let applied = far.run(&["patchctl", "apply", "--yes", "--bundle", BUNDLE]).expect_code(0);
    assert_says(&applied, "one is made here, from what it holds");
    assert_eq!(far.installed("lab-plain").as_deref(), Some("2.0"), "{applied}");
    assert_eq!(
        far.installed("lab-conf").as_deref(),
        Some("1.0"),
        "the policy in the bundle leaves it out: {applied}"
    );
    assert_says(&far.run(&["patchctl", "policy", "show"]).expect_code(0), "version 3");
}
