//! Restarts and trials made by hand.

use super::runs::{run, texts};
use super::{host, now};
use crate::model::failure::FailureKind;
use crate::model::outcome::Outcome;
use crate::model::package::PackageName;
use crate::model::transaction::Phase;
use crate::report::doctor::{DOCTOR_SCHEMA, DoctorDocument, Precondition, PreconditionState};
use crate::report::documents::{Identity, NEEDS_RESTART_SCHEMA, NeedsRestartDocument};
use crate::report::health::{CheckState, HealthCheck, HealthReport, HealthVerdict};
use crate::report::restart::{OldCode, RestartReport, Restarted, RestartedBecause};
use crate::report::schema::{Report, ReportError};

pub(super) fn restarted(name: &str, because: RestartedBecause) -> Restarted {
    Restarted { name: name.into(), because, runs: true, problem: None }
}

pub(super) fn health(verdict: HealthVerdict, web: CheckState) -> HealthReport {
    let check = |name: &str, state, detail: &[&str]| HealthCheck {
        name: name.into(),
        required: true,
        state,
        detail: texts(detail),
    };
    let words = if web == CheckState::Pass { &[][..] } else { &["exit code 1"] };
    HealthReport {
        verdict,
        deadline_seconds: 300,
        looks: 3,
        checks: vec![
            check("services that ran", CheckState::Pass, &[]),
            check("listening sockets", CheckState::Pass, &[]),
            check("web answers", web, words),
            check("old trouble", CheckState::FailedBefore, &["exit code 1"]),
        ],
        dead_man: Some("patchctl-dead-man-0042.timer".into()),
        ..HealthReport::default()
    }
}

/// A run that a check took back.
pub(crate) fn unwell() -> Report {
    let mut report = run(Outcome::RolledBack, Phase::Returned);
    report.error = Some(ReportError {
        kind: FailureKind::RolledBack,
        message: "the host is not as well as before: web answers: exit code 1; everything was taken back and the host \
                  is as before"
            .into(),
        hints: Vec::new(),
    });
    let mut health = health(HealthVerdict::Unhealthy, CheckState::Fail);
    health.after_rollback = health
        .checks
        .iter()
        .cloned()
        .map(|check| HealthCheck { state: CheckState::Pass, detail: Vec::new(), ..check })
        .collect();
    report.health = Some(health);
    report
}

pub(crate) fn needs_restart() -> NeedsRestartDocument {
    let user = |name: &str, packages: &[&str], open: &[&str]| OldCode {
        name: name.into(),
        processes: vec![812],
        packages: packages.iter().map(|name| PackageName::from(*name)).collect(),
        keeps_open: texts(open),
        left_because: None,
    };
    let mut logind = user("systemd-logind.service", &["libc6"], &["CVE-2026-11234"]);
    logind.left_because = Some("a restart can end sessions and graphical logins".into());
    NeedsRestartDocument {
        identity: Identity::of(NEEDS_RESTART_SCHEMA, now()),
        host: host(),
        restart: RestartReport {
            services: vec![
                user("nginx.service", &["libssl3", "libc6"], &["CVE-2026-11234", "CVE-2026-11300"]),
                logind,
            ],
            processes: vec![user("bash (session-3.scope)", &["libc6"], &["CVE-2026-11234"])],
            elsewhere: vec![user("redis-server", &[], &[])],
            reboot: Some("kernel 6.1.0-47-amd64 runs, 6.1.0-56-amd64 is installed".into()),
            ..RestartReport::default()
        },
        reboot_keeps_open: texts(&["CVE-2026-5001"]),
        unreadable: 3,
    }
}

pub(crate) fn doctor() -> DoctorDocument {
    let met = Precondition::met;
    DoctorDocument {
        identity: Identity::of(DOCTOR_SCHEMA, now()),
        host: host(),
        preconditions: vec![
            met("package-database", "package database", "clean, 308 packages"),
            met("lock", "lock", "only root can tell who holds it").unchecked(),
            met(
                "rivals",
                "other updaters",
                "unattended-upgrades may begin by itself (apt-daily-upgrade.timer)",
            )
            .but(
                PreconditionState::Attention,
                "to leave patching to patchctl: systemctl disable --now apt-daily-upgrade.timer",
            ),
            met("boot", "room for a kernel", "/boot has 30 MiB free, 143 MiB are the least").but(
                PreconditionState::Stops,
                "these may go: apt-get purge linux-image-6.1.0-41-amd64 linux-image-6.1.0-43-amd64",
            ),
            met(
                "snapshot",
                "snapshot",
                "packages + btrfs: covers files of the planned packages + package database + /etc (at once), \
                 the subvolume @rootfs (at the next boot); not /home",
            ),
        ],
    }
}
