//! Evidence: what a rehearsal or a run proved about exact changes, sealed by a digest, so that it can be carried to other
//! hosts.
//!
//! On the host itself evidence counts for a plan of the same changes, from the same packages: [`Evidence::is_of`]. A plan's
//! id counts the time it was made at and the host's name too, so it is never the same on two hosts. What another host proved
//! counts change by change, by package, architecture and both versions: [`Evidence::proves`].

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Sha256;
use super::package::{Architecture, PackageName};
use super::plan::{Action, PatchPlan, PlanHost};
use super::version::Version;

/// Name of the document; the number rises when the meaning of a key changes.
pub const EVIDENCE_SCHEMA: &str = "patchctl.evidence/1";

/// What a host proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// `patchctl.evidence/1`.
    pub schema: String,
    /// Digest over all the rest.
    pub sha256: Sha256,
    /// The version of patchctl that wrote it.
    pub tool_version: String,
    /// How it was proved.
    pub kind: EvidenceKind,
    /// Whether the changes may be made.
    pub passed: bool,
    /// What speaks against them, where something does.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub complaints: Vec<String>,
    /// The clone of the rehearsal was booted, and its units were compared.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub booted: bool,
    /// When it was proved.
    pub finished: DateTime<Utc>,
    /// The host.
    pub host: PlanHost,
    /// The ring of the host, where there are rings.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ring: Option<String>,
    /// The plan.
    pub plan: Sha256,
    /// Digest of the package database that the plan began from.
    pub inventory_digest: Sha256,
    /// The changes, sorted.
    pub changes: Vec<ProvenChange>,
}

/// How something was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// In a clone of the host.
    Rehearsal,
    /// On the host itself.
    Run,
}

/// One change, as it is the same on every host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProvenChange {
    /// The binary package.
    pub package: PackageName,
    /// Its architecture.
    pub architecture: Architecture,
    /// The version before; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Version>,
    /// The version after; absent after a removal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<Version>,
    /// Digest of the new archive.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub archive: Option<Sha256>,
}

impl ProvenChange {
    fn of(action: &Action) -> Self {
        Self {
            package: action.package.clone(),
            architecture: action.architecture.clone(),
            from: action.from.clone(),
            to: action.to.clone(),
            archive: action.artifact.as_ref().and_then(|artifact| artifact.digest.sha256()),
        }
    }

    fn is(&self, action: &Action) -> bool {
        self.package == action.package
            && self.architecture == action.architecture
            && self.from == action.from
            && self.to == action.to
    }
}

/// Evidence that cannot be believed.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// It is no evidence, or was cut.
    #[error("no evidence of this patchctl: line {line}, column {column}")]
    Unreadable {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        #[source]
        source: serde_json::Error,
    },
    /// It is of another format.
    #[error("it has the format {found:?}; this patchctl reads {EVIDENCE_SCHEMA:?}")]
    OtherSchema {
        /// Its format.
        found: String,
    },
    /// It was changed after it was written.
    #[error("its seal is broken: it says {stated} and its content gives {computed}")]
    Broken {
        /// The digest that it states.
        stated: Sha256,
        /// The digest of its content.
        computed: Sha256,
    },
}

/// How a plan ended where it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Where.
    pub kind: EvidenceKind,
    /// What speaks against the plan; nothing where it passed.
    pub complaints: Vec<String>,
    /// The clone was booted.
    pub booted: bool,
    /// When.
    pub finished: DateTime<Utc>,
    /// The ring of the host.
    pub ring: Option<String>,
}

impl Evidence {
    /// Seals what came of a plan.
    pub fn of(plan: &PatchPlan, trial: Trial) -> Self {
        let mut changes: Vec<ProvenChange> = plan.actions().map(ProvenChange::of).collect();
        changes.sort_by(|a, b| (&a.package, &a.architecture).cmp(&(&b.package, &b.architecture)));
        let evidence = Self {
            schema: EVIDENCE_SCHEMA.to_owned(),
            sha256: Sha256::of(b""),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            kind: trial.kind,
            passed: trial.complaints.is_empty(),
            complaints: trial.complaints,
            booted: trial.booted,
            finished: trial.finished,
            host: plan.host.clone(),
            ring: trial.ring,
            plan: plan.id,
            inventory_digest: plan.inventory_digest,
            changes,
        };
        Self { sha256: evidence.digest(), ..evidence }
    }

    /// The canonical form is the document's own JSON without white space and with an empty digest, as of a plan.
    fn digest(&self) -> Sha256 {
        let blank = Self { sha256: Sha256::of(b""), ..self.clone() };
        // Strings, lists and dates always have a JSON form.
        Sha256::of(&serde_json::to_vec(&blank).unwrap_or_default())
    }

    /// Reads evidence and checks its seal.
    ///
    /// # Errors
    /// It is none, of another format, or was changed.
    pub fn open(bytes: &[u8]) -> Result<Self, EvidenceError> {
        #[derive(Deserialize)]
        struct Schema {
            schema: String,
        }
        let unreadable = |source: serde_json::Error| EvidenceError::Unreadable {
            line: source.line(),
            column: source.column(),
            source,
        };
        let Schema { schema } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if schema != EVIDENCE_SCHEMA {
            return Err(EvidenceError::OtherSchema { found: schema.chars().take(80).collect() });
        }
        let evidence: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        let computed = evidence.digest();
        if computed != evidence.sha256 {
            return Err(EvidenceError::Broken { stated: evidence.sha256, computed });
        }
        Ok(evidence)
    }

    /// Tells whether it is of exactly these changes on this host, made from the same packages: what was rehearsed is what
    /// would be done.
    pub fn is_of(&self, plan: &PatchPlan) -> bool {
        self.host == plan.host
            && self.inventory_digest == plan.inventory_digest
            && self.changes.len() == plan.actions().count()
            && plan.actions().all(|action| self.changes.contains(&ProvenChange::of(action)))
    }

    /// Tells whether it is about a change, wherever it was made.
    pub fn is_about(&self, action: &Action) -> bool {
        self.changes.iter().any(|change| change.is(action))
    }

    /// Tells whether it speaks for a change.
    pub fn proves(&self, action: &Action) -> bool {
        self.passed && self.is_about(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decision::Selection;
    use crate::model::plan::{ActionKind, PLAN_SCHEMA, Reversibility, Step};
    use crate::model::snapshot::{Protection, RollbackKind};
    use crate::model::version::VersionScheme;

    fn action(name: &str, from: &str, to: &str) -> Action {
        let version = |text| Version::of(VersionScheme::Deb, text).expect("a version");
        Action {
            package: PackageName::from(name),
            architecture: Architecture::from("amd64"),
            kind: ActionKind::Upgrade,
            from: Some(version(from)),
            to: Some(version(to)),
            origin: String::new(),
            artifact: None,
            security: true,
            closes: Vec::new(),
            reversible: Reversibility::Reversible,
            not_undone: None,
            why: String::new(),
        }
    }

    fn plan(host: &str, actions: Vec<Action>) -> PatchPlan {
        PatchPlan {
            schema: PLAN_SCHEMA.to_owned(),
            id: Sha256::of(host.as_bytes()),
            tool_version: String::new(),
            created: DateTime::UNIX_EPOCH,
            host: PlanHost { name: host.into(), machine_id_hash: None, distribution: "debian".into() },
            inventory_digest: Sha256::of(b"packages"),
            feeds: Vec::new(),
            policy_digest: Sha256::of(b""),
            selection: Selection::default(),
            steps: vec![Step { ordinal: 1, actions }],
            held: Vec::new(),
            warnings: Vec::new(),
            snapshot: Protection {
                provider: "packages".into(),
                rollback: RollbackKind::PackagesOnly,
                covers: Vec::new(),
                does_not_cover: Vec::new(),
            },
            restarts: Vec::new(),
            reboot: None,
            download_bytes: 0,
            space: Vec::new(),
            conffiles: Vec::new(),
        }
    }

    fn passed(plan: &PatchPlan) -> Evidence {
        let trial = Trial {
            booted: false,
            kind: EvidenceKind::Rehearsal,
            complaints: Vec::new(),
            finished: DateTime::UNIX_EPOCH,
            ring: Some("canary".into()),
        };
        Evidence::of(plan, trial)
    }

    #[test]
    fn evidence_is_of_its_own_changes_on_its_own_host_alone() {
        let own = plan("a", vec![action("x", "1", "2"), action("y", "1", "2")]);
        let evidence = passed(&own);
        assert!(evidence.is_of(&own));
        let again = PatchPlan { id: Sha256::of(b"made later"), ..own.clone() };
        assert!(evidence.is_of(&again), "a plan of the same changes is made anew each time");
        let elsewhere = plan("b", own.steps[0].actions.clone());
        assert!(!evidence.is_of(&elsewhere));
        assert!(elsewhere.actions().all(|action| evidence.proves(action)), "but each change was proved");
        let other_packages = PatchPlan { inventory_digest: Sha256::of(b"other"), ..own.clone() };
        assert!(!evidence.is_of(&other_packages));
        assert!(!evidence.is_of(&plan("a", vec![action("x", "1", "2")])), "fewer changes are other changes");
        assert!(!evidence.proves(&action("x", "1", "3")));
        assert!(!evidence.proves(&action("x", "0", "2")), "from another version it may fail");
    }

    #[test]
    fn a_changed_document_is_not_believed() {
        let json = serde_json::to_string(&passed(&plan("a", vec![action("x", "1", "2")]))).expect("JSON");
        assert!(Evidence::open(json.as_bytes()).is_ok());
        let forged = json.replace("\"to\":\"2\"", "\"to\":\"3\"");
        assert_ne!(forged, json);
        assert!(matches!(Evidence::open(forged.as_bytes()), Err(EvidenceError::Broken { .. })));
        assert!(matches!(Evidence::open(b"{"), Err(EvidenceError::Unreadable { .. })));
        let other = json.replace("evidence/1", "evidence/2");
        assert!(matches!(Evidence::open(other.as_bytes()), Err(EvidenceError::OtherSchema { .. })));
    }
}
