//! One package against one statement: which rule applies, the verdict that follows, and the sentence for people.

use super::origin::{Matched, is_certain};
use crate::model::advisory::{Advisory, VendorState};
use crate::model::finding::Verdict;
use crate::model::kernel::Kernels;
use crate::model::version::compare_deb;

/// The rule that decides about a package and a statement. The order of the rules is that of [`rule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The version is of another line than the release's.
    ForeignVersion,
    /// The release never had the hole.
    NeverAffected,
    /// The vendor has not checked.
    NotChecked,
    /// The vendor has no fix in the release.
    NoFix,
    /// The fix is known, but the files on disk are of no certain version.
    UncertainFiles,
    /// The installed source version sorts before the fixed one.
    OlderThanFixed,
    /// The installed source version does not sort before the fixed one.
    AtLeastFixed,
    /// The vendor calls it fixed and names no version.
    FixWithoutVersion,
}

/// Decides which rule applies.
pub fn rule(package: &Matched<'_>, advisory: &Advisory<'_>) -> Rule {
    if package.foreign_version {
        return Rule::ForeignVersion;
    }
    match (advisory.state, &advisory.fixed_version) {
        (VendorState::NotAffected, _) => Rule::NeverAffected,
        (VendorState::Undetermined, _) => Rule::NotChecked,
        (VendorState::Fixed, None) => Rule::FixWithoutVersion,
        (VendorState::Fixed, Some(_)) if !is_certain(package.package) => Rule::UncertainFiles,
        (VendorState::Fixed, Some(fixed)) if compare_deb(package.version.as_str(), fixed).is_lt() => {
            Rule::OlderThanFixed
        }
        (VendorState::Fixed, Some(_)) => Rule::AtLeastFixed,
        _ => Rule::NoFix,
    }
}

impl Rule {
    /// Returns the verdict that follows.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::OlderThanFixed => Verdict::Vulnerable,
            Self::NoFix => Verdict::VulnerableNoFix,
            Self::AtLeastFixed => Verdict::Fixed,
            Self::NeverAffected => Verdict::NotAffected,
            Self::ForeignVersion | Self::NotChecked | Self::UncertainFiles | Self::FixWithoutVersion => {
                Verdict::Unknown
            }
        }
    }

    /// Returns the rule in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::ForeignVersion => {
                "versions of backports and of other publishers are not judged by the release's statements"
            }
            Self::NeverAffected => "a fixed version of 0 says that the release was never affected",
            Self::NotChecked => "a statement without a result is neither a hole nor its absence",
            Self::NoFix => "an open statement affects every version of the release",
            Self::UncertainFiles => "files of no certain version are not compared",
            Self::OlderThanFixed | Self::AtLeastFixed => {
                "the installed source version is compared with the fixed source version in dpkg's order"
            }
            Self::FixWithoutVersion => "a fix without a version cannot be compared with",
        }
    }

    /// Returns why, in one sentence, with the versions compared.
    pub fn reason(self, package: &Matched<'_>, advisory: &Advisory<'_>) -> String {
        let installed = package.version.as_str();
        let fixed = advisory.fixed_version.as_deref().unwrap_or("unknown");
        let state = advisory.state.words();
        let (before, note, after) = match advisory.note.as_deref() {
            Some(note) => (" (the vendor says: ", note, ")"),
            None => ("", "", ""),
        };
        // Joined, not formatted: a host can have ten thousand of them.
        match self {
            Self::ForeignVersion => {
                ["installed source ", installed, " is a backport or of another publisher: not judged"]
                    .concat()
            }
            Self::NeverAffected => "this release was never affected".to_owned(),
            Self::NotChecked => [state, before, note, after].concat(),
            Self::NoFix => ["affected: ", state, before, note, after].concat(),
            Self::UncertainFiles => {
                ["files are of no certain version: ", installed, " is not compared with ", fixed].concat()
            }
            Self::OlderThanFixed => {
                ["installed source ", installed, " is older than the fixed ", fixed].concat()
            }
            Self::AtLeastFixed => {
                ["installed source ", installed, " is not older than the fixed ", fixed].concat()
            }
            Self::FixWithoutVersion => "the vendor calls it fixed and names no version".to_owned(),
        }
    }
}

/// What is special about a finding in the image of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelRemark {
    /// The image is not in use and will not be.
    Leftover,
    /// The image that boots next has the fix.
    FixedByReboot,
}

impl KernelRemark {
    /// Returns what a reason must add.
    pub fn text(self) -> &'static str {
        match self {
            Self::Leftover => "leftover kernel, neither running nor booted next",
            Self::FixedByReboot => "fixed kernel installed, reboot",
        }
    }
}

/// Tells what is special about a finding in the image of a kernel; `next` is the image that boots next.
pub fn kernel_remark(
    package: &Matched<'_>,
    kernels: &Kernels,
    next: Option<&Matched<'_>>,
    advisory: &Advisory<'_>,
) -> Option<KernelRemark> {
    let release = package.kernel?;
    if kernels.leftover.iter().any(|leftover| leftover == release) {
        return Some(KernelRemark::Leftover);
    }
    let is_running = kernels.reboot_pending() && kernels.running.as_deref() == Some(release);
    let next_is_fixed =
        next.is_some_and(|next| next.source == package.source && rule(next, advisory) == Rule::AtLeastFixed);
    (is_running && next_is_fixed).then_some(KernelRemark::FixedByReboot)
}
