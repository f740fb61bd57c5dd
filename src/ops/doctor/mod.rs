//! `doctor`: every precondition of a run, looked at once and judged.

mod facts;
mod host;
mod own;
mod packages;
pub mod rivals;

use super::context::Context;
use super::survey;
use crate::model::failure::Failure;
use crate::report::doctor::{DOCTOR_SCHEMA, DoctorDocument};
use crate::report::documents::Identity;

/// Looks at every precondition. Changes nothing and asks no network.
///
/// # Errors
/// The root cannot be judged at all: its distribution or its package database cannot be read.
pub fn doctor(context: &Context<'_>) -> Result<DoctorDocument, Failure> {
    let inventory = survey::inventory(context)?;
    let facts = facts::read(context, &inventory);
    let preconditions =
        packages::judge(&facts).into_iter().chain(host::judge(&facts)).chain(own::judge(&facts));
    Ok(DoctorDocument {
        identity: Identity::of(DOCTOR_SCHEMA, context.now()),
        host: context.report_host(&inventory),
        preconditions: preconditions.collect(),
    })
}
