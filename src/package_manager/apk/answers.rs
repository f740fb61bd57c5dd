//! Reads what apk answers to a simulation: every line is known, or the answer is refused (apk-tools, `src/commit.c`,
//! `print_change` and `apk_solver_commit_changeset`; `src/solver.c` for the reasons).

use std::collections::BTreeMap;

use super::super::{PackageManagerError, Unmet};
use crate::model::distro::PackageFamily;
use crate::model::package::PackageName;
use crate::model::version::Version;

/// One change of a simulation: `(1/7) Upgrading libfoo (1.0-r0 -> 1.0-r1)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: PackageName,
    /// The tag of the repository that it comes from.
    pub(super) tag: Option<String>,
    pub(super) kind: ChangeKind,
    /// The version before, where there is one.
    pub(super) from: Option<Version>,
    /// The version after, where there is one.
    pub(super) to: Option<Version>,
}

/// What apk calls a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Install,
    Upgrade,
    Downgrade,
    /// Another build of the same version.
    Replace,
    Purge,
    /// The same archive again, or only another tag of the same package.
    Same,
}

/// The words of [`ChangeKind`], in the order in which they are tried.
const WORDS: [(&str, ChangeKind); 8] = [
    ("Installing ", ChangeKind::Install),
    ("Upgrading ", ChangeKind::Upgrade),
    ("Downgrading ", ChangeKind::Downgrade),
    ("Replacing ", ChangeKind::Replace),
    ("Purging ", ChangeKind::Purge),
    ("Reinstalling ", ChangeKind::Same),
    ("[APK unavailable, skipped] Reinstalling ", ChangeKind::Same),
    ("Updating pinning ", ChangeKind::Same),
];

/// What 2.14 says where apk itself is to be upgraded: its simulation is its own, and the new one may solve otherwise.
const SELF_UPGRADE: &str = "WARNING: This simulation is not reliable as apk-tools upgrade is available.";
/// How apk begins when no set of packages fulfils what was asked.
const UNSATISFIABLE: &str = "unable to select packages:";

/// Reads the changes of a simulation, on a host where so many packages are broken.
///
/// # Errors
/// A line is not known, or apk counts more errors than packages that were broken before.
pub(super) fn changes(
    (output, errors): (&str, &str),
    broken: usize,
) -> Result<Vec<Change>, PackageManagerError> {
    if let Some(line) = errors.lines().find(|line| !line.is_empty() && *line != SELF_UPGRADE) {
        return Err(unreadable(line));
    }
    let mut changes = Vec::new();
    let mut is_over = false;
    for line in output.lines() {
        if is_over {
            return Err(unreadable(line));
        }
        is_over = is_end(line, broken);
        if !is_over {
            changes.push(change(line).ok_or_else(|| unreadable(line))?);
        }
    }
    if is_over { Ok(changes) } else { Err(unreadable("the answer has no end")) }
}

/// `OK: 4 MiB in 13 packages`, or `2 errors; …`: a simulation counts the packages that were broken before and tries nothing that
/// could fail (apk-tools, `src/commit.c`, `apk_solver_commit_changeset`).
fn is_end(line: &str, broken: usize) -> bool {
    let counted = line.split_once(" error").and_then(|(count, _)| count.parse::<usize>().ok());
    line.starts_with("OK: ") || counted.is_some_and(|count| count <= broken)
}

fn unreadable(line: &str) -> PackageManagerError {
    PackageManagerError::Unreadable { tool: "apk", line: line.chars().take(200).collect() }
}

fn change(line: &str) -> Option<Change> {
    let (counted, rest) = line.strip_prefix('(')?.split_once(") ")?;
    let (done, total) = counted.trim_start().split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (kind, rest) = WORDS.iter().find_map(|(word, kind)| Some((*kind, rest.strip_prefix(word)?)))?;
    let (named, versions) = rest.strip_suffix(')')?.split_once(" (")?;
    let (name, tag) = named.split_once('@').map_or((named, None), |(name, tag)| (name, Some(tag)));
    if !is_number(done) || !is_number(total) || !PackageFamily::Apk.is_package_name(name) {
        return None;
    }
    let version = |text: &str| Version::apk(text).ok().filter(Version::is_ordered);
    let (from, to) = match (kind, versions.split_once(" -> ")) {
        (ChangeKind::Upgrade | ChangeKind::Downgrade | ChangeKind::Replace, Some((from, to))) => {
            (Some(version(from)?), Some(version(to)?))
        }
        (ChangeKind::Purge, None) => (Some(version(versions)?), None),
        (ChangeKind::Install, None) => (None, Some(version(versions)?)),
        (ChangeKind::Same, None) => (Some(version(versions)?), Some(version(versions)?)),
        _ => return None,
    };
    Some(Change { name: PackageName::from(name), tag: tag.map(str::to_owned), kind, from, to })
}

/// Returns what apk warns of: without an index that it cannot open or does not trust, it answers another question than the one
/// that was asked.
pub(super) fn warning(errors: &str) -> Option<String> {
    let warns = |line: &&str| line.starts_with("WARNING: ") && *line != SELF_UPGRADE;
    errors.lines().find(warns).map(str::to_owned)
}

/// Reads why nothing can be selected; empty when apk complains of something else.
///
/// ```text
/// ERROR: unable to select packages:
///   legacy-1.0-r0:
///     breaks: held-2.0-r0[!legacy]
///     satisfies: world[legacy]
/// ```
pub(super) fn problems(errors: &str) -> Vec<Unmet> {
    let mut lines = errors.lines().skip_while(|line| !line.ends_with(UNSATISFIABLE)).skip(1);
    let mut found = Vec::new();
    let mut stuck = Stuck::default();
    for line in lines.by_ref().take_while(|line| line.starts_with("  ")) {
        match (line.strip_prefix("    "), line.trim().strip_suffix(':')) {
            (None, Some(heading)) => {
                found.extend(std::mem::take(&mut stuck).told());
                stuck.heading = heading.to_owned();
            }
            _ => stuck.take(line.trim()),
        }
    }
    found.extend(stuck.told());
    found
}

/// A package that cannot be selected, and what depends on it in which way.
#[derive(Default)]
struct Stuck {
    /// `legacy-1.0-r0`, or `nosuchlib (no such package)`.
    heading: String,
    relation: String,
    /// `held-2.0-r0[!legacy]` by `breaks`, `satisfies`, `required by`, `conflicts`.
    relations: BTreeMap<String, Vec<String>>,
}

impl Stuck {
    /// A line of relations goes on on the next lines, without a heading.
    fn take(&mut self, line: &str) {
        let (relation, words) = match line.split_once(": ") {
            Some((relation, words)) => (relation.to_owned(), words),
            None => (self.relation.clone(), line),
        };
        let words = words.split_whitespace().map(str::to_owned);
        self.relations.entry(relation.clone()).or_default().extend(words);
        self.relation = relation;
    }

    fn told(self) -> Vec<Unmet> {
        let name = name_of(self.heading.split(' ').next().unwrap_or_default());
        let related = |relation: &str| self.relations.get(relation).cloned().unwrap_or_default();
        let keeps: Vec<String> = related("satisfies");
        let broken = related("breaks").into_iter().chain(related("required by"));
        broken.filter_map(|relation| unmet(&self.heading, name.as_deref(), (&relation, &keeps))).collect()
    }
}

/// `held-2.0-r0[!legacy]` cannot be beside what is stuck.
fn unmet(heading: &str, stuck: Option<&str>, (relation, keeps): (&str, &[String])) -> Option<Unmet> {
    let (who, wish) = relation.strip_suffix(']')?.split_once('[')?;
    let because = if keeps.is_empty() { String::new() } else { format!(", because of {}", keeps.join(" ")) };
    // The world asks for what was named on the command line, and for what the administrator wants.
    if who == "world" {
        let asked = wish.trim_start_matches('!').split(['=', '<', '>', '~', '@']).next()?;
        let words = format!("{heading} stays{because}; {wish} is asked for");
        return Some(Unmet { package: PackageName::from(asked), needs: None, conflicts: false, words });
    }
    let words = match wish.strip_prefix('!') {
        Some(enemy) => format!("{who} cannot be beside {enemy}{because}"),
        None => format!("{who} needs {wish}, and there is {heading}{because}"),
    };
    let package = PackageName::from(name_of(who)?.as_str());
    Some(Unmet { package, needs: stuck.map(PackageName::from), conflicts: wish.starts_with('!'), words })
}

/// The name in `name-1.0-r0`, or the text as it is.
pub(super) fn name_of(text: &str) -> Option<String> {
    let without = |text: &str| {
        let (rest, revision) = text.rsplit_once("-r")?;
        let (name, _) = rest.rsplit_once('-')?;
        revision.bytes().all(|byte| byte.is_ascii_digit()).then(|| name.to_owned())
    };
    let name = without(text).unwrap_or_else(|| text.to_owned());
    PackageFamily::Apk.is_package_name(&name).then_some(name)
}

/// Scripts of packages, as apk names them (apk-package(5)).
const SCRIPTS: [&str; 7] = [
    ".pre-install",
    ".post-install",
    ".pre-upgrade",
    ".post-upgrade",
    ".pre-deinstall",
    ".post-deinstall",
    ".trigger",
];

/// Names whatever the errors of a change blame: packages, or a hook.
///
/// A script that fails stops nothing, and a hook after the change does not even count as an error.
pub(super) fn blamed(errors: &str) -> Vec<PackageName> {
    let mut names = Vec::new();
    for line in errors.lines() {
        let Some((head, _)) = line.strip_prefix("ERROR: ").and_then(|rest| rest.split_once(": ")) else {
            continue;
        };
        let file = head.rsplit('/').next().unwrap_or(head);
        let script = SCRIPTS.iter().find_map(|end| file.strip_suffix(end));
        let name = match (script, name_of(file)) {
            _ if head.contains(' ') => continue,
            (Some(build), _) => name_of(build),
            (None, Some(name)) if name != file => Some(name),
            _ => Some(format!("the hook \"{file}\"")),
        };
        names.extend(name.map(|name| PackageName::from(name.as_str())));
    }
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Real answers of apk 2.14.10 and 3.0.6 (tests/fixtures/apk/README.md).
    macro_rules! captured {
        ($name:literal) => {
            include_str!(concat!("../../../tests/fixtures/apk/answers/", $name))
        };
    }

    fn told(changes: Vec<Change>) -> Vec<String> {
        let shown =
            |version: Option<Version>| version.map_or("-".to_owned(), |version| version.as_str().to_owned());
        let tell = |c: Change| {
            format!("{:?} {} {} {} {}", c.kind, c.name, c.tag.unwrap_or_default(), shown(c.from), shown(c.to))
        };
        changes.into_iter().map(tell).collect()
    }

    #[test]
    fn a_simulation_is_read_in_its_order() {
        for answer in [captured!("2.14-upgrade"), captured!("3.0-upgrade")] {
            let changes = told(changes((answer, ""), 0).expect("readable"));
            assert_eq!(changes.len(), 7);
            assert_eq!(changes[0], "Upgrade libfoo  1.0-r0 1.0-r1");
            assert_eq!(changes[6], "Upgrade tagged testing 0.1-r0 0.1-r1");
        }
        let lost = told(changes((captured!("3.0-world-lost"), ""), 0).expect("readable"));
        assert_eq!(lost[0], "Purge alpine-baselayout  3.6.5-r0 -");
        assert_eq!(lost.len(), 12);
        assert_eq!(changes((captured!("3.0-upgrade"), SELF_UPGRADE), 0).expect("known").len(), 7);
        let broken = captured!("3.0-upgrade").replace("OK: ", "1 error; ");
        assert_eq!(changes((&broken, ""), 1).expect("a package was broken before").len(), 7);
    }

    #[test]
    fn a_line_that_is_not_known_refuses_the_whole_answer() {
        let whole = captured!("3.0-upgrade");
        for (from, to) in [
            ("Upgrading foo", "Improving foo"),
            ("(2/7)", "(2 of 7)"),
            ("1.0-r0 -> 1.0-r1", "1.0-r0 => 1.0-r1"),
            ("1.0-r0 -> 1.0-r1", "one -> two"),
            ("Upgrading foo", "Upgrading -foo"),
            ("OK: ", "2 errors; "),
            ("OK: ", ""),
        ] {
            assert!(changes((&whole.replacen(from, to, 1), ""), 1).is_err(), "{to}");
        }
        assert!(changes((whole, "WARNING: opening http://example.org: BAD signature"), 0).is_err());
    }

    #[test]
    fn reasons_name_the_package_and_what_is_in_its_way() {
        let told = |errors: &str| -> Vec<String> {
            let tell = |u: &Unmet| {
                let needs = u.needs.as_ref().map_or("-", PackageName::as_str);
                format!("{} {needs} {} | {}", u.package, u.conflicts, u.words)
            };
            problems(errors).iter().map(tell).collect()
        };
        assert_eq!(
            told(captured!("3.0-conflict")),
            ["held legacy true | held-2.0-r0 cannot be beside legacy, because of world[legacy]"]
        );
        assert_eq!(
            told(captured!("2.14-needs")),
            [
                "needy nosuchlib false | needy-2.0-r0 needs nosuchlib>=9, and there is nosuchlib (no such package)"
            ]
        );
        assert_eq!(
            told(captured!("3.0-pinned")),
            ["pinme - false | pinme-1.0-r1 stays; pinme=1.0-r0 is asked for"]
        );
        assert_eq!(told(captured!("3.0-not-in-repository")).len(), 2);
        assert_eq!(
            told("ERROR: Unable to lock database: Resource temporarily unavailable\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn scripts_archives_and_hooks_are_blamed() {
        for errors in [captured!("2.14-scripts-fail"), captured!("3.0-scripts-fail")] {
            assert_eq!(blamed(errors), ["quux", "qux"].map(PackageName::from));
        }
        for errors in [captured!("2.14-hook-fails"), captured!("3.0-hook-fails")] {
            assert_eq!(blamed(errors), [PackageName::from("the hook \"lab\"")]);
        }
        for errors in [captured!("2.14-damaged-archive"), captured!("3.0-damaged-archive")] {
            assert_eq!(blamed(errors), [PackageName::from("foo")]);
        }
        assert_eq!(blamed(captured!("3.0-conflict")), []);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(ERROR: |unable to select packages:\n|  |    breaks: |a-1-r0|\\[|\\]|:\n|\\(1/2\\) |Upgrading |OK: |\\PC){0,30}") {
            let _ = (changes((&text, ""), 1).is_ok(), problems(&text), blamed(&text));
        }
    }
}
