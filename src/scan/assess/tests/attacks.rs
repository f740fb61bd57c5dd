//! What orders findings and dates them.

use super::*;
use crate::model::version::VersionScheme;
use crate::model::vulnerability::CveId;
use crate::scan::index::{Exploited, Threat, ThreatIndex, build_threats};

#[test]
fn attacks_and_announcements_stand_in_the_finding() {
    let scene = Scene::new(vec![package("a1", "a1", "1")], vec![fixed("a1", "CVE-2026-0001", "2")]);
    let day = |text: &str| text.parse().expect("a date");
    let exploited = Exploited { added: day("2026-08-01"), due: day("2026-08-22"), ransomware: true };
    let threat = Threat { epss: Some(0.9), exploited: Some(exploited) };
    let cve = CveId::parse("CVE-2026-0001").expect("a CVE");
    let threats = ThreatIndex::open(build_threats(&[(cve, threat)], Sha256::of(b""))).expect("sound");
    let names = Advisory {
        id: "DSA-6001-1".into(),
        published: Some(now() - TimeDelta::days(9)),
        ..fixed("a1", "CVE-2026-0001", "2")
    };
    let provenance = Provenance { content: Sha256::of(b""), published: None, scheme: VersionScheme::Deb };
    let names = Index::open(&build(&[names], provenance).expect("small")).expect("sound");
    let finding = scene
        .with(|input| {
            let announcements = [FeedIndex { feed: "debian-dsa", index: &names }];
            assess(AssessInput { threats: Some(&threats), announcements: &announcements, ..input })
        })
        .findings
        .remove(0);
    assert_eq!((finding.known_exploited, finding.ransomware, finding.epss), (true, true, Some(0.9)));
    assert_eq!(
        (finding.announced_in.as_deref(), finding.fix_available),
        (Some("DSA-6001-1"), Some(now() - TimeDelta::days(9)))
    );
    assert_eq!(finding.due, Some((now() + TimeDelta::days(3)).date_naive()));
    assert_eq!(finding.priority.parts.threat, 1.0);
}

#[test]
fn findings_ranked_afterwards_are_those_ranked_at_once() {
    let rows = ["CVE-2026-0001", "CVE-2026-0002"].map(|id| fixed("a1", id, "2"));
    let rows = [&rows[..], &[fixed("b1", "CVE-2026-0003", "2")]].concat();
    let scene = Scene::new(vec![package("a1", "a1", "1"), package("b1", "b1", "1")], rows);
    let listens = |source: &str| if source == "b1" { Exposure::Listening } else { Exposure::Installed };
    let at_once = scene.with(|input| assess(AssessInput { exposure: &listens, ..input })).findings;
    let at_rest = scene.with(assess).findings;
    let afterwards = exposed(at_rest, |package| listens(package.source.name.as_str()), Criticality::Normal);
    assert_eq!(at_once, afterwards);
    assert_eq!(&*at_once[0].advisory, "CVE-2026-0003");
}
