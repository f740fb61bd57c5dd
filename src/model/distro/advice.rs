//! What a person types next, in the words of the family's own tools.

use super::{Distribution, PackageFamily};

/// Commands and names of one family's tools, for messages and hints.
#[derive(Debug, PartialEq, Eq)]
pub struct Advice {
    /// The tools that a run works with, as people call them together.
    pub tools: &'static str,
    /// Fetches what the repositories offer.
    pub refresh: &'static str,
    /// Fetches it anew, also what is there already and may be damaged.
    pub refetch: &'static str,
    /// Releases a hold; the package follows.
    pub release: &'static str,
    /// Tells why another version is preferred; the package follows.
    pub preferences: &'static str,
    /// Tells what is wrong with the package database, and what often mends it.
    pub inspect: &'static str,
    /// Adds a package; the package follows.
    pub add: &'static str,
    /// Goes to an older version; the package follows.
    pub downgrade: &'static str,
    /// Installs the same version anew; the packages follow.
    pub reinstall: &'static str,
    /// Makes room where archives are kept.
    pub clean: &'static str,
    /// What the vendor's version of an edited configuration file is called beside it.
    pub beside: &'static str,
}

/// apt-get(8), apt-mark(8), apt-cache(8), dpkg(1).
const APT: Advice = Advice {
    tools: "apt and dpkg",
    refresh: "apt-get update",
    refetch: "apt-get update",
    release: "apt-mark unhold",
    preferences: "apt-cache policy",
    inspect: "dpkg --audit and apt-get check tell what is wrong; dpkg --configure -a often mends it",
    add: "apt-get install",
    downgrade: "apt-get install --allow-downgrades",
    reinstall: "apt-get install --reinstall",
    clean: "apt-get clean",
    beside: ".dpkg-dist",
};

/// apk-add(8), apk-upgrade(8), apk-policy(8), apk-fix(8); apk-protected_paths(5) for `.apk-new`. Without `-U` apk 2.14 keeps
/// indexes that are younger than four hours, and says nothing.
const APK: Advice = Advice {
    tools: "apk",
    refresh: "apk update -U",
    refetch: "apk update -U",
    release: "a line of /etc/apk/world pins it; apk add",
    preferences: "/etc/apk/world, apk policy",
    inspect: "apk fix -s tells what apk itself would mend; apk audit --system lists changed files",
    add: "apk add",
    downgrade: "apk add NAME=VERSION",
    reinstall: "apk fix --reinstall",
    clean: "apk cache clean",
    beside: ".apk-new",
};

/// dnf(8) of dnf 4, dnf-versionlock(8); rpm(8) for `.rpmnew`.
const DNF: Advice = Advice {
    tools: "dnf and rpm",
    refresh: "dnf makecache",
    refetch: "dnf clean metadata, then dnf makecache",
    release: "dnf versionlock delete",
    preferences: "dnf list --showduplicates --disableexcludes=all",
    inspect: "dnf check tells what is wrong; rpmdb --verifydb looks at the database itself",
    add: "dnf install",
    downgrade: "dnf downgrade",
    reinstall: "dnf reinstall",
    clean: "dnf clean packages",
    beside: ".rpmnew",
};

/// pacman(8), pacman.conf(5). The lists are fetched by patchctl into a folder of its own: `pacman -Sy` without an upgrade
/// is the first half of a partial upgrade.
const PACMAN: Advice = Advice {
    tools: "pacman",
    refresh: "patchctl feeds refresh",
    refetch: "patchctl feeds refresh",
    release: "in /etc/pacman.conf, IgnorePkg without",
    preferences: "pacman -Si",
    inspect: "pacman -Dk tells what is wrong with the database",
    add: "pacman -Syu",
    downgrade: "pacman -U /var/cache/pacman/pkg/",
    reinstall: "pacman -S",
    clean: "pacman -Sc",
    beside: ".pacnew",
};

/// zypper(8) of 1.14; rpm(8) for `.rpmnew`.
const ZYPPER: Advice = Advice {
    tools: "zypper and rpm",
    refresh: "zypper refresh",
    refetch: "zypper refresh --force",
    release: "zypper removelock",
    preferences: "zypper search --details --match-exact",
    inspect: "zypper verify --dry-run tells what is wrong; rpmdb --verifydb looks at the database itself",
    add: "zypper install",
    downgrade: "zypper install --oldpackage",
    reinstall: "zypper install --force",
    clean: "zypper clean",
    beside: ".rpmnew",
};

impl Distribution {
    /// Returns what people type on this distribution; apt's words where nothing else is known.
    pub fn advice(&self) -> &'static Advice {
        match self.family() {
            Some(PackageFamily::Rpm) if self.uses_zypper() => &ZYPPER,
            Some(PackageFamily::Rpm) => &DNF,
            Some(PackageFamily::Pacman) => &PACMAN,
            Some(PackageFamily::Apk) => &APK,
            _ => &APT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_is_advised_in_its_own_words() {
        assert_eq!(Distribution::new("rocky", "9", "").advice().refresh, "dnf makecache");
        assert_eq!(Distribution::new("debian", "12", "").advice().refresh, "apt-get update");
        for id in super::super::ZYPPER {
            assert_eq!(Distribution::new(id, "16.0", "").advice().tools, "zypper and rpm", "{id}");
        }
    }
}
