//! Judged from facts: the package database, who else works on it, what is known to be offered, and the way back.

use super::facts::Facts;
use crate::model::feed::{FeedStamp, FeedState};
use crate::report::doctor::{Precondition, PreconditionState};

/// Names told before the rest becomes a number.
const TOLD: usize = 4;

/// Judges what is about packages.
pub(super) fn judge(facts: &Facts) -> Vec<Precondition> {
    let mut found = vec![manager(facts), database(facts), lock(facts), rivals(facts)];
    found.extend([lists(facts), feeds(facts), reader(facts)]);
    found.extend(verifier(facts));
    found.push(way_back(facts));
    found
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > TOLD { format!("{shown} and {} more", names.len() - TOLD) } else { shown }
}

fn manager(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("package-manager", "package manager", finding);
    if facts.has_package_manager {
        return met(format!("{} is planned and applied", facts.distribution.title()));
    }
    met(format!("none for {}: it is scanned, and patched by its own tools", facts.distribution.title()))
        .but(PreconditionState::Stops, "patchctl scan tells what is open")
}

fn database(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("package-database", "package database", finding);
    if !facts.unfinished.is_empty() {
        return met(format!("not finished: {}", listed(&facts.unfinished)))
            .but(PreconditionState::Stops, "patchctl recover lets dpkg finish it");
    }
    match &facts.complaints {
        Some(complaints) if !complaints.is_empty() => met(format!("complains: {}", listed(complaints))).but(
            PreconditionState::Attention,
            format!("{}; a run does not count it against itself", facts.distribution.advice().inspect),
        ),
        _ => met(format!("clean, {} packages", facts.packages)),
    }
}

fn lock(facts: &Facts) -> Precondition {
    let met = |finding: &str| Precondition::met("lock", "lock", finding);
    match &facts.lock {
        _ if !facts.is_live => met("another root: nobody works in it that could be seen").unchecked(),
        Ok(None) => met("free"),
        Ok(Some(holder)) => {
            met(holder).but(PreconditionState::Stops, "wait for it; apply waits as long as --lock-timeout")
        }
        Err(_) if !facts.is_root => met("only root can tell who holds it").unchecked(),
        Err(error) => met(error).unchecked(),
    }
}

fn rivals(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("rivals", "other updaters", finding);
    let rivals = &facts.rivals;
    let told = met(rivals.told().unwrap_or_else(|| "none".to_owned()));
    if !rivals.are_at_odds() {
        return told;
    }
    let waits = || "a run waits for the lock, and refuses what changed meanwhile".to_owned();
    told.but(PreconditionState::Attention, rivals.fix().unwrap_or_else(waits))
}

fn age(stamps: &[FeedStamp]) -> String {
    let oldest = stamps.iter().filter_map(|stamp| stamp.age_seconds).max();
    oldest.map_or_else(
        || "of unknown age".to_owned(),
        |seconds| match seconds / 86_400 {
            0 => "less than a day old".to_owned(),
            1 => "a day old".to_owned(),
            days => format!("up to {days} days old"),
        },
    )
}

fn named(stamps: &[FeedStamp], state: FeedState) -> Vec<String> {
    stamps.iter().filter(|stamp| stamp.state == state).map(|stamp| stamp.name.clone()).collect()
}

fn lists(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("lists", "package lists", finding);
    let stamps = match &facts.lists {
        Ok(stamps) => stamps,
        Err(error) => {
            return met(error.clone()).but(PreconditionState::Stops, facts.distribution.advice().refresh);
        }
    };
    if stamps.is_empty() {
        return met("no repository is configured".to_owned())
            .but(PreconditionState::Stops, "enable the security repository of the distribution");
    }
    for (state, words) in
        [(FeedState::Missing, "missing"), (FeedState::Suspect, "suspect"), (FeedState::Stale, "stale")]
    {
        let names = named(stamps, state);
        if !names.is_empty() {
            return met(format!("{words}: {}", listed(&names))).but(
                PreconditionState::Attention,
                format!("{}; apply does it by itself unless --offline", facts.distribution.advice().refresh),
            );
        }
    }
    met(format!("{} fresh, checked {}", stamps.len(), age(stamps)))
}

/// Feeds that only order what is found, or name it, decide nothing: without them a result is still whole.
fn feeds(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("feeds", "advisory feeds", finding);
    let decides = |stamp: &&FeedStamp| facts.deciding.contains(&stamp.name);
    let deciding: Vec<FeedStamp> = facts.feeds.iter().filter(decides).cloned().collect();
    for (state, words) in
        [(FeedState::Suspect, "suspect"), (FeedState::Missing, "never fetched"), (FeedState::Stale, "stale")]
    {
        let names = named(&deciding, state);
        if !names.is_empty() {
            return met(format!("{words}: {}", listed(&names)))
                .but(PreconditionState::Attention, "patchctl feeds refresh, or patchctl feeds import FILE");
        }
    }
    let missing = named(&facts.feeds, FeedState::Missing);
    let missing = match missing.is_empty() {
        true => String::new(),
        false => format!("; not fetched, and nothing hangs on them: {}", listed(&missing)),
    };
    match deciding.len() {
        0 => met("none decides here: only pending updates are known".to_owned())
            .but(PreconditionState::Attention, "name one in [[feeds.source]]"),
        number => met(format!("{number} fresh, {}{missing}", age(&deciding))),
    }
}

/// Whether what vendors publish is read where it can do no harm (safety design, P19).
fn reader(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("feed-reader", "reader of feeds", finding);
    match &facts.kept_rights {
        Ok(kept) if kept.is_empty() => {
            met("a process without rights, files and network reads what vendors publish".to_owned())
        }
        Ok(kept) => met(format!("reads what vendors publish, and this host denies it {}", kept.join(", ")))
            .but(PreconditionState::Attention, "a kernel with Landlock (5.13) and seccomp allows it"),
        Err(error) => met(format!("no feed can be read: {error}"))
            .but(PreconditionState::Attention, "mount /proc, and let processes be started"),
    }
}

fn verifier(facts: &Facts) -> Option<Precondition> {
    let (program, is_there) = facts.verifier?;
    let met = |finding: &str| Precondition::met("signatures", "signatures", finding);
    Some(match is_there {
        true => met(&format!("{program} proves them")),
        false => met(&format!("{program} is missing: apt can prove no list"))
            .but(PreconditionState::Stops, format!("apt-get install {program}")),
    })
}

fn way_back(facts: &Facts) -> Precondition {
    let met = |finding: String| Precondition::met("way-back", "way back", finding);
    let found = facts.way_back;
    if facts.lists.is_err() || !facts.has_package_manager {
        return met("not counted: the package lists cannot be read".to_owned()).unchecked();
    }
    let told = format!(
        "{} packages have an archive, {} can be rebuilt from their files",
        found.archived, found.rebuilt
    );
    match found.lost {
        0 => met(told),
        lost => met(format!("{told}, {lost} have none")).but(
            PreconditionState::Attention,
            "those are held back; --accept-no-rollback NAME patches them all the same",
        ),
    }
}
