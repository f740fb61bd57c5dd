//! Kernels: the one that runs, the one that boots next, and the ones left over.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::package::InstalledPackage;
use super::version::VersionScheme;

/// The kernel releases (`uname -r` form) of a root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kernels {
    /// What runs now; absent for a root that is not the running system, and where the running kernel is none of
    /// the root's own (a container).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub running: Option<String>,
    /// The newest installed one, which the boot loader takes by default.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_boot: Option<String>,
    /// Installed and neither running nor next.
    pub leftover: Vec<String>,
    /// Live patches that are in force in the running kernel, by the names of their modules.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub live_patches: Vec<String>,
}

/// What a kernel is to its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelRole {
    /// It boots next, whether it runs already or not.
    NextBoot,
    /// It runs, and another one boots next.
    Running,
    /// Neither.
    Leftover,
}

impl Kernels {
    /// Returns what the kernel of a release is here; none where the root has no such kernel.
    pub fn role(&self, release: &str) -> Option<KernelRole> {
        let is = |kernel: &Option<String>| kernel.as_deref() == Some(release);
        match () {
            () if is(&self.next_boot) => Some(KernelRole::NextBoot),
            () if is(&self.running) => Some(KernelRole::Running),
            () if self.leftover.iter().any(|leftover| leftover == release) => Some(KernelRole::Leftover),
            () => None,
        }
    }

    /// Tells whether a newer kernel waits for a reboot.
    pub fn reboot_pending(&self) -> bool {
        matches!((&self.running, &self.next_boot), (Some(running), Some(next)) if running != next)
    }
}

/// Which live patches of Ubuntu a module is one of, and which of them: `lkp_Ubuntu_6_8_0_31_31_generic_104` is number 104 of
/// those named `lkp_Ubuntu_6_8_0_generic`. Notices name the same modules as `lkp_Ubuntu_6_8_0[_|\d]+_generic_(\d+)`
/// (`module_name_regex` of every LSN that Canonical published).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UbuntuLivePatch {
    /// Kernel series and flavour. No package can have such a name (Debian policy 5.6.1: neither `_` nor capitals).
    pub series: String,
    /// The number, which grows with every notice; a module holds what all before it closed.
    pub number: String,
}

impl UbuntuLivePatch {
    /// Reads the name of a module; none for another vendor's.
    pub fn of_module(module: &str) -> Option<Self> {
        let (rest, number) = module.strip_prefix(UBUNTU_MODULE)?.rsplit_once('_')?;
        let (kernel, flavour) = rest.rsplit_once('_')?;
        let series: Vec<&str> = kernel.split('_').take(3).collect();
        let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_known = series.len() == 3 && series.iter().all(is_number) && is_number(&number);
        is_known.then(|| Self { series: named(&series.join("_"), flavour), number: number.to_owned() })
    }

    /// Reads the pattern of a notice into the series that it stands for; none where it is of another shape.
    pub fn series_of_pattern(pattern: &str) -> Option<Vec<String>> {
        let (series, flavour) = pattern.strip_prefix(UBUNTU_MODULE)?.split_once(r"[_|\d]+_")?;
        let flavour = flavour.strip_suffix(r"_(\d+)")?;
        let flavours = flavour.strip_prefix("(?:").and_then(|rest| rest.strip_suffix(')')).unwrap_or(flavour);
        let is_series =
            series.split('_').count() == 3 && series.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        let is_flavour =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let all = is_series && flavours.split('|').all(is_flavour);
        all.then(|| flavours.split('|').map(|flavour| named(series, flavour)).collect())
    }
}

/// How the names of Ubuntu's modules begin.
const UBUNTU_MODULE: &str = "lkp_Ubuntu_";

fn named(series: &str, flavour: &str) -> String {
    format!("{UBUNTU_MODULE}{series}_{flavour}")
}

/// Returns the releases (`uname -r`) that the kernel of a package can have; none for a package that brings no kernel.
pub fn releases_of(package: &InstalledPackage) -> Vec<String> {
    match package.version.scheme() {
        VersionScheme::Deb => debian_release(package.name.as_str()).map(str::to_owned).into_iter().collect(),
        VersionScheme::Rpm if brings_kernel(package.name.as_str()) => rpm_releases(package),
        _ => Vec::new(),
    }
}

/// Debian's and Ubuntu's: the release stands in the name of the image's package. Meta packages name none, and debug
/// symbols are no image.
fn debian_release(package: &str) -> Option<&str> {
    let name = package.strip_prefix("linux-image-")?;
    let name = name.strip_prefix("unsigned-").unwrap_or(name);
    let release = name.strip_suffix("-unsigned").unwrap_or(name);
    let names_release = release.starts_with(|c: char| c.is_ascii_digit()) && release.contains('-');
    let is_symbols = ["-dbg", "-dbgsym"].iter().any(|end| release.ends_with(end));
    (names_release && !is_symbols).then_some(release)
}

/// `kernel`, `kernel-core`, `kernel-modules`, `kernel-default`, `kernel-uek` …, which are installed side by side; not
/// what is installed once for all kernels.
fn brings_kernel(package: &str) -> bool {
    const SHARED: [&str; 5] = ["-tools", "-headers", "-doc", "-macros", "-abi-"];
    package.starts_with("kernel")
        && !package.starts_with("kernel-livepatch")
        && !SHARED.iter().any(|part| package.contains(part))
}

/// Red Hat's and their kin: version, release and architecture, and what the variant is called after a plus
/// (`kernel-rt-core`: `+rt`). SUSE's: without the last number of the release, which counts rebuilds, and with the
/// flavour (`kernel-default`: `-default`).
fn rpm_releases(package: &InstalledPackage) -> Vec<String> {
    let text = package.version.as_str();
    let (_, version) = text.split_once(':').unwrap_or(("", text));
    let plain = format!("{version}.{}", package.architecture);
    let variant = package.name.as_str().trim_start_matches("kernel").trim_start_matches('-');
    let variant = variant.strip_suffix("-core").unwrap_or(variant);
    let suse = version.rsplit_once('.').map(|(without_rebuild, _)| format!("{without_rebuild}-{variant}"));
    let mut releases = vec![format!("{plain}+{variant}"), plain];
    releases.extend(suse);
    releases
}

/// Returns the source package under which Ubuntu's advisories speak about a kernel's source package; none for a source
/// that has no code of its own.
///
/// The images that are installed come from `linux-signed`, `linux-signed-aws` …, and the advisories are about `linux`,
/// `linux-aws` … of the same version. `linux-meta-…` only depends on the newest image and has versions of another kind
/// (`5.15.0.91.88`), so comparing them is wrong (feeds design, 0.3 and 2).
pub fn ubuntu_kernel_source(source: &str) -> Option<Cow<'_, str>> {
    let after =
        |prefix: &str| source.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('-'));
    if after("linux-meta").is_some() {
        return None;
    }
    Some(after("linux-signed").map_or(Cow::Borrowed(source), |rest| Cow::Owned(format!("linux{rest}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_ubuntu_and_the_patterns_of_its_notices_name_the_same_series() {
        let module = |name| UbuntuLivePatch::of_module(name).map(|patch| (patch.series, patch.number));
        let known = |series: &str, number: &str| Some((series.to_owned(), number.to_owned()));
        assert_eq!(module("lkp_Ubuntu_6_8_0_31_31_generic_104"), known("lkp_Ubuntu_6_8_0_generic", "104"));
        assert_eq!(module("lkp_Ubuntu_5_4_0_1103_111_aws_116"), known("lkp_Ubuntu_5_4_0_aws", "116"));
        for other in
            ["livepatch_1_5_3_2", "lkp_Ubuntu_6_8_0_generic_x", "lkp_Ubuntu_6_generic_1", "lkp_Ubuntu_"]
        {
            assert_eq!(module(other), None, "{other}");
        }
        let pattern = UbuntuLivePatch::series_of_pattern;
        let both = vec!["lkp_Ubuntu_5_4_0_generic".to_owned(), "lkp_Ubuntu_5_4_0_lowlatency".to_owned()];
        assert_eq!(pattern(r"lkp_Ubuntu_5_4_0[_|\d]+_(?:generic|lowlatency)_(\d+)"), Some(both));
        assert_eq!(
            pattern(r"lkp_Ubuntu_6_8_0[_|\d]+_aws_(\d+)"),
            Some(vec!["lkp_Ubuntu_6_8_0_aws".to_owned()])
        );
        for other in
            ["", "lkp_Ubuntu_.*", r"lkp_Ubuntu_6_8_0[_|\d]+_(?:a|.*)_(\d+)", r"lkp_Ubuntu_6[_|\d]+_aws_(\d+)"]
        {
            assert_eq!(pattern(other), None, "{other}");
        }
    }

    #[test]
    fn ubuntu_kernels_are_looked_up_under_the_source_that_advisories_name() {
        for (source, expected) in [
            ("linux", Some("linux")),
            ("linux-signed", Some("linux")),
            ("linux-signed-hwe-6.8", Some("linux-hwe-6.8")),
            ("linux-aws", Some("linux-aws")),
            ("linux-meta", None),
            ("linux-meta-aws", None),
            ("linux-metadata", Some("linux-metadata")),
            ("openssl", Some("openssl")),
        ] {
            assert_eq!(ubuntu_kernel_source(source).as_deref(), expected, "{source}");
        }
    }
}
