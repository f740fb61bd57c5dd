//! The administrator's rules about where packages' files go: diversions, owner and mode overrides, path filters.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::host::storage::{self, StorageError};
use crate::model::wildcard;

/// Rules that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The list of diversions is cut.
    #[error("{path}: line {line}: a diversion takes three lines, and this one is cut")]
    Diversion {
        /// The file.
        path: PathBuf,
        /// The last line of it.
        line: usize,
    },
}

/// A path that one package's file was moved away from (dpkg-divert(1)).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Diversion {
    to: PathBuf,
    /// The package whose own file stays at the old place; `None` for a local diversion.
    by: Option<String>,
}

/// A line of `path-exclude` or `path-include` (dpkg(1)).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Filter {
    pattern: Vec<u8>,
    excludes: bool,
}

/// The rules of one root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DpkgRules {
    diversions: BTreeMap<PathBuf, Diversion>,
    overrides: BTreeSet<PathBuf>,
    filters: Vec<Filter>,
}

impl DpkgRules {
    /// Reads the rules of a root: `var/lib/dpkg/{diversions,statoverride}`, `etc/dpkg/dpkg.cfg.d/*`,
    /// `etc/dpkg/dpkg.cfg`. Files that are absent say nothing.
    ///
    /// # Errors
    /// A file cannot be read, or the diversions are cut.
    pub fn read(root: &Path) -> Result<Self, RulesError> {
        let mut rules = Self::default();
        rules.take_diversions(&root.join("var/lib/dpkg/diversions"))?;
        let overrides =
            storage::read_if_present(&root.join("var/lib/dpkg/statoverride"))?.unwrap_or_default();
        rules.overrides = lines(&overrides).filter_map(path_of_override).collect();
        for path in storage::list(&root.join("etc/dpkg/dpkg.cfg.d"))? {
            if is_read_by_dpkg(&path) {
                rules.take_filters(&path)?;
            }
        }
        rules.take_filters(&root.join("etc/dpkg/dpkg.cfg"))?;
        Ok(rules)
    }

    fn take_diversions(&mut self, path: &Path) -> Result<(), RulesError> {
        let bytes = storage::read_if_present(path)?.unwrap_or_default();
        let all: Vec<&[u8]> = lines(&bytes).collect();
        for triple in all.chunks(3) {
            let [from, to, by] = triple else {
                return Err(RulesError::Diversion { path: path.to_owned(), line: all.len() });
            };
            let by = String::from_utf8_lossy(by).into_owned();
            let diversion = Diversion { to: as_path(to), by: (by != ":").then_some(by) };
            self.diversions.insert(as_path(from), diversion);
        }
        Ok(())
    }

    fn take_filters(&mut self, path: &Path) -> Result<(), RulesError> {
        let bytes = storage::read_if_present(path)?.unwrap_or_default();
        self.filters.extend(lines(&bytes).filter_map(filter_of_line));
        Ok(())
    }

    /// Returns where the file of `package` at `path` really is.
    pub fn place_of<'a>(&'a self, path: &'a Path, package: &str) -> &'a Path {
        match self.diversions.get(path) {
            Some(diversion) if diversion.by.as_deref() != Some(package) => &diversion.to,
            _ => path,
        }
    }

    /// Tells whether dpkg leaves `path` out; the last filter that matches decides, as in dpkg.
    pub fn excludes(&self, path: &Path) -> bool {
        let text = path.as_os_str().as_bytes();
        let decisive = self.filters.iter().rev().find(|filter| wildcard::matches(&filter.pattern, text));
        decisive.is_some_and(|filter| filter.excludes)
    }

    /// Tells whether the administrator or a package fixed owner and mode of `path` (dpkg-statoverride(1)).
    pub fn overrides(&self, path: &Path) -> bool {
        self.overrides.contains(path)
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

fn as_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// `USER GROUP MODE PATH`; the path may hold spaces.
fn path_of_override(line: &[u8]) -> Option<PathBuf> {
    line.splitn(4, |byte| *byte == b' ').nth(3).map(as_path)
}

/// dpkg reads only files whose names consist of letters, digits, `-` and `_` (dpkg(1), FILES).
fn is_read_by_dpkg(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    name.iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
}

fn filter_of_line(line: &[u8]) -> Option<Filter> {
    let options: [(&[u8], bool); 2] = [(b"path-exclude", true), (b"path-include", false)];
    let (rest, excludes) =
        options.iter().find_map(|(name, excludes)| Some((line.strip_prefix(*name)?, *excludes)))?;
    let value = rest.strip_prefix(b"=").or_else(|| rest.strip_prefix(b" "))?.trim_ascii();
    let value = value.strip_prefix(b"=").unwrap_or(value).trim_ascii();
    let bare = [b'"', b'\''].iter().find_map(|q| value.strip_prefix(&[*q])?.strip_suffix(&[*q]));
    Some(Filter { pattern: bare.unwrap_or(value).to_vec(), excludes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_filter_that_matches_decides() {
        let text = b"path-exclude=/usr/share/doc/*\npath-include '/usr/share/doc/*/copyright'\n";
        let rules =
            DpkgRules { filters: lines(text).filter_map(filter_of_line).collect(), ..DpkgRules::default() };
        assert!(rules.excludes(Path::new("/usr/share/doc/a/changelog.gz")));
        assert!(!rules.excludes(Path::new("/usr/share/doc/a/copyright")));
        assert!(!rules.excludes(Path::new("/usr/bin/a")));
    }

    #[test]
    fn a_diversion_moves_every_file_but_its_own_package_s() {
        let diversion = Diversion { to: PathBuf::from("/bin/sh.distrib"), by: Some("dash".to_owned()) };
        let rules = DpkgRules {
            diversions: BTreeMap::from([(PathBuf::from("/bin/sh"), diversion)]),
            ..DpkgRules::default()
        };
        let sh = Path::new("/bin/sh");
        assert_eq!(rules.place_of(sh, "dash"), sh);
        assert_eq!(rules.place_of(sh, "bash"), Path::new("/bin/sh.distrib"));
    }

    #[test]
    fn an_override_names_a_path_with_spaces() {
        let line = b"root messagebus 4754 /usr/lib/a b";
        assert_eq!(path_of_override(line), Some(PathBuf::from("/usr/lib/a b")));
        assert_eq!(path_of_override(b"root"), None);
    }
}
