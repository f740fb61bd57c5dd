//! The archives that a run stored: of what each of its actions replaced, and of what it brought.

use std::path::PathBuf;

use crate::config::layout::RunFolder;
use crate::host::storage;
use crate::model::package::PackageKey;
use crate::model::plan::Action;
use crate::package_manager::archives::ArchiveFormat;

/// The archive of what an action brought, where it is stored.
pub(super) fn new_archive(
    format: &dyn ArchiveFormat,
    folder: &RunFolder,
    action: &Action,
) -> Option<PathBuf> {
    let name = format.file_name(&action.key(), action.to.as_ref()?);
    Some(folder.new_archives().join(name)).filter(|path| storage::exists(path))
}

/// The archive of what an action replaced, where it is stored.
pub(super) fn old_archive(
    format: &dyn ArchiveFormat,
    folder: &RunFolder,
    action: &Action,
) -> Option<PathBuf> {
    let from = action.from.as_ref()?;
    let path = |key: &PackageKey| folder.old_archives().join(format.file_name(key, from));
    let exact = path(&action.key());
    if storage::exists(&exact) {
        return Some(exact);
    }
    // The architecture of a package may change between `all` and another with its version.
    let any = PackageKey { name: action.package.clone(), architecture: "@".into() };
    let named = format.file_name(&any, from);
    let (begin, end) = named.rsplit_once('@')?;
    let is_architecture = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_it = |name: &str| {
        name.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end)).is_some_and(is_architecture)
    };
    let stored = storage::list(&folder.old_archives()).ok()?;
    stored.into_iter().find(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_it))
}
