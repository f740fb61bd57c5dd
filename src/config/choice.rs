//! Values that files hold and settings keep as they are: permissions, and the sources of feeds.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::model::digest::Sha256;
use crate::model::duration;

/// A feed that the administrator configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedSource {
    /// Its name, which is also the name of its folder.
    pub name: String,
    /// The format it is written in.
    pub format: String,
    /// `https://`, `file://`, an absolute path, or `http://` with a digest.
    pub location: String,
    /// The digest that its content must have.
    pub sha256: Option<Sha256>,
    /// The file of the keys of which one must have signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// Its own maximum age.
    #[serde(serialize_with = "as_optional_span")]
    pub max_age: Option<Duration>,
}

/// A health check of the administrator's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckSettings {
    /// Its name in reports.
    pub name: String,
    /// The program, as an absolute path, and its arguments.
    pub command: Vec<String>,
    /// Its failure takes a run back.
    pub required: bool,
    /// After this long it has failed.
    #[serde(serialize_with = "as_span")]
    pub timeout: Duration,
}

/// Yes or no, as it is written in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Yes.
    Allow,
    /// No.
    Refuse,
}

/// Which file system snapshots protect a run, beside the package archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotChoice {
    /// The first provider that fits the host.
    Auto,
    /// None: the package archives stand alone.
    Packages,
    /// Snapshots of a btrfs root, or no run at all.
    Btrfs,
    /// Snapshots by snapper, or no run at all.
    Snapper,
    /// Snapshots of a ZFS root, or no run at all.
    Zfs,
    /// Snapshots of the logical volume of the root, or no run at all.
    Lvm,
}

impl SnapshotChoice {
    /// Returns the word that settings have.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Packages => "packages",
            Self::Btrfs => "btrfs",
            Self::Snapper => "snapper",
            Self::Zfs => "zfs",
            Self::Lvm => "lvm",
        }
    }
}

fn as_optional_span<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match span {
        Some(span) => as_span(span, serializer),
        None => serializer.serialize_none(),
    }
}

/// Writes a span of time as files have it.
pub(super) fn as_span<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&duration::write(*span))
}
