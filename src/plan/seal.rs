//! The seal of a plan: a digest over everything in it but itself.

use crate::model::digest::Sha256;
use crate::model::plan::{PLAN_SCHEMA, PatchPlan};

/// A plan file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It is no plan, or was cut.
    #[error("not a plan of this patchctl: line {line}, column {column}")]
    Unreadable {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        #[source]
        source: serde_json::Error,
    },
    /// It is a plan of another format.
    #[error("the plan has the format {found:?}; this patchctl reads {PLAN_SCHEMA:?}")]
    OtherSchema {
        /// Its format.
        found: String,
    },
    /// It was changed after it was made.
    #[error("the seal is broken: the plan says {stated} and its content gives {computed}")]
    Broken {
        /// The digest in the plan.
        stated: Sha256,
        /// The digest of its content.
        computed: Sha256,
    },
}

/// Gives a plan its id.
pub fn sealed(mut plan: PatchPlan) -> PatchPlan {
    plan.id = digest(&plan);
    plan
}

/// The canonical form is the plan's own JSON without white space and with an empty id: the order of keys is the
/// order of the fields, which never depends on a hash map.
fn digest(plan: &PatchPlan) -> Sha256 {
    let blank = PatchPlan { id: Sha256::of(b""), ..plan.clone() };
    // A plan holds only strings, numbers and lists: it always has a JSON form.
    Sha256::of(&serde_json::to_vec(&blank).unwrap_or_default())
}

/// Writes a plan as people read JSON.
pub fn to_json(plan: &PatchPlan) -> String {
    let mut text = serde_json::to_string_pretty(plan).unwrap_or_default();
    text.push('\n');
    text
}

/// Reads a plan and checks its seal.
///
/// # Errors
/// It is no plan, of another format, or was changed.
pub fn open(bytes: &[u8]) -> Result<PatchPlan, SealError> {
    #[derive(serde::Deserialize)]
    struct Schema {
        schema: String,
    }
    let unreadable = |source: serde_json::Error| SealError::Unreadable {
        line: source.line(),
        column: source.column(),
        source,
    };
    let Schema { schema } = serde_json::from_slice(bytes).map_err(unreadable)?;
    if schema != PLAN_SCHEMA {
        return Err(SealError::OtherSchema { found: schema.chars().take(80).collect() });
    }
    let plan: PatchPlan = serde_json::from_slice(bytes).map_err(unreadable)?;
    let computed = digest(&plan);
    if computed != plan.id {
        return Err(SealError::Broken { stated: plan.id, computed });
    }
    Ok(plan)
}
