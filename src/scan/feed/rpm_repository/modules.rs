//! modules.yaml: which builds of a repository belong to which stream of a module, and which stream is the default
//! (modulemd, "Modulemd version 2" and "Modulemd-defaults version 1", as libmodulemd and createrepo write them).
//!
//! Of YAML, only what those tools write is read: blocks by indentation, plain and quoted scalars. Everything that is not
//! asked for (summaries, licences, profiles, dependencies) is passed over by its indentation.

use std::collections::{HashMap, HashSet};

use super::configuration::Named;
use crate::scan::dnf_modules::ModuleStates;
use crate::scan::feed::FeedError;

const NAME: &str = "modules.yaml";
/// Most builds that are read; AppStream of Red Hat 8 lists some 40,000.
const MOST_BUILDS: usize = 1_000_000;

/// The modules of all repositories of a host.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// `name-epoch:version-release.architecture` to the streams that list it, as `module:stream`.
    builds: HashMap<String, Vec<usize>>,
    streams: Vec<(String, String)>,
    defaults: HashMap<String, String>,
}

/// What a host has of all those modules.
#[derive(Debug, Default)]
pub(super) struct ActiveModules {
    modules: Modules,
    active: HashSet<usize>,
    /// Names of packages that active streams bring: theirs count, and no others of the name.
    names: HashSet<String>,
}

/// How a build stands to the modules of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It belongs to a stream that is enabled, or to a default one.
    Active,
    /// It belongs to other streams, or an active stream brings a package of its name: dnf does not see it.
    Hidden,
    /// No module speaks of it.
    Plain,
}

impl Modules {
    /// Adds what one repository lists.
    ///
    /// # Errors
    /// It is no such file; the text names the line and the field.
    pub(super) fn add(&mut self, content: &[u8]) -> Result<(), FeedError> {
        let text = std::str::from_utf8(content)
            .map_err(|error| malformed(1 + count_lines(&content[..error.valid_up_to()]), "not UTF-8"))?;
        let mut reader = Reader::default();
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(document) = reader.take(number, line)? {
                self.keep(document)?;
            }
        }
        self.keep(reader.document)
    }

    fn keep(&mut self, document: Document) -> Result<(), FeedError> {
        let missing =
            |field: &str| malformed(document.line, &format!("the document that begins here has no {field}"));
        match document.kind.as_deref() {
            None if document.is_empty => {}
            None => return Err(missing("document type")),
            Some("modulemd") => {
                let name = document.name.ok_or_else(|| missing("data.name"))?;
                let stream = document.stream.ok_or_else(|| missing("data.stream"))?;
                self.streams.push((name, stream));
                for build in document.builds {
                    self.builds.entry(build).or_default().push(self.streams.len() - 1);
                }
                if self.builds.len() > MOST_BUILDS {
                    return Err(malformed(document.line, &format!("more than {MOST_BUILDS} builds")));
                }
            }
            Some("modulemd-defaults") => {
                let module = document.module.ok_or_else(|| missing("data.module"))?;
                // A module may have default profiles and no default stream.
                document.stream.map(|stream| self.defaults.insert(module, stream));
            }
            // Translations, obsoletes and packagers' own documents change nothing here.
            Some(_) => {}
        }
        Ok(())
    }

    /// Says which streams count on a host: the enabled one of a module, or its default one unless it is disabled.
    pub(super) fn on_host(self, states: &ModuleStates) -> ActiveModules {
        let is_active = |(name, stream): &(String, String)| {
            let enabled = states.enabled.iter().find(|module| module.name == *name);
            match enabled {
                Some(enabled) => enabled.stream == *stream,
                None => !states.disabled.contains(name) && self.defaults.get(name) == Some(stream),
            }
        };
        let active: HashSet<usize> =
            (0..self.streams.len()).filter(|index| is_active(&self.streams[*index])).collect();
        let of_active = self.builds.iter().filter(|(_, streams)| streams.iter().any(|s| active.contains(s)));
        let names = of_active.filter_map(|(build, _)| name_of(build)).map(str::to_owned).collect();
        ActiveModules { modules: self, active, names }
    }
}

impl ActiveModules {
    /// Tells how a build stands to them.
    pub(super) fn standing(&self, build: Named<'_>) -> Standing {
        if self.modules.builds.is_empty() {
            return Standing::Plain;
        }
        let Named { name, architecture, version } = build;
        let epoch = if version.contains(':') { "" } else { "0:" };
        let streams = self.modules.builds.get(&format!("{name}-{epoch}{version}.{architecture}"));
        match streams {
            Some(streams) if streams.iter().any(|stream| self.active.contains(stream)) => Standing::Active,
            Some(_) => Standing::Hidden,
            None if self.names.contains(name) => Standing::Hidden,
            None => Standing::Plain,
        }
    }
}

/// The name of `name-epoch:version-release.architecture`.
fn name_of(build: &str) -> Option<&str> {
    let mut parts = build.rsplitn(3, '-');
    parts.nth(2).filter(|name| !name.is_empty())
}

fn count_lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

fn malformed(line: usize, detail: &str) -> FeedError {
    FeedError::Malformed { feed: NAME, line, column: 1, detail: detail.to_owned() }
}

/// What is kept of one document.
#[derive(Debug, Default)]
struct Document {
    line: usize,
    is_empty: bool,
    kind: Option<String>,
    name: Option<String>,
    module: Option<String>,
    stream: Option<String>,
    builds: Vec<String>,
}

/// Reads line by line; knows the keys that it stands below.
#[derive(Debug)]
struct Reader {
    document: Document,
    /// Indentation and name of each key that is open.
    path: Vec<(usize, String)>,
    /// The indentation below which a text over several lines goes on.
    text: Option<usize>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            document: Document { line: 1, is_empty: true, ..Document::default() },
            path: Vec::new(),
            text: None,
        }
    }
}

impl Reader {
    /// Takes one line; returns a document where a new one begins.
    fn take(&mut self, number: usize, line: &str) -> Result<Option<Document>, FeedError> {
        let line = line.trim_end();
        let indent = line.len() - line.trim_start_matches(' ').len();
        if line == "---" || line == "..." {
            let next = Self {
                document: Document { line: number, is_empty: true, ..Document::default() },
                ..Self::default()
            };
            return Ok(Some(std::mem::replace(self, next).document));
        }
        if line.is_empty() || self.text.is_some_and(|above| indent > above) {
            return Ok(None);
        }
        self.text = None;
        let content = &line[indent..];
        if content.starts_with(['#', '%']) {
            return Ok(None);
        }
        if content.starts_with('\t') {
            return Err(malformed(number, "a tab where YAML has blanks"));
        }
        match content.strip_prefix("- ").map(str::trim_start).or((content == "-").then_some("")) {
            Some(item) => self.item((number, indent), item)?,
            None => self.key((number, indent), content)?,
        }
        self.document.is_empty = false;
        Ok(None)
    }

    /// An item of a list, which may stand as deep as the key it belongs to.
    fn item(&mut self, (number, indent): (usize, usize), item: &str) -> Result<(), FeedError> {
        self.path.retain(|(depth, _)| *depth <= indent);
        if self.path_is(&["data", "artifacts", "rpms"]) {
            let build = scalar(item);
            if name_of(&build).is_none() || !build.contains(':') {
                return Err(malformed(
                    number,
                    &format!("data.artifacts.rpms: no build: {:?}", shortened(&build)),
                ));
            }
            self.document.builds.push(build);
        }
        // What an item holds is of no interest, and lies deeper than its hyphen.
        self.text = Some(indent);
        Ok(())
    }

    fn key(&mut self, (number, indent): (usize, usize), content: &str) -> Result<(), FeedError> {
        let (key, value) = content
            .split_once(": ")
            .or_else(|| Some((content.strip_suffix(':')?, "")))
            .ok_or_else(|| malformed(number, &format!("no key of YAML: {:?}", shortened(content))))?;
        self.path.retain(|(depth, _)| *depth < indent);
        if indent > 0 && self.path.is_empty() {
            return Err(malformed(number, &format!("{:?} belongs to no key", shortened(key))));
        }
        self.path.push((indent, scalar(key)));
        let value = value.trim();
        if !value.is_empty() {
            // Scalars may go on over deeper lines.
            self.text = Some(indent);
        }
        let kept = match () {
            () if self.path_is(&["document"]) => &mut self.document.kind,
            () if self.path_is(&["data", "name"]) => &mut self.document.name,
            () if self.path_is(&["data", "module"]) => &mut self.document.module,
            () if self.path_is(&["data", "stream"]) => &mut self.document.stream,
            () => return Ok(()),
        };
        *kept = Some(scalar(value)).filter(|value| !value.is_empty());
        Ok(())
    }

    fn path_is(&self, keys: &[&str]) -> bool {
        self.path.iter().map(|(_, key)| key.as_str()).eq(keys.iter().copied())
    }
}

/// A scalar without its quotes; a comment behind a plain one is left out.
fn scalar(text: &str) -> String {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some((inner, _)) = text.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner.to_owned();
        }
    }
    text.split(" #").next().unwrap_or_default().trim_end().to_owned()
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::package::ModuleStream;

    const TEXT: &str = "---\ndocument: modulemd\nversion: 2\ndata:\n  name: nodejs\n  stream: \"18\"\n  version: 3\n  context: 0a\n  \
        summary: >-\n    a: summary\n    - over lines\n  description: |\n    x\n  license:\n    module:\n    - MIT\n  dependencies:\n  \
        - buildrequires:\n      platform: [el9]\n    requires:\n      platform: []\n  artifacts:\n    rpms:\n    \
        - nodejs-1:18.2-1.module+el9.x86_64\n    - npm-0:9.1-1.noarch\n...\n---\ndocument: modulemd\nversion: 2\ndata:\n  \
        name: nodejs\n  stream: '20'\n  artifacts:\n    rpms:\n      - nodejs-1:20.1-1.module+el9.x86_64\n...\n---\n\
        document: modulemd-defaults\nversion: 1\ndata:\n  module: nodejs\n  stream: \"18\"\n  profiles:\n    18: [common]\n...\n";

    fn states(enabled: &[(&str, &str)], disabled: &[&str]) -> ModuleStates {
        let enabled = enabled
            .iter()
            .map(|(name, stream)| ModuleStream { name: (*name).to_owned(), stream: (*stream).to_owned() });
        ModuleStates {
            enabled: enabled.collect(),
            disabled: disabled.iter().map(|d| (*d).to_owned()).collect(),
        }
    }

    fn standings(states: &ModuleStates) -> [Standing; 5] {
        let mut modules = Modules::default();
        modules.add(TEXT.as_bytes()).expect("whole");
        let active = modules.on_host(states);
        [
            ("nodejs", "x86_64", "1:18.2-1.module+el9"),
            ("nodejs", "x86_64", "1:20.1-1.module+el9"),
            ("nodejs", "x86_64", "1:16.0-1.el9"),
            ("npm", "noarch", "9.1-1"),
            ("bash", "x86_64", "5.1-1"),
        ]
        .map(|(name, architecture, version)| active.standing(Named { name, architecture, version }))
    }

    #[test]
    fn the_enabled_stream_counts_else_the_default_and_neither_where_disabled() {
        use Standing::{Active, Hidden, Plain};
        assert_eq!(standings(&states(&[], &[])), [Active, Hidden, Hidden, Active, Plain]);
        assert_eq!(standings(&states(&[("nodejs", "20")], &[])), [Hidden, Active, Hidden, Hidden, Plain]);
        assert_eq!(standings(&states(&[], &["nodejs"])), [Hidden, Hidden, Plain, Hidden, Plain]);
    }

    #[test]
    fn a_broken_file_is_told_by_line_and_field() {
        for (text, words) in [
            (
                TEXT.replace("  name: nodejs\n", ""),
                "line 1, column 1: the document that begins here has no data.name",
            ),
            (TEXT.replace("document: modulemd\n", ""), "has no document type"),
            (
                TEXT.replace("- npm-0:9.1-1.noarch", "- npm"),
                "line 25, column 1: data.artifacts.rpms: no build: \"npm\"",
            ),
            (TEXT.replace("  version: 3", "\tversion: 3"), "line 7, column 1: a tab"),
            ("<html>\n</html>\n".to_owned(), "line 1, column 1: no key of YAML"),
        ] {
            let error = Modules::default().add(text.as_bytes()).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
        let error = Modules::default().add(b"---\ndocument: \xff\n").expect_err("refused").to_string();
        assert!(error.contains("line 2, column 1: not UTF-8"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn no_damage_panics(at in 0..TEXT.len(), byte: u8, cut: bool) {
            let mut bytes = TEXT.as_bytes().to_vec();
            bytes[at] = byte;
            bytes.truncate(if cut { at } else { bytes.len() });
            let _ = Modules::default().add(&bytes);
        }
    }
}
