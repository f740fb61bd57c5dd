//! The drafts by which files are replaced: what they are called, and what they were to become.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Returns the name of this process's draft of a file, beside it: `.NAME.PID.tmp`.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

/// Returns the path that a draft was to become: a process that is killed leaves it. `None` where the name is that of no draft.
pub fn meant_by(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?.strip_prefix('.')?.strip_suffix(".tmp")?;
    let (name, number) = name.rsplit_once('.')?;
    let is_draft = !name.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_draft.then(|| path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_known_by_its_name() {
        assert_eq!(meant_by(&beside(Path::new("/etc/a.conf"))), Some(PathBuf::from("/etc/a.conf")));
        for other in ["/etc/a.conf", "/etc/.a.conf.x.tmp", "/etc/.a.conf.12", "/etc/.12.tmp", "/etc/a.12.tmp"]
        {
            assert_eq!(meant_by(Path::new(other)), None, "{other}");
        }
    }
}
