//! Answers for the loop file that carries all roots: mounts it, keeps goldens, gives clones, leaves nothing behind.
//!
//! Each test thread mounts the file in a mount namespace of its own. So the kernel itself unmounts and detaches the loop when
//! the last thread ends, be it by return, panic or SIGKILL, and the machine's own mount table never shows the laboratory.

use std::cell::Cell;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use super::namespace::{on_host, try_on_host};

/// Sparse; a server golden takes 0.9 GB and a clone what its test changes.
const LOOP_FILE_BYTES: u64 = 12 << 30;

/// Goldens of one name that stay: two branches of the project on one machine do not rebuild each other's.
const GOLDENS_KEPT: usize = 3;

/// The mounted loop file and the locks that say who uses it.
pub struct Pool {
    folder: PathBuf,
    /// Shared by every process that has clones; whoever gets it alone may sweep what a killed one left.
    _in_use: File,
    /// Holds the file system mounted between two tests of this process.
    _pin: File,
}

/// Numbers the clones of this process.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A writable copy of a golden root; deleted on drop.
pub struct RootClone {
    path: PathBuf,
}

thread_local! {
    static THREAD_HAS_MOUNTED: Cell<bool> = const { Cell::new(false) };
}

/// Returns the pool of this machine, mounted for the calling thread.
pub fn machine_pool() -> Result<&'static Pool, String> {
    static POOL: OnceLock<Result<Pool, String>> = OnceLock::new();
    let pool = POOL.get_or_init(|| Pool::open(&cache_folder())).as_ref().map_err(String::clone)?;
    pool.mount_for_this_thread()?;
    Ok(pool)
}

/// Returns the folder that keeps what is expensive to build.
pub fn cache_folder() -> PathBuf {
    std::env::var_os("PATCHCTL_LAB_CACHE").map_or_else(|| "/var/cache/patchctl-lab".into(), PathBuf::from)
}

impl Pool {
    /// Opens the pool in `folder`, making the loop file where there is none, and sweeps clones of killed runs.
    fn open(folder: &Path) -> Result<Self, String> {
        if !nix::unistd::geteuid().is_root() {
            return Err("the laboratory mounts file systems and needs root".into());
        }
        fs::create_dir_all(folder.join("roots"))
            .map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
        let _alone = locked(&folder.join("build.lock"));
        let in_use = lock_file(&folder.join("users.lock"));
        let nobody_else = in_use.try_lock().is_ok();
        mount_or_remake(folder, nobody_else)?;
        if nobody_else {
            sweep(&folder.join("roots"));
        }
        in_use.lock_shared().expect("the lock of the pool can be shared");
        let pin = File::open(folder.join("roots")).map_err(|e| format!("cannot open the pool: {e}"))?;
        Ok(Self { folder: folder.to_owned(), _in_use: in_use, _pin: pin })
    }

    fn mount_for_this_thread(&self) -> Result<(), String> {
        if THREAD_HAS_MOUNTED.get() {
            return Ok(());
        }
        let _alone = locked(&self.folder.join("build.lock"));
        mount_private(&self.folder)
    }

    /// Returns a writable clone of the golden `name` of the recipe `key`, which is built if no test of any process has yet.
    pub fn clone_of(&self, name: &str, key: &str, build: impl FnOnce(&Path)) -> RootClone {
        let roots = self.folder.join("roots");
        let golden = roots.join(format!("golden-{name}-{key}"));
        let _alone = locked(&self.folder.join("build.lock"));
        if !golden.exists() {
            self.forget_old_goldens(name);
            let draft = roots.join(format!("draft-{name}"));
            delete_subvolume(&draft);
            on_host(&["btrfs", "-q", "subvolume", "create", text(&draft)]);
            build(&draft);
            on_host(&["btrfs", "-q", "subvolume", "snapshot", "-r", text(&draft), text(&golden)]);
            delete_subvolume(&draft);
        }
        let path =
            roots.join(format!("clone-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        on_host(&["btrfs", "-q", "subvolume", "snapshot", text(&golden), text(&path)]);
        RootClone { path }
    }

    /// Returns a writable copy of a root as it is at this instant, also while something works in it: what a kill of
    /// everything in it would leave.
    pub fn copy_of(&self, root: &Path) -> RootClone {
        let path = self.folder.join("roots").join(format!(
            "clone-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        on_host(&["btrfs", "-q", "subvolume", "snapshot", text(root), text(&path)]);
        RootClone { path }
    }

    /// Returns the copy of `program` that lives on the pool, so that a clone gets it by sharing its blocks.
    pub fn shared_copy(&self, program: &Path) -> PathBuf {
        let found =
            fs::metadata(program).unwrap_or_else(|e| panic!("no program at {}: {e}", program.display()));
        let name = format!("program-{}-{}-{}", found.ino(), found.mtime(), found.mtime_nsec());
        let copy = self.folder.join("roots").join(name);
        let _alone = locked(&self.folder.join("build.lock"));
        if !copy.exists() {
            let draft = copy.with_extension("draft");
            fs::copy(program, &draft).expect("the program can be copied to the pool");
            fs::rename(&draft, &copy).expect("the copy can be named");
        }
        copy
    }

    fn forget_old_goldens(&self, name: &str) {
        let mut goldens = entries(&self.folder.join("roots"), &format!("golden-{name}-"));
        goldens.sort_by_key(|path| fs::metadata(path).and_then(|found| found.created()).ok());
        let surplus = goldens.len().saturating_sub(GOLDENS_KEPT - 1);
        goldens[..surplus].iter().for_each(|path| delete_subvolume(path));
    }
}

impl RootClone {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RootClone {
    fn drop(&mut self) {
        delete_subvolume(&self.path);
    }
}

/// Gives the calling thread its own mount namespace and mounts the loop file there.
fn mount_private(folder: &Path) -> Result<(), String> {
    unshare(CloneFlags::CLONE_NEWNS).map_err(|e| format!("no mount namespace of its own: {e}"))?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .map_err(|e| format!("cannot make the mounts private: {e}"))?;
    let (file, roots) = (folder.join("roots.btrfs"), folder.join("roots"));
    // Programs still call fsync, but the machine need not wait for its disk (a full upgrade: 11 s instead of 39 s): a pool
    // that a crash of the machine spoils is made anew.
    try_on_host(&["mount", "-t", "btrfs", "-o", "loop,noatime,nobarrier", text(&file), text(&roots)])
        .map_err(|e| format!("cannot mount the loop file: {e}"))?;
    THREAD_HAS_MOUNTED.set(true);
    Ok(())
}

/// Mounts the loop file; one that no longer mounts, as after a power cut, is made anew if nobody uses it.
fn mount_or_remake(folder: &Path, nobody_else: bool) -> Result<(), String> {
    let file = folder.join("roots.btrfs");
    ensure_loop_file(&file)?;
    match mount_private(folder) {
        Err(_) if nobody_else => {
            fs::remove_file(&file).map_err(|e| format!("cannot remove {}: {e}", file.display()))?;
            ensure_loop_file(&file)?;
            mount_private(folder)
        }
        mounted => mounted,
    }
}

fn ensure_loop_file(path: &Path) -> Result<(), String> {
    if path.exists() {
        return Ok(());
    }
    let draft = path.with_extension("draft");
    let file = File::create(&draft).map_err(|e| format!("cannot create {}: {e}", draft.display()))?;
    file.set_len(LOOP_FILE_BYTES).map_err(|e| format!("cannot size {}: {e}", draft.display()))?;
    try_on_host(&["mkfs.btrfs", "-q", "-f", text(&draft)])?;
    fs::rename(&draft, path).map_err(|e| format!("cannot name {}: {e}", path.display()))
}

/// Removes clones, drafts and program copies that a killed process could not remove.
fn sweep(roots: &Path) {
    for prefix in ["clone-", "draft-"] {
        for path in entries(roots, prefix) {
            delete_subvolume(&path);
        }
    }
    for program in entries(roots, "program-") {
        let _ = fs::remove_file(program);
    }
}

fn entries(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).expect("the pool can be listed");
    let named =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(named).collect()
}

/// Deletes a subvolume, and those a snapshotting program under test may have nested in it; called while unwinding, so it
/// reports instead of panicking.
fn delete_subvolume(path: &Path) {
    if !path.exists() {
        return;
    }
    let roots = path.parent().expect("a subvolume lies in the pool");
    for nested in nested_subvolumes(roots, path) {
        let _ = try_on_host(&["btrfs", "-q", "subvolume", "delete", text(&nested)]);
    }
    if let Err(reason) = try_on_host(&["btrfs", "-q", "subvolume", "delete", text(path)]) {
        eprintln!("the laboratory could not delete {}: {reason}", path.display());
    }
}

/// Returns the subvolumes below `path`, deepest first.
fn nested_subvolumes(roots: &Path, path: &Path) -> Vec<PathBuf> {
    let listed = try_on_host(&["btrfs", "subvolume", "list", "-o", text(path)]).unwrap_or_default();
    let mut found = Vec::new();
    for line in listed.lines() {
        let Some((_, inner)) = line.split_once(" path ") else { continue };
        let nested = roots.join(inner);
        found.extend(nested_subvolumes(roots, &nested));
        found.push(nested);
    }
    found
}

/// Returns `path` as an open file that holds the machine-wide lock on it until dropped.
pub fn locked(path: &Path) -> File {
    let file = lock_file(path);
    file.lock().unwrap_or_else(|e| panic!("cannot lock {}: {e}", path.display()));
    file
}

fn lock_file(path: &Path) -> File {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    options.open(path).unwrap_or_else(|e| panic!("cannot open the lock {}: {e}", path.display()))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
