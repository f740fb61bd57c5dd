//! Where each key of a configuration file stands: what is refused or decided names its file and line.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::rule::RulePlace;

/// The lines of keys, by the key with its tables: `policy.due.high`; tables of a list are numbered: `policy.window[0]`,
/// `policy.window[0].start`.
pub type Lines = BTreeMap<String, u32>;

/// Where keys were written last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<String, RulePlace>);

impl Origins {
    /// Adds a file that comes after the ones before: its keys win, and its lists replace earlier ones.
    pub fn add(&mut self, file: &Path, lines: &Lines) {
        for key in lines.keys() {
            let list = key.split('[').next().unwrap_or(key);
            self.0.retain(|known, _| !known.strip_prefix(list).is_some_and(|rest| rest.starts_with('[')));
        }
        for (key, line) in lines {
            let place = RulePlace { key: key.clone(), file: file.display().to_string(), line: *line };
            self.0.insert(key.clone(), place);
        }
    }

    /// Returns where a key was written; nothing where no file says it.
    pub fn of(&self, key: &str) -> Option<&RulePlace> {
        self.0.get(key)
    }

    /// Returns where the table number `at` of a list was written.
    pub fn of_item(&self, list: &str, at: usize) -> RulePlace {
        self.of(&format!("{list}[{at}]")).cloned().unwrap_or_default()
    }

    /// Returns all of it.
    pub fn into_places(self) -> BTreeMap<String, RulePlace> {
        self.0
    }
}

/// Reads the lines of all keys; a text that is no TOML has none.
pub fn lines(text: &str) -> Lines {
    let mut found = Lines::new();
    if let Ok(table) = DeTable::parse(text) {
        let starts: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        let line =
            |at: usize| u32::try_from(starts.partition_point(|start| *start <= at) + 1).unwrap_or(u32::MAX);
        collect("", table.get_ref(), &line, &mut found);
    }
    found
}

fn collect(prefix: &str, table: &DeTable<'_>, line: &dyn Fn(usize) -> u32, found: &mut Lines) {
    for (key, value) in table {
        let name = match prefix {
            "" => key.get_ref().to_string(),
            _ => format!("{prefix}.{}", key.get_ref()),
        };
        match value.get_ref() {
            DeValue::Table(inner) => collect(&name, inner, line, found),
            DeValue::Array(items) if items.iter().any(is_table) => {
                for (at, item) in items.iter().enumerate() {
                    let name = format!("{name}[{at}]");
                    if let DeValue::Table(inner) = item.get_ref() {
                        collect(&name, inner, line, found);
                    }
                    found.insert(name, line(item.span().start));
                }
            }
            _ => _ = found.insert(name, line(key.span().start)),
        }
    }
}

fn is_table(value: &Spanned<DeValue<'_>>) -> bool {
    matches!(value.get_ref(), DeValue::Table(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_line_and_later_lists_replace() {
        let text = "[policy]\nremovals = \"allow\"\n\n[policy.due]\nhigh = \"3d\"\n\n[[policy.window]]\nstart = \"02:00\"\n\n[[policy.window]]\nstart = \"03:00\"\n";
        let found = lines(text);
        let expected = [
            ("policy.due.high", 5),
            ("policy.removals", 2),
            ("policy.window[0]", 7),
            ("policy.window[0].start", 8),
            ("policy.window[1]", 10),
            ("policy.window[1].start", 11),
        ];
        assert_eq!(found, expected.into_iter().map(|(key, line)| (key.to_owned(), line)).collect());
        let mut origins = Origins::default();
        origins.add(Path::new("a.toml"), &found);
        origins.add(Path::new("b.toml"), &lines("[[policy.window]]\nstart = \"04:00\"\n"));
        assert_eq!(
            origins.of("policy.window[0]").map(ToString::to_string),
            Some("b.toml, line 1".to_owned())
        );
        assert_eq!((origins.of("policy.window[1]"), origins.of("policy.window[1].start")), (None, None));
        assert_eq!(origins.of("policy.removals").map(ToString::to_string), Some("a.toml, line 2".to_owned()));
    }
}
