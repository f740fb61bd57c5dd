//! dpkg itself: for recovery, for what apt does not tell, and as a person is told to use it.

use std::path::{Path, PathBuf};

use super::super::{PackageManagerError, RestoreRequest};
use crate::host::runner::{self, CommandSpec, Insistence};
use crate::host::storage;
use crate::model::decision::ConffilePolicy;
use crate::model::package::{Architecture, PackageKey};

const DPKG: &str = "/usr/bin/dpkg";

/// What keeps every part of the Debian tool chain from asking (each tool's own manual names its variable).
pub(super) const SILENT: &[(&str, &str)] = &[
    ("DEBIAN_FRONTEND", "noninteractive"),
    ("DEBIAN_PRIORITY", "critical"),
    ("APT_LISTCHANGES_FRONTEND", "none"),
    ("APT_LISTBUGS_FRONTEND", "none"),
    ("NEEDRESTART_SUSPEND", "1"),
    ("UCF_FORCE_CONFFOLD", "1"),
];

/// The architecture of dpkg itself in a root, as its database records it.
pub(super) fn native_architecture(root: &Path) -> Architecture {
    let status = storage::read(&root.join("var/lib/dpkg/status")).unwrap_or_default();
    let text = String::from_utf8_lossy(&status);
    let stanza = text.split("\n\n").find(|stanza| stanza.trim_start().starts_with("Package: dpkg\n"));
    let architecture =
        stanza.and_then(|stanza| stanza.lines().find_map(|line| line.strip_prefix("Architecture: ")));
    Architecture::from(architecture.unwrap_or(BUILT_FOR))
}

/// Debian's name of the architecture that this program was built for.
const BUILT_FOR: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

/// The option that decides about an edited configuration file without a question.
pub(super) fn forced(conffiles: ConffilePolicy) -> &'static str {
    match conffiles {
        ConffilePolicy::Keep => "--force-confold",
        ConffilePolicy::Replace => "--force-confnew",
    }
}

/// The packages that a way back takes away.
pub(super) fn gone<'a>(request: &RestoreRequest<'a>) -> Vec<&'a PackageKey> {
    request.purge.iter().chain(request.remove).map(|target| &target.package).collect()
}

/// dpkg for recovery: never asks, goes to older versions.
pub(super) fn dpkg(request: &RestoreRequest<'_>) -> CommandSpec {
    let spec = CommandSpec::new(DPKG).env("DPKG_FRONTEND_LOCKED", "true");
    let spec = SILENT.iter().fold(spec, |spec, (name, value)| spec.env(name, value));
    let spec = spec.args([
        "--force-confdef",
        forced(request.conffiles),
        "--force-downgrade",
        "--force-remove-reinstreq",
        "--abort-after=9999",
    ]);
    spec.time_limit(request.time_limit).insistence(Insistence::Patient)
}

/// The command by which a person installs archives.
pub(super) fn forward_by_hand(archives: &[PathBuf]) -> String {
    format!("dpkg --force-confold --install {}", paths(archives))
}

/// The commands by which a person does what a way back could not.
pub(super) fn by_hand(request: &RestoreRequest<'_>) -> Vec<String> {
    let mut commands =
        vec![format!("dpkg --force-downgrade --force-confold --install {}", paths(request.archives))];
    let away: Vec<String> = gone(request).into_iter().map(PackageKey::to_string).collect();
    if !away.is_empty() {
        commands.push(format!("dpkg --remove {}", away.join(" ")));
    }
    commands.extend(["dpkg --configure -a", "dpkg --audit"].map(str::to_owned));
    commands
}

fn paths(archives: &[PathBuf]) -> String {
    archives.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
}

/// The complaints of dpkg about its database, one a line.
pub(super) fn audit() -> Result<Vec<String>, PackageManagerError> {
    let spec = CommandSpec::new(DPKG).arg("--audit");
    let output = runner::run(&spec).map_err(|source| PackageManagerError::Run { tool: "dpkg", source })?;
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok(said.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
