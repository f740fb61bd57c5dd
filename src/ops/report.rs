//! `report`: a stored report, to be written in another form.

use std::path::Path;

use super::context::Context;
use super::records::{self, Keeper};
use super::request::{ReportRequest, ReportSubject};
use crate::host::storage;
use crate::model::failure::{Failure, FailureKind};
use crate::report::schema::Report;

/// Reads the report that is asked for.
///
/// # Errors
/// There is none, or it cannot be read: it is damaged, of another version, or no report.
pub fn report(context: &Context<'_>, request: &ReportRequest) -> Result<Report, Failure> {
    match &request.subject {
        ReportSubject::Latest => latest(context),
        ReportSubject::Run(run) => {
            let folder = context.layout.run(*run);
            if !storage::exists(folder.path()) {
                return Err(Failure::new(FailureKind::Usage, format!("there is no run {run}"))
                    .hint("patchctl history lists the runs"));
            }
            records::load(&folder.report())
        }
        ReportSubject::File(path) => records::load_from(path, Keeper::Caller),
    }
}

fn latest(context: &Context<'_>) -> Result<Report, Failure> {
    let path = context.layout.latest_report();
    if !is_there(&path) {
        return Err(Failure::new(FailureKind::Usage, "this host has no report yet")
            .hint("patchctl scan makes one; patchctl report FILE reads one from elsewhere"));
    }
    records::load(&path)
}

/// A link that leads nowhere is there: what it led to was taken away.
fn is_there(path: &Path) -> bool {
    storage::link_target(path).is_ok() || storage::exists(path)
}
