//! Which repositories a root has enabled: `sources.list`, `*.list` and `*.sources` (sources.list(5)).

use std::path::{Path, PathBuf};

use crate::host::storage::{self, StorageError};

/// Why the enabled repositories cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// An entry that apt would refuse too.
    #[error("{path}, line {line}: {reason}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// One suite of binary packages from one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Where it is, without credentials, ending in a slash.
    pub(super) uri: String,
    /// The suite as written; ends in a slash for a flat repository.
    pub(super) suite: String,
    /// Its components; empty for a flat repository.
    pub(super) components: Vec<String>,
    /// The only architectures wanted; empty means all.
    pub(super) architectures: Vec<String>,
    /// The administrator told apt to do without a valid signature.
    pub(super) trusted: bool,
    /// The administrator told apt not to look at the expiry date.
    pub(super) ignores_expiry: bool,
    /// Whose signature counts, as written: paths, fingerprints, or a block of keys. Empty means every trusted key.
    pub(super) signed_by: String,
}

impl Source {
    /// A flat repository has its indexes beside the release file, without components.
    pub(super) fn is_flat(&self) -> bool {
        self.suite.ends_with('/')
    }

    /// Returns the address of the folder with the release file (apt's MetaIndexURI), ending in a slash.
    pub(super) fn release_folder(&self) -> String {
        match self.suite.as_str() {
            "/" => self.uri.clone(),
            suite if self.is_flat() => format!("{}{suite}", self.uri),
            suite => format!("{}dists/{suite}/", self.uri),
        }
    }
}

/// Something wrong with a line, before the file is known.
type Mistake = (usize, &'static str);

/// Reads every enabled source of a root; `native` stands for `$(ARCH)`.
///
/// # Errors
/// A file cannot be read, or has an entry that apt would refuse.
pub(super) fn read(root: &Path, native: &str) -> Result<Vec<Source>, SourcesError> {
    let folder = root.join("etc/apt/sources.list.d");
    let entries =
        storage::list(&folder).map_err(|source| SourcesError::Read { path: folder.clone(), source })?;
    let mut sources = Vec::new();
    for path in std::iter::once(root.join("etc/apt/sources.list")).chain(entries) {
        let Some(parse) = parser_for(&path) else { continue };
        let bytes = storage::read_if_present(&path)
            .map_err(|source| SourcesError::Read { path: path.clone(), source })?
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let found = parse(&text).map_err(|(line, reason)| SourcesError::Entry { path, line, reason })?;
        sources.extend(found);
    }
    for source in &mut sources {
        source.suite = source.suite.replace("$(ARCH)", native);
    }
    Ok(sources)
}

type Parser = fn(&str) -> Result<Vec<Source>, Mistake>;

/// apt reads names of letters, digits, `_`, `-` and `.` with these two endings (sources.list(5)).
fn parser_for(path: &Path) -> Option<Parser> {
    let name = path.file_name()?.to_str()?;
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    match path.extension()?.to_str()? {
        "list" if is_plain => Some(parse_list),
        "sources" if is_plain => Some(parse_deb822),
        _ => None,
    }
}

/// Reads the one-line form: `deb [option=value ...] uri suite component ...`.
pub(super) fn parse_list(text: &str) -> Result<Vec<Source>, Mistake> {
    let mut sources = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
        let Some(rest) = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '['])) else {
            match line.split_whitespace().next() {
                None | Some("deb-src") => continue,
                Some(word) if word.starts_with("deb-src[") => continue,
                Some(_) => return Err((at + 1, "the type is neither deb nor deb-src")),
            }
        };
        sources.push(parse_line(rest.trim_start()).map_err(|reason| (at + 1, reason))?);
    }
    Ok(sources)
}

fn parse_line(rest: &str) -> Result<Source, &'static str> {
    let (options, rest) = match rest.strip_prefix('[') {
        None => ("", rest),
        Some(inner) => inner.split_once(']').ok_or("the options have no closing bracket")?,
    };
    let mut words = rest.split_whitespace();
    let uri = words.next().ok_or("the URI is missing")?;
    let suite = words.next().ok_or("the suite is missing")?;
    let place = Place { uri, suite, components: words.map(str::to_owned).collect() };
    let mut settings = Settings::default();
    for option in options.split_whitespace() {
        let (name, value) = option.split_once('=').ok_or("an option has no value")?;
        settings.set(name, value);
    }
    place.with(&settings)
}

/// Reads the stanza form (deb822-style format in sources.list(5)).
pub(super) fn parse_deb822(text: &str) -> Result<Vec<Source>, Mistake> {
    let mut sources = Vec::new();
    let mut stanza: Vec<(String, String)> = Vec::new();
    let mut first_line = 1;
    for (at, line) in text.lines().chain(std::iter::once("")).enumerate() {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            sources.extend(parse_stanza(&stanza).map_err(|reason| (first_line, reason))?);
            stanza.clear();
            first_line = at + 2;
        } else if line.starts_with([' ', '\t']) {
            let (_, value) = stanza.last_mut().ok_or((at + 1, "a continuation line follows no field"))?;
            value.push('\n');
            value.push_str(line.trim());
        } else {
            let (name, value) = line.split_once(':').ok_or((at + 1, "the line is no field"))?;
            stanza.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Ok(sources)
}

fn parse_stanza(fields: &[(String, String)]) -> Result<Vec<Source>, &'static str> {
    let value = |name: &str| fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str());
    let words = |name: &str| value(name).unwrap_or_default().split_whitespace();
    if fields.is_empty() || value("enabled").is_some_and(is_no) || !words("types").any(|kind| kind == "deb") {
        return Ok(Vec::new());
    }
    let mut settings = Settings::default();
    for (name, text) in fields {
        settings.set(name, text);
    }
    if words("uris").next().is_none() {
        return Err("the stanza that begins here has no URIs");
    }
    if words("suites").next().is_none() {
        return Err("the stanza that begins here has no Suites");
    }
    let components: Vec<String> = words("components").map(str::to_owned).collect();
    let places = words("uris").flat_map(|uri| words("suites").map(move |suite| (uri, suite)));
    places.map(|(uri, suite)| Place { uri, suite, components: components.clone() }.with(&settings)).collect()
}

/// The words that apt takes for a no (StringToBool in apt's strutl.cc).
fn is_no(word: &str) -> bool {
    ["no", "false", "without", "off", "disable", "0"].iter().any(|no| word.trim().eq_ignore_ascii_case(no))
}

/// The words of a value, parted by blanks or commas.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty())
}

/// What options and fields say beside the place.
#[derive(Default)]
struct Settings {
    architectures: Vec<String>,
    trusted: bool,
    ignores_expiry: bool,
    signed_by: String,
}

impl Settings {
    /// Takes a value: in the one-line form commas part its words, in the other form blanks do.
    fn set(&mut self, name: &str, text: &str) {
        let mut words = words(text);
        match name.to_ascii_lowercase().as_str() {
            "arch" | "architectures" => self.architectures = words.map(str::to_owned).collect(),
            "trusted" | "allow-insecure" => self.trusted |= words.next().is_some_and(|word| !is_no(word)),
            "check-valid-until" => self.ignores_expiry = words.next().is_some_and(is_no),
            "signed-by" => self.signed_by = text.to_owned(),
            _ => {}
        }
    }
}

struct Place<'a> {
    uri: &'a str,
    suite: &'a str,
    components: Vec<String>,
}

impl Place<'_> {
    fn with(self, settings: &Settings) -> Result<Source, &'static str> {
        if !self.uri.contains(':') {
            return Err("the URI has no scheme");
        }
        if self.suite.ends_with('/') != self.components.is_empty() {
            return Err(
                "components must follow a suite, and must not follow a flat one that ends in a slash",
            );
        }
        let uri = format!("{}/", without_credentials(self.uri).trim_end_matches('/'));
        Ok(Source {
            uri,
            suite: self.suite.to_owned(),
            components: self.components,
            architectures: settings.architectures.clone(),
            trusted: settings.trusted,
            ignores_expiry: settings.ignores_expiry,
            signed_by: settings.signed_by.clone(),
        })
    }
}

/// Drops `user:password@`: it is nobody's business, and apt leaves it out of its file names too.
fn without_credentials(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_form_is_read_with_its_options() {
        let text = "# deb x\ndeb-src http://a b c\n\
                    deb [arch=amd64,i386 trusted=yes] https://me:secret@h/d bookworm main contrib # why\n\
                    deb file:/srv/repo ./\n";
        let sources = parse_list(text).expect("well formed");
        assert_eq!(sources.len(), 2);
        assert_eq!((sources[0].uri.as_str(), sources[0].trusted), ("https://h/d/", true));
        assert_eq!(sources[0].architectures, ["amd64", "i386"]);
        assert_eq!(sources[0].release_folder(), "https://h/d/dists/bookworm/");
        assert_eq!(sources[1].release_folder(), "file:/srv/repo/./");
    }

    #[test]
    fn stanza_form_multiplies_uris_and_suites() {
        let text = "# top\nTypes: deb deb-src\nURIs: http://a\n http://b/\nSuites: s s-updates\nComponents: main\n\
                    Check-Valid-Until: no\nSigned-By:\n -----BEGIN PGP\n .\n\nTypes: deb\nEnabled: no\n\n\n";
        let sources = parse_deb822(text).expect("well formed");
        assert_eq!(sources.len(), 4);
        assert_eq!(sources[3].release_folder(), "http://b/dists/s-updates/");
        assert!(sources[0].ignores_expiry && !sources[0].trusted);
        assert_eq!(sources[0].signed_by, "\n-----BEGIN PGP\n.");
    }

    #[test]
    fn broken_entries_name_their_line() {
        let list = |text| parse_list(text).map_err(|(line, _)| line);
        assert_eq!(list("\ndeb http://a\n"), Err(2));
        assert_eq!(list("rpm http://a s main\n"), Err(1));
        assert_eq!(list("deb [arch=amd64 http://a s main\n"), Err(1));
        assert_eq!(list("deb http://a flat/ main\n"), Err(1));
        assert_eq!(parse_deb822("\nTypes: deb\nSuites: s\n").map_err(|(line, _)| line), Err(2));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(deb|\\[|\\]|=|://|@|/|#|:| |\n|Types: deb|URIs|Suites|\\PC){0,30}") {
            let _ = parse_list(&text);
            let _ = parse_deb822(&text);
        }
    }
}
