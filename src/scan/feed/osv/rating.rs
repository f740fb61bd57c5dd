//! How bad a record calls it: the vendor's word where there is one, else the rating of the CVSS score.

use std::str::FromStr;

use super::wire::{AffectedPackage, Record, Score};
use crate::model::severity::Severity;

/// Reads a vendor's word; none where it says nothing.
///
/// | word | severity |
/// |---|---|
/// | Debian `unimportant`, Ubuntu `negligible` | negligible |
/// | `low` | low |
/// | `medium`, `moderate` | medium |
/// | `high`, `important` | high |
/// | `critical` | critical |
/// | Debian `not yet assigned`, Ubuntu `untriaged`, Debian `end-of-life` | unknown: the vendor has not said |
fn of_word(word: &str) -> Option<Severity> {
    match word.trim_end_matches('*').to_ascii_lowercase().as_str() {
        "unimportant" | "negligible" => Some(Severity::Negligible),
        "low" => Some(Severity::Low),
        "medium" | "moderate" => Some(Severity::Medium),
        "high" | "important" => Some(Severity::High),
        "critical" => Some(Severity::Critical),
        "not yet assigned" | "untriaged" | "end-of-life" => Some(Severity::Unknown),
        _ => None,
    }
}

/// Returns the severity of a record for the packages of the release, and the CVSS base score in tenths: the highest,
/// where there are several. Red Hat's kin put their word in front of the summary (`Important: firefox security
/// update`).
pub(super) fn of_record(record: &Record<'_>, affected: &[AffectedPackage<'_>]) -> (Severity, Option<u8>) {
    let notices =
        affected.iter().flat_map(|a| &a.database_specific.cves_map.cves).flat_map(|cve| &cve.severity);
    let scores: Vec<&Score<'_>> =
        record.severity.iter().chain(affected.iter().flat_map(|a| &a.severity)).chain(notices).collect();
    let tenths = scores.iter().filter_map(|score| base_score(score)).max();
    let specific = affected.iter().flat_map(|a| {
        let words = &a.ecosystem_specific;
        [&words.urgency.0, &words.ubuntu_priority.0, &words.severity.0]
    });
    let ubuntu = scores.iter().filter(|score| score.kind.0 == "Ubuntu").map(|score| &score.score.0);
    let words = ubuntu.chain(specific).chain([&record.database_specific.severity.0]);
    let summary = record.summary.0.split_once(": ").and_then(|(word, _)| of_word(word));
    let told = words.filter_map(|word| of_word(word)).max().or(summary);
    (told.unwrap_or_else(|| tenths.map_or(Severity::Unknown, of_tenths)), tenths)
}

/// The base score of a vector, in tenths; none for what is no vector.
fn base_score(score: &Score<'_>) -> Option<u8> {
    if !score.kind.0.starts_with("CVSS_") {
        return None;
    }
    let tenths = (cvss::Cvss::from_str(&score.score.0).ok()?.score() * 10.0).round();
    // The scale of CVSS ends at 10.0.
    (0.0..=100.0).contains(&tenths).then_some(tenths as u8)
}

/// The qualitative scale of CVSS v3.1, section 5, and v4.0, section 6; 0.0 is "none", which is our least.
fn of_tenths(tenths: u8) -> Severity {
    match tenths {
        0 => Severity::Negligible,
        1..=39 => Severity::Low,
        40..=69 => Severity::Medium,
        70..=89 => Severity::High,
        _ => Severity::Critical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(json: &str) -> (Severity, Option<u8>) {
        let mut record: Record<'_> = serde_json::from_str(json).expect("well formed");
        let affected = std::mem::take(&mut record.affected);
        of_record(&record, &affected)
    }

    #[test]
    fn word_of_the_vendor_comes_before_the_score() {
        let vector = r#"{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}"#;
        for (json, expected) in [
            (format!(r#"{{"id": "X-1", "severity": [{vector}]}}"#), (Severity::Critical, Some(98))),
            (
                format!(r#"{{"id": "X-1", "severity": [{vector}, {{"type": "Ubuntu", "score": "low"}}]}}"#),
                (Severity::Low, Some(98)),
            ),
            (
                format!(
                    r#"{{"id": "X-1", "severity": [{vector}],
                        "affected": [{{"ecosystem_specific": {{"urgency": "not yet assigned"}}}}]}}"#
                ),
                (Severity::Unknown, Some(98)),
            ),
        ] {
            assert_eq!(rated(&json), expected, "{json}");
        }
        for (json, severity) in [
            (
                r#"{"id": "X-1", "affected": [{"ecosystem_specific": {"urgency": "unimportant"}}]}"#,
                Severity::Negligible,
            ),
            (r#"{"id": "X-1", "summary": "Important: firefox security update"}"#, Severity::High),
            (r#"{"id": "X-1", "summary": "nodejs:18: enhancement"}"#, Severity::Unknown),
            (r#"{"id": "X-1", "database_specific": {"severity": "MODERATE"}}"#, Severity::Medium),
            (r#"{"id": "X-1", "database_specific": {"severity": ["a", "list"]}}"#, Severity::Unknown),
            (r#"{"id": "X-1", "severity": [{"type": "CVSS_V3", "score": "nonsense"}]}"#, Severity::Unknown),
        ] {
            assert_eq!(rated(json), (severity, None), "{json}");
        }
        let versions = [
            ("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:P/A:P", 75),
            ("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93),
        ];
        for (kind, vector, tenths) in versions {
            let json = format!(r#"{{"id": "X-1", "severity": [{{"type": "{kind}", "score": "{vector}"}}]}}"#);
            assert_eq!(rated(&json).1, Some(tenths), "{vector}");
        }
    }
}
