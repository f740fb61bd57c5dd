//! The files that a plan changes, read from what its rehearsal wrote.

use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::host::clone::Layer;
use crate::host::ownership;
use crate::host::storage::{self, StorageError};
use crate::report::rehearsal::FileChanges;

/// A folder with this attribute hides what the original has in it (Documentation/filesystems/overlayfs.rst).
const OPAQUE: &str = "trusted.overlay.opaque";

/// Lists the changes of all layers. What lies below one of the `passed_over` paths is left out: it is the rehearsal's own.
///
/// # Errors
/// A file cannot be read.
pub fn of(layers: &[Layer], passed_over: &[PathBuf]) -> Result<FileChanges, StorageError> {
    let mut found = FileChanges::default();
    for layer in layers {
        storage::walk(&layer.upper, &mut |path, metadata| {
            let relative = path.strip_prefix(&layer.upper).unwrap_or(path);
            let shown = layer.point.join(relative);
            if passed_over.iter().any(|own| shown.starts_with(own)) {
                return Ok(());
            }
            note(&mut found, &shown, (path, metadata), &layer.lower.join(relative))
        })?;
    }
    for list in [&mut found.added, &mut found.changed, &mut found.removed] {
        list.sort_unstable();
    }
    Ok(found)
}

fn note(
    found: &mut FileChanges,
    shown: &Path,
    (path, metadata): (&Path, &Metadata),
    original: &Path,
) -> Result<(), StorageError> {
    let before = storage::metadata(original)?;
    let name = || shown.display().to_string();
    if is_whiteout(metadata) {
        if before.is_some() {
            gone(found, shown, original)?;
        }
        return Ok(());
    }
    if metadata.is_dir() {
        // A folder counts by what is in it.
        return if before.is_some_and(|before| before.is_dir()) && is_opaque(path)? {
            hidden(found, shown, (path, original))
        } else {
            Ok(())
        };
    }
    match before {
        None => found.added.push(name()),
        Some(before) if before.is_dir() => {
            gone(found, shown, original)?;
            found.added.push(name());
        }
        Some(before) if !is_same((path, metadata), (original, &before))? => found.changed.push(name()),
        Some(_) => {}
    }
    Ok(())
}

/// A file that is gone is marked by a device with the number 0.
fn is_whiteout(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

fn is_opaque(folder: &Path) -> Result<bool, StorageError> {
    Ok(ownership::attributes(folder)?.get(std::ffi::OsStr::new(OPAQUE)).is_some_and(|value| value == b"y"))
}

fn gone(found: &mut FileChanges, shown: &Path, original: &Path) -> Result<(), StorageError> {
    let is_folder = storage::metadata(original)?.is_some_and(|before| before.is_dir());
    if !is_folder {
        found.removed.push(shown.display().to_string());
        return Ok(());
    }
    storage::walk(original, &mut |path, metadata| {
        if !metadata.is_dir() {
            let relative = path.strip_prefix(original).unwrap_or(path);
            found.removed.push(shown.join(relative).display().to_string());
        }
        Ok(())
    })
}

/// A folder that was made anew in the place of another one: what it does not have is gone.
fn hidden(
    found: &mut FileChanges,
    shown: &Path,
    (new, original): (&Path, &Path),
) -> Result<(), StorageError> {
    storage::walk(original, &mut |path, metadata| {
        let relative = path.strip_prefix(original).unwrap_or(path);
        if !metadata.is_dir() && !storage::exists(&new.join(relative)) {
            found.removed.push(shown.join(relative).display().to_string());
        }
        Ok(())
    })
}

/// A file that was only opened for writing, or replaced by the same, is not changed.
fn is_same(
    (path, metadata): (&Path, &Metadata),
    (original, before): (&Path, &Metadata),
) -> Result<bool, StorageError> {
    let rights = |found: &Metadata| (found.mode(), found.uid(), found.gid());
    if rights(metadata) != rights(before) {
        return Ok(false);
    }
    if metadata.is_symlink() {
        return Ok(storage::link_target(path)? == storage::link_target(original)?);
    }
    if !metadata.is_file() {
        return Ok(true);
    }
    Ok(metadata.len() == before.len() && storage::digest(path)? == storage::digest(original)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_changed_and_only_touched_is_told_apart() {
        let place = Path::new("/tmp").join(format!("patchctl-changes-{}", std::process::id()));
        let _ = storage::remove_folder(&place);
        let (lower, upper) = (place.join("lower"), place.join("upper"));
        for (path, text) in [
            (lower.join("etc/same"), "1"),
            (upper.join("etc/same"), "1"),
            (lower.join("etc/changed"), "1"),
            (upper.join("etc/changed"), "2"),
            (upper.join("etc/added"), "1"),
            (upper.join("own/x"), "1"),
        ] {
            storage::create_folder(path.parent().expect("below a folder"), 0o755).expect("made");
            storage::replace(&path, text.as_bytes(), storage::PUBLIC).expect("written");
        }
        let layer = Layer { point: "/".into(), lower, upper, work: place.join("work"), writable: true };
        let found = of(&[layer], &["/own".into()]).expect("readable");
        assert_eq!(found.added, ["/etc/added"]);
        assert_eq!(found.changed, ["/etc/changed"]);
        assert_eq!(found.removed, Vec::<String>::new());
        assert_eq!(found.configuration(), [('+', "/etc/added"), ('~', "/etc/changed")]);
        storage::remove_folder(&place).expect("removed");
    }
}
