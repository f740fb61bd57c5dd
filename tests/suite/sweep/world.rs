//! The worlds that are swept: a root before a run, after it, and the verdict on a copy that was cut off somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::{InRoot, Ran};
use crate::lab::oracle::{Manifest, Memory, Verdict, classify};
use crate::lab::pool::{Pool, RootClone};

pub const APPLY: &[&str] = &["patchctl", "apply", "--yes"];
pub const ROLLBACK: &[&str] = &["patchctl", "rollback", "--yes"];
pub const RECOVER: &[&str] = &["patchctl", "recover"];

/// What the administrator wrote; it must never be lost.
const EDITED: &str = "edited by the administrator\n";

/// A diary that a fixture's own script writes: each of its runs is a line, so it is no state to go back to.
const DIARIES: &[&str] = &["var/lib/lab-trigger", "var/lib/lab-trigger/seen"];

/// Returns the pool where a sweep can be made at all.
pub(super) fn swept_pool() -> Option<&'static Pool> {
    if cfg!(not(target_arch = "x86_64")) {
        println!("not run: the tracer of the sweep reads the registers of x86-64");
        return None;
    }
    debian::available()
}

/// What is installed and pending in a world.
pub struct Scenario {
    pub name: &'static str,
    pub fixtures: &'static [&'static str],
}

/// The scenarios whose plan succeeds; together they hold every sound fixture that a kill can hit half-way.
pub const SOUND: &[Scenario] = &[
    Scenario { name: "files", fixtures: &["lab-plain", "lab-conf", "lab-chain-a", "lab-needsnew"] },
    Scenario { name: "scripts", fixtures: &["lab-service", "lab-trigger", "lab-activates", "lab-generates"] },
    Scenario { name: "links", fixtures: &["lab-plain", "lab-divert", "lab-hardlink"] },
];

/// A plan that fails by itself and goes back.
pub const FAILING: Scenario = Scenario { name: "failing", fixtures: &["lab-bad", "lab-badpre", "lab-conf"] };

/// A root before a run, and what it is to be after it.
pub struct World {
    pub name: &'static str,
    pool: &'static Pool,
    base: DebianRoot,
    memory: Memory,
    patched: Host,
    old: Manifest,
    new: Manifest,
}

/// A root of one point.
pub struct Host {
    pool: &'static Pool,
    clone: RootClone,
}

/// How a point ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Old,
    New,
}

impl World {
    /// Builds the world of a scenario and learns both ends by an undisturbed run.
    pub fn of(scenario: &Scenario) -> Option<Self> {
        let pool = swept_pool()?;
        let base = debian::small_with(scenario.fixtures)?;
        if scenario.fixtures.contains(&"lab-conf") {
            base.write("etc/lab-conf.conf", EDITED);
        }
        // A first answer of patchctl and apt makes caches that are no part of a run.
        base.run(&["patchctl", "plan"]).expect_code(0);
        let old = Manifest::of(&base);
        let memory = Memory::of(&base.path("/"), &old);
        let old = old.without(DIARIES);
        let patched = Host::of(pool, &base.path("/"));
        let ran = patched.command(APPLY).run();
        assert!([0, 3].contains(&ran.code), "an undisturbed run: {ran}");
        let new = Manifest::of_copy(patched.path(), &memory).without(DIARIES);
        Some(Self { name: scenario.name, pool, base, memory, patched, old, new })
    }

    /// Returns a copy of the root before the run.
    pub fn before(&self) -> Host {
        Host::of(self.pool, &self.base.path("/"))
    }

    /// Returns a copy of the root after an undisturbed run.
    pub fn after(&self) -> Host {
        self.patched.copy()
    }

    /// Brings a host that was cut off to its end and judges it.
    ///
    /// # Errors
    /// Everything that is not as promised.
    pub fn judge(&self, host: &Host) -> Result<End, String> {
        let said = host.recovered();
        let [first, audit, second, chain] = &said[..] else { return Err(format!("no answer: {said:?}")) };
        let told = || fs::read_to_string(host.path().join("tmp/first")).unwrap_or_default();
        if !["0", "3"].contains(&first.as_str()) {
            return Err(format!("recover ends with {first}: {}", told()));
        }
        if !audit.is_empty() {
            return Err(format!("dpkg --audit: {audit}"));
        }
        let again = fs::read_to_string(host.path().join("tmp/second")).unwrap_or_default();
        if second != "0" || !again.contains("nothing to do") {
            return Err(format!("a second recover ends with {second}: {again}"));
        }
        if chain != "0" {
            return Err(format!(
                "history verify: {}",
                fs::read_to_string(host.path().join("tmp/chain")).unwrap_or_default()
            ));
        }
        let end = self.end_of(host).map_err(|reason| format!("{reason}\n{}", told()))?;
        if first == "3" && end == End::New {
            return Err(format!("recover says that it went back, and the host is new: {}", told()));
        }
        reports_are_whole(host.path())?;
        Ok(end)
    }

    /// Holds what a run said about its end against the host, before anybody recovers it; `None` where it said that it is open.
    ///
    /// # Errors
    /// It says that it is done and the host is not new, or that nothing was changed and the host is not old.
    pub fn agrees(&self, host: &Host, verb: &[&str], ran: &Ran) -> Result<Option<End>, String> {
        let (before, after) = if verb == ROLLBACK { (End::New, End::Old) } else { (End::Old, End::New) };
        let promised = match ran.code {
            0 => after,
            3 => End::Old,
            // Failed before any change (product design, section 2).
            1 | 2 | 5 | 7..=10 | 130 | 143 => before,
            // A person is needed, or the program itself was killed: the run is open.
            4 | 137 => return Ok(None),
            code => return Err(format!("{code} is no exit code of patchctl")),
        };
        match self.end_of(host) {
            Ok(end) if end == promised => Ok(Some(end)),
            other => Err(format!("exit code {} promises {promised:?}, and the host is {other:?}", ran.code)),
        }
    }

    /// Holds what a recovery said against the host: whether it finishes a run or takes it back is for it to decide.
    ///
    /// # Errors
    /// It says that the host went back and it did not, that it came to an end and it is none, or what `recover` never says.
    pub fn may_say(&self, host: &Host, ran: &Ran) -> Result<(), String> {
        match (ran.code, self.end_of(host)) {
            (4 | 137, _) | (0, Ok(_)) | (3, Ok(End::Old)) => Ok(()),
            (code, end) => Err(format!("recover ends with {code}, and the host is {end:?}")),
        }
    }

    /// Judges what a run left that nobody killed: where it says that it came to an end, that is the end, and `recover` finds
    /// nothing to do but to close a journal; where it says that it is open, it is brought to its end first.
    ///
    /// # Errors
    /// Everything that is not as promised.
    pub fn judge_told(&self, host: &Host, verb: &[&str], ran: &Ran) -> Result<End, String> {
        // A person is needed, or the program itself was killed.
        if [4, 137].contains(&ran.code) {
            return self.judge(host);
        }
        let line = "patchctl recover >/tmp/first 2>&1; echo $?; grep -c 'nothing to do' /tmp/first; echo =; \
            dpkg --audit; echo =; patchctl history verify >/tmp/chain 2>&1; echo $?";
        host.reboot();
        let said = host.command(&["sh", "-c", line]).run().stdout;
        let parts: Vec<&str> = said.split("=\n").map(str::trim).collect();
        let first = fs::read_to_string(host.path().join("tmp/first")).unwrap_or_default();
        // A journal that cannot be written cannot be closed either: the run that changed nothing is then given up.
        let is_given_up = ![0, 3].contains(&ran.code) && first.contains("it had changed nothing");
        if parts != [if is_given_up { "0\n0" } else { "0\n1" }, "", "0"] {
            return Err(format!(
                "code {} is no end: recover, audit, verify say {parts:?}: {first}",
                ran.code
            ));
        }
        // What finds nothing to do changes nothing: the host is as the run left it.
        let end = self.agrees(host, verb, ran)?;
        reports_are_whole(host.path())?;
        end.ok_or_else(|| "the run is open".to_owned())
    }

    /// Compares a host with both ends.
    ///
    /// # Errors
    /// It is neither.
    pub fn end_of(&self, host: &Host) -> Result<End, String> {
        let now = Manifest::of_copy(host.path(), &self.memory).without(DIARIES);
        match classify(&self.old, &self.new, &now) {
            Verdict::Old => Ok(End::Old),
            Verdict::New => Ok(End::New),
            Verdict::Fail(changes) => {
                Err(format!("neither old nor new: {:?}", &changes[..changes.len().min(6)]))
            }
        }
    }
}

/// A root before and after one bare call of dpkg.
pub struct Bare {
    pool: &'static Pool,
    base: DebianRoot,
    memory: Memory,
    old: Manifest,
    new: Manifest,
}

impl Bare {
    /// Installs a fixture, and learns what the call makes of it.
    pub fn of(fixture: &str, call: &[&str]) -> Option<Self> {
        let pool = swept_pool()?;
        let base = debian::small_with(&[fixture])?;
        let old = Manifest::of(&base);
        let memory = Memory::of(&base.path("/"), &old);
        let done = Host::of(pool, &base.path("/"));
        done.command(call).run().expect_code(0);
        let new = Manifest::of_copy(done.path(), &memory);
        Some(Self { pool, base, memory, old, new })
    }

    pub fn before(&self) -> Host {
        Host::of(self.pool, &self.base.path("/"))
    }

    pub fn is_old(&self, host: &Host) -> bool {
        self.old.diff(&Manifest::of_copy(host.path(), &self.memory)).is_empty()
    }

    pub fn is_new(&self, host: &Host) -> bool {
        self.new.diff(&Manifest::of_copy(host.path(), &self.memory)).is_empty()
    }

    pub fn is_an_end(&self, host: &Host) -> bool {
        self.is_old(host) || self.is_new(host)
    }
}

impl Host {
    pub(super) fn of(pool: &'static Pool, root: &Path) -> Self {
        Self { pool, clone: pool.copy_of(root) }
    }

    pub fn path(&self) -> &Path {
        self.clone.path()
    }

    pub fn command(&self, arguments: &[&str]) -> InRoot {
        InRoot::new(self.path(), arguments)
    }

    /// Returns a copy of the root as it is now, also while something works in it.
    pub fn copy(&self) -> Self {
        Self::of(self.pool, self.path())
    }

    /// Empties what a boot empties.
    pub fn reboot(&self) {
        let folder = self.path().join("run");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("lock")).expect("a folder of the root can be made");
    }

    /// Recovers twice in one boot; returns code, audit, second code, code of the check of all journals.
    fn recovered(&self) -> Vec<String> {
        self.reboot();
        let line = "patchctl recover >/tmp/first 2>&1; echo $?; echo =; dpkg --audit; echo =; \
            patchctl recover >/tmp/second 2>&1; echo $?; echo =; patchctl history verify >/tmp/chain 2>&1; echo $?";
        let ran = self.command(&["sh", "-c", line]).run();
        ran.stdout.split("=\n").map(|part| part.trim().to_owned()).collect()
    }

    /// Returns the folders of the runs, oldest first.
    pub fn runs(&self) -> Vec<PathBuf> {
        runs_of(self.path())
    }
}

fn runs_of(root: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(root.join("var/lib/patchctl/runs"));
    let mut runs: Vec<PathBuf> =
        listed.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    runs.sort();
    runs
}

/// Every run that has a journal has a report that can be read and tells an end (P38).
pub fn reports_are_whole(root: &Path) -> Result<(), String> {
    for run in runs_of(root) {
        let journal = fs::read_to_string(run.join("journal")).unwrap_or_default();
        if !journal.contains("\"event\":\"opened\"") {
            continue;
        }
        let report = fs::read(run.join("report.json"))
            .map_err(|error| format!("the report of {}: {error}", run.display()))?;
        let report: Value =
            serde_json::from_slice(&report).map_err(|error| format!("the report: {error}"))?;
        if !report["outcome"].is_string() || report["finished"].is_null() {
            return Err(format!("the report tells no end: {report}"));
        }
    }
    Ok(())
}
