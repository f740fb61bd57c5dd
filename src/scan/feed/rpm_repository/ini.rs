//! The INI files of dnf and zypp: sections with values, of which one may go on over several lines.

use std::path::Path;

use crate::host::storage;
use crate::model::wildcard;

/// Largest configuration file that is read; real ones have a few KiB.
const LARGEST: u64 = 1 << 20;

/// The values of one section.
pub(super) struct Section {
    pub(super) name: String,
    values: Vec<(String, String)>,
}

impl Section {
    /// A section that says nothing.
    pub(super) fn empty() -> Self {
        Self { name: String::new(), values: Vec::new() }
    }

    /// All sections of a name as one: where several give a value, the last one does.
    pub(super) fn joined(sections: Vec<Self>, name: &str) -> Self {
        let own = sections.into_iter().filter(|section| section.name == name);
        Self { name: name.to_owned(), values: own.flat_map(|section| section.values).collect() }
    }

    /// The same with what other sections say of it, whose names may have wildcards (dnf5.conf(5), overrides).
    pub(super) fn changed_by(mut self, changes: &[Self]) -> Self {
        let meant = changes
            .iter()
            .filter(|change| wildcard::matches(change.name.as_bytes(), self.name.as_bytes()))
            .flat_map(|change| change.values.iter().cloned());
        self.values.extend(meant.collect::<Vec<_>>());
        self
    }

    pub(super) fn value(&self, key: &str) -> Option<&str> {
        let found = self.values.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn is_true(&self, key: &str) -> Option<bool> {
        Some(matches!(self.value(key)?.to_ascii_lowercase().as_str(), "1" | "yes" | "true" | "on"))
    }

    /// A list of words, separated by blanks, commas or lines.
    pub(super) fn words(&self, keys: &[&str]) -> Vec<String> {
        let values = keys.iter().filter_map(|key| self.value(key));
        let words = values.flat_map(|value| value.split([' ', ',', '\n', '\t']));
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }
}

/// Reads the text of a file; one that is absent says nothing.
pub(super) fn text(path: &Path) -> String {
    let bytes = storage::read_at_most(path, LARGEST).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads an INI file as dnf and zypp do: `#` and `;` begin comments, an indented line goes on with the value before it.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for line in text.lines() {
        let is_continued = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            found.push(Section { name: name.trim().to_owned(), values: Vec::new() });
            continue;
        }
        let Some(section) = found.last_mut() else { continue };
        match (is_continued, section.values.last_mut(), line.split_once('=')) {
            (true, Some((_, value)), _) => value.push_str(&format!("\n{line}")),
            (_, _, Some((key, value))) => {
                section.values.push((key.trim().to_owned(), value.trim().to_owned()))
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_values_and_continued_lines_are_read() {
        let found = sections(
            "# x\n[main]\ngpgcheck = True\n[a]\nbaseurl=https://m.example.org/a\n  https://n\n;b=c\nenabled=0\n",
        );
        assert_eq!(found[0].is_true("gpgcheck"), Some(true));
        assert_eq!(found[1].words(&["baseurl"]), ["https://m.example.org/a", "https://n"]);
        assert_eq!(found[1].is_true("enabled"), Some(false));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(\\[a\\]|=|b=c| |\n|#|\\PC){0,30}") {
            let _ = sections(&text);
        }
    }
}
