//! Reads what `apt-get -s` prints: the exact order of unpacking, configuring and removing.
//!
//! The lines are apt's own debug format, stable since 2004 and used by other tools: `Inst NAME[:ARCH] [OLD] (NEW
//! ORIGIN[, ORIGIN] [ARCH]) [BROKEN]`, `Conf NAME[:ARCH] (…)`, `Remv NAME[:ARCH] [OLD]`, `Purg …`.

use super::super::{PackageManagerError, Unmet};
use crate::model::package::{Architecture, PackageName, is_valid_package_name};
use crate::model::plan::{Operation, OperationKind, Resolution};
use crate::model::version::Version;

/// Reads a whole simulation.
///
/// `native` is the architecture of packages that are named without one and of removals.
///
/// # Errors
/// A line that begins like an operation has another form.
pub fn parse_simulation(text: &str, native: &Architecture) -> Result<Resolution, PackageManagerError> {
    let mut resolution = Resolution::default();
    let mut in_kept_back = false;
    for line in text.lines() {
        if in_kept_back && line.starts_with("  ") {
            resolution.kept_back.extend(line.split_whitespace().map(bare_name));
            continue;
        }
        in_kept_back = line.starts_with("The following packages have been kept back");
        if let Some((kind, rest)) = operation_kind(line) {
            let operation = parse_operation(kind, rest, native);
            resolution.operations.push(operation.ok_or_else(|| unreadable(line))?);
        }
    }
    Ok(resolution)
}

fn unreadable(line: &str) -> PackageManagerError {
    PackageManagerError::Unreadable { tool: "apt-get", line: line.chars().take(200).collect() }
}

fn bare_name(word: &str) -> PackageName {
    PackageName::from(word.split(':').next().unwrap_or(word))
}

fn operation_kind(line: &str) -> Option<(OperationKind, &str)> {
    let (word, rest) = line.split_once(' ')?;
    let kind = match word {
        "Inst" => OperationKind::Unpack,
        "Conf" => OperationKind::Configure,
        "Remv" | "Purg" => OperationKind::Remove,
        _ => return None,
    };
    Some((kind, rest))
}

fn parse_operation(kind: OperationKind, rest: &str, native: &Architecture) -> Option<Operation> {
    let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (name, named_architecture) = match name.split_once(':') {
        Some((name, architecture)) => (name, Some(architecture)),
        None => (name, None),
    };
    if !is_valid_package_name(name) {
        return None;
    }
    let (from, rest) = bracketed(rest);
    let from = from.map(Version::deb).transpose().ok()?;
    let (to, origin, architecture) = match kind {
        OperationKind::Remove => (None, String::new(), named_architecture.map(Architecture::from)),
        _ => {
            let (version, origin, architecture) = parse_offer(rest)?;
            (Some(Version::deb(version).ok()?), origin, Some(Architecture::from(architecture)))
        }
    };
    let architecture = architecture.unwrap_or_else(|| native.clone());
    Some(Operation { kind, name: PackageName::from(name), architecture, from, to, origin })
}

/// Takes a leading `[text] `.
fn bracketed(text: &str) -> (Option<&str>, &str) {
    let inner = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match inner {
        Some((inside, rest)) => (Some(inside), rest.trim_start()),
        None => (None, text),
    }
}

/// Takes `(VERSION ORIGINS [ARCH])`; a version from a local archive has no origin.
fn parse_offer(text: &str) -> Option<(&str, String, &str)> {
    let inside = text.strip_prefix('(')?.split_once(')')?.0;
    let (rest, architecture) = inside.strip_suffix(']')?.rsplit_once('[')?;
    let rest = rest.trim_end();
    let (version, origin) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((version, origin.to_owned(), architecture))
}

/// Reads apt's list of unmet dependencies; empty when it complains of something else.
pub(super) fn parse_unmet(text: &str) -> Vec<Unmet> {
    let lines =
        text.lines().skip_while(|line| !line.starts_with("The following packages have unmet dependencies"));
    lines.skip(1).take_while(|line| line.starts_with(' ')).filter_map(parse_unmet_line).collect()
}

/// Reads ` NAME : Depends: OTHER (>= 2) but 1 is to be installed`; continued lines have no name and are passed over.
fn parse_unmet_line(line: &str) -> Option<Unmet> {
    let (name, words) = line.trim().split_once(" : ")?;
    let relation = words.split_once(": ").map_or(words, |(_, rest)| rest);
    let needs =
        relation.split_whitespace().next().map(bare_name).filter(|n| is_valid_package_name(n.as_str()));
    let conflicts = words.starts_with("Conflicts: ") || words.starts_with("Breaks: ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Unmet { package: bare_name(name), needs, conflicts, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMULATION: &str = "\
Calculating upgrade...
The following packages have been kept back:
  lab-held libfoo:i386
The following packages will be upgraded:
  libssl3
Inst libssl-dev [3.0.19-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64]) []
Inst libgcrypt20 [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst lab-extra (1.0 Debian:lab [all])
Inst libc6:i386 [2.36-9] (2.36-9+deb12u1 Debian:12.15/oldstable [i386])
Conf libssl-dev (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Remv lab-old [1.0]
";

    #[test]
    fn every_line_of_a_simulation_becomes_an_operation() {
        let resolution = parse_simulation(SIMULATION, &"amd64".into()).expect("readable");
        let shown: Vec<String> = resolution
            .operations
            .iter()
            .map(|o| {
                let version = |v: &Option<Version>| v.as_ref().map_or("-".to_owned(), Version::to_string);
                format!("{:?} {}:{} {} {}", o.kind, o.name, o.architecture, version(&o.from), version(&o.to))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "Unpack libssl-dev:amd64 3.0.19-1~deb12u2 3.0.22-1~deb12u2",
                "Unpack libgcrypt20:amd64 1.10.1-3 1.10.1-3+deb12u1",
                "Unpack lab-extra:all - 1.0",
                "Unpack libc6:i386 2.36-9 2.36-9+deb12u1",
                "Configure libssl-dev:amd64 - 3.0.22-1~deb12u2",
                "Remove lab-old:amd64 1.0 -",
            ]
        );
        assert_eq!(
            resolution.operations[1].origin,
            "Debian:12.15/oldstable, Debian-Security:12/oldstable-security"
        );
        assert_eq!(resolution.kept_back, ["lab-held".into(), "libfoo".into()]);
    }

    #[test]
    fn a_line_of_another_form_is_refused_not_skipped() {
        for line in [
            "Inst",
            "Inst ",
            "Inst foo",
            "Inst foo (1.0",
            "Inst FOO (1.0 [amd64])",
            "Inst foo (1 2 [a",
            "Conf foo",
        ] {
            let with_space = format!("{line} ");
            let result = parse_simulation(&with_space, &"amd64".into());
            assert!(result.is_err(), "{line:?} gave {result:?}");
        }
    }

    #[test]
    fn unmet_dependencies_are_named() {
        let text = "\
The following packages have unmet dependencies:
 perl : Depends: perl-base (= 5.36.0-7+deb12u4) but 5.36.0-7+deb12u2 is to be installed
        Recommends: netbase but it is not installable
 lab-remover : Conflicts: lab-plain but 2.0 is to be installed
E: Unable to correct problems, you have held broken packages.
";
        let unmet = parse_unmet(text);
        assert_eq!(unmet.len(), 2);
        assert_eq!([unmet[0].conflicts, unmet[1].conflicts], [false, true]);
        assert_eq!(unmet[0].package, "perl".into());
        assert_eq!(unmet[0].needs, Some("perl-base".into()));
    }
}
