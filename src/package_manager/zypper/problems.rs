//! Reads why zypper cannot have a transaction: the problems of its solver, each with the ways out that it offers a person.

use super::super::Unmet;
use super::answer::Answer;
use crate::model::distro::PackageFamily;
use crate::model::package::PackageName;
use crate::model::version::rpm::Nevra;

/// What every problem begins with.
const PROBLEM: &str = "Problem: ";
/// As much of a problem as a person reads.
const LONGEST: usize = 400;

/// Reads the problems; empty when zypper complains of something else. The first one comes with its ways out, those that
/// it would come to later with a sentence alone.
pub(super) fn parse(answer: &Answer) -> Vec<Unmet> {
    let mut found: Vec<Unmet> = answer.questions.iter().filter_map(|text| problem(text)).collect();
    found.extend(answer.news.iter().filter_map(|text| problem(text)));
    found.extend(answer.complaints.iter().filter_map(|text| not_found(text)));
    found.extend(answer.news.iter().filter_map(|text| licence(text)));
    found
}

fn problem(text: &str) -> Option<Unmet> {
    let text = text.strip_prefix(PROBLEM)?;
    let mut problem: Vec<&str> = Vec::new();
    let mut ways_out: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let is_way_out = line.starts_with("Solution ") || !ways_out.is_empty();
        if is_way_out { &mut ways_out } else { &mut problem }.push(line);
    }
    if problem == ["conflicting requests"] {
        // What is in the way stands in the ways out alone: a lock.
        problem.extend(ways_out.iter().filter(|line| line.starts_with("remove lock ")));
    }
    let behind = |mark: &str| ways_out.iter().find_map(|line| subject(line.split_once(mark)?.1));
    let asked = behind("do not install ").or_else(|| behind("do not ask to install a solvable providing "));
    let removed = behind("deinstallation of ");
    let named = problem.iter().find_map(|line| subject(line));
    let package = asked.or_else(|| named.clone()).or_else(|| removed.clone())?;
    let required = problem.iter().find_map(|line| named_as_package(line.split_once(" requires ")?.1));
    let removed = removed.filter(|name| *name != package);
    let conflicts = removed.is_some();
    let needs = removed.or(required).or(named).filter(|name| *name != package);
    Some(Unmet { package, needs, conflicts, words: problem.join("; ").chars().take(LONGEST).collect() })
}

/// `Package 'nosuch.noarch=2.0-1' not found.` and `No provider of 'nosuch=1' found.`: no enabled repository has it any
/// more, or zypper may not see it there.
fn not_found(text: &str) -> Option<Unmet> {
    let wanted = text.strip_prefix("Package '").and_then(|rest| rest.strip_suffix("' not found."));
    let wanted = wanted
        .or_else(|| text.strip_prefix("No provider of '").and_then(|rest| rest.strip_suffix("' found.")))?;
    Some(Unmet { package: subject(wanted)?, needs: None, conflicts: false, words: text.to_owned() })
}

/// A licence comes as news before the question, behind a summary and with exit code 4 (tried with 1.14.42). It is for a
/// person to agree to, or for `autoAgreeWithLicenses` in zypper.conf, which is his word too.
fn licence(text: &str) -> Option<Unmet> {
    let (_, rest) = text.split_once("In order to install '")?;
    let (name, _) = rest.split_once('\'')?;
    let words = "its licence must be agreed to: zypper install shows it, and [commit] autoAgreeWithLicenses in \
                 zypper.conf agrees to every one";
    let package = subject(name)?;
    Some(Unmet { package, needs: None, conflicts: false, words: words.to_owned() })
}

/// The package that a sentence names first: a build (`foo-1.0-1.noarch`, `foo-1.0-1.noarch[updates]`), or a wish
/// (`foo.noarch = 1.0-1`, `foo=1.0-1`).
fn subject(sentence: &str) -> Option<PackageName> {
    let words = || sentence.split([' ', ',', '\n', '[', ']', '\'', '=']);
    let build = words().find_map(|word| named(Nevra::parse(word)?.name));
    build.or_else(|| named_as_package(sentence))
}

/// A capability is a need that a person can act on only where it is a package's name.
fn named_as_package(text: &str) -> Option<PackageName> {
    let word = text.split([' ', ',', '=', '\'', '[']).find(|word| !word.is_empty())?;
    named(word.strip_suffix(".noarch").or_else(|| word.strip_suffix(".x86_64")).unwrap_or(word))
}

fn named(word: &str) -> Option<PackageName> {
    PackageFamily::Rpm.is_package_name(word).then(|| PackageName::from(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(questions: &[&str], complaints: &[&str]) -> Vec<Unmet> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        parse(&Answer { questions: owned(questions), complaints: owned(complaints), ..Answer::default() })
    }

    #[test]
    fn what_would_have_to_go_is_named_as_a_conflict() {
        let said = "Problem: wantsold-1.0-1.noarch requires other = 1.0, but this requirement cannot be provided\n \
            Solution 1: deinstallation of wantsold-1.0-1.noarch\n Solution 2: do not install other-2.0-1.noarch\n \
            Solution 3: break wantsold-1.0-1.noarch by ignoring some of its dependencies";
        let found = told(&[said], &[]);
        assert_eq!((found.len(), found[0].package.as_str()), (1, "other"));
        assert_eq!((found[0].needs.clone(), found[0].conflicts), (Some("wantsold".into()), true));
        assert!(!found[0].words.contains("Solution"), "{}", found[0].words);
    }

    #[test]
    fn a_need_that_is_locked_is_named() {
        let said = "Problem: grows-2.0-1.noarch requires extra, but this requirement cannot be provided\n  not installable \
            providers: extra-1.0-1.noarch[base]\n Solution 1: remove lock to allow installation of \
            extra-1.0-1.noarch[base]\n Solution 2: do not install grows-2.0-1.noarch";
        let found = told(&[said], &[]);
        assert_eq!((found[0].package.as_str(), found[0].needs.clone()), ("grows", Some("extra".into())));
        let said = "Problem: conflicting requests\n Solution 1: Following actions will be done:\n  remove lock to allow \
            installation of held-2.0-1.noarch[updates]\n Solution 2: do not ask to install a solvable providing \
            held.noarch = 2.0-1";
        let found = told(&[said], &[]);
        assert_eq!(found[0].package.as_str(), "held");
        assert!(found[0].words.contains("remove lock"), "{}", found[0].words);
    }

    #[test]
    fn what_no_repository_has_and_licences_are_told() {
        let found =
            told(&[], &["Package 'nosuch.noarch=2.0-1' not found.", "No provider of 'libx=1' found."]);
        assert_eq!(found.iter().map(|unmet| unmet.package.as_str()).collect::<Vec<_>>(), ["nosuch", "libx"]);
        let asked = "In order to install 'plain', you must agree to terms of the following license agreement:\n\nPay.";
        let found = parse(&Answer { news: vec![asked.to_owned()], ..Answer::default() });
        assert_eq!((found.len(), found[0].package.as_str()), (1, "plain"));
        assert_eq!(told(&["Continue?"], &["System management is locked by the application with pid 1."]), []);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(Problem: |Solution 1: |deinstallation of |a-1-1.noarch| requires |\\[|=|'|\n|\\PC){0,20}") {
            let _ = told(&[&text], &[&text]);
        }
    }
}
