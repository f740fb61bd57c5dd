//! What has to be proved before a plan is carried out: `policy.require_rehearsal`, `policy.require_evidence` and their kin.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::fragment::PolicyFragment;
use crate::config::choice::as_span;
use crate::config::error::ConfigurationError;
use crate::config::origins::Origins;
use crate::config::reference::is_key_name;
use crate::model::decision::RehearsalBoot;
use crate::model::ring::Ring;

/// What has to be proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EvidenceSettings {
    /// A plan has to have passed a rehearsal on this host.
    pub require_rehearsal: bool,
    /// Whether a rehearsal boots its clone.
    pub rehearsal_boot: RehearsalBoot,
    /// The ring whose evidence has to speak for every change, written `ring:NAME`.
    #[serde(rename = "require_evidence", serialize_with = "as_ring")]
    pub of_ring: Option<String>,
    /// Evidence that is older does not count.
    #[serde(serialize_with = "as_span")]
    pub evidence_max_age: Duration,
    /// The public keys of which one must have signed the evidence of other hosts.
    pub evidence_key: Option<PathBuf>,
    /// The key of root's gpg that signs the evidence of this host.
    pub evidence_sign_with: Option<String>,
}

fn as_ring<S: serde::Serializer>(ring: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match ring {
        Some(name) => serializer.collect_str(&format_args!("ring:{name}")),
        None => serializer.serialize_none(),
    }
}

impl Default for EvidenceSettings {
    fn default() -> Self {
        Self {
            require_rehearsal: false,
            rehearsal_boot: RehearsalBoot::Never,
            of_ring: None,
            // A window a week is usual: what was proved before the last one is not of this week's packages.
            evidence_max_age: Duration::from_secs(7 * 86_400),
            evidence_key: None,
            evidence_sign_with: None,
        }
    }
}

impl EvidenceSettings {
    /// Fills what no file says with the defaults, and checks the rest.
    ///
    /// # Errors
    /// A value is no use; its file, line and key are named.
    pub(super) fn of(
        written: &PolicyFragment,
        rings: &[Ring],
        origins: &Origins,
    ) -> Result<Self, ConfigurationError> {
        let default = Self::default();
        let refuse = |key: &'static str, reason: String| {
            Err(ConfigurationError::invalid(origins.of(key), key, reason))
        };
        let of_ring = match &written.require_evidence {
            None => None,
            Some(text) => match text.strip_prefix("ring:") {
                // Where no rings are listed here, the evidence itself names the one it is of.
                Some(name) if rings.is_empty() || rings.iter().any(|ring| ring.name == name) => {
                    Some(name.to_owned())
                }
                Some(name) => {
                    return refuse("policy.require_evidence", format!("{name:?} is none of policy.rings"));
                }
                None => {
                    let reason = format!("{text:?} is not of the form \"ring:NAME\"");
                    return refuse("policy.require_evidence", reason);
                }
            },
        };
        if written.evidence_sign_with.as_ref().is_some_and(|key| !is_key_name(key)) {
            return refuse("policy.evidence_sign_with", "is no name of a key".to_owned());
        }
        Ok(Self {
            require_rehearsal: written.require_rehearsal.unwrap_or(default.require_rehearsal),
            rehearsal_boot: written.rehearsal_boot.unwrap_or(default.rehearsal_boot),
            of_ring,
            evidence_max_age: written.evidence_max_age.map_or(default.evidence_max_age, |age| age.0),
            evidence_key: written.evidence_key.as_ref().map(|key| key.0.clone()),
            evidence_sign_with: written.evidence_sign_with.clone(),
        })
    }
}
