//! Packages of rpm advisories: the version as rpm compares it, what no host judges, and one row for all architectures.

use std::borrow::Cow;

use crate::model::advisory::Affected;
use crate::model::severity::Severity;

/// Longest name or version that is believed, in bytes; the longest real ones have about 120.
const LONGEST: usize = 256;

/// A binary package that an advisory names, with the part of the release that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedPackage<'a> {
    pub(super) architecture: Cow<'a, str>,
    /// The statement about it; its scope has no architecture yet.
    pub(super) statement: Affected<'a>,
}

/// Joins epoch, version and release to what rpm compares, `epoch:version-release` (rpm-version(7)); the characters are
/// those that rpmbuild lets into a version (`rpmCharCheck`). An epoch that is
/// absent, empty, or the words of a generator for "none" is 0, and 0 is left out: both mean the same.
///
/// # Errors
/// A part is missing or holds what no version of rpm has; the text names it.
pub(super) fn version_of<'a>(epoch: &str, version: &str, release: &str) -> Result<Cow<'a, str>, String> {
    let allowed = |text: &str| {
        !text.is_empty()
            && text.len() <= LONGEST
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+~^%{}".contains(&byte))
    };
    if !allowed(version) {
        return Err(format!("version: not a version of rpm: {:?}", shortened(version)));
    }
    if !allowed(release) {
        return Err(format!("release: not a release of rpm: {:?}", shortened(release)));
    }
    match epoch.trim() {
        "" | "0" | "None" | "none" | "(none)" => Ok(Cow::Owned(format!("{version}-{release}"))),
        epoch if epoch.parse::<u32>().is_ok() => Ok(Cow::Owned(format!("{epoch}:{version}-{release}"))),
        epoch => Err(format!("epoch: not a number: {:?}", shortened(epoch))),
    }
}

/// Tells whether a text can be the name of a package.
pub(super) fn is_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
}

/// Tells whether a package is left out: sources are not installed, and debug data runs nowhere.
pub(super) fn is_left_out(name: &str, architecture: &str) -> bool {
    matches!(architecture, "src" | "nosrc")
        || name.ends_with("-debuginfo")
        || name.ends_with("-debugsource")
        || name.contains("-debuginfo-common")
}

/// Tells whether a release belongs to a module's build: `module+el8…` (Red Hat, Rocky), `module_el8…` (AlmaLinux),
/// `module_f29…` (Fedora).
pub(super) fn is_modular(version: &str) -> bool {
    version.contains(".module+") || version.contains(".module_")
}

/// The note of a module's build whose stream is not told: Rocky's had no `<module>` for long (rocky-linux/peridot
/// issue 79).
pub(super) const STREAM_UNTOLD: &str = "a build of a module whose stream the vendor does not tell";

/// `name:stream` out of a title such as `Moderate: python27:2.7 security update`; none where it names several modules
/// (`virt:rhel and virt-devel:rhel`), because nothing says which package belongs to which.
pub(super) fn module_of_title(title: &str) -> Option<String> {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
    };
    let is_module =
        |word: &&str| word.split_once(':').is_some_and(|(name, stream)| is_part(name) && is_part(stream));
    let mut modules = title.split([' ', ',']).filter(is_module);
    let first = modules.next()?;
    modules.all(|other| other == first).then(|| first.to_owned())
}

/// `SEVERITY_` stands before the word in old updateinfo of Rocky. Words that are no severity occur (AlmaLinux's
/// errata have had names of modules there): nobody said anything then.
pub(super) fn severity(word: &str) -> Severity {
    let word = word.trim().to_ascii_lowercase();
    match word.strip_prefix("severity_").unwrap_or(&word) {
        "low" => Severity::Low,
        "medium" | "moderate" => Severity::Medium,
        "high" | "important" => Severity::High,
        "critical" | "urgent" => Severity::Critical,
        _ => Severity::Unknown,
    }
}

/// Makes the rows of one advisory. An architecture is part of a row only where the versions of a package differ from
/// one architecture to another, as in Oracle's ELSA-2022-4803: a package that was built for one architecture and
/// later for all of them (`noarch`), or the other way round, would be missed otherwise.
pub(super) fn rows(mut packages: Vec<NamedPackage<'_>>) -> Vec<Affected<'_>> {
    packages.sort_by(|a, b| {
        (subject(&a.statement), bounds(&a.statement), &a.architecture).cmp(&(
            subject(&b.statement),
            bounds(&b.statement),
            &b.architecture,
        ))
    });
    packages.dedup();
    let mut rows = Vec::with_capacity(packages.len());
    for group in packages.chunk_by(|a, b| subject(&a.statement) == subject(&b.statement)) {
        let mut versions = group.chunk_by(|a, b| bounds(&a.statement) == bounds(&b.statement));
        let first = versions.next().unwrap_or_default();
        let is_alike = versions.all(|other| {
            other
                .iter()
                .map(|package| &package.architecture)
                .eq(first.iter().map(|package| &package.architecture))
        });
        for package in group {
            let mut row = package.statement.clone();
            if !is_alike && package.architecture != "noarch" {
                row.scope.architecture = Some(package.architecture.clone());
            }
            if rows.last() != Some(&row) {
                rows.push(row);
            }
        }
    }
    rows
}

/// What a statement is about, without versions.
fn subject<'p>(statement: &'p Affected<'_>) -> (&'p str, Option<&'p str>, Option<&'p str>, &'static str) {
    let Affected { name, scope, state, .. } = statement;
    (name, scope.channel.as_deref(), scope.module.as_deref(), state.words())
}

/// The versions that a statement speaks about.
fn bounds<'p>(statement: &'p Affected<'_>) -> [Option<&'p str>; 3] {
    let range = &statement.range;
    [range.fixed.as_deref(), range.introduced.as_deref(), range.last_affected.as_deref()]
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::advisory::VendorState;

    fn package<'a>(name: &'a str, architecture: &'a str, version: &'a str) -> NamedPackage<'a> {
        NamedPackage {
            architecture: architecture.into(),
            statement: Affected::binary(name, VendorState::Fixed).fixed_in(version),
        }
    }

    fn told(packages: Vec<NamedPackage<'_>>) -> Vec<String> {
        let tell = |row: Affected<'_>| {
            let architecture = row.scope.architecture.unwrap_or_default();
            format!("{} {} {architecture}", row.name, row.range.fixed.unwrap_or_default())
        };
        rows(packages).into_iter().map(tell).collect()
    }

    #[test]
    fn every_spelling_of_no_epoch_is_left_out_and_a_real_one_is_kept() {
        for epoch in ["", "0", "None", "(none)", " "] {
            assert_eq!(version_of(epoch, "1.2", "3.el9").expect("valid"), "1.2-3.el9", "{epoch:?}");
        }
        assert_eq!(
            version_of("32", "9.8.2", "0.68.rc1.el6_10.17").expect("valid"),
            "32:9.8.2-0.68.rc1.el6_10.17"
        );
        assert!(version_of("x", "1", "1").expect_err("refused").contains("epoch: not a number"));
        assert!(version_of("0", "1 2", "1").expect_err("refused").contains("version: "));
        assert!(version_of("0", "1", "").expect_err("refused").contains("release: "));
    }

    #[test]
    fn one_version_for_all_architectures_is_one_row() {
        let all = ["x86_64", "i686", "noarch"].map(|architecture| package("a", architecture, "1-1")).to_vec();
        assert_eq!(told(all), ["a 1-1 "]);
    }

    #[test]
    fn vunnel_1223_versions_that_differ_by_architecture_are_kept_apart() {
        let fixed = [("aarch64", "8.24.0-57.0.4.el7_9.3"), ("x86_64", "8.24.0-57.0.1.el7_9.3")];
        let found =
            told(fixed.map(|(architecture, version)| package("rsyslog", architecture, version)).to_vec());
        assert_eq!(found, ["rsyslog 8.24.0-57.0.1.el7_9.3 x86_64", "rsyslog 8.24.0-57.0.4.el7_9.3 aarch64"]);
    }

    #[test]
    fn two_versions_on_the_same_architectures_stay_two_rows_for_all() {
        let both = [("x86_64", "1"), ("i686", "1"), ("i686", "2"), ("x86_64", "2")];
        assert_eq!(
            told(both.map(|(architecture, version)| package("a", architecture, version)).to_vec()),
            ["a 1 ", "a 2 "]
        );
    }

    #[test]
    fn sources_and_debug_data_are_left_out() {
        for (name, architecture) in [
            ("bash", "src"),
            ("bash", "nosrc"),
            ("bash-debuginfo", "x86_64"),
            ("bash-debugsource", "x86_64"),
            ("kernel-debuginfo-common-x86_64", "x86_64"),
        ] {
            assert!(is_left_out(name, architecture), "{name} {architecture}");
        }
        assert!(!is_left_out("kernel-debug", "x86_64"));
        assert!(!is_left_out("debugedit", "noarch"));
    }

    #[test]
    fn a_title_tells_a_module_only_where_it_names_one() {
        for (title, module) in [
            ("Moderate: python27:2.7 security update", Some("python27:2.7")),
            ("ALSA-2019:2720: pki-deps:10.6 security update (Important)", Some("pki-deps:10.6")),
            ("container-tools:rhel8, container-tools:rhel8 bug fix", Some("container-tools:rhel8")),
            ("Important: virt:rhel and virt-devel:rhel security update", None),
            ("Important: openssl security update", None),
        ] {
            assert_eq!(module_of_title(title).as_deref(), module, "{title}");
        }
    }

    #[test]
    fn builds_of_modules_are_told_from_others() {
        for version in
            ["1-2.module+el8.4.0+9657+a4b6a102", "1.0.5-18.module_el8.3.0+2041+d1f204ad", "3-1.module_f29"]
        {
            assert!(is_modular(version), "{version}");
        }
        assert!(!is_modular("1-2.el9"));
    }
}
