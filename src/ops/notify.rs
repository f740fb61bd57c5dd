//! After a run: the administrator's hooks and messages. Its locks are free by then: nothing here can change how the run
//! ended, and nothing waits for long. What could not be told is said where nobody can have switched it off.

use std::time::Duration;

use super::context::Context;
use crate::apply::hooks::{self, Turn};
use crate::config::notify::Occasion;
use crate::host::runner::{self, CommandSpec};
use crate::host::{facts, storage};
use crate::model::exit_code::outcome_of;
use crate::model::failure::Failure;
use crate::model::outcome::Outcome;
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::observe::Event;
use crate::report::schema::Report;
use crate::report::text::{Rendering, Style};

/// The interface of every mail system (sendmail(8)).
const SENDMAIL: &str = "/usr/sbin/sendmail";
/// A message that is not taken in this time is given up.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How a run ended, as far as others are told.
struct Ended {
    outcome: Outcome,
    phase: Option<Phase>,
    run: Option<RunId>,
    text: String,
}

/// Runs the hooks of an ending and tells whoever is to be told; only where patchctl has power over this host.
pub fn after(context: &Context<'_>, result: Result<&Report, &Failure>) {
    if !context.layout.is_live() || !facts::is_root() {
        return;
    }
    let ended = ended(context, result);
    if let (Some(turn), Some(run)) = (turn(&ended), ended.run)
        && let Err(error) = hooks::run(&context.layout, turn, run)
    {
        warn(context, "a hook failed", &error);
    }
    if is_wanted(context.settings.notify.on, ended.outcome) {
        tell(context, &ended);
    }
}

/// Which hooks an ending has; one that `recover` brought about has those of where it came to.
fn turn(ended: &Ended) -> Option<Turn> {
    match (ended.outcome, ended.phase) {
        (Outcome::Patched | Outcome::RebootPending, _) | (Outcome::Recovered, Some(Phase::Commit)) => {
            Some(Turn::PostApply)
        }
        (Outcome::RolledBack, _) | (Outcome::Recovered, Some(Phase::Returned)) => Some(Turn::OnRollback),
        (Outcome::NothingToDo | Outcome::Planned, _) => None,
        _ => Some(Turn::OnFailure),
    }
}

fn ended(context: &Context<'_>, result: Result<&Report, &Failure>) -> Ended {
    let mut style = Style::plain(context.now());
    style.unicode = false;
    match result {
        Ok(report) => {
            let error = report.error.as_ref().map(|error| format!("error: {}\n", error.message));
            let text = format!("{}{}", error.unwrap_or_default(), report.text(&style));
            let phase = report.transaction.as_ref().map(|transaction| transaction.phase);
            Ended { outcome: report.outcome, phase, run: report.run_id, text }
        }
        Err(failure) => {
            let error = super::records::error_of(failure);
            let hints: String = error.hints.iter().map(|hint| format!("hint: {hint}\n")).collect();
            let text = format!("error: {}\n{hints}", error.message);
            Ended { outcome: outcome_of(failure.kind()), phase: None, run: None, text }
        }
    }
}

/// What failed is always told, whatever the occasion that was asked for.
fn is_wanted(on: Occasion, outcome: Outcome) -> bool {
    let is_quiet = matches!(outcome, Outcome::NothingToDo | Outcome::Planned);
    let has_changed = matches!(outcome, Outcome::Patched | Outcome::RebootPending);
    match on {
        Occasion::Always => true,
        Occasion::Change => !is_quiet,
        Occasion::Error => !is_quiet && !has_changed,
    }
}

fn tell(context: &Context<'_>, ended: &Ended) {
    let notify = &context.settings.notify;
    // The word of an outcome is a text in JSON.
    let outcome = serde_json::to_value(ended.outcome).unwrap_or_default();
    let outcome = outcome.as_str().unwrap_or("ended").to_owned();
    let subject = format!("patchctl on {}: {outcome}", facts::host_name());
    let run = ended.run.map_or_else(String::new, |run| run.to_string());
    let report = context.layout.latest_report().display().to_string();
    if let Some((program, arguments)) = notify.command.split_first() {
        let spec = CommandSpec::new(program)
            .args(arguments.iter().cloned())
            .env("PATCHCTL_SUBJECT", &subject)
            .env("PATCHCTL_OUTCOME", &outcome)
            .env("PATCHCTL_RUN", &run)
            .env("PATCHCTL_REPORT", &report)
            .time_limit(TIME_LIMIT);
        send(context, "notify.command", &spec);
    }
    if let Some(address) = &notify.mail {
        mail(context, address, &format!("To: {address}\nSubject: {subject}\n\n{}", ended.text));
    }
}

fn mail(context: &Context<'_>, address: &str, message: &str) {
    let path = context.layout.volatile().join(format!("mail.{}", std::process::id()));
    if let Err(error) = storage::replace(&path, message.as_bytes(), storage::PRIVATE) {
        return warn(context, "no mail was sent", &error);
    }
    let spec = CommandSpec::new(SENDMAIL).args(["-i", "--", address]).input(&path).time_limit(TIME_LIMIT);
    send(context, "notify.mail", &spec);
    let _ = storage::remove_file(&path);
}

fn send(context: &Context<'_>, key: &str, spec: &CommandSpec) {
    match runner::run(spec) {
        Ok(output) if output.is_success() => {}
        Ok(output) => {
            let code = match output.timed_out {
                true => format!("no answer within {} s", TIME_LIMIT.as_secs()),
                false => format!("exit code {}", output.code),
            };
            let words = output.last_words(2).into_iter().chain([code]).collect::<Vec<_>>().join("; ");
            context.observer.event(&Event::Warning(format!("{key}: nobody was told: {words}")));
        }
        Err(error) => warn(context, &format!("{key}: nobody was told"), &error),
    }
}

fn warn(context: &Context<'_>, what: &str, error: &dyn std::error::Error) {
    let cause = error.source().map_or_else(String::new, |cause| format!(": {cause}"));
    context.observer.event(&Event::Warning(format!("{what}: {error}{cause}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hooks_of_a_recovered_run_are_those_of_where_it_came_to() {
        let turn = |outcome, phase| turn(&Ended { outcome, phase, run: None, text: String::new() });
        assert_eq!(turn(Outcome::Recovered, Some(Phase::Commit)), Some(Turn::PostApply));
        assert_eq!(turn(Outcome::Recovered, Some(Phase::Returned)), Some(Turn::OnRollback));
        assert_eq!(turn(Outcome::Recovered, Some(Phase::Abandoned)), Some(Turn::OnFailure));
        assert_eq!(turn(Outcome::NothingToDo, None), None);
    }

    #[test]
    fn a_failure_is_told_on_every_occasion() {
        for on in [Occasion::Always, Occasion::Change, Occasion::Error] {
            let told =
                [Outcome::Failed, Outcome::RolledBack, Outcome::Stuck, Outcome::Refused, Outcome::Incomplete];
            assert!(told.into_iter().all(|outcome| is_wanted(on, outcome)));
        }
        assert!(
            is_wanted(Occasion::Change, Outcome::Patched) && !is_wanted(Occasion::Error, Outcome::Patched)
        );
        assert!(is_wanted(Occasion::Always, Outcome::NothingToDo));
        assert!(!is_wanted(Occasion::Change, Outcome::NothingToDo));
    }
}
