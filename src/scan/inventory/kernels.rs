//! The kernels of a root, from its packages, its boot folder and its folders of modules.

use std::cmp::Ordering;
use std::path::Path;

use crate::host::storage;
use crate::model::distro::PackageFamily;
use crate::model::kernel::{Kernels, releases_of};
use crate::model::package::InstalledPackage;
use crate::model::version::{compare_deb, rpm};

/// Finds the kernels of a root. `running` is what the running system says of itself.
pub(super) fn find(
    root: &Path,
    family: PackageFamily,
    packages: &[InstalledPackage],
    running: Option<String>,
) -> Kernels {
    let kernels = of_family(root, family, packages, running);
    let live_patches = if kernels.running.is_some() { live_patches(root) } else { Vec::new() };
    Kernels { live_patches, ..kernels }
}

fn of_family(
    root: &Path,
    family: PackageFamily,
    packages: &[InstalledPackage],
    running: Option<String>,
) -> Kernels {
    let has = |path: String| storage::exists(&root.join(path));
    match family {
        PackageFamily::Dpkg => {
            let has_image = |release: &str| has(format!("boot/vmlinuz-{release}"));
            judge(of_packages(packages, &has_image, compare_deb), None, running)
        }
        PackageFamily::Rpm => {
            let has_image = |release: &str| {
                has(format!("boot/vmlinuz-{release}")) || has(format!("lib/modules/{release}/vmlinuz"))
            };
            judge(of_packages(packages, &has_image, rpm::compare_without_epoch), saved_entry(root), running)
        }
        PackageFamily::Apk | PackageFamily::Pacman => judge(of_modules(root), None, running),
    }
}

/// Judges which kernel runs, which boots next, and which are left over, from releases of which the last is the newest.
///
/// A root without kernels of its own (a container) does not run the host's. `saved` is the boot entry that the boot
/// loader is told to take; without one it takes the newest.
fn judge(releases: Vec<String>, saved: Option<String>, running: Option<String>) -> Kernels {
    let running = running.filter(|_| !releases.is_empty());
    let saved = saved.and_then(|entry| releases.iter().rfind(|release| entry.ends_with(release.as_str())));
    let next_boot = saved.or(releases.last()).cloned();
    let is_used =
        |release: &String| [&running, &next_boot].into_iter().any(|used| used.as_ref() == Some(release));
    let leftover = releases.iter().filter(|release| !is_used(release)).cloned().collect();
    Kernels { running, next_boot, leftover, live_patches: Vec::new() }
}

/// Those of packages of which the image is there, the newest last by an order of releases.
fn of_packages(
    packages: &[InstalledPackage],
    has_image: &dyn Fn(&str) -> bool,
    order: fn(&str, &str) -> Ordering,
) -> Vec<String> {
    let mut releases: Vec<String> =
        packages.iter().flat_map(releases_of).filter(|release| has_image(release)).collect();
    releases.sort_by(|a, b| order(a, b).then_with(|| a.cmp(b)));
    releases.dedup();
    releases
}

/// Alpine's and Arch's: one kernel of each flavour, told by the folders of its modules.
fn of_modules(root: &Path) -> Vec<String> {
    let folders = storage::list(&root.join("lib/modules")).unwrap_or_default();
    let holds_kernel = |folder: &&std::path::PathBuf| {
        ["vmlinuz", "modules.order"].iter().any(|file| storage::exists(&folder.join(file)))
    };
    let name = |folder: &std::path::PathBuf| Some(folder.file_name()?.to_str()?.to_owned());
    let mut releases: Vec<String> = folders.iter().filter(holds_kernel).filter_map(name).collect();
    releases.sort_by(|a, b| rpm::compare_without_epoch(a, b).then_with(|| a.cmp(b)));
    releases
}

/// Where the kernel tells its live patches (kernel documentation, `ABI/testing/sysfs-kernel-livepatch`).
const LIVE_PATCHES: &str = "sys/kernel/livepatch";

/// Reads which live patches are in force: enabled, and through with every process.
fn live_patches(root: &Path) -> Vec<String> {
    let is = |patch: &Path, file: &str, wanted: &[u8]| {
        storage::read_at_most(&patch.join(file), 64).is_ok_and(|bytes| bytes.trim_ascii() == wanted)
    };
    let patches = storage::list(&root.join(LIVE_PATCHES)).unwrap_or_default();
    let in_force = patches.iter().filter(|patch| is(patch, "enabled", b"1") && is(patch, "transition", b"0"));
    in_force.filter_map(|patch| Some(patch.file_name()?.to_str()?.to_owned())).collect()
}

/// Reads which entry GRUB was told to boot (`saved_entry` of grub-editenv(1)); an entry's name ends with the release.
fn saved_entry(root: &Path) -> Option<String> {
    let bytes = storage::read_at_most(&root.join("boot/grub2/grubenv"), 64 * 1024).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.lines().find_map(|line| line.strip_prefix("saved_entry=")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::package::PackageState;
    use crate::model::version::Version;
    use crate::scan::inventory::dpkg_status;
    use crate::scan::inventory::tests::Root;

    fn packages(names: &[&str]) -> Vec<InstalledPackage> {
        let stanza = |name: &&str| {
            format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n")
        };
        let text: String = names.iter().map(stanza).collect();
        dpkg_status::parse(text.as_bytes(), "status").expect("well formed")
    }

    fn rpm_package(name: &str, version: &str) -> InstalledPackage {
        let sample = packages(&["aa"]).remove(0);
        assert_eq!(sample.state, PackageState::Installed);
        let version = Version::rpm(version).expect("a version");
        InstalledPackage { name: name.into(), architecture: "x86_64".into(), version, ..sample }
    }

    #[test]
    fn newest_kernel_boots_next_and_the_unused_one_is_left_over() {
        let installed = packages(&[
            "linux-image-6.1.0-9-amd64",
            "linux-image-6.1.0-25-amd64",
            "linux-image-6.1.0-30-amd64-unsigned",
            "linux-image-6.1.0-30-amd64-dbg",
            "linux-image-amd64",
            "linux-image-unsigned-6.1.0-7-generic",
        ]);
        let has_image = |release: &str| release != "6.1.0-7-generic";
        let kernels =
            judge(of_packages(&installed, &has_image, compare_deb), None, Some("6.1.0-25-amd64".into()));
        assert_eq!(kernels.running.as_deref(), Some("6.1.0-25-amd64"));
        assert_eq!(kernels.next_boot.as_deref(), Some("6.1.0-30-amd64"));
        assert_eq!(kernels.leftover, ["6.1.0-9-amd64"]);
        assert!(kernels.reboot_pending());
    }

    #[test]
    fn live_patches_in_force_are_told_and_others_are_not() {
        let of = |name: &str, enabled: &str, transition: &str| {
            [("enabled", enabled), ("transition", transition)]
                .map(|(file, text)| (format!("{LIVE_PATCHES}/{name}/{file}"), format!("{text}\n")))
        };
        let files = [of("livepatch_CVE_2022_36946", "1", "0"), of("off", "0", "0"), of("begun", "1", "1")];
        let files = files.concat();
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let root = Root::new("live-patches", &files);
        assert_eq!(live_patches(&root.0), ["livepatch_CVE_2022_36946"]);
        assert!(live_patches(&Root::new("no-live-patches", &[]).0).is_empty());
    }

    #[test]
    fn container_does_not_run_the_kernel_of_its_host() {
        let kernels = judge(
            of_packages(&packages(&["linux-image-amd64"]), &|_| true, compare_deb),
            None,
            Some("6.9.1".into()),
        );
        assert_eq!(kernels, Kernels::default());
    }

    #[test]
    fn kernels_of_red_hat_and_suse_are_named_as_uname_names_them() {
        let installed = [
            rpm_package("kernel-core", "4.18.0-513.9.1.el8_9"),
            rpm_package("kernel-core", "4.18.0-553.el8_10"),
            rpm_package("kernel-headers", "4.18.0-600.el8_10"),
            rpm_package("kernel-rt-core", "5.14.0-362.el9"),
            rpm_package("kernel-default", "5.14.21-150500.55.39.1"),
        ];
        let images = [
            "4.18.0-513.9.1.el8_9.x86_64",
            "4.18.0-553.el8_10.x86_64",
            "5.14.0-362.el9.x86_64+rt",
            "5.14.21-150500.55.39-default",
        ];
        let releases =
            of_packages(&installed, &|release| images.contains(&release), rpm::compare_without_epoch);
        assert_eq!(releases, images);
        let saved = Some("0123456789abcdef-4.18.0-553.el8_10.x86_64".to_owned());
        let kernels = judge(releases, saved, Some(images[0].to_owned()));
        assert_eq!(kernels.next_boot.as_deref(), Some(images[1]));
        assert_eq!(kernels.leftover, images[2..]);
    }
}
