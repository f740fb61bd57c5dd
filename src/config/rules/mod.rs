//! Rules in files of their own, one concern a file: `blocks.d/*.toml` and `waivers.d/*.toml`.

mod block;
mod waiver;

use std::path::Path;

use serde::{Deserialize, Deserializer};

pub use block::{parse as parse_block, text as block_text};
pub use waiver::{parse as parse_waiver, text as waiver_text};

use super::error::ConfigurationError;
use super::layout::Layout;
use super::load;
use super::policy::fragment;
use crate::model::rule::{Block, RulePlace, Waiver};

/// The rules of all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Blocks, by the names of their files.
    pub blocks: Vec<Block>,
    /// Waivers, by the names of their files.
    pub waivers: Vec<Waiver>,
}

/// Reads `blocks.d` and `waivers.d`; `user` is who patchctl runs as, as for [`load::load`].
///
/// # Errors
/// A file cannot be read, is unsafe or malformed, or says what means nothing.
pub fn load(layout: &Layout, user: u32) -> Result<Written, ConfigurationError> {
    Ok(Written {
        blocks: each(&layout.blocks(), user, block::parse)?,
        waivers: each(&layout.waivers(), user, waiver::parse)?,
    })
}

fn each<T>(
    folder: &Path,
    user: u32,
    parse: fn(&Path, &[u8]) -> Result<T, ConfigurationError>,
) -> Result<Vec<T>, ConfigurationError> {
    let files = load::drop_ins(folder)?;
    files.iter().map(|path| parse(path, &load::trusted(path, user)?)).collect()
}

/// The name of a rule is that of its file.
fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// Where a rule stands: the line of the key that says what it is about.
fn place_of(path: &Path, lines: &super::origins::Lines, key: &str) -> RulePlace {
    let line = lines.get(key).copied().unwrap_or(1);
    RulePlace { key: key.to_owned(), file: path.display().to_string(), line }
}

/// A day as written, such as `"2026-12-24"`.
struct Day(chrono::NaiveDate);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        fragment::day("the day", &text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A sentence or a name that people have to understand later.
struct Sentence(String);

impl<'de> Deserialize<'de> for Sentence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        fragment::sentence("the text", &text).map_err(serde::de::Error::custom)?;
        Ok(Self(text))
    }
}

/// The name of a package as written.
struct Name(crate::model::package::PackageName);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name {
            return Err(serde::de::Error::custom(format!("{text:?} is not the name of a package")));
        }
        Ok(Self(crate::model::package::PackageName::from(text.as_str())))
    }
}

/// An identifier as written: printable, without blanks.
struct Id(String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || text.len() > 200 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(serde::de::Error::custom(format!("{text:?} is not an identifier")));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "package = \"openssl\"\nversion = \"3.0.22-1\"\nuntil = \"newer\"\nreason = \"breaks nginx\"\nowner = \"anna\"\n";
    const WAIVER: &str = "advisory = \"CVE-2026-1\"\nkind = \"mitigated\"\nreason = \"no route to it\"\napproved_by = \"bert\"\nexpires = \"2027-01-31\"\n";

    #[test]
    fn what_is_written_is_read_back() {
        let path = Path::new("/etc/patchctl/blocks.d/openssl.toml");
        let block = parse_block(path, BLOCK.as_bytes()).expect("valid");
        assert_eq!((block.name.as_str(), block.place.line), ("openssl", 1));
        assert_eq!(parse_block(path, block_text(&block).as_bytes()).expect("valid").subject, block.subject);
        let waiver = parse_waiver(path, WAIVER.as_bytes()).expect("valid");
        assert_eq!(parse_waiver(path, waiver_text(&waiver).as_bytes()).expect("valid"), waiver);
    }

    #[test]
    fn what_a_rule_lacks_or_does_not_mean_is_told_with_its_line() {
        let path = Path::new("b.toml");
        let block = |from: &str, to: &str| {
            parse_block(path, BLOCK.replace(from, to).as_bytes()).expect_err(to).to_string()
        };
        let waiver = |from: &str, to: &str| {
            parse_waiver(path, WAIVER.replace(from, to).as_bytes()).expect_err(to).to_string()
        };
        for (told, place, reason) in [
            (block("until = \"newer\"\n", ""), "line 1", "missing field `until`"),
            (block("\"newer\"", "\"soon\""), "line 3", "\"soon\" is neither newer nor a day"),
            (block("version = \"3.0.22-1\"\n", ""), "line 2", "newer than which version"),
            (block("\"breaks nginx\"", "\" \""), "line 4", "empty"),
            (block("owner", "ownr"), "line 5", "unknown field `ownr`"),
            (block("package = \"openssl\"", "package = \"a b\""), "line 1", "not the name of a package"),
            (block("package = \"openssl\"\n", ""), "line 1", "either a package or an advisory"),
            (waiver("expires = \"2027-01-31\"\n", ""), "line 1", "missing field `expires`"),
            (waiver("reason = \"no route to it\"\n", ""), "line 1", "missing field `reason`"),
            (waiver("2027-01-31", "2027-02-31"), "line 5", "is not a day"),
            (waiver("mitigated", "fine"), "line 2", "\"fine\" is none of the words \""),
            (waiver("advisory = \"CVE-2026-1\"\n", ""), "line 1", "a finding, an advisory or a package"),
        ] {
            assert!(told.starts_with("b.toml, ") && told.contains(place), "{told}\nlacks {place}");
            assert!(told.contains(reason), "{told}\nlacks {reason}");
        }
    }
}
