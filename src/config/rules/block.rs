//! A block as written.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Day, Id, Name, Sentence, name_of, place_of};
use crate::config::error::ConfigurationError;
use crate::config::{document, origins};
use crate::model::rule::{Block, BlockSubject, Until};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AsWritten {
    package: Option<Name>,
    version: Option<Id>,
    advisory: Option<Id>,
    until: UntilAsWritten,
    reason: Sentence,
    owner: Sentence,
    review: Option<Day>,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct UntilAsWritten(Until);

impl TryFrom<String> for UntilAsWritten {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "newer" {
            return Ok(Self(Until::Newer));
        }
        let day =
            text.parse().map_err(|_| format!("{text:?} is neither newer nor a day such as 2026-12-24"))?;
        Ok(Self(Until::Date(day)))
    }
}

/// Reads the file of a block.
///
/// # Errors
/// It is no TOML, lacks a key, has an unknown one, or a value means nothing.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Block, ConfigurationError> {
    let text = document::text(path, bytes)?;
    let AsWritten { package, version, advisory, until, reason, owner, review } = document::read(path, text)?;
    let lines = origins::lines(text);
    let refused = |key: &'static str, reason: &str| {
        ConfigurationError::invalid(Some(&place_of(path, &lines, key)), key, reason.to_owned())
    };
    let (subject, key) = match (package, version, advisory) {
        (Some(name), version, None) => {
            (BlockSubject::Package { name: name.0, version: version.map(|id| id.0) }, "package")
        }
        (None, None, Some(id)) => (BlockSubject::Advisory(id.0), "advisory"),
        (None, Some(_), Some(_)) => return Err(refused("version", "an advisory has no version")),
        _ => return Err(refused("package", "a block is about either a package or an advisory")),
    };
    let has_version = matches!(&subject, BlockSubject::Package { version: Some(_), .. });
    if until.0 == Until::Newer && !has_version {
        return Err(refused("until", "newer than which version? Name it, or give a day"));
    }
    Ok(Block {
        name: name_of(path),
        subject,
        until: until.0,
        reason: reason.0,
        owner: owner.0,
        review: review.map(|day| day.0),
        place: place_of(path, &lines, key),
    })
}

#[derive(Serialize)]
struct ToWrite<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advisory: Option<&'a str>,
    until: String,
    reason: &'a str,
    owner: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<String>,
}

/// Writes a block as [`parse`] reads it.
pub fn text(block: &Block) -> String {
    let (package, version, advisory) = match &block.subject {
        BlockSubject::Package { name, version } => (Some(name.as_str()), version.as_deref(), None),
        BlockSubject::Advisory(id) => (None, None, Some(id.as_str())),
    };
    let until = match block.until {
        Until::Newer => "newer".to_owned(),
        Until::Date(day) => day.to_string(),
    };
    let written = ToWrite {
        package,
        version,
        advisory,
        until,
        reason: &block.reason,
        owner: &block.owner,
        review: block.review.map(|day| day.to_string()),
    };
    // Texts alone always have a TOML form.
    toml::to_string(&written).unwrap_or_default()
}
