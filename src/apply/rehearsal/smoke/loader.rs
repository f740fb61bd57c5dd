//! Whether programs and libraries find everything that they are linked to: the dynamic loader itself tells (ld.so(8),
//! `--list`). It maps files and runs none of their code.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::elf::{self, Elf};
use crate::host::runner::{self, CommandSpec};
use crate::host::storage;

/// One file takes milliseconds.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Symbols without code, in the form of a program (dh_strip(1), find-debuginfo(1)): nothing ever loads them.
const SYMBOLS_ALONE: &str = "/usr/lib/debug";

/// What was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// How many files.
    pub files: usize,
    /// Those that cannot be loaded.
    pub broken: Vec<Broken>,
}

/// A file that cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The file.
    pub path: PathBuf,
    /// What the loader said.
    pub words: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.words)
    }
}

/// Tries every file of a list that is a dynamic program or library of a machine whose loader is known: what runs on this one,
/// and what names its loader itself.
pub fn try_all(root: &Path, files: &[PathBuf]) -> Tried {
    let mut loaders: BTreeMap<(u8, u8, u16), String> = BTreeMap::new();
    let shell = storage::canonical(&root.join("bin/sh")).ok().and_then(|path| read(&path));
    let known: Vec<(&PathBuf, Elf)> = files
        .iter()
        .filter(|path| !path.starts_with(SYMBOLS_ALONE) && is_plain(path))
        .filter_map(|path| Some((path, read(path)?)))
        .collect();
    for elf in shell.iter().chain(known.iter().map(|(_, elf)| elf)) {
        if let Some(loader) = &elf.interpreter {
            loaders.entry(elf.kind).or_insert_with(|| loader.clone());
        }
    }
    let mut tried = Tried::default();
    for (path, elf) in known {
        let Some(loader) = elf.interpreter.as_ref().or_else(|| loaders.get(&elf.kind)) else { continue };
        tried.files += 1;
        tried.broken.extend(refusal(loader, path).map(|words| Broken { path: path.clone(), words }));
    }
    tried
}

/// Links are tried under the name of what they lead to.
fn is_plain(path: &Path) -> bool {
    matches!(storage::metadata(path), Ok(Some(found)) if found.is_file())
}

fn read(path: &Path) -> Option<Elf> {
    elf::parse(&storage::read_head(path, elf::HEAD).ok()?)
}

/// What the loader has against a file; `None` where it would load it.
fn refusal(loader: &str, path: &Path) -> Option<String> {
    let shown = path.display().to_string();
    let spec = CommandSpec::new(loader).args(["--list", &shown]).time_limit(TIME_LIMIT);
    match runner::run(&spec) {
        Ok(output) if output.is_success() => None,
        Ok(output) => {
            let words = output.last_words(1).join(" ");
            let words = words.strip_prefix(&format!("{shown}: ")).unwrap_or(&words).to_owned();
            Some(if words.is_empty() { format!("the loader ends with {}", output.code) } else { words })
        }
        Err(_) => Some(format!("its loader {loader} cannot be started")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_system_has_loads_and_a_text_is_not_tried() {
        let shell = storage::canonical(Path::new("/bin/sh")).expect("every system has a shell");
        let tried = try_all(Path::new("/"), &[shell, "/etc/passwd".into(), "/nonexistent".into()]);
        assert_eq!(tried, Tried { files: 1, broken: Vec::new() });
    }
}
