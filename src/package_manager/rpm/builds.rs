//! Builds of packages as rpm names them, and what is installed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::super::{PackageManagerError, Target};
use super::RPM;
use crate::host::runner::{self, CommandSpec};
use crate::model::package::{Architecture, PackageKey, PackageName};
use crate::model::version::Version;
use crate::model::version::rpm::Nevra;

/// Checking the dependencies of a large host takes seconds.
const CHECK_LIMIT: Duration = Duration::from_secs(300);

/// `NAME-[EPOCH:]VERSION-RELEASE.ARCH`, which names exactly one build.
pub(in super::super) fn nevra(target: &Target) -> String {
    format!("{}-{}.{}", target.package.name, target.version, target.package.architecture)
}

/// Reads the name of a build. Public keys, which have no architecture, are none.
pub(in super::super) fn target(text: &str) -> Option<Target> {
    let found = Nevra::parse(text.trim())?;
    let package = PackageKey { name: found.name.into(), architecture: found.architecture.into() };
    Some(Target { package, version: Version::rpm(&found.evr()).ok()? })
}

/// Paths as a person types them.
pub(in super::super) fn paths(archives: &[PathBuf]) -> String {
    archives.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
}

/// The architecture that a package may have changed from or to: the host's own or none.
pub(in super::super) fn other_architecture(architecture: &Architecture) -> Architecture {
    match architecture.as_str() {
        "noarch" => Architecture::from(std::env::consts::ARCH),
        _ => Architecture::from("noarch"),
    }
}

/// Returns every installed build.
///
/// # Errors
/// rpm cannot be started.
pub(in super::super) fn installed() -> Result<Vec<Target>, PackageManagerError> {
    let spec = CommandSpec::new(RPM).args(["-qa", "--queryformat", "%{NEVRA}\\n"]);
    let output = runner::run(&spec).map_err(|source| PackageManagerError::Run { tool: "rpm", source })?;
    Ok(output.text().lines().filter_map(target).collect())
}

/// What rpm's packages may provide to be installed in several versions at once: kernels, as dnf and zypp know them
/// (dnf.conf(5), installonlypkgs; zypp.conf, multiversion).
const SEVERAL: [&str; 2] = ["installonlypkg(", "multiversion("];
const KERNELS: [&str; 2] = ["kernel", "kernel-PAE"];

fn may_be_several(provided: &str) -> bool {
    let names = || provided.lines().filter_map(|line| line.split_whitespace().next());
    names().any(|name| KERNELS.contains(&name) || SEVERAL.iter().any(|mark| name.starts_with(mark)))
}

/// Returns the dependencies that nothing satisfies, and the packages that are recorded twice and may not be.
///
/// # Errors
/// rpm cannot be started.
pub(in super::super) fn complaints() -> Result<Vec<String>, PackageManagerError> {
    let ask = |spec: CommandSpec| {
        let output = runner::run(&spec.time_limit(CHECK_LIMIT));
        output.map_err(|source| PackageManagerError::Run { tool: "rpm", source })
    };
    let output =
        ask(CommandSpec::new(RPM).args(["-Va", "--nofiles", "--noscripts", "--nodigest", "--nosignature"]))?;
    let mut found: Vec<String> = output
        .text()
        .lines()
        .map(str::trim)
        .filter(|line| line.contains(" is needed by "))
        .map(str::to_owned)
        .collect();
    let mut counts: BTreeMap<PackageKey, Vec<String>> = BTreeMap::new();
    for build in installed()? {
        counts.entry(build.package.clone()).or_default().push(nevra(&build));
    }
    for (package, builds) in counts.into_iter().filter(|(_, builds)| builds.len() > 1) {
        let provided =
            ask(CommandSpec::new(RPM).args(["-q", "--provides", "--", package.name.as_str()]))?.text();
        if !may_be_several(&provided) {
            found.push(format!("recorded more than once: {}", builds.join(", ")));
        }
    }
    Ok(found)
}

/// Reads whose script rpm says failed: `%post(foo-2.0-1.noarch) scriptlet failed, exit status 1` (rpm,
/// `lib/rpmscript.c`). rpm calls a package installed whose script failed after its files came in.
fn with_failed_script(line: &str) -> Option<PackageName> {
    let (before, _) = line.split_once(") scriptlet failed")?;
    let (_, build) = before.rsplit_once('(')?;
    Some(PackageName::from(Nevra::parse(build)?.name))
}

/// Reads whom rpm blames, and whom its front end does in words of its own.
pub(in super::super) fn blamed(
    said: &str,
    by_front_end: impl Fn(&str) -> Option<PackageName>,
) -> Vec<PackageName> {
    let of_line = |line: &str| with_failed_script(line).or_else(|| by_front_end(line));
    let mut names: Vec<PackageName> = said.lines().filter_map(of_line).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_may_be_there_in_several_versions_and_nothing_else() {
        for provided in
            ["kernel = 5.14.0-427.el9\nkernel(x86-64) = 5.14.0-427.el9\n", "multiversion(kernel)\n"]
        {
            assert!(may_be_several(provided), "{provided}");
        }
        for provided in ["kernel-headers = 5.14\nkernel-headers(x86-64) = 5.14\n", "foo = 1-1\n", ""] {
            assert!(!may_be_several(provided), "{provided}");
        }
    }

    #[test]
    fn builds_are_named_both_ways() {
        let build = target("bind-libs-32:9.11-2.el9.x86_64").expect("a build");
        assert_eq!(build.version.as_str(), "32:9.11-2.el9");
        assert_eq!(nevra(&build), "bind-libs-32:9.11-2.el9.x86_64");
        assert_eq!(target("gpg-pubkey-f4a80eb5-53a7ff4b"), None);
    }
}
