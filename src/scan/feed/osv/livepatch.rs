//! Ubuntu's livepatch notices. One names the kernel packages that have the fix as well, but its fix is a module that is loaded
//! into the running kernel: it never asks for a package. So its statements are about the live patches themselves, under a
//! name that no package has ([`UbuntuLivePatch`]), and tell which holes a loaded module closes.

use super::wire::Words;
use crate::model::advisory::{Affected, VendorState};
use crate::model::kernel::UbuntuLivePatch;

/// Tells whether a record is a livepatch notice, by its identifier.
pub(super) fn is_notice(id: &str) -> bool {
    id.starts_with("LSN-")
}

/// Reads which modules close the holes of a notice.
///
/// # Errors
/// It names none that can be understood.
pub(super) fn rows<'a>(words: &Words<'a>) -> Result<Vec<Affected<'a>>, String> {
    let (pattern, number) = (&words.module_name_regex.0, &words.module_version.0);
    let series = UbuntuLivePatch::series_of_pattern(pattern);
    let series = series.ok_or("ecosystem_specific: module_name_regex: no modules of Ubuntu")?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("ecosystem_specific: module_version: not a number".to_owned());
    }
    let row = |name| Affected::binary(name, VendorState::Fixed).fixed_in(number.clone());
    Ok(series.into_iter().map(row).collect())
}
