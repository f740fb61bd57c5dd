//! One interrupted run on its way to an end: look, decide, act, until nothing is left to do.

use super::super::context::Context;
use super::super::trial::{self, Watch};
use super::super::{closing, quarantine, runs, survey};
use crate::apply::back::{self, Arrived, WayBack};
use crate::apply::direction::{Asked, Direction, Facts, direction};
use crate::apply::extent::Extent;
use crate::apply::forward::{self, RunAtHand};
use crate::apply::journal::{Event, Journal, Replay, RunKind};
use crate::apply::precheck::{self, Standing};
use crate::apply::protect::{self, Remembered};
use crate::apply::{Tools, archive_digests};
use crate::config::layout::RunFolder;
use crate::model::failure::{Failure, FailureKind};
use crate::model::package::Inventory;
use crate::model::plan::{Action, PatchPlan};
use crate::model::transaction::Phase;
use crate::package_manager::archives::ArchiveFormat;
use crate::report::transaction::{NotRestored, Verified};

/// Why a run goes back that did not fail of itself.
const INTERRUPTED: &str = "the run was interrupted";

/// Where a recovery ended.
pub(super) enum End {
    /// The run had changed nothing; it is given up.
    Abandoned,
    /// The run is finished: the host is new.
    New(Verified),
    /// The host is old again.
    Old(Verified, Vec<NotRestored>),
    /// A person is needed.
    Stuck(String, Vec<String>),
}

/// A run that is brought to its end, and what is known of it.
pub(super) struct Interrupted<'a> {
    pub(super) replay: &'a Replay,
    pub(super) plan: PatchPlan,
    pub(super) folder: RunFolder,
    /// The folder of the run that is taken back: its own, unless it takes another one back.
    pub(super) taken_back: RunFolder,
    pub(super) remembered: Remembered,
    pub(super) asked: Asked,
}

/// The new state proven, or what is different from it.
type Proven = Result<Verified, String>;

impl Interrupted<'_> {
    fn at_hand(&self) -> RunAtHand<'_> {
        RunAtHand { plan: &self.plan, folder: &self.folder, remembered: &self.remembered }
    }

    fn is_apply(&self) -> bool {
        self.replay.kind == RunKind::Apply
    }

    /// Brings the run to its end.
    pub(super) fn steer(
        &self,
        context: &Context<'_>,
        tools: &Tools<'_>,
        journal: &mut Journal,
    ) -> Result<(End, Option<trial::Proven>), Failure> {
        let mut proven = self.prove(tools)?;
        loop {
            let inventory = survey::inventory(context)?;
            let format = tools.manager.archives();
            let way = self.way_back(format, &inventory)?;
            let facts = self.facts((journal, format), &proven, (&way, &inventory));
            let end = match direction(&facts) {
                Direction::Forward => {
                    proven = self.forward(tools, journal)?;
                    continue;
                }
                Direction::Commit => {
                    let whole = facts.can_go_back.then_some(&way);
                    return self.commit((context, tools), (proven, whole), journal);
                }
                Direction::Over | Direction::Abandon => {
                    journal.enter(Phase::Abandoned).map_err(runs::journal_failed)?;
                    End::Abandoned
                }
                Direction::Back => return self.back_watched((context, tools), (&way, journal)),
                Direction::Operator => self.operator(tools, journal, &way)?,
            };
            return Ok((end, None));
        }
    }

    fn facts(
        &self,
        (journal, format): (&Journal, &dyn ArchiveFormat),
        proven: &Proven,
        (way, inventory): (&WayBack, &Inventory),
    ) -> Facts {
        let damaged = || archive_digests::complaints(&self.taken_back, way.archives());
        Facts {
            kind: self.replay.kind,
            phase: journal.phase(),
            tried: journal.tried(),
            is_new: proven.is_ok(),
            can_go_forward: self.is_apply() && self.at_hand().has_new_archives(format),
            can_go_back: way.is_whole(inventory) && damaged().is_empty(),
            asked: self.asked,
        }
    }

    /// Only a run that carries a plan out has a new state.
    fn prove(&self, tools: &Tools<'_>) -> Result<Proven, Failure> {
        if !self.is_apply() {
            return Ok(Err("the run takes another one back".to_owned()));
        }
        if !self.at_hand().has_new_archives(tools.manager.archives()) {
            return Ok(Err("the new archives are not all here".to_owned()));
        }
        let proven = forward::prove_after_a_crash(tools, self.at_hand()).map_err(runs::left_open)?;
        // Before the phases that follow, the run had waited for the disk.
        if proven.is_ok() && matches!(self.replay.phase, Phase::Applying | Phase::Applied) {
            forward::decide_again(tools, self.at_hand()).map_err(runs::left_open)?;
        }
        Ok(proven)
    }

    fn forward(&self, tools: &Tools<'_>, journal: &mut Journal) -> Result<Proven, Failure> {
        forward::attempt(tools, self.at_hand(), journal).map_err(runs::left_open)?;
        let proven = self.prove(tools)?;
        if let Err(reason) = &proven {
            let attempt = journal.tried().forward;
            let failed = Event::ForwardFailed { attempt, reason: reason.clone() };
            journal.write(failed).map_err(runs::journal_failed)?;
        }
        Ok(proven)
    }

    /// Goes on where the run was cut off: restarts, the trial, and the record that it is over. Of a run that was cut off by a
    /// reboot, what every boot has to show is tried. `way` is there when it leads back.
    fn commit(
        &self,
        (context, tools): (&Context<'_>, &Tools<'_>),
        (proven, way): (Proven, Option<&WayBack>),
        journal: &mut Journal,
    ) -> Result<(End, Option<trial::Proven>), Failure> {
        let verified = proven.map_err(|reason| Failure::new(FailureKind::Host, reason))?;
        if !matches!(journal.phase(), Phase::Applied | Phase::Restart | Phase::Trial) {
            journal.enter(Phase::Applied).map_err(runs::journal_failed)?;
        }
        protect::remember_after(tools.layout, &self.folder).map_err(|error| {
            Failure::new(FailureKind::Host, "the configuration cannot be listed").caused_by(error)
        })?;
        closing::keep_marks(tools.manager.records(), &self.plan, &self.remembered)?;
        crate::host::storage::sync_all();
        let mut tried = None;
        if let Some(mut watch) = Watch::resume(tools, &self.folder, &self.plan)? {
            let found = watch.prove(tools, journal).map_err(runs::journal_failed)?;
            if found.complaint.is_some() {
                let (end, found) = self.unwell((context, tools), (watch, found, way), journal)?;
                return Ok((end, Some(found)));
            }
            tried = Some(found);
        } else if journal.phase() == Phase::Restart {
            journal.enter(Phase::Trial).map_err(runs::journal_failed)?;
        }
        journal.enter(Phase::Commit).map_err(runs::journal_failed)?;
        Ok((End::New(verified), tried))
    }

    /// A host that is worse than before goes back; where no way leads back, a person is needed.
    fn unwell(
        &self,
        (context, tools): (&Context<'_>, &Tools<'_>),
        (mut watch, found, way): (Watch, trial::Proven, Option<&WayBack>),
        journal: &mut Journal,
    ) -> Result<(End, trial::Proven), Failure> {
        let reason = found.complaint.clone().unwrap_or_default();
        let Some(way) = way else {
            journal.enter(Phase::Operator).map_err(runs::journal_failed)?;
            return Ok((End::Stuck(reason, Vec::new()), found));
        };
        watch.goes_back(tools);
        let end = self.back((context, tools), (way, journal), &reason)?;
        if matches!(end, End::Old(..)) {
            quarantine::add_upgrades(context, self.replay.run, way.actions())?;
            return Ok((end, watch.prove_return(tools, found)));
        }
        Ok((end, found))
    }

    /// Goes back; in the boot of the run, what runs the new code is restarted and the host looked at. Nothing follows from
    /// that but the report: nothing lies behind the old state.
    fn back_watched(
        &self,
        (context, tools): (&Context<'_>, &Tools<'_>),
        (way, journal): (&WayBack, &mut Journal),
    ) -> Result<(End, Option<trial::Proven>), Failure> {
        // A check that cannot be used must not stand in the way back.
        let mut watch = Watch::resume(tools, &self.folder, &self.plan).ok().flatten();
        if let Some(watch) = &mut watch {
            if self.is_apply() { watch.goes_back(tools) } else { watch.goes_back_from_its_start() }
        }
        let end = self.back((context, tools), (way, journal), INTERRUPTED)?;
        let watch = watch.filter(|watch| matches!(end, End::Old(..)) && watch.is_of_this_boot());
        let looked = watch.map(|mut watch| trial::Proven { complaint: None, ..watch.prove_rollback(tools) });
        Ok((end, looked))
    }

    fn back(
        &self,
        (context, tools): (&Context<'_>, &Tools<'_>),
        (way, journal): (&WayBack, &mut Journal),
        reason: &str,
    ) -> Result<End, Failure> {
        match back::go(tools, way, journal, reason).map_err(runs::left_open)? {
            Arrived::Old { verified, not_restored } => {
                if !self.is_apply() {
                    quarantine::add_upgrades(context, self.replay.run, way.actions())?;
                }
                Ok(End::Old(verified, not_restored))
            }
            Arrived::Nowhere { reason, commands } => Ok(End::Stuck(reason, commands)),
        }
    }

    /// A person is needed; asked again, the answer is the same.
    fn operator(&self, tools: &Tools<'_>, journal: &mut Journal, way: &WayBack) -> Result<End, Failure> {
        if journal.phase() != Phase::Operator {
            journal.enter(Phase::Operator).map_err(runs::journal_failed)?;
        }
        let lost = way.lost().iter().map(|key| format!("the old archive of {key} is missing"));
        let mut reasons: Vec<String> = lost.collect();
        reasons.extend(archive_digests::complaints(&self.taken_back, way.archives()));
        reasons.extend(self.replay.last_reason().filter(|_| reasons.is_empty()));
        if reasons.is_empty() {
            reasons.push("no attempt led to the old or the new state".to_owned());
        }
        let mut commands = way.commands(tools);
        let format = tools.manager.archives();
        if self.is_apply() && self.at_hand().has_new_archives(format) {
            commands.insert(0, tools.manager.forward_by_hand(&self.at_hand().new_archives(format)));
        }
        Ok(End::Stuck(reasons.join("; "), commands))
    }

    fn way_back(&self, format: &dyn ArchiveFormat, inventory: &Inventory) -> Result<WayBack, Failure> {
        let actions = self.begun(inventory);
        let folders = (&self.taken_back, &self.folder);
        let way = WayBack::new(format, folders, (actions, self.extent()));
        Ok(way.map_err(runs::left_open)?.after_a_cut(format, &self.taken_back))
    }

    /// The actions of every batch that was begun, or that the host shows to be: a record that was lost with the storage
    /// under it does not hide what the package database shows. A run that takes another back began all of them.
    fn begun(&self, inventory: &Inventory) -> Vec<Action> {
        let intended = |ordinal: u32| {
            let mut records = self.replay.records.iter();
            records
                .any(|record| matches!(record.event, Event::BatchIntended { batch, .. } if batch == ordinal))
        };
        let is_touched = |actions: &[Action]| {
            precheck::standing(&precheck::observe(inventory, actions), actions) != Standing::Ready
        };
        let begun = self
            .plan
            .steps
            .iter()
            .filter(|step| !self.is_apply() || intended(step.ordinal) || is_touched(&step.actions));
        begun.flat_map(|step| step.actions.iter().cloned()).collect()
    }

    /// The plan of a run that takes named packages back names them as its selection.
    fn extent(&self) -> Extent {
        if !self.is_apply() && !self.plan.selection.packages.is_empty() {
            Extent::Named
        } else {
            Extent::Whole
        }
    }
}
