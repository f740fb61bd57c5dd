//! Windows and freezes as written.

use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, Weekday};
use serde::Deserialize;

use crate::config::span::Span;
use crate::model::package::{PackageName, is_valid_package_name};
use crate::model::rule::RulePlace;
use crate::model::severity::Severity;
use crate::model::window::{Days, Exempt, Freeze, Window};
use crate::model::zone::Zone;

/// The longest window: a week is always open, so nothing longer means more.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// `[[policy.window]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "WindowAsWritten")]
pub struct WindowFragment(pub Window);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowAsWritten {
    days: Option<Vec<String>>,
    date: Option<String>,
    start: String,
    duration: Span,
    timezone: Option<String>,
}

impl TryFrom<WindowAsWritten> for WindowFragment {
    type Error = String;

    fn try_from(written: WindowAsWritten) -> Result<Self, String> {
        let WindowAsWritten { days, date, start, duration, timezone } = written;
        let days = match (days, date) {
            (Some(days), None) => Days::Weekly(weekdays(&days)?),
            (None, Some(date)) => Days::Once(day("date", &date)?),
            (Some(_), Some(_)) => return Err("date stands beside days: a window has one of them".to_owned()),
            (None, None) => return Err("a window has either days or a date".to_owned()),
        };
        let start = NaiveTime::parse_from_str(&start, "%H:%M")
            .map_err(|_| format!("start {start:?} is not a time of day such as \"02:00\""))?;
        if duration.0 > LONGEST {
            return Err("duration is longer than a week".to_owned());
        }
        let timezone = zone(timezone.as_deref())?;
        let place = RulePlace::default();
        Ok(Self(Window { days, start, duration: duration.0, timezone, place }))
    }
}

/// Days by their English names, three letters or more.
fn weekdays(names: &[String]) -> Result<Vec<Weekday>, String> {
    let mut days = Vec::new();
    for name in names {
        let day: Weekday =
            name.parse().map_err(|_| format!("days: {name:?} is not a day such as \"Sat\""))?;
        if days.contains(&day) {
            return Err(format!("days: {name:?} stands twice"));
        }
        days.push(day);
    }
    if days.is_empty() { Err("days is empty".to_owned()) } else { Ok(days) }
}

/// Reads a day such as `2026-12-24`.
pub(in crate::config) fn day(key: &str, text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| format!("{key} {text:?} is not a day such as \"2026-12-24\""))
}

/// Names are those of the IANA time zone database; without one, UTC.
fn zone(name: Option<&str>) -> Result<Zone, String> {
    let Some(name) = name else { return Ok(Zone::utc()) };
    name.parse().map_err(|_| format!("timezone {name:?} is not a time zone such as \"Europe/Berlin\""))
}

/// `[[policy.freeze]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "FreezeAsWritten")]
pub struct FreezeFragment(pub Freeze);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FreezeAsWritten {
    from: String,
    to: String,
    reason: String,
    allow: Option<Vec<String>>,
    timezone: Option<String>,
}

impl TryFrom<FreezeAsWritten> for FreezeFragment {
    type Error = String;

    fn try_from(written: FreezeAsWritten) -> Result<Self, String> {
        let FreezeAsWritten { from, to, reason, allow, timezone } = written;
        let (from, to) = (day("from", &from)?, day("to", &to)?);
        if to < from {
            return Err(format!("to {to} is before from {from}"));
        }
        sentence("reason", &reason)?;
        let allow: Result<Vec<Exempt>, String> =
            allow.unwrap_or_default().iter().map(|text| exempt(text)).collect();
        let timezone = zone(timezone.as_deref())?;
        Ok(Self(Freeze { from, to, timezone, reason, allow: allow?, place: RulePlace::default() }))
    }
}

fn exempt(text: &str) -> Result<Exempt, String> {
    let severity = Severity::ALL.into_iter().find(|severity| severity.word() == text);
    match (text.strip_prefix("package:"), severity) {
        (Some(name), _) if is_valid_package_name(name) => Ok(Exempt::Package(PackageName::from(name))),
        (None, Some(severity)) => Ok(Exempt::Severity(severity)),
        _ if text == "known_exploited" => Ok(Exempt::KnownExploited),
        _ => Err(format!("allow: {text:?} is neither known_exploited, a severity, nor package:NAME")),
    }
}

/// Checks a text that people have to understand later.
pub(in crate::config) fn sentence(key: &str, text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err(format!("{key} is empty"));
    }
    if text.len() > 500 || text.chars().any(char::is_control) {
        return Err(format!("{key} is longer than 500 bytes or has control characters"));
    }
    Ok(())
}
