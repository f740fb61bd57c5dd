//! Every path that patchctl reads or writes, under one root. Nothing else in the program spells a path of its own.

use std::path::{Path, PathBuf};

pub use super::rehearsal_folder::RehearsalFolder;
use crate::host::environment::Environment;
use crate::model::run::RunId;

/// Where things are: the root that is looked at, and the folders that are patchctl's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
    configuration: PathBuf,
    state: PathBuf,
    cache: PathBuf,
    volatile: PathBuf,
}

impl Layout {
    /// The layout for root: the system's own folders.
    pub fn system(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            configuration: PathBuf::from("/etc/patchctl"),
            state: PathBuf::from("/var/lib/patchctl"),
            cache: PathBuf::from("/var/cache/patchctl"),
            volatile: PathBuf::from("/run/patchctl"),
        }
    }

    /// The layout for any other user: the XDG folders of that user, who reads the system's configuration.
    ///
    /// Returns `None` when the user has neither a home nor XDG folders.
    pub fn user(root: &Path, environment: &Environment) -> Option<Self> {
        let cache = environment.cache_home.as_ref()?.join("patchctl");
        let volatile =
            environment.runtime_dir.as_ref().map_or_else(|| cache.join("run"), |dir| dir.join("patchctl"));
        Some(Self {
            root: root.to_owned(),
            configuration: PathBuf::from("/etc/patchctl"),
            state: environment.state_home.as_ref()?.join("patchctl"),
            cache,
            volatile,
        })
    }

    /// The layout of a root that is mounted, with the records that it keeps itself.
    pub fn inside(root: &Path) -> Self {
        let system = Self::system(root);
        let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
        Self {
            configuration: inside(&system.configuration),
            state: inside(&system.state),
            cache: inside(&system.cache),
            ..system
        }
    }

    /// The same with the records in another folder.
    pub(super) fn keeping_state_in(self, state: PathBuf) -> Self {
        Self { state, ..self }
    }

    /// The root whose packages are looked at.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Tells whether the root is the running system itself.
    pub fn is_live(&self) -> bool {
        self.root == Path::new("/")
    }

    /// A path inside the root that is looked at.
    pub fn target(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// `/etc/patchctl`.
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    /// The main configuration file.
    pub fn main_configuration(&self) -> PathBuf {
        self.configuration.join("patchctl.toml")
    }

    /// The folder of configuration drop-ins.
    pub fn drop_ins(&self) -> PathBuf {
        self.configuration.join("conf.d")
    }

    /// The folder of the administrator's own health checks.
    pub fn checks(&self) -> PathBuf {
        self.configuration.join("checks.d")
    }

    /// The folder of the administrator's own programs at the turns of a run.
    pub fn hooks(&self) -> PathBuf {
        self.configuration.join("hooks.d")
    }

    /// The folder of blocks, one a file.
    pub fn blocks(&self) -> PathBuf {
        self.configuration.join("blocks.d")
    }

    /// The folder of waivers, one a file.
    pub fn waivers(&self) -> PathBuf {
        self.configuration.join("waivers.d")
    }

    /// `/var/lib/patchctl`.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// What outlives runs and caches: the highest verified time.
    pub fn state_file(&self) -> PathBuf {
        self.state.join("state.json")
    }

    /// What a schedule switched off.
    pub fn switched_off(&self) -> PathBuf {
        self.state.join("switched-off.json")
    }

    /// The reboot that waits.
    pub fn reboot(&self) -> PathBuf {
        self.state.join("reboot.json")
    }

    /// The central policy that was taken last.
    pub fn central(&self) -> PathBuf {
        self.state.join("central.json")
    }

    /// The folder in which a central policy is looked at before it is taken.
    pub fn central_incoming(&self) -> PathBuf {
        self.state.join("central")
    }

    /// The folder of all mutating runs.
    pub fn runs(&self) -> PathBuf {
        self.state.join("runs")
    }

    /// The folder of one run.
    pub fn run(&self, run: RunId) -> RunFolder {
        RunFolder { folder: self.runs().join(run.to_string()) }
    }

    /// The folder of saved plans.
    pub fn plans(&self) -> PathBuf {
        self.state.join("plans")
    }

    /// The folder of reports.
    pub fn reports(&self) -> PathBuf {
        self.state.join("reports")
    }

    /// The link to the newest report.
    pub fn latest_report(&self) -> PathBuf {
        self.state.join("latest.json")
    }

    /// First-seen dates.
    pub fn ledger(&self) -> PathBuf {
        self.state.join("ledger")
    }

    /// Versions that were rolled back.
    pub fn quarantine(&self) -> PathBuf {
        self.state.join("quarantine")
    }

    /// The file that is given up to write the last records on a full disk.
    pub fn reserve(&self) -> PathBuf {
        self.state.join("reserve")
    }

    /// Where a rehearsal lives while it goes on; nothing is there otherwise.
    pub fn rehearsal(&self) -> RehearsalFolder {
        RehearsalFolder::at(self.state.join("rehearsal"))
    }

    /// What the rehearsal that goes on in this root came to: only a clone has it.
    pub fn rehearsed(&self) -> PathBuf {
        self.state.join("rehearsed.json")
    }

    /// The folder with what rehearsals and runs of this host proved.
    pub fn evidence(&self) -> PathBuf {
        self.state.join("evidence")
    }

    /// The folder with what was proved on other hosts, one a file.
    pub fn evidence_of_others(&self) -> PathBuf {
        self.configuration.join("evidence.d")
    }

    /// What dpkg said when it was asked to finish what another tool had begun.
    pub fn mend_log(&self) -> PathBuf {
        self.state.join("mend.log")
    }

    /// `/var/cache/patchctl`.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// The folder of one feed's last good content.
    pub fn feed(&self, name: &str) -> PathBuf {
        self.cache.join("feeds").join(name)
    }

    /// The folder in which a bundle is looked at.
    pub fn bundle(&self) -> PathBuf {
        self.cache.join("bundle")
    }

    /// The compiled advisories of one feed for one release.
    pub fn index(&self, feed: &str, release: &str) -> PathBuf {
        self.cache.join("index").join(format!("{feed}.{release}.index"))
    }

    /// What the package manager answered last about candidates.
    pub fn candidates(&self) -> PathBuf {
        self.cache.join("candidates.json")
    }

    /// What the repositories of dnf or zypp list of packages by their names.
    pub fn rpm_lists(&self) -> PathBuf {
        self.cache.join("rpm-lists.json")
    }

    /// Which package each running file belongs to, while the packages stay the same.
    pub fn owners(&self) -> PathBuf {
        self.cache.join("owners")
    }

    /// Where archives are downloaded to, before they are verified and copied into a run.
    pub fn downloads(&self) -> PathBuf {
        self.cache.join("archives")
    }

    /// The databases of pacman that patchctl fetched for itself; a folder that pacman takes for its own.
    pub fn sync_databases(&self) -> PathBuf {
        self.root.join("var/cache/patchctl/pacman")
    }

    /// When those databases were last asked for.
    pub fn sync_stamp(&self) -> PathBuf {
        self.sync_databases().join("fetched")
    }

    /// Exists while a package manager of patchctl changes packages whose own lock outlives it.
    pub fn package_manager_mark(&self) -> PathBuf {
        self.state.join("package-manager-works")
    }

    /// Names the packages over which a package manager was cut off and whose remains were cleared away.
    pub fn cut_off_packages(&self) -> PathBuf {
        self.state.join("cut-off-packages")
    }

    /// `/run/patchctl`.
    pub fn volatile(&self) -> &Path {
        &self.volatile
    }

    /// The single-run lock.
    pub fn lock(&self) -> PathBuf {
        self.volatile.join("lock")
    }

    /// The lock that the package manager of a run holds as long as it lives.
    pub fn package_manager_lock(&self) -> PathBuf {
        self.volatile.join("package-manager.lock")
    }

    /// Tells, until the next boot, that the running root is no longer the one that will be booted.
    pub fn replaced_root(&self) -> PathBuf {
        self.volatile.join("root-replaced")
    }

    /// What a run in the background said, where no service manager keeps it.
    pub fn detached_log(&self) -> PathBuf {
        self.state.join("detached.log")
    }

    /// Counts and states without names of holes, for everybody.
    pub fn summary(&self) -> PathBuf {
        self.volatile.join("summary.json")
    }
}

/// The folder of one mutating run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    folder: PathBuf,
}

impl RunFolder {
    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The plan that the run carries out.
    pub fn plan(&self) -> PathBuf {
        self.folder.join("plan.json")
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// The archives of the run, old and new.
    pub fn archives(&self) -> PathBuf {
        self.folder.join("archives")
    }

    /// The archives of the versions that were installed before.
    pub fn old_archives(&self) -> PathBuf {
        self.folder.join("archives/old")
    }

    /// The digests of the archives in [`RunFolder::old_archives`], as `sha256sum` reads them.
    pub fn old_digests(&self) -> PathBuf {
        self.old_archives().join("SHA256SUMS")
    }

    /// The archives of the versions that the plan installs.
    pub fn new_archives(&self) -> PathBuf {
        self.folder.join("archives/new")
    }

    /// What was saved before the first change: configuration files, marks, file digests.
    pub fn before(&self) -> PathBuf {
        self.folder.join("before")
    }

    /// What was true of the host before the first change: services, sockets, addresses.
    pub fn baseline(&self) -> PathBuf {
        self.folder.join("baseline.json")
    }

    /// The configuration when a way back began.
    pub fn live(&self) -> PathBuf {
        self.folder.join("live")
    }

    /// Everything that apt and dpkg printed.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The report of the run.
    pub fn report(&self) -> PathBuf {
        self.folder.join("report.json")
    }
}
