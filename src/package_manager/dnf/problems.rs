//! Reads why dnf cannot have a transaction: the problems of its solver (libsolv's words, one paragraph each).

use super::super::Unmet;
use crate::model::distro::PackageFamily;
use crate::model::package::PackageName;
use crate::model::version::rpm::Nevra;

/// Reads the problems; empty when dnf complains of something else.
pub(super) fn parse(text: &str) -> Vec<Unmet> {
    let mut problems: Vec<Vec<&str>> = Vec::new();
    for line in text.lines() {
        match (line.trim_start().strip_prefix("Problem"), problems.last_mut()) {
            (Some(rest), _) => {
                let sentence = rest.split_once(": ").map_or(rest, |(_, sentence)| sentence);
                problems.push(vec![sentence.trim()]);
            }
            (None, Some(problem)) if line.trim_start().starts_with("- ") => {
                problem.push(line.trim_start().trim_start_matches("- ").trim());
            }
            _ => {}
        }
    }
    problems.iter().filter_map(|sentences| unmet(sentences)).collect()
}

/// How dnf begins where it refuses what it does for nobody: to remove, or to leave with broken dependencies, what
/// `protected_packages` lists, and to remove the kernel that runs (libdnf, `Goal::Impl`; libdnf5, `ProblemRules`; dnf.conf(5),
/// protected_packages and protect_running_kernel).
const PROTECTED: &str = "The operation would result in ";

fn protected(sentence: &str) -> Option<Unmet> {
    let (_, names) = sentence.strip_prefix(PROTECTED)?.rsplit_once(": ")?;
    let first = names.split([' ', ',']).next()?;
    let package = named(Nevra::parse(first).map_or(first, |build| build.name))?;
    let words = format!("dnf protects it and removes it for nobody: {names} (protected_packages)");
    Some(Unmet { package, needs: None, conflicts: true, words })
}

fn unmet(sentences: &[&str]) -> Option<Unmet> {
    if let Some(unmet) = sentences.iter().find_map(|sentence| protected(sentence)) {
        return Some(unmet);
    }
    // Which sentence comes first differs; the package that something is wanted of is in each, its need in one.
    let packages: Vec<PackageName> = sentences.iter().filter_map(|sentence| subject(sentence)).collect();
    let package = packages.first()?.clone();
    let conflicting = sentences.iter().find(|sentence| sentence.contains(" conflicts with "));
    let requires = sentences.iter().filter_map(|sentence| Some(sentence.split_once(" requires ")?.1));
    let required = requires.filter_map(|rest| named(rest.split([' ', ',']).next()?)).next();
    let other = packages.iter().find(|other| **other != package).cloned();
    let provider = conflicting.and_then(|sentence| subject(sentence.split_once(" provided by ")?.1));
    let words = sentences.join("; ");
    let needs = provider.or(required).or(other);
    Some(Unmet {
        package,
        conflicts: conflicting.is_some() && needs.is_some(),
        needs,
        words: words.chars().take(LONGEST).collect(),
    })
}

/// As much of a problem as a person reads.
const LONGEST: usize = 400;

/// The first package that a sentence names: `package foo-1.0-1.noarch requires …`.
fn subject(sentence: &str) -> Option<PackageName> {
    sentence.split([' ', ',']).find_map(|word| named(Nevra::parse(word)?.name))
}

/// A capability is a need that a person can act on only where it is a package's name.
fn named(word: &str) -> Option<PackageName> {
    PackageFamily::Rpm.is_package_name(word).then(|| PackageName::from(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_that_is_filtered_out_is_named() {
        let said = "Error: \n Problem: package bar-2.0-1.noarch requires foo >= 2.0, but none of the providers can be installed\n  \
            - cannot install the best update candidate for package bar-1.0-1.noarch\n  - package foo-2.0-1.noarch is \
            filtered out by exclude filtering\n(try to add '--skip-broken')\n";
        let found = parse(said);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].package.as_str(), found[0].conflicts), ("bar", false));
        assert_eq!(found[0].needs, Some("foo".into()));
        assert!(found[0].words.contains("exclude filtering"));
    }

    #[test]
    fn a_conflict_names_the_other_and_a_capability_is_no_package() {
        let said = " Problem 1: package a-2-1.x86_64 conflicts with b provided by b-1-1.x86_64\n  - conflicting requests\n \
            Problem 2: package c-2-1.x86_64 requires libx.so.1()(64bit), but none of the providers can be installed\n";
        let found = parse(said);
        assert_eq!((found[0].needs.clone(), found[0].conflicts), (Some("b".into()), true));
        assert_eq!((found[1].package.as_str(), found[1].needs.clone()), ("c", None));
    }

    #[test]
    fn what_dnf_protects_would_have_to_go_and_does_not() {
        for said in [
            "Error: \n Problem: The operation would result in removing the following protected packages: systemd\n",
            "Problem: The operation would result in removing of running kernel: systemd-1-1.x86_64\n",
            "Failed to resolve the transaction:\nProblem 1: The operation would result in broken dependencies for the following \
             protected packages: systemd\nProblem 2: problem with installed package\n",
        ] {
            let found = parse(said);
            assert_eq!((found[0].package.as_str(), found[0].needs.clone()), ("systemd", None));
            assert!(found[0].conflicts && found[0].words.contains("dnf protects it"), "{said}");
        }
    }

    #[test]
    fn other_complaints_are_no_problems() {
        assert_eq!(parse("Error: Unable to find a match: bar-3.0-1.noarch\n"), []);
    }
}
