//! The extra repositories of Amazon Linux that a root has enabled, by the names that advisories have for them.
//!
//! A topic of `amazon-linux-extras` is the section `[amzn2extra-kernel-5.15]` of yum's configuration, and the collection
//! `amazon-linux-2---kernel-5.15` of the advisories. On Amazon Linux 2023 the repositories `kernel-livepatch` and
//! `amazonlinux-nvidia` have collections of their own.

use std::path::Path;

use super::texts;

/// Where yum and dnf look for repositories, below a root.
const REPOSITORIES: &str = "etc/yum.repos.d";
/// What stands before the topic in the name of a repository.
const PREFIXES: [&str; 2] = ["amzn2extra-", "amazonlinux-"];

/// Returns the enabled extras; `None` where the root has no repositories at all.
pub(super) fn extras(root: &Path) -> Option<Vec<String>> {
    let texts = texts(&root.join(REPOSITORIES), &["repo"]);
    let mut extras: Vec<String> = texts.iter().flat_map(|text| enabled(text)).map(str::to_owned).collect();
    extras.sort();
    extras.dedup();
    (!texts.is_empty()).then_some(extras)
}

/// The names of the enabled repositories of a file, without what stands before the topic. A section without `enabled` is
/// enabled (dnf.conf(5)).
fn enabled(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n[").filter_map(|section| {
        let (name, settings) = section.trim_start_matches('[').split_once(']')?;
        let stated =
            settings.lines().filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == "enabled");
        let is_off = stated.is_some_and(|(_, value)| ["0", "no", "false"].contains(&value.trim()));
        let topic = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        (!is_off).then_some(topic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::inventory::tests::Root;

    const EXTRAS: &str = "### extras\n[amzn2extra-docker]\nenabled = 1\nname = x\n\n[amzn2extra-docker-source]\n\
                          enabled = 0\n\n[amzn2extra-kernel-5.15]\nname = y\n[amzn2extra-kernel-5.10]\nenabled=0\n";

    #[test]
    fn goval_249_enabled_extras_are_the_channels_and_others_are_not() {
        let root = Root::new("extras", &[("etc/yum.repos.d/amzn2-extras.repo", EXTRAS)]);
        assert_eq!(extras(&root.0), Some(vec!["docker".to_owned(), "kernel-5.15".to_owned()]));
        let livepatch = "[kernel-livepatch]\nname=z\nenabled=1\n[amazonlinux-nvidia]\nenabled=1\n";
        let root = Root::new("livepatch", &[("etc/yum.repos.d/a.repo", livepatch)]);
        assert_eq!(extras(&root.0), Some(vec!["kernel-livepatch".to_owned(), "nvidia".to_owned()]));
        assert_eq!(extras(&Root::new("no-repositories", &[]).0), None);
    }
}
