//! Whether anything is missing from a result (product design, section 7).

use super::AssessInput;
use crate::model::feed::{Completeness, CompletenessLevel, FeedRole, FeedStamp, FeedState, SourceSettings};

/// Decides how complete an assessment is, with one sentence for each thing that is missing.
pub(super) fn of(input: &AssessInput<'_>) -> Completeness {
    let mut found = Completeness { level: CompletenessLevel::Full, reasons: Vec::new() };
    if input.stamps.is_empty() {
        let title = input.inventory.distribution.title();
        let sentence = format!("no advisory feed speaks about {title}: only pending updates are known");
        lower(&mut found, CompletenessLevel::UpdatesOnly, sentence);
    }
    let (unreached, known): (Vec<&FeedStamp>, Vec<&FeedStamp>) =
        input.stamps.iter().partition(|stamp| was_never_reached(input, stamp));
    for stamp in known {
        judge_feed(input, stamp, &mut found);
    }
    judge_unreached(&unreached, &mut found);
    judge_repositories(input, &mut found);
    found
}

/// Without lists it is not even known which packages come from other publishers.
fn judge_repositories(input: &AssessInput<'_>, found: &mut Completeness) {
    let view = input.view;
    let refresh = input.inventory.distribution.advice().refresh;
    if view.is_empty() {
        let sentence = format!(
            "there are no repository lists, so neither updates nor packages of other publishers are known: run \
             {refresh}"
        );
        return lower(found, CompletenessLevel::Incomplete, sentence);
    }
    for stamp in view.stamps.iter().filter(|stamp| stamp.state != FeedState::Fresh) {
        let sentence = format!("{} is {}: run {refresh}", stamp.name, trouble(stamp));
        lower(found, CompletenessLevel::Incomplete, sentence);
    }
}

fn source_of<'a>(input: &AssessInput<'a>, stamp: &FeedStamp) -> Option<&'a SourceSettings> {
    input.sources.iter().find(|source| source.name == stamp.name)
}

/// Tells whether a feed that verdicts hang on, and that nobody configured, was never had.
fn was_never_reached(input: &AssessInput<'_>, stamp: &FeedStamp) -> bool {
    let source = source_of(input, stamp);
    stamp.state == FeedState::Missing
        && source.is_none_or(|source| source.is_needed() && !source.configured_by_admin)
}

/// One sentence for all that the same keeps away.
fn judge_unreached(unreached: &[&FeedStamp], found: &mut Completeness) {
    let mut causes: Vec<String> = Vec::new();
    for cause in unreached.iter().map(|stamp| problem(stamp)) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    for cause in causes {
        let names: Vec<&str> = unreached
            .iter()
            .filter(|stamp| problem(stamp) == cause)
            .map(|stamp| stamp.name.as_str())
            .collect();
        let was = if names.len() == 1 { "was" } else { "were" };
        let names = names.join(", ");
        let sentence = format!(
            "{names} {was} never reached{cause}: only pending security updates are known, NOT holes without an update"
        );
        lower(found, CompletenessLevel::UpdatesOnly, sentence);
    }
}

fn judge_feed(input: &AssessInput<'_>, stamp: &FeedStamp, found: &mut Completeness) {
    let source = source_of(input, stamp);
    let role = source.map_or(FeedRole::Verdicts, |source| source.role);
    let is_read = match role {
        FeedRole::Threats => input.threats.is_some(),
        _ => input.indexes.iter().chain(input.announcements).any(|index| index.feed == stamp.name),
    };
    match stamp.state {
        _ if !source.is_none_or(SourceSettings::is_needed) => {}
        FeedState::Fresh if is_read && stamp.problem.is_none() && stamp.unread.is_nothing() => {}
        FeedState::Fresh if is_read && stamp.problem.is_none() => {
            lower(found, CompletenessLevel::Incomplete, unread(stamp));
        }
        _ => lower(found, CompletenessLevel::Incomplete, format!("{} is {}", stamp.name, trouble(stamp))),
    }
}

/// What an importer could not read may be what is open here.
fn unread(stamp: &FeedStamp) -> String {
    let (count, first) = (stamp.unread.count, stamp.unread.first.first());
    let words = if count == 1 { "1 statement".to_owned() } else { format!("{count} statements") };
    let first = first.map(|first| format!(", the first {first}")).unwrap_or_default();
    format!("{} is not whole: {words} could not be read{first}", stamp.name)
}

fn lower(found: &mut Completeness, level: CompletenessLevel, sentence: String) {
    if found.level != CompletenessLevel::Incomplete {
        found.level = level;
    }
    found.reasons.push(sentence);
}

fn trouble(stamp: &FeedStamp) -> String {
    let word = match stamp.state {
        FeedState::Fresh if stamp.problem.is_some() => "not refreshed",
        FeedState::Fresh => "without a readable index",
        FeedState::Stale => "stale",
        FeedState::Suspect => "suspect, the last good content is used",
        FeedState::Missing => "missing",
    };
    let age = match stamp.age_seconds {
        None => String::new(),
        Some(age) if age < 0 => ", newer than the time asked for".to_owned(),
        Some(age) => format!(", {} old", hours(age)),
    };
    format!("{word}{age}{}", problem(stamp))
}

fn hours(seconds: i64) -> String {
    let hours = seconds.max(0) / 3600;
    if hours < 48 { format!("{hours} h") } else { format!("{} days", hours / 24) }
}

fn problem(stamp: &FeedStamp) -> String {
    stamp.problem.as_ref().map_or(String::new(), |problem| format!(" ({problem})"))
}
