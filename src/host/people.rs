//! Who is logged in, and a word to all of them.
//!
//! The login manager and the record of logins are both asked, because not every service tells both: a person that one of them
//! names is there.

use std::collections::BTreeSet;
use std::time::Duration;

use super::runner::{self, CommandSpec};

/// Lists the sessions of the login manager (loginctl(1)).
const LOGINCTL: &str = "/usr/bin/loginctl";
/// Lists the record of logins (who(1)).
const WHO: &str = "/usr/bin/who";
/// Writes to every terminal (wall(1)).
const WALL: &str = "/usr/bin/wall";

/// Who does not answer in this time is not going to.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Returns who is logged in, as `name on terminal`, in order; `None` where nobody can tell.
pub fn logged_in() -> Option<Vec<String>> {
    let answers = [of_login_manager(), answer(WHO, &[]).map(|text| of_record(&text))];
    let known: Vec<BTreeSet<String>> = answers.into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect())
}

/// Writes to everybody's terminal; who cannot be reached is not.
pub fn tell(message: &str) {
    let _ = runner::run(&CommandSpec::new(WALL).args(["--", message]).time_limit(ANSWER_LIMIT));
}

fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let spec = CommandSpec::new(program).args(arguments.iter().copied()).time_limit(ANSWER_LIMIT);
    runner::run(&spec).ok().filter(runner::CommandOutput::is_success).map(|output| output.text())
}

fn of_login_manager() -> Option<BTreeSet<String>> {
    let listed = answer(LOGINCTL, &["list-sessions", "--no-legend", "--no-pager"])?;
    let sessions: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    if sessions.is_empty() {
        return Some(BTreeSet::new());
    }
    let shown = ["show-session", "--no-pager", "--property=Name", "--property=Class", "--property=State"];
    let arguments = [&shown[..], &["--property=TTY", "--"], &sessions].concat();
    Some(answer(LOGINCTL, &arguments)?.split("\n\n").filter_map(person).collect())
}

/// A session of class `user` that is not closing is a person's; display managers, locked screens and the manager of a
/// user's services have other classes (sd_session_get_class(3)).
fn person(block: &str) -> Option<String> {
    let value = |key: &str| {
        block.lines().filter_map(|line| line.split_once('=')).find(|(known, _)| *known == key).map(|(_, v)| v)
    };
    let is_person = value("Class").is_some_and(|class| class == "user" || class.starts_with("user-"));
    let is_there = value("State").is_some_and(|state| state != "closing");
    let name = value("Name").filter(|_| is_person && is_there)?;
    Some(at(name, value("TTY").unwrap_or_default()))
}

/// Lines of name, terminal and time.
fn of_record(text: &str) -> BTreeSet<String> {
    let person = |line: &str| {
        let mut words = line.split_whitespace();
        Some(at(words.next()?, words.next().unwrap_or_default()))
    };
    text.lines().filter_map(person).collect()
}

fn at(name: &str, terminal: &str) -> String {
    if terminal.is_empty() { name.to_owned() } else { format!("{name} on {terminal}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_from_greeters_and_from_those_who_leave() {
        let session =
            |class: &str, state: &str| person(&format!("Name=anna\nTTY=pts/0\nClass={class}\nState={state}"));
        assert_eq!(session("user", "active").as_deref(), Some("anna on pts/0"));
        assert_eq!(session("user", "online").as_deref(), Some("anna on pts/0"));
        for (class, state) in [("user", "closing"), ("greeter", "active"), ("manager", "active")] {
            assert_eq!(session(class, state), None, "{class} {state}");
        }
        assert_eq!(person("Name=bert\nTTY=\nClass=user\nState=active").as_deref(), Some("bert"));
    }

    #[test]
    fn the_record_of_logins_names_people_and_terminals() {
        let text =
            "anna     pts/0        2026-11-22 09:41 (192.0.2.7)\nbert     tty1         2026-11-22 08:00\n";
        assert_eq!(of_record(text).into_iter().collect::<Vec<_>>(), ["anna on pts/0", "bert on tty1"]);
        assert_eq!(of_record(""), BTreeSet::new());
    }
}
