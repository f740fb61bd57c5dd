//! What zypper is told to do in one transaction, and what its own words say of packages.

use std::path::PathBuf;

use super::super::rpm::builds;
use super::super::{RestoreRequest, Target};
use crate::model::package::{PackageKey, PackageName};
use crate::model::plan::{Action, ActionKind};
use crate::model::version::Version;
use crate::model::version::rpm::Nevra;

/// `NAME.ARCH=[EPOCH:]VERSION-RELEASE`, which names exactly one build (zypper(8), "Package specification").
pub(super) fn exact(target: &Target) -> String {
    format!("{}.{}={}", target.package.name, target.package.architecture, target.version)
}

/// The same build to be gone: zypper takes additions and removals in one transaction.
fn gone(target: &Target) -> String {
    format!("!{}", exact(target))
}

/// The changes of a step, from archives by their path.
pub(super) fn of_actions(
    actions: &[Action],
    archive: impl Fn(&PackageKey, &Version) -> PathBuf,
) -> Vec<String> {
    let path = |action: &Action| Some(archive(&action.key(), action.to.as_ref()?).display().to_string());
    let removed = |action: &Action| {
        let version = action.from.clone().filter(|_| action.kind == ActionKind::Remove)?;
        Some(gone(&Target { package: action.key(), version }))
    };
    actions.iter().filter_map(path).chain(actions.iter().filter_map(removed)).collect()
}

/// A way back, by what is installed: zypper does nothing at all where one of its arguments means nothing.
pub(super) fn of_return(request: &RestoreRequest<'_>, installed: &[Target]) -> Vec<String> {
    let away = request.purge.iter().chain(request.remove).filter(|target| installed.contains(target));
    let archives = request.archives.iter().map(|path| path.display().to_string());
    archives.chain(away.map(gone)).collect()
}

/// Reads whom rpm and zypper blame: `%post(foo-2.0-1.noarch) scriptlet failed`, `Installation of foo-2.0-1.noarch failed`
/// and, with exit code 0, `foo-2.0-1.noarch.rpm %posttrans script failed (returned 1)` (libzypp 17.30).
pub(super) fn blamed(said: &str) -> Vec<PackageName> {
    let build = |text: &str| Some(PackageName::from(Nevra::parse(text.trim())?.name));
    let last_word = |text: &str| build(text.rsplit([' ', '\t']).next()?.trim_end_matches(".rpm"));
    let of_zypper = |line: &str| {
        if let Some((before, _)) = line.split_once(" %posttrans script failed") {
            return last_word(before);
        }
        let (_, rest) = line.split_once("nstallation of ")?;
        build(rest.split_once(" failed")?.0)
    };
    builds::blamed(said, of_zypper)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target_of(text: &str) -> Target {
        builds::target(text).expect("a build")
    }

    #[test]
    fn a_way_back_goes_by_what_is_installed() {
        let installed = ["a-2-1.noarch", "added-1:1-1.noarch"].map(target_of);
        let archives = ["/r/a-1-1.noarch.rpm"].map(PathBuf::from);
        let purge = ["added-1:1-1.noarch", "never-1-1.noarch"].map(target_of);
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
        assert_eq!(of_return(&request, &installed), ["/r/a-1-1.noarch.rpm", "!added.noarch=1:1-1"]);
    }

    #[test]
    fn failing_scripts_are_blamed_whatever_zypper_calls_it() {
        let said = "warning: %post(bad-2.0-1.noarch) scriptlet failed, exit status 1\n\
            Installation of worse-2.0-1.noarch failed:\nerror: %prein(worse-2.0-1.noarch) scriptlet failed, exit status 1\n\
            Warning: late-2.0-1.noarch.rpm %posttrans script failed (returned 1)\n(1/7) Installing: lib-2.0-1.noarch\n";
        assert_eq!(blamed(said), ["bad", "late", "worse"].map(PackageName::from));
        assert_eq!(blamed("(1/1) Installing: plain-2.0-1.noarch [....done]\n"), []);
    }
}
