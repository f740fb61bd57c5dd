//! Reads what `dnf --assumeno -v` says it would do: one line a package, before the table that people read.
//!
//! The lines are dnf's own (`dnf/cli/output.py`, `DepSolveProgressCallBack.pkg_added`), untranslated in the C locale:
//! `---> Package NAME.ARCH [EPOCH:]VERSION-RELEASE will be WHAT`. Old and new version of a change are two lines.

use super::super::PackageManagerError;
use crate::model::distro::PackageFamily;
use crate::model::package::{Architecture, PackageName};
use crate::model::plan::{Operation, OperationKind, Resolution};
use crate::model::version::Version;

/// What a line begins with.
const MARK: &str = "---> Package ";
/// What stands between a package and its fate.
const FATE: &str = " will be ";

/// Reads the whole transaction. The order is dnf's own; rpm orders the packages of one transaction itself.
///
/// # Errors
/// A line that begins like a change has another form, or a fate that is not known.
pub(super) fn parse(text: &str) -> Result<Resolution, PackageManagerError> {
    let mut resolution = Resolution::default();
    let mut replaced: Vec<(PackageName, Version)> = Vec::new();
    for line in text.lines().filter(|line| line.starts_with(MARK)) {
        let (operation, fate) = parse_line(line).ok_or_else(|| unreadable(line))?;
        let kind = match fate {
            "an upgrade" | "a downgrade" => OperationKind::Unpack,
            // A package that is installed again in its own version changes nothing that a plan speaks of.
            "reinstalled" => continue,
            "installed" => OperationKind::Add,
            "erased" | "obsoleted" => OperationKind::Remove,
            "upgraded" | "downgraded" => {
                replaced.push((operation.name, operation.version));
                continue;
            }
            _ => return Err(unreadable(line)),
        };
        resolution.operations.push(operation.of_kind(kind));
    }
    for operation in &mut resolution.operations {
        let old = replaced.iter().find(|(name, _)| *name == operation.name);
        if operation.kind == OperationKind::Unpack {
            operation.from = old.map(|(_, version)| version.clone());
        }
    }
    Ok(resolution)
}

fn unreadable(line: &str) -> PackageManagerError {
    PackageManagerError::Unreadable { tool: "dnf", line: line.chars().take(200).collect() }
}

struct Line {
    name: PackageName,
    architecture: Architecture,
    version: Version,
}

impl Line {
    fn of_kind(self, kind: OperationKind) -> Operation {
        let (from, to) = match kind {
            OperationKind::Remove => (Some(self.version), None),
            _ => (None, Some(self.version)),
        };
        let (name, architecture) = (self.name, self.architecture);
        Operation { kind, name, architecture, from, to, origin: String::new() }
    }
}

fn parse_line(line: &str) -> Option<(Line, &str)> {
    let (package, fate) = line.strip_prefix(MARK)?.split_once(FATE)?;
    let (name, version) = package.split_once(' ')?;
    let (name, architecture) = name.rsplit_once('.')?;
    let is_architecture = !architecture.is_empty()
        && architecture.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !PackageFamily::Rpm.is_package_name(name) || !is_architecture {
        return None;
    }
    let version = Version::rpm(version).ok()?;
    let (name, architecture) = (PackageName::from(name), Architecture::from(architecture));
    Some((Line { name, architecture, version }, fate.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
DNF version: 4.14.0
--> Starting dependency resolution
---> Package newname.noarch 2.0-1 will be installed
---> Package oldname.noarch 1.0-1 will be obsoleted
---> Package bar.noarch 1.0-1 will be upgraded
---> Package bar.x86_64 1:2.0-1 will be an upgrade
---> Package kernel-core.x86_64 5.1-1 will be installed
--> Finished dependency resolution
";

    #[test]
    fn every_line_becomes_a_change_with_its_old_version() {
        let resolution = parse(SAID).expect("readable");
        assert_eq!(
            resolution.told(),
            [
                "Add newname:noarch - 2.0-1",
                "Remove oldname:noarch 1.0-1 -",
                "Unpack bar:x86_64 1.0-1 1:2.0-1",
                "Add kernel-core:x86_64 - 5.1-1",
            ]
        );
    }

    #[test]
    fn a_line_of_another_form_is_refused_not_skipped() {
        for line in [
            "---> Package ",
            "---> Package foo 1.0-1 will be installed",
            "---> Package foo.noarch will be installed",
            "---> Package -rf.noarch 1-1 will be installed",
            "---> Package foo.noarch 1.0-1 will be blessed",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(---> Package |a|\\.| |1-1| will be |installed|\n|\\PC){0,30}") {
            let _ = parse(&text);
        }
    }
}
