//! What is true before the first change, kept in the run's folder: it survives patchctl.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Look;
use super::boots::{self, Holders};
use super::checks::{self, Answer, Check};
use super::probes;
use crate::apply::Tools;
use crate::apply::restart::Owners;
use crate::config::layout::RunFolder;
use crate::host::{facts, storage};
use crate::model::package::PackageName;

/// The state before a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The boot in which it was taken; sockets and services of another boot are not comparable.
    pub boot_id: String,
    /// When it was taken, since that boot.
    pub taken: Duration,
    /// What every probe expects to find again.
    pub look: Look,
    /// Checks of the administrator that failed or could not tell before the run, and so cannot fail it.
    pub excused: BTreeMap<String, String>,
    /// Units that have to run afterwards.
    pub units: Vec<String>,
    /// Which units hold the sockets among the facts.
    #[serde(default)]
    pub sockets: Holders,
    /// What is expected is what every boot shows, because the host was booted since.
    #[serde(skip)]
    pub of_any_boot: bool,
    /// The code of the packages that the run changes, as it was before.
    pub code: BTreeMap<PathBuf, PackageName>,
    /// How long the trial may take.
    pub deadline: Duration,
}

/// A baseline that cannot be kept or had again.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It cannot be stored or read.
    #[error("cannot keep the state before the run")]
    Store(#[source] storage::StorageError),
    /// What was stored cannot be understood.
    #[error("{path} cannot be understood")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl Baseline {
    /// Looks at the host once.
    pub fn take(tools: &Tools<'_>, checks: &[Check], code: Owners) -> Self {
        let mut excused = BTreeMap::new();
        for check in checks {
            match checks::run(check) {
                Answer::Pass => {}
                Answer::Fail(words) | Answer::CannotTell(words) => {
                    excused.insert(check.name.clone(), words);
                }
            }
        }
        let (look, units, sockets) = probes::look_before(tools.manager, tools.layout.root());
        let is_text = |path: &PathBuf| path.to_str().is_some();
        Self {
            boot_id: facts::boot_id(),
            taken: tools.clock.since_boot(),
            look,
            excused,
            units,
            sockets,
            of_any_boot: false,
            code: code.into_iter().filter(|(path, _)| is_text(path)).collect(),
            deadline: tools.rules.health.deadline,
        }
    }

    /// Joins two looks at the same host: only what stood both times is expected, and what was wrong in one of them is
    /// excused. So what comes and goes by itself fails no run.
    #[must_use]
    pub fn joined(self, later: Self) -> Self {
        let both = |name: &String, first: Option<BTreeSet<String>>| {
            let second = later.look.facts.get(name).cloned().flatten();
            let (first, second) = (first?, second?);
            Some(match probes::rule_of(name) {
                super::Rule::MustStay => first.intersection(&second).cloned().collect(),
                super::Rule::MustNotGrow => first.union(&second).cloned().collect(),
            })
        };
        let facts = self.look.facts.into_iter().map(|(name, facts)| {
            let joined = both(&name, facts);
            (name, joined)
        });
        Self {
            look: Look { facts: facts.collect(), ..Look::default() },
            excused: self.excused.into_iter().chain(later.excused).collect(),
            units: self.units.into_iter().filter(|unit| later.units.contains(unit)).collect(),
            sockets: self.sockets.into_iter().chain(later.sockets).collect(),
            code: self.code.into_iter().chain(later.code).collect(),
            ..later
        }
    }

    /// What of it can be held against another boot of `root`.
    #[must_use]
    pub fn across_a_boot(self, (root, now): (&Path, Duration)) -> Self {
        let look = boots::kept(&self, root);
        // The boot starts what it has to; nothing is left to be started because the run stopped it.
        Self { look, boot_id: facts::boot_id(), taken: now, units: Vec::new(), of_any_boot: true, ..self }
    }

    /// Stores it in the folder of its run.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn store(&self, folder: &RunFolder) -> Result<(), BaselineError> {
        let path = folder.baseline();
        let json = serde_json::to_vec(self)
            .map_err(|source| BaselineError::Unreadable { path: path.clone(), source })?;
        storage::replace(&path, &json, storage::PRIVATE).map_err(BaselineError::Store)
    }

    /// Reads the one of a run; `None` where it took none.
    ///
    /// # Errors
    /// It cannot be read or understood.
    pub fn load(folder: &RunFolder) -> Result<Option<Self>, BaselineError> {
        let path = folder.baseline();
        let bytes = storage::read_if_present(&path).map_err(BaselineError::Store)?;
        let parse = |bytes: Vec<u8>| serde_json::from_slice(&bytes);
        bytes.map(parse).transpose().map_err(|source| BaselineError::Unreadable { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(services: &[&str], failed: &[&str]) -> Baseline {
        let set = |facts: &[&str]| Some(facts.iter().map(|fact| (*fact).to_owned()).collect());
        let facts = [("listening sockets", set(services)), ("failed units", set(failed))];
        let facts = facts.map(|(name, facts)| (name.to_owned(), facts)).into();
        Baseline { look: Look { facts, ..Look::default() }, ..Baseline::default() }
    }

    #[test]
    fn what_comes_and_goes_before_the_run_is_not_expected_after_it() {
        let joined = look(&["tcp 22", "tcp 9000"], &["a"]).joined(look(&["tcp 22"], &["b"]));
        assert_eq!(joined, look(&["tcp 22"], &["a", "b"]));
    }
}
