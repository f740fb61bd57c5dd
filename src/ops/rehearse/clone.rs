//! The host's side of a rehearsal: everything the clone needs, the clone while it lives, and what it leaves to be read.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::apply::gates;
use super::super::apply::prepare::{Unprepared, not_staged};
use super::super::context::Context;
use super::super::plan::{self, Planned};
use super::super::runs;
use super::{boot, calls};
use crate::apply::rehearsal::changes;
use crate::apply::rehearsal::ground::{self, Ground};
use crate::apply::rehearsal::litter::Litter;
use crate::apply::rehearsal::smoke::{self, loader};
use crate::apply::stage;
use crate::config::layout::{RehearsalFolder, RunFolder};
use crate::host::clone::{self, CloneError, Design};
use crate::host::lock::RecordLock;
use crate::host::runner::{self, CommandOutput};
use crate::host::{environment, facts, mounts, storage};
use crate::model::decision::RehearsalBoot;
use crate::model::failure::{Failure, FailureKind};
use crate::model::package::PackageName;
use crate::model::run::RunId;
use crate::plan::seal;
use crate::report::health::CheckState;
use crate::report::rehearsal::{
    FileChanges, RehearsalGround, RehearsalReport, RehearsalVerdict, RehearsedEnding, RehearsedRun,
};

/// The run that a clone has: its first.
pub(super) const RUN: RunId = RunId::new(1);

/// A step is asked to end at its limit and killed at twice of it, forward and back alike; the tests come on top.
const TESTS: Duration = Duration::from_secs(1800);

/// A clone that could be put together at once.
pub(super) struct Prepared {
    litter: Litter,
    design: PathBuf,
    ground: Ground,
    stands_on: RehearsalGround,
    /// Held while the clone stands on what is in use, so that no other tool changes packages under it.
    _lock: Option<RecordLock>,
}

/// What is asked of a rehearsal, beside its plan.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Packages that may change without a way back.
    pub(super) accepted: &'a [PackageName],
    /// Whether the clone is booted.
    pub(super) boot: RehearsalBoot,
}

/// Fetches and proves every archive, and designs the clone.
pub(super) fn prepare(
    context: &Context<'_>,
    planned: &Planned,
    wanted: Wanted<'_>,
) -> Result<Prepared, Unprepared> {
    refuse_without_clone(context)?;
    boot::refuse_without_means(wanted.boot)?;
    let folder = context.layout.rehearsal();
    refuse_without_room(context, planned)?;
    let litter = Litter::begin(folder.clone()).map_err(runs::state_unwritable)?;
    stage(context, planned, (&folder.layout().run(RUN), wanted.accepted))?;
    let lock = runs::take_database_lock(context)?;
    gates::refuse_if_changed(context, planned)?;
    let mounts = ground::without_files(mounts::list().unwrap_or_default());
    let mut ground = ground::of(&mounts, &folder);
    let stands_on = ground::stand_on_snapshots(&mut ground, &mounts, &folder);
    let design = design(context, (&folder, &ground)).map_err(runs::state_unwritable)?;
    let lock = lock.filter(|_| stands_on == RehearsalGround::LiveRoot);
    Ok(Prepared { litter, design, ground, stands_on, _lock: lock })
}

fn refuse_without_clone(context: &Context<'_>) -> Result<(), Failure> {
    match clone::obstacle(context.layout.state()) {
        Some(obstacle) => {
            Err(Failure::new(FailureKind::NoClone, format!("nothing can be rehearsed: {obstacle}")))
        }
        None => Ok(()),
    }
}

/// Everything that a plan writes anywhere is written to patchctl's own folder here.
fn refuse_without_room(context: &Context<'_>, planned: &Planned) -> Result<(), Failure> {
    let state = context.layout.state();
    let unmeasured =
        |error| Failure::new(FailureKind::Host, "the free space cannot be measured").caused_by(error);
    let room = facts::room(state).map_err(unmeasured)?;
    let needed: u64 = planned.plan.space.iter().map(|need| need.needed_bytes).sum();
    let files: u64 = planned.plan.space.iter().map(|need| need.needed_inodes).sum();
    if room.writable && needed <= room.free_bytes && room.free_inodes.is_none_or(|free| files <= free) {
        return Ok(());
    }
    let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
    let message = format!(
        "{} needs {} MiB for the clone and has {} MiB free; nothing was changed",
        room.mount.display(),
        mib(needed),
        mib(if room.writable { room.free_bytes } else { 0 })
    );
    Err(Failure::new(FailureKind::Space, message)
        .hint("make room there, or rehearse fewer packages: patchctl rehearse --package NAME"))
}

fn stage(
    context: &Context<'_>,
    planned: &Planned,
    (run, accepted): (&RunFolder, &[PackageName]),
) -> Result<(), Unprepared> {
    storage::create_folder(run.path(), 0o700).map_err(runs::state_unwritable)?;
    storage::replace(&run.plan(), seal::to_json(&planned.plan).as_bytes(), storage::PRIVATE)
        .map_err(runs::state_unwritable)?;
    let accepted = [accepted, &plan::accepted(&planned.plan)].concat();
    runs::with_tools(context, (&planned.survey.inventory, &accepted), |tools| {
        stage::stage(tools, &planned.survey.view, planned.plan.clone(), run.clone())
            .map(drop)
            .map_err(|error| not_staged(&planned.survey.inventory.distribution, error))
    })
}

fn design(
    context: &Context<'_>,
    (folder, ground): (&RehearsalFolder, &Ground),
) -> Result<PathBuf, storage::StorageError> {
    ground::lay_out(ground)?;
    storage::create_folder(&folder.root(), 0o700)?;
    let program = environment::own_program().map_err(|source| storage::StorageError {
        operation: "find the program of",
        path: "/proc/self/exe".into(),
        source,
    })?;
    let design = Design {
        root: folder.root(),
        layers: ground.layers.clone(),
        state: (folder.state(), storage::canonical(context.layout.state())?),
        program,
        asked_by: environment::own_process(),
    };
    // Paths and flags always have a JSON form.
    let json = serde_json::to_vec(&design).unwrap_or_default();
    storage::replace(&folder.design(), &json, storage::PRIVATE)?;
    Ok(folder.design())
}

/// Puts a clone together and goes on in it: only in the namespaces that [`Prepared::rehearse`] makes.
pub(super) fn assemble(context: &Context<'_>, design: &Path) -> Result<Infallible, Failure> {
    let design: Design = calls::read_design(design)?;
    calls::refuse_when_forsaken(context, design.asked_by)?;
    let configuration = context.invocation.configuration.as_ref().map(|path| path.display().to_string());
    let mut arguments = [&["rehearse", "--inside"], &calls::OWN_FLAGS[..]].concat();
    if let Some(path) = &configuration {
        arguments.extend(["--config", path]);
    }
    clone::enter(&design, &arguments).map_err(|error| {
        let hint = match &error {
            CloneError::Overlay { .. } => {
                "it needs the rights to mount, and /var/lib/patchctl on a file system that is no overlay itself, as the \
                 root of most containers is"
            }
            _ => "it needs the rights to mount, which most containers do not have",
        };
        Failure::new(FailureKind::NoClone, "no clone of this host can be had").caused_by(error).hint(hint)
    })
}

impl Prepared {
    /// One line about what was prepared.
    pub(super) fn told(&self) -> String {
        match self.stands_on {
            RehearsalGround::Snapshot => "archives verified; the clone stands on a snapshot".to_owned(),
            RehearsalGround::LiveRoot => "archives verified; the clone stands on the running root".to_owned(),
        }
    }

    /// Lets the clone live, reads what came of it, and throws it away.
    pub(super) fn rehearse(
        self,
        context: &Context<'_>,
        planned: &Planned,
        wanted: RehearsalBoot,
    ) -> Result<RehearsalReport, Failure> {
        let began = context.clock.since_boot();
        let output = self.live(context, planned)?;
        let seconds = context.clock.since_boot().saturating_sub(began).as_secs_f64();
        gates::stop_if_asked(context)?;
        let mut run = self.read(&output)?;
        excuse_what_was_broken(&mut run);
        let changes = self.changes(context).map_err(|error| {
            Failure::new(FailureKind::Host, "what the plan changed in the clone cannot be read")
                .caused_by(error)
        })?;
        if run.ending == RehearsedEnding::Patched {
            let clone = (self.litter.folder(), &self.ground);
            run.checks.extend(boot::test(context, wanted, clone)?);
            gates::stop_if_asked(context)?;
        }
        let verdict =
            if run.complaints().is_empty() { RehearsalVerdict::Passed } else { RehearsalVerdict::Failed };
        let report = RehearsalReport {
            plan: planned.plan.id,
            verdict,
            ground: self.stands_on,
            left_out: self.ground.left_out.clone(),
            run,
            changes,
            seconds,
            evidence: None,
        };
        self.litter.clear().map_err(|error| {
            Failure::new(FailureKind::Host, "the clone cannot be removed").caused_by(error)
        })?;
        Ok(report)
    }

    fn live(&self, context: &Context<'_>, planned: &Planned) -> Result<CommandOutput, Failure> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            Failure::new(FailureKind::NoClone, "no clone of this host can be had").caused_by(error)
        };
        let program = environment::own_program().map_err(|error| failed(error.into()))?;
        let steps = u32::try_from(planned.plan.steps.len()).unwrap_or(u32::MAX);
        let limit = context.settings.apply.batch_timeout.saturating_mul(steps.saturating_mul(4)) + TESTS;
        let mut spec = clone::in_namespaces(&program).time_limit(limit).stopped_by(&context.signals);
        spec = spec.args(["rehearse", "--assemble", &self.design.display().to_string()]);
        spec = spec.args(calls::OWN_FLAGS);
        if let Some(path) = &context.invocation.configuration {
            let path = storage::canonical(path).map_err(|error| failed(error.into()))?;
            spec = spec.args(["--config", &path.display().to_string()]);
        }
        runner::run(&spec).map_err(|error| failed(error.into()))
    }

    /// What patchctl told from the clone. Where it told nothing there was none, or it was cut off: no verdict either way.
    fn read(&self, output: &CommandOutput) -> Result<RehearsedRun, Failure> {
        let told = storage::read(&self.litter.folder().layout().rehearsed());
        if let Some(run) = told.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            return Ok(run);
        }
        let failed =
            |message: &str| Failure::new(FailureKind::NoClone, format!("nothing was rehearsed: {message}"));
        if output.timed_out {
            return Err(failed("the clone did not come to an end in time"));
        }
        let (message, hints) = calls::complaint(output);
        Err(hints.into_iter().fold(failed(&message), Failure::hint))
    }

    fn changes(&self, context: &Context<'_>) -> Result<FileChanges, storage::StorageError> {
        let layout = &context.layout;
        let mut own = vec![storage::canonical(layout.state())?, layout.cache().to_owned()];
        let policy = storage::canonical(&layout.target("usr/sbin"))?.join("policy-rc.d");
        own.push(policy);
        changes::of(&self.ground.layers, &own)
    }
}

/// What does not load on the host as it is cannot fail a plan that leaves it so.
fn excuse_what_was_broken(run: &mut RehearsedRun) {
    let Some(check) = run.checks.iter_mut().find(|check| check.name == smoke::LOADING) else { return };
    if check.state != CheckState::Fail {
        return;
    }
    let paths: Vec<PathBuf> =
        check.detail.iter().filter_map(|told| told.split_once(": ")).map(|(path, _)| path.into()).collect();
    let before = loader::try_all(Path::new("/"), &paths).broken;
    check.detail.retain(|told| !before.iter().any(|broken| broken.to_string() == *told));
    if check.detail.is_empty() {
        check.state = CheckState::FailedBefore;
        check.detail = before.iter().map(ToString::to_string).collect();
    }
}
