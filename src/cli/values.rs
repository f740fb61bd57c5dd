//! Reads the values of the command line strictly; clap names the flag in front of each error.

use std::time::Duration;

use chrono::{DateTime, Months, NaiveDate, NaiveTime, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::model::decision::{ExactVersion, RebootPolicy};
use crate::model::distro::PackageFamily;
use crate::model::duration;
use crate::model::package::{PackageName, is_valid_package_name};
use crate::model::rule::{Until, WaiverKind};
use crate::model::run::RunIdError;
use crate::model::severity::Severity;
use crate::model::version::Version;
use crate::ops::request::{Override, ReportSubject, RuleTarget, Subject};

/// A value that means nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not a CVE identifier.
    #[error("a CVE is written CVE-YEAR-NUMBER, such as CVE-2026-11234")]
    Cve,
    /// Not an advisory identifier.
    #[error("an advisory is written as its vendor does, such as DSA-5999-1")]
    Advisory,
    /// Not a package name.
    #[error(
        "a package name has lower case letters, digits, '+', '-' and '.', and begins with a letter or digit"
    )]
    Package,
    /// Not a version.
    #[error("{reason}")]
    Version {
        /// What is wrong with it.
        reason: String,
    },
    /// Not a time.
    #[error("a time is written 2026-11-22 or, with its zone, 2026-11-22T02:00:00Z")]
    Time,
    /// Not a period.
    #[error("a period is written 2026-10, 2026-Q4 or 2026")]
    Period,
    /// Not a day.
    #[error("a day is written 2026-12-24")]
    Day,
    /// Not the end of a block.
    #[error("give newer, or the last day, such as 2026-12-24")]
    Until,
    /// Nothing that a rule can be about.
    #[error("give a package, PACKAGE=VERSION, an advisory or a CVE")]
    RuleSubject,
    /// Not a sentence.
    #[error("give a reason in words, at most 500 bytes and without control characters")]
    Sentence,
    /// None of the things that `why` explains.
    #[error("give a CVE (CVE-2026-11234), an advisory (DSA-5999-1) or a package name")]
    Subject,
}

/// A package, with or without an exact version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `PACKAGE`.
    Package(PackageName),
    /// `PACKAGE=VERSION`.
    Exact(ExactVersion),
}

/// The severities that a flag takes, worst first.
pub fn severities() -> impl TypedValueParser<Value = Severity> {
    let words =
        Severity::ALL.into_iter().filter(|severity| *severity != Severity::Unknown).map(Severity::word);
    PossibleValuesParser::new(words).map(|word| {
        let named = Severity::ALL.into_iter().find(|severity| severity.word() == word);
        named.unwrap_or(Severity::Unknown)
    })
}

/// The rules that an operator may set aside.
pub fn overridable() -> impl TypedValueParser<Value = Override> {
    const ALL: [Override; 4] = [Override::Window, Override::Freeze, Override::Approval, Override::Evidence];
    PossibleValuesParser::new(ALL.map(Override::word))
        .map(|word| ALL.into_iter().find(|rule| rule.word() == word).unwrap_or(Override::Window))
}

/// What may happen when a reboot is due.
pub fn reboot() -> impl TypedValueParser<Value = RebootPolicy> {
    PossibleValuesParser::new(["never", "if-needed", "always"]).map(|word| match word.as_str() {
        "if-needed" => RebootPolicy::IfNeeded,
        "always" => RebootPolicy::Always,
        _ => RebootPolicy::Never,
    })
}

/// Reads a text that people have to understand later.
///
/// # Errors
/// It is empty, too long, or has control characters.
pub fn sentence(text: &str) -> Result<String, ValueError> {
    let is_one = !text.trim().is_empty() && text.len() <= 500 && !text.chars().any(char::is_control);
    if is_one { Ok(text.to_owned()) } else { Err(ValueError::Sentence) }
}

/// The kinds of waivers.
pub fn waiver_kinds() -> impl TypedValueParser<Value = WaiverKind> {
    const ALL: [WaiverKind; 3] = [WaiverKind::AcceptedRisk, WaiverKind::Mitigated, WaiverKind::FalsePositive];
    PossibleValuesParser::new(ALL.map(WaiverKind::word))
        .map(|word| ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(WaiverKind::AcceptedRisk))
}

/// Reads a day.
///
/// # Errors
/// It is none.
pub fn day(text: &str) -> Result<NaiveDate, ValueError> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| ValueError::Day)
}

/// Reads when a block lifts itself.
///
/// # Errors
/// It is neither `newer` nor a day.
pub fn until(text: &str) -> Result<Until, ValueError> {
    if text == "newer" {
        return Ok(Until::Newer);
    }
    day(text).map(Until::Date).map_err(|_| ValueError::Until)
}

/// Reads what a block is about: a package with or without a version, an advisory, or a CVE.
///
/// # Errors
/// It is none of them.
pub fn rule_subject(text: &str) -> Result<RuleTarget, ValueError> {
    if let Ok(id) = cve(text) {
        return Ok(RuleTarget::Advisory(id));
    }
    if let Some((name, version)) = text.split_once('=') {
        let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_graphic());
        let name = package(name).map_err(|_| ValueError::RuleSubject)?;
        let version = is_version.then(|| version.to_owned()).ok_or(ValueError::RuleSubject)?;
        return Ok(RuleTarget::Package { name, version: Some(version) });
    }
    if let Ok(name) = package(text) {
        return Ok(RuleTarget::Package { name, version: None });
    }
    advisory(text).map(RuleTarget::Advisory).map_err(|_| ValueError::RuleSubject)
}

/// Reads what a waiver is about: also the id of a finding, which has slashes.
///
/// # Errors
/// It is nothing that can be waived.
pub fn waived(text: &str) -> Result<RuleTarget, ValueError> {
    let is_id = text.contains('/') && text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_graphic());
    match rule_subject(text) {
        _ if is_id => Ok(RuleTarget::Finding(text.to_owned())),
        Ok(RuleTarget::Package { version: Some(_), .. }) => Err(ValueError::RuleSubject),
        read => read,
    }
}

/// Reads the name of a block, or what it is about.
///
/// # Errors
/// It is neither.
pub fn rule_name(text: &str) -> Result<String, ValueError> {
    let is_one = !text.is_empty() && text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_one { Ok(text.to_owned()) } else { Err(ValueError::RuleSubject) }
}

/// Reads a CVE identifier in any case.
///
/// # Errors
/// It is not `CVE-YEAR-NUMBER` with four digits or more in the number (CVE identifier syntax of 2014).
pub fn cve(text: &str) -> Result<String, ValueError> {
    let upper = text.to_ascii_uppercase();
    let (year, number) =
        upper.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')).ok_or(ValueError::Cve)?;
    let digits = |part: &str, fewest: usize, most: usize| {
        (fewest..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if digits(year, 4, 4) && digits(number, 4, 19) { Ok(upper) } else { Err(ValueError::Cve) }
}

/// Reads a vendor's advisory identifier: letters, a dash, then letters, digits, `-`, `:` and `_`.
///
/// # Errors
/// It has another shape or is longer than 64 characters.
pub fn advisory(text: &str) -> Result<String, ValueError> {
    let (vendor, rest) = text.split_once('-').ok_or(ValueError::Advisory)?;
    let is_vendor = vendor.len() >= 2 && vendor.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_rest = rest.bytes().any(|byte| byte.is_ascii_digit())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:_".contains(&byte));
    if is_vendor && is_rest && text.len() <= 64 {
        Ok(text.to_ascii_uppercase())
    } else {
        Err(ValueError::Advisory)
    }
}

/// Reads a package name, of whichever family: the root that is looked at decides later.
///
/// # Errors
/// It is none.
pub fn package(text: &str) -> Result<PackageName, ValueError> {
    let is_name = PackageFamily::ALL.iter().any(|family| family.is_package_name(text));
    if is_name { Ok(PackageName::from(text)) } else { Err(ValueError::Package) }
}

/// Reads `PACKAGE` or `PACKAGE=VERSION`.
///
/// # Errors
/// Name or version is none.
pub fn target(text: &str) -> Result<Target, ValueError> {
    let Some((name, version)) = text.split_once('=') else {
        return package(text).map(Target::Package);
    };
    // The root that is looked at decides by which order it counts.
    let version = Version::deb(version).or_else(|error| Version::rpm(version).map_err(|_| error));
    let version = version.map_err(|error| ValueError::Version { reason: error.to_string() })?;
    Ok(Target::Exact(ExactVersion { name: package(name)?, version }))
}

/// Reads a date (its first second, UTC) or a time with its zone.
///
/// # Errors
/// It is neither.
pub fn time(text: &str) -> Result<DateTime<Utc>, ValueError> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(date.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).map_err(|_| ValueError::Time)
}

/// The first and the last moment of a period.
pub type Span = (DateTime<Utc>, DateTime<Utc>);

/// Reads a month, a quarter or a year, in UTC.
///
/// # Errors
/// It is none.
pub fn period(text: &str) -> Result<Span, ValueError> {
    let (year, part) = text.split_once('-').map_or((text, None), |(year, part)| (year, Some(part)));
    let number = |digits: &str, most: u32| {
        let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_plain.then(|| digits.parse().ok()).flatten();
        number.filter(|number| (1..=most).contains(number)).ok_or(ValueError::Period)
    };
    let (month, months) = match part {
        None => (1, 12),
        Some(quarter) if quarter.starts_with(['Q', 'q']) => (number(&quarter[1..], 4)? * 3 - 2, 3),
        Some(month) if month.len() == 2 => (number(month, 12)?, 1),
        Some(_) => return Err(ValueError::Period),
    };
    let year = if year.len() == 4 { number(year, 9999)? } else { return Err(ValueError::Period) };
    let first = NaiveDate::from_ymd_opt(year.cast_signed(), month, 1).ok_or(ValueError::Period)?;
    let next = first.checked_add_months(Months::new(months)).ok_or(ValueError::Period)?;
    let moment = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    Ok((moment(first), moment(next) - chrono::Duration::seconds(1)))
}

/// Reads a span such as `5m`; a bare number means seconds.
///
/// # Errors
/// It is malformed, zero or absurd.
pub fn span(text: &str) -> Result<Duration, duration::DurationError> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { duration::parse(&format!("{text}s")) } else { duration::parse(text) }
}

/// Reads what `why` is asked about: a CVE, a package name, or an advisory.
///
/// # Errors
/// It is none of them.
pub fn subject(text: &str) -> Result<Subject, ValueError> {
    if let Ok(id) = cve(text) {
        return Ok(Subject::Vulnerability(id));
    }
    // Names of rpm may look like an advisory; those of Debian, in lower case, never do.
    if is_valid_package_name(text) {
        return Ok(Subject::Package(PackageName::from(text)));
    }
    if let Ok(id) = advisory(text) {
        return Ok(Subject::Advisory(id));
    }
    package(text).map(Subject::Package).map_err(|_| ValueError::Subject)
}

/// Reads which report is meant: a number is a run, anything else a file (`./42` is a file, too).
///
/// # Errors
/// The number is too large for a run.
pub fn report(text: &str) -> Result<ReportSubject, RunIdError> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().map(ReportSubject::Run) } else { Ok(ReportSubject::File(text.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cves_are_read_in_any_case_and_nothing_else_is() {
        assert_eq!(cve("cve-2026-11234"), Ok("CVE-2026-11234".to_owned()));
        for text in ["CVE-2026-1", "CVE-26-11234", "CVE-2026-1123x", "GHSA-1", "", "CVE-2026-١٢٣٤"] {
            assert_eq!(cve(text), Err(ValueError::Cve), "{text:?}");
        }
    }

    #[test]
    fn why_tells_its_subjects_apart() {
        assert_eq!(subject("CVE-2026-11234"), Ok(Subject::Vulnerability("CVE-2026-11234".to_owned())));
        assert_eq!(subject("openssl"), Ok(Subject::Package(PackageName::from("openssl"))));
        assert_eq!(subject("DSA-5999-1"), Ok(Subject::Advisory("DSA-5999-1".to_owned())));
        assert_eq!(subject("TEMP-0290435-0B57B5"), Ok(Subject::Advisory("TEMP-0290435-0B57B5".to_owned())));
        assert_eq!(subject("--"), Err(ValueError::Subject));
        assert_eq!(subject("Öl"), Err(ValueError::Subject));
    }

    #[test]
    fn targets_carry_their_version() {
        assert_eq!(target("curl"), Ok(Target::Package(PackageName::from("curl"))));
        assert!(matches!(target("curl=7.88.1-10+deb12u15"), Ok(Target::Exact(_))));
        assert!(matches!(target("curl="), Err(ValueError::Version { .. })));
        assert_eq!(target("-rf=1"), Err(ValueError::Package));
    }

    #[test]
    fn times_need_a_zone_or_are_dates() {
        assert!(time("2026-11-22").is_ok());
        assert!(time("2026-11-22T02:00:00+01:00").is_ok());
        assert_eq!(time("2026-11-22T02:00:00"), Err(ValueError::Time));
        assert_eq!(time("sunday"), Err(ValueError::Time));
    }

    #[test]
    fn periods_are_months_quarters_and_years() {
        let told = |text| period(text).map(|(first, last)| (first.to_string(), last.to_string()));
        let span =
            |first: &str, last: &str| Ok((format!("{first} 00:00:00 UTC"), format!("{last} 23:59:59 UTC")));
        assert_eq!(told("2026-02"), span("2026-02-01", "2026-02-28"));
        assert_eq!(told("2026-Q4"), span("2026-10-01", "2026-12-31"));
        assert_eq!(told("2027"), span("2027-01-01", "2027-12-31"));
        for text in
            ["", "2026-", "2026-13", "2026-1", "2026-Q0", "2026-Q5", "2026-Q", "26-10", "2026-10-01", "٢٠٢٦"]
        {
            assert_eq!(told(text), Err(ValueError::Period), "{text:?}");
        }
    }
}
