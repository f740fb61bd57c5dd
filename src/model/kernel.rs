//! Kernels: the one that runs, the one that boots next, and the ones left over.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
}

impl Kernels {
    /// Tells whether a newer kernel waits for a reboot.
    pub fn reboot_pending(&self) -> bool {
        matches!((&self.running, &self.next_boot), (Some(running), Some(next)) if running != next)
    }
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
