//! Snapshots of a logical volume that holds the root (lvmthin(7), lvcreate(8), lvs(8)): thin ones, and classic ones with
//! room of their own in the volume group. A tag on the volume is patchctl's mark. Restoring is left to a person: LVM merges
//! a snapshot into a volume in use when that is activated next. Both kinds were taken and merged back for real
//! (`tests/suite/stories/logical_volume.rs`), by a volume that was not in use.

use serde::Deserialize;

use super::ask::{ask, program, unfit};
use super::{Coverage, Ground, Naming, Restoring, SnapshotError, SnapshotProvider, Unfit};
use crate::model::run::RunId;
use crate::model::snapshot::SnapshotRef;

/// The provider.
#[derive(Debug)]
pub struct Lvm;

const NAME: &str = "lvm";

/// A pool above this is too full, in data or in metadata (safety design, 5.3).
const FULLEST: f64 = 80.0;

/// A size is in sectors, and LVM rounds it up to extents of 4 MiB, where nobody chose others (lvcreate(8), vgcreate(8)).
const EXTENT: u64 = 4 << 20;

/// What is asked of a volume, in JSON (lvs(8), lvmreport(7)).
const COLUMNS: &str =
    "lv_uuid,vg_name,lv_name,lv_size,pool_lv,data_percent,metadata_percent,lv_tags,vg_free,origin";

fn tool(name: &'static [&'static str]) -> Result<&'static str, Unfit> {
    program(name, "lvm2")
}

const LVS: &[&str] = &["/usr/sbin/lvs", "/sbin/lvs"];
const LVCREATE: &[&str] = &["/usr/sbin/lvcreate", "/sbin/lvcreate"];
const LVREMOVE: &[&str] = &["/usr/sbin/lvremove", "/sbin/lvremove"];

fn here(error: Unfit) -> SnapshotError {
    SnapshotError::Unfit { provider: NAME, reason: error.0 }
}

/// A logical volume as lvs tells it: every value is a text.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
struct Volume {
    lv_uuid: String,
    vg_name: String,
    lv_name: String,
    lv_size: String,
    pool_lv: String,
    data_percent: String,
    metadata_percent: String,
    lv_tags: String,
    vg_free: String,
    origin: String,
}

#[derive(Deserialize)]
struct Answer {
    report: Vec<Section>,
}

#[derive(Deserialize)]
struct Section {
    lv: Vec<Volume>,
}

/// Reads `lvs --reportformat json`.
fn volumes(text: &str) -> Option<Vec<Volume>> {
    let answer: Answer = serde_json::from_str(text).ok()?;
    Some(answer.report.into_iter().flat_map(|section| section.lv).collect())
}

impl Volume {
    fn is_thin(&self) -> bool {
        !self.pool_lv.is_empty()
    }

    /// A fifth of the volume: a run that writes more than that is larger than any plan of security updates, and a classic
    /// snapshot that overflows is lost.
    fn room_of_a_classic_one(&self) -> Option<u64> {
        Some((self.lv_size.parse::<u64>().ok()? / 5).next_multiple_of(EXTENT))
    }

    /// A classic snapshot whose room is used up holds nothing any more (lvcreate(8), `--snapshot`).
    fn has_run_full(&self) -> bool {
        let full = self.data_percent.parse::<f64>().is_ok_and(|full| full >= 100.0);
        !self.is_thin() && !self.origin.is_empty() && full
    }

    /// Why no snapshot of it can be afforded; the pool of a thin volume is told by `pool`.
    fn too_full(&self, pool: Option<&Self>) -> Option<String> {
        if !self.is_thin() {
            let (free, needed) = (self.vg_free.parse::<u64>().ok(), self.room_of_a_classic_one());
            let fits = matches!((free, needed), (Some(free), Some(needed)) if free >= needed);
            return (!fits)
                .then(|| format!("the volume group {} has no room for a fifth of the root", self.vg_name));
        }
        let Some(pool) = pool else { return Some(format!("the pool {} cannot be looked at", self.pool_lv)) };
        for (what, percent) in [("data", &pool.data_percent), ("metadata", &pool.metadata_percent)] {
            match percent.parse::<f64>() {
                Ok(full) if full <= FULLEST => {}
                Ok(full) => return Some(format!("the {what} of the pool {} is {full} % full", pool.lv_name)),
                Err(_) => {
                    return Some(format!(
                        "how full the {what} of the pool {} is cannot be told",
                        pool.lv_name
                    ));
                }
            }
        }
        None
    }
}

fn tag(run: RunId) -> String {
    format!("patchctl-{run}")
}

fn list(what: &str) -> Result<Vec<Volume>, SnapshotError> {
    let words = ["--reportformat", "json", "--units", "b", "--nosuffix", "-a", "-o", COLUMNS, what];
    let text = ask(tool(LVS).map_err(here)?, &words)?;
    volumes(&text).ok_or(SnapshotError::Answer { command: "lvs".to_owned(), field: "report" })
}

/// The volume that the root lies on, and the others of its group.
fn root(ground: &Ground) -> Result<(Volume, Vec<Volume>), SnapshotError> {
    let mount = ground.mount().map_err(here)?;
    let none = || here(Unfit::because(format!("{} is no logical volume", mount.source)));
    let own = list(&mount.source).map_err(|error| match error {
        SnapshotError::Refused { .. } => none(),
        other => other,
    })?;
    let own = own.into_iter().next().ok_or_else(none)?;
    let group = list(&own.vg_name)?;
    Ok((own, group))
}

fn found(ground: &Ground, snapshot: &SnapshotRef) -> Result<Option<Volume>, SnapshotError> {
    let (_, group) = root(ground)?;
    let is_named = |volume: &Volume| format!("{}/{}", volume.vg_name, volume.lv_name) == snapshot.name;
    Ok(group.into_iter().find(is_named))
}

fn is_ours(volume: &Volume, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
    let is_tagged = volume.lv_tags.split(',').any(|one| one == tag(snapshot.run));
    let is_the_one = snapshot.id.as_ref().is_none_or(|id| *id == volume.lv_uuid);
    if is_tagged && is_the_one {
        return Ok(());
    }
    let expected = snapshot.id.clone().unwrap_or_else(|| tag(snapshot.run));
    Err(SnapshotError::Foreign { name: snapshot.name.clone(), found: volume.lv_uuid.clone(), expected })
}

impl SnapshotProvider for Lvm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn probe(&self, ground: &Ground) -> Result<Coverage, Unfit> {
        tool(LVS)?;
        ground.is_whole()?;
        let (own, group) = root(ground).map_err(unfit)?;
        let pool = group.iter().find(|volume| volume.lv_name.trim_matches(['[', ']']) == own.pool_lv);
        match own.too_full(pool) {
            Some(reason) => Err(Unfit::because(reason)),
            None => Ok(ground.coverage(&format!("the volume {}/{}", own.vg_name, own.lv_name))),
        }
    }

    fn name_for(&self, ground: &Ground, run: RunId) -> Result<Naming, SnapshotError> {
        let (own, _) = root(ground)?;
        Ok(Naming { name: format!("{}/{}-{}", own.vg_name, own.lv_name, tag(run)), origin: own.lv_uuid })
    }

    fn create(&self, ground: &Ground, snapshot: &SnapshotRef) -> Result<String, SnapshotError> {
        self.discard(ground, snapshot)?;
        let (own, _) = root(ground)?;
        let (_, name) = snapshot.name.split_once('/').unwrap_or_default();
        let (of, mark) = (format!("{}/{}", own.vg_name, own.lv_name), tag(snapshot.run));
        let size = format!("{}b", own.room_of_a_classic_one().unwrap_or_default());
        let mut words = vec!["--snapshot", "--permission", "r", "--addtag", &mark, "--name", name];
        if !own.is_thin() {
            words.extend(["--size", &size]);
        }
        words.push(&of);
        ask(tool(LVCREATE).map_err(here)?, &words)?;
        let gone = || SnapshotError::Gone { name: snapshot.name.clone() };
        found(ground, snapshot)?.map(|volume| volume.lv_uuid).ok_or_else(gone)
    }

    fn check(&self, ground: &Ground, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
        let gone = || SnapshotError::Gone { name: snapshot.name.clone() };
        let volume = found(ground, snapshot)?.ok_or_else(gone)?;
        is_ours(&volume, snapshot)?;
        if volume.has_run_full() { Err(SnapshotError::Full { name: snapshot.name.clone() }) } else { Ok(()) }
    }

    fn discard(&self, ground: &Ground, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
        let Some(volume) = found(ground, snapshot)? else { return Ok(()) };
        is_ours(&volume, snapshot)?;
        ask(tool(LVREMOVE).map_err(here)?, &["--yes", &snapshot.name]).map(drop)
    }

    fn restoring(&self) -> Restoring<'_> {
        Restoring::ByHand(|snapshot| {
            vec![
                format!("lvconvert --merge {}", snapshot.name),
                "reboot: LVM merges when the root is activated next".to_owned(),
                "what was written since then is lost, patchctl's records of it too".to_owned(),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As lvs 2.03.16 tells them with the snapshot of a run and one of somebody else (tests/fixtures/lvm/README.md).
    const THIN: &str = include_str!("../../../tests/fixtures/lvm/thin.json");
    const CLASSIC: &str = include_str!("../../../tests/fixtures/lvm/classic.json");

    fn named(text: &str, name: &str) -> Volume {
        let found = volumes(text).expect("told");
        found.into_iter().find(|volume| volume.lv_name == name).expect("it is there")
    }

    #[test]
    fn a_thin_pool_is_too_full_by_data_or_by_metadata() {
        let (root, pool) = (named(THIN, "root"), named(THIN, "pool"));
        assert!(root.is_thin() && root.pool_lv == pool.lv_name);
        assert_eq!(root.too_full(Some(&pool)), None);
        let full = Volume { metadata_percent: "81.00".into(), ..pool };
        let reason = root.too_full(Some(&full)).expect("81 % is too much");
        assert_eq!(reason, "the metadata of the pool pool is 81 % full");
        assert!(root.too_full(None).is_some());
        assert_eq!(volumes("not json"), None);
    }

    #[test]
    fn a_classic_snapshot_needs_a_fifth_of_the_root_in_whole_extents() {
        let root = named(CLASSIC, "root");
        assert!(!root.is_thin());
        assert_eq!(root.room_of_a_classic_one(), Some(52 * EXTENT));
        assert_eq!(root.too_full(None), None);
        let tight = Volume { vg_free: (51 * EXTENT).to_string(), ..root };
        assert!(tight.too_full(None).is_some_and(|reason| reason.contains("volume group lab")));
    }

    #[test]
    fn what_a_run_took_bears_its_tag_and_a_classic_one_may_run_full() {
        for text in [THIN, CLASSIC] {
            let (ours, theirs) = (named(text, "root-patchctl-0001"), named(text, "theirs"));
            assert_eq!((ours.lv_tags.as_str(), ours.origin.as_str()), ("patchctl-0001", "root"));
            assert_eq!((theirs.lv_tags.as_str(), theirs.origin.as_str()), ("", "root"));
            assert!(!ours.has_run_full());
            let full = Volume { data_percent: "100.00".into(), ..ours };
            assert_eq!(full.has_run_full(), text == CLASSIC, "a thin one takes room from its pool");
        }
    }
}
