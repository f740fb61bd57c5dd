//! `report diff` and `report merge`: two reports side by side, and those of many hosts together.

use std::path::Path;

use super::context::Context;
use super::records::{self, Keeper};
use super::request::ReportSubject;
use crate::host::storage;
use crate::model::failure::{Failure, FailureKind};
use crate::report::comparison::{ReportDifference, compare};
use crate::report::fleet::{Fleet, Gathering};

/// Compares two reports.
///
/// # Errors
/// One of them cannot be read.
pub fn diff(
    context: &Context<'_>,
    before: &ReportSubject,
    after: &ReportSubject,
) -> Result<ReportDifference, Failure> {
    let (before, after) = (super::report::stored(context, before)?, super::report::stored(context, after)?);
    Ok(compare(&before, &after, context.now()))
}

/// Puts the reports of a folder together, one file at a time. A file that is no report is named in the result: the rest
/// is still true, and its host is not shown as well.
///
/// # Errors
/// The folder cannot be read, or holds no report at all.
pub fn merge(context: &Context<'_>, folder: &Path) -> Result<Fleet, Failure> {
    let unreadable =
        || Failure::new(FailureKind::Usage, format!("cannot read the folder {}", folder.display()));
    if !storage::exists(folder) {
        return Err(unreadable().hint("give the folder that holds one report a host, such as web-01.json"));
    }
    let files = storage::list(folder).map_err(|error| unreadable().caused_by(error))?;
    let mut gathering = Gathering::default();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "json")) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        match records::load_from(file, Keeper::Caller) {
            Ok(report) => gathering.add(&name, &report),
            Err(failure) => {
                let told = records::error_of(&failure).message;
                let path = format!("{}: ", file.display());
                gathering.refuse(&name, told.strip_prefix(&path).unwrap_or(&told).to_owned());
            }
        }
    }
    let fleet = gathering.fleet(context.now());
    match (fleet.hosts.first(), fleet.unreadable.first()) {
        (Some(_), _) => Ok(fleet),
        (None, Some(first)) => Err(Failure::new(
            FailureKind::Usage,
            format!("{}: no file here is a report of a host", folder.display()),
        )
        .hint(format!("{}: {}", first.file, first.reason))),
        (None, None) => Err(Failure::new(
            FailureKind::Usage,
            format!("{} holds no file that ends in .json", folder.display()),
        )),
    }
}
