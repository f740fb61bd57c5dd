//! Whom dpkg blames when it fails: its own error lines name a package, or the archive of one.

use crate::model::package::PackageName;

/// Reads the packages named in lines such as `dpkg: error processing package NAME (--configure):` and
/// `dpkg: error processing archive /PATH/NAME_VERSION_ARCH.deb (--unpack):`.
pub(super) fn blamed(said: &str) -> Vec<PackageName> {
    let mut names: Vec<PackageName> = said.lines().filter_map(named).map(PackageName::from).collect();
    names.dedup();
    names
}

fn named(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("dpkg: error processing ")?;
    let (kind, rest) = rest.split_once(' ')?;
    let (subject, _) = rest.rsplit_once(" (")?;
    match kind {
        "package" => subject.split(':').next(),
        "archive" => subject.rsplit('/').next()?.split('_').next(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_archives_are_named() {
        let said = "dpkg: error processing archive /var/lib/x/archives/new/lab-badpre_2.0_all.deb (--unpack):\n \
                    new package pre-installation script subprocess returned error exit status 1\n\
                    dpkg: error processing package libssl3:amd64 (--configure):\n\
                    Errors were encountered while processing:\n lab-bad\n";
        assert_eq!(blamed(said), ["lab-badpre", "libssl3"].map(PackageName::from));
    }

    #[test]
    fn other_complaints_blame_nobody() {
        let said = "dpkg: error processing (\ndpkg: warning: something\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n";
        assert_eq!(blamed(said), []);
    }
}
