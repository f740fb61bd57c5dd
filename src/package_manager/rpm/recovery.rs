//! Builds put back and taken away by rpm alone, for a database in pieces.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::archives::ArchiveFormat;
use super::super::{PackageManagerError, RestoreRequest, Target, run_into_log};
use super::{RPM, RpmArchives, builds, rebuild};
use crate::host::runner::{CommandOutput, CommandSpec, Insistence};
use crate::host::{clock, storage};

/// rpm names its temporary files after the second in which its transaction began: a second attempt in the same one fails
/// of the litter of the first (safety design, section 2).
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(2);

/// Puts exact archives back and takes packages away, whatever rpm thinks of it; `tool` is whom the log and errors name,
/// `guard` the lock that rpm holds as long as it lives.
///
/// `-U` puts a version in the place of every other one of its package, recorded twice or not; what belongs beside others
/// is added by `-i`, which takes none away.
///
/// # Errors
/// rpm cannot be started, or there is nothing to do.
pub(in super::super) fn restore(
    request: &RestoreRequest<'_>,
    (tool, guard, archives): (&'static str, &Path, &RpmArchives),
) -> Result<CommandOutput, PackageManagerError> {
    let calls = calls(request, &builds::installed()?, guard);
    clock::pause(BETWEEN_ATTEMPTS);
    remove_litter(archives, request);
    let mut last = None;
    for call in &calls {
        last = Some(run_into_log((tool, call), request.log, &mut |_| {})?);
    }
    last.ok_or_else(|| PackageManagerError::Refused { tool: "rpm", words: Vec::new() })
}

/// Tells whether rpm alone can put the archives of a way back in place: dnf and zypper let rpm verify the digest of a
/// payload, which that of a rebuilt one does not fit.
pub(in super::super) fn is_for_rpm_alone(request: &RestoreRequest<'_>) -> bool {
    request.archives.iter().any(|archive| rebuild::is_rebuilt(archive))
}

/// What rpm is told, in order.
fn calls(request: &RestoreRequest<'_>, installed: &[Target], guard: &Path) -> Vec<CommandSpec> {
    let rpm = || {
        let spec = CommandSpec::new(RPM).args(["--define", "_flush_io 1"]);
        spec.time_limit(request.time_limit).insistence(Insistence::Patient).guard(guard)
    };
    let path = |path: &PathBuf| path.display().to_string();
    let (beside, instead): (Vec<&PathBuf>, Vec<&PathBuf>) =
        request.archives.iter().partition(|archive| request.beside.contains(archive));
    let mut force = vec!["--oldpackage", "--replacepkgs", "--replacefiles", "--nodeps"];
    force.extend(is_for_rpm_alone(request).then_some(REBUILT));
    let mut calls = Vec::new();
    for (verb, archives) in [("-U", instead), ("-i", beside)] {
        if !archives.is_empty() {
            calls.push(
                rpm().arg(verb).args(force.iter().copied()).arg("--").args(archives.into_iter().map(path)),
            );
        }
    }
    let away = request.purge.iter().chain(request.remove).filter(|gone| installed.contains(gone));
    calls.extend(away.map(|gone| rpm().args(["-e", "--nodeps", "--", &builds::nevra(gone)])));
    calls
}

/// Removes what a transaction that was cut off unpacked and did not put in place: no later one does, and the caller, who
/// holds every lock, knows that none runs now.
fn remove_litter(archives: &RpmArchives, request: &RestoreRequest<'_>) {
    for path in archives.litter(request.archives).unwrap_or_default() {
        // What cannot be removed is found by the caller's own proof.
        let _ = storage::remove_file(&path);
    }
}

/// How rpm takes an archive that was rebuilt: by the digests of its files, not by that of its payload.
const REBUILT: &str = "--nodigest";

/// What a person types to go back, and to look at what came of it.
pub(in super::super) fn by_hand(request: &RestoreRequest<'_>, look: &str) -> Vec<String> {
    let rebuilt = if is_for_rpm_alone(request) { format!("{REBUILT} ") } else { String::new() };
    let mut commands =
        vec![format!("rpm -U --oldpackage --replacepkgs {rebuilt}{}", builds::paths(request.archives))];
    let away: Vec<String> = request.purge.iter().chain(request.remove).map(builds::nevra).collect();
    if !away.is_empty() {
        commands.push(format!("rpm -e {}", away.join(" ")));
    }
    commands.push(look.to_owned());
    commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decision::ConffilePolicy;

    #[test]
    fn a_kernel_comes_beside_the_old_one_and_never_instead_of_it() {
        let archives = ["/r/kernel-2-1.noarch.rpm", "/r/plain-1-1.noarch.rpm"].map(PathBuf::from);
        let gone =
            ["extra-1-1.noarch", "never-1-1.noarch"].map(|text| builds::target(text).expect("a build"));
        let request = RestoreRequest {
            complete: &[],
            archives: &archives,
            beside: &archives[..1],
            purge: &gone,
            remove: &[],
            conffiles: ConffilePolicy::Keep,
            time_limit: Duration::ZERO,
            log: Path::new("/log"),
        };
        let told: Vec<String> =
            calls(&request, &gone[..1], Path::new("/guard")).iter().map(CommandSpec::shown).collect();
        let force = "--oldpackage --replacepkgs --replacefiles --nodeps --";
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].ends_with(&format!("-U {force} /r/plain-1-1.noarch.rpm")), "{told:?}");
        assert!(told[1].ends_with(&format!("-i {force} /r/kernel-2-1.noarch.rpm")), "{told:?}");
        assert!(told[2].ends_with("-e --nodeps -- extra-1-1.noarch"), "{told:?}");
    }
}
