//! When scans and runs of this host begin by themselves: the windows of its policy and its own share of the jitter, as
//! systemd and cron write times.

use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta, Timelike};

use crate::config::settings::Settings;
use crate::model::digest::Sha256;
use crate::model::ring;
use crate::model::window::{Days, Window};

/// The timer of scans.
pub const SCAN_TIMER: &str = "patchctl-scan.timer";
/// The timer of runs.
pub const APPLY_TIMER: &str = "patchctl-apply.timer";

const HOUR: Duration = Duration::from_secs(3_600);

/// Something that begins by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timer {
    /// A scan, every so many hours, in this minute.
    Scan {
        /// The hours: a divisor of 24.
        every: u64,
        /// The minute.
        minute: u64,
    },
    /// A run in each window.
    Apply {
        /// When, as systemd writes it (systemd.time(7)).
        calendar: Vec<String>,
        /// The minute of each hour, for cron, which knows no zones: the run itself looks whether a window is open.
        minute: u64,
    },
}

/// Returns what begins by itself on a host; runs only where there is a window for them.
pub fn timers(settings: &Settings, machine: Option<&Sha256>) -> Vec<Timer> {
    let spread = |most: Duration| machine.map(|machine| ring::jitter(machine, most)).unwrap_or_default();
    let minute = spread(HOUR).as_secs() / 60;
    let policy = &settings.policy;
    let mut timers = vec![Timer::Scan { every: hours(settings.feeds.refresh), minute }];
    if !policy.windows.is_empty() {
        let later = TimeDelta::from_std(spread(policy.jitter)).unwrap_or_default();
        let calendar = policy.windows.iter().flat_map(|window| expressions(window, later)).collect();
        timers.push(Timer::Apply { calendar, minute });
    }
    timers
}

/// The largest divisor of a day that is not longer than a span, so that every day has the same times.
fn hours(span: Duration) -> u64 {
    let most = (span.as_secs() / 3_600).clamp(1, 24);
    (1..=most).rev().find(|hours| 24 % hours == 0).unwrap_or(1)
}

/// The beginnings of a window, this host's share of the jitter later: one that passes midnight begins on the next day.
fn expressions(window: &Window, later: TimeDelta) -> Vec<String> {
    let (time, days_later) = window.start.overflowing_add_signed(later);
    let days_later = days_later / 86_400;
    let (hour, minute, zone) = (time.hour(), time.minute(), window.timezone.name());
    match &window.days {
        Days::Once(day) => {
            let begins: NaiveDateTime = day.and_time(window.start) + later;
            vec![format!("{} {hour:02}:{minute:02}:00 {zone}", begins.date())]
        }
        Days::Weekly(days) => {
            let names: Vec<String> = days
                .iter()
                .map(|day| if days_later > 0 { day.succ() } else { *day })
                .map(|day| day.to_string())
                .collect();
            vec![format!("{} *-*-* {hour:02}:{minute:02}:00 {zone}", names.join(","))]
        }
    }
}

impl Timer {
    /// Returns the name of its unit.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Scan { .. } => SCAN_TIMER,
            Self::Apply { .. } => APPLY_TIMER,
        }
    }

    fn calendar(&self) -> Vec<String> {
        match self {
            Self::Scan { every: 24, minute } => vec![format!("*-*-* 00:{minute:02}:00")],
            Self::Scan { every, minute } => vec![format!("*-*-* 00/{every}:{minute:02}:00")],
            Self::Apply { calendar, .. } => calendar.clone(),
        }
    }

    /// Returns its unit file. What was missed while the host was off is made up for; a run that comes too late for its
    /// window changes nothing.
    pub fn text(&self) -> String {
        let what = match self {
            Self::Scan { .. } => "Find what is vulnerable on this host, again and again",
            Self::Apply { .. } => "Patch this host in its windows",
        };
        let times: String = self.calendar().iter().map(|time| format!("OnCalendar={time}\n")).collect();
        format!(
            "# Written by patchctl schedule install from its policy; patchctl schedule remove takes it away.\n\n\
             [Unit]\nDescription={what}\nDocumentation=man:patchctl-schedule(1)\n\n\
             [Timer]\n{times}AccuracySec=1min\nPersistent=yes\n\n\
             [Install]\nWantedBy=timers.target\n"
        )
    }

    /// Returns its line in a file of `/etc/cron.d` (crontab(5)).
    pub fn cron_line(&self, program: &str) -> String {
        match self {
            Self::Scan { every, minute } => {
                format!("{minute} */{every} * * * root {program} scan --quiet --summary")
            }
            Self::Apply { minute, .. } => {
                format!("{minute} * * * * root {program} apply --yes --quiet --scheduled")
            }
        }
    }

    /// Tells what begins, and when.
    pub fn words(&self) -> String {
        let what = match self {
            Self::Scan { .. } => "scan",
            Self::Apply { .. } => "apply",
        };
        format!("{what}: {}", self.calendar().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;
    use crate::model::rule::RulePlace;

    fn window(start: &str) -> Window {
        Window {
            days: Days::Weekly(vec![Weekday::Sat, Weekday::Sun]),
            start: start.parse().expect("a time of day"),
            duration: 4 * HOUR,
            timezone: "Europe/Berlin".parse().expect("a zone"),
            place: RulePlace::default(),
        }
    }

    #[test]
    fn a_window_becomes_a_time_of_its_zone_and_passes_midnight() {
        let later = TimeDelta::minutes(17);
        assert_eq!(expressions(&window("02:00:00"), later), ["Sat,Sun *-*-* 02:17:00 Europe/Berlin"]);
        assert_eq!(expressions(&window("23:50:00"), later), ["Sun,Mon *-*-* 00:07:00 Europe/Berlin"]);
        let day = "2026-12-24".parse().expect("a day");
        let once = Window { days: Days::Once(day), ..window("23:50:00") };
        assert_eq!(expressions(&once, later), ["2026-12-25 00:07:00 Europe/Berlin"]);
    }

    #[test]
    fn without_a_window_nothing_but_scans_begins_by_itself() {
        let mut settings = Settings::default();
        let machine = Sha256::of(b"patchctl:1");
        assert!(matches!(timers(&settings, Some(&machine))[..], [Timer::Scan { every: 6, .. }]));
        settings.policy.windows.push(window("02:00:00"));
        settings.feeds.refresh = 5 * HOUR;
        let told = timers(&settings, Some(&machine));
        assert!(matches!(told[..], [Timer::Scan { every: 4, .. }, Timer::Apply { .. }]));
        assert!(
            told[1].cron_line("/usr/bin/patchctl").contains(" * * * * root /usr/bin/patchctl apply --yes")
        );
    }
}
