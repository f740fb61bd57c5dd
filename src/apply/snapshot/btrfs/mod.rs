//! Snapshots of a btrfs root: a read-only subvolume beside the one that the root is.
//!
//! The layouts of the distributions differ in names alone: the snapshot of `@rootfs` (Debian), `@` (Ubuntu) or `root`
//! (Fedora) is `@rootfs.patchctl-0042` beside it. btrfs knows no tags, so the identity (UUID) that is written down with the
//! run is ours: a subvolume with the right name and another identity is never touched.

mod answers;
mod booting;

use std::path::{Path, PathBuf};

use self::answers::Subvolume;
use self::booting::Booting;
use super::{Coverage, Ground, Naming, Restorer, Restoring, SnapshotError, SnapshotProvider, Unfit, ask};
use crate::host::exchange::exchange;
use crate::host::facts;
use crate::host::mounts::OwnMount;
use crate::host::storage;
use crate::model::run::RunId;
use crate::model::snapshot::SnapshotRef;

/// The provider.
#[derive(Debug)]
pub struct Btrfs;

const NAME: &str = "btrfs";

/// Where distributions put the tool: Debian, Ubuntu, Arch and openSUSE; Fedora.
const PROGRAMS: &[&str] = &["/usr/bin/btrfs", "/usr/sbin/btrfs", "/sbin/btrfs"];

fn program() -> Result<&'static str, Unfit> {
    ask::program(PROGRAMS, "btrfs-progs")
}

fn unfit(Unfit(reason): Unfit) -> SnapshotError {
    SnapshotError::Unfit { provider: NAME, reason }
}

/// Runs `btrfs` on a path and returns what it said.
fn ask(words: &[&str], path: &Path) -> Result<String, SnapshotError> {
    let path = path.display().to_string();
    ask::ask(program().map_err(unfit)?, &[words, &[&path]].concat())
}

fn show(path: &Path) -> Result<Subvolume, SnapshotError> {
    let text = ask(&["subvolume", "show"], path)?;
    let command = "btrfs subvolume show".to_owned();
    answers::subvolume(&text).ok_or(SnapshotError::Answer { command, field: "UUID" })
}

fn snapshot_of(from: &Path, to: &Path, flags: &[&str]) -> Result<(), SnapshotError> {
    let from = from.display().to_string();
    ask(&[&["subvolume", "snapshot"], flags, &[&from]].concat(), to).map(drop)
}

/// The subvolume that a root is: its path below the top of the file system, and the device.
struct Place {
    device: String,
    path: PathBuf,
}

fn place(ground: &Ground) -> Result<Place, Unfit> {
    let mount = ground.mount()?;
    if mount.kind != NAME {
        return Err(Unfit::because(format!("the root is {}", mount.kind)));
    }
    let path = mount.part.strip_prefix("/").unwrap_or(&mount.part).to_owned();
    if path.as_os_str().is_empty() {
        return Err(Unfit::because(
            "the root is the top of its file system, which nothing can take the place of",
        ));
    }
    Ok(Place { device: mount.source.clone(), path })
}

/// The whole file system, mounted for a moment.
fn top(ground: &Ground, place: &Place) -> Result<OwnMount, SnapshotError> {
    OwnMount::new((&place.device, NAME), &ground.scratch, "subvolid=5").map_err(SnapshotError::Storage)
}

/// Subvolumes below the root that hold files: they would be missing in a restored root.
fn nested(ground: &Ground, place: &Place) -> Result<Vec<PathBuf>, SnapshotError> {
    let text = ask(&["subvolume", "list", "-o"], &ground.root)?;
    let inside = |path: String| Path::new(&path).strip_prefix(&place.path).map(Path::to_owned).ok();
    let holds_files = |path: &PathBuf| !storage::list(&ground.root.join(path)).unwrap_or_default().is_empty();
    Ok(answers::paths(&text).into_iter().filter_map(inside).filter(holds_files).collect())
}

/// What only root can find out: how the boot finds the root, and whether there is room for what btrfs writes about files.
fn look_closer(ground: &Ground) -> Result<(), Unfit> {
    let failed = |error: SnapshotError| Unfit::because(error.to_string());
    if booting::of(&ground.root, ground.is_live)? == Booting::ByDefault {
        let default = ask(&["subvolume", "get-default"], &ground.root).map_err(failed)?;
        let own = show(&ground.root).map_err(failed)?;
        if answers::default_number(&default) != Some(own.number) {
            return Err(Unfit::because(
                "nothing tells how the boot finds the root: no subvol= in /etc/fstab or on the kernel's command \
                 line, and it is not the default subvolume",
            ));
        }
    }
    let usage = ask(&["filesystem", "usage", "-b"], &ground.root).map_err(failed)?;
    if answers::metadata_room(&usage).is_some_and(|room| !room.is_enough()) {
        return Err(Unfit::because(
            "its metadata is more than 80 % full and its devices have no room for more (btrfs filesystem usage /)",
        ));
    }
    Ok(())
}

/// Refuses what bears the name and is something else.
fn is_ours(found: &Subvolume, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
    let (is, expected) = match &snapshot.id {
        Some(id) => (&found.uuid, id),
        // Cut off before its identity was written down: then it is known by what it was made from.
        None => (&found.parent, &snapshot.origin),
    };
    if is == expected {
        return Ok(());
    }
    let name = snapshot.name.clone();
    Err(SnapshotError::Foreign { name, found: is.clone(), expected: expected.clone() })
}

fn delete(path: &Path) -> Result<(), SnapshotError> {
    ask(&["subvolume", "delete", "--commit-after"], path).map(drop)
}

impl SnapshotProvider for Btrfs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn probe(&self, ground: &Ground) -> Result<Coverage, Unfit> {
        let place = place(ground)?;
        program()?;
        ground.is_whole()?;
        let mut coverage = ground.coverage(&format!("the subvolume {}", place.path.display()));
        if facts::is_root() {
            look_closer(ground)?;
            let nested = nested(ground, &place).unwrap_or_default();
            coverage.does_not_cover.extend(nested.iter().map(|path| format!("/{}", path.display())));
        }
        Ok(coverage)
    }

    fn name_for(&self, ground: &Ground, run: RunId) -> Result<Naming, SnapshotError> {
        let place = place(ground).map_err(unfit)?;
        let name = format!("{}.patchctl-{run}", place.path.display());
        Ok(Naming { name, origin: show(&ground.root)?.uuid })
    }

    fn create(&self, ground: &Ground, snapshot: &SnapshotRef) -> Result<String, SnapshotError> {
        let place = place(ground).map_err(unfit)?;
        let top = top(ground, &place)?;
        let path = top.point().join(&snapshot.name);
        if storage::exists(&path) {
            // Left by a run with this number whose records are lost; only the same origin makes it ours to replace.
            is_ours(&show(&path)?, snapshot)?;
            delete(&path)?;
        }
        snapshot_of(&top.point().join(&place.path), &path, &["-r"])?;
        Ok(show(&path)?.uuid)
    }

    fn check(&self, ground: &Ground, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
        let place = place(ground).map_err(unfit)?;
        let top = top(ground, &place)?;
        found(&top, snapshot).map(drop)
    }

    fn discard(&self, ground: &Ground, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
        let place = place(ground).map_err(unfit)?;
        let top = top(ground, &place)?;
        match found(&top, snapshot) {
            Ok(path) => delete(&path),
            Err(SnapshotError::Gone { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn restoring(&self) -> Restoring<'_> {
        Restoring::ByPatchctl(self)
    }
}

/// Returns where the snapshot is, once it is proved to be ours.
fn found(top: &OwnMount, snapshot: &SnapshotRef) -> Result<PathBuf, SnapshotError> {
    let path = top.point().join(&snapshot.name);
    if !storage::exists(&path) {
        return Err(SnapshotError::Gone { name: snapshot.name.clone() });
    }
    is_ours(&show(&path)?, snapshot)?;
    Ok(path)
}

impl Restorer for Btrfs {
    fn look_into(
        &self,
        ground: &Ground,
        snapshot: &SnapshotRef,
        look: &mut dyn FnMut(&Path),
    ) -> Result<(), SnapshotError> {
        let place = place(ground).map_err(unfit)?;
        let top = top(ground, &place)?;
        look(&found(&top, snapshot)?);
        Ok(())
    }

    fn restore(
        &self,
        ground: &Ground,
        snapshot: &SnapshotRef,
        furnish: &mut dyn FnMut(&Path) -> Result<(), SnapshotError>,
    ) -> Result<String, SnapshotError> {
        let place = place(ground).map_err(unfit)?;
        let booting = booting::of(&ground.root, ground.is_live).map_err(unfit)?;
        if let Some(path) = nested(ground, &place)?.first() {
            let reason = format!("the subvolume /{} holds files and would be missing", path.display());
            return Err(unfit(Unfit::because(reason)));
        }
        let top = top(ground, &place)?;
        let source = found(&top, snapshot)?;
        let beside = beside(&place, booting, snapshot.run);
        let fresh = top.point().join(&beside);
        if storage::exists(&fresh) {
            // A restore that was cut off left it; it was made from this snapshot or it is not ours.
            let draft = SnapshotRef {
                id: None,
                origin: show(&source)?.uuid,
                name: beside.clone(),
                ..snapshot.clone()
            };
            is_ours(&show(&fresh)?, &draft)?;
            delete(&fresh)?;
        }
        snapshot_of(&source, &fresh, &[])?;
        furnish(&fresh)?;
        storage::sync_all();
        switch(booting, &top.point().join(&place.path), &fresh)?;
        storage::sync_all();
        Ok(match booting {
            Booting::ByPath => beside,
            Booting::ByDefault => place.path.display().to_string(),
        })
    }
}

/// The name of what lies beside the booted root afterwards: the old one, or the fresh one where the boot follows a number.
fn beside(place: &Place, booting: Booting, run: RunId) -> String {
    let what = match booting {
        Booting::ByPath => "replaced",
        Booting::ByDefault => "restored",
    };
    format!("{}.patchctl-{what}-{run}", place.path.display())
}

/// Puts the fresh root where the boot looks for it.
fn switch(booting: Booting, present: &Path, fresh: &Path) -> Result<(), SnapshotError> {
    match booting {
        Booting::ByPath => exchange(present, fresh).map_err(SnapshotError::Storage),
        Booting::ByDefault => ask(&["subvolume", "set-default"], fresh).map(drop),
    }
}
