//! Kernels, of which several are installed: what is special about a finding in one of them, and which holes live patches
//! close in the one that runs.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::AssessInput;
use super::affected::{Rule, rule};
use super::origin::{Matched, matched};
use super::scope::InUse;
use crate::model::advisory::{Subject, VendorState};
use crate::model::kernel::{KernelRole, UbuntuLivePatch};
use crate::model::package::{InstalledPackage, Inventory};
use crate::model::version::compare_text;
use crate::model::vulnerability::{CveId, Identifier};
use crate::scan::index::Statement;

/// What is special about a finding in a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KernelRemark {
    /// The kernel is not in use and will not be.
    Leftover,
    /// The kernel that boots next has the fix.
    FixedByReboot,
}

impl KernelRemark {
    /// Returns what a reason must add.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Leftover => "leftover kernel, neither running nor booted next",
            Self::FixedByReboot => "fixed kernel installed, reboot",
        }
    }
}

/// Tells what is special about a finding in a kernel; `next` is the package of that name whose kernel boots next.
pub(super) fn kernel_remark(
    package: &Matched<'_>,
    next: Option<&Matched<'_>>,
    statement: &Statement<'_>,
) -> Option<KernelRemark> {
    match package.kernel? {
        KernelRole::Leftover => Some(KernelRemark::Leftover),
        KernelRole::Running if next.is_some_and(|next| has_fix(next, statement)) => {
            Some(KernelRemark::FixedByReboot)
        }
        KernelRole::Running | KernelRole::NextBoot => None,
    }
}

/// Finds the package of the same name whose kernel boots next, where the kernel of this one runs and another boots next.
pub(super) fn next_kernel<'a>(inventory: &'a Inventory, running: &Matched<'_>) -> Option<Matched<'a>> {
    if running.kernel != Some(KernelRole::Running) {
        return None;
    }
    let packages = inventory.packages.iter();
    let mut packages = packages.map(|package| matched(package, running.subject, inventory));
    packages.find(|next| next.kernel == Some(KernelRole::NextBoot) && next.name == running.name)
}

fn has_fix(next: &Matched<'_>, statement: &Statement<'_>) -> bool {
    rule(next, statement, InUse::default()) == Some(Rule::AtLeastFixed)
}

/// The vulnerabilities that live patches close in the running kernel. Only what is certain counts: a hole that is closed
/// in memory and not known to be stays open here.
#[derive(Debug, Default)]
pub(crate) struct LivePatches<'a> {
    inventory: Option<&'a Inventory>,
    closed: HashSet<CveId>,
}

impl<'a> LivePatches<'a> {
    /// Collects them from the modules in force, and from the installed packages that brought those modules.
    pub(crate) fn of(input: &AssessInput<'a>) -> Self {
        let modules = &input.inventory.kernels.live_patches;
        if modules.is_empty() {
            return Self::default();
        }
        let mut closed: HashSet<CveId> = modules.iter().filter_map(|module| named_in(module)).collect();
        let running = input.inventory.kernels.running.as_deref().unwrap_or_default();
        let brought = |package: &InstalledPackage| {
            modules
                .iter()
                .any(|module| is_module_of(module, package) || is_suse_module_of(module, package, running))
        };
        for package in input.inventory.packages.iter().filter(|package| brought(package)) {
            closed.extend(fixed_by(package, input));
        }
        for patch in modules.iter().filter_map(|module| UbuntuLivePatch::of_module(module)) {
            closed.extend(closed_by(&patch, input));
        }
        Self { inventory: Some(input.inventory), closed }
    }

    /// Returns the rule for a package with its live patches taken into account. Where no fixed kernel boots next, a
    /// package with the fix has to be installed as if there were none: after the next boot nothing is closed.
    pub(crate) fn applied(&self, found: Rule, package: &Matched<'_>, statement: &Statement<'_>) -> Rule {
        let Some(inventory) = self.inventory.filter(|_| found == Rule::OlderThanFixed) else { return found };
        let is_closed = || statement.vulnerabilities().all(|name| self.closes(name));
        match next_kernel(inventory, package).filter(|next| has_fix(next, statement)) {
            Some(_) if is_closed() && statement.vulnerabilities().next().is_some() => Rule::PatchedInMemory,
            _ => found,
        }
    }

    fn closes(&self, name: Identifier<'_>) -> bool {
        matches!(name, Identifier::Cve(cve) if self.closed.contains(&cve))
    }
}

/// Reads the vulnerability that a module of Amazon Linux is named for: `livepatch_CVE_2022_36946` (Amazon Linux 2023 User
/// Guide, "Kernel Live Patching").
fn named_in(module: &str) -> Option<CveId> {
    let name = module.strip_prefix("livepatch_")?;
    CveId::parse(&name.replace('_', "-"))
}

/// Tells whether a package of Red Hat's kpatch brought a module: `kpatch-patch-4_18_0-94-1-1.el8` brings
/// `kpatch_4_18_0_94_1_1` ("Managing, monitoring, and updating the kernel", chapter on kpatch).
fn is_module_of(module: &str, package: &InstalledPackage) -> bool {
    let Some(kernel) = package.name.as_str().strip_prefix("kpatch-patch-") else { return false };
    let version = package.version.as_str();
    let version = version.rsplit_once(".el").map_or(version, |(version, _)| version);
    let wanted: String = format!("_{kernel}_{version}")
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
        .collect();
    module.starts_with("kpatch_") && module.ends_with(&wanted)
}

/// The same of SUSE: `kernel-livepatch-5_3_18-24_34-default` 1-5.3.2 brings `livepatch_1_5_3_2` for the kernel
/// 5.3.18-24.34-default (output of `klp -v patches`). The module's name is the package's version alone, so the kernel that
/// runs has to be the one that the package is for.
fn is_suse_module_of(module: &str, package: &InstalledPackage, running: &str) -> bool {
    let Some(kernel) = package.name.as_str().strip_prefix("kernel-livepatch-") else { return false };
    let version: String =
        package.version.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    running.replace('.', "_") == kernel && module.strip_prefix("livepatch_") == Some(version.as_str())
}

/// What a module of Ubuntu closes: everything that a notice says a module of its series with its number, or an earlier one,
/// closes.
fn closed_by(patch: &UbuntuLivePatch, input: &AssessInput<'_>) -> Vec<CveId> {
    let statements = input.indexes.iter().flat_map(|feed| feed.index.lookup(Subject::Binary, &patch.series));
    let is_in = |statement: &Statement<'_>| {
        statement.state() == VendorState::Fixed
            && statement.fixed().is_some_and(|number| {
                compare_text(statement.scheme(), number, &patch.number).is_some_and(Ordering::is_le)
            })
    };
    statements.filter(is_in).flat_map(cves).collect()
}

fn cves<'a>(statement: Statement<'a>) -> impl Iterator<Item = CveId> + use<'a> {
    statement.vulnerabilities().filter_map(|name| match name {
        Identifier::Cve(cve) => Some(cve),
        Identifier::Text(_) => None,
    })
}

/// What the installed version of a package of live patches fixes, by the vendor's own statements about it.
fn fixed_by(package: &InstalledPackage, input: &AssessInput<'_>) -> Vec<CveId> {
    let matched = matched(package, Subject::Binary, input.inventory);
    let statements = input.indexes.iter().flat_map(|feed| feed.index.lookup(Subject::Binary, &matched.name));
    let fixed =
        statements.filter(|statement| rule(&matched, statement, input.in_use) == Some(Rule::AtLeastFixed));
    fixed.flat_map(cves).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_name_what_they_close_or_the_package_they_came_with() {
        assert_eq!(named_in("livepatch_CVE_2022_36946"), CveId::parse("CVE-2022-36946"));
        assert_eq!(named_in("livepatch_cifs_lease_buffer_len"), None);
        assert_eq!(named_in("kpatch_4_18_0_94_1_1"), None);
    }
}
