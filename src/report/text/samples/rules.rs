//! Policy as it is told.

use crate::model::decision::{Cause, Held, HoldReason};
use crate::model::package::PackageName;
use crate::model::rule::RulePlace;
use crate::report::bundle::{BUNDLE_SCHEMA, BundleAction, BundleDocument};
use crate::report::documents::Identity;
use crate::report::reboot::{REBOOT_SCHEMA, RebootDocument, RebootState};
use crate::report::rules::{
    CentralEntry, Change, FreezeEntry, OpeningEntry, POLICY_PREVIEW_SCHEMA, POLICY_SCHEMA, PolicyAction,
    PolicyDocument, PolicyPreview, PolicyValue, PreviewChange, RULE_CHANGE_SCHEMA, RebootEntry, RuleChange,
    RuleEntry, RuleKind, WindowState,
};

use super::{now, version};

fn place(file: &str, key: &str, line: u32) -> RulePlace {
    RulePlace { key: key.into(), file: format!("/etc/patchctl/{file}"), line }
}

fn block() -> RuleEntry {
    RuleEntry {
        kind: RuleKind::Block,
        name: "openssl_3.0.22-1_deb12u2".into(),
        subject: "openssl 3.0.22-1~deb12u2".into(),
        words: "breaks nginx reload (until a newer version is offered, owner anna)".into(),
        holds: true,
        place: place("blocks.d/openssl_3.0.22-1_deb12u2.toml", "package", 1),
    }
}

fn waiver() -> RuleEntry {
    RuleEntry {
        kind: RuleKind::Waiver,
        name: "CVE-2026-771".into(),
        subject: "CVE-2026-771 in python3.11".into(),
        words: "mitigated: no route to it (approved by bert, until 2026-11-30)".into(),
        holds: true,
        place: place("waivers.d/CVE-2026-771.toml", "advisory", 1),
    }
}

fn remarks() -> Vec<String> {
    vec![
        "waiver CVE-2026-771 ends in 8 days, approved by bert (/etc/patchctl/waivers.d/CVE-2026-771.toml, line 1)".into(),
    ]
}

pub(crate) fn shown() -> PolicyDocument {
    let value = |key: &str, value: &str, line: Option<u32>| PolicyValue {
        key: key.into(),
        value: value.into(),
        place: line.map(|line| place("patchctl.toml", key, line)),
    };
    let central = CentralEntry {
        location: "https://config.example.org/patchctl/web.toml".to_owned(),
        group: "web".to_owned(),
        version: Some(42),
        issued: Some(now() - chrono::TimeDelta::days(2)),
        signed_by: Some("D5432CCF2F8DBB6FBA758BC5C76D6A8AC9B50A2D".to_owned()),
        checked: Some(now() - chrono::TimeDelta::hours(3)),
    };
    PolicyDocument {
        central: Some(central),
        identity: Identity::of(POLICY_SCHEMA, now()),
        action: PolicyAction::Show,
        ring: Some("early".into()),
        values: vec![
            value("host.criticality", "normal", None),
            value("policy.approval_delay.high", "3d", Some(4)),
            value("policy.rings", "canary:5, early:20, main:75:7d", Some(7)),
            value("policy.window[0]", "Sat, Sun 02:00 for 4h, Europe/Berlin", Some(12)),
        ],
        rules: vec![block(), waiver()],
        remarks: remarks(),
    }
}

pub(crate) fn preview() -> PolicyPreview {
    let opens = now() + chrono::TimeDelta::days(5);
    let cause = Cause::new(
        "openssl",
        HoldReason::Blocked,
        "openssl 3.0.22-1~deb12u2: breaks nginx reload (until a newer version is offered, owner anna)",
    );
    PolicyPreview {
        identity: Identity::of(POLICY_PREVIEW_SCHEMA, now()),
        host: "web-01".into(),
        as_of: now(),
        ring: Some("early".into()),
        window: WindowState::Closed,
        openings: vec![OpeningEntry {
            opens,
            closes: opens + chrono::TimeDelta::hours(4),
            scheduled: opens + chrono::TimeDelta::minutes(17),
        }],
        reboot: Some(RebootEntry {
            window: WindowState::Closed,
            next: Some(opens + chrono::TimeDelta::hours(1)),
            wait_seconds: 600,
        }),
        freezes: vec![FreezeEntry {
            from: "2026-12-20".parse().expect("a day"),
            to: "2027-01-04".parse().expect("a day"),
            active: false,
            words: "2026-12-20 to 2027-01-04, Europe/Berlin: year end (lets through known_exploited)".into(),
            place: place("patchctl.toml", "policy.freeze[0]", 18),
        }],
        patch: vec![PreviewChange {
            package: PackageName::from("curl"),
            from: version("7.88.1-10+deb12u12"),
            to: version("7.88.1-10+deb12u15"),
            closes: vec!["CVE-2026-2301".into()],
        }],
        held: vec![Held {
            package: PackageName::from("openssl"),
            installed: version("3.0.17-1~deb12u2"),
            candidate: Some(version("3.0.22-1~deb12u2")),
            cause_chain: vec![cause.by(Some(&block().place))],
            keeps_open: vec!["CVE-2026-11234".into()],
        }],
        remarks: remarks(),
    }
}

pub(crate) fn added() -> RuleChange {
    RuleChange {
        identity: Identity::of(RULE_CHANGE_SCHEMA, now()),
        change: Change::Added,
        rules: vec![block()],
        remarks: Vec::new(),
    }
}

pub(crate) fn reboots() -> Vec<RebootDocument> {
    let until = now() + chrono::TimeDelta::minutes(10);
    let people = vec!["anna on pts/0".to_owned(), "bert on tty1".to_owned()];
    [
        RebootState::People { people, until },
        RebootState::OutsideWindow { next: Some(now() + chrono::TimeDelta::days(5)) },
        RebootState::Rebooting,
    ]
    .map(|state| RebootDocument {
        identity: Identity::of(REBOOT_SCHEMA, now()),
        reason: Some("kernel 6.1.0-47-amd64 runs, 6.1.0-56-amd64 is installed".to_owned()),
        state,
        goes_on: true,
    })
    .into()
}

pub(crate) fn bundle() -> BundleDocument {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    BundleDocument {
        identity: Identity::of(BUNDLE_SCHEMA, now()),
        action: BundleAction::Create,
        file: "/srv/carry/web.bundle".into(),
        made: now(),
        signed_by: Some("anna".into()),
        feeds: names(&[
            "debian-tracker",
            "debian-dsa",
            "debian-dla",
            "known-exploited",
            "exploit-prediction",
        ]),
        archives: names(&["libssl3_3.0.22-1~deb12u2_amd64.deb", "openssl_3.0.22-1~deb12u2_amd64.deb"]),
        lists: 6,
        has_plan: true,
        policy: Some("web.toml".into()),
    }
}
