//! What is different about dnf 5: its words on the command line, and the table in which it tells what it would do.
//!
//! Tried with dnf5 5.4.6; `do`, which takes archives and removals into one transaction, came with 5.2.14 (2025).

use super::super::rpm::builds::{self, nevra};
use super::super::{Goal, PackageManagerError, Removals, Resolved, Target, Unmet};
use super::problems;
use crate::host::runner::{CommandOutput, CommandSpec};
use crate::model::distro::PackageFamily;
use crate::model::package::{Architecture, PackageName};
use crate::model::plan::{Operation, OperationKind, Resolution};
use crate::model::version::Version;
use crate::model::version::rpm::Nevra;

/// What is asked about, behind what holds for every call.
pub(super) fn resolving(spec: CommandSpec, goal: &Goal, removals: Removals) -> CommandSpec {
    let spec = spec.arg("--assumeno");
    let erasing = (removals == Removals::Allow).then_some("--allowerasing");
    match goal {
        Goal::Everything => spec.arg("upgrade").args(erasing),
        Goal::Targets(targets) => {
            spec.args(["--best", "do"]).args(erasing).arg("--action=upgrade").args(targets.iter().map(nevra))
        }
    }
}

/// Reads what it answered: `--assumeno` ends with 1 where there is something to do, and so does every error.
///
/// # Errors
/// It gave no answer, or one in another form.
pub(super) fn resolved(goal: &Goal, output: &CommandOutput) -> Result<Resolved, PackageManagerError> {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut unmet = problems::parse(&said);
    if let Goal::Targets(targets) = goal {
        unmet.extend(targets.iter().filter_map(|target| without_match(target, &said)));
    }
    if !unmet.is_empty() {
        return Ok(Resolved::Impossible(unmet));
    }
    let text = output.text();
    let has_answered = text.lines().any(|line| line == SUMMARY || line == "Nothing to do.");
    if !has_answered {
        return Err(PackageManagerError::Refused { tool: "dnf", words: first_words(&said) });
    }
    parse(&text).map(Resolved::Possible)
}

/// What it complains of first, behind its progress.
fn first_words(said: &str) -> Vec<String> {
    const PROGRESS: [&str; 3] =
        ["Updating and loading repositories:", "Repositories loaded.", "Failed to resolve the transaction:"];
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty() && !PROGRESS.contains(line));
    lines.take(3).map(str::to_owned).collect()
}

/// `No match for argument: NEVRA`, or `Argument 'NEVRA' matches only packages excluded by versionlock.`
fn without_match(target: &Target, said: &str) -> Option<Unmet> {
    let build = nevra(target);
    let is_meant = |line: &&str| {
        line.strip_prefix("No match for argument: ") == Some(build.as_str())
            || line.strip_prefix("Argument '").is_some_and(|rest| rest.starts_with(&format!("{build}'")))
    };
    let line = said.lines().find(is_meant)?;
    let package = target.package.name.clone();
    Some(Unmet { package, needs: None, conflicts: false, words: format!("dnf says: {line}") })
}

/// The line behind the table.
const SUMMARY: &str = "Transaction Summary:";
/// What stands before a package that another one takes the place of, in the row below that one.
const REPLACING: &str = "replacing ";

/// What becomes of the packages below a heading of the table (dnf5, `libdnf5-cli/output/transaction_table.cpp`).
fn kind_of(heading: &str) -> Option<Heading> {
    Some(match heading {
        "Upgrading:" | "Downgrading:" => Heading::Changes(OperationKind::Unpack),
        "Installing:"
        | "Installing dependencies:"
        | "Installing weak dependencies:"
        | "Installing group/module packages:" => Heading::Changes(OperationKind::Add),
        "Removing:" | "Removing dependent packages:" | "Removing unused dependencies:" => {
            Heading::Changes(OperationKind::Remove)
        }
        // A package that is installed again in its own version changes nothing that a plan speaks of.
        "Reinstalling:" => Heading::Nothing,
        "Skipping packages with conflicts:" | "Skipping packages with broken dependencies:" => {
            Heading::Nothing
        }
        _ => return None,
    })
}

#[derive(Clone, Copy)]
enum Heading {
    Changes(OperationKind),
    Nothing,
}

/// Reads the whole table. The order is dnf's own; rpm orders the packages of one transaction itself.
///
/// # Errors
/// A heading is not known, or a row has another form.
fn parse(text: &str) -> Result<Resolution, PackageManagerError> {
    let mut resolution = Resolution::default();
    let mut heading = None;
    let table = text.lines().skip_while(|line| !line.starts_with("Package ")).skip(1);
    for line in table.take_while(|line| !line.trim().is_empty()) {
        let unreadable =
            || PackageManagerError::Unreadable { tool: "dnf", line: line.chars().take(200).collect() };
        if !line.starts_with(' ') {
            heading = Some(kind_of(line.trim_end()).ok_or_else(unreadable)?);
            continue;
        }
        let row = line.trim_start();
        let (row, is_replaced) = row.strip_prefix(REPLACING).map_or((row, false), |rest| (rest, true));
        let (name, architecture, version) = read_row(row).ok_or_else(unreadable)?;
        let Heading::Changes(kind) = heading.ok_or_else(unreadable)? else { continue };
        let last = resolution.operations.last_mut().filter(|last| is_replaced && last.name == name);
        match (last, is_replaced) {
            (Some(last), _) if last.kind == OperationKind::Unpack => last.from = Some(version),
            (_, true) => resolution.operations.push(removed((name, architecture), version)),
            (_, false) if kind == OperationKind::Remove => {
                resolution.operations.push(removed((name, architecture), version));
            }
            (_, false) => resolution.operations.push(Operation {
                kind,
                name,
                architecture,
                from: None,
                to: Some(version),
                origin: String::new(),
            }),
        }
    }
    Ok(resolution)
}

fn removed((name, architecture): (PackageName, Architecture), version: Version) -> Operation {
    let kind = OperationKind::Remove;
    Operation { kind, name, architecture, from: Some(version), to: None, origin: String::new() }
}

/// `NAME ARCH EPOCH:VERSION-RELEASE REPOSITORY SIZE UNIT`.
fn read_row(row: &str) -> Option<(PackageName, Architecture, Version)> {
    let mut words = row.split_whitespace();
    let (name, architecture, version) = (words.next()?, words.next()?, words.next()?);
    let is_architecture = architecture.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !PackageFamily::Rpm.is_package_name(name) || !is_architecture || words.next().is_none() {
        return None;
    }
    let version = Version::rpm(version.strip_prefix("0:").unwrap_or(version)).ok()?;
    Some((PackageName::from(name), Architecture::from(architecture), version))
}

/// Reads whom rpm and dnf 5 blame: whose script failed, and `Unpack error: foo-0:2.0-1.noarch`.
pub(super) fn blamed(said: &str) -> Vec<PackageName> {
    let of_dnf = |line: &str| {
        let (_, build) = line.split_once("Unpack error: ")?;
        Some(PackageName::from(Nevra::parse(build.trim())?.name))
    };
    builds::blamed(said, of_dnf)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
Package                  Arch   Version Repository        Size
Removing:
 lab-grows               noarch 0:1.0-1 base          28.0   B
Upgrading:
 bar                     x86_64 1:2.0-1 updates      140.0   B
   replacing bar         noarch 0:1.0-1 base         140.0   B
Installing:
 kernel-core             x86_64 0:5.1-1 updates       30.0 KiB
 newname                 noarch 0:2.0-1 updates       32.0   B
   replacing oldname     noarch 0:1.0-1 base          30.0   B
Installing dependencies:
 extra                   noarch 0:1.0-1 base          28.0   B

Transaction Summary:
 Installing:         3 packages
";

    fn output(stdout: &str, stderr: &str) -> CommandOutput {
        let (stdout, stderr) = (stdout.as_bytes().to_vec(), stderr.as_bytes().to_vec());
        CommandOutput { code: 1, timed_out: false, stdout, stderr }
    }

    #[test]
    fn every_row_becomes_a_change_with_what_it_replaces() {
        let resolution = parse(SAID).expect("readable");
        assert_eq!(
            resolution.told(),
            [
                "Remove lab-grows:noarch 1.0-1 -",
                "Unpack bar:x86_64 1.0-1 1:2.0-1",
                "Add kernel-core:x86_64 - 5.1-1",
                "Add newname:noarch - 2.0-1",
                "Remove oldname:noarch 1.0-1 -",
                "Add extra:noarch - 1.0-1",
            ]
        );
    }

    #[test]
    fn a_table_of_another_form_is_refused_not_skipped() {
        for row in [
            " foo noarch",
            " foo noarch 1.0-1",
            " -rf noarch 0:1-1 base 1 B",
            "Blessing:",
            " foo no-arch 0:1-1 b 1 B",
        ] {
            let text = format!("Package Arch Version Repository Size\nUpgrading:\n{row}\n\n{SUMMARY}\n");
            assert!(parse(&text).is_err(), "{row}");
        }
    }

    #[test]
    fn an_answer_is_told_from_a_refusal() {
        let foo = builds::target("foo-2.0-1.noarch").expect("a build");
        let goal = Goal::Targets(vec![foo]);
        let nothing = resolved(&goal, &output("Nothing to do.\n", "Repositories loaded.\n"));
        assert!(matches!(nothing, Ok(Resolved::Possible(_))), "{nothing:?}");
        for said in [
            "No match for argument: foo-2.0-1.noarch\n",
            "Argument 'foo-2.0-1.noarch' matches only packages excluded by versionlock.\n",
        ] {
            let answer = resolved(&goal, &output("", said));
            assert!(
                matches!(&answer, Ok(Resolved::Impossible(unmet)) if unmet[0].package.as_str() == "foo"),
                "{answer:?}"
            );
        }
        let said = "Updating and loading repositories:\nRepositories loaded.\nCannot open the database.\n";
        let error = resolved(&goal, &output("", said)).expect_err("no answer").to_string();
        assert_eq!(error, "dnf refuses: Cannot open the database.");
    }

    #[test]
    fn failing_scripts_are_blamed_by_rpms_own_words() {
        let said = ">>> Running %post scriptlet: bad-0:2.0-1.noarch\n>>> Scriptlet output:\n>>> no\n\
            >>> [RPM] %post(bad-2.0-1.noarch) scriptlet failed, exit status 1\n>>> Unpack error: foo-0:2.0-1.noarch\n";
        assert_eq!(blamed(said), ["bad", "foo"].map(PackageName::from));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(Package |Upgrading:|Installing:|   replacing | foo| noarch| 0:1-1| b| |\n|\\PC){0,30}") {
            let _ = parse(&text);
        }
    }
}
