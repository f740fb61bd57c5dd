//! Answers for a root on btrfs: mounted as a boot mounts it, with its file system in reach, and what lies beside it.

use std::fs;
use std::path::{Path, PathBuf};

use super::debian::{self, DebianRoot};
use super::namespace::{InRoot, Ran, try_on_host};

/// A root that is a subvolume as Debian, Ubuntu and Fedora make it: named in fstab, with the tool installed. What lies
/// beside it on the file system is deleted with the value.
pub struct OnBtrfs {
    pub root: DebianRoot,
    /// Where it lies on the machine.
    pub path: PathBuf,
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

/// Returns such a root with fixtures installed, each in its old version.
pub fn on_btrfs(names: &[&str]) -> Option<OnBtrfs> {
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
    /// The name of its subvolume.
    pub fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// A shell line in the root, mounted as a boot mounts it: the subvolume by its name, the disk in `/dev`. `before` is
    /// done on the machine, with the root at `/mnt`, in a mount namespace of its own.
    pub fn command(&self, before: &str, line: &str) -> InRoot {
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

    /// Runs a shell line in the root.
    pub fn run(&self, line: &str) -> Ran {
        self.command("true", line).run()
    }

    /// The disk that the root lies on, as this thread has it mounted.
    pub fn disk(&self) -> String {
        let mounts = fs::read_to_string("/proc/thread-self/mountinfo").expect("readable");
        let pool = self.path.parent().expect("a clone lies in the pool").to_string_lossy().into_owned();
        let line = mounts.lines().rev().find(|line| line.split(' ').nth(4) == Some(pool.as_str()));
        let (_, source) = line.and_then(|line| line.split_once(" - btrfs ")).expect("the pool is mounted");
        source.split(' ').next().unwrap_or_default().to_owned()
    }

    /// The subvolumes of this root's own beside it.
    pub fn beside(&self) -> Vec<PathBuf> {
        let prefix = format!("{}.patchctl-", self.name());
        let listed = fs::read_dir(self.path.parent().expect("a clone lies in the pool")).expect("listable");
        let mut found: Vec<PathBuf> = listed
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)))
            .collect();
        found.sort();
        found
    }

    /// What is behind its own name in the names of these.
    pub fn names_beside(&self) -> Vec<String> {
        let cut = self.name().len() + 1;
        self.beside()
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy()[cut..].to_owned())
            .collect()
    }
}
