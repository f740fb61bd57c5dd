//! The catalogues of attacks as feeds: their entries become what is known about one vulnerability.

use std::collections::BTreeMap;

use super::{FeedError, KnownThreats, ThreatFeed, exploit_prediction, known_exploited};
use crate::scan::index::{Exploited, Threat};

/// EPSS scores come in millionths.
const MILLION: f64 = 1e6;

/// CISA's catalogue of known exploited vulnerabilities.
#[derive(Clone, Copy, Debug)]
pub struct KnownExploitedFeed;

/// FIRST's exploit prediction scores.
#[derive(Clone, Copy, Debug)]
pub struct ExploitPredictionFeed;

impl ThreatFeed for KnownExploitedFeed {
    fn name(&self) -> &'static str {
        known_exploited::NAME
    }

    fn location(&self) -> &'static str {
        known_exploited::LOCATION
    }

    fn parse(&self, content: &[u8]) -> Result<KnownThreats, FeedError> {
        let catalogue = known_exploited::parse(content)?;
        let threats: BTreeMap<_, _> = catalogue
            .entries
            .iter()
            .map(|entry| {
                let known_exploited::KnownExploited { cve, added, due, ransomware } = *entry;
                (cve, Threat { epss: None, exploited: Some(Exploited { added, due, ransomware }) })
            })
            .collect();
        Ok(KnownThreats { threats: threats.into_iter().collect(), unread: catalogue.unread })
    }
}

impl ThreatFeed for ExploitPredictionFeed {
    fn name(&self) -> &'static str {
        exploit_prediction::NAME
    }

    fn location(&self) -> &'static str {
        exploit_prediction::LOCATION
    }

    fn parse(&self, content: &[u8]) -> Result<KnownThreats, FeedError> {
        let predictions = exploit_prediction::parse(content)?;
        let score = |millionths: u32| Some(f64::from(millionths) / MILLION);
        let mut threats: Vec<_> = predictions
            .scores
            .iter()
            .map(|entry| (entry.cve, Threat { epss: score(entry.score_millionths), exploited: None }))
            .collect();
        threats.sort_by_key(|(cve, _)| *cve);
        threats.dedup_by_key(|(cve, _)| *cve);
        Ok(KnownThreats { threats, unread: predictions.unread })
    }
}
