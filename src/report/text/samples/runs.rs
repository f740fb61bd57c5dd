//! Plans, runs and small documents made by hand.

use super::health::{health, restarted};
use super::{finding, host, now, scan, stamp, version};
use crate::model::advisory::VendorState;
use crate::model::decision::{Cause, Disposition, Held, HoldReason, Selection};
use crate::model::digest::Sha256;
use crate::model::explanation::JudgedStatement;
use crate::model::failure::FailureKind;
use crate::model::feed::FeedState;
use crate::model::finding::{Finding, StateAfter};
use crate::model::outcome::Outcome;
use crate::model::package::{Architecture, PackageKey, PackageName};
use crate::model::plan::{
    Action, ActionKind, ConffileForeseen, PLAN_SCHEMA, PatchPlan, PlanHost, RestartForeseen, Reversibility,
    SpaceNeed, Step,
};
use crate::model::run::RunId;
use crate::model::snapshot::{Protection, RollbackKind};
use crate::model::transaction::{Observed, Phase};
use crate::report::documents::{
    FEEDS_SCHEMA, FeedsAction, FeedsDocument, HISTORY_SCHEMA, HistoryDocument, Identity,
    ROLLBACK_PREVIEW_SCHEMA, RollbackPreview, RunEntry, STATUS_SCHEMA, StatusDocument, WHY_SCHEMA,
    WhyDocument,
};
use crate::report::health::{CheckState, HealthVerdict};
use crate::report::restart::{OldCode, RestartReport, RestartedBecause};
use crate::report::schema::{Report, ReportError, ReportFiles};
use crate::report::transaction::{NotRestored, StepOutcome, StepReport, TransactionReport, Verified};

pub(super) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

pub(crate) fn action(name: &str, from: &str, to: &str, closes: &[&str]) -> Action {
    Action {
        package: PackageName::from(name),
        architecture: Architecture::from("amd64"),
        kind: ActionKind::Upgrade,
        from: Some(version(from)),
        to: Some(version(to)),
        origin: "Debian-Security:bookworm-security".into(),
        artifact: None,
        security: !closes.is_empty(),
        closes: texts(closes),
        reversible: Reversibility::Reversible,
        not_undone: None,
        why: "closes what was selected".into(),
    }
}

fn steps() -> Vec<Step> {
    let openssl = ["CVE-2026-11234", "CVE-2026-11300", "CVE-2026-11301", "CVE-2026-11302", "CVE-2026-11303"];
    let mut kernel = action("linux-image-amd64", "6.1.140-1", "6.1.148-1", &["CVE-2026-5001"]);
    kernel.reversible = Reversibility::Reconstructed;
    let mut hook = action("initramfs-tools", "0.142+deb12u1", "0.142+deb12u3", &[]);
    hook.reversible = Reversibility::NotReversible;
    hook.not_undone = Some("what Secure Boot has revoked".into());
    hook.why = "the old archive is in no cache and no repository, and 2 of its files were edited".into();
    vec![
        Step {
            ordinal: 1,
            actions: vec![
                action("libssl3", "3.0.17-1~deb12u2", "3.0.22-1~deb12u2", &openssl),
                action("openssl", "3.0.17-1~deb12u2", "3.0.22-1~deb12u2", &openssl[..2]),
            ],
        },
        Step { ordinal: 2, actions: vec![kernel, hook] },
    ]
}

fn held() -> Held {
    let cause = |subject: &str, reason, detail: &str| Cause::new(subject, reason, detail);
    Held {
        package: PackageName::from("nginx-core"),
        installed: version("1.22.1-9"),
        candidate: Some(version("1.22.1-9+deb12u8")),
        cause_chain: vec![
            cause("nginx-core", HoldReason::Dependency, "needs nginx-common of the same version"),
            cause("nginx-common", HoldReason::PackageHold, "apt-mark unhold nginx-common lets it go"),
        ],
        keeps_open: texts(&["CVE-2026-3133"]),
    }
}

pub(crate) fn plan() -> PatchPlan {
    PatchPlan {
        schema: PLAN_SCHEMA.into(),
        id: Sha256::of(b"plan"),
        tool_version: "0.1.0".into(),
        created: now(),
        host: PlanHost {
            name: "web-01".into(),
            machine_id_hash: None,
            distribution: "debian bookworm".into(),
        },
        inventory_digest: Sha256::of(b"inventory"),
        feeds: vec![stamp("debian-tracker", 7_300)],
        policy_digest: Sha256::of(b"policy"),
        selection: Selection::default(),
        steps: steps(),
        held: vec![held()],
        warnings: texts(&["initramfs-tools has no way back and was accepted by name"]),
        snapshot: Protection {
            provider: "packages".into(),
            rollback: RollbackKind::PackagesOnly,
            covers: texts(&["packages", "configuration files"]),
            does_not_cover: texts(&["/boot/efi", "databases below /var/lib that services migrate"]),
        },
        restarts: vec![restart("nginx.service"), restart("ssh.service")],
        reboot: Some("linux-image-amd64 brings a new kernel".into()),
        download_bytes: 84_934_656,
        space: vec![SpaceNeed {
            mount: "/".into(),
            purpose: texts(&["packages"]),
            needed_bytes: 325_058_560,
            free_bytes: 12_884_901_888,
            read_only: false,
            needed_inodes: 4_000,
            free_inodes: Some(900_000),
        }],
        conffiles: vec![ConffileForeseen {
            path: "/etc/ssl/openssl.cnf".into(),
            package: PackageName::from("openssl"),
            outcome: "kept; the new one is put beside it".into(),
        }],
    }
}

fn restart(name: &str) -> RestartForeseen {
    RestartForeseen {
        name: name.into(),
        processes: vec![812],
        because_of: vec![PackageName::from("libssl3")],
    }
}

fn transaction(phase: Phase) -> TransactionReport {
    let key = PackageKey { name: PackageName::from("libssl3"), architecture: Architecture::from("amd64") };
    let observed = Observed { package: key, version: Some(version("3.0.22-1~deb12u2")), clean: true };
    TransactionReport {
        phase,
        started: now() - chrono::Duration::seconds(190),
        finished: Some(now()),
        steps: vec![StepReport {
            ordinal: 1,
            outcome: StepOutcome::New,
            observed: vec![observed],
            seconds: 6.1,
        }],
        provider: "packages".into(),
        journal_head: Some(Sha256::of(b"journal")),
        verified: None,
        not_restored: Vec::new(),
        reopened: Vec::new(),
        log: Some("/var/lib/patchctl/runs/0042/log".into()),
        last_words: Vec::new(),
    }
}

pub(super) fn run(outcome: Outcome, phase: Phase) -> Report {
    let mut report = Report::begin("apply", now());
    report.run_id = Some(RunId::new(42));
    report.host = Some(host());
    report.plan = Some(plan());
    report.outcome = outcome;
    report.transaction = Some(transaction(phase));
    report.files =
        Some(ReportFiles { report: Some("/var/lib/patchctl/reports/0042.json".into()), plan: None });
    report
}

/// A run that went well and leaves two services on old code.
pub(crate) fn patched() -> Report {
    let mut report = run(Outcome::Patched, Phase::Commit);
    let mut findings = scan().findings.unwrap_or_default();
    for (place, finding) in findings.iter_mut().enumerate() {
        finding.state_after = Some(match place {
            0..=4 => StateAfter::Closed,
            5..=7 => StateAfter::OldCodeInMemory,
            _ => StateAfter::Held,
        });
    }
    report.findings = Some(findings);
    if let Some(transaction) = &mut report.transaction {
        transaction.verified = Some(Verified { packages: 4, files: 21_188 });
    }
    report.restart = Some(RestartReport {
        services: vec![
            OldCode {
                name: "nginx.service".into(),
                processes: vec![812, 813],
                packages: vec![PackageName::from("libssl3")],
                keeps_open: texts(&["CVE-2026-11234", "CVE-2026-11300"]),
                left_because: Some("apply.restart_deny names nginx".into()),
            },
            OldCode {
                name: "cron.service".into(),
                processes: vec![700],
                packages: Vec::new(),
                keeps_open: Vec::new(),
                left_because: None,
            },
        ],
        restarted: vec![
            restarted("ssh.service", RestartedBecause::OldCode),
            restarted("docker.service", RestartedBecause::StoppedByTheRun),
        ],
        ..RestartReport::default()
    });
    report.health = Some(health(HealthVerdict::Healthy, CheckState::Pass));
    report
}

/// A run whose second step failed and that was taken back.
pub(crate) fn rolled_back() -> Report {
    let mut report = run(Outcome::RolledBack, Phase::Returned);
    report.error = Some(ReportError {
        kind: FailureKind::RolledBack,
        message: "step 2 failed: initramfs-tools is half-configured".into(),
        hints: vec!["patchctl plan leaves initramfs-tools out until a newer version appears".into()],
    });
    if let Some(transaction) = &mut report.transaction {
        transaction.last_words = texts(&[
            "update-initramfs: failed for /boot/initrd.img-6.1.0-56-amd64 with 1.",
            "dpkg: error processing package initramfs-tools (--configure):\u{1b}[31m",
        ]);
        transaction.not_restored = vec![NotRestored {
            path: "/etc/ssl/openssl.cnf".into(),
            reason: "edited during the run, left alone".into(),
        }];
        transaction.reopened = texts(&["CVE-2026-11234", "CVE-2026-11300"]);
    }
    report
}

fn entry(number: u32, phase: Phase, outcome: Option<Outcome>) -> RunEntry {
    RunEntry {
        run: RunId::new(number),
        command: "apply".into(),
        started: now() - chrono::Duration::days(i64::from(50 - number)),
        finished: None,
        phase,
        outcome,
        packages: 46,
        closed: 51,
        security: 40,
        problem: None,
    }
}

pub(crate) fn history() -> HistoryDocument {
    let mut broken = entry(40, Phase::Commit, Some(Outcome::Patched));
    broken.problem = Some("the report cannot be read; the journal stands".into());
    HistoryDocument {
        identity: Identity::of(HISTORY_SCHEMA, now()),
        runs: vec![
            entry(42, Phase::Commit, Some(Outcome::RebootPending)),
            entry(41, Phase::Returned, Some(Outcome::RolledBack)),
            broken,
        ],
        verification: None,
        signatures: Vec::new(),
    }
}

pub(crate) fn status() -> StatusDocument {
    StatusDocument {
        identity: Identity::of(STATUS_SCHEMA, now()),
        host: host(),
        scanned: Some(now() - chrono::Duration::hours(5)),
        changed_since_scan: false,
        completeness: scan().completeness,
        summary: scan().summary,
        feeds: feeds().feeds,
        last_run: Some(entry(42, Phase::Commit, Some(Outcome::Patched))),
        open_run: None,
        reboot: Some("kernel 6.1.0-47-amd64 runs, 6.1.0-56-amd64 is installed".into()),
    }
}

pub(crate) fn feeds() -> FeedsDocument {
    let mut stale = stamp("apt:bookworm-security", 864_000);
    stale.state = FeedState::Stale;
    stale.problem = Some("not refreshed since 10 days: run apt-get update".into());
    FeedsDocument {
        identity: Identity::of(FEEDS_SCHEMA, now()),
        action: FeedsAction::List,
        feeds: vec![stamp("debian-tracker", 7_300), stale],
    }
}

pub(crate) fn why() -> WhyDocument {
    let mut findings = scan().findings.unwrap_or_default();
    findings.truncate(1);
    let mut quiet =
        finding(&super::Row("vim", "vim", "2:9.0.1378-2", None, "CVE-2026-11234", super::Severity::Low));
    quiet.disposition = Some(Disposition::held(vec![Cause::new(
        "vim",
        HoldReason::NoFix,
        "Debian postponed the fix (minor issue)",
    )]));
    findings.push(quiet);
    WhyDocument {
        identity: Identity::of(WHY_SCHEMA, now()),
        subject: "CVE-2026-11234".into(),
        statements: vec![judged(&findings[0])],
        findings,
        remarks: texts(&["nodejs:amd64 comes from nodesource: no feed covers it"]),
        feeds: vec![stamp("debian-tracker", 7_300)],
    }
}

fn judged(finding: &Finding) -> JudgedStatement {
    JudgedStatement {
        package: (*finding.package).clone(),
        feed: "debian-tracker".into(),
        advisory: finding.advisory.to_string(),
        vendor_state: VendorState::Fixed,
        note: Some("fixed by DSA-5999-1".into()),
        severity: finding.severity,
        fixed_version: Some("3.0.22-1~deb12u2".into()),
        verdict: finding.verdict,
        rule: "a source version older than the fixed one has the hole".into(),
        reason: finding.reason.to_string(),
    }
}

pub(crate) fn preview() -> RollbackPreview {
    RollbackPreview {
        identity: Identity::of(ROLLBACK_PREVIEW_SCHEMA, now()),
        run: RunId::new(42),
        actions: vec![
            action("openssl", "3.0.22-1~deb12u2", "3.0.17-1~deb12u2", &[]),
            action("libssl3", "3.0.22-1~deb12u2", "3.0.17-1~deb12u2", &[]),
        ],
        configuration: texts(&["/etc/ssl/openssl.cnf"]),
        services: texts(&["nginx.service", "ssh.service"]),
        reopens: texts(&["CVE-2026-11234", "CVE-2026-11300"]),
        not_restored: Vec::new(),
        obstacles: Vec::new(),
        snapshot: None,
        lost: Vec::new(),
    }
}
