//! A clone as a machine of its own: systemd-nspawn boots it, a unit that is laid into it tells what became of all units, and
//! everything that it writes stays in memory and goes with it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::mount::MsFlags;
use serde::{Deserialize, Serialize};

use super::super::runner::{self, CommandSpec, RunError};
use super::super::storage::{self, StorageError};
use super::furnish::fresh;
use super::{CloneError, SETPRIV, UNSHARE, Writes, inside, overlay};

const NSPAWN: &str = "/usr/bin/systemd-nspawn";

/// Where distributions have the service manager, below a root: with the merged `/usr` and without.
const SYSTEMD: [&str; 2] = ["usr/lib/systemd/systemd", "lib/systemd/systemd"];

/// What no process of a booted clone may do, since the kernel knows no namespace for it. A reboot ends the clone alone
/// (pid_namespaces(7)).
const DENIED: &str = "--bounding-set=-sys_rawio,-sys_module";

/// Where the clone finds what is laid into it. nspawn gives it a new `/run`.
const OWN_FOLDER: &str = "/run/patchctl-rehearsal";

/// The unit that tells, and the target that brings it with every boot (bootup(7)).
const UNIT: &str = "patchctl-rehearsal.service";
const BRINGS_IT: &str = "sysinit.target.wants";

/// The least memory that a boot is tried with: systemd's own journal takes some MiB.
const LEAST_MEMORY: u64 = 64 << 20;

/// One boot of a clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootDesign {
    /// An empty folder of the host; a file system in memory is mounted on it.
    pub place: PathBuf,
    /// How much the clone may write, in bytes.
    pub memory: u64,
    /// Its file systems, the root first.
    pub layers: Vec<BootLayer>,
    /// A folder that is empty in the clone.
    pub hidden: PathBuf,
    /// Units that do not start.
    pub masked: Vec<String>,
    /// A shell script that waits until everything has started, and prints what is to be told.
    pub script: String,
    /// How long it may take, in seconds.
    pub limit_seconds: u64,
    /// Where what it printed is kept, outside of the clone.
    pub told: PathBuf,
    /// The process that asks for it.
    pub asked_by: u32,
}

/// One file system of a booted clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootLayer {
    /// Where it is mounted in the clone.
    pub point: PathBuf,
    /// What it shows.
    pub lower: PathBuf,
    /// What a rehearsal changed of it, and an empty folder for the kernel on the same file system.
    pub changes: Option<(PathBuf, PathBuf)>,
    /// Whether the original can be written to.
    pub writable: bool,
}

/// A clone that did not boot, or that cannot be booted here.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// It cannot be put together.
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// systemd-nspawn cannot be started.
    #[error("cannot start systemd-nspawn")]
    Start(#[source] RunError),
    /// It began and never told how its units are.
    #[error("{words}")]
    NoAnswer {
        /// What was said last.
        words: String,
    },
}

/// Returns why no clone can be booted on this host; `None` where nothing speaks against it.
pub fn obstacle() -> Option<String> {
    if !SYSTEMD.iter().any(|path| storage::exists(&Path::new("/").join(path))) {
        return Some("this host has no systemd".to_owned());
    }
    if !storage::exists(Path::new(NSPAWN)) {
        return Some(format!("{NSPAWN} is not installed (package systemd-container)"));
    }
    (memory() < LEAST_MEMORY).then(|| "there is too little memory free for what it writes".to_owned())
}

/// How much a clone may write: a quarter of what is free, so that the host has the rest (proc(5), `MemAvailable`).
pub fn memory() -> u64 {
    let text = storage::read(Path::new("/proc/meminfo")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default().saturating_mul(1024) / 4
}

/// Returns the command that runs a program as the first process of new mount, process, network, host name and IPC
/// namespaces, in which it may boot a clone. All of it is killed as soon as the caller's thread is gone.
pub fn in_namespaces(program: &Path) -> CommandSpec {
    let spec = CommandSpec::new(SETPRIV).args(["--pdeathsig", "KILL", DENIED, "--", UNSHARE]);
    let spec = spec.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
    spec.args(["--mount-proc", "--net", "--uts", "--ipc", "--", &program.display().to_string()])
}

/// Puts a clone together, boots it, and returns what its script printed.
///
/// # Errors
/// It is not called by the first process of new namespaces, the kernel or nspawn refuses something, or the clone did not come
/// up in time.
pub fn boot(design: &BootDesign) -> Result<String, BootError> {
    if std::process::id() != 1 {
        return Err(CloneError::NotIsolated.into());
    }
    let furnish = |error| BootError::from(CloneError::Furnish(error));
    let options = format!("mode=700,size={}", design.memory);
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    fresh("tmpfs", &design.place, (flags, Some(&options))).map_err(furnish)?;
    let root = design.place.join("root");
    storage::create_folder(&root, 0o755).map_err(furnish)?;
    for (number, layer) in design.layers.iter().enumerate() {
        let own = design.place.join(number.to_string());
        let (upper, work) = (own.join("upper"), own.join("work"));
        storage::create_folder(&work, 0o700).map_err(furnish)?;
        let shown = match &layer.changes {
            None => layer.lower.clone(),
            Some((changes, work)) => as_changed((&layer.lower, changes, work), own.join("changed"))?,
        };
        make_like(&shown, &upper).map_err(furnish)?;
        let writes = Writes { upper: &upper, work: &work, writable: layer.writable };
        overlay(&shown, writes, &inside(&root, &layer.point))?;
    }
    lay_in(design).map_err(furnish)?;
    let output = runner::run(&nspawn(design, &root)).map_err(BootError::Start)?;
    match storage::read_if_present(&own_folder(design).join("told")).map_err(furnish)? {
        Some(told) => Ok(String::from_utf8_lossy(&told).into_owned()),
        None if output.timed_out => {
            let words = format!("it did not come up within {} s", design.limit_seconds);
            Err(BootError::NoAnswer { words })
        }
        None => Err(BootError::NoAnswer { words: output.last_words(2).join("; ") }),
    }
}

/// Shows a file system as a rehearsal left it, read-only. The kernel takes no two folders for one overlay of which one lies in the
/// other, so this is one of its own.
fn as_changed((lower, changes, work): (&Path, &Path, &Path), place: PathBuf) -> Result<PathBuf, BootError> {
    storage::create_folder(&place, 0o700).map_err(CloneError::Furnish)?;
    overlay(lower, Writes { upper: changes, work, writable: false }, &place)?;
    Ok(place)
}

/// Makes a folder with the owner and mode of another one: what it hides shows them no more.
fn make_like(original: &Path, folder: &Path) -> Result<(), StorageError> {
    storage::create_folder(folder, 0o700)?;
    match storage::metadata(original)? {
        Some(found) => storage::set_owner_and_mode(folder, found.uid(), found.gid(), found.mode() & 0o7777),
        None => Ok(()),
    }
}

fn own_folder(design: &BootDesign) -> PathBuf {
    design.place.join("own")
}

fn units_folder(design: &BootDesign) -> PathBuf {
    design.place.join("units")
}

/// Writes the unit that tells, beside the clone: nothing is written into it, so no link of it can lead out.
fn lay_in(design: &BootDesign) -> Result<(), StorageError> {
    let (own, units) = (own_folder(design), units_folder(design));
    storage::create_folder(&own, 0o755)?;
    storage::create_folder(&units.join(BRINGS_IT), 0o755)?;
    storage::replace(&own.join("script"), design.script.as_bytes(), storage::PUBLIC)?;
    storage::replace(&units.join(UNIT), unit().as_bytes(), storage::PUBLIC)?;
    storage::replace_link(&units.join(BRINGS_IT).join(UNIT), Path::new("..").join(UNIT).as_path())
}

/// A service that starts with the first ones and keeps nobody waiting. What it wrote counts once it is whole; the power is cut
/// then, since nothing of the clone is kept (systemctl(1), `--force` given twice).
fn unit() -> String {
    let line = format!(
        "sh {OWN_FOLDER}/script >{OWN_FOLDER}/draft && mv {OWN_FOLDER}/draft {OWN_FOLDER}/told; \
         systemctl --force --force poweroff"
    );
    format!(
        "[Unit]\nDescription=Tell a rehearsal how this clone boots\nDefaultDependencies=no\nIgnoreOnIsolate=yes\n\
         [Service]\nType=simple\nExecStart=/bin/sh -c '{line}'\nTimeoutStartSec=infinity\n"
    )
}

/// The flags are those of systemd-nspawn(1): no service of the host is asked for anything, and no device can be made.
fn nspawn(design: &BootDesign, root: &Path) -> CommandSpec {
    let shown = |path: &Path| path.display().to_string();
    let limit = Duration::from_secs(design.limit_seconds);
    let spec = CommandSpec::new(NSPAWN).time_limit(limit);
    let spec = spec.args(["--quiet", "--register=no", "--keep-unit", "--private-network", "--settings=no"]);
    let spec = spec.args(["--resolv-conf=off", "--timezone=off", "--link-journal=no"]);
    let spec = spec.args(["--drop-capability=CAP_MKNOD", "--machine=patchctl-rehearsal"]);
    let spec = spec.arg(format!("--tmpfs={}:mode=0700", shown(&design.hidden)));
    let spec = spec.arg(format!("--bind={}:{OWN_FOLDER}", shown(&own_folder(design))));
    let spec = spec.arg(format!("--bind={}:/run/systemd/system", shown(&units_folder(design))));
    let spec = spec.args(["--directory", &shown(root), "--boot"]);
    // What a systemd in a container reads as its kernel's command line (kernel-command-line(7)).
    spec.args(design.masked.iter().map(|unit| format!("systemd.mask={unit}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_boots_outside_of_namespaces() {
        let design = BootDesign {
            place: "/nonexistent".into(),
            memory: 0,
            layers: Vec::new(),
            hidden: "/nonexistent".into(),
            masked: Vec::new(),
            script: String::new(),
            limit_seconds: 1,
            told: "/nonexistent".into(),
            asked_by: 1,
        };
        assert!(matches!(boot(&design), Err(BootError::Clone(CloneError::NotIsolated))));
    }

    #[test]
    fn this_machine_tells_how_much_memory_is_free() {
        assert!(memory() > 0);
    }
}
