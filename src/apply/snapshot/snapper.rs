//! Snapshots by snapper, where its configuration `root` is there (snapper(8)). The tag is its user data. Restoring is left to
//! a person: `snapper rollback` exists for that, and was not tried for real.

use std::path::Path;

use serde_json::Value;

use super::ask::{ask, program, unfit};
use super::{Coverage, Ground, Naming, Restoring, SnapshotError, SnapshotProvider, Unfit};
use crate::host::storage;
use crate::model::run::RunId;
use crate::model::snapshot::SnapshotRef;

/// The provider.
#[derive(Debug)]
pub struct Snapper;

const NAME: &str = "snapper";

/// The key of its user data that is ours.
const TAG: &str = "patchctl";

fn snapper() -> Result<&'static str, Unfit> {
    program(&["/usr/bin/snapper"], NAME)
}

fn here(error: Unfit) -> SnapshotError {
    SnapshotError::Unfit { provider: NAME, reason: error.0 }
}

/// Numbers and tags of `snapper --jsonout list --columns number,userdata`: one list for each configuration.
fn tagged(text: &str) -> Option<Vec<(u64, String)>> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let snapshots = answer.as_object()?.values().filter_map(Value::as_array).flatten();
    let ours = snapshots.filter_map(|snapshot| {
        let tag = snapshot.get("userdata")?.get(TAG)?.as_str()?;
        Some((snapshot.get("number")?.as_u64()?, tag.to_owned()))
    });
    Some(ours.collect())
}

/// The number of the snapshot that bears the tag of the run.
fn found(snapshot: &SnapshotRef) -> Result<Option<u64>, SnapshotError> {
    let words = ["--jsonout", "--no-dbus", "-c", "root", "list", "--columns", "number,userdata"];
    let text = ask(snapper().map_err(here)?, &words)?;
    let all =
        tagged(&text).ok_or(SnapshotError::Answer { command: "snapper list".to_owned(), field: "number" })?;
    let run = snapshot.run.to_string();
    let mut numbers = all.into_iter().filter(|(_, tag)| *tag == run).map(|(number, _)| number);
    match &snapshot.id {
        Some(id) => Ok(numbers.find(|number| number.to_string() == *id)),
        None => Ok(numbers.next()),
    }
}

impl SnapshotProvider for Snapper {
    fn name(&self) -> &'static str {
        NAME
    }

    fn probe(&self, ground: &Ground) -> Result<Coverage, Unfit> {
        snapper()?;
        if !ground.is_live {
            return Err(Unfit::because("snapper works on the running system alone"));
        }
        if !storage::exists(Path::new("/etc/snapper/configs/root")) {
            return Err(Unfit::because(
                "snapper has no configuration named root (snapper -c root create-config /)",
            ));
        }
        ground.is_whole()?;
        let mount = ground.mount()?;
        let coverage = ground.coverage(&format!("the root as snapper has it ({})", mount.part.display()));
        ask(snapper()?, &["--no-dbus", "-c", "root", "get-config"]).map_err(unfit)?;
        Ok(coverage)
    }

    fn name_for(&self, _: &Ground, run: RunId) -> Result<Naming, SnapshotError> {
        Ok(Naming { name: format!("snapper {TAG}={run}"), origin: "root".to_owned() })
    }

    fn create(&self, ground: &Ground, snapshot: &SnapshotRef) -> Result<String, SnapshotError> {
        // Left by a run with this number whose records are lost: the tag is ours.
        self.discard(ground, snapshot)?;
        let data = format!("{TAG}={}", snapshot.run);
        let text = format!("before patchctl run {}", snapshot.run);
        // A single snapshot is read-only unless it is asked otherwise, and without an algorithm only patchctl removes it.
        let words = [
            "--no-dbus",
            "-c",
            "root",
            "create",
            "--type",
            "single",
            "--print-number",
            "--description",
            &text,
            "--userdata",
            &data,
        ];
        let said = ask(snapper().map_err(here)?, &words)?;
        let number = said.trim().to_owned();
        match number.parse::<u64>() {
            Ok(_) => Ok(number),
            Err(_) => Err(SnapshotError::Answer { command: "snapper create".to_owned(), field: "number" }),
        }
    }

    fn check(&self, _: &Ground, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
        found(snapshot)?.map(drop).ok_or_else(|| SnapshotError::Gone { name: snapshot.name.clone() })
    }

    fn discard(&self, _: &Ground, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
        let Some(number) = found(snapshot)? else { return Ok(()) };
        ask(snapper().map_err(here)?, &["--no-dbus", "-c", "root", "delete", &number.to_string()]).map(drop)
    }

    fn restoring(&self) -> Restoring<'_> {
        Restoring::ByHand(|snapshot| {
            let number = snapshot.id.as_deref().unwrap_or("NUMBER");
            vec![
                format!("snapper --ambit classic rollback {number}"),
                "reboot: the default subvolume is the one that is booted next".to_owned(),
                "what was written since then is lost, patchctl's records of it too".to_owned(),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_snapshots_with_our_user_data_are_seen() {
        // Said by snapper 0.10.4 of Debian 12 (`tests/suite/stories/snapper_keeps_the_root.rs`).
        let text = r#"{"root": [{"number": 0, "userdata": null}, {"number": 1, "userdata": {"important": "yes"}},
            {"number": 3, "userdata": {"patchctl": "0002"}}]}"#;
        assert_eq!(tagged(text), Some(vec![(3, "0002".to_owned())]));
        assert_eq!(tagged("# | Type"), None);
    }
}
