//! Files that a killed write left beside its target: each is a temporary name that nothing will ever rename.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::storage::{self, Result, StorageError};

/// So long no write takes: a temporary file that is older belongs to nobody. No process is asked for, because the
/// writer's number may mean another process in another container.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Removes the temporary files of [`storage::replace`] in a folder, once they are an hour old.
///
/// # Errors
/// The folder cannot be listed, or a file not removed.
pub fn sweep(folder: &Path, now: SystemTime) -> Result<()> {
    for path in storage::list(folder)? {
        if is_temporary(&path) && is_abandoned(&path, now) {
            fs::remove_file(&path).map_err(StorageError::at("remove", &path))?;
        }
    }
    Ok(())
}

/// Removes the temporary files of one file, however young: for whoever holds the lock under which alone it is replaced.
///
/// # Errors
/// The folder cannot be listed, or a file not removed.
pub fn clear(file: &Path) -> Result<()> {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return Ok(()) };
    let begin = [b".", name.as_encoded_bytes(), b"."].concat();
    for path in storage::list(folder)? {
        let is_of_it = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(&begin));
        if is_of_it && is_temporary(&path) {
            fs::remove_file(&path).map_err(StorageError::at("remove", &path))?;
        }
    }
    Ok(())
}

/// `.NAME.PID.tmp`, as [`storage::replace`] names them.
fn is_temporary(path: &Path) -> bool {
    let number = path
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit_once('.'))
        .map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_abandoned(path: &Path, now: SystemTime) -> bool {
    let metadata = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
    let written = metadata.and_then(|metadata| metadata.modified().ok());
    written.and_then(|written| now.duration_since(written).ok()).is_some_and(|age| age > ABANDONED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_temporary_names_of_a_write_are_meant() {
        for (name, meant) in [
            (".latest.json.4711.tmp", true),
            (".state.json.1.tmp", true),
            ("state.json.1.tmp", false),
            (".state.json.tmp", false),
            (".x.y.tmp", false),
            (".state.json", false),
        ] {
            assert_eq!(is_temporary(&Path::new("/var/lib/patchctl").join(name)), meant, "{name}");
        }
    }

    #[test]
    fn a_young_file_may_still_be_written() {
        let folder = Path::new("/tmp").join(format!("patchctl-left-behind-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("made");
        let file = folder.join(".a.json.7.tmp");
        fs::write(&file, "half").expect("written");
        sweep(&folder, SystemTime::now()).expect("swept");
        assert!(file.exists());
        sweep(&folder, SystemTime::now() + ABANDONED * 2).expect("swept");
        assert!(!file.exists());
        fs::remove_dir_all(&folder).expect("removed");
    }
}
