//! Reports made by hand for the tests of the renderings.

pub(crate) mod health;
pub(crate) mod rehearsals;
pub(crate) mod rules;
pub(crate) mod runs;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::model::assessment::LimitedSupport;
use crate::model::distro::Distribution;
use crate::model::feed::{Authenticity, Completeness, CompletenessLevel, FeedStamp, FeedState, Unread};
use crate::model::finding::{Candidate, Finding, FindingPackage, NotCovered, Origin, Verdict};
use crate::model::kernel::Kernels;
use crate::model::package::{Architecture, PackageName, SourcePackage};
use crate::model::severity::{Criticality, Exposure, Priority, PriorityInput, Severity};
use crate::model::summary::Summary;
use crate::model::version::Version;
use crate::report::schema::{Coverage, Report, ReportHost};

/// The moment that the samples are told from.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_264_200, 0).expect("a valid time")
}

pub(crate) fn version(text: &str) -> Version {
    Version::deb(text).expect("a valid version")
}

/// One finding, as a line: source, binary, installed version, candidate, CVE.
pub(crate) struct Row(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) Option<&'static str>,
    pub(crate) &'static str,
    pub(crate) Severity,
);

pub(crate) fn finding(row: &Row) -> Finding {
    let input = PriorityInput {
        severity: row.5,
        cvss: None,
        epss: None,
        known_exploited: false,
        exposure: Exposure::Installed,
        criticality: Criticality::Normal,
    };
    let candidate = row.3.map(|text| {
        Arc::new(Candidate {
            version: version(text),
            origin: Arc::new(origin()),
            phased_percent: None,
            pins_evaluated: true,
        })
    });
    Finding {
        id: format!("debian-tracker/{}/{}", row.4, row.1),
        package: Arc::new(FindingPackage {
            name: PackageName::from(row.1),
            architecture: Architecture::from("amd64"),
            version: version(row.2),
            source: SourcePackage { name: PackageName::from(row.0), version: version(row.2) },
        }),
        verdict: if row.3.is_some() { Verdict::Vulnerable } else { Verdict::VulnerableNoFix },
        reason: format!("{} is older than the fixed version", row.2).into(),
        vendor_state: None,
        advisory: row.4.into(),
        announced_in: None,
        cves: Arc::from([row.4.to_owned()]),
        severity: row.5,
        cvss: None,
        epss: None,
        known_exploited: false,
        ransomware: false,
        published: None,
        fix_available: None,
        fixed_version: row.3.map(version),
        candidate,
        first_seen: None,
        due: None,
        days_overdue: None,
        exposure: Exposure::Installed,
        priority: Priority::of(input),
        feed: Arc::from("debian-tracker"),
        disposition: None,
        state_after: None,
        closed_by_reboot: false,
    }
}

fn origin() -> Origin {
    Origin {
        vendor: "Debian".into(),
        label: "Debian-Security".into(),
        suite: "oldstable-security".into(),
        codename: "bookworm-security".into(),
        component: "main".into(),
        site: "security.example.org".into(),
        security: true,
        signed: true,
    }
}

pub(crate) fn stamp(name: &str, age_seconds: i64) -> FeedStamp {
    FeedStamp {
        name: name.to_owned(),
        location: format!("https://feeds.example/{name}"),
        published: None,
        fetched: Some(now() - chrono::Duration::seconds(age_seconds)),
        age_seconds: Some(age_seconds),
        sha256: None,
        authenticity: Some(Authenticity::Tls),
        signed_by: None,
        advisories: 48_213,
        unread: Unread::default(),
        state: FeedState::Fresh,
        problem: None,
    }
}

pub(crate) fn host() -> ReportHost {
    ReportHost {
        name: "web-01".into(),
        machine_id_hash: None,
        distribution: Distribution {
            id: "debian".into(),
            version: "12".into(),
            codename: "bookworm".into(),
            point_release: Some("12.15".into()),
            end_of_support: NaiveDate::from_ymd_opt(2028, 6, 30),
        },
        kernel: Kernels {
            running: Some("6.1.0-47-amd64".into()),
            next_boot: Some("6.1.0-56-amd64".into()),
            ..Kernels::default()
        },
        root: "/".into(),
        criticality: Criticality::Normal,
    }
}

/// A web server with something of everything.
pub(crate) fn scan() -> Report {
    let mut findings = open_findings();
    let openssl = &mut findings[0];
    openssl.known_exploited = true;
    openssl.exposure = Exposure::Listening;
    openssl.due = Some(now().date_naive() - chrono::Duration::days(2));
    openssl.days_overdue = Some(2);
    openssl.priority = Priority::of(PriorityInput {
        severity: Severity::Critical,
        cvss: Some(9.8),
        epss: None,
        known_exploited: true,
        exposure: Exposure::Listening,
        criticality: Criticality::Normal,
    });
    findings[3].due = Some(now().date_naive() + chrono::Duration::days(5));
    findings[3].exposure = Exposure::Running;
    findings[9].verdict = Verdict::Unknown;
    report(findings)
}

pub(crate) fn report(findings: Vec<Finding>) -> Report {
    let mut report = Report::begin("scan", now());
    report.host = Some(host());
    report.completeness = Some(Completeness { level: CompletenessLevel::Full, reasons: Vec::new() });
    report.feeds = Some(vec![
        stamp("debian-tracker", 7_300),
        stamp("apt:bookworm", 900),
        stamp("apt:bookworm-security", 1_260),
    ]);
    report.coverage = Some(Coverage {
        not_covered: vec![NotCovered {
            name: PackageName::from("nodejs"),
            architecture: Architecture::from("amd64"),
            version: version("22.11.0-1nodesource1"),
            origin: "nodesource".into(),
        }],
        limited_support: vec![LimitedSupport {
            source: PackageName::from("binutils"),
            ends: None,
            words: "Only suitable for trusted content".into(),
        }],
    });
    report.summary = Some(Summary::count(879, &findings, now().date_naive()));
    report.findings = Some(findings);
    report
}

fn open_findings() -> Vec<Finding> {
    const OPENSSL: (&str, Option<&str>) = ("3.0.17-1~deb12u2", Some("3.0.22-1~deb12u2"));
    const PYTHON: (&str, Option<&str>) = ("3.11.2-6+deb12u6", Some("3.11.2-6+deb12u9"));
    const OFFICE: (&str, Option<&str>) = ("4:7.4.7-1+deb12u8", Some("4:7.4.7-1+deb12u9~security.20261103"));
    let rows = [
        Row("openssl", "libssl3", OPENSSL.0, OPENSSL.1, "CVE-2026-11234", Severity::Critical),
        Row("openssl", "openssl", OPENSSL.0, OPENSSL.1, "CVE-2026-11234", Severity::Critical),
        Row("openssl", "openssl", OPENSSL.0, OPENSSL.1, "CVE-2026-11300", Severity::High),
        Row(
            "curl",
            "curl",
            "7.88.1-10+deb12u12",
            Some("7.88.1-10+deb12u15"),
            "CVE-2026-2301",
            Severity::High,
        ),
        Row(
            "curl",
            "libcurl4",
            "7.88.1-10+deb12u12",
            Some("7.88.1-10+deb12u15"),
            "CVE-2026-2301",
            Severity::High,
        ),
        Row("python3.11", "python3.11", PYTHON.0, PYTHON.1, "CVE-2026-771", Severity::Medium),
        Row("python3.11", "python3.11-minimal", PYTHON.0, PYTHON.1, "CVE-2026-772", Severity::Medium),
        Row("python3.11", "libpython3.11-stdlib", PYTHON.0, PYTHON.1, "CVE-2026-772", Severity::Medium),
        Row("libreoffice", "libreoffice-core", OFFICE.0, OFFICE.1, "CVE-2026-9901", Severity::Unknown),
        Row("vim", "vim-common", "2:9.0.1378-2", None, "CVE-2026-4242", Severity::Low),
        Row("glibc", "libc6", "2.36-9+deb12u10", None, "CVE-2026-100", Severity::Medium),
        Row("glibc", "libc-bin", "2.36-9+deb12u10", None, "CVE-2026-100", Severity::Medium),
        Row("tar", "tar", "1.34+dfsg-1.2", None, "CVE-2005-2541", Severity::Negligible),
    ];
    rows.iter().map(finding).collect()
}
