//! The way back for configuration: every path that still is what the run left becomes what it was before.
//!
//! Three states decide ([`decide`]): before the run, what the run left, and what was there when the way back began.
//! Installing the old packages may change files once more; what they changed is no one's edit, so the decision
//! holds over it. Therefore `live` is saved before the old packages are installed, and [`restore`] runs after.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::decide::{Decision, decide};
use super::effects::{self, Obstacle};
use super::manifest::{Entry, Kind, Manifest, Scope};
use super::save::Saved;
use crate::host::storage::{self, StorageError};

/// What the version from before the run is called beside a file that someone edited.
pub const BESIDE: &str = ".patchctl-before";

/// What the way back starts from.
#[derive(Clone, Copy, Debug)]
pub struct Restoration<'a> {
    /// What is looked at.
    pub scope: &'a Scope,
    /// What was there before the run's first change.
    pub before: &'a Saved,
    /// What the run left. Where it was cut off before it could be listed: the manifest of `live`, so that
    /// everything counts as the run's; nothing is lost, because `live` is saved.
    pub after: &'a Manifest,
    /// What was there when the way back began, before any old package was installed.
    pub live: &'a Saved,
}

/// A path that stays as someone edited it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The path.
    pub path: PathBuf,
    /// Where the version from before the run lies, when there was one that can lie beside it.
    pub before: Option<PathBuf>,
}

/// A path that is not what it should be.
#[derive(Debug)]
pub struct NotRestored {
    /// The path.
    pub path: PathBuf,
    /// Why.
    pub obstacle: Obstacle,
}

/// What the way back did.
#[derive(Debug, Default)]
pub struct Restored {
    /// Paths that are again what they were.
    pub put_back: Vec<PathBuf>,
    /// Paths of the run that are gone.
    pub removed: Vec<PathBuf>,
    /// Edited paths that stay.
    pub kept: Vec<Kept>,
    /// Paths that are not what they should be: a person has to look.
    pub not_restored: Vec<NotRestored>,
    /// Paths that appeared on the way back. They stay, because no one can say who made them.
    pub appeared: Vec<PathBuf>,
}

/// What a path should be, and which saved set holds its content.
struct Wish<'a> {
    path: &'a Path,
    decision: Decision,
    wanted: Option<&'a Entry>,
    from: &'a Saved,
}

/// Makes every path of the scope what the decision over it says, and proves it by listing the scope again.
/// Can be repeated: what is as it should be is left alone.
///
/// # Errors
/// The scope cannot be listed, or what was saved cannot be read. Obstacles at single paths are told in the result.
pub fn restore(request: Restoration<'_>) -> Result<Restored, StorageError> {
    let current = Manifest::capture(request.scope)?;
    let wishes = wishes(request);
    let mut work = Work { scope: request.scope, current: &current, obstacles: BTreeMap::new() };
    work.remove_what_is_in_the_way(&wishes);
    work.make_folders_and_links(&wishes);
    work.make_files(&wishes, request)?;
    let kept = work.lay_beside(&wishes, request)?;
    let obstacles = work.obstacles;
    let proof = Manifest::capture(request.scope)?;
    let mut restored = tell(&wishes, (&current, &proof), obstacles);
    restored.kept = kept;
    restored.appeared = appeared(&wishes, &current);
    restored.keep_folders_of_kept_files();
    Ok(restored)
}

impl Restored {
    /// A folder of the run that holds what someone edited or made stays with it, and is no failure.
    fn keep_folders_of_kept_files(&mut self) {
        let inside: Vec<&Path> =
            self.kept.iter().map(|kept| &kept.path).chain(&self.appeared).map(PathBuf::as_path).collect();
        let is_held = |one: &NotRestored| {
            matches!(one.obstacle, Obstacle::NotEmpty)
                && inside.iter().any(|path| path.starts_with(&one.path))
        };
        let (held, stuck) = std::mem::take(&mut self.not_restored).into_iter().partition(is_held);
        self.not_restored = stuck;
        let held: Vec<NotRestored> = held;
        self.kept.extend(held.into_iter().map(|one| Kept { path: one.path, before: None }));
    }
}

fn appeared(wishes: &[Wish<'_>], current: &Manifest) -> Vec<PathBuf> {
    let known: BTreeSet<&Path> = wishes.iter().map(|wish| wish.path).collect();
    let is_ours = |path: &Path| path.as_os_str().as_encoded_bytes().ends_with(BESIDE.as_bytes());
    let paths = current.entries().map(|entry| entry.path.as_path());
    paths.filter(|path| !known.contains(path) && !is_ours(path)).map(Path::to_owned).collect()
}

fn wishes<'a>(request: Restoration<'a>) -> Vec<Wish<'a>> {
    let Restoration { before, after, live, .. } = request;
    let all = [&before.manifest, after, &live.manifest];
    let paths: BTreeSet<&Path> =
        all.iter().flat_map(|manifest| manifest.entries()).map(|entry| entry.path.as_path()).collect();
    let wish = |path: &'a Path| {
        let (was, is) = (before.manifest.get(path), live.manifest.get(path));
        let decision = decide(was, after.get(path), is);
        let (wanted, from) = match decision {
            Decision::PutBack => (was, before),
            Decision::Remove => (None, before),
            Decision::Unchanged if was == is => (was, before),
            Decision::Unchanged | Decision::KeepEdited | Decision::KeepEditedNew => (is, live),
        };
        Wish { path, decision, wanted, from }
    };
    paths.into_iter().map(wish).collect()
}

/// Carries wishes out and remembers what stood in the way.
struct Work<'a> {
    scope: &'a Scope,
    current: &'a Manifest,
    obstacles: BTreeMap<PathBuf, Obstacle>,
}

impl<'a> Work<'a> {
    fn is_fulfilled(&self, wish: &Wish<'_>) -> bool {
        self.current.get(wish.path) == wish.wanted
    }

    fn note(&mut self, path: &Path, outcome: Result<(), Obstacle>) {
        if let Err(obstacle) = outcome {
            self.obstacles.insert(path.to_owned(), obstacle);
        }
    }

    /// Deepest first, so that a folder is empty when its turn comes.
    fn remove_what_is_in_the_way(&mut self, wishes: &[Wish<'_>]) {
        for wish in wishes.iter().rev() {
            let Some(entry) = self.current.get(wish.path) else { continue };
            let is_folder = entry.kind == Kind::Folder;
            let goes = wish.wanted.is_none_or(|wanted| is_folder != (wanted.kind == Kind::Folder));
            if goes {
                let outcome = effects::remove(self.scope, entry);
                self.note(wish.path, outcome);
            }
        }
    }

    /// Parents first, so that a folder is there when its content comes.
    fn make_folders_and_links(&mut self, wishes: &[Wish<'_>]) {
        for wish in wishes {
            let Some(wanted) = wish.wanted.filter(|_| !self.is_fulfilled(wish)) else { continue };
            if self.obstacles.contains_key(wish.path) {
                continue;
            }
            let outcome = match wanted.kind {
                Kind::Folder => effects::make_folder(self.scope, wish.path, wanted),
                Kind::Link { .. } => effects::make_link(self.scope, wish.path, wanted),
                Kind::Other => Err(Obstacle::Special),
                Kind::File { .. } => Ok(()),
            };
            self.note(wish.path, outcome);
        }
    }

    fn make_files(&mut self, wishes: &[Wish<'a>], request: Restoration<'a>) -> Result<(), StorageError> {
        for source in [request.before, request.live] {
            let mut open: BTreeMap<PathBuf, Vec<(PathBuf, &Entry)>> = BTreeMap::new();
            for wish in wishes.iter().filter(|wish| std::ptr::eq(wish.from, source)) {
                let Some(wanted) = wish.wanted.filter(|_| !self.is_fulfilled(wish)) else { continue };
                let is_file = matches!(wanted.kind, Kind::File { .. });
                if is_file && !self.obstacles.contains_key(wish.path) {
                    open.entry(wanted.path.clone()).or_default().push((wish.path.to_owned(), wanted));
                }
            }
            self.write_files(source, open)?;
        }
        Ok(())
    }

    /// Writes each saved content to the paths that wait for it; what is still waiting then was not saved.
    fn write_files(
        &mut self,
        source: &Saved,
        mut open: BTreeMap<PathBuf, Vec<(PathBuf, &Entry)>>,
    ) -> Result<(), StorageError> {
        if open.is_empty() {
            return Ok(());
        }
        source.for_each_content(&mut |path, content| {
            for (to, entry) in open.remove(path).unwrap_or_default() {
                let outcome = effects::make_file(self.scope, &to, (entry, content));
                self.note(&to, outcome);
            }
        })?;
        for (to, _) in open.into_values().flatten() {
            self.note(&to, Err(Obstacle::NotSaved));
        }
        Ok(())
    }

    /// Lays the version from before the run beside each file or link that someone edited.
    fn lay_beside(
        &mut self,
        wishes: &[Wish<'a>],
        request: Restoration<'a>,
    ) -> Result<Vec<Kept>, StorageError> {
        let mut kept = Vec::new();
        let mut open: BTreeMap<PathBuf, Vec<(PathBuf, &Entry)>> = BTreeMap::new();
        for wish in wishes {
            if !matches!(wish.decision, Decision::KeepEdited | Decision::KeepEditedNew) {
                continue;
            }
            let beside = beside(wish.path);
            let before = match request.before.manifest.get(wish.path) {
                Some(entry) if matches!(entry.kind, Kind::File { .. }) => {
                    open.entry(wish.path.to_owned()).or_default().push((beside.clone(), entry));
                    Some(beside)
                }
                Some(entry) if matches!(entry.kind, Kind::Link { .. }) => {
                    let outcome = effects::make_link(self.scope, &beside, entry);
                    self.note(&beside, outcome);
                    Some(beside)
                }
                _ => None,
            };
            kept.push(Kept { path: wish.path.to_owned(), before });
        }
        self.write_files(request.before, open)?;
        for entry in &mut kept {
            entry.before = entry.before.take().filter(|beside| !self.obstacles.contains_key(beside));
        }
        Ok(kept)
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(BESIDE);
    PathBuf::from(name)
}

/// Sorts every wish by what is true now, not by what was tried.
fn tell(
    wishes: &[Wish<'_>],
    (current, proof): (&Manifest, &Manifest),
    mut obstacles: BTreeMap<PathBuf, Obstacle>,
) -> Restored {
    let mut restored = Restored::default();
    for wish in wishes {
        let obstacle = obstacles.remove(wish.path);
        let path = wish.path.to_owned();
        if proof.get(wish.path) != wish.wanted {
            let obstacle = obstacle.unwrap_or(Obstacle::Unproven);
            restored.not_restored.push(NotRestored { path, obstacle });
        } else if current.get(wish.path) == wish.wanted {
            continue;
        } else if wish.wanted.is_some() {
            restored.put_back.push(path);
        } else {
            restored.removed.push(path);
        }
    }
    let left = obstacles.into_iter().map(|(path, obstacle)| NotRestored { path, obstacle });
    restored.not_restored.extend(left);
    restored
}

/// Tells whether the scope is what it was before, by listing it again.
///
/// # Errors
/// The scope cannot be listed.
pub fn differences(scope: &Scope, before: &Manifest) -> storage::Result<Vec<PathBuf>> {
    let now = Manifest::capture(scope)?;
    let paths: BTreeSet<&PathBuf> = before.entries().chain(now.entries()).map(|entry| &entry.path).collect();
    Ok(paths.into_iter().filter(|path| before.get(path) != now.get(path)).cloned().collect())
}
