//! Temporary.
use crate::model::assessment::DueDays;
use crate::model::decision::ConffilePolicy;
use crate::model::digest::Sha256;
use crate::model::feed::SourceSettings;
use crate::model::severity::{Criticality, Severity};
use std::time::Duration;
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Settings {
    pub host: Host,
    pub feeds: Feeds,
    pub policy: PolicyS,
    pub apply: ApplyS,
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Host {
    pub criticality: Criticality,
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Feeds {
    pub refresh: Duration,
    pub max_age: Duration,
    pub sources: Vec<SourceSettings>,
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PolicyS {
    pub minimum_severity: Severity,
    pub removals: bool,
    pub due: DueDays,
    pub accept_reconstructed: bool,
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ApplyS {
    pub conffiles: ConffilePolicy,
    pub batch_timeout: Duration,
    pub lock_timeout: Duration,
}
#[allow(missing_docs)]
impl Settings {
    pub fn digest(&self) -> Sha256 {
        Sha256::of(format!("{self:?}").as_bytes())
    }
    pub fn defaults() -> Self {
        Self {
            host: Host { criticality: Criticality::Normal },
            feeds: Feeds {
                refresh: Duration::from_secs(21600),
                max_age: Duration::from_secs(604800),
                sources: vec![],
            },
            policy: PolicyS {
                minimum_severity: Severity::Low,
                removals: false,
                due: DueDays::default(),
                accept_reconstructed: true,
            },
            apply: ApplyS {
                conffiles: ConffilePolicy::Keep,
                batch_timeout: Duration::from_secs(1800),
                lock_timeout: Duration::from_secs(300),
            },
        }
    }
}
