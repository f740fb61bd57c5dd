//! What dnf is told to do in one transaction (`dnf shell`, dnf(8)), and what its own words say of packages.

use std::path::PathBuf;

use super::super::rpm::builds::{self, nevra};
use super::super::{RestoreRequest, Target};
use crate::model::package::{PackageKey, PackageName};
use crate::model::plan::{Action, ActionKind};
use crate::model::version::Version;
use crate::model::version::rpm::Nevra;

/// One transaction: archives to be there in exactly their version, and builds to be gone.
///
/// dnf takes archives only before anything else is said in a transaction, and in one command; `install` of one brings its
/// version, whether that is newer, older, new to the host, or one more beside others (tried with 4.14).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Script {
    archives: Vec<String>,
    gone: Vec<String>,
}

impl Script {
    /// The changes of a step, from archives by their path.
    pub(super) fn of_actions(actions: &[Action], archive: impl Fn(&PackageKey, &Version) -> PathBuf) -> Self {
        let path = |action: &Action| Some(archive(&action.key(), action.to.as_ref()?).display().to_string());
        let gone = |action: &Action| {
            let version = action.from.clone().filter(|_| action.kind == ActionKind::Remove)?;
            Some(nevra(&Target { package: action.key(), version }))
        };
        Self {
            archives: actions.iter().filter_map(path).collect(),
            gone: actions.iter().filter_map(gone).collect(),
        }
    }

    /// A way back, by what is installed.
    pub(super) fn of_return(request: &RestoreRequest<'_>, installed: &[Target]) -> Self {
        let gone = request.purge.iter().chain(request.remove).filter(|target| installed.contains(target));
        Self {
            archives: request.archives.iter().map(|path| path.display().to_string()).collect(),
            gone: gone.map(nevra).collect(),
        }
    }

    /// The same as arguments of dnf 5, which has no shell but takes several actions at once (dnf5-do(8)).
    pub(super) fn arguments(&self) -> Vec<String> {
        let action = |verb: &str, operands: &[String]| match operands.is_empty() {
            true => Vec::new(),
            false => [&[format!("--action={verb}")], operands].concat(),
        };
        let actions = [action("install", &self.archives), action("remove", &self.gone)].concat();
        std::iter::once("do".to_owned()).chain(actions).collect()
    }

    /// The text of the script.
    pub(super) fn text(&self) -> String {
        let line = |verb: &str, operands: &[String]| match operands.is_empty() {
            true => String::new(),
            false => format!("{verb} {}\n", operands.join(" ")),
        };
        format!("{}{}run\n", line("install", &self.archives), line("remove", &self.gone))
    }
}

/// Reads whom rpm and dnf blame: whose script failed, and `Error unpacking rpm package foo-2.0-1.noarch` (dnf).
pub(super) fn blamed(said: &str) -> Vec<PackageName> {
    let of_dnf = |line: &str| {
        let words = ["Error unpacking rpm package ", "Error: Transaction failed: "];
        let build = words.iter().find_map(|start| line.trim().strip_prefix(start))?;
        Some(PackageName::from(Nevra::parse(build)?.name))
    };
    builds::blamed(said, of_dnf)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target_of(text: &str) -> Target {
        builds::target(text).expect("a build")
    }

    #[test]
    fn a_way_back_goes_by_what_is_installed() {
        let installed = ["a-2-1.noarch", "b-1:1-1.noarch", "added-1-1.noarch"].map(target_of);
        let archives =
            ["/r/a-1-1.noarch.rpm", "/r/b-1-1.noarch.rpm", "/r/c-1-1.noarch.rpm"].map(PathBuf::from);
        let purge = ["added-1-1.noarch", "never-1-1.noarch"].map(target_of);
        let request = RestoreRequest {
            complete: &[],
            archives: &archives,
            beside: &[],
            purge: &purge,
            remove: &[],
            conffiles: crate::model::decision::ConffilePolicy::Keep,
            time_limit: std::time::Duration::ZERO,
            log: std::path::Path::new("/log"),
        };
        assert_eq!(
            Script::of_return(&request, &installed).text(),
            "install /r/a-1-1.noarch.rpm /r/b-1-1.noarch.rpm /r/c-1-1.noarch.rpm\nremove added-1-1.noarch\nrun\n"
        );
        assert_eq!(
            Script::of_return(&request, &installed).arguments().join(" "),
            "do --action=install /r/a-1-1.noarch.rpm /r/b-1-1.noarch.rpm /r/c-1-1.noarch.rpm --action=remove \
             added-1-1.noarch"
        );
    }

    #[test]
    fn failing_scripts_are_blamed() {
        let said = "warning: %post(bad-2.0-1.noarch) scriptlet failed, exit status 1\n\
            error: lua script failed: [string \"%pre(worse-2.0-1.noarch)\"]:1: no\n\
            error: %prein(worse-2.0-1.noarch) scriptlet failed, exit status 255\nComplete!\n";
        assert_eq!(blamed(said), ["bad", "worse"].map(PackageName::from));
        assert_eq!(blamed("Complete!\n"), []);
    }
}
