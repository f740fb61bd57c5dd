//! Reads the configuration files in their order, after each was found to be safe.

use std::path::{Path, PathBuf};

use super::central::{CentralRecord, CentralSettings, StoredPolicy};
use super::error::ConfigurationError;
use super::fragment::Fragment;
use super::layout::Layout;
use super::merge::Merged;
use super::origins::Origins;
use super::settings::Settings;
use crate::host::storage;
use crate::host::trust::{Distrust, distrust};

/// Largest configuration file that is read; the shipped one has three KiB.
const LARGEST: u64 = 1024 * 1024;

/// Reads `patchctl.toml`, the central policy that was taken last, and `conf.d/*.toml` in lexical order; or `file` and the
/// central policy when one is named.
///
/// Files that are absent say nothing; a named file must be there. `user` is who patchctl runs as: every file and every folder above it
/// must belong to root or to that user and be writable by nobody else, and so must the files of keys that they name.
///
/// # Errors
/// A file cannot be read, is unsafe or malformed, or a value is no use.
pub fn load(layout: &Layout, file: Option<&Path>, user: u32) -> Result<Loaded, ConfigurationError> {
    let read = read(layout, file, user)?;
    let settings = read.central()?;
    let path = layout.central();
    let record = match &settings {
        Some(settings) => CentralRecord::read(&path, settings).map_err(at(&path))?,
        None => CentralRecord::default(),
    };
    read.complete(record)
}

/// Reads the files as they would be with another central policy.
///
/// # Errors
/// As of [`load`]; what the two say together may be no use although each is.
pub fn load_with(
    layout: &Layout,
    file: Option<&Path>,
    user: u32,
    policy: StoredPolicy,
) -> Result<Loaded, ConfigurationError> {
    read(layout, file, user)?.complete(CentralRecord::of(policy, None))
}

/// What the configuration files say, and where.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Where each key was written.
    pub origins: Origins,
    /// What is known of the central policy; empty where there is none.
    pub central: CentralRecord,
}

/// The files of this host, before they are put together.
struct Read {
    fragments: Vec<(PathBuf, Fragment)>,
    /// How many of them come before the central policy.
    before: usize,
}

fn read(layout: &Layout, file: Option<&Path>, user: u32) -> Result<Read, ConfigurationError> {
    let mut fragments = Vec::new();
    for path in files(layout, file)? {
        let fragment = Fragment::parse(&path, &trusted(&path, user)?)?;
        // Who can change a key can sign a feed, a policy or evidence.
        fragment.keys().try_for_each(|key| check_trust(key, user))?;
        fragments.push((path, fragment));
    }
    let main = file.map_or_else(|| layout.main_configuration(), Path::to_owned);
    let before = fragments.iter().take_while(|(path, _)| *path == main).count();
    Ok(Read { fragments, before })
}

impl Read {
    /// Where the central policy is, as all files together say.
    fn central(&self) -> Result<Option<CentralSettings>, ConfigurationError> {
        let mut merged = Merged::default();
        for (path, fragment) in &self.fragments {
            merged.central.add(fragment.central.clone());
            merged.origins.add(path, &fragment.lines);
        }
        let useless = |(key, reason)| ConfigurationError::invalid(merged.origins.of(key), key, reason);
        merged.central.complete().map_err(useless)
    }

    fn complete(self, central: CentralRecord) -> Result<Loaded, ConfigurationError> {
        let mut merged = Merged::default();
        let mut fragments = self.fragments;
        if let Some(policy) = &central.policy {
            fragments.insert(self.before, (PathBuf::from(&policy.location), policy.fragment()?));
        }
        fragments.into_iter().for_each(|(path, fragment)| merged.add(&path, fragment));
        let origins = merged.origins.clone();
        Ok(Loaded { settings: Settings::from_merged(merged)?, origins, central })
    }
}

/// Reads a file that nobody else could have written.
pub(super) fn trusted(path: &Path, user: u32) -> Result<Vec<u8>, ConfigurationError> {
    check_trust(path, user)?;
    storage::read_at_most(path, LARGEST).map_err(at(path))
}

fn files(layout: &Layout, file: Option<&Path>) -> Result<Vec<PathBuf>, ConfigurationError> {
    if let Some(file) = file {
        return Ok(vec![file.to_owned()]);
    }
    let main = layout.main_configuration();
    let mut files: Vec<PathBuf> = storage::exists(&main).then_some(main).into_iter().collect();
    files.extend(drop_ins(&layout.drop_ins())?);
    Ok(files)
}

/// Lists the files of a drop-in folder in their order.
pub(super) fn drop_ins(folder: &Path) -> Result<Vec<PathBuf>, ConfigurationError> {
    let is_toml =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml") && !is_hidden(path);
    let files = storage::list(folder).map_err(at(folder))?;
    Ok(files.into_iter().filter(is_toml).collect())
}

/// Editors and configuration tools leave hidden files behind while they write.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn check_trust(file: &Path, user: u32) -> Result<(), ConfigurationError> {
    let real = storage::canonical(file).map_err(at(file))?;
    if storage::metadata(&real).map_err(at(file))?.is_some_and(|metadata| !metadata.is_file()) {
        return Err(ConfigurationError::NotAFile { path: file.to_owned() });
    }
    match distrust(file, user).map_err(at(file))? {
        None => Ok(()),
        Some(Distrust::ForeignOwner(path, owner)) => {
            Err(ConfigurationError::ForeignOwner { file: file.to_owned(), path, owner })
        }
        Some(Distrust::WritableByOthers(path)) => {
            Err(ConfigurationError::WritableByOthers { file: file.to_owned(), path })
        }
    }
}

fn at(path: &Path) -> impl FnOnce(storage::StorageError) -> ConfigurationError + '_ {
    move |source| ConfigurationError::Read { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::facts::user_id;
    use crate::model::failure::FailureKind;

    #[test]
    fn a_file_in_a_folder_that_all_can_write_is_refused() {
        let path = PathBuf::from(format!("/tmp/patchctl-load-{}.toml", std::process::id()));
        storage::replace(&path, b"[policy]\nremovals = \"allow\"\n", storage::PUBLIC).expect("written");
        let error = load(&Layout::system(Path::new("/")), Some(&path), user_id()).expect_err("unsafe");
        storage::remove_file(&path).expect("removed");
        assert_eq!(error.kind(), FailureKind::InsecureConfig);
        assert!(error.to_string().ends_with("/tmp can be written by its group or by everyone"), "{error}");
    }

    #[test]
    fn what_is_no_regular_file_is_told_so() {
        for path in ["/dev/null", "/etc"] {
            let error =
                load(&Layout::system(Path::new("/")), Some(Path::new(path)), user_id()).expect_err(path);
            assert_eq!(error.to_string(), format!("the configuration {path} is not a regular file"));
            assert_eq!(error.kind(), FailureKind::Configuration);
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the tests' own folder is as safe as configuration must be")]
    fn the_key_of_a_feed_must_be_as_safe_as_configuration() {
        let Some(home) = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.starts_with("/root"))
        else {
            return println!("not run: there is no folder that root alone can write");
        };
        let folder = home.join(format!(".patchctl-load-{}", std::process::id()));
        storage::create_folder(&folder, 0o700).expect("writable");
        let key = format!("/tmp/patchctl-key-{}.asc", std::process::id());
        storage::replace(Path::new(&key), b"", storage::PUBLIC).expect("written");
        let file = folder.join("patchctl.toml");
        let mut told = Vec::new();
        for key in [key.as_str(), "/nonexistent/key.asc"] {
            let text = format!("[[feeds.source]]\nname = \"osv\"\nlocation = \"/x\"\nkey = \"{key}\"\n");
            storage::replace(&file, text.as_bytes(), storage::PUBLIC).expect("written");
            let error = load(&Layout::system(Path::new("/")), Some(&file), user_id()).expect_err("unsafe");
            told.push((error.kind(), error.to_string()));
        }
        storage::remove_file(Path::new(&key)).expect("removed");
        storage::remove_folder(&folder).expect("removed");
        assert_eq!(told[0].0, FailureKind::InsecureConfig);
        assert!(told[0].1.ends_with("/tmp can be written by its group or by everyone"), "{}", told[0].1);
        assert_eq!(told[1].0, FailureKind::Configuration);
        assert!(told[1].1.ends_with("cannot read the configuration /nonexistent/key.asc"), "{}", told[1].1);
    }

    #[test]
    fn a_named_file_must_be_there() {
        let error = load(&Layout::system(Path::new("/")), Some(Path::new("/nonexistent/x.toml")), 0);
        assert_eq!(
            error.expect_err("absent").to_string(),
            "cannot read the configuration /nonexistent/x.toml"
        );
    }
}
