//! Debian's lists of advisories (DSA, DLA, and DTSA of old): identifiers and dates, which the tracker lacks.
//!
//! ```text
//! [12 Feb 2025] DSA-5865-1 webkit2gtk - security update
//! <TAB>{CVE-2025-24143 CVE-2025-24150}
//! <TAB>[bookworm] - webkit2gtk 2.46.6-1~deb12u1 (remark)
//! <TAB>NOTE: …
//! ```
//!
//! The grammar is that of the security tracker's `data/DSA/list` and `data/DLA/list`, and was checked on every line of
//! theirs until 2025-02. A second edition (`DSA-5865-2`) is an advisory of its own. An advisory may have no
//! vulnerability, several sources, several releases, or no version at all (DSA-5649-1, which did not touch stable).
//!
//! | the vendor's word for a release | our state |
//! |---|---|
//! | a version | fixed in it |
//! | `<not-affected>`, or version `0` | not affected |
//! | `<unfixed>` | open |
//! | `<end-of-life>` | no security support |
//! | any other word in `<>` | counted as unread |

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::content::{is_word, lines, malformed};
use super::dates::is_plausible;
use super::{AdvisoryFeed, FeedError, PublishedSource, Rows};
use crate::model::advisory::{Advisory, Affected, VendorState};
use crate::model::distro::Distribution;
use crate::model::feed::FeedRole;
use crate::model::severity::Severity;
use crate::model::version::Version;
use crate::model::vulnerability::CveId;

const NAME: &str = "debian-lists";
/// The first letters of the months, as the lists abbreviate them.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The advisories of the Debian security team and of Debian LTS.
#[derive(Clone, Copy, Debug)]
pub struct DebianLists;

impl AdvisoryFeed for DebianLists {
    fn name(&self) -> &'static str {
        NAME
    }

    fn covers(&self, distribution: &Distribution) -> bool {
        distribution.id == "debian"
    }

    /// Both, whatever the release: regular support turns into LTS within its life.
    fn published(&self, _: &Distribution) -> Vec<PublishedSource> {
        let list = |name: &str, folder: &str| PublishedSource {
            name: name.to_owned(),
            location: format!(
                "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/{folder}/list"
            ),
        };
        vec![list("debian-dsa", "DSA"), list("debian-dla", "DLA")]
    }

    fn role(&self) -> FeedRole {
        FeedRole::Names
    }

    fn parse<'a>(&self, content: &'a [u8], release: &Distribution) -> Result<Rows<'a>, FeedError> {
        let mut rows = Rows::default();
        let mut current = None;
        for (number, line) in lines(NAME, content)? {
            let text = line.trim();
            if text.is_empty() {
                continue;
            }
            if line.starts_with([' ', '\t']) {
                let advisory = current.as_mut().ok_or_else(|| {
                    malformed(NAME, (number, 1), "a line of an advisory comes before the first advisory")
                })?;
                if let Err(reason) = take_line(advisory, text, &release.codename) {
                    rows.unread.add(&format!("line {number}: {}", advisory.id), reason);
                }
                continue;
            }
            let next = header(text).ok_or_else(|| {
                malformed(
                    NAME,
                    (number, 1),
                    "neither `[date] DSA-number …` nor an indented line of an advisory",
                )
            })?;
            if next.published.is_none() {
                rows.unread.add(&format!("line {number}: {}", next.id), "the date is no date");
            }
            rows.entries += 1;
            rows.advisories.extend(
                current.replace(next).filter(|advisory: &Advisory<'_>| !advisory.affected.is_empty()),
            );
        }
        rows.advisories.extend(current.filter(|advisory| !advisory.affected.is_empty()));
        Ok(rows)
    }
}

/// Reads `[12 Feb 2025] DSA-5865-1 webkit2gtk - security update`; what follows the identifier is for people.
fn header(line: &str) -> Option<Advisory<'_>> {
    let (date, rest) = line.strip_prefix('[')?.split_once(']')?;
    let id = rest.split_ascii_whitespace().next().filter(|id| is_id(id))?;
    Some(Advisory {
        id: Cow::Borrowed(id),
        vulnerabilities: Vec::new(),
        severity: Severity::Unknown,
        cvss_tenths: None,
        published: day(date),
        affected: Vec::new(),
    })
}

/// `DSA-5865-1`; until 2007 without the edition.
fn is_id(id: &str) -> bool {
    let Some(numbers) = ["DSA-", "DLA-", "DTSA-"].iter().find_map(|prefix| id.strip_prefix(prefix)) else {
        return false;
    };
    let is_number =
        |text: &str| (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match numbers.split_once('-') {
        Some((number, edition)) => is_number(number) && is_number(edition),
        None => is_number(numbers),
    }
}

/// Reads `12 Feb 2025`, or `August 26th, 2005` of the DTSA list.
fn day(text: &str) -> Option<DateTime<Utc>> {
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let (first, second, year) = (words.next()?, words.next()?, words.next()?);
    let is_day_first = first.starts_with(|letter: char| letter.is_ascii_digit());
    let (day, month) = if is_day_first { (first, second) } else { (second, first) };
    let day = day.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let month =
        MONTHS.iter().zip(1..).find_map(|(name, number)| month.starts_with(name).then_some(number))?;
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month, day.parse().ok()?)?;
    (words.next().is_none() && is_plausible(date)).then(|| date.and_time(NaiveTime::MIN).and_utc())
}

/// Takes an indented line: vulnerabilities, the state of a release, or a note.
fn take_line<'a>(advisory: &mut Advisory<'a>, line: &'a str, release: &str) -> Result<(), String> {
    if let Some(ids) = line.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let unknown = ids.split_ascii_whitespace().find(|id| !is_vulnerability(id));
        let known = ids.split_ascii_whitespace().filter(|id| is_vulnerability(id));
        advisory.vulnerabilities.extend(known.map(Cow::Borrowed));
        return unknown.map_or(Ok(()), |id| Err(format!("not a vulnerability: {id:?}")));
    }
    if line.starts_with("NOTE:") || line.starts_with("TODO:") {
        return Ok(());
    }
    let state = line.strip_prefix('[').and_then(|rest| rest.split_once("] - "));
    let (codename, rest) = state.ok_or("neither `{CVE-…}`, `[release] - source version` nor NOTE:")?;
    if codename == release {
        advisory.affected.push(affected(rest)?);
    }
    Ok(())
}

fn is_vulnerability(id: &str) -> bool {
    CveId::parse(id).is_some() || (id.starts_with("TEMP-") && is_word(id))
}

/// Reads `webkit2gtk 2.46.6-1~deb12u1 (remark)`.
fn affected(text: &str) -> Result<Affected<'_>, String> {
    let (source, rest) = text.trim_start().split_once(char::is_whitespace).ok_or("the version is missing")?;
    let (version, remark) =
        rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim_start(), ""));
    if !is_word(source) {
        return Err(format!("not a source package: {source:?}"));
    }
    let remark = remark.trim();
    let note = (!remark.is_empty()).then_some(Cow::Borrowed(remark));
    let row = match version {
        "<not-affected>" | "0" => Affected::source(source, VendorState::NotAffected),
        "<unfixed>" => Affected::source(source, VendorState::Open),
        "<end-of-life>" => Affected::source(source, VendorState::EndOfLife),
        word if word.starts_with('<') => {
            return Err(format!("{source}: an unknown word for its state: {word:?}"));
        }
        _ => {
            Version::deb(version).map_err(|error| format!("{source}: {error}"))?;
            Affected::source(source, VendorState::Fixed).fixed_in(version)
        }
    };
    Ok(Affected { note, ..row })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DSA: &str = include_str!("../../../tests/fixtures/debian-lists/DSA.txt");
    const DLA: &str = include_str!("../../../tests/fixtures/debian-lists/DLA.txt");
    const DTSA: &str = include_str!("../../../tests/fixtures/debian-lists/DTSA.txt");

    fn release(codename: &str) -> Distribution {
        Distribution::new("debian", "", codename)
    }

    fn parse<'a>(content: &'a str, codename: &str) -> Rows<'a> {
        DebianLists.parse(content.as_bytes(), &release(codename)).expect("the excerpt is whole")
    }

    fn fault(content: &str) -> String {
        DebianLists.parse(content.as_bytes(), &release("bookworm")).expect_err("refused").to_string()
    }

    /// Identifier, day, number of vulnerabilities, then each package with its state and fixed version.
    fn found(rows: &Rows<'_>) -> Vec<String> {
        let state = |row: &Affected<'_>| {
            let fixed = row.range.fixed.as_deref().unwrap_or("-");
            format!("{} {:?} {fixed}", row.name, row.state)
        };
        let line = |a: &Advisory<'_>| {
            let day = a.published.map(|time| time.date_naive().to_string()).unwrap_or_default();
            let states: Vec<_> = a.affected.iter().map(state).collect();
            format!("{} {day} {}: {}", a.id, a.vulnerabilities.len(), states.join(", "))
        };
        rows.advisories.iter().map(line).collect()
    }

    #[test]
    fn advisories_of_one_release_have_identifier_date_and_fixed_version() {
        let rows = parse(DSA, "bookworm");
        assert_eq!(
            found(&rows),
            [
                "DSA-5865-1 2025-02-12 4: webkit2gtk Fixed 2.46.6-1~deb12u1",
                "DSA-5864-1 2025-02-12 2: pam-pkcs11 Fixed 0.6.12-1+deb12u1",
                "DSA-5843-2 2025-01-16 0: rsync Fixed 3.2.7-1+deb12u2",
            ]
        );
        assert_eq!((rows.entries, rows.unread), (11, Default::default()));
    }

    #[test]
    fn osv_dev_2471_an_advisory_that_names_no_version_is_no_statement_about_the_release() {
        let rows = parse(DSA, "bookworm");
        assert!(DSA.contains("DSA-5649-1 xz-utils"));
        assert!(!rows.advisories.iter().any(|advisory| advisory.id == "DSA-5649-1"));
    }

    #[test]
    fn osv_dev_1698_words_in_place_of_a_version_are_states_and_never_versions() {
        let rows = parse(DSA, "jessie");
        assert_eq!(found(&rows), ["DSA-3699-1 2016-10-25 0: virtualbox EndOfLife -"]);
        let rows = parse(DSA, "lenny");
        let vlc = &rows.advisories[0].affected[0];
        assert_eq!(
            (vlc.state, vlc.note.as_deref()),
            (VendorState::NotAffected, Some("(Vulnerable code not present)"))
        );
        assert_eq!(vlc.range.fixed, None);
        let list = "[12 Feb 2025] DSA-1-1 a - x\n\t[sid] - a <unfixed>\n\t[sid] - b 0\n\t[sid] - c <itp>\n";
        let rows = parse(list, "sid");
        let states: Vec<_> = rows.advisories[0].affected.iter().map(|row| row.state).collect();
        assert_eq!(states, [VendorState::Open, VendorState::NotAffected]);
        assert_eq!(rows.unread.first, ["line 4: DSA-1-1: c: an unknown word for its state: \"<itp>\""]);
    }

    #[test]
    fn several_sources_and_releases_old_identifiers_and_spaces_are_read() {
        let rows = parse(DSA, "lenny");
        assert_eq!(rows.advisories.len(), 4);
        let squid = rows.advisories.iter().find(|advisory| advisory.id == "DSA-1991-1").expect("there");
        let names: Vec<_> =
            squid.affected.iter().map(|row| (row.name.as_ref(), row.range.fixed.as_deref())).collect();
        assert_eq!(
            names,
            [("squid", Some("2.7.STABLE3-4.1lenny1")), ("squid3", Some("3.0.STABLE8-3+lenny3"))]
        );
        let rows = parse(DSA, "sarge");
        assert_eq!(
            (rows.advisories[0].id.as_ref(), rows.advisories[0].vulnerabilities.len()),
            ("DSA-1304", 14)
        );
        let rows = parse(DLA, "squeeze");
        assert_eq!(rows.advisories[0].vulnerabilities, ["CVE-2014-7169", "CVE-2014-7186", "CVE-2014-7187"]);
    }

    #[test]
    fn long_dates_and_remarks_of_the_testing_list_are_read() {
        let rows = parse(DTSA, "etch");
        let found: Vec<_> = rows
            .advisories
            .iter()
            .map(|a| {
                (
                    a.id.as_ref(),
                    a.published.expect("dated").date_naive().to_string(),
                    a.affected[0].note.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("DTSA-1-1", "2005-08-26".to_owned(), Some("(high)")),
                ("DTSA-8-2", "2005-09-01".to_owned(), Some("(medium)")),
            ]
        );
    }

    #[test]
    fn what_is_no_list_is_refused_and_single_faults_are_counted() {
        assert!(fault("<html>").contains("web page"));
        assert!(fault(&DSA[..100]).contains("breaks off"));
        assert!(fault("\t{CVE-2024-0001}\n").contains("line 1"));
        assert!(fault("[12 Feb 2025] 403 Forbidden\n").contains("line 1"));
        assert!(fault("{\"a\": 1}\n").contains("neither"));
        let list = "[31 Feb 2025] DSA-1-1 a - x\n\t{CVE-2024-1 CVE-2024-0001}\n\tgarbage\n\t[bookworm] - a x:1\n\t[bookworm] - a 1.2\n";
        let rows = parse(list, "bookworm");
        let advisory = &rows.advisories[0];
        assert_eq!(
            (advisory.published, advisory.vulnerabilities.len(), advisory.affected.len()),
            (None, 1, 1)
        );
        assert_eq!(rows.unread.count, 4, "{:?}", rows.unread);
    }
}
