//! Which module streams the administrator enabled or disabled (Red Hat's modularity), as both generations of dnf record it.
//!
//! A record that cannot be read says nothing: it then cannot speak for packages without a label either.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::host::storage;
use crate::model::package::ModuleStream;

/// The folder of dnf 4, below a root: one INI file a module with `stream=` and `state=`.
const FOLDER: &str = "etc/dnf/modules.d";
/// The document of dnf 5 (libdnf5, `system/state.cpp`).
const DOCUMENT: &str = "usr/lib/sysimage/libdnf5/modules.toml";

/// What was decided about modules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::scan) struct ModuleStates {
    /// The streams that are enabled.
    pub(in crate::scan) enabled: Vec<ModuleStream>,
    /// The modules that are disabled: not even their default stream counts.
    pub(in crate::scan) disabled: Vec<String>,
}

/// Returns every file that [`ModuleStates::read`] reads.
pub(in crate::scan) fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = storage::list(&root.join(FOLDER)).unwrap_or_default();
    files.push(root.join(DOCUMENT));
    files
}

impl ModuleStates {
    /// Reads the records of a root.
    pub(in crate::scan) fn read(root: &Path) -> Self {
        let mut states = Self::default();
        for file in files(root) {
            let Ok(bytes) = storage::read_at_most(&file, 1 << 20) else { continue };
            let text = String::from_utf8_lossy(&bytes);
            match file.ends_with(DOCUMENT) {
                true => states.add_document(&text),
                false => states.add_file(&text),
            }
        }
        states
    }

    fn add_file(&mut self, text: &str) {
        for section in text.split('[').skip(1) {
            let Some((name, rest)) = section.split_once(']') else { continue };
            let value = |key: &str| {
                rest.lines()
                    .find_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix('='))
                    .map(str::trim)
            };
            self.add(name, value("stream").unwrap_or_default(), value("state").unwrap_or_default());
        }
    }

    fn add_document(&mut self, text: &str) {
        let Ok(document) = toml::from_str::<Document>(text) else { return };
        for (name, Module { state, enabled_stream }) in document.modules {
            self.add(&name, &enabled_stream, &state);
        }
    }

    fn add(&mut self, name: &str, stream: &str, state: &str) {
        match state.to_ascii_lowercase().as_str() {
            "enabled" | "1" if !stream.is_empty() => {
                self.enabled.push(ModuleStream { name: name.to_owned(), stream: stream.to_owned() });
            }
            "disabled" => self.disabled.push(name.to_owned()),
            _ => {}
        }
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    modules: BTreeMap<String, Module>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    state: String,
    #[serde(default)]
    enabled_stream: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enabled_and_disabled_modules_are_read_from_both_records() {
        let mut states = ModuleStates::default();
        states.add_file(
            "[nodejs]\nname=nodejs\nstream=18\nprofiles=\nstate=enabled\n\n[perl]\nname=perl\nstream=\nstate=disabled\n",
        );
        states.add_document(
            "version = \"1.0\"\n[modules]\nruby = {enabled_stream = \"3.1\", installed_profiles = [], state = \"Enabled\"}\n",
        );
        let enabled: Vec<String> =
            states.enabled.iter().map(|m| format!("{}:{}", m.name, m.stream)).collect();
        assert_eq!(enabled, ["nodejs:18", "ruby:3.1"]);
        assert_eq!(states.disabled, ["perl"]);
    }

    #[test]
    fn records_of_another_form_say_nothing() {
        let mut states = ModuleStates::default();
        states.add_file("[x\nstream=1");
        states.add_document("modules = 3");
        assert_eq!(states, ModuleStates::default());
    }
}
