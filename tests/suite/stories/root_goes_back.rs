//! A root on btrfs: the snapshot of a run is taken before its first change, belongs to it alone, goes with it, and brings
//! the whole root back at the next boot.

use std::fs;
use std::path::{Path, PathBuf};

use super::records::assert_says;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::{InRoot, Ran, on_host, try_on_host};
use crate::lab::oracle::Manifest;

/// A root that is a subvolume as Debian, Ubuntu and Fedora make it: named in fstab, with the tool installed. What lies
/// beside it on the file system is deleted with the value.
struct OnBtrfs {
    root: DebianRoot,
    path: PathBuf,
}

impl Drop for OnBtrfs {
    fn drop(&mut self) {
        for path in self.beside() {
            let _ = try_on_host(&["btrfs", "-q", "subvolume", "delete", path.to_str().unwrap_or_default()]);
        }
    }
}

/// The tools of this machine are those of the root's release where both are the same release.
const TOOL: &[&str] = &["/usr/bin/btrfs", "/lib/x86_64-linux-gnu/liblzo2.so.2"];

fn on_btrfs(names: &[&str]) -> Option<OnBtrfs> {
    let same = fs::read_to_string("/etc/os-release").is_ok_and(|text| text.contains("VERSION_ID=\"12\""));
    if !same || TOOL.iter().any(|path| fs::metadata(path).is_err()) {
        println!(
            "not run: btrfs-progs of Debian 12 are not on this machine, and the small root has no archive of them"
        );
        return None;
    }
    let root = debian::small_with(names)?;
    let path = root.path("");
    for file in TOOL {
        let to = root.path(&file.replace("/lib/", "/usr/lib/").replace("/usr/usr/", "/usr/"));
        fs::copy(file, to).expect("the tool can be installed");
    }
    let root = OnBtrfs { path: PathBuf::from(path.to_str()?.trim_end_matches('/')), root };
    let name = root.name();
    root.root.write("etc/patchctl/patchctl.toml", "[snapshot]\nprovider = \"btrfs\"\n");
    root.root.write("etc/fstab", &format!("UUID=lab / btrfs defaults,subvol=/{name} 0 0\n"));
    Some(root)
}

impl OnBtrfs {
    fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// A shell line in the root, mounted as a boot mounts it: the subvolume by its name, the disk in `/dev`. `before` is
    /// done on the machine, with the root at `/mnt`, in a mount namespace of its own.
    fn command(&self, before: &str, line: &str) -> InRoot {
        let disk = self.disk();
        let number = disk.trim_start_matches("/dev/loop");
        let script = format!(
            "set -e; cd /; mknod {disk} b 7 {number}; mount -t btrfs -o subvol=/{name} {disk} /mnt; \
             mount -t proc proc /mnt/proc; mount -t sysfs -o ro sysfs /mnt/sys; mount -t tmpfs lab-dev /mnt/dev; mknod -m 666 /mnt/dev/null c 1 3; \
             mknod -m 666 /mnt/dev/urandom c 1 9; mknod /mnt{disk} b 7 {number}; ln -s /proc/self/fd /mnt/dev/fd; \
             {before}; exec chroot /mnt /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
             LC_ALL=C.UTF-8 sh -c \"$1\"",
            name = self.name()
        );
        InRoot::new(Path::new("/"), &["sh", "-c", &script, "sh", line])
    }

    fn run(&self, line: &str) -> Ran {
        self.command("true", line).run()
    }

    /// The disk that the root lies on, as this thread has it mounted.
    fn disk(&self) -> String {
        let mounts = fs::read_to_string("/proc/thread-self/mountinfo").expect("readable");
        let pool = self.path.parent().expect("a clone lies in the pool").to_string_lossy().into_owned();
        let line = mounts.lines().rev().find(|line| line.split(' ').nth(4) == Some(pool.as_str()));
        let (_, source) = line.and_then(|line| line.split_once(" - btrfs ")).expect("the pool is mounted");
        source.split(' ').next().unwrap_or_default().to_owned()
    }

    /// The subvolumes of this root's own beside it.
    fn beside(&self) -> Vec<PathBuf> {
        let prefix = format!("{}.patchctl-", self.name());
        let listed = fs::read_dir(self.path.parent().expect("a clone lies in the pool")).expect("listable");
        let mut found: Vec<PathBuf> = listed
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)))
            .collect();
        found.sort();
        found
    }

    fn names_beside(&self) -> Vec<String> {
        let cut = self.name().len() + 1;
        self.beside()
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy()[cut..].to_owned())
            .collect()
    }
}

#[test]
fn the_whole_root_goes_back_at_the_next_boot() {
    let Some(host) = on_btrfs(&["lab-plain", "lab-conf"]) else { return };
    let before = Manifest::of(&host.root);
    let applied = host.run("patchctl apply --yes").expect_code(0);
    assert_says(&applied, "packages + btrfs");
    assert_eq!(host.names_beside(), ["patchctl-0001"]);
    let snapshot = &host.beside()[0];
    assert!(fs::write(snapshot.join("root/x"), "").is_err(), "nothing can write to it");

    host.root.write("root/precious", "written after the run\n");
    let preview = host.run("patchctl rollback --snapshot --preview").expect_code(0);
    assert_says(&preview, "/root/precious");
    let refused = host.run("patchctl rollback --snapshot --yes").expect_code(8);
    assert_says(&refused, "--accept-lost");
    let back = host.run("patchctl rollback --snapshot --accept-lost --yes").expect_code(0);
    assert_says(&back, "systemctl reboot");

    host.root.reboot();
    assert_eq!(host.root.installed("lab-plain").as_deref(), Some("1.0"));
    assert!(!host.root.path("root/precious").exists());
    assert_eq!(before.diff(&Manifest::of(&host.root)), []);
    host.run("patchctl history verify").expect_code(0);
    let shown = host.run("patchctl history").expect_code(0);
    assert_says(&shown, "0002");
    let again = host.run("patchctl apply --yes");
    assert_eq!(
        host.root.installed("lab-plain").as_deref(),
        Some("1.0"),
        "what was taken back stays away: {again}"
    );
}

#[test]
fn until_the_reboot_nothing_else_is_begun() {
    let Some(host) = on_btrfs(&["lab-plain"]) else { return };
    host.run("patchctl apply --yes").expect_code(0);
    let line = "patchctl rollback --snapshot --accept-lost --yes; \
                cat /run/patchctl/root-replaced; patchctl apply --yes; echo apply $?; patchctl recover; echo recover $?; \
                patchctl status | head -n 4";
    let said = host.run(line);
    for told in
        ["0001", "apply 10", "recover 10", "the next boot starts from the root as it was before run 0001"]
    {
        assert_says(&said, told);
    }
}

#[test]
fn a_mounted_root_goes_back_at_once() {
    let Some(host) = on_btrfs(&["lab-plain"]) else { return };
    let before = Manifest::of(&host.root);
    host.run("patchctl apply --yes").expect_code(0);
    // A rescue system is any other root from which this one is mounted.
    let Some(rescue) = on_btrfs(&[]) else { return };
    let mount = format!(
        "mkdir /mnt/mnt/host; mount -t btrfs -o subvol=/{} {} /mnt/mnt/host",
        host.name(),
        host.disk()
    );
    let line = "patchctl --root /mnt/host rollback --snapshot --accept-lost --yes";
    rescue.command(&mount, line).run().expect_code(0);
    assert_eq!(host.root.installed("lab-plain").as_deref(), Some("1.0"));
    assert_eq!(before.diff(&Manifest::of(&host.root)), []);
    host.run("patchctl history verify").expect_code(0);
}

#[test]
fn a_snapshot_of_somebody_else_is_never_touched() {
    let Some(host) = on_btrfs(&["lab-plain"]) else { return };
    let foreign = format!("{}.patchctl-0001", host.path.display());
    on_host(&["btrfs", "-q", "subvolume", "create", &foreign]);
    fs::write(format!("{foreign}/theirs"), "theirs").expect("writable");
    let before = Manifest::of(&host.root);
    let refused = host.run("patchctl apply --yes").expect_code(1);
    assert_says(&refused, "is not the snapshot that the run took");
    assert_eq!(
        before.diff(&Manifest::of(&host.root)),
        [],
        "a snapshot that fails stops the run before any change"
    );
    assert!(fs::metadata(format!("{foreign}/theirs")).is_ok());
}

#[test]
fn the_snapshot_of_a_run_that_is_given_up_or_pruned_goes_with_it() {
    let Some(host) = on_btrfs(&["lab-plain", "lab-conf"]) else { return };
    host.root.write("etc/patchctl/patchctl.toml", "[snapshot]\nprovider = \"btrfs\"\nkeep = 1\n");
    let killed = host.command("true", "exec patchctl apply --yes").start();
    killed.wait_until("the snapshot is taken", || !host.beside().is_empty());
    killed.kill();
    host.root.reboot();
    if host.root.installed("lab-plain").as_deref() == Some("1.0") {
        host.run("patchctl recover").expect_code(0);
    }
    host.run("patchctl apply --yes --package lab-plain --all-updates");
    host.run("patchctl apply --yes --all-updates").expect_code(0);
    assert_eq!(host.names_beside().len(), 1, "{:?}", host.names_beside());
}

#[test]
fn a_provider_that_is_named_and_does_not_fit_stops_the_run() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.write("etc/patchctl/patchctl.toml", "[snapshot]\nprovider = \"btrfs\"\n");
    let before = Manifest::of(&root);
    let refused = root.run(&["patchctl", "apply", "--yes"]).expect_code(10);
    assert_says(&refused, "btrfs-progs is not installed");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

#[test]
fn a_boot_folder_of_its_own_is_kept_with_the_run_and_put_back() {
    let Some(host) = on_btrfs(&["lab-plain"]) else { return };
    let line = "patchctl apply --yes; echo new > /boot/initrd.img; echo kernel > /boot/vmlinuz-2; \
                patchctl rollback --snapshot --accept-lost --yes; grep . /boot/*";
    let boot = "mount -t tmpfs lab-boot /mnt/boot; echo old > /mnt/boot/initrd.img";
    let said = host.command(boot, line).run();
    assert_says(&said, "/boot, copied with the run (at the next boot)");
    for told in ["/boot/initrd.img:old", "/boot/vmlinuz-2:kernel"] {
        assert_says(&said, told);
    }
}

#[test]
fn a_rehearsal_stands_on_a_snapshot_that_goes_with_it() {
    let Some(host) = on_btrfs(&["lab-plain"]) else { return };
    let before = Manifest::of(&host.root);
    let ran = host.run("patchctl rehearse").expect_code(0);
    assert_says(&ran, "the clone stands on a snapshot");
    assert!(!ran.said().contains("best effort"), "{ran}");
    let litter = host.root.path("var/lib/patchctl/rehearsal");
    assert!(!litter.exists(), "{ran}");
    let killed = "patchctl rehearse & pid=$!; \
        until [ -e /var/lib/patchctl/rehearsal/snapshots/0/usr ]; do sleep 0.02; done; \
        kill -9 $pid; wait $pid; patchctl recover";
    let ran = host.run(killed).expect_code(0);
    assert_says(&ran, "what a rehearsal left that was cut off is removed");
    assert!(!litter.exists(), "{ran}");
    assert_eq!(before.diff(&Manifest::of(&host.root)), []);
}
