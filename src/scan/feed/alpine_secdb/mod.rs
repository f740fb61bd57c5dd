//! Alpine's security database, and those of Wolfi and Chainguard in the same shape: which version of a source package
//! (an `origin`) fixed what.
//!
//! It tells what was fixed and never what is open, so that it cannot say "affected, no fix". JSON, or the YAML that
//! stands beside it (<https://secdb.alpinelinux.org/>). Wolfi and Chainguard have one each, by the host's `ID`, filed
//! by origin (`docs/scanning_implementation.md` of chainguard-dev/vulnerability-scanner-support); their vendor announced
//! that it ends both with 2026 in favour of OSV.
//!
//! | the vendor's word | our state |
//! |---|---|
//! | an identifier under one version | fixed in it |
//! | an identifier under the version `0` only | not affected, ever |
//! | an identifier under several versions: fixed, broken again, fixed (anchore/grype#970) | fixed in the lowest; between the lowest and the highest undetermined, as nobody says where it broke again |
//! | an identifier under `0` and a version | undetermined below the highest version |
//! | under a version outside apk's grammar only (`6.6.2p1-r0`, aboutcode-org/vulnerablecode#915) | fixed in it, which no version can be compared with, so that the verdict is unknown; counted as unread too |
//! | a word in an entry that is no known identifier | counted as unread; the rest of the entry holds |

mod identifiers;
mod wire;
mod yaml;

use std::borrow::Cow;
use std::cmp::Ordering;

use self::identifiers::{Identifiers, identifiers};
use self::wire::{Document, Package};
use super::content::{is_word, json, malformed, place_of, refuse_no_feed};
use super::{AdvisoryFeed, FeedError, PublishedSource, Rows};
use crate::model::advisory::{Advisory, Affected, VendorState, VersionRange};
use crate::model::distro::Distribution;
use crate::model::severity::Severity;
use crate::model::version::{VersionScheme, compare_text};

const NAME: &str = "alpine-secdb";
/// The first minor release of Alpine 3 with a repository `community`.
const FIRST_WITH_COMMUNITY: u32 = 3;

/// The security database of apk distributions.
#[derive(Clone, Copy, Debug)]
pub struct AlpineSecdb;

impl AdvisoryFeed for AlpineSecdb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, distribution: &Distribution) -> bool {
        matches!(distribution.id.as_str(), "alpine" | "wolfi" | "chainguard")
    }

    fn published(&self, distribution: &Distribution) -> Vec<PublishedSource> {
        let source = |name: &str, location: String| PublishedSource { name: name.to_owned(), location };
        match distribution.id.as_str() {
            "wolfi" => vec![source(NAME, "https://packages.wolfi.dev/os/security.json".to_owned())],
            "chainguard" => {
                vec![source(NAME, "https://packages.cgr.dev/chainguard/security.json".to_owned())]
            }
            _ => {
                let Some(branch) = branch(distribution) else { return Vec::new() };
                let has_community = branch.minor.is_none_or(|minor| minor >= FIRST_WITH_COMMUNITY);
                let repositories: &[&str] = if has_community { &["main", "community"] } else { &["main"] };
                let address = |name: &&str| {
                    let location = format!("https://secdb.alpinelinux.org/{}/{name}.json", branch.name);
                    source(&format!("{NAME}-{name}"), location)
                };
                repositories.iter().map(address).collect()
            }
        }
    }

    /// A database of another branch is refused: its versions say nothing about this one.
    fn parse<'a>(&self, content: &'a [u8], release: &Distribution) -> Result<Rows<'a>, FeedError> {
        refuse_no_feed(NAME, content, "JSON")?;
        let is_json = content.trim_ascii_start().starts_with(b"{");
        let document: Document<'a> = if is_json { json(NAME, content)? } else { yaml::read(content)? };
        let wanted = branch(release).map(|branch| branch.name);
        if document.branch.as_deref() != wanted.as_deref() {
            let [stated, wanted] =
                [document.branch.as_deref(), wanted.as_deref()].map(|branch| branch.unwrap_or("none"));
            let detail =
                format!("distroversion: the content is for branch {stated:.20}, and {wanted} is wanted");
            let field = if is_json { "\"distroversion\"" } else { "distroversion:" };
            return Err(malformed(NAME, place_of(content, field), &detail));
        }
        let mut rows = Rows::default();
        for listed in document.packages {
            take_package(listed.package, &mut rows);
        }
        Ok(rows)
    }
}

/// A branch of Alpine, with the minor number that a release has.
struct Branch {
    name: String,
    minor: Option<u32>,
}

/// `3.20.3` is of `v3.20`. Edge calls itself the next release's alpha (`3.17_alpha20220809`, anchore/grype#964).
/// Wolfi and Chainguard have no branches.
fn branch(distribution: &Distribution) -> Option<Branch> {
    if distribution.id != "alpine" {
        return None;
    }
    if distribution.version.contains("_alpha") || distribution.version == "edge" {
        return Some(Branch { name: "edge".to_owned(), minor: None });
    }
    let mut parts = distribution.version.split('.');
    let (major, minor): (u32, u32) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Branch { name: format!("v{major}.{minor}"), minor: (major == 3).then_some(minor) })
}

/// An identifier that a version fixed.
struct Statement<'a> {
    id: Cow<'a, str>,
    others: Vec<Cow<'a, str>>,
    version: Cow<'a, str>,
}

fn take_package<'a>(package: Package<'a>, rows: &mut Rows<'a>) {
    let name = package.name;
    if !is_word(&name) {
        let place: String = name.chars().take(40).collect();
        return rows.unread.add(&place, "not a name of a package");
    }
    let mut statements = Vec::new();
    for fix in package.secfixes.0 {
        let place = format!("{name} {:.40}", fix.version);
        rows.entries += fix.entries.len() as u64;
        if fix.entries.is_empty() {
            rows.unread.add(&place, "the version fixes nothing that is named");
        }
        if !is_word(&fix.version) {
            rows.unread.add(&place, "not a version");
            continue;
        }
        for entry in fix.entries {
            if fix.version != "0" && !is_ordered(&fix.version) {
                rows.unread.add(&place, "the version has no order among others");
            }
            take_entry(entry, fix.version.clone(), &mut statements, |reason| rows.unread.add(&place, reason));
        }
    }
    statements.sort_by(|left, right| left.id.cmp(&right.id));
    let groups = statements.chunk_by(|left, right| left.id == right.id);
    rows.advisories.extend(groups.filter_map(|group| advisory(&name, group)));
}

/// Takes the identifiers of an entry: each CVE with the names that others gave it; without a CVE the first of those.
fn take_entry<'a>(
    entry: Cow<'a, str>,
    version: Cow<'a, str>,
    statements: &mut Vec<Statement<'a>>,
    mut unread: impl FnMut(String),
) {
    let (ids, others, unknown) = match &entry {
        Cow::Borrowed(text) => kept(identifiers(text), Cow::Borrowed),
        Cow::Owned(text) => kept(identifiers(text), |word| Cow::Owned(word.to_owned())),
    };
    if let Some(word) = unknown {
        unread(format!("no identifier: {word:.40?}"));
    }
    for id in ids {
        statements.push(Statement { id, others: others.clone(), version: version.clone() });
    }
}

type Kept<'a> = (Vec<Cow<'a, str>>, Vec<Cow<'a, str>>, Option<String>);

fn kept<'a, 'e>(found: Identifiers<'e>, keep: impl Fn(&'e str) -> Cow<'a, str>) -> Kept<'a> {
    let (mut ids, mut others) = (found.cves, found.others);
    if ids.is_empty() && !others.is_empty() {
        ids.push(others.remove(0));
    }
    let keep_all = |words: Vec<&'e str>| words.into_iter().map(&keep).collect();
    (keep_all(ids), keep_all(others), found.unknown.map(str::to_owned))
}

/// One statement from all that name the same identifier in a package.
fn advisory<'a>(name: &Cow<'a, str>, group: &[Statement<'a>]) -> Option<Advisory<'a>> {
    let mut vulnerabilities = vec![group.first()?.id.clone()];
    for other in group.iter().flat_map(|statement| &statement.others) {
        if !vulnerabilities.contains(other) {
            vulnerabilities.push(other.clone());
        }
    }
    Some(Advisory {
        id: vulnerabilities.first()?.clone(),
        affected: affected(name, group.iter().map(|statement| &statement.version)),
        vulnerabilities,
        severity: Severity::Unknown,
        cvss_tenths: None,
        published: None,
    })
}

/// What a package's versions say together of one identifier.
fn affected<'v, 'a: 'v>(
    name: &Cow<'a, str>,
    versions: impl Iterator<Item = &'v Cow<'a, str>> + Clone,
) -> Vec<Affected<'a>> {
    let row = |state,
               introduced: Option<&Cow<'a, str>>,
               fixed: Option<&Cow<'a, str>>,
               note: Option<&'static str>| {
        let range =
            VersionRange { introduced: introduced.cloned(), fixed: fixed.cloned(), last_affected: None };
        Affected { range, note: note.map(Cow::Borrowed), ..Affected::source(name.clone(), state) }
    };
    let was_never_affected = versions.clone().any(|version| version == "0");
    let ordered = versions.clone().filter(|version| *version != "0" && is_ordered(version));
    let compare = |left: &&Cow<'a, str>, right: &&Cow<'a, str>| order(left, right).unwrap_or(Ordering::Equal);
    match (ordered.clone().min_by(compare), ordered.max_by(compare)) {
        (Some(_), Some(highest)) if was_never_affected => {
            let note = "called never affected and fixed at once";
            vec![row(VendorState::Undetermined, None, Some(highest), Some(note))]
        }
        (Some(lowest), Some(highest)) if order(lowest, highest) == Some(Ordering::Less) => {
            let note =
                "fixed more than once: broken again somewhere between the lowest and the highest version";
            vec![
                row(VendorState::Fixed, None, Some(lowest), None),
                row(VendorState::Undetermined, Some(lowest), Some(highest), Some(note)),
            ]
        }
        (Some(lowest), _) => vec![row(VendorState::Fixed, None, Some(lowest), None)],
        (None, _) if was_never_affected => vec![row(VendorState::NotAffected, None, None, None)],
        (None, _) => {
            let note = "apk knows no order for the version that has the fix";
            versions.take(1).map(|version| row(VendorState::Fixed, None, Some(version), Some(note))).collect()
        }
    }
}

fn order(left: &str, right: &str) -> Option<Ordering> {
    compare_text(VersionScheme::Apk, left, right)
}

fn is_ordered(version: &str) -> bool {
    order(version, version).is_some()
}

#[cfg(test)]
mod tests;
