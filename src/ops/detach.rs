//! `apply --detach`: the same run in a unit of the service manager, or in a session of its own, so that the end of a
//! terminal or of a connection is no matter.

use std::time::Duration;

use super::context::Context;
use super::runs;
use crate::apply::systemd;
use crate::host::environment;
use crate::host::runner::{self, CommandSpec};
use crate::host::{clock, storage};
use crate::model::failure::{Failure, FailureKind};
use crate::report::documents::{DETACHED_SCHEMA, DetachedDocument, Identity};

/// The flag that is left out of what the unit runs.
const FLAG: &str = "--detach";

const SYSTEMD_RUN: &str = "/usr/bin/systemd-run";

/// How long a run may take to show itself, and how often it is looked for: the start of a process and the reading of the
/// configuration, on a busy machine.
const BEGINNING: (u32, Duration) = (100, Duration::from_millis(100));

/// Begins the run that this process was called for in the background, and returns once it has begun.
///
/// # Errors
/// It could not begin here either: no root, an open run, another run at work; or it cannot be started.
pub fn detach(context: &Context<'_>) -> Result<DetachedDocument, Failure> {
    context.require_power_over_host("apply")?;
    runs::refuse_amid_changes(&context.layout)?;
    if let Some(holder) = runs::holder(context)? {
        return Err(Failure::new(FailureKind::Lock, format!("{holder} is at work already"))
            .hint("patchctl status --wait waits for its end"));
    }
    runs::prepare(&context.layout).map_err(runs::state_unwritable)?;
    let before = storage::stamp(&context.layout.latest_report());
    let document = start(context)?;
    let (looks, pause) = BEGINNING;
    for _ in 0..looks {
        let has_ended = storage::stamp(&context.layout.latest_report()) != before;
        if has_ended || runs::holder(context)?.is_some() {
            break;
        }
        clock::pause(pause);
    }
    Ok(document)
}

fn start(context: &Context<'_>) -> Result<DetachedDocument, Failure> {
    let failed = "the run cannot be started in the background; nothing was changed";
    let unknown = |error: std::io::Error| Failure::new(FailureKind::Host, failed).caused_by(error);
    let program = environment::own_program().map_err(unknown)?.display().to_string();
    let folder = environment::own_folder().map_err(unknown)?;
    let arguments = environment::own_arguments().into_iter().filter(|word| word != FLAG);
    let identity = Identity::of(DETACHED_SCHEMA, context.now());
    if !systemd::is_running() {
        let log = context.layout.detached_log();
        let spec = CommandSpec::new(&program).args(arguments).folder(&folder);
        runner::start_detached(&spec, &log)
            .map_err(|error| Failure::new(FailureKind::Host, failed).caused_by(error))?;
        return Ok(DetachedDocument { identity, unit: None, log: Some(log.display().to_string()) });
    }
    let unit = format!("patchctl-apply-{}.service", std::process::id());
    let spec = CommandSpec::new(SYSTEMD_RUN).args(["--quiet", "--collect", &format!("--unit={unit}")]);
    let spec = spec.arg(format!("--working-directory={}", folder.display()));
    // What the codes say is no failure of the unit: taken back, reboot due, restarts due.
    let spec = spec.args(["--property=Type=exec", "--property=SuccessExitStatus=3 102 103"]);
    // A package manager is not to be killed because memory is short, or with the unit (as the boot unit has it).
    let spec = spec.args(["--property=KillMode=mixed", "--property=TimeoutStopSec=10min"]);
    let output = runner::run(&spec.arg("--").arg(program).args(arguments))
        .map_err(|error| Failure::new(FailureKind::Host, failed).caused_by(error))?;
    if output.is_success() {
        return Ok(DetachedDocument { identity, unit: Some(unit), log: None });
    }
    Err(Failure::new(FailureKind::Host, format!("{failed}: {}", output.last_words(3).join("; "))))
}
