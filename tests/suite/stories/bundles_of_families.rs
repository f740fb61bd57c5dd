//! A host of dnf, zypper, pacman or apk that no network reaches is patched from one signed file of its twin, and taken back; a damaged
//! file is refused, and nothing is changed.

use std::fs;
use std::path::PathBuf;

use super::records::assert_says;
use super::{apk_applies, dnf_applies, pacman_applies, zypper_applies};
use crate::lab::apk_root::{self, ApkRoot};
use crate::lab::namespace::{Ran, on_host};
use crate::lab::pacman_root::{self, PacmanRoot};
use crate::lab::rpm_root::{self, RpmRoot};
use crate::lab::{dnf5_root, zypp_root};

const BUNDLE: &str = "/tmp/web.bundle";

/// What the roots of all families have in common.
trait Host {
    fn place(&self, inside: &str) -> PathBuf;
    fn ran(&self, arguments: &[&str]) -> Ran;
}

impl Host for RpmRoot {
    fn place(&self, inside: &str) -> PathBuf {
        self.path(inside)
    }

    fn ran(&self, arguments: &[&str]) -> Ran {
        self.run(arguments)
    }
}

impl Host for PacmanRoot {
    fn place(&self, inside: &str) -> PathBuf {
        self.path(inside)
    }

    fn ran(&self, arguments: &[&str]) -> Ran {
        self.run(arguments)
    }
}

impl Host for ApkRoot {
    fn place(&self, inside: &str) -> PathBuf {
        self.path(inside)
    }

    fn ran(&self, arguments: &[&str]) -> Ran {
        // A host that is cut off has no server either.
        if self.path("srv/lab").exists() { self.run_served(arguments) } else { self.run(arguments) }
    }
}

/// Gives a host whose packages nobody signs with gpg a key that signs bundles.
fn with_a_signing_key(host: &dyn Host) {
    let (keys, key) = (host.place("srv/lab/keys"), host.place("srv/lab/key.asc"));
    let line = "chmod 700 \"$1\"; gpg --quiet --batch --homedir \"$1\" --passphrase '' --quick-gen-key lab@example.org rsa2048 \
        sign never && gpg --quiet --batch --homedir \"$1\" --armor --output \"$2\" --export lab@example.org; exit $?";
    let enter = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c", line, "sh"];
    let paths = [keys.to_str().expect("text"), key.to_str().expect("text")];
    on_host(&[&enter[..], &paths].concat());
}

/// Takes everything away that a host without a network does not have: repositories, what was fetched from them, and packages
/// that were kept. What remains is configured as on its twin, with feeds that are far away.
fn cut_off(host: &dyn Host) {
    let line = "cp /srv/lab/key.asc /etc/patchctl/bundle-key.asc 2>/dev/null || \
        gpg --homedir /etc/pacman.d/gnupg --batch --export > /etc/patchctl/bundle-key.asc; \
        rm -rf /srv/lab /var/cache/dnf/* /var/cache/libdnf5/* /var/cache/zypp/raw/* /var/cache/zypp/packages/* \
            /var/cache/zypp/solv/base /var/cache/zypp/solv/updates /var/lib/pacman/sync/* /var/cache/pacman/pkg/* \
            /var/cache/apk/* \
            /var/cache/patchctl; \
        sed -i 's,/srv/lab/,https://updates.example.org/,' /etc/patchctl/patchctl.toml; \
        sed -i '1i [feeds]\\nbundle_key = \"/etc/patchctl/bundle-key.asc\"' /etc/patchctl/patchctl.toml";
    host.ran(&["sh", "-c", line]).expect_code(0);
}

/// Gives a root that has none the machine's own gpgv, with the libraries that it needs.
fn with_gpgv(host: &dyn Host) {
    let copy = "test -e \"$1/usr/bin/gpgv\" && exit; cp /usr/bin/gpgv \"$1/usr/bin/gpgv\"; \
        ldd /usr/bin/gpgv | grep -o '/[^ ]*' | while read -r library; do \
            test -e \"$1$library\" || cp -L \"$library\" \"$1$library\"; done";
    on_host(&["sh", "-c", copy, "sh", &host.place("").display().to_string()]);
}

/// Makes a bundle on one host, signed by the key of the laboratory, and carries it to another.
fn carried(near: &dyn Host, far: &dyn Host) {
    // The vendor's own feeds are out of reach, which is told.
    near.ran(&["patchctl", "feeds", "refresh"]);
    with_gpgv(far);
    near.ran(&["patchctl", "bundle", "create", BUNDLE]).expect_code(0);
    let (file, keys) = (near.place(BUNDLE), near.place("srv/lab/keys"));
    let line = "rm -f \"$2.asc\"; gpg --quiet --batch --homedir \"$1\" --armor --detach-sign \"$2\"; exit $?";
    let enter = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c", line, "sh"];
    on_host(&[&enter[..], &[keys.to_str().expect("text"), file.to_str().expect("text")]].concat());
    for end in ["", ".asc"] {
        let file = format!("{BUNDLE}{end}");
        fs::copy(near.place(&file), far.place(&file)).expect("it can be carried");
    }
}

/// Refuses the bundle when a byte of it is another one, then patches from it, and finds nothing to do the second time.
fn patched(far: &dyn Host, is_unchanged: &dyn Fn()) -> Ran {
    let apply = ["patchctl", "apply", "--yes", "--bundle", BUNDLE];
    let whole = fs::read(far.place(BUNDLE)).expect("readable");
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(far.place(BUNDLE), damaged).expect("writable");
    assert_says(&far.ran(&apply).expect_code(9), "the signature is not good");
    is_unchanged();
    fs::write(far.place(BUNDLE), whole).expect("writable");
    assert_says(&far.ran(&["patchctl", "bundle", "verify", BUNDLE]).expect_code(0), "whole");
    let applied = far.ran(&apply).expect_code(0);
    assert_says(&far.ran(&apply).expect_code(0), "nothing to do");
    applied
}

fn rpm_twins(near: RpmRoot) -> (RpmRoot, RpmRoot) {
    let far = near.copy();
    cut_off(&far);
    carried(&near, &far);
    (near, far)
}

fn assert_new(far: &RpmRoot, applied: &Ran) {
    for build in ["lab-plain-2.0-1.noarch", "lab-conf-2.0-1.noarch"] {
        assert!(far.builds().contains(&build.to_owned()), "{:?}\n{applied}", far.builds());
    }
}

#[test]
fn a_dnf_host_is_patched_and_taken_back() {
    for five in [false, true] {
        let names = ["lab-plain", "lab-conf"];
        let Some(near) = (if five { dnf5_root::with(&names) } else { rpm_root::with(&names) }) else {
            return;
        };
        let (_near, far) = rpm_twins(near);
        let before = dnf_applies::State::of(&far);
        let applied = patched(&far, &|| before.is_same_in(&far));
        assert_new(&far, &applied);
        far.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
        assert_eq!(before.builds, far.builds());
    }
}

#[test]
fn a_zypper_host_is_patched_and_taken_back() {
    let Some(near) = zypp_root::with(&["lab-plain", "lab-conf"]) else { return };
    let (_near, far) = rpm_twins(near);
    let before = zypper_applies::State::of(&far);
    let applied = patched(&far, &|| before.is_same_in(&far));
    assert_new(&far, &applied);
    far.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(before.builds, far.builds());
}

#[test]
fn a_pacman_host_is_patched_and_taken_back() {
    let Some(near) = pacman_root::with(&["lab-plain", "lab-conf"]) else { return };
    let far = near.copy();
    cut_off(&far);
    carried(&near, &far);
    let before = pacman_applies::State::of(&far);
    let applied = patched(&far, &|| before.is_same_in(&far));
    for version in ["lab-plain 2.0-1", "lab-conf 2.0-1"] {
        assert!(far.has(version), "{:?}\n{applied}", far.versions());
    }
    far.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(before.database, far.database());
}

#[test]
fn an_apk_host_is_patched_and_taken_back() {
    let Some(near) = apk_root::with(&["lab-plain", "lab-conf"]) else { return };
    near.move_to_a_server();
    with_a_signing_key(&near);
    let far = near.copy();
    cut_off(&far);
    carried(&near, &far);
    let before = apk_applies::State::of(&far);
    let applied = patched(&far, &|| before.is_same_in(&far));
    for version in ["lab-plain-2.0-r0", "lab-conf-2.0-r0"] {
        assert!(far.has(version), "{:?}\n{applied}", far.versions());
    }
    far.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(before.database, far.database());
}
