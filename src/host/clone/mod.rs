//! A throw-away copy of the running root: an overlay over each of its mounts, in namespaces that end with their first
//! process, whoever kills it.
//!
//! patchctl starts itself in new namespaces ([`in_namespaces`]); there it puts the clone together and goes into it
//! ([`enter`]), which leaves the host's files out of reach. Writes land in the folders of the layers.

pub mod booted;
mod furnish;

use std::convert::Infallible;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, chroot, pivot_root};
use serde::{Deserialize, Serialize};

use super::mounts::Mount;
use super::runner::CommandSpec;
use super::storage::{self, StorageError};

/// What the clone's root is called among mounts.
const SOURCE: &str = "patchctl-rehearsal";

/// Where a clone keeps what makes it one, on its private `/run`.
const OWN_FOLDER: &str = "run/patchctl-rehearsal";

const SETPRIV: &str = "/usr/bin/setpriv";
const UNSHARE: &str = "/usr/bin/unshare";

/// What nothing in a clone may do, because the kernel knows no namespace for it: raw devices, kernel modules, reboots.
const DENIED_AT_ONCE: &str = "--bounding-set=-sys_rawio,-sys_module,-sys_boot";

/// What is needed to put the clone together and never after: mounts and remounts of the host's own file systems, device
/// nodes, and the clock. dpkg and rpm need none of them.
const DENIED_INSIDE: &str = "--bounding-set=-sys_admin,-mknod,-sys_time";

/// What a clone is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Design {
    /// Where it is put together.
    pub root: PathBuf,
    /// Its file systems, the root first.
    pub layers: Vec<Layer>,
    /// A folder of the host that takes the place of another one in the clone.
    pub state: (PathBuf, PathBuf),
    /// The program that runs in it, wherever it lies on the host.
    pub program: PathBuf,
    /// The process that asks for it.
    pub asked_by: u32,
}

/// One file system of a clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Where it is mounted in the clone.
    pub point: PathBuf,
    /// What it shows.
    pub lower: PathBuf,
    /// Where its changes go.
    pub upper: PathBuf,
    /// A folder for the kernel on the same file system as `upper`.
    pub work: PathBuf,
    /// Whether the original can be written to.
    pub writable: bool,
}

/// A clone that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CloneError {
    /// Called outside the namespaces: mounting would change the host.
    #[error("a clone is put together in namespaces of its own only")]
    NotIsolated,
    /// The kernel has no overlays, or not of these file systems.
    #[error("the kernel refuses an overlay of {lower} with its changes in {upper}")]
    Overlay {
        /// What was to be shown.
        lower: PathBuf,
        /// Where its changes were to go.
        upper: PathBuf,
        /// What the kernel answered.
        #[source]
        source: io::Error,
    },
    /// Something in it cannot be made.
    #[error("cannot furnish the clone")]
    Furnish(#[source] StorageError),
    /// It cannot be gone into.
    #[error("cannot go into the clone {root}")]
    Enter {
        /// Where it was put together.
        root: PathBuf,
        /// What the kernel answered.
        #[source]
        source: io::Error,
    },
}

/// Returns the command that runs a program as the first process of new mount, process, network, host name and IPC
/// namespaces. All of it is killed as soon as the caller's thread is gone.
pub fn in_namespaces(program: &Path) -> CommandSpec {
    let spec = CommandSpec::new(SETPRIV).args(["--pdeathsig", "KILL", DENIED_AT_ONCE, "--", UNSHARE]);
    let spec = spec.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
    spec.args(["--net", "--uts", "--ipc", "--", &program.display().to_string()])
}

/// Tells whether a list of mounts is that of a clone.
pub fn is_clone(mounts: &[Mount]) -> bool {
    super::mounts::at(mounts, Path::new("/")).is_some_and(|root| root.source == SOURCE)
}

/// Returns why no clone with its changes in `folder` can be had on this host, as far as that shows without trying; `None`
/// where nothing speaks against it.
pub fn obstacle(folder: &Path) -> Option<String> {
    if let Some(tool) = [SETPRIV, UNSHARE].into_iter().find(|tool| !storage::exists(Path::new(tool))) {
        return Some(format!("{tool} is not installed (package util-linux)"));
    }
    if !has_overlays() {
        return Some("this kernel has no overlay file system".to_owned());
    }
    let mounts = super::mounts::list().unwrap_or_default();
    let above = mounts.iter().rev().filter(|mount| folder.starts_with(&mount.point));
    let carrier = above.max_by_key(|mount| mount.point.components().count())?;
    (carrier.kind == "overlay").then(|| {
        let (folder, point) = (folder.display(), carrier.point.display());
        format!(
            "{folder} lies on {point}, which is an overlay itself and cannot carry the changes of another one"
        )
    })
}

/// The kernel lists what it knows (proc(5), `filesystems`), and loads what it has as a module when it is asked for it.
fn has_overlays() -> bool {
    let known = storage::read(Path::new("/proc/filesystems")).unwrap_or_default();
    let is_known = String::from_utf8_lossy(&known).split_whitespace().any(|word| word == "overlay");
    let release = super::facts::running_kernel().unwrap_or_default();
    is_known || storage::exists(&Path::new("/lib/modules").join(release).join("kernel/fs/overlayfs"))
}

/// Puts a clone together, goes into it, and becomes the design's program, called with `arguments`.
///
/// # Errors
/// It is not called by the first process of new namespaces, or the kernel refuses something. Nothing of the host was
/// changed.
pub fn enter(design: &Design, arguments: &[&str]) -> Result<Infallible, CloneError> {
    if std::process::id() != 1 {
        return Err(CloneError::NotIsolated);
    }
    for layer in &design.layers {
        let writes = Writes { upper: &layer.upper, work: &layer.work, writable: layer.writable };
        overlay(&layer.lower, writes, &inside(&design.root, &layer.point))?;
    }
    let program = furnish::furnish(design).map_err(CloneError::Furnish)?;
    let at = |source| CloneError::Enter { root: design.root.clone(), source };
    go_in(&design.root).map_err(|error| at(error.into()))?;
    let mut command = Command::new(SETPRIV);
    command.args(["--inh-caps=-all", DENIED_INSIDE, "--"]).arg(program).args(arguments);
    Err(at(command.exec()))
}

/// Where a path of the clone lies while it is put together.
fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Options that make the layer a plain list of changes, whatever the kernel's defaults are, and spare it every sync: it is
/// thrown away (Documentation/filesystems/overlayfs.rst). Older kernels know fewer of them: `volatile` came with 5.10,
/// `metacopy` with 4.19.
const OPTIONS: [&str; 3] = [
    ",redirect_dir=off,index=off,metacopy=off,volatile",
    ",redirect_dir=off,index=off,metacopy=off",
    ",redirect_dir=off,index=off",
];

/// Where the changes of an overlay go.
#[derive(Clone, Copy)]
struct Writes<'a> {
    upper: &'a Path,
    work: &'a Path,
    writable: bool,
}

/// Mounts an overlay over a folder.
fn overlay(shown: &Path, writes: Writes<'_>, target: &Path) -> Result<(), CloneError> {
    let (lower, upper, work) = (escaped(shown), escaped(writes.upper), escaped(writes.work));
    let flags = if writes.writable { MsFlags::empty() } else { MsFlags::MS_RDONLY };
    let try_with = |options: &str| {
        let data = format!("lowerdir={lower},upperdir={upper},workdir={work}{options}");
        mount(Some(SOURCE), target, Some("overlay"), flags, Some(data.as_str()))
    };
    let mut last = Ok(());
    for options in OPTIONS {
        last = try_with(options);
        if last != Err(nix::Error::EINVAL) {
            break;
        }
    }
    last.map_err(|error| CloneError::Overlay {
        lower: shown.to_owned(),
        upper: writes.upper.to_owned(),
        source: error.into(),
    })
}

/// Commas end an option and colons a layer.
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for c in path.display().to_string().chars() {
        if matches!(c, ',' | ':' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// Takes the clone for the root and drops the host's files out of sight. Where the host's root is no mount of its own (a
/// chroot), they can only be left behind.
fn go_in(root: &Path) -> nix::Result<()> {
    chdir(root)?;
    match pivot_root(".", ".") {
        Ok(()) => umount2(".", MntFlags::MNT_DETACH)?,
        Err(nix::Error::EINVAL) => chroot(".")?,
        Err(error) => return Err(error),
    }
    chdir("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_cloned_outside_of_namespaces() {
        let design = Design {
            root: "/nonexistent".into(),
            layers: Vec::new(),
            state: ("/nonexistent".into(), "/nonexistent".into()),
            program: "/nonexistent".into(),
            asked_by: 1,
        };
        assert!(matches!(enter(&design, &[]), Err(CloneError::NotIsolated)));
    }

    #[test]
    fn paths_cannot_add_options() {
        assert_eq!(escaped(Path::new("/a,lowerdir=/b:c\\")), "/a\\,lowerdir=/b\\:c\\\\");
    }

    #[test]
    fn only_an_overlay_of_ours_is_a_clone() {
        let root = |source: &str| Mount {
            point: "/".into(),
            kind: "overlay".into(),
            writable: true,
            source: source.into(),
            part: "/".into(),
        };
        assert!(is_clone(&[root(SOURCE)]));
        assert!(!is_clone(&[root("overlay")]));
        assert!(!is_clone(&[root(SOURCE), root("overlay")]), "the last one shows");
    }
}
