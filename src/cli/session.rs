//! One call of patchctl: settings are read, one verb is run, what came of it is shown.

use anyhow::{Context as _, Result};

use super::args::{Cli, Verb};
use super::bundle::BundleVerb;
use super::failure::ToldFailure;
use super::policy::{PolicyVerb, ScheduleVerb};
use super::progress::Progress;
use super::terminal::{Terminal, Weight};
use super::{configuration, confirm, forms, generate};
use crate::config::layout::Layout;
use crate::config::rules::{self as config_rules, Written};
use crate::host::clock::Clock;
use crate::host::environment::Environment;
use crate::host::facts;
use crate::host::signals::Signals;
use crate::model::digest::Sha256;
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::model::plan::PatchPlan;
use crate::ops::context::Context;
use crate::ops::request::{
    ApplyRequest, Consent, FeedsRequest, Invocation, NeedsRestartRequest, PlanRequest, Reach, ReportRequest,
    RollbackRequest, ScanRequest, WhyRequest,
};
use crate::ops::{
    apply, detach, doctor, feeds, history, host_bundle, merge, needs_restart, plan, policy, records, recover,
    rehearse, report, rollback, rule_files, rules, schedule, status, why,
};
use crate::report::doctor::PreconditionState;
use crate::report::documents::RollbackPreview;
use crate::report::nagios;
use crate::report::rules::{PolicyAction, RuleChange};
use crate::report::schema::Report;

/// What one call works with before its settings are known.
#[derive(Debug)]
pub struct Session<'a> {
    terminal: &'a Terminal,
    environment: Environment,
    clock: Clock,
}

impl<'a> Session<'a> {
    /// Prepares a call.
    pub fn new(terminal: &'a Terminal, environment: Environment, clock: Clock) -> Self {
        Self { terminal, environment, clock }
    }

    /// Runs one verb and returns how the process ends.
    pub fn run(self, cli: Cli) -> std::process::ExitCode {
        let command = cli.verb.name();
        let is_plugin = matches!(&cli.verb, Verb::Status(args) if args.nagios);
        let terminal = self.terminal;
        let code =
            forms::check(&cli).map_err(Into::into).and_then(|()| self.verb(cli)).unwrap_or_else(|error| {
                let told = ToldFailure::of(&error);
                // A failure that cannot be printed either still has its code.
                let _ = terminal.fail(&told, command);
                if is_plugin { plugin_failed(terminal, &told) } else { told.exit_code() }
            });
        code.into()
    }

    fn verb(self, cli: Cli) -> Result<ExitCode> {
        match cli.verb {
            Verb::Completions { shell } => {
                self.terminal.data(&generate::completions(shell))?;
                Ok(ExitCode::Done)
            }
            Verb::Man { folder } => {
                match folder {
                    Some(folder) => generate::write_man_pages(&folder)?,
                    None => self.terminal.data(&generate::man_pages()?.swap_remove(0).1)?,
                }
                Ok(ExitCode::Done)
            }
            Verb::Status(args) if args.motd => {
                let line = status::motd(&Layout::system(&cli.global.root), self.clock.now());
                self.terminal.data(line.unwrap_or_default().as_bytes())?;
                Ok(ExitCode::Done)
            }
            _ => self.with_context(cli),
        }
    }

    fn with_context(self, mut cli: Cli) -> Result<ExitCode> {
        let invocation = Invocation::from(&cli.global);
        let progress = Progress::new(self.terminal);
        let layout = configuration::layout(&invocation, &self.environment)?;
        let file = configuration::file(&invocation, &self.environment);
        let places = (&layout, file.as_deref());
        let loaded = configuration::load((&cli.verb, &invocation), places, (&self.clock, &self.environment))?;
        let written = match file {
            // Another configuration is read instead of the system's, rules included.
            Some(_) => Written::default(),
            None => self.written(&cli.verb, &layout)?,
        };
        let mut context = Context {
            layout,
            rules: rules::assemble(&loaded, written),
            settings: loaded.settings,
            central: loaded.central,
            clock: self.clock,
            environment: self.environment,
            observer: &progress,
            signals: Signals::defer().context("cannot prepare for signals")?,
            invocation,
        };
        configuration::take_bundle(&mut context, &mut cli.verb)?;
        let command = cli.verb.name();
        let (leaves_report, is_partial) = (leaves_report(&cli.verb), is_partial(&cli.verb));
        let shown = Shown { terminal: self.terminal, context };
        let result = shown.verb(cli);
        if let (Err(error), true) = (&result, leaves_report) {
            shown.keep_failure((command, is_partial), error);
        }
        result
    }
}

impl Session<'_> {
    /// Reads blocks and waivers. What ends or takes back a run decides nothing by them, and must not wait for somebody
    /// to mend one.
    fn written(&self, verb: &Verb, layout: &Layout) -> Result<Written> {
        match (config_rules::load(layout, facts::user_id()), verb) {
            (Ok(written), _) => Ok(written),
            (Err(error), Verb::Recover(_) | Verb::Rollback(_)) => {
                self.terminal.insist(&format!("blocks and waivers are not read: {error}"));
                Ok(Written::default())
            }
            (Err(error), _) => Err(error.into()),
        }
    }
}

/// Tells a monitoring system that nobody can tell: no other code of patchctl's may be read as a state.
fn plugin_failed(terminal: &Terminal, told: &ToldFailure) -> ExitCode {
    let (state, line) = nagios::unknown_plugin(&told.report_error().message);
    // There is nobody to tell when that fails, either.
    let _ = terminal.data(line.as_bytes());
    ExitCode::of_number(state as u8)
}

/// Verbs whose failure is worth a report: those that judge or change the host, unless nothing was to be kept.
fn leaves_report(verb: &Verb) -> bool {
    match verb {
        Verb::Scan(args) => !args.no_save,
        Verb::Rehearse(args) => args.is_whole(),
        Verb::Plan(_) | Verb::Apply(_) | Verb::Rollback(_) | Verb::Recover(_) => true,
        _ => false,
    }
}

/// A scan of a part tells nothing about how the host stands, not even when it fails.
fn is_partial(verb: &Verb) -> bool {
    match verb {
        Verb::Scan(args) => !ScanRequest::from(args.clone()).selection.is_everything(),
        _ => false,
    }
}

/// A verb with everything it needs, and where its answer goes.
pub(super) struct Shown<'a> {
    pub(super) terminal: &'a Terminal,
    pub(super) context: Context<'a>,
}

impl Shown<'_> {
    /// Stores the report of a failure. A run that failed has stored its own; a typing mistake and a caller without
    /// rights leave none.
    fn keep_failure(&self, (command, is_partial): (&str, bool), error: &anyhow::Error) {
        let told = ToldFailure::of(error);
        if matches!(told.kind, FailureKind::Usage | FailureKind::Privilege) {
            return;
        }
        let now = self.context.now();
        let report = told.report(command, now, now);
        let stored = match is_partial {
            true => records::store_aside(&self.context, &report),
            false => records::store(&self.context, &report),
        };
        if let Err(error) = stored {
            self.terminal.mention(1, &format!("the report of the failure is not stored: {error}"));
        }
    }

    fn verb(&self, cli: Cli) -> Result<ExitCode> {
        match cli.verb {
            Verb::Scan(args) => self.scan(&ScanRequest::from(args)),
            Verb::Reboot(args) => self.reboot(args.into()),
            Verb::Why(args) => {
                let document = why::why(&self.context, &WhyRequest::from(args))?;
                self.terminal.show(&document, Weight::News)?;
                Ok(ExitCode::Done)
            }
            Verb::Plan(args) => self.plan(PlanRequest::from_args(args, &cli.global)),
            Verb::Rehearse(args) => match rehearse::part(&self.context, &args.into())? {
                Some(report) => self.report(&report),
                None => Ok(ExitCode::Done),
            },
            Verb::Apply(args) if args.detach => {
                self.terminal.show(&detach::detach(&self.context)?, Weight::News)?;
                Ok(ExitCode::Done)
            }
            Verb::Apply(args) => self.apply(&ApplyRequest::from(args)),
            Verb::Rollback(args) => self.rollback(&RollbackRequest::from(args)),
            Verb::Recover(args) => self.report(&recover::recover(&self.context, args.into())?),
            Verb::NeedsRestart(args) => self.needs_restart(args.into()),
            Verb::Status(args) if args.nagios => self.plugin(),
            Verb::Status(args) => {
                let code = if args.wait { status::wait(&self.context)? } else { None };
                let terminal = self.terminal.at(self.context.now());
                terminal.show(&status::status(&self.context)?, Weight::News)?;
                Ok(code.map_or(ExitCode::Done, ExitCode::of_number))
            }
            Verb::Report(args) => self.stored(&args.request(&cli.global)),
            Verb::Doctor => self.doctor(),
            Verb::History(args) => self.history(args.into()),
            Verb::Feeds(args) => {
                let document = feeds::feeds(&self.context, &FeedsRequest::from(args))?;
                self.terminal.show(&document, Weight::News)?;
                Ok(ExitCode::Done)
            }
            Verb::Bundle(args) => {
                let document = match args.verb {
                    BundleVerb::Create { bundle, sign_with } => {
                        host_bundle::create(&self.context, &bundle, sign_with.as_deref())?
                    }
                    BundleVerb::Verify { bundle } => host_bundle::verify(&self.context, &bundle)?,
                };
                self.terminal.show(&document, Weight::News)?;
                Ok(ExitCode::Done)
            }
            Verb::Policy(args) => self.policy(args.verb.unwrap_or(PolicyVerb::Show)),
            Verb::Block(args) => self.changed(&rule_files::block(&self.context, &args.into())?),
            Verb::Unblock(args) => self.changed(&rule_files::unblock(&self.context, &args.name)?),
            Verb::Waive(args) => self.changed(&rule_files::waive(&self.context, &args.into())?),
            Verb::Schedule(args) => {
                let request = args.verb.unwrap_or(ScheduleVerb::Show).into();
                self.terminal.show(&schedule::schedule(&self.context, request)?, Weight::News)?;
                Ok(ExitCode::Done)
            }
            Verb::Completions { .. } | Verb::Man { .. } => Ok(ExitCode::Done),
        }
    }

    fn policy(&self, verb: PolicyVerb) -> Result<ExitCode> {
        let action = match verb {
            PolicyVerb::Check => PolicyAction::Check,
            PolicyVerb::Show => PolicyAction::Show,
            PolicyVerb::Refresh => {
                self.terminal.show(&policy::refresh(&self.context)?, Weight::News)?;
                return Ok(ExitCode::Done);
            }
            PolicyVerb::Preview => {
                self.terminal.show(&policy::preview(&self.context)?, Weight::News)?;
                return Ok(ExitCode::Done);
            }
        };
        let document = policy::document(&self.context, action)?;
        let is_routine = action == PolicyAction::Check && document.remarks.is_empty();
        self.terminal.show(&document, if is_routine { Weight::Routine } else { Weight::News })?;
        Ok(ExitCode::Done)
    }

    fn changed(&self, document: &RuleChange) -> Result<ExitCode> {
        self.terminal.show(document, Weight::News)?;
        Ok(ExitCode::Done)
    }

    /// Shows a report; a failure in it is told on stderr and decides the code.
    pub(super) fn report(&self, report: &Report) -> Result<ExitCode> {
        let routine = matches!(report.outcome, Outcome::Clean | Outcome::NothingToDo);
        self.terminal.show(report, if routine { Weight::Routine } else { Weight::News })?;
        if let (Some(error), None, None) = (&report.error, &report.transaction, &report.rehearsal) {
            self.terminal.insist(&format!("error: {}", error.message));
            for hint in &error.hints {
                self.terminal.insist(&format!("hint: {hint}"));
            }
        }
        Ok(ExitCode::of_number(report.exit_code))
    }

    fn plan(&self, request: PlanRequest) -> Result<ExitCode> {
        match request {
            PlanRequest::Compare { before, after } => {
                let difference = plan::compare(&self.context, &before, &after)?;
                self.terminal.show(&difference, Weight::News)?;
                Ok(ExitCode::Done)
            }
            PlanRequest::Make { wish, file } => {
                self.report(&plan::plan(&self.context, &wish, file.as_deref())?)
            }
        }
    }

    fn apply(&self, request: &ApplyRequest) -> Result<ExitCode> {
        let approve = |plan: &PatchPlan| -> Result<Sha256, Failure> {
            if request.reach == Reach::DownloadOnly {
                return Ok(plan.id);
            }
            confirm::approve(plan, request.consent, self.terminal)?
                .ok_or_else(|| Failure::new(FailureKind::Policy, "not approved; nothing was changed"))
        };
        if request.reach == Reach::Everything && request.consent == Consent::Ask && !self.terminal.can_ask() {
            return Err(confirm::nobody_to_ask().into());
        }
        self.report(&apply::apply(&self.context, request, &approve)?)
    }

    fn rollback(&self, request: &RollbackRequest) -> Result<ExitCode> {
        let approve = |preview: &RollbackPreview| -> Result<bool, Failure> {
            if request.consent == Consent::Ask || !self.terminal.is_quiet() {
                self.terminal.talk_about(preview);
            }
            confirm::ask(&format!("take back run {}?", preview.run), request.consent, self.terminal)
        };
        match rollback::rollback(&self.context, request, &approve)? {
            rollback::Answer::Report(report) => self.report(&report),
            rollback::Answer::Preview(preview) => {
                self.terminal.show(preview.as_ref(), Weight::News)?;
                Ok(if preview.obstacles.is_empty() { ExitCode::Done } else { ExitCode::Preflight })
            }
        }
    }

    /// With `--reboot` the exit code answers.
    fn needs_restart(&self, request: NeedsRestartRequest) -> Result<ExitCode> {
        let document = needs_restart::needs_restart(&self.context)?;
        let due = document.restart.reboot.is_some();
        let nothing = !due && document.restart.count() == 0;
        let weight = if nothing { Weight::Routine } else { Weight::News };
        self.terminal.show(&document, weight)?;
        Ok(match request {
            NeedsRestartRequest::Reboot if due => ExitCode::RebootNeeded,
            NeedsRestartRequest::Reboot | NeedsRestartRequest::Everything => ExitCode::Done,
        })
    }

    /// A monitoring system reads one line and a code of its own convention.
    fn plugin(&self) -> Result<ExitCode> {
        let (state, line) = nagios::plugin(&status::status(&self.context)?);
        self.terminal.data(line.as_bytes())?;
        Ok(ExitCode::of_number(state as u8))
    }

    /// The exit code tells whether a run could begin.
    fn doctor(&self) -> Result<ExitCode> {
        let document = doctor::doctor(&self.context)?;
        let is_well = document.count(PreconditionState::Met) == document.preconditions.len();
        self.terminal.show(&document, if is_well { Weight::Routine } else { Weight::News })?;
        let stops = document.count(PreconditionState::Stops) > 0;
        Ok(if stops { ExitCode::Preflight } else { ExitCode::Done })
    }

    /// A fleet whose files were not all read is not whole.
    fn stored(&self, request: &ReportRequest) -> Result<ExitCode> {
        match request {
            ReportRequest::Anew { subject, format } => {
                self.terminal.show(&report::anew(&self.context, subject, *format)?, Weight::News)?;
            }
            ReportRequest::Period { since, until } => {
                self.terminal.show(&report::period(&self.context, *since, *until)?, Weight::News)?;
            }
            ReportRequest::Difference { before, after } => {
                self.terminal.show(&merge::diff(&self.context, before, after)?, Weight::News)?;
            }
            ReportRequest::Merge { folder } => {
                let fleet = merge::merge(&self.context, folder)?;
                self.terminal.show(&fleet, Weight::News)?;
                if !fleet.unreadable.is_empty() {
                    return Ok(ExitCode::Incomplete);
                }
            }
        }
        Ok(ExitCode::Done)
    }

    fn history(&self, request: crate::ops::request::HistoryRequest) -> Result<ExitCode> {
        match history::history(&self.context, request)? {
            history::Answer::Run(report) => {
                self.terminal.show(report.as_ref(), Weight::News)?;
                Ok(ExitCode::Done)
            }
            history::Answer::List(list) => {
                self.terminal.show(list.as_ref(), Weight::News)?;
                Ok(if list.is_damaged() { ExitCode::Preflight } else { ExitCode::Done })
            }
        }
    }
}
