//! Snapshots of a root dataset of ZFS (zfs-snapshot(8), zfsprops(7)). A property of patchctl's own on the snapshot is its
//! tag. Restoring is left to a person: a root cannot be rolled back while it is mounted.

use super::ask::{ask, program, unfit};
use super::{Coverage, Ground, Naming, Restoring, SnapshotError, SnapshotProvider, Unfit};
use crate::model::run::RunId;
use crate::model::snapshot::SnapshotRef;

/// The provider.
#[derive(Debug)]
pub struct Zfs;

const NAME: &str = "zfs";

/// The tag: a user property, which has to have a colon in its name (zfsprops(7)).
const TAG: &str = "patchctl:run";

/// From here on a pool is too full: snapshots hold on to what a run replaces (safety design, 5.3).
const FULLEST: u64 = 80;

fn zfs() -> Result<&'static str, Unfit> {
    program(&["/usr/sbin/zfs", "/sbin/zfs", "/usr/bin/zfs"], "zfsutils")
}

fn zpool() -> Result<&'static str, Unfit> {
    program(&["/usr/sbin/zpool", "/sbin/zpool", "/usr/bin/zpool"], "zfsutils")
}

fn here(error: Unfit) -> SnapshotError {
    SnapshotError::Unfit { provider: NAME, reason: error.0 }
}

/// The dataset that the root is.
fn dataset(ground: &Ground) -> Result<String, Unfit> {
    let mount = ground.mount()?;
    if mount.kind != NAME {
        return Err(Unfit::because(format!("the root is {}", mount.kind)));
    }
    Ok(mount.source.clone())
}

/// How full a pool is in percent: the only line of `zpool list -Hp -o capacity`.
fn capacity(text: &str) -> Option<u64> {
    text.trim().trim_end_matches('%').parse().ok()
}

/// What `zfs list -Hp -t snapshot -o guid,patchctl:run` tells of one snapshot: identity and tag.
fn identity(text: &str) -> Option<(String, String)> {
    let (guid, tag) = text.trim().split_once('\t')?;
    let is_number = !guid.is_empty() && guid.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| (guid.to_owned(), tag.to_owned()))
}

/// Tells whether `zfs list` says that there is no such snapshot.
fn is_absence(line: &str) -> bool {
    line.trim_end().ends_with("does not exist")
}

/// Finds a snapshot by name; `None` where there is none.
fn found(snapshot: &SnapshotRef) -> Result<Option<(String, String)>, SnapshotError> {
    let columns = format!("guid,{TAG}");
    let words = ["list", "-H", "-p", "-t", "snapshot", "-o", &columns, &snapshot.name];
    match ask(zfs().map_err(here)?, &words) {
        Ok(text) => Ok(identity(&text)),
        Err(SnapshotError::Refused { words, .. }) if words.iter().any(|line| is_absence(line)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses what bears the name without our tag, or with another identity.
fn is_ours(snapshot: &SnapshotRef, (guid, tag): &(String, String)) -> Result<(), SnapshotError> {
    let (found, expected) = match &snapshot.id {
        Some(id) => (guid, id.clone()),
        None => (tag, snapshot.run.to_string()),
    };
    if *found == expected && *tag == snapshot.run.to_string() {
        return Ok(());
    }
    Err(SnapshotError::Foreign { name: snapshot.name.clone(), found: found.clone(), expected })
}

impl SnapshotProvider for Zfs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn probe(&self, ground: &Ground) -> Result<Coverage, Unfit> {
        let dataset = dataset(ground)?;
        zfs()?;
        ground.is_whole()?;
        let pool = dataset.split('/').next().unwrap_or_default();
        let full = ask(zpool()?, &["list", "-H", "-p", "-o", "capacity", pool]).map_err(unfit)?;
        match capacity(&full) {
            Some(full) if full <= FULLEST => Ok(ground.coverage(&format!("the dataset {dataset}"))),
            Some(full) => {
                Err(Unfit::because(format!("the pool {pool} is {full} % full, {FULLEST} % is the most")))
            }
            None => Err(Unfit::because(format!("how full the pool {pool} is cannot be told"))),
        }
    }

    fn name_for(&self, ground: &Ground, run: RunId) -> Result<Naming, SnapshotError> {
        let dataset = dataset(ground).map_err(here)?;
        Ok(Naming { name: format!("{dataset}@patchctl-{run}"), origin: dataset })
    }

    fn create(&self, _: &Ground, snapshot: &SnapshotRef) -> Result<String, SnapshotError> {
        if let Some(other) = found(snapshot)? {
            is_ours(snapshot, &other)?;
            ask(zfs().map_err(here)?, &["destroy", &snapshot.name])?;
        }
        let tag = format!("{TAG}={}", snapshot.run);
        ask(zfs().map_err(here)?, &["snapshot", "-o", &tag, &snapshot.name])?;
        let gone = || SnapshotError::Gone { name: snapshot.name.clone() };
        found(snapshot)?.map(|(guid, _)| guid).ok_or_else(gone)
    }

    fn check(&self, _: &Ground, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
        let found = found(snapshot)?.ok_or_else(|| SnapshotError::Gone { name: snapshot.name.clone() })?;
        is_ours(snapshot, &found)
    }

    fn discard(&self, _: &Ground, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
        let Some(found) = found(snapshot)? else { return Ok(()) };
        is_ours(snapshot, &found)?;
        ask(zfs().map_err(here)?, &["destroy", &snapshot.name]).map(drop)
    }

    fn restoring(&self) -> Restoring<'_> {
        Restoring::ByHand(|snapshot| {
            vec![
                "boot a rescue system, import the pool without mounting it: zpool import -N -f POOL"
                    .to_owned(),
                format!("zfs rollback {}", snapshot.name),
                "snapshots that are younger are in its way: it names them, and `-r` destroys them".to_owned(),
                "what was written since then is lost, patchctl's records of it too".to_owned(),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As ZFS 2.1.11 answers (tests/fixtures/zfs/README.md).
    const OURS: &str = include_str!("../../../tests/fixtures/zfs/ours.txt");
    const THEIRS: &str = include_str!("../../../tests/fixtures/zfs/theirs.txt");
    const NONE: &str = include_str!("../../../tests/fixtures/zfs/none.txt");
    const CAPACITY: &str = include_str!("../../../tests/fixtures/zfs/capacity.txt");

    #[test]
    fn answers_are_read_and_others_are_none() {
        assert_eq!(capacity(CAPACITY), Some(31));
        assert_eq!(capacity("-\n"), None);
        assert_eq!(identity(OURS), Some(("2715369614995829425".into(), "0001".into())));
        assert_eq!(identity(THEIRS), Some(("5021318576842818974".into(), "-".into())));
        assert_eq!(identity(NONE), None);
        assert!(is_absence(NONE));
    }

    #[test]
    fn only_what_bears_our_tag_and_identity_is_ours() {
        let snapshot = SnapshotRef {
            provider: NAME.into(),
            run: RunId::new(42),
            created: chrono::DateTime::UNIX_EPOCH,
            name: "rpool/ROOT/debian@patchctl-0042".into(),
            origin: "rpool/ROOT/debian".into(),
            id: Some("77".into()),
        };
        let is_ours = |snapshot: &SnapshotRef, guid: &str, tag: &str| {
            is_ours(snapshot, &(guid.into(), tag.into())).is_ok()
        };
        assert!(is_ours(&snapshot, "77", "0042"));
        assert!(!is_ours(&snapshot, "78", "0042") && !is_ours(&snapshot, "77", "-"));
        let cut_off = SnapshotRef { id: None, ..snapshot };
        assert!(is_ours(&cut_off, "78", "0042") && !is_ours(&cut_off, "78", "-"));
    }
}
