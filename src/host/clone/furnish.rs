//! What a clone needs beside its files, each private: `/proc`, `/sys`, `/dev` and `/run`, and no way to a service.

use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};

use super::super::runner::{self, CommandSpec};
use super::super::storage::{self, Result, StorageError};
use super::{Design, OWN_FOLDER, inside};

const NO_PATH: Option<&str> = None;

/// What the kernel lets root change for the whole machine through `/proc` (systemd.exec(5), `ProtectKernelTunables=`, and
/// what container runtimes hide beside it).
const TUNABLES: [&str; 6] = ["sys", "sysrq-trigger", "irq", "bus", "fs", "acpi"];

/// The devices that every program may count on. Their nodes are the host's own, so that none has to be made.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// invoke-rc.d and deb-systemd-invoke ask this program before they touch a service; 101 forbids it (Debian's policy-rc.d
/// interface, /usr/share/doc/init-system-helpers/README.policy-rc.d.gz).
const POLICY: &[u8] = b"#!/bin/sh\n# a rehearsal: no service is touched\nexit 101\n";

/// Furnishes a clone whose layers are mounted. Returns where its program lies once one is inside.
pub(super) fn furnish(design: &Design) -> Result<PathBuf> {
    let root = &design.root;
    let hidden = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    fresh("proc", &folder(root, "proc")?, (hidden, NO_PATH))?;
    for name in TUNABLES {
        read_only(&root.join("proc").join(name))?;
    }
    fresh("sysfs", &folder(root, "sys")?, (hidden | MsFlags::MS_RDONLY, NO_PATH))?;
    devices(&folder(root, "dev")?)?;
    fresh("tmpfs", &folder(root, "run")?, (MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=755")))?;
    let lock = root.join("run/lock");
    storage::create_folder(&lock, 0o755)?;
    storage::set_owner_and_mode(&lock, 0, 0, 0o1777)?;
    let own = root.join(OWN_FOLDER);
    storage::create_folder(&own, 0o700)?;
    bind_file(&design.program, &own.join("patchctl"))?;
    let (state, place) = &design.state;
    let place = inside(root, place);
    storage::create_folder(&place, 0o700)?;
    bind(state, &place)?;
    hold_services_down(root, &own)?;
    bring_up_loopback();
    Ok(Path::new("/").join(OWN_FOLDER).join("patchctl"))
}

/// A folder of the clone that something is mounted on; a link would lead out of it.
fn folder(root: &Path, name: &str) -> Result<PathBuf> {
    let path = root.join(name);
    storage::create_folder(&path, 0o755)?;
    match storage::metadata(&path)? {
        Some(found) if found.is_dir() => Ok(path),
        _ => Err(StorageError {
            operation: "mount on",
            path,
            source: std::io::ErrorKind::NotADirectory.into(),
        }),
    }
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(nix::Error) -> StorageError {
    let path = path.to_owned();
    move |error| StorageError { operation, path, source: error.into() }
}

/// Mounts a file system of the kernel's own.
pub(super) fn fresh(kind: &str, point: &Path, (flags, options): (MsFlags, Option<&str>)) -> Result<()> {
    mount(Some(kind), point, Some(kind), flags, options).map_err(failed("mount a file system on", point))
}

fn bind(from: &Path, to: &Path) -> Result<()> {
    mount(Some(from), to, NO_PATH, MsFlags::MS_BIND, NO_PATH).map_err(failed("bind", to))
}

fn bind_file(from: &Path, to: &Path) -> Result<()> {
    drop(storage::create_new(to, 0o755)?);
    bind(from, to)
}

/// What this kernel does not have needs no protection.
fn read_only(path: &Path) -> Result<()> {
    if !storage::exists(path) {
        return Ok(());
    }
    bind(path, path)?;
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(NO_PATH, path, NO_PATH, flags, NO_PATH).map_err(failed("make read-only", path))
}

fn devices(place: &Path) -> Result<()> {
    fresh("tmpfs", place, (MsFlags::MS_NOSUID, Some("mode=755,size=1m")))?;
    for name in DEVICES {
        let original = Path::new("/dev").join(name);
        if storage::exists(&original) {
            bind_file(&original, &place.join(name))?;
        }
    }
    let terminals = place.join("pts");
    storage::create_folder(&terminals, 0o755)?;
    let own = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    fresh("devpts", &terminals, (own, Some("newinstance,ptmxmode=0666,mode=620")))?;
    let shared = place.join("shm");
    storage::create_folder(&shared, 0o755)?;
    fresh("tmpfs", &shared, (MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=1777")))?;
    let links = [
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
    ];
    links.iter().try_for_each(|(name, target)| storage::replace_link(&place.join(name), Path::new(target)))
}

/// A link there would lead out of the clone, so a file takes its place.
fn hold_services_down(root: &Path, own: &Path) -> Result<()> {
    if !storage::exists(&root.join("var/lib/dpkg")) {
        return Ok(());
    }
    let policy = own.join("policy-rc.d");
    storage::replace(&policy, POLICY, 0o755)?;
    // The merged layouts lead from one folder to another within the root.
    let folder = storage::canonical(Path::new("/usr/sbin"))?;
    let place = inside(root, &folder).join("policy-rc.d");
    if storage::metadata(&place)?.is_some_and(|found| !found.is_file()) {
        storage::remove_file(&place)?;
    }
    if !storage::exists(&place) {
        drop(storage::create_new(&place, 0o755)?);
    }
    bind(&policy, &place)
}

/// Scripts may talk to their own host by its loopback, which is down in a new namespace. Where `ip` is missing it stays so.
fn bring_up_loopback() {
    let places = ["/usr/sbin/ip", "/usr/bin/ip", "/sbin/ip", "/bin/ip"];
    if let Some(tool) = places.into_iter().find(|tool| storage::exists(Path::new(tool))) {
        let _ = runner::run(&CommandSpec::new(tool).args(["link", "set", "lo", "up"]));
    }
}
