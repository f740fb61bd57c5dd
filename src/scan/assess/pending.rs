//! Security updates that the repositories offer and no tracker finding accounts for: late or missing advisories.

use std::collections::HashSet;
use std::sync::Arc;

use super::AssessInput;
use super::materialise::finding_package;
use super::origin::{self, Matched};
use super::priority::{Limits, due, unnamed_priority};
use crate::model::advisory::Subject;
use crate::model::finding::{Finding, UNNAMED_UPDATE, Verdict};
use crate::model::offer::Offer;
use crate::model::package::{PackageKey, PackageName};
use crate::model::severity::Severity;
use crate::model::version::{Version, VersionScheme};
use crate::model::vulnerability::Identifier;

/// The feed that such findings name.
pub const FEED: &str = "repository";
/// Finds packages for which a security pocket of the distribution offers a newer version, unless a finding with a
/// fix tells about their source already. Packages on hold count as well.
pub(super) fn updates(input: &AssessInput<'_>, told: &HashSet<&PackageName>) -> Vec<Finding> {
    if input.view.offers.is_empty() {
        return Vec::new();
    }
    origin::covered(input.inventory, input.not_covered, Subject::Source)
        .iter()
        .filter(|matched| !told.contains(&&matched.package.source.name))
        .filter_map(|matched| {
            let key = matched.package.key();
            let offer = newest_security_offer(input, matched, &key)?;
            Some(finding(input, matched, &key, offer))
        })
        .collect()
}

fn newest_security_offer<'a>(
    input: &AssessInput<'a>,
    matched: &Matched<'_>,
    key: &PackageKey,
) -> Option<&'a Offer> {
    let newer =
        |offer: &&Offer| offer.origin.security && matched.package.version.is_older_than(&offer.version);
    let offers = input.view.offers.get(key)?.iter().filter(newer);
    offers.reduce(|best, offer| if best.version.is_older_than(&offer.version) { offer } else { best })
}

/// Debian's advisories speak about source versions, those of rpm's distributions about binary ones.
fn fixed_version(offer: &Offer) -> Version {
    match offer.version.scheme() {
        VersionScheme::Rpm => offer.version.clone(),
        _ => offer.source.version.clone(),
    }
}

fn finding(input: &AssessInput<'_>, matched: &Matched<'_>, key: &PackageKey, offer: &Offer) -> Finding {
    let (severity, verdict) = (Severity::Unknown, Verdict::Vulnerable);
    let id = format!("{FEED}/{UNNAMED_UPDATE}/{key}");
    let dates = input.first_seen.of(FEED, key);
    let first_seen = dates.and_then(|dates| dates.of(Identifier::of(UNNAMED_UPDATE))).unwrap_or(input.now);
    let due =
        due((verdict, severity, false), || first_seen, Limits { settings: input.settings, now: input.now });
    let exposure = (input.exposure)(&matched.name);
    let installed = &matched.package.version;
    let place = match offer.origin.codename.as_str() {
        "" => format!("a security update in the repository {}", offer.origin.label),
        pocket => format!("the distribution's security pocket {pocket}"),
    };
    Finding {
        id,
        package: Arc::new(finding_package(matched)),
        verdict,
        reason: Arc::from(format!("{place} offers {}, newer than the installed {installed}", offer.version)),
        vendor_state: None,
        advisory: Arc::from(UNNAMED_UPDATE),
        announced_in: None,
        cves: Arc::from([]),
        severity,
        cvss: None,
        epss: None,
        known_exploited: false,
        ransomware: false,
        published: None,
        fix_available: None,
        fixed_version: Some(fixed_version(offer)),
        candidate: input.view.candidates.get(key).cloned(),
        first_seen: Some(first_seen),
        due: due.date,
        days_overdue: due.days_overdue,
        exposure,
        priority: unnamed_priority(severity, exposure, input.settings),
        feed: Arc::from(FEED),
        disposition: None,
        state_after: None,
        closed_by_reboot: false,
    }
}
