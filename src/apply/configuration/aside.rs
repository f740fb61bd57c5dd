//! Configuration that an update moved aside although it is to stay: rpm does so with an edited `%config` file that is not
//! marked `noreplace` (rpm(8), `.rpmsave`), and asks nobody.

use std::path::{Path, PathBuf};

use super::manifest::Kind;
use super::save::Saved;
use crate::config::layout::RunFolder;
use crate::host::{draft, storage};

use super::super::{RunError, Tools};
use crate::model::decision::ConffilePolicy;

/// What rpm calls the administrator's file that it moved aside.
const MOVED: &str = ".rpmsave";
/// What it calls the vendor's file that it lays beside the administrator's.
const BESIDE: &str = ".rpmnew";
/// What pacman calls the two (pacman(8), "Handling Config Files").
const OF_PACMAN: [&str; 2] = [".pacsave", ".pacnew"];
/// What apk calls the vendor's (apk-protected_paths(5)).
const OF_APK: &str = ".apk-new";

/// Puts every file back in its place that lies aside exactly as it was before the run, and the vendor's beside it, where
/// edited configuration is to stay. Done again it finds nothing to do.
///
/// # Errors
/// What was saved before the run cannot be read, or a file cannot be moved.
pub fn put_back(tools: &Tools<'_>, folder: &RunFolder) -> Result<(), RunError> {
    // Reading what was saved takes a while, and after every step: not where nothing is ever moved.
    if tools.rules.conffiles != ConffilePolicy::Keep || !tools.manager.archives().moves_configuration_aside()
    {
        return Ok(());
    }
    let Some(before) = Saved::open(&folder.before()).map_err(RunError::Saved)? else { return Ok(()) };
    for entry in before.manifest.entries() {
        let Kind::File { sha256, .. } = &entry.kind else { continue };
        let place = tools.layout.target(&entry.path.to_string_lossy());
        let aside = with(&place, MOVED);
        let is_as_before = |path: &Path| storage::digest(path).is_ok_and(|found| found == *sha256);
        if !storage::exists(&aside) || !is_as_before(&aside) || is_as_before(&place) {
            continue;
        }
        if storage::exists(&place) {
            storage::rename(&place, &with(&place, BESIDE)).map_err(RunError::Storage)?;
        }
        storage::rename(&aside, &place).map_err(RunError::Storage)?;
    }
    Ok(())
}

/// Removes what the way back itself laid beside configuration files: a copy of what lies in its place again, a version of the
/// vendor that is in the old archive, or the draft of a file that it was killed over. `appeared` was neither there before the
/// run nor left by it nor there when the way back began.
///
/// # Errors
/// A file cannot be removed.
pub fn remove_copies(tools: &Tools<'_>, appeared: &[PathBuf], live: &Saved) -> Result<(), RunError> {
    for path in appeared {
        let text = path.to_string_lossy();
        let place = tools.layout.target(&text);
        let [moved, beside] = OF_PACMAN;
        let bare = text.strip_suffix(MOVED).or_else(|| text.strip_suffix(moved));
        let is_copy = bare.and_then(|bare| live.manifest.get(Path::new(bare))).is_some_and(
            |entry| matches!(&entry.kind, Kind::File { sha256, .. } if storage::digest(&place).ok() == Some(*sha256)),
        );
        // What the draft was to become is in its place by now.
        let is_draft = draft::meant_by(&place).is_some_and(|meant| storage::exists(&meant));
        if is_copy || is_draft || [BESIDE, beside, OF_APK].iter().any(|end| text.ends_with(end)) {
            storage::remove_file(&place).map_err(RunError::Storage)?;
        }
    }
    Ok(())
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
