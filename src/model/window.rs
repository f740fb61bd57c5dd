//! When the host may be changed: maintenance windows, and freezes with what they let through.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc, Weekday};
use serde::{Serialize, Serializer};

use super::finding::Finding;
use super::package::{InstalledPackage, PackageName};
use super::rule::RulePlace;
use super::severity::Severity;
use super::zone::Zone;

/// A time in which runs may begin, and in which they have to end.
///
/// It opens when the wall clock of its zone first shows `start` or later on one of its days, and lasts for `duration`
/// of real time. So a start in the lost hour of spring opens at the end of that hour, a start in the doubled hour of
/// autumn opens at its first passing, and a window is never shorter or longer than written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Its days.
    pub days: Days,
    /// When it opens, by the wall clock of its zone.
    pub start: NaiveTime,
    /// How long it is open.
    #[serde(serialize_with = "as_span")]
    pub duration: Duration,
    /// The time zone of days and start.
    #[serde(serialize_with = "as_name")]
    pub timezone: Zone,
    /// Where it was written.
    #[serde(skip)]
    pub place: RulePlace,
}

/// The days of a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Days {
    /// Every week, on these.
    Weekly(Vec<Weekday>),
    /// Once.
    Once(NaiveDate),
}

impl Days {
    /// Tells whether a day is among them.
    pub fn include(&self, date: NaiveDate) -> bool {
        use chrono::Datelike;
        match self {
            Self::Weekly(days) => days.contains(&date.weekday()),
            Self::Once(day) => *day == date,
        }
    }
}

/// Days on which nothing is patched but what is let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Freeze {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// The time zone of the days.
    #[serde(serialize_with = "as_name")]
    pub timezone: Zone,
    /// Why.
    pub reason: String,
    /// What is let through.
    pub allow: Vec<Exempt>,
    /// Where it was written.
    #[serde(skip)]
    pub place: RulePlace,
}

/// What a freeze lets through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exempt {
    /// What is exploited in the wild.
    KnownExploited,
    /// This severity and worse.
    Severity(Severity),
    /// A binary or source package.
    Package(PackageName),
}

impl Freeze {
    /// Tells whether a time lies in it.
    pub fn covers(&self, time: DateTime<Utc>) -> bool {
        let day = self.timezone.day(time);
        self.from <= day && day <= self.to
    }

    /// Tells whether it lets a finding through.
    pub fn lets_through(&self, finding: &Finding) -> bool {
        self.allow.iter().any(|exempt| match exempt {
            Exempt::KnownExploited => finding.known_exploited,
            Exempt::Severity(least) => finding.severity >= *least,
            Exempt::Package(name) => *name == finding.package.name || *name == finding.package.source.name,
        })
    }

    /// Tells whether it lets an update through that closes nothing.
    pub fn lets_update_through(&self, package: &InstalledPackage) -> bool {
        self.allow.iter().any(|exempt| {
            matches!(exempt, Exempt::Package(name) if *name == package.name || *name == package.source.name)
        })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = super::duration::write(self.duration);
        write!(f, "{} {} for {length}, {}", self.days, self.start.format("%H:%M"), self.timezone.name())
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(day) => write!(f, "{day}"),
            Self::Weekly(days) => {
                let names: Vec<String> = days.iter().map(ToString::to_string).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, timezone, reason, .. } = self;
        write!(f, "{from} to {to}, {}: {reason}", timezone.name())?;
        if !self.allow.is_empty() {
            let names: Vec<String> = self.allow.iter().map(ToString::to_string).collect();
            write!(f, " (lets through {})", names.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Exempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KnownExploited => f.write_str("known_exploited"),
            Self::Severity(severity) => f.write_str(severity.word()),
            Self::Package(name) => write!(f, "package:{name}"),
        }
    }
}

fn as_span<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&super::duration::write(*span))
}

fn as_name<S: Serializer>(zone: &Zone, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}
