//! The plan: an exact list of package changes that needs no choice when it is carried out.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::apk_checksum::ApkChecksum;
use super::decision::{Held, Selection};
use super::digest::Sha256;
use super::feed::FeedStamp;
use super::package::{Architecture, PackageKey, PackageName};
use super::snapshot::Protection;
use super::version::Version;

/// Name of the plan document; the number rises when the meaning of a key changes.
pub const PLAN_SCHEMA: &str = "patchctl.plan/1";

/// What kind of change an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    /// A newer version of an installed package.
    Upgrade,
    /// A package that was not installed.
    Install,
    /// A version that comes beside the installed ones, which stay (rpm's kernels).
    Add,
    /// An older version of an installed package.
    Downgrade,
    /// The package goes away.
    Remove,
}

/// A package archive as the signed repository index describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Where the repository keeps it.
    pub uri: String,
    /// Size in bytes.
    pub size: u64,
    /// The digest that the signed index states.
    #[serde(flatten)]
    pub digest: ArchiveDigest,
}

/// What an index states of an archive, so that nothing else can take its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveDigest {
    /// The SHA-256 of the whole file.
    Sha256(Sha256),
    /// What apk's index states: the SHA-1 of the part that describes the package and names the SHA-256 of its files.
    ApkChecksum(ApkChecksum),
}

impl ArchiveDigest {
    /// Returns the SHA-256 of the whole file, where the index states one.
    pub fn sha256(self) -> Option<Sha256> {
        match self {
            Self::Sha256(digest) => Some(digest),
            Self::ApkChecksum(_) => None,
        }
    }
}

impl From<Sha256> for ArchiveDigest {
    fn from(digest: Sha256) -> Self {
        Self::Sha256(digest)
    }
}

impl fmt::Display for ArchiveDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => digest.fmt(f),
            Self::ApkChecksum(checksum) => checksum.fmt(f),
        }
    }
}

/// Whether a change can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reversibility {
    /// The old archive is here, or an enabled repository offers it.
    Reversible,
    /// The old archive has to be rebuilt from the installed files, which are checked first.
    Reconstructed,
    /// Only a file system snapshot brings it back.
    SnapshotOnly,
    /// Nothing brings it back.
    NotReversible,
}

/// One package change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// The binary package.
    pub package: PackageName,
    /// Its architecture.
    pub architecture: Architecture,
    /// What happens to it.
    pub kind: ActionKind,
    /// The version that must be installed when the action begins; absent when none is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Version>,
    /// The version that is installed when it has ended; absent after a removal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<Version>,
    /// The repository that offers it, as people know it: `Debian-Security:bookworm-security`.
    pub origin: String,
    /// What has to be downloaded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub artifact: Option<Artifact>,
    /// It is a security update: it comes from the distribution's security pocket, or closes something.
    #[serde(default)]
    pub security: bool,
    /// The vulnerabilities that it closes; empty where no feed names them.
    pub closes: Vec<String>,
    /// Whether it can be taken back.
    pub reversible: Reversibility,
    /// What a way back of it does not undo, where something is known of its kind: the data of a database server, what
    /// Secure Boot has revoked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_undone: Option<String>,
    /// Why it is in the plan, and why it can or cannot be taken back.
    pub why: String,
}

impl Action {
    /// Returns which package it changes.
    pub fn key(&self) -> PackageKey {
        PackageKey { name: self.package.clone(), architecture: self.architecture.clone() }
    }
}

/// The smallest journaled unit: after it, everything that was unpacked is configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Place in the order, from 1.
    pub ordinal: u32,
    /// The changes, in the package manager's own order.
    pub actions: Vec<Action>,
}

/// What one mount must have free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpaceNeed {
    /// The mount point.
    pub mount: String,
    /// What is written there.
    pub purpose: Vec<String>,
    /// Bytes needed, margin included.
    pub needed_bytes: u64,
    /// Bytes free now.
    pub free_bytes: u64,
    /// It is mounted read-only: nothing can be written there, whatever is free.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub read_only: bool,
    /// Inodes needed, margin included.
    pub needed_inodes: u64,
    /// Inodes free now; absent where the file system has no fixed number of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub free_inodes: Option<u64>,
}

impl SpaceNeed {
    /// Tells whether the mount can be written to and has room.
    pub fn fits(&self) -> bool {
        !self.read_only
            && self.needed_bytes <= self.free_bytes
            && self.free_inodes.is_none_or(|free| self.needed_inodes <= free)
    }
}

/// A configuration file that the administrator edited and whose package is in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConffileForeseen {
    /// The file.
    pub path: String,
    /// The package that brought it.
    pub package: PackageName,
    /// What will happen to it.
    pub outcome: String,
}

/// A service or process that uses code which the plan replaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestartForeseen {
    /// The unit, or the command where no unit owns the process.
    pub name: String,
    /// Its processes.
    pub processes: Vec<u32>,
    /// The packages whose files it uses.
    pub because_of: Vec<PackageName>,
}

/// Which host a plan is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanHost {
    /// Host name.
    pub name: String,
    /// Digest of the machine id, which never leaves the host itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub machine_id_hash: Option<Sha256>,
    /// Distribution id and codename.
    pub distribution: String,
}

/// The exact set of package changes, sealed by a digest over everything in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PatchPlan {
    /// `patchctl.plan/1`.
    pub schema: String,
    /// Digest over all the rest.
    pub id: Sha256,
    /// The version of patchctl that made it.
    pub tool_version: String,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// The host it is for.
    pub host: PlanHost,
    /// Digest of the package database it was made from.
    pub inventory_digest: Sha256,
    /// The feeds it was made from.
    pub feeds: Vec<FeedStamp>,
    /// Digest of the settings that decided.
    pub policy_digest: Sha256,
    /// What the operator asked for.
    pub selection: Selection,
    /// The changes, in order.
    pub steps: Vec<Step>,
    /// What stays as it is, and why.
    pub held: Vec<Held>,
    /// What the operator should know before saying yes.
    pub warnings: Vec<String>,
    /// What the run is protected by.
    pub snapshot: Protection,
    /// Services and processes that will run old code afterwards, or be restarted by their packages.
    pub restarts: Vec<RestartForeseen>,
    /// Why a reboot is needed afterwards, when it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reboot: Option<String>,
    /// Bytes to download.
    pub download_bytes: u64,
    /// Room that every mount must have.
    pub space: Vec<SpaceNeed>,
    /// Configuration files that the administrator edited.
    pub conffiles: Vec<ConffileForeseen>,
}

impl PatchPlan {
    /// Returns every action in order.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.steps.iter().flat_map(|step| step.actions.iter())
    }

    /// Returns every vulnerability that the plan closes, sorted, each once.
    pub fn closes(&self) -> Vec<&str> {
        let mut closed: Vec<&str> =
            self.actions().flat_map(|a| a.closes.iter().map(String::as_str)).collect();
        closed.sort_unstable();
        closed.dedup();
        closed
    }

    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// What the package manager says it would do: the answer to one simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Unpack, configure and remove, in the package manager's order.
    pub operations: Vec<Operation>,
    /// Packages it keeps back although something newer exists.
    pub kept_back: Vec<PackageName>,
    /// Packages that others would have taken the place of, which was refused.
    pub refused_replacements: Vec<Replacement>,
    /// So many operations at the beginning are a step of their own: they replace the package manager itself.
    pub first_step: usize,
}

#[cfg(test)]
impl Resolution {
    /// Tells each operation in a line: kind, package, version before and after.
    pub(crate) fn told(&self) -> Vec<String> {
        let shown = |version: &Option<Version>| version.as_ref().map_or("-", Version::as_str).to_owned();
        let line = |o: &Operation| format!("{:?} {} {} {}", o.kind, o.key(), shown(&o.from), shown(&o.to));
        self.operations.iter().map(line).collect()
    }
}

/// An installed package that the distribution replaced by one of another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The package that would go.
    pub package: PackageKey,
    /// Its version.
    pub version: Version,
    /// The package that would take its place.
    pub by: PackageName,
}

/// One line of a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What is done.
    pub kind: OperationKind,
    /// The binary package.
    pub name: PackageName,
    /// Its architecture.
    pub architecture: Architecture,
    /// The version before, where there is one.
    pub from: Option<Version>,
    /// The version after, where there is one.
    pub to: Option<Version>,
    /// The repositories that offer it, as the package manager words them.
    pub origin: String,
}

impl Operation {
    /// Returns which package it is about.
    pub fn key(&self) -> PackageKey {
        PackageKey { name: self.name.clone(), architecture: self.architecture.clone() }
    }
}

/// What a line of a simulation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Files are replaced.
    Unpack,
    /// Files come beside those of other versions of the same package, which stay: rpm's install-only packages, such as
    /// kernels.
    Add,
    /// The configuration script runs.
    Configure,
    /// Files go away.
    Remove,
}
