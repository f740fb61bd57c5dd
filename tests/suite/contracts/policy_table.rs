//! Every combination of what a policy decides by, against a table that a person can read.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use patchctl::model::approval::ApprovalDelay;
use patchctl::model::decision::{Decision, Disposition, HoldReason, Selection};
use patchctl::model::digest::Sha256;
use patchctl::model::distro::Distribution;
use patchctl::model::finding::{Candidate, Finding, FindingPackage, Origin, Verdict};
use patchctl::model::kernel::Kernels;
use patchctl::model::offer::RepositoryView;
use patchctl::model::package::{
    Architecture, InstalledPackage, Inventory, PackageName, PackageState, SourcePackage,
};
use patchctl::model::ring::Ring;
use patchctl::model::rule::{Block, BlockSubject, RulePlace, Until, Waiver, WaiverKind, WaiverScope};
use patchctl::model::severity::{Criticality, Exposure, Priority, PriorityInput, Severity};
use patchctl::model::version::Version;
use patchctl::model::window::{Days, Exempt, Freeze, Window};
use patchctl::model::zone::Zone;
use patchctl::plan::policy::calendar::{self, State};
use patchctl::plan::policy::{DecisionInput, Policy, Rules, decide};

const TABLE: &str = include_str!("../../fixtures/policy/decisions.txt");
const DAY: Duration = Duration::from_secs(86_400);

/// The values of the columns, in their order.
const COLUMNS: [&[&str]; 8] = [
    &["critical", "high", "medium", "low", "negligible"],
    &["0", "4", "10", "30"],
    &["yes", "no"],
    &["none", "active", "over"],
    &["none", "active", "over"],
    &["none", "open", "shut"],
    &["open", "closed"],
    &["canary", "main"],
];

fn now() -> DateTime<Utc> {
    "2026-11-22T03:00:00Z".parse().expect("a time")
}

fn day(offset: i64) -> NaiveDate {
    (now() + TimeDelta::days(offset)).date_naive()
}

fn version(text: &str) -> Version {
    Version::deb(text).expect("a version")
}

fn place(file: &str) -> RulePlace {
    RulePlace { key: "test".into(), file: file.into(), line: 7 }
}

fn severity(word: &str) -> Severity {
    Severity::ALL.into_iter().find(|severity| severity.word() == word).expect("a severity")
}

fn origin() -> Arc<Origin> {
    let text = |word: &str| word.to_owned();
    Arc::new(Origin {
        vendor: text("Debian"),
        label: text("Debian-Security"),
        suite: text("stable-security"),
        codename: text("bookworm-security"),
        component: text("main"),
        site: text("https://security.example"),
        security: true,
        signed: true,
    })
}

fn package() -> InstalledPackage {
    InstalledPackage {
        name: PackageName::from("curl"),
        architecture: Architecture::from("amd64"),
        version: version("1.0"),
        source: SourcePackage { name: PackageName::from("curl"), version: version("1.0") },
        state: PackageState::Installed,
        reinstall_required: false,
        hold: false,
        essential: false,
        multi_arch_same: false,
        installed_size_kib: 1,
        provenance: None,
    }
}

fn finding(word: &str, age: i64, known_exploited: bool) -> Finding {
    let severity = severity(word);
    let package = package();
    let priority = Priority::of(PriorityInput {
        severity,
        cvss: None,
        epss: None,
        known_exploited,
        exposure: Exposure::Installed,
        criticality: Criticality::Normal,
    });
    Finding {
        id: "debian-tracker/CVE-2026-1/curl:amd64".into(),
        package: Arc::new(FindingPackage {
            name: package.name,
            architecture: package.architecture,
            version: package.version,
            source: package.source,
        }),
        verdict: Verdict::Vulnerable,
        reason: Arc::from("1.0 is older than 2.0"),
        vendor_state: None,
        advisory: Arc::from("CVE-2026-1"),
        announced_in: None,
        cves: Arc::from(["CVE-2026-1".to_owned()]),
        severity,
        cvss: None,
        epss: None,
        known_exploited,
        ransomware: false,
        published: None,
        fix_available: Some(now() - TimeDelta::days(age)),
        fixed_version: Some(version("2.0")),
        candidate: None,
        first_seen: Some(now()),
        due: None,
        days_overdue: None,
        closed_by_reboot: false,
        exposure: Exposure::Installed,
        priority,
        feed: Arc::from("debian-tracker"),
        disposition: None,
        state_after: None,
    }
}

fn rules(block: &str, waiver: &str, freeze: &str, ring: &str) -> Rules {
    let ends = |state: &str| if state == "over" { day(-1) } else { day(30) };
    let block = (block != "none").then(|| Block {
        name: "curl".into(),
        subject: BlockSubject::Package { name: PackageName::from("curl"), version: Some("2.0".into()) },
        until: Until::Date(ends(block)),
        reason: "breaks".into(),
        owner: "anna".into(),
        review: None,
        place: place("blocks.d/curl.toml"),
    });
    let waiver = (waiver != "none").then(|| Waiver {
        name: "curl".into(),
        kind: WaiverKind::Mitigated,
        scope: WaiverScope { package: Some(PackageName::from("curl")), ..WaiverScope::default() },
        reason: "no route".into(),
        approved_by: "bert".into(),
        expires: ends(waiver),
        place: place("waivers.d/curl.toml"),
    });
    let freeze = (freeze != "none").then(|| Freeze {
        from: day(-1),
        to: day(1),
        timezone: Zone::utc(),
        reason: "year end".into(),
        allow: if freeze == "open" { vec![Exempt::KnownExploited] } else { Vec::new() },
        place: place("patchctl.toml"),
    });
    let days = |number: u32| DAY * number;
    let delay = if ring == "main" { days(5) } else { Duration::ZERO };
    let own = [
        "policy.approval_delay.high",
        "policy.approval_delay.medium",
        "policy.approval_delay.low",
        "policy.minimum_severity",
        "policy.rings",
    ];
    Rules {
        delay: ApprovalDelay { critical: Duration::ZERO, high: days(3), medium: days(7), low: days(14) },
        ring: Some(Ring { name: ring.into(), percent: 50, delay }),
        blocks: block.into_iter().collect(),
        waivers: waiver.into_iter().collect(),
        freezes: freeze.into_iter().collect(),
        places: own.map(|key| (key.to_owned(), place("patchctl.toml"))).into(),
        ..Rules::default()
    }
}

fn decided(row: &[&str; 8]) -> Disposition {
    let [severity, age, exploited, block, waiver, freeze, _, ring] = *row;
    let package = package();
    let inventory = Inventory {
        distribution: Distribution::new("debian", "12", "bookworm"),
        packages: vec![package.clone()],
        enabled_modules: Vec::new(),
        kernels: Kernels::default(),
        digest: Sha256::of(b""),
    };
    let candidate =
        Candidate { version: version("2.0"), origin: origin(), phased_percent: None, pins_evaluated: true };
    let view = RepositoryView {
        candidates: HashMap::from([(package.key(), Arc::new(candidate))]),
        ..RepositoryView::default()
    };
    let policy = Policy {
        minimum_severity: Severity::Low,
        quarantine: Vec::new(),
        way_back: HashMap::new(),
        accept_no_rollback: Vec::new(),
        accept_reconstructed: true,
        needs_way_back: false,
        rules: rules(block, waiver, freeze, ring),
        now: now(),
    };
    let findings = [finding(severity, age.parse().expect("days"), exploited == "yes")];
    let decisions = decide(&DecisionInput {
        inventory: &inventory,
        view: &view,
        findings: &findings,
        selection: &Selection::default(),
        policy: &policy,
    });
    let disposition = decisions.dispositions.into_iter().next().expect("one finding, one decision");
    assert_eq!(decisions.targets.len(), usize::from(disposition.is_patch()), "{row:?}");
    disposition
}

/// The word of a decision as the table has it.
fn word(disposition: &Disposition) -> String {
    match (disposition.decision, disposition.reason) {
        (Decision::Patch, _) => "patch".to_owned(),
        (Decision::Held, reason) => {
            let reason = serde_json::to_value(reason.expect("held for a reason")).expect("JSON");
            reason.as_str().expect("a word").to_owned()
        }
    }
}

/// The lines of the table: eight patterns and a decision.
fn table() -> Vec<Vec<&'static str>> {
    let lines = TABLE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.iter().all(|row| row.len() == COLUMNS.len() + 1), "nine columns a line");
    rows
}

fn fits(pattern: &str, value: &str) -> bool {
    pattern == "*" || pattern.split('|').any(|one| one == value)
}

fn combinations() -> Vec<[&'static str; 8]> {
    let mut rows = vec![[""; 8]];
    for (at, values) in COLUMNS.iter().enumerate() {
        let with = |row: [&'static str; 8]| {
            values.iter().map(move |value| {
                let mut row = row;
                row[at] = value;
                row
            })
        };
        rows = rows.into_iter().flat_map(with).collect();
    }
    rows
}

/// A held finding names what stands in the way and the file and line that says so.
fn assert_explained(row: &[&str; 8], disposition: &Disposition) {
    let Some(root) = disposition.cause_chain.last() else { return };
    let rule = root.rule.as_ref().unwrap_or_else(|| panic!("{row:?}: no rule behind {root:?}"));
    assert!(root.detail.contains(&format!("{}, line {}", rule.file, rule.line)), "{row:?}: {}", root.detail);
    let file = match root.reason {
        HoldReason::Blocked => "blocks.d/curl.toml",
        HoldReason::Waived => "waivers.d/curl.toml",
        _ => "patchctl.toml",
    };
    assert_eq!(rule.file, file, "{row:?}");
}

#[test]
fn every_combination_is_decided_as_the_table_says() {
    let (table, rows) = (table(), combinations());
    let mut used = vec![0usize; table.len()];
    for row in &rows {
        let line =
            table.iter().position(|line| line.iter().zip(row).all(|(pattern, value)| fits(pattern, value)));
        let line = line.unwrap_or_else(|| panic!("no line of the table fits {row:?}"));
        used[line] += 1;
        let disposition = decided(row);
        assert_eq!(word(&disposition), table[line][COLUMNS.len()], "{row:?}, line {:?}", table[line]);
        assert_explained(row, &disposition);
    }
    assert_eq!(rows.len(), 4_320);
    assert!(used.iter().all(|count| *count > 0), "a line of the table fits nothing: {used:?}");
}

#[test]
fn a_window_decides_about_beginning_alone() {
    let window = |day| Window {
        days: Days::Weekly(vec![day]),
        start: NaiveTime::from_hms_opt(2, 0, 0).expect("a time of day"),
        duration: Duration::from_secs(4 * 3_600),
        timezone: Zone::utc(),
        place: place("patchctl.toml"),
    };
    assert!(matches!(calendar::state(&[window(Weekday::Sun)], now()), State::Open { .. }));
    assert!(matches!(calendar::state(&[window(Weekday::Mon)], now()), State::Closed { next: Some(_) }));
}
