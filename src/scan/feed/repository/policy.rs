//! What apt itself would install: `apt-cache policy`, and the one setting of apt that changes what a stamp means.

use std::time::Duration;

use super::RepositoryError;
use crate::host::runner::{self, CommandOutput, CommandSpec};
use crate::model::package::PackageKey;

/// Bytes of package names in one call; the kernel takes 2 MiB of arguments (execve(2)).
const ARGUMENT_BYTES: usize = 512 * 1024;

/// apt opens its cache in about a second; a slow machine with many sources gets much more.
const PATIENCE: Duration = Duration::from_secs(300);

/// What apt says of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// The name, with the architecture where it is not the native one (`libc6:i386`).
    pub(super) package: String,
    /// The version it would install.
    pub(super) candidate: String,
    /// Share of hosts that get it already, in percent, while the vendor phases it.
    pub(super) phased_percent: Option<u8>,
    /// Where the candidate can be had, as apt lists it; best priority first.
    pub(super) places: Vec<Place>,
}

/// A place that offers a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) priority: i32,
    /// The repository's address.
    pub(super) site: String,
    /// Suite and component as the sources write them: `bookworm-security/main`.
    pub(super) suite: String,
}

/// Asks apt about packages of the running system. Packages without a candidate are absent from the answer.
///
/// # Errors
/// apt cannot be run, or refuses.
pub(super) fn ask(packages: &[PackageKey]) -> Result<Vec<Policy>, RepositoryError> {
    let mut policies = Vec::new();
    let mut rest = packages;
    while !rest.is_empty() {
        let (names, count) = next_names(rest);
        rest = &rest[count..];
        let output = run(CommandSpec::new("/usr/bin/apt-cache").arg("policy").args(names))?;
        policies.extend(parse(&output.text()));
    }
    Ok(policies)
}

fn next_names(packages: &[PackageKey]) -> (Vec<String>, usize) {
    let mut names = Vec::new();
    let mut bytes = 0;
    for package in packages {
        let name = package.to_string();
        bytes += name.len() + 1;
        if bytes > ARGUMENT_BYTES {
            break;
        }
        names.push(name);
    }
    let count = names.len();
    (names, count)
}

/// Tells whether apt's own configuration tells it to ignore the expiry of release files.
///
/// # Errors
/// apt cannot be run, or refuses.
pub(super) fn ignores_expiry() -> Result<bool, RepositoryError> {
    let output = run(CommandSpec::new("/usr/bin/apt-config").args(["dump", "Acquire::Check-Valid-Until"]))?;
    Ok(says_no(&output.text(), "Acquire::Check-Valid-Until"))
}

fn says_no(dump: &str, name: &str) -> bool {
    let value = dump.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(';'));
    value.is_some_and(|value| {
        ["no", "false", "0", "off", "without", "disable"].contains(&value.trim_matches('"'))
    })
}

fn run(spec: CommandSpec) -> Result<CommandOutput, RepositoryError> {
    let spec = spec.time_limit(PATIENCE);
    let output = runner::run(&spec).map_err(|source| RepositoryError::Ask { source })?;
    if output.is_success() {
        return Ok(output);
    }
    let command = spec.shown().chars().take(80).collect();
    Err(RepositoryError::Refused { command, words: output.last_words(3).join("; ") })
}

/// Reads what `apt-cache policy` prints; packages with `Candidate: (none)` are left out.
pub(super) fn parse(text: &str) -> Vec<Policy> {
    let mut policies: Vec<Policy> = Vec::new();
    let mut current: Option<Policy> = None;
    let mut in_candidate = false;
    for line in text.lines() {
        if !line.starts_with(' ') {
            policies.extend(current.take());
            let package = line.strip_suffix(':').unwrap_or(line).to_owned();
            let (candidate, places) = (String::new(), Vec::new());
            current = Some(Policy { package, candidate, phased_percent: None, places });
            in_candidate = false;
            continue;
        }
        let Some(policy) = current.as_mut() else { continue };
        if let Some(candidate) = line.strip_prefix("  Candidate: ") {
            candidate.trim().clone_into(&mut policy.candidate);
        } else if let Some(place) = line.strip_prefix("        ") {
            policy.places.extend(parse_place(place).filter(|_| in_candidate));
        } else if let Some(version) = line.strip_prefix(" *** ").or_else(|| line.strip_prefix("     ")) {
            in_candidate = version.split(' ').next() == Some(policy.candidate.as_str());
            if in_candidate {
                policy.phased_percent = parse_phased(version);
            }
        }
    }
    policies.extend(current);
    policies.retain(|policy| !policy.candidate.is_empty() && policy.candidate != "(none)");
    for policy in &mut policies {
        policy.places.sort_by_key(|place| -i64::from(place.priority));
    }
    policies
}

/// `500 http://mirror.example.org/debian bookworm/main amd64 Packages`; dpkg's own database is no place to get it from.
fn parse_place(line: &str) -> Option<Place> {
    let mut words = line.split_whitespace();
    let priority = words.next()?.parse().ok()?;
    let (site, suite) = (words.next()?, words.next()?);
    Some(Place { priority, site: site.trim_end_matches('/').to_owned(), suite: suite.to_owned() })
}

/// `1.2-3 500 (phased 20%)`.
fn parse_phased(version: &str) -> Option<u8> {
    let (_, rest) = version.split_once("(phased ")?;
    rest.split_once('%')?.0.trim().parse().ok().filter(|percent| *percent <= 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "tzdata:
  Installed: 2025b-0+deb12u2
  Candidate: 2026f-0+deb12u1
  Package pin: 2026f-0+deb12u1
  Version table:
     2026f-0+deb12u1 500 (phased 20%)
        500 http://mirror.example.org/debian-security bookworm-security/main amd64 Packages
        990 http://mirror.example/x/ bookworm-security/main amd64 Packages
 *** 2025b-0+deb12u2 100
        100 /var/lib/dpkg/status
libc6:i386:
  Installed: (none)
  Candidate: (none)
  Version table:
     2.36-9 -1
        500 http://mirror.example.org/debian bookworm/main i386 Packages
local:
  Installed: 1
  Candidate: 1
  Version table:
 *** 1 100
        100 /var/lib/dpkg/status
";

    #[test]
    fn candidate_comes_with_its_places_best_first() {
        let policies = parse(ANSWER);
        assert_eq!(policies.len(), 2);
        assert_eq!(policies[0].candidate, "2026f-0+deb12u1");
        assert_eq!(policies[0].phased_percent, Some(20));
        assert_eq!(policies[0].places[0].site, "http://mirror.example/x");
        assert_eq!(policies[0].places[1].suite, "bookworm-security/main");
        assert!(policies[1].places.is_empty());
    }

    #[test]
    fn names_are_asked_in_pieces_the_kernel_takes() {
        let key =
            |at: usize| PackageKey { name: format!("package{at:060}").into(), architecture: "all".into() };
        let keys: Vec<PackageKey> = (0..20_000).map(key).collect();
        let (names, count) = next_names(&keys);
        assert!(names.len() == count && count < keys.len() && count > 1_000);
    }

    #[test]
    fn expiry_is_ignored_only_when_apt_says_so() {
        assert!(says_no("Acquire::Check-Valid-Until \"false\";\n", "Acquire::Check-Valid-Until"));
        assert!(!says_no("Acquire::Check-Valid-Until \"true\";\n", "Acquire::Check-Valid-Until"));
        assert!(!says_no("", "Acquire::Check-Valid-Until"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "( |  Candidate: | \\*\\*\\* |     |        |1|500|\\(phased |%|\n|a:|\\PC){0,40}") {
            let _ = parse(&text);
        }
    }
}
