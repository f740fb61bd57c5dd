//! `schedule`: scans and runs that begin by themselves, as units of the service manager or as entries of cron.
//!
//! The times follow from the policy; the units and entries are written whole, and removed as a whole.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::other_updaters;
use super::timetable::{self, Timer};
use crate::apply::systemd;
use crate::host::{environment, facts, storage};
use crate::model::decision::RebootPolicy;
use crate::model::failure::{Failure, FailureKind};
use crate::report::documents::Identity;
use crate::report::schedule::{FileState, Method, SCHEDULE_SCHEMA, ScheduleDocument, ScheduledFile};

/// Where an administrator's own units are (systemd.unit(5)).
const UNITS: &str = "/etc/systemd/system";
/// The entries of a package for cron (cron(8)).
const CRON: &str = "/etc/cron.d/patchctl";
/// Where the units expect the program.
const PROGRAM: &str = "/usr/bin/patchctl";

const SCAN_SERVICE: &str = include_str!("../../packaging/systemd/patchctl-scan.service");
const APPLY_SERVICE: &str = include_str!("../../packaging/systemd/patchctl-apply.service");
const RECOVER_SERVICE: &str = include_str!("../../packaging/systemd/patchctl-recover.service");

/// What is asked of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleRequest {
    /// Write it and start it.
    Install,
    /// Tell what is there and what would be written.
    Show,
    /// Take it away.
    Remove,
}

/// A file of the schedule.
struct Planned {
    path: PathBuf,
    text: String,
    /// The unit that is switched on with it.
    starts: Option<&'static str>,
}

/// Tells, writes or removes the schedule.
///
/// # Errors
/// The host cannot be changed, or a file cannot be written or removed.
pub fn schedule(context: &Context<'_>, request: ScheduleRequest) -> Result<ScheduleDocument, Failure> {
    if request != ScheduleRequest::Show {
        context.require_power_over_host("schedule")?;
    }
    let machine = facts::machine_id_hash(context.layout.root());
    let timers = timetable::timers(&context.settings, machine.as_ref());
    let method = if systemd::is_running() { Method::Systemd } else { Method::Cron };
    let planned = match method {
        Method::Systemd => units(&timers)?,
        Method::Cron => cron(context, &timers)?,
    };
    let before: Vec<FileState> = planned.iter().map(state).collect();
    match request {
        ScheduleRequest::Show => {}
        ScheduleRequest::Install => {
            install(&planned, &timers)?;
            other_updaters::switch_off(context)?;
        }
        ScheduleRequest::Remove => {
            remove(&planned)?;
            other_updaters::switch_on_again(context)?;
        }
    }
    let told = |(planned, before): (&Planned, FileState)| ScheduledFile {
        path: planned.path.display().to_string(),
        state: match (request, state(planned)) {
            (ScheduleRequest::Install, FileState::Current) if before != FileState::Current => {
                FileState::Written
            }
            (ScheduleRequest::Remove, FileState::Absent) if before != FileState::Absent => FileState::Removed,
            (_, now) => now,
        },
        text: planned.text.clone(),
    };
    Ok(ScheduleDocument {
        identity: Identity::of(SCHEDULE_SCHEMA, context.now()),
        method,
        files: planned.iter().zip(before).map(told).collect(),
        times: timers.iter().map(Timer::words).collect(),
        remarks: remarks(context),
    })
}

/// The services, and a timer for each that has a time. Without a window nothing is patched unasked.
fn units(timers: &[Timer]) -> Result<Vec<Planned>, Failure> {
    let program = own_program()?;
    let file = |name: &str, text: String, starts| Planned {
        path: PathBuf::from(UNITS).join(name),
        text: text.replace(PROGRAM, &program),
        starts,
    };
    let mut files = vec![
        file("patchctl-recover.service", RECOVER_SERVICE.to_owned(), Some("patchctl-recover.service")),
        file("patchctl-scan.service", SCAN_SERVICE.to_owned(), None),
        file("patchctl-apply.service", APPLY_SERVICE.to_owned(), None),
    ];
    files.extend(timers.iter().map(|timer| file(timer.unit(), timer.text(), Some(timer.unit()))));
    Ok(files)
}

fn cron(context: &Context<'_>, timers: &[Timer]) -> Result<Vec<Planned>, Failure> {
    let program = own_program()?;
    let mut lines: String = timers.iter().map(|timer| format!("{}\n", timer.cron_line(&program))).collect();
    if context.settings.apply.reboot != RebootPolicy::Never {
        // Under systemd the run that asks for a reboot sets a timer for it.
        let waiting = context.layout.reboot().display().to_string();
        let call = format!("{program} reboot --scheduled --quiet");
        lines.push_str(&format!("* * * * * root test ! -e {waiting} || {call}\n"));
    }
    let text = format!(
        "# Written by patchctl schedule install; patchctl schedule remove takes it away.\n\
         SHELL=/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n{lines}"
    );
    Ok(vec![Planned { path: PathBuf::from(CRON), text, starts: None }])
}

fn own_program() -> Result<String, Failure> {
    let path = environment::own_program().map_err(|error| {
        Failure::new(FailureKind::Host, "cannot tell which program the schedule has to call").caused_by(error)
    })?;
    let text =
        path.to_str().filter(|text| !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '%'));
    text.map(str::to_owned).ok_or_else(|| {
        let message = format!("{} cannot be written into a schedule", path.display());
        Failure::new(FailureKind::Usage, message).hint("install patchctl in a folder of plain letters")
    })
}

fn state(planned: &Planned) -> FileState {
    match storage::read_if_present(&planned.path) {
        Ok(None) => FileState::Absent,
        Ok(Some(bytes)) if bytes == planned.text.as_bytes() => FileState::Current,
        Ok(Some(_)) | Err(_) => FileState::Different,
    }
}

fn install(planned: &[Planned], timers: &[Timer]) -> Result<(), Failure> {
    if !systemd::is_running() && !Path::new(CRON).parent().is_some_and(storage::exists) {
        let message = "there is neither systemd nor cron here (no /etc/cron.d); nothing was written";
        return Err(Failure::new(FailureKind::Host, message)
            .hint("install cron, or call patchctl from what you have"));
    }
    for file in planned {
        storage::replace(&file.path, file.text.as_bytes(), storage::PUBLIC).map_err(unwritable)?;
    }
    if !systemd::is_running() {
        return Ok(());
    }
    let has = |unit: &str| timers.iter().any(|timer| timer.unit() == unit);
    for gone in [timetable::SCAN_TIMER, timetable::APPLY_TIMER].into_iter().filter(|unit| !has(unit)) {
        systemd::switch_off(&[gone]);
        storage::remove_file(&PathBuf::from(UNITS).join(gone)).map_err(unwritable)?;
    }
    systemd::reload();
    let units: Vec<&str> = planned.iter().filter_map(|file| file.starts).collect();
    systemd::switch_on(&units).map_err(|words| {
        Failure::new(FailureKind::Host, format!("systemd does not take the schedule: {words}")).hint(
            "systemd-analyze verify /etc/systemd/system/patchctl-*; patchctl schedule remove takes it back",
        )
    })
}

fn remove(planned: &[Planned]) -> Result<(), Failure> {
    if systemd::is_running() {
        systemd::switch_off(&[timetable::SCAN_TIMER, timetable::APPLY_TIMER, "patchctl-recover.service"]);
    }
    let timers = [timetable::SCAN_TIMER, timetable::APPLY_TIMER].map(|unit| PathBuf::from(UNITS).join(unit));
    for path in planned.iter().map(|file| file.path.clone()).chain(timers).chain([PathBuf::from(CRON)]) {
        storage::remove_file(&path).map_err(unwritable)?;
    }
    if systemd::is_running() {
        systemd::reload();
    }
    Ok(())
}

fn unwritable(error: storage::StorageError) -> Failure {
    Failure::new(FailureKind::Host, "the schedule cannot be changed").caused_by(error)
}

/// What patches beside patchctl, and what is not scheduled.
fn remarks(context: &Context<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if context.settings.policy.windows.is_empty() {
        remarks.push("no window is configured ([[policy.window]]): nothing is patched unasked".to_owned());
    }
    remarks.extend(other_updaters::remarks(context));
    remarks
}
