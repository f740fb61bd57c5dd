//! The whole assessment on small inventories.

mod attacks;
mod kernels;
mod ranges;
mod rpm;
mod shared;

use std::sync::Arc;

use chrono::TimeDelta;

use super::*;
use crate::model::advisory::{Advisory, Affected, VendorState};
use crate::model::assessment::DueDays;
use crate::model::digest::Sha256;
use crate::model::distro::Distribution;
use crate::model::feed::{CompletenessLevel, FeedRole, FeedState};
use crate::model::finding::Origin;
use crate::model::kernel::Kernels;
use crate::model::offer::Offer;
use crate::model::package::{InstalledPackage, PackageState, SourcePackage};
use crate::model::plan::Artifact;
use crate::model::severity::{Criticality, Severity};
use crate::model::summary::Summary;
use crate::model::version::Version;
use crate::scan::explain::why;
use crate::scan::index::{Provenance, build};

const FEED: &str = "debian-tracker";

fn version(text: &str) -> Version {
    Version::deb(text).expect("a valid version")
}

fn package(name: &str, source: &str, installed: &str) -> InstalledPackage {
    InstalledPackage {
        name: name.into(),
        architecture: "amd64".into(),
        version: version(installed),
        source: SourcePackage { name: source.into(), version: version(installed) },
        state: PackageState::Installed,
        reinstall_required: false,
        hold: false,
        essential: false,
        multi_arch_same: false,
        installed_size_kib: 1,
        provenance: None,
    }
}

fn row(source: &'static str, id: &'static str, state: VendorState) -> Advisory<'static> {
    Advisory {
        id: id.into(),
        vulnerabilities: vec![id.into()],
        severity: Severity::Medium,
        cvss_tenths: None,
        published: None,
        affected: vec![Affected::source(source, state)],
    }
}

fn fixed(source: &'static str, id: &'static str, at: &'static str) -> Advisory<'static> {
    let affected = vec![Affected::source(source, VendorState::Fixed).fixed_in(at)];
    Advisory { affected, ..row(source, id, VendorState::Fixed) }
}

fn stamp(name: &str, state: FeedState) -> FeedStamp {
    FeedStamp {
        name: name.into(),
        location: "https://tracker.example/json".into(),
        published: None,
        fetched: None,
        age_seconds: None,
        sha256: None,
        authenticity: None,
        signed_by: None,
        advisories: 1,
        unread: Default::default(),
        state,
        problem: None,
    }
}

fn offer(at: &str, security: bool) -> Offer {
    let text = |word: &str| word.to_owned();
    let origin = Origin {
        vendor: text("Debian"),
        label: text("Debian-Security"),
        suite: text("oldstable-security"),
        codename: text("bookworm-security"),
        component: text("main"),
        site: text("https://security.example"),
        security,
        signed: true,
    };
    let artifact = Artifact { uri: text("pool/x.deb"), size: 1, digest: Sha256::of(b"x").into() };
    let source = SourcePackage { name: "a1".into(), version: version(at) };
    Offer { version: version(at), source, origin: Arc::new(origin), artifact, asks: Default::default() }
}

/// A root, the statements about it, and what is asked for.
struct Scene {
    inventory: Inventory,
    rows: Vec<Advisory<'static>>,
    view: RepositoryView,
    not_covered: Vec<NotCovered>,
    stamps: Vec<FeedStamp>,
    announcing: Option<&'static str>,
    sources: Vec<SourceSettings>,
    first_seen: FirstSeen,
    detail: Detail,
}

impl Scene {
    fn new(packages: Vec<InstalledPackage>, rows: Vec<Advisory<'static>>) -> Self {
        let distribution = Distribution::new("debian", "12", "bookworm");
        let (digest, kernels) = (Sha256::of(b""), Kernels::default());
        let view = RepositoryView { stamps: vec![stamp("bookworm", FeedState::Fresh)], ..Default::default() };
        Self {
            inventory: Inventory { distribution, packages, enabled_modules: Vec::new(), kernels, digest },
            rows,
            view,
            not_covered: Vec::new(),
            stamps: vec![stamp(FEED, FeedState::Fresh)],
            announcing: None,
            sources: Vec::new(),
            first_seen: FirstSeen::default(),
            detail: Detail::Open,
        }
    }

    fn with<T>(&self, act: impl FnOnce(AssessInput<'_>) -> T) -> T {
        let provenance = Provenance {
            content: Sha256::of(b""),
            published: None,
            scheme: self.inventory.distribution.version_scheme(),
        };
        let index = Index::open(&build(&self.rows, provenance).expect("small")).expect("sound");
        let settings = AssessmentSettings {
            criticality: Criticality::Normal,
            due: DueDays::default(),
            minimum_severity: Severity::Low,
        };
        act(AssessInput {
            inventory: &self.inventory,
            view: &self.view,
            indexes: &[FeedIndex { feed: FEED, index: &index }],
            announcements: self.announcing.map(|feed| FeedIndex { feed, index: &index }).as_slice(),
            threats: None,
            in_use: InUse::default(),
            not_covered: &self.not_covered,
            stamps: &self.stamps,
            sources: &self.sources,
            settings: &settings,
            now: now(),
            exposure: &|_| Exposure::Installed,
            first_seen: &self.first_seen,
            detail: self.detail,
        })
    }

    /// Judges everything, and checks that counting alone comes to the same numbers.
    fn assess(&self) -> Assessment {
        let assessment = self.with(assess);
        if self.detail == Detail::Open {
            let packages = self.inventory.packages.len() as u64;
            let counted = Summary::count(packages, &assessment.findings, now().date_naive());
            let (summary, without_findings) = self.with(count);
            assert_eq!(summary, counted);
            assert_eq!(without_findings, Assessment { findings: Vec::new(), ..assessment.clone() });
        }
        assessment
    }

    fn only(&self) -> Finding {
        let mut findings = self.assess().findings;
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings.remove(0)
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a date")
}

#[test]
fn an_older_source_version_is_vulnerable_and_says_so() {
    let rows = vec![fixed("openssl", "CVE-2026-0001", "3.0.22-1~deb12u2")];
    let finding = Scene::new(vec![package("libssl3", "openssl", "3.0.17-1~deb12u2")], rows).only();
    assert_eq!(finding.verdict, Verdict::Vulnerable);
    assert_eq!(finding.id, "debian-tracker/CVE-2026-0001/libssl3:amd64");
    assert_eq!(
        &*finding.reason,
        "installed source 3.0.17-1~deb12u2 is older than the fixed 3.0.22-1~deb12u2"
    );
    assert_eq!((finding.due, finding.days_overdue), (Some("2026-10-21".parse().expect("a date")), Some(0)));
}

#[test]
fn a_finding_seen_long_ago_is_overdue() {
    let mut scene = Scene::new(vec![package("a1", "a1", "1")], vec![fixed("a1", "CVE-2026-0001", "2")]);
    let finding = scene.only();
    scene.first_seen.note(&finding, now() - TimeDelta::days(32));
    assert_eq!(scene.only().days_overdue, Some(2));
}

#[test]
fn every_vendor_state_has_its_verdict() {
    for (state, verdict) in [
        (VendorState::NotAffected, Verdict::NotAffected),
        (VendorState::Open, Verdict::VulnerableNoFix),
        (VendorState::NoAdvisory, Verdict::VulnerableNoFix),
        (VendorState::Postponed, Verdict::VulnerableNoFix),
        (VendorState::Ignored, Verdict::VulnerableNoFix),
        (VendorState::EndOfLife, Verdict::VulnerableNoFix),
        (VendorState::Undetermined, Verdict::Unknown),
    ] {
        let mut scene = Scene::new(vec![package("a1", "a1", "1")], vec![row("a1", "CVE-2026-0001", state)]);
        scene.detail = Detail::All;
        let finding = scene.only();
        assert_eq!((finding.verdict, finding.vendor_state), (verdict, Some(state)));
        assert_eq!(finding.due, None);
    }
}

#[test]
fn the_end_of_support_counts_from_its_day_on() {
    for (days, open) in [(-1, 1), (1, 0)] {
        let mut ended = row("a1", "debian-security-support:a1", VendorState::EndOfLife);
        (ended.vulnerabilities, ended.published) = (Vec::new(), Some(now() + TimeDelta::days(days)));
        let result = Scene::new(vec![package("a1", "a1", "1")], vec![ended]).assess();
        assert_eq!(result.counts.open(), open, "{days}");
    }
}

#[test]
fn fixed_and_unaffected_are_counted_without_findings() {
    let rows = vec![fixed("a1", "CVE-2026-0001", "1"), row("a1", "CVE-2026-0002", VendorState::NotAffected)];
    let result = Scene::new(vec![package("a1", "a1", "1")], rows).assess();
    assert!(result.findings.is_empty());
    assert_eq!((result.counts.fixed, result.counts.not_affected, result.counts.open()), (1, 1, 0));
}

#[test]
fn a_build_that_is_not_affected_says_nothing_of_other_builds() {
    for (installed, verdicts) in [("2", (1, 0)), ("1", (0, 0)), ("3", (0, 0))] {
        let mut harmless = row("a1", "CVE-2026-0001", VendorState::NotAffected);
        let range = &mut harmless.affected[0].range;
        (range.introduced, range.last_affected) = (Some("2".into()), Some("2".into()));
        let result = Scene::new(vec![package("a1", "a1", installed)], vec![harmless]).assess();
        assert!(result.findings.is_empty());
        assert_eq!((result.counts.not_affected, result.counts.open()), verdicts, "{installed}");
    }
}

#[test]
fn half_installed_and_foreign_versions_are_unknown() {
    let rows = vec![fixed("a1", "CVE-2026-0001", "2")];
    let mut broken = package("a1", "a1", "3");
    broken.reinstall_required = true;
    assert_eq!(Scene::new(vec![broken], rows.clone()).only().verdict, Verdict::Unknown);
    let backport = package("a1", "a1", "3-1~bpo12+1");
    let finding = Scene::new(vec![backport], rows).only();
    assert_eq!(finding.verdict, Verdict::Unknown);
    assert!(finding.reason.contains("backport"));
}

#[test]
fn packages_that_are_not_covered_are_listed_and_never_matched() {
    let mut scene = Scene::new(vec![package("a1", "a1", "1")], vec![fixed("a1", "CVE-2026-0001", "2")]);
    scene.not_covered = vec![NotCovered {
        name: "a1".into(),
        architecture: "amd64".into(),
        version: version("1"),
        origin: "nodesource".into(),
    }];
    let result = scene.assess();
    assert!(result.findings.is_empty());
    assert_eq!((result.not_covered.len(), result.counts.open()), (1, 0));
    let told = scene.with(|input| why("a1", &input));
    assert!(told.judged.is_empty() && told.remarks[0].contains("nodesource"));
}

#[test]
fn a_pending_security_update_is_a_finding_unless_the_tracker_tells_it() {
    let mut scene = Scene::new(vec![package("a1", "a1", "1")], vec![]);
    let key = scene.inventory.packages[0].key();
    scene.view.offers.insert(key.clone(), vec![offer("3", false), offer("2", true)]);
    let finding = scene.only();
    assert_eq!((finding.feed.as_ref(), finding.verdict), ("repository", Verdict::Vulnerable));
    assert_eq!(finding.fixed_version, Some(version("2")));
    scene.rows = vec![fixed("a1", "CVE-2026-0001", "2")];
    assert_eq!(scene.only().feed.as_ref(), FEED);
    scene.rows.clear();
    scene.view.offers.insert(key, vec![offer("1", true)]);
    assert!(scene.assess().findings.is_empty());
}

#[test]
fn findings_are_sorted_by_priority_then_name() {
    let mut high = fixed("b1", "CVE-2026-0003", "2");
    high.severity = Severity::High;
    let rows = vec![fixed("a1", "CVE-2026-0002", "2"), fixed("a1", "CVE-2026-0001", "2"), high];
    let result = Scene::new(vec![package("a1", "a1", "1"), package("b1", "b1", "1")], rows).assess();
    let ids: Vec<_> = result.findings.iter().map(|finding| &*finding.advisory).collect();
    assert_eq!(ids, ["CVE-2026-0003", "CVE-2026-0001", "CVE-2026-0002"]);
}

#[test]
fn completeness_follows_the_feeds() {
    let mut scene = Scene::new(vec![package("a1", "a1", "1")], vec![]);
    assert_eq!(scene.assess().completeness.level, CompletenessLevel::Full);
    scene.announcing = Some("debian-dsa");
    scene.stamps.push(stamp("debian-dsa", FeedState::Fresh));
    assert_eq!(scene.assess().completeness.level, CompletenessLevel::Full);
    scene.stamps.truncate(1);
    scene.stamps[0].problem = Some("no route".into());
    assert_eq!(scene.assess().completeness.level, CompletenessLevel::Incomplete);
    scene.stamps[0].state = FeedState::Missing;
    assert_eq!(scene.assess().completeness.level, CompletenessLevel::UpdatesOnly);
    scene.sources = vec![SourceSettings {
        name: FEED.into(),
        format: FEED.into(),
        role: FeedRole::Verdicts,
        location: String::new(),
        sha256: None,
        max_age: std::time::Duration::ZERO,
        key: None,
        configured_by_admin: true,
    }];
    assert_eq!(scene.assess().completeness.level, CompletenessLevel::Incomplete);
    scene.stamps = vec![stamp(FEED, FeedState::Stale)];
    assert_eq!(scene.assess().completeness.level, CompletenessLevel::Incomplete);
    scene.stamps = vec![stamp(FEED, FeedState::Fresh)];
    scene.view.stamps.clear();
    let completeness = scene.assess().completeness;
    assert_eq!(completeness.level, CompletenessLevel::Incomplete);
    assert!(completeness.reasons[0].contains("apt-get update"));
}

#[test]
fn feeds_that_the_same_keeps_away_are_told_in_one_sentence() {
    let mut scene = Scene::new(vec![package("a1", "a1", "1")], vec![]);
    scene.stamps = ["oss", "sle", "csaf"].map(|name| stamp(name, FeedState::Missing)).to_vec();
    scene.stamps[0].problem = Some("no route".into());
    scene.stamps[1].problem = Some("no route".into());
    let completeness = scene.assess().completeness;
    assert_eq!(completeness.level, CompletenessLevel::UpdatesOnly);
    let begins = |place: usize, words: &str| completeness.reasons[place].starts_with(words);
    assert!(begins(0, "oss, sle were never reached (no route): only"), "{:?}", completeness.reasons);
    assert!(begins(1, "csaf was never reached: only"), "{:?}", completeness.reasons);
    assert_eq!(completeness.reasons.len(), 2);
}

#[test]
fn what_an_importer_could_not_read_lowers_completeness() {
    let mut scene = Scene::new(vec![package("a1", "a1", "1")], vec![]);
    scene.stamps[0].unread.add("CVE-2026-0001", "no version");
    let completeness = scene.assess().completeness;
    assert_eq!(completeness.level, CompletenessLevel::Incomplete);
    let told = "is not whole: 1 statement could not be read, the first CVE-2026-0001: no version";
    assert!(completeness.reasons[0].ends_with(told), "{:?}", completeness.reasons);
}

#[test]
fn where_no_lists_are_what_fetches_them_is_told() {
    for (id, tells) in [("alpine", "apk update"), ("arch", "patchctl feeds refresh")] {
        let mut scene = Scene::new(vec![package("a1", "a1", "1")], vec![]);
        scene.inventory.distribution = Distribution::new(id, "1", "");
        scene.view.stamps.clear();
        let completeness = scene.assess().completeness;
        assert_eq!(completeness.level, CompletenessLevel::Incomplete);
        assert!(completeness.reasons[0].contains(tells), "{:?}", completeness.reasons);
        assert!(!completeness.reasons[0].contains("apt"), "{:?}", completeness.reasons);
    }
}

#[test]
fn why_tells_every_statement_and_says_when_nobody_speaks() {
    let rows = vec![
        fixed("a1", "CVE-2026-0001", "1"),
        row("a1", "CVE-2026-0002", VendorState::Ignored),
        row("z9", "CVE-2026-0003", VendorState::Open),
    ];
    let scene = Scene::new(vec![package("a1", "a1", "1"), package("quiet", "quiet", "1")], rows);
    let told = |subject: &str| scene.with(|input| why(subject, &input));
    let verdicts: Vec<_> = told("a1").judged.iter().map(|statement| statement.verdict).collect();
    assert_eq!(verdicts, [Verdict::Fixed, Verdict::VulnerableNoFix]);
    assert_eq!(told("cve-2026-0001").judged.len(), 1);
    assert!(told("CVE-2026-0003").remarks[0].contains("concerns z9, which is not installed"));
    assert!(told("quiet").remarks[0].contains("no feed says anything"));
    assert!(told("CVE-2026-9999").remarks[0].contains("no feed speaks about it"));
}
