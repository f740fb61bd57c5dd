//! A year of real advisories, day by day, on a host that nobody looks after: how long each stayed open, and none is lost.
//!
//! Dates, packages, fixed versions and the days on which attacks became known are real (`tests/fixtures/policy`); the list
//! rates nothing, so a severity is given by the digest of an advisory's name. What is decided is decided by the product's own
//! pure functions, with each day's `now`, from a policy as people write it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use patchctl::config::central::CentralRecord;
use patchctl::config::fragment::Fragment;
use patchctl::config::load::Loaded;
use patchctl::config::merge::Merged;
use patchctl::config::rules::{Written, parse_block, parse_waiver};
use patchctl::config::settings::Settings;
use patchctl::model::decision::{Decision, HoldReason, Selection};
use patchctl::model::digest::Sha256;
use patchctl::model::distro::Distribution;
use patchctl::model::finding::{Candidate, Finding, FindingPackage, Origin, Verdict};
use patchctl::model::kernel::Kernels;
use patchctl::model::offer::RepositoryView;
use patchctl::model::package::{
    Architecture, InstalledPackage, Inventory, PackageName, PackageState, SourcePackage,
};
use patchctl::model::severity::{Criticality, Exposure, Priority, PriorityInput, Severity};
use patchctl::model::version::Version;
use patchctl::ops::rules::assemble;
use patchctl::plan::policy::calendar::{self, State};
use patchctl::plan::policy::{DecisionInput, Decisions, Policy, Rules, decide};

const LIST: &str = include_str!("../../fixtures/policy/dsa-2024-02-to-2025-01.txt");
const EXPLOITED: &str = include_str!("../../fixtures/policy/kev-of-those.txt");

/// A policy as a careful administrator writes it: nightly windows, delays, a ring that waits, a quiet time at the end of
/// the year that lets through what burns.
const POLICY: &str = r#"
[host]
ring = "early"
[policy]
rings = ["canary:5", "early:20:1d", "main:75:2d"]
approval_delay = { high = "1d", medium = "3d", low = "7d" }
[[policy.window]]
days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
start = "02:00"
duration = "2h"
timezone = "Europe/Berlin"
[[policy.freeze]]
from = "2024-12-20"
to = "2024-12-31"
timezone = "Europe/Berlin"
reason = "year end"
allow = ["known_exploited", "critical"]
"#;
/// A defective version, until its vendor repairs it or the day comes.
const BLOCK: &str =
    "package = \"openssh\"\nuntil = \"2024-07-08\"\nreason = \"breaks the proxy\"\nowner = \"anna\"\n";
/// A risk that was accepted for two months, and comes back.
const WAIVER: &str = "package = \"ghostscript\"\nkind = \"mitigated\"\nreason = \"no printers\"\napproved_by = \"bert\"\n\
    expires = \"2024-07-31\"\n";

/// One advisory of the list.
struct Advisory {
    id: String,
    day: NaiveDate,
    source: String,
    fixed: Version,
    severity: Severity,
    /// The day on which attacks on one of its vulnerabilities became known.
    attacked: Option<NaiveDate>,
}

/// Nobody patches exactly evenly: some of each, and few that are critical.
fn severity(id: &str) -> Severity {
    match Sha256::of(id.as_bytes()).as_bytes()[0] % 10 {
        0 => Severity::Critical,
        1..=3 => Severity::High,
        4..=7 => Severity::Medium,
        _ => Severity::Low,
    }
}

fn attacks() -> HashMap<&'static str, NaiveDate> {
    let line = |line: &'static str| {
        let (day, cve) = line.split_once(' ').expect("a day and a name");
        (cve, day.parse().expect("a day"))
    };
    EXPLOITED.lines().map(line).collect()
}

fn advisories() -> Vec<Advisory> {
    let (attacks, mut found) = (attacks(), Vec::new());
    let mut head: Option<(NaiveDate, &str)> = None;
    let mut cves: Vec<&str> = Vec::new();
    for line in LIST.lines() {
        if let Some(rest) = line.strip_prefix('[') {
            let (day, rest) = rest.split_once("] ").expect("a date and an identifier");
            let day = NaiveDate::parse_from_str(day, "%d %b %Y").expect("a date");
            head = rest.split(' ').next().map(|id| (day, id));
            cves.clear();
        } else if let Some(names) = line.trim().strip_prefix('{') {
            cves = names.trim_end_matches('}').split(' ').collect();
        } else if let Some(fix) = line.trim().strip_prefix("[bookworm] - ") {
            let ((day, id), (source, fixed)) =
                (head.expect("a head"), fix.split_once(' ').expect("two words"));
            let Ok(fixed) = Version::deb(fixed) else { continue };
            let attacked = cves.iter().filter_map(|cve| attacks.get(cve)).min().copied();
            let (id, source) = (id.to_owned(), source.to_owned());
            found.push(Advisory { severity: severity(&id), id, day, source, fixed, attacked });
        }
    }
    found
}

fn rules() -> (Settings, Rules) {
    let path = Path::new("patchctl.toml");
    let mut merged = Merged::default();
    merged.add(path, Fragment::parse(path, POLICY.as_bytes()).expect("a sound policy"));
    let origins = merged.origins.clone();
    let settings = Settings::from_merged(merged).expect("a sound policy");
    let loaded = Loaded { settings: settings.clone(), origins, central: CentralRecord::default() };
    let written = Written {
        blocks: vec![parse_block(Path::new("blocks.d/openssh.toml"), BLOCK.as_bytes()).expect("sound")],
        waivers: vec![
            parse_waiver(Path::new("waivers.d/ghostscript.toml"), WAIVER.as_bytes()).expect("sound"),
        ],
    };
    let mut rules = assemble(&loaded, written);
    rules.ring = settings.policy.rings.iter().find(|ring| ring.name == "early").cloned();
    (settings, rules)
}

/// A host that has every source of the list, each in a version before all of it.
struct Host {
    advisories: Vec<Advisory>,
    installed: BTreeMap<String, Version>,
    /// When each advisory was closed.
    closed: BTreeMap<String, DateTime<Utc>>,
    settings: Settings,
    rules: Rules,
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(0, 0, 0).expect("midnight").and_utc()
}

impl Host {
    fn new() -> Self {
        let advisories = advisories();
        let before = Version::deb("0~").expect("a version");
        let installed = advisories.iter().map(|advisory| (advisory.source.clone(), before.clone())).collect();
        let (settings, rules) = rules();
        Self { advisories, installed, closed: BTreeMap::new(), settings, rules }
    }

    /// The advisories that are out and not closed.
    fn open(&self, now: DateTime<Utc>) -> Vec<&Advisory> {
        let is_open = |advisory: &&Advisory| {
            midnight(advisory.day) <= now && self.installed[&advisory.source].is_older_than(&advisory.fixed)
        };
        self.advisories.iter().filter(is_open).collect()
    }

    /// Decides about everything that is open, and installs it where a window is open; returns what was held and why.
    fn pass(&mut self, now: DateTime<Utc>) -> BTreeMap<String, HoldReason> {
        let open = self.open(now);
        let findings: Vec<Finding> = open.iter().map(|advisory| self.finding(advisory, now)).collect();
        let decisions = self.decide(&findings, now);
        assert_eq!(decisions.dispositions.len(), open.len(), "{now}: one decision for each");
        let mut held = BTreeMap::new();
        for (advisory, disposition) in open.iter().zip(&decisions.dispositions) {
            if disposition.decision == Decision::Held {
                held.insert(advisory.id.clone(), disposition.reason.expect("held for a reason"));
            }
        }
        let names: Vec<(String, String)> =
            open.iter().map(|advisory| (advisory.id.clone(), advisory.source.clone())).collect();
        if matches!(calendar::state(&self.settings.policy.windows, now), State::Open { .. }) {
            for (key, version) in decisions.targets {
                self.installed.insert(key.name.to_string(), version);
            }
        }
        let still: BTreeSet<String> = self.open(now).iter().map(|advisory| advisory.id.clone()).collect();
        for (id, _) in names.into_iter().filter(|(id, _)| !still.contains(id)) {
            held.remove(&id);
            self.closed.insert(id, now);
        }
        held
    }

    fn decide(&self, findings: &[Finding], now: DateTime<Utc>) -> Decisions {
        let packages = self.installed.iter().map(|(name, version)| package(name, version)).collect();
        let inventory = Inventory {
            distribution: Distribution::new("debian", "12", "bookworm"),
            packages,
            enabled_modules: Vec::new(),
            kernels: Kernels::default(),
            digest: Sha256::of(b""),
        };
        let candidates = inventory.packages.iter().filter_map(|package| {
            let of_source = |advisory: &&Advisory| {
                advisory.source == package.name.as_str() && midnight(advisory.day) <= now
            };
            let versions = self.advisories.iter().filter(of_source).map(|advisory| &advisory.fixed);
            let newest = versions.reduce(|a, b| if a.is_older_than(b) { b } else { a })?;
            let (version, origin) = (newest.clone(), origin());
            Some((
                package.key(),
                Arc::new(Candidate { version, origin, phased_percent: None, pins_evaluated: true }),
            ))
        });
        let view = RepositoryView { candidates: candidates.collect(), ..RepositoryView::default() };
        let policy = Policy {
            minimum_severity: self.settings.policy.minimum_severity,
            quarantine: Vec::new(),
            way_back: HashMap::new(),
            accept_no_rollback: Vec::new(),
            accept_reconstructed: true,
            needs_way_back: false,
            rules: self.rules.clone(),
            now,
        };
        let selection = &Selection::default();
        decide(&DecisionInput { inventory: &inventory, view: &view, findings, selection, policy: &policy })
    }

    fn finding(&self, advisory: &Advisory, now: DateTime<Utc>) -> Finding {
        let installed = package(&advisory.source, &self.installed[&advisory.source]);
        let known_exploited = advisory.attacked.is_some_and(|day| midnight(day) <= now);
        let priority = Priority::of(PriorityInput {
            severity: advisory.severity,
            cvss: None,
            epss: None,
            known_exploited,
            exposure: Exposure::Installed,
            criticality: Criticality::Normal,
        });
        Finding {
            id: format!("debian-dsa/{}/{}:amd64", advisory.id, advisory.source),
            package: Arc::new(FindingPackage {
                name: installed.name,
                architecture: installed.architecture,
                version: installed.version,
                source: installed.source,
            }),
            verdict: Verdict::Vulnerable,
            reason: Arc::from("older than the fixed version"),
            vendor_state: None,
            advisory: Arc::from(advisory.id.as_str()),
            announced_in: None,
            cves: Arc::from([]),
            severity: advisory.severity,
            cvss: None,
            epss: None,
            known_exploited,
            ransomware: false,
            published: Some(midnight(advisory.day)),
            fix_available: Some(midnight(advisory.day)),
            fixed_version: Some(advisory.fixed.clone()),
            candidate: None,
            first_seen: Some(midnight(advisory.day)),
            due: None,
            days_overdue: None,
            closed_by_reboot: false,
            exposure: Exposure::Installed,
            priority,
            feed: Arc::from("debian-dsa"),
            disposition: None,
            state_after: None,
        }
    }

    /// How soon an advisory had to be closed: from its own day, or from the day on which attacks became known.
    fn deadline(&self, advisory: &Advisory) -> DateTime<Utc> {
        let due = &self.settings.policy.due;
        let span = |span: Duration| TimeDelta::from_std(span).expect("a span");
        let of_severity = match advisory.severity {
            Severity::Critical => due.critical,
            Severity::High => due.high,
            Severity::Low => due.low,
            _ => due.medium,
        };
        let usual = midnight(advisory.day) + span(of_severity);
        let attacked =
            advisory.attacked.map(|day| midnight(day.max(advisory.day)) + span(due.known_exploited));
        attacked.map_or(usual, |attacked| attacked.min(usual))
    }
}

fn package(name: &str, version: &Version) -> InstalledPackage {
    InstalledPackage {
        name: PackageName::from(name),
        architecture: Architecture::from("amd64"),
        version: version.clone(),
        source: SourcePackage { name: PackageName::from(name), version: version.clone() },
        state: PackageState::Installed,
        reinstall_required: false,
        hold: false,
        essential: false,
        multi_arch_same: false,
        installed_size_kib: 1,
        provenance: None,
    }
}

fn origin() -> Arc<Origin> {
    Arc::new(Origin {
        vendor: "Debian".to_owned(),
        label: "Debian-Security".to_owned(),
        suite: "stable-security".to_owned(),
        codename: "bookworm-security".to_owned(),
        component: "main".to_owned(),
        site: "https://security.example".to_owned(),
        security: true,
        signed: true,
    })
}

/// Somebody decided, with a reason and an end, that it stays open for longer.
fn is_excused(advisory: &Advisory) -> bool {
    ["openssh", "ghostscript"].contains(&advisory.source.as_str())
}

/// Days between, in hours.
fn days(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).num_hours() as f64 / 24.0
}

/// Goes through the year, one pass in each night's window; returns how often each reason held something back.
fn live_through(host: &mut Host) -> BTreeMap<String, u32> {
    let mut reasons: BTreeMap<String, u32> = BTreeMap::new();
    let last = NaiveDate::from_ymd_opt(2025, 3, 1).expect("a day");
    let mut now = midnight(NaiveDate::from_ymd_opt(2024, 2, 1).expect("a day"));
    let mut nights = BTreeSet::new();
    while let Some(opening) = calendar::upcoming(&host.settings.policy.windows, now, 1).first().copied() {
        if opening.start.date_naive() >= last {
            break;
        }
        assert!(
            nights.insert(opening.start.date_naive().num_days_from_ce()),
            "one window a night: {opening:?}"
        );
        let held = host.pass(opening.start);
        let out = host.advisories.iter().filter(|advisory| midnight(advisory.day) <= opening.start).count();
        assert_eq!(
            host.closed.len() + held.len(),
            out,
            "{}: closed or held, and nothing else",
            opening.start
        );
        for reason in held.values() {
            *reasons.entry(format!("{reason:?}")).or_default() += 1;
        }
        now = opening.end;
    }
    // 394 nights from 2024-02-01 to 2025-02-28, the 29th of February and both changes of the clock among them.
    assert_eq!(nights.len(), 394);
    reasons
}

#[test]
fn a_year_of_advisories_is_closed_before_it_is_due_and_nothing_is_lost() {
    let mut host = Host::new();
    assert_eq!(host.advisories.len(), 237);
    let reasons = live_through(&mut host);
    assert_eq!(host.closed.len(), 237, "every one was closed");
    let mut exposures: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut late = Vec::new();
    for advisory in &host.advisories {
        let closed = host.closed[&advisory.id];
        let word = match advisory.attacked {
            _ if is_excused(advisory) => "by decision",
            Some(_) => "known exploited",
            None => advisory.severity.word(),
        };
        exposures.entry(word).or_default().push(days(midnight(advisory.day), closed));
        if closed > host.deadline(advisory) && !is_excused(advisory) {
            late.push(advisory.id.as_str());
        }
    }
    for (word, mut found) in exposures {
        found.sort_by(f64::total_cmp);
        let (median, longest) = (found[found.len() / 2], found[found.len() - 1]);
        println!(
            "{word:>15}: {:>3} advisories, open {median:.1} days (median), {longest:.1} (longest)",
            found.len()
        );
    }
    println!("held, in nights: {reasons:?}");
    assert_eq!(late, Vec::<&str>::new(), "closed after they were due, and nobody had decided so");
    for reason in ["ApprovalDelay", "Frozen", "Blocked", "Waived"] {
        assert!(
            reasons.contains_key(reason),
            "{reason} never held anything: the year tried less than it says"
        );
    }
}
