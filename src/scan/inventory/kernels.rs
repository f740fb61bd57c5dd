//! The kernels of a root, from its packages and its boot folder.

use crate::model::kernel::Kernels;
use crate::model::package::InstalledPackage;
use crate::model::version::compare_deb;

/// Judges which kernel runs, which boots next, and which are left over.
///
/// `running` is what the running system says of itself; a root without kernels of its own (a container) does not
/// run the host's.
pub(super) fn judge(
    packages: &[InstalledPackage],
    has_image: &dyn Fn(&str) -> bool,
    running: Option<String>,
) -> Kernels {
    let mut releases: Vec<&str> =
        packages.iter().filter_map(|p| release_of(p.name.as_str())).filter(|r| has_image(r)).collect();
    releases.sort_by(|a, b| compare_deb(a, b).then_with(|| a.cmp(b)));
    releases.dedup();
    let running = running.filter(|_| !releases.is_empty());
    let next_boot = releases.last().map(|release| (*release).to_owned());
    let is_leftover =
        |release: &&&str| [&running, &next_boot].iter().all(|used| used.as_deref() != Some(**release));
    let leftover = releases.iter().filter(is_leftover).map(|release| (*release).to_owned()).collect();
    Kernels { running, next_boot, leftover }
}

/// Returns the release (`uname -r`) of a kernel image package; `None` for meta packages, which name no release, and
/// for debug symbols.
fn release_of(package: &str) -> Option<&str> {
    let name = package.strip_prefix("linux-image-")?;
    let name = name.strip_prefix("unsigned-").unwrap_or(name);
    let release = name.strip_suffix("-unsigned").unwrap_or(name);
    let names_release = release.starts_with(|c: char| c.is_ascii_digit()) && release.contains('-');
    let is_symbols = ["-dbg", "-dbgsym"].iter().any(|end| release.ends_with(end));
    (names_release && !is_symbols).then_some(release)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::inventory::dpkg_status;

    fn packages(names: &[&str]) -> Vec<InstalledPackage> {
        let stanza = |name: &&str| {
            format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n")
        };
        let text: String = names.iter().map(stanza).collect();
        dpkg_status::parse(text.as_bytes(), "status").expect("well formed")
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
        let kernels = judge(&installed, &has_image, Some("6.1.0-25-amd64".into()));
        assert_eq!(kernels.running.as_deref(), Some("6.1.0-25-amd64"));
        assert_eq!(kernels.next_boot.as_deref(), Some("6.1.0-30-amd64"));
        assert_eq!(kernels.leftover, ["6.1.0-9-amd64"]);
        assert!(kernels.reboot_pending());
    }

    #[test]
    fn container_does_not_run_the_kernel_of_its_host() {
        let kernels = judge(&packages(&["linux-image-amd64"]), &|_| true, Some("6.9.1".into()));
        assert_eq!(kernels, Kernels::default());
    }
}
