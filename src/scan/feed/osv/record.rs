//! One record becomes one advisory for one release.
//!
//! | the record says | our state |
//! |---|---|
//! | a range that ends with `fixed` | fixed |
//! | the same, in Ubuntu Pro | needs an entitlement |
//! | a range without an end, or with `last_affected`; a version in `versions` of a record without ranges | open |
//! | a version in `versions` outside of every range: the record contradicts itself | undetermined |
//! | `fixed: "0"`, `fixed: "<not-affected>"` | not affected |
//! | `fixed: "<unfixed>"` | open |
//! | Debian's urgency `end-of-life`, `fixed: "<end-of-life>"` | end of life |
//! | a livepatch notice (LSN) | fixed, about the live patches of the kernel alone ([`super::livepatch`]) |
//! | `withdrawn`, no `affected`, a bug fix without a CVE | no statement; counted |

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::ecosystem::{Family, Place};
use super::identifier;
use super::livepatch;
use super::range::{self, Part, shortened};
use super::rating;
use super::wire::{AffectedPackage, Range, Record, Text};
use crate::model::advisory::{Advisory, Affected, Scope, Subject, VendorState, VersionRange};
use crate::model::distro::Distribution;
use crate::scan::feed::Unread;
use crate::scan::feed::dates::read_date;
use crate::scan::feed::rpm_packages::{STREAM_UNTOLD, is_modular, module_of_title};
use crate::scan::feed::ubuntu_product::is_esm;

/// Longest name of a package that is believed, in bytes; the longest real ones have about 70.
const LONGEST_NAME: usize = 256;
/// The note of a version that is listed as affected and lies beyond the ranges.
const CONTRADICTION: &str = "listed as affected, and outside of the ranges of the same record";
/// The note of what Ubuntu has not fixed yet and will fix for subscribers only.
const PRO_ONLY: &str = "a fix would be for subscribers of Ubuntu Pro";

/// A statement that is read in the light of a release.
pub(super) struct Reader<'r> {
    pub(super) release: &'r Distribution,
    pub(super) family: Family,
}

/// A package of the record that belongs to the release.
struct Ours<'a> {
    name: Cow<'a, str>,
    place: Place<'a>,
    content: AffectedPackage<'a>,
}

impl Reader<'_> {
    /// Returns what a record states about the release; none when it states nothing. What cannot be read is counted.
    pub(super) fn advisory<'a>(&self, mut record: Record<'a>, unread: &mut Unread) -> Option<Advisory<'a>> {
        if record.withdrawn.is_some() || record.affected.is_empty() {
            return None;
        }
        if !identifier::is_identifier(&record.id.0) {
            unread.add("id", format_args!("not an identifier: {:?}", shortened(&record.id.0)));
            return None;
        }
        let ours = self.ours(std::mem::take(&mut record.affected));
        if ours.is_empty() {
            return None;
        }
        let (places, contents): (Vec<_>, Vec<_>) =
            ours.into_iter().map(|ours| ((ours.name, ours.place), ours.content)).unzip();
        let (severity, cvss_tenths) = rating::of_record(&record, &contents);
        let vulnerabilities = vulnerabilities(&mut record, &contents);
        if vulnerabilities.is_empty() && identifier::is_bug_fix(&record.id.0) {
            return None;
        }
        let mut affected = Vec::new();
        let archive: Vec<Cow<'a, str>> =
            places.iter().filter(|(_, place)| !place.is_pro).map(|(name, _)| name.clone()).collect();
        for ((name, place), content) in places.into_iter().zip(contents) {
            let is_in_archive = archive.contains(&name);
            let is_livepatch = livepatch::is_notice(&record.id.0);
            let about = About { name, place, is_in_archive, is_livepatch, summary: &record.summary.0 };
            let mut faults = Vec::new();
            match self.rows(about, content, &mut faults) {
                Ok(rows) => add_new(&mut affected, rows),
                Err(reason) => faults.push(reason),
            }
            faults.iter().for_each(|reason| unread.add(&record.id.0, reason));
        }
        let published = record.published.as_ref().and_then(|text| read_date(&text.0));
        if published.is_none() && record.published.is_some() {
            unread.add(&record.id.0, "published: not a date of an advisory");
        }
        let id = record.id.0;
        (!affected.is_empty()).then_some(Advisory {
            id,
            vulnerabilities,
            severity,
            cvss_tenths,
            published,
            affected,
        })
    }

    fn ours<'a>(&self, affected: Vec<AffectedPackage<'a>>) -> Vec<Ours<'a>> {
        let belongs = |mut content: AffectedPackage<'a>| {
            let package = content.package.take()?;
            let place = self.family.place(&package, self.release)?;
            Some(Ours { name: package.name.0, place, content })
        };
        affected.into_iter().filter_map(belongs).collect()
    }

    /// Returns the rows of one package. Single versions that cannot be read are told in `faults`, and the rest holds.
    fn rows<'a>(
        &self,
        about: About<'a, '_>,
        mut content: AffectedPackage<'a>,
        faults: &mut Vec<String>,
    ) -> Result<Vec<Affected<'a>>, String> {
        check_name(&about.name)?;
        let in_package = |reason| format!("{}: {reason}", about.name);
        let mut parts = self.parts(std::mem::take(&mut content.ranges)).map_err(in_package)?;
        let versions = versions(content.versions).map_err(in_package)?;
        for part in range::listed(versions, &parts, self.family.scheme) {
            let version = part.range.introduced.as_deref().unwrap_or_default();
            match range::check(version, self.family.scheme) {
                Ok(()) => parts.push(part),
                Err(reason) => faults.push(in_package(format!("versions: {reason}"))),
            }
        }
        if about.is_livepatch {
            return livepatch::rows(&content.ecosystem_specific).map_err(in_package);
        }
        if parts.is_empty() && faults.is_empty() {
            return Err(in_package("neither ranges nor versions".to_owned()));
        }
        if self.family.subject == Subject::Binary
            && let Some(binaries) = content.ecosystem_specific.binaries
        {
            return self.suse_binaries(&about, binaries).map_err(in_package);
        }
        let is_over = content.ecosystem_specific.urgency.0 == "end-of-life";
        let rows = parts.into_iter().map(|part| {
            let state = match part.state {
                VendorState::Open if is_over => VendorState::EndOfLife,
                VendorState::Fixed if about.place.is_pro => VendorState::NeedsEntitlement,
                state => state,
            };
            let note = about.note(state, &part.range, &content.ecosystem_specific.availability);
            let scope = about.scope(state, &part.range);
            let name = about.name.clone();
            Affected { subject: self.family.subject, name, state, range: part.range, scope, note }
        });
        Ok(rows.collect())
    }

    /// Reads ranges. One of another type (`GIT`, `SEMVER`) says nothing about versions of packages, so the statement
    /// is not understood.
    fn parts<'a>(&self, ranges: Vec<Range<'a>>) -> Result<Vec<Part<'a>>, String> {
        let mut parts = Vec::new();
        for range in ranges {
            if range.kind.0 != "ECOSYSTEM" {
                return Err(format!("ranges: type: {:?} is not of packages", shortened(&range.kind.0)));
            }
            parts.extend(range::parts(range.events, self.family.scheme)?);
        }
        Ok(parts)
    }

    /// SUSE names the source and lists the binaries with their versions: `[{name: version}]`.
    fn suse_binaries<'a>(
        &self,
        about: &About<'a, '_>,
        binaries: &'a RawValue,
    ) -> Result<Vec<Affected<'a>>, String> {
        let lists: Vec<std::collections::BTreeMap<Text<'a>, Text<'a>>> = serde_json::from_str(binaries.get())
            .map_err(|_| "ecosystem_specific: binaries: not a list of names with versions".to_owned())?;
        let mut rows = Vec::new();
        for (name, version) in lists.into_iter().flatten() {
            check_name(&name.0)?;
            range::check(&version.0, self.family.scheme)?;
            let row = Affected::binary(name.0, VendorState::Fixed).fixed_in(version.0);
            rows.push(Affected { scope: about.scope(row.state, &row.range), ..row });
        }
        Ok(rows)
    }
}

/// Reads the list of single versions.
fn versions(list: Option<&RawValue>) -> Result<Vec<Cow<'_, str>>, String> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let versions: Option<Vec<Text<'_>>> =
        serde_json::from_str(list.get()).map_err(|_| "versions: not a list of texts".to_owned())?;
    Ok(versions.unwrap_or_default().into_iter().map(|version| version.0).collect())
}

/// What a package's statement is about.
struct About<'a, 'r> {
    name: Cow<'a, str>,
    place: Place<'a>,
    /// The record has a statement about the package of Ubuntu's archive as well.
    is_in_archive: bool,
    is_livepatch: bool,
    summary: &'r str,
}

impl<'a> About<'a, '_> {
    /// What Ubuntu Pro has not fixed is not fixed in the archive either, unless the record speaks about that itself.
    /// FIPS and other lines are builds of their own and say nothing about others (anchore/grype issue 3544).
    fn scope(&self, state: VendorState, range: &VersionRange<'a>) -> Scope<'a> {
        let is_esm = self.place.channel.as_deref().is_some_and(is_esm);
        let holds_for_all = is_esm && state == VendorState::Open && !self.is_in_archive;
        let channel = self.place.channel.clone().filter(|_| !holds_for_all);
        let module = if is_module_build(range) { module_of_title(self.summary) } else { None };
        Scope { architecture: None, module: module.map(Cow::Owned), channel }
    }

    fn note(
        &self,
        state: VendorState,
        range: &VersionRange<'_>,
        availability: &Text<'a>,
    ) -> Option<Cow<'a, str>> {
        match state {
            VendorState::NeedsEntitlement if !availability.0.is_empty() => Some(availability.0.clone()),
            VendorState::Undetermined if range.introduced.is_some() => Some(Cow::Borrowed(CONTRADICTION)),
            VendorState::Open if self.place.is_pro => Some(Cow::Borrowed(PRO_ONLY)),
            _ if is_module_build(range) && module_of_title(self.summary).is_none() => {
                Some(Cow::Borrowed(STREAM_UNTOLD))
            }
            _ => None,
        }
    }
}

fn is_module_build(range: &VersionRange<'_>) -> bool {
    range.fixed.as_deref().is_some_and(is_modular)
}

/// The vulnerabilities of a record for the release. A notice of Ubuntu lists for each release the CVEs that concern
/// it; the whole list holds for all releases together (USN-6535-1: one of two CVEs in focal).
fn vulnerabilities<'a>(record: &mut Record<'a>, ours: &[AffectedPackage<'a>]) -> Vec<Cow<'a, str>> {
    let all = identifier::vulnerabilities(record);
    let mut of_release = Vec::new();
    for cve in ours.iter().flat_map(|content| &content.database_specific.cves_map.cves) {
        identifier::add(&mut of_release, cve.id.clone());
    }
    if of_release.is_empty() { all } else { of_release }
}

fn check_name(name: &str) -> Result<(), String> {
    let is_name =
        (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
    if is_name { Ok(()) } else { Err(format!("package: name: not a package: {:?}", shortened(name))) }
}

/// Adds the rows that are not there yet: SUSE repeats the binaries under every source of an advisory.
fn add_new<'a>(affected: &mut Vec<Affected<'a>>, rows: Vec<Affected<'a>>) {
    for row in rows {
        if !affected.contains(&row) {
            affected.push(row);
        }
    }
}
