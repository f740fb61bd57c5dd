//! Kernels and a plan: which one must stay and which may go.

use crate::model::distro::{Distribution, PackageFamily};
use crate::model::kernel::Kernels;
use crate::model::plan::{Action, ActionKind, PatchPlan};

/// Names the package of a plan that would remove the running kernel: without its modules a running system loses what it has
/// not loaded yet (safety design, P30).
pub fn removal_of_running<'a>(plan: &'a PatchPlan, kernels: &Kernels) -> Option<&'a str> {
    let running = kernels.running.as_ref()?;
    let mut removed = plan.actions().filter(|action| action.kind == ActionKind::Remove);
    let is_its = |name: &str| {
        let kinds =
            ["linux-image-unsigned-", "linux-image-", "linux-modules-", "kernel-core-", "kernel-default-"];
        kinds.iter().any(|kind| name.strip_prefix(kind) == Some(running.as_str()))
    };
    removed.find(|action| is_its(action.package.as_str())).map(|action| action.package.as_str())
}

/// Says which kernels may go where `/boot` is full: those that neither run nor boot next. `None` where there are none.
pub fn that_may_go(kernels: &Kernels, distribution: &Distribution) -> Option<String> {
    // A kernel of pacman takes the place of the one before it, and of apk's too.
    let is_replaced = matches!(distribution.family(), Some(PackageFamily::Apk | PackageFamily::Pacman));
    if kernels.leftover.is_empty() || is_replaced {
        return None;
    }
    if distribution.uses_zypper() {
        // The package's release is not the kernel's: zypper itself finds which packages they are (zypper(8)).
        return Some(format!("these may go by zypper purge-kernels: {}", kernels.leftover.join(", ")));
    }
    // Debian's and Ubuntu's packages bear the release in their name; dnf takes name and release together.
    let (command, package) = match distribution.uses_dnf() {
        true => ("dnf remove", "kernel-core-"),
        false => ("apt-get purge", "linux-image-"),
    };
    let names: Vec<String> = kernels.leftover.iter().map(|release| format!("{package}{release}")).collect();
    Some(format!("these may go: {command} {}", names.join(" ")))
}

/// The kernels of Arch Linux, whose packages have no version in their name (ArchWiki, "Kernel").
const OF_ARCH: [&str; 6] = ["linux", "linux-lts", "linux-zen", "linux-hardened", "linux-rt", "linux-rt-lts"];

/// Tells whether a package is a kernel by its name: Debian's, Ubuntu's and Arch's are.
pub fn is_kernel(package: &str) -> bool {
    package.starts_with("linux-image-") || OF_ARCH.contains(&package)
}

/// Warns where a new kernel takes the place of one that may be the running one, with all its modules: what is not loaded by
/// then cannot be loaded before the reboot.
pub fn replacement_warning(plan: &[Action], kernels: &Kernels) -> Option<String> {
    let replaces =
        |action: &&Action| action.kind == ActionKind::Upgrade && OF_ARCH.contains(&action.package.as_str());
    let kernel = &plan.iter().find(replaces)?.package;
    let running = kernels.running.as_ref()?;
    Some(format!(
        "{kernel} takes the modules of the kernel before it away: where that is {running}, which runs, nothing more \
         is loaded until the reboot"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_told_by_their_names() {
        for kernel in ["linux-image-6.1.0-47-amd64", "linux", "linux-lts"] {
            assert!(is_kernel(kernel), "{kernel}");
        }
        for other in ["linux-firmware", "linux-api-headers", "linux-lts-headers", "util-linux"] {
            assert!(!is_kernel(other), "{other}");
        }
    }

    #[test]
    fn the_running_kernel_and_the_next_one_never_may_go() {
        let kernels = Kernels {
            running: Some("6.1.0-43-amd64".into()),
            next_boot: Some("6.1.0-47-amd64".into()),
            leftover: vec!["6.1.0-41-amd64".into()],
            live_patches: Vec::new(),
        };
        let debian = Distribution::new("debian", "12", "bookworm");
        let told = that_may_go(&kernels, &debian).expect("one is left over");
        assert_eq!(told, "these may go: apt-get purge linux-image-6.1.0-41-amd64");
        let suse = Distribution::new("sles", "15.6", "");
        let told = that_may_go(&kernels, &suse).expect("one is left over");
        assert!(told.starts_with("these may go by zypper purge-kernels: "), "{told}");
        assert_eq!(that_may_go(&Kernels { leftover: Vec::new(), ..kernels }, &debian), None);
    }
}
