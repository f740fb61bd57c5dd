//! Reads what zypper says in XML (`--xmlout`; zypper(8), and `/usr/share/zypper/xml/xmlout.rng` where it is installed).
//!
//! A transaction comes as `<install-summary>` with one list for each fate of packages; everything else comes as messages
//! for people, and as prompts that nobody answers.

use std::collections::HashMap;
use std::path::PathBuf;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, escape};

use super::super::PackageManagerError;
use crate::model::distro::PackageFamily;
use crate::model::package::{Architecture, PackageName};
use crate::model::plan::{Operation, OperationKind, Resolution};
use crate::model::version::Version;

/// What one call of zypper answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// What it would do, where it came so far.
    pub(super) resolution: Option<Resolution>,
    /// The packages whose builder would be another one.
    pub(super) vendors_changed: Vec<PackageName>,
    /// The complaints, in order.
    pub(super) complaints: Vec<String>,
    /// What the solver cannot have, and other news for people.
    pub(super) news: Vec<String>,
    /// What it would ask a person.
    pub(super) questions: Vec<String>,
    /// The archives that it downloaded.
    pub(super) downloaded: Vec<PathBuf>,
}

/// The lists that say nothing of versions by themselves: a change of builder or architecture is in another list too.
const BESIDE: [&str; 1] = ["to-change-vendor"];

/// Reads a whole answer.
///
/// # Errors
/// It is no XML, breaks off, or lists a package in a form, or for a fate, that is not known.
pub(super) fn parse(text: &str) -> Result<Answer, PackageManagerError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut reading = Reading::default();
    loop {
        let event = reader.read_event().map_err(|error| unreadable(&error.to_string()))?;
        match event {
            Event::Start(start) => reading.open(&start)?,
            Event::End(_) => reading.close(),
            Event::Text(text) => reading.words.push_str(&text),
            Event::GeneralRef(name) => {
                let name = format!("&{};", name.into_inner());
                reading.words.push_str(&escape::unescape(&name).map_err(|_| unreadable(&name))?);
            }
            Event::DocType(_) => return Err(unreadable("a document type")),
            Event::Eof if reading.within.is_empty() => return Ok(reading.answer),
            Event::Eof => return Err(unreadable("it breaks off")),
            _ => {}
        }
    }
}

fn unreadable(line: &str) -> PackageManagerError {
    PackageManagerError::Unreadable { tool: "zypper", line: line.chars().take(200).collect() }
}

#[derive(Default)]
struct Reading {
    /// The elements that are open, outermost first, each with its `type`.
    within: Vec<(String, String)>,
    /// The text since the last element began or ended.
    words: String,
    answer: Answer,
}

impl Reading {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), PackageManagerError> {
        let name = start.name().into_inner().to_owned();
        let values = attributes(start)?;
        match (name.as_str(), self.within.last().map(|(name, _)| name.as_str())) {
            ("install-summary", _) => self.answer.resolution = Some(Resolution::default()),
            ("solvable", Some(list)) if list.starts_with("to-") => {
                let list = list.to_owned();
                self.solvable(&list, &values)?;
            }
            ("localfile", _) => {
                self.answer.downloaded.extend(values.get("path").map(PathBuf::from));
            }
            _ => {}
        }
        self.words.clear();
        self.within.push((name, values.get("type").cloned().unwrap_or_default()));
        Ok(())
    }

    fn close(&mut self) {
        let words = std::mem::take(&mut self.words).trim().to_owned();
        let Some((name, kind)) = self.within.pop() else { return };
        let is_of_prompt = self.within.last().is_some_and(|(outer, _)| outer == "prompt");
        let told = match (name.as_str(), kind.as_str()) {
            ("message", "error") => &mut self.answer.complaints,
            ("message", _) => &mut self.answer.news,
            ("description" | "text", _) if is_of_prompt => &mut self.answer.questions,
            _ => return,
        };
        told.extend(Some(words).filter(|words| !words.is_empty()));
    }

    /// Takes in one package of a list. Patterns, products and patches are made of packages, which are listed themselves.
    fn solvable(&mut self, list: &str, values: &HashMap<String, String>) -> Result<(), PackageManagerError> {
        let value = |key: &str| values.get(key).map(String::as_str).unwrap_or_default();
        if value("type") != "package" {
            return Ok(());
        }
        let (name, architecture) = (value("name"), value("arch"));
        let refused = || unreadable(&format!("{list}: {name} {} {architecture}", value("edition")));
        let is_architecture = !architecture.is_empty()
            && architecture.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !PackageFamily::Rpm.is_package_name(name) || !is_architecture {
            return Err(refused());
        }
        if BESIDE.contains(&list) {
            self.answer.vendors_changed.push(PackageName::from(name));
            return Ok(());
        }
        let version = |key: &str| match value(key) {
            "" => Ok(None),
            text => Version::rpm(text).map(Some).map_err(|_| refused()),
        };
        let edition = Some(version("edition")?.ok_or_else(refused)?);
        let (kind, from, to) = match list {
            "to-upgrade" | "to-downgrade" | "to-change-arch" => {
                (OperationKind::Unpack, version("edition-old")?, edition)
            }
            "to-install" => (OperationKind::Add, None, edition),
            "to-remove" => (OperationKind::Remove, edition, None),
            // A package that is installed again in its own version changes nothing that a plan speaks of.
            "to-reinstall" => return Ok(()),
            _ => return Err(refused()),
        };
        let (name, architecture) = (PackageName::from(name), Architecture::from(architecture));
        let operation = Operation { kind, name, architecture, from, to, origin: String::new() };
        let operations = &mut self.answer.resolution.get_or_insert_default().operations;
        if !operations.contains(&operation) {
            operations.push(operation);
        }
        Ok(())
    }
}

fn attributes(start: &BytesStart<'_>) -> Result<HashMap<String, String>, PackageManagerError> {
    let mut values = HashMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| unreadable(&error.to_string()))?;
        let value = escape::unescape(&attribute.value).map_err(|error| unreadable(&error.to_string()))?;
        values.insert(attribute.key.into_inner().to_owned(), value.into_owned());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// zypper 1.14.42, `install --dry-run`.
    const SAID: &str = r#"<?xml version='1.0'?>
<stream>
<message type="info">Loading repository data...</message>
<install-summary download-size="43269" space-usage-diff="11" packages-to-change="8">
<to-upgrade>
<solvable type="package" name="bind" edition="1:2.0-1" arch="noarch" edition-old="9.0-1" arch-old="noarch" summary="a">
<description>a</description></solvable>
</to-upgrade>
<to-downgrade>
<solvable type="package" name="older" edition="1.0-1" arch="noarch" edition-old="2.0-1" arch-old="noarch" summary="a"/>
</to-downgrade>
<to-install>
<solvable type="package" name="extra" edition="1.0-1" arch="x86_64" summary="a &amp; b"/>
<solvable type="patch" name="openSUSE-2026-4" edition="1" arch="noarch" summary="upd update"/>
</to-install>
<to-remove>
<solvable type="package" name="former" edition="1.0-1" arch="noarch" summary="a"/>
</to-remove>
<to-change-vendor>
<solvable type="package" name="bind" edition="1:2.0-1" arch="noarch" edition-old="9.0-1" arch-old="noarch" summary="a"/>
</to-change-vendor>
</install-summary>
<prompt id="0">
<text>Continue?</text>
<option default="1" value="y" desc="Yes"/>
</prompt>
<message type="error">No provider of &apos;nosuch=1&apos; found.</message>
<download-result><localfile path="/dl/updates/epo-1.0-1.noarch.rpm"/></download-result>
</stream>
"#;

    #[test]
    fn every_package_becomes_a_change_with_its_old_version() {
        let answer = parse(SAID).expect("readable");
        let resolution = answer.resolution.expect("there is a summary");
        assert_eq!(
            resolution.told(),
            [
                "Unpack bind:noarch 9.0-1 1:2.0-1",
                "Unpack older:noarch 2.0-1 1.0-1",
                "Add extra:x86_64 - 1.0-1",
                "Remove former:noarch 1.0-1 -",
            ]
        );
        assert_eq!(answer.vendors_changed, [PackageName::from("bind")]);
        assert_eq!(answer.complaints, ["No provider of 'nosuch=1' found."]);
        assert_eq!(answer.questions, ["Continue?"]);
        assert_eq!(answer.downloaded, [PathBuf::from("/dl/updates/epo-1.0-1.noarch.rpm")]);
    }

    #[test]
    fn what_is_cut_or_of_another_form_is_refused_not_skipped() {
        for broken in [
            SAID.replace("</stream>", ""),
            SAID.replace("name=\"extra\"", "name=\"-rf\""),
            SAID.replace("\"x86_64\"", "\"\""),
            SAID.replace("edition=\"1.0-1\" arch=\"x86_64\"", "edition=\"\" arch=\"x86_64\""),
            SAID.replace("to-downgrade", "to-bless"),
        ] {
            assert!(parse(&broken).is_err(), "{broken}");
        }
        assert!(parse("<stream></stream>").is_ok_and(|answer| answer.resolution.is_none()));
    }

    proptest::proptest! {
        #[test]
        fn no_damage_panics(at in 0..SAID.len(), byte: u8) {
            let mut bytes = SAID.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = parse(&String::from_utf8_lossy(&bytes));
        }
    }
}
