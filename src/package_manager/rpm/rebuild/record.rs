//! What rpm recorded of an installed build, asked of rpm itself: whatever its database is made of, its answer is the same.

use std::collections::HashMap;
use std::path::Path;

use super::super::RPM;
use super::RebuildError;
use crate::host::runner::{self, CommandSpec};
use crate::model::digest::Sha256;

/// What every header begins with in an archive, and in its digest (rpm, `docs/manual/format_header.md`).
pub(super) const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];

/// A line for each value. rpm writes bytes in hexadecimal digits, and `(none)` for what is not there.
const FORMAT: &str = "=%{NAME}.%{ARCH}\\n%{HEADERIMMUTABLE}\\n%{SHA256HEADER}\\n%{SHA1HEADER}\\n%{SIGMD5}\\n\
    %{RSAHEADER}\\n%{DSAHEADER}\\n";

/// The record of an installed build.
pub(super) struct Record {
    /// The header as its archive had it, without [`MAGIC`].
    pub(super) header: Vec<u8>,
    /// Digests of the header, as text.
    pub(super) sha256: String,
    pub(super) sha1: Option<String>,
    /// The digest of header and payload, which names the vendor's archive.
    pub(super) md5: Option<Vec<u8>>,
    /// The vendor's signatures of the header.
    pub(super) rsa: Option<Vec<u8>>,
    pub(super) dsa: Option<Vec<u8>>,
}

/// Asks rpm for the records of some builds, each named as a query names it; returns them by `NAME.ARCH`. What is not
/// installed is absent.
///
/// # Errors
/// rpm cannot be started.
pub(super) fn read(root: &Path, builds: &[String]) -> Result<HashMap<String, Record>, RebuildError> {
    let spec = CommandSpec::new(RPM).arg("--root").arg(root.display().to_string());
    let spec = spec.args(["-q", "--queryformat", FORMAT, "--"]).args(builds);
    let output = runner::run(&spec).map_err(|source| RebuildError::Ask { source })?;
    let text = output.text();
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| line.starts_with('='));
    Ok(starts.filter_map(|(at, name)| Some((name[1..].to_owned(), parse(&lines[at + 1..])?))).collect())
}

fn parse(lines: &[&str]) -> Option<Record> {
    let given = |at: usize| lines.get(at).filter(|value| **value != "(none)");
    let bytes = |at: usize| given(at).and_then(|digits| from_hexadecimal(digits));
    Some(Record {
        header: bytes(0)?,
        sha256: (*given(1)?).to_owned(),
        sha1: given(2).map(|text| (*text).to_owned()),
        md5: bytes(3),
        rsa: bytes(4),
        dsa: bytes(5),
    })
}

impl Record {
    /// Tells whether the header is the one whose digest rpm checked when it installed the build.
    pub(super) fn is_whole(&self) -> bool {
        Sha256::of_parts([&MAGIC[..], &self.header]).to_string() == self.sha256
    }
}

fn from_hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_from_what_is() {
        let lines = ["00ff", "12ab", "(none)", "beef", "(none)", "(none)"];
        let record = parse(&lines).expect("a record");
        assert_eq!((record.header, record.md5), (vec![0, 255], Some(vec![0xbe, 0xef])));
        assert!(record.sha1.is_none() && record.rsa.is_none());
        assert!(parse(&["(none)", "12"]).is_none() && parse(&["0g", "12"]).is_none());
        assert!(parse(&["00f", "12"]).is_none() && parse(&["00", "(none)"]).is_none());
    }
}
