//! The protection of `/etc` on real files: saved, changed by a run, edited by an administrator, brought back.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Instant;

use patchctl::apply::configuration::effects::Obstacle;
use patchctl::apply::configuration::manifest::{Manifest, Scope};
use patchctl::apply::configuration::restore::{Restoration, Restored, differences, restore};
use patchctl::apply::configuration::save::{Saved, save};

struct Host {
    folder: PathBuf,
    scope: Scope,
}

impl Host {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchctl-etc-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        for part in ["root/etc/certs", "root/etc/conf.d", "before", "live"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        let scope = Scope::etc(&folder.join("root"));
        let host = Self { folder, scope };
        for name in ["one", "two", "three", "four", "conf.d/five", "conf.d/six"] {
            host.write(name, &format!("{name} before"));
        }
        fs::set_permissions(host.etc("two"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("/usr/share/ca/a.crt", host.etc("certs/a.pem")).unwrap();
        host
    }

    fn etc(&self, name: &str) -> PathBuf {
        self.folder.join("root/etc").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.etc(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.etc(name)).unwrap_or_else(|_| "-".into())
    }

    fn save(&self, name: &str) -> Saved {
        save(&self.scope, &self.folder.join(name)).unwrap()
    }

    fn restore(&self, before: &Saved, after: &Manifest, live: &Saved) -> Restored {
        restore(Restoration { scope: &self.scope, before, after, live }).unwrap()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn names(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().map(|path| path.to_str().unwrap()).collect()
}

#[test]
fn what_the_run_left_goes_back_and_what_someone_edited_stays() {
    let host = Host::new("story");
    let before = host.save("before");

    // The run.
    host.write("one", "one by the run");
    host.write("two", "two by the run");
    fs::set_permissions(host.etc("two"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(host.etc("three")).unwrap();
    fs::remove_file(host.etc("certs/a.pem")).unwrap();
    fs::remove_dir_all(host.etc("conf.d")).unwrap();
    fs::create_dir_all(host.etc("new/deep")).unwrap();
    host.write("new/deep/file", "new");
    host.write("new/edited", "new");
    let after = Manifest::capture(&host.scope).unwrap();

    // An administrator, during the trial.
    host.write("one", "one by hand");
    host.write("four", "four by hand");
    host.write("new/edited", "by hand");
    let live = host.save("live");

    // The old packages are installed again: their scripts write too.
    host.write("two", "two by the old package");
    host.write("one", "one by the old package");
    host.write("late", "nobody knows");

    let restored = host.restore(&before, &after, &live);
    assert_eq!(host.text("one"), "one by hand");
    assert_eq!(host.text("one.patchctl-before"), "one before");
    assert_eq!(host.text("two"), "two before");
    assert_eq!(fs::metadata(host.etc("two")).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(host.text("three"), "three before");
    assert_eq!(host.text("four"), "four by hand");
    assert_eq!(host.text("conf.d/five"), "conf.d/five before");
    assert_eq!(fs::read_link(host.etc("certs/a.pem")).unwrap(), Path::new("/usr/share/ca/a.crt"));
    assert!(!host.etc("new/deep").exists());
    assert_eq!(host.text("new/edited"), "by hand");
    assert_eq!(names(&restored.removed), ["/etc/new/deep", "/etc/new/deep/file"]);
    let kept: Vec<_> = restored.kept.iter().map(|kept| kept.path.to_str().unwrap()).collect();
    assert_eq!(kept, ["/etc/new/edited", "/etc/one", "/etc/new"], "an edited file keeps its folder");
    assert_eq!(names(&restored.appeared), ["/etc/late"]);
    assert_eq!(restored.not_restored.len(), 0, "{restored:?}");

    let again = host.restore(&before, &after, &live);
    assert_eq!((again.put_back.len(), again.removed.len()), (0, 0));
    assert_eq!(names(&again.appeared), ["/etc/late"]);
}

#[test]
fn an_untouched_way_back_leaves_nothing_different() {
    let host = Host::new("clean");
    let before = host.save("before");
    fs::remove_dir_all(host.etc("")).unwrap();
    fs::create_dir_all(host.etc("certs/a.pem/now a folder")).unwrap();
    host.write("conf.d", "now a file");
    let after = Manifest::capture(&host.scope).unwrap();
    let live = host.save("live");
    let restored = host.restore(&before, &after, &live);
    assert_eq!(restored.not_restored.len(), 0, "{:?}", restored.not_restored);
    assert_eq!(names(&differences(&host.scope, &before.manifest).unwrap()), Vec::<&str>::new());
}

#[test]
fn nothing_is_written_through_a_link_that_replaced_a_folder() {
    let host = Host::new("link");
    let before = host.save("before");
    host.write("conf.d/five", "five by the run");
    let after = Manifest::capture(&host.scope).unwrap();
    let outside = host.folder.join("outside");
    fs::create_dir(&outside).unwrap();
    fs::remove_dir_all(host.etc("conf.d")).unwrap();
    symlink(&outside, host.etc("conf.d")).unwrap();
    let live = host.save("live");
    let restored = host.restore(&before, &after, &live);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(host.etc("conf.d").is_symlink(), "the administrator's link stays");
    assert!(
        restored.not_restored.iter().any(|path| matches!(path.obstacle, Obstacle::NoFolder { .. })),
        "{restored:?}"
    );
}

#[test]
fn what_was_saved_is_private_and_can_be_opened_again() {
    let host = Host::new("saved");
    let saved = host.save("before");
    for entry in fs::read_dir(host.folder.join("before")).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().mode() & 0o777, 0o600);
    }
    assert_eq!(Saved::open(&host.folder.join("before")).unwrap(), Some(saved));
    assert_eq!(Saved::open(&host.folder.join("live")).unwrap(), None);
    let list = host.folder.join("before/configuration.jsonl");
    let text = fs::read_to_string(&list).unwrap().replacen("one", "eno", 1);
    fs::write(&list, text).unwrap();
    assert!(Saved::open(&host.folder.join("before")).is_err());
}

#[test]
fn a_file_over_the_limit_is_listed_and_told_when_it_cannot_be_put_back() {
    let host = Host::new("large");
    let file = fs::File::create(host.etc("large")).unwrap();
    file.set_len((16 << 20) + 1).unwrap();
    let before = host.save("before");
    assert_eq!(names(&before.unsaved), ["/etc/large"]);
    host.write("large", "small");
    let after = Manifest::capture(&host.scope).unwrap();
    let live = host.save("live");
    let restored = host.restore(&before, &after, &live);
    assert!(matches!(restored.not_restored[0].obstacle, Obstacle::NotSaved));
}

#[test]
fn all_of_etc_is_listed_and_saved_quickly() {
    let host = Host::new("real");
    let scope = Scope::etc(Path::new("/"));
    let began = Instant::now();
    let manifest = Manifest::capture(&scope).unwrap();
    let listed = began.elapsed();
    let began = Instant::now();
    let saved = save(&scope, &host.folder.join("before")).unwrap();
    let took = began.elapsed();
    assert_eq!(saved.manifest, manifest);
    assert_eq!(Saved::open(&host.folder.join("before")).unwrap(), Some(saved));
    eprintln!("{} paths of /etc: listed in {listed:?}, saved in {took:?}", manifest.entries().count());
}

/// A user note and an access list that lets the user 65534 read, as the kernel stores it (acl(5), version 2 of the
/// layout): tag, permissions and user number of each entry.
fn attributes() -> [(&'static str, Vec<u8>); 2] {
    let entries: [(u16, u16, u32); 5] =
        [(0x01, 6, !0), (0x02, 4, 65_534), (0x04, 4, !0), (0x10, 4, !0), (0x20, 0, !0)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, user) in entries {
        list.extend(tag.to_le_bytes());
        list.extend(permissions.to_le_bytes());
        list.extend(user.to_le_bytes());
    }
    [("user.note", b"kept by hand".to_vec()), ("system.posix_acl_access", list)]
}

#[test]
fn access_lists_and_notes_of_what_vanished_or_was_replaced_come_back() {
    let host = Host::new("attributes");
    let labelled = ["one", "two", "conf.d"];
    for name in labelled {
        for (attribute, value) in attributes() {
            if let Err(error) = xattr::set(host.etc(name), attribute, &value) {
                return println!("not run: this file system refuses {attribute}: {error}");
            }
        }
    }
    let before = host.save("before");
    fs::remove_file(host.etc("one")).unwrap();
    fs::remove_file(host.etc("two")).unwrap();
    host.write("two", "two by the run");
    fs::remove_dir_all(host.etc("conf.d")).unwrap();
    let [(note, noted), _] = attributes();
    for name in ["three", "certs"] {
        xattr::set(host.etc(name), note, &noted).unwrap();
    }
    let after = Manifest::capture(&host.scope).unwrap();
    let live = host.save("live");
    let restored = host.restore(&before, &after, &live);
    assert!(restored.not_restored.is_empty() && restored.kept.is_empty(), "{restored:?}");
    for name in labelled {
        for (attribute, value) in attributes() {
            assert_eq!(xattr::get(host.etc(name), attribute).unwrap(), Some(value), "{name} {attribute}");
        }
    }
    for name in ["three", "certs"] {
        assert_eq!(xattr::get(host.etc(name), note).unwrap(), None, "what the run labelled is as before");
    }
    assert_eq!(differences(&host.scope, &before.manifest).unwrap(), Vec::<PathBuf>::new());
}
