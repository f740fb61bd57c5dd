//! Rehearsals made by hand.

use super::runs::{plan, texts};
use super::{host, now};
use crate::model::digest::Sha256;
use crate::model::evidence::{Evidence, EvidenceKind, Trial};
use crate::model::failure::FailureKind;
use crate::model::outcome::Outcome;
use crate::report::health::{CheckState, HealthCheck};
use crate::report::rehearsal::{
    EvidenceReference, FileChanges, RehearsalGround, RehearsalReport, RehearsalVerdict, RehearsedEnding,
    RehearsedRun,
};
use crate::report::schema::{Report, ReportError};
use crate::report::transaction::Verified;

pub(crate) fn evidence() -> Evidence {
    let ring = Some("canary".to_owned());
    let (kind, complaints) = (EvidenceKind::Rehearsal, Vec::new());
    let trial = Trial { kind, complaints, booted: false, finished: now(), ring };
    Evidence::of(&plan(), trial)
}

fn report(outcome: Outcome, rehearsal: RehearsalReport) -> Report {
    Report {
        host: Some(host()),
        outcome,
        plan: Some(plan()),
        rehearsal: Some(rehearsal),
        ..Report::begin("rehearse", now())
    }
}

fn check(name: &str, state: CheckState, detail: &[&str]) -> HealthCheck {
    HealthCheck { name: name.into(), required: true, state, detail: texts(detail) }
}

/// One that passed.
pub(crate) fn passed() -> Report {
    let path = "/var/lib/patchctl/evidence/7f3a91c2-rehearsal.json".to_owned();
    let rehearsal = RehearsalReport {
        plan: plan().id,
        verdict: RehearsalVerdict::Passed,
        ground: RehearsalGround::Snapshot,
        left_out: texts(&["/boot/efi (vfat)"]),
        run: RehearsedRun {
            ending: RehearsedEnding::Patched,
            reason: None,
            steps: Vec::new(),
            verified: Some(Verified { packages: 46, files: 2118 }),
            not_restored: Vec::new(),
            last_words: Vec::new(),
            checks: vec![
                check("programs and libraries load", CheckState::Pass, &["214 files"]),
                check("sshd -t", CheckState::Pass, &[]),
                check("nginx -t", CheckState::FailedBefore, &["host not found in upstream \"backend\""]),
            ],
        },
        changes: FileChanges {
            added: texts(&["/etc/ssl/openssl.cnf.dpkg-dist", "/usr/lib/x"]),
            changed: texts(&["/etc/ssh/moduli", "/usr/bin/openssl"]),
            removed: Vec::new(),
        },
        seconds: 12.34,
        evidence: Some(EvidenceReference { path, sha256: Sha256::of(b"evidence"), signed: true }),
    };
    report(Outcome::Rehearsed, rehearsal)
}

/// One in which a script and a configuration test failed.
pub(crate) fn failed() -> Report {
    let rehearsal = RehearsalReport {
        plan: plan().id,
        verdict: RehearsalVerdict::Failed,
        ground: RehearsalGround::LiveRoot,
        left_out: Vec::new(),
        run: RehearsedRun {
            ending: RehearsedEnding::Returned,
            reason: Some("openssl:amd64 is 3.0.22-1~deb12u2 and not finished".into()),
            steps: Vec::new(),
            verified: Some(Verified { packages: 3, files: 80 }),
            not_restored: Vec::new(),
            last_words: texts(&["openssl: cannot migrate the store"]),
            checks: vec![check(
                "sshd -t",
                CheckState::Fail,
                &["line 2: Bad configuration option: MaxAuthTrie"],
            )],
        },
        changes: FileChanges::default(),
        seconds: 9.8,
        evidence: None,
    };
    let error = ReportError {
        kind: FailureKind::Rehearsal,
        message: "the rehearsal failed: openssl:amd64 is 3.0.22-1~deb12u2 and not finished".into(),
        hints: Vec::new(),
    };
    Report { error: Some(error), ..report(Outcome::Failed, rehearsal) }
}
