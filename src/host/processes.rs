//! Processes by reading `/proc` only: which files they have mapped, and which service they belong to.
//!
//! Nothing a process names is ever opened, run or imported; its texts are bytes from a stranger.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::storage;

/// A process as far as `/proc` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The short name of its command.
    pub command: String,
    /// The systemd service it belongs to, from its control group.
    pub service: Option<String>,
    /// The files mapped into it, with the mark of those that were replaced or removed since.
    pub mapped: BTreeSet<MappedFile>,
}

/// A file that is mapped into a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MappedFile {
    /// Its path when it was mapped.
    pub path: PathBuf,
    /// The file is no longer what the path names.
    pub replaced: bool,
}

/// Lists the processes that share this one's view of the file system; those of containers are left out, because
/// their paths mean other files.
pub fn list() -> Vec<Process> {
    let ours = mount_namespace("self");
    let folders = storage::list(Path::new("/proc")).unwrap_or_default();
    let numbers = folders.iter().filter_map(|path| path.file_name()?.to_str()?.parse::<u32>().ok());
    numbers
        .filter(|pid| *pid != std::process::id() && mount_namespace(&pid.to_string()) == ours)
        .filter_map(read)
        .collect()
}

fn mount_namespace(pid: &str) -> Option<u64> {
    std::fs::metadata(format!("/proc/{pid}/ns/mnt")).ok().map(|metadata| metadata.ino())
}

/// Reads one process; `None` when it ended meanwhile or belongs to another user.
fn read(pid: u32) -> Option<Process> {
    let text = |name: &str| storage::read(Path::new(&format!("/proc/{pid}/{name}"))).ok();
    let maps = text("maps")?;
    let command =
        text("comm").map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned()).unwrap_or_default();
    let service = text("cgroup").and_then(|bytes| service_of(&String::from_utf8_lossy(&bytes)));
    Some(Process { pid, command, service, mapped: parse_maps(&maps) })
}

/// Reads the mapped files of `/proc/PID/maps` (proc_pid_maps(5)): six columns, the last one a path.
fn parse_maps(bytes: &[u8]) -> BTreeSet<MappedFile> {
    String::from_utf8_lossy(bytes).lines().filter_map(parse_mapping).collect()
}

fn parse_mapping(line: &str) -> Option<MappedFile> {
    let start = line.find('/')?;
    let is_file = line[..start].split_whitespace().count() == 5;
    let path = &line[start..];
    let (path, replaced) = path.strip_suffix(" (deleted)").map_or((path, false), |path| (path, true));
    let pseudo = ["/dev/", "/memfd:", "/SYSV", "/anon_hugepage", "/[aio]"]
        .iter()
        .any(|prefix| path.starts_with(prefix));
    (is_file && !pseudo).then(|| MappedFile { path: PathBuf::from(path), replaced })
}

/// Takes the service from a control group path such as `/system.slice/ssh.service`.
fn service_of(cgroup: &str) -> Option<String> {
    let paths = cgroup.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    paths
        .flat_map(|path| path.rsplit('/'))
        .find(|part| part.ends_with(".service") && !part.starts_with("user@"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_files_and_replaced_ones_are_told_apart() {
        let maps = b"\
7f00-7f01 r--p 00000000 fe:00 123 /usr/lib/x86_64-linux-gnu/libcrypto.so.3 (deleted)
7f01-7f02 r-xp 00000000 fe:00 124 /usr/lib/x86_64-linux-gnu/libc.so.6
7f01-7f02 r-xp 00001000 fe:00 124 /usr/lib/x86_64-linux-gnu/libc.so.6
7f03-7f04 rw-s 00000000 00:01 9 /dev/zero (deleted)
7f05-7f06 rw-p 00000000 00:00 0 [heap]
";
        let files: Vec<(String, bool)> = parse_maps(maps)
            .into_iter()
            .map(|file| (file.path.display().to_string(), file.replaced))
            .collect();
        assert_eq!(
            files,
            [
                ("/usr/lib/x86_64-linux-gnu/libc.so.6".to_owned(), false),
                ("/usr/lib/x86_64-linux-gnu/libcrypto.so.3".to_owned(), true),
            ]
        );
    }

    #[test]
    fn a_process_is_mapped_to_its_service() {
        assert_eq!(service_of("0::/system.slice/ssh.service\n").as_deref(), Some("ssh.service"));
        assert_eq!(
            service_of("1:name=systemd:/system.slice/system-getty.slice/getty@tty1.service\n").as_deref(),
            Some("getty@tty1.service")
        );
        assert_eq!(service_of("0::/user.slice/user-0.slice/user@0.service/init.scope\n"), None);
        assert_eq!(service_of("0::/\n"), None);
    }
}
