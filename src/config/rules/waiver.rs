//! A waiver as written.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Day, Id, Name, Sentence, name_of, place_of};
use crate::config::error::ConfigurationError;
use crate::config::{document, origins};
use crate::model::rule::{Waiver, WaiverKind, WaiverScope};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsWritten {
    finding: Option<Id>,
    advisory: Option<Id>,
    package: Option<Name>,
    kind: WaiverKind,
    reason: Sentence,
    approved_by: Sentence,
    expires: Day,
}

/// Reads the file of a waiver.
///
/// # Errors
/// It is no TOML, lacks a key, has an unknown one, or a value means nothing. One that has expired is read: its findings
/// count again, and that is told.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Waiver, ConfigurationError> {
    let text = document::text(path, bytes)?;
    let AsWritten { finding, advisory, package, kind, reason, approved_by, expires } =
        document::read(path, text)?;
    let lines = origins::lines(text);
    let scope = WaiverScope {
        finding: finding.map(|id| id.0),
        advisory: advisory.map(|id| id.0),
        package: package.map(|name| name.0),
    };
    let key = match &scope {
        WaiverScope { finding: Some(_), .. } => "finding",
        WaiverScope { advisory: Some(_), .. } => "advisory",
        _ => "package",
    };
    let place = place_of(path, &lines, key);
    if scope == WaiverScope::default() {
        let reason = "a waiver is about a finding, an advisory or a package";
        return Err(ConfigurationError::invalid(Some(&place), "package", reason.to_owned()));
    }
    Ok(Waiver {
        name: name_of(path),
        kind,
        scope,
        reason: reason.0,
        approved_by: approved_by.0,
        expires: expires.0,
        place,
    })
}

#[derive(Serialize)]
struct ToWrite<'a> {
    #[serde(flatten)]
    scope: &'a WaiverScope,
    kind: WaiverKind,
    reason: &'a str,
    approved_by: &'a str,
    expires: String,
}

/// Writes a waiver as [`parse`] reads it.
pub fn text(waiver: &Waiver) -> String {
    let Waiver { scope, kind, reason, approved_by, expires, .. } = waiver;
    let written = ToWrite { scope, kind: *kind, reason, approved_by, expires: expires.to_string() };
    // Texts alone always have a TOML form.
    toml::to_string(&written).unwrap_or_default()
}
