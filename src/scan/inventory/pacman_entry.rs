//! The folder of one package in pacman's local database: its name, and the sections of its files (pacman,
//! `lib/libalpm/be_local.c`): a heading such as `%FILES%`, its values a line each, and an empty line.

use std::path::Path;

/// Splits the name of a folder into the package and its version: `gcc-libs-13.2.1-3`.
pub(super) fn split(folder: &str) -> Option<(&str, &str)> {
    let release = folder.rfind('-')?;
    let version = folder[..release].rfind('-')?;
    let (name, version) = (&folder[..version], &folder[version + 1..]);
    (!name.is_empty() && !version.starts_with('-') && !version.ends_with('-')).then_some((name, version))
}

/// Returns the last part of a path as text.
pub(super) fn folder_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns the values of a section that are text; none where there is no such section.
pub(super) fn values<'a>(bytes: &'a [u8], section: &str) -> impl Iterator<Item = &'a str> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let heading = format!("%{section}%");
    // Nothing is left to take where there is no such heading.
    let _ = lines.by_ref().find(|line| *line == heading.as_bytes());
    lines.take_while(|line| !line.is_empty()).filter_map(|line| std::str::from_utf8(line).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_split_at_the_version() {
        assert_eq!(split("gcc-libs-1:13.2.1-3"), Some(("gcc-libs", "1:13.2.1-3")));
        for broken in ["", "a", "a-1", "-1-1", "a--1", "a-1-"] {
            assert_eq!(split(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_values_of_one_section_are_read() {
        let text = b"%FILES%\netc/\netc/a\n\n%BACKUP%\netc/a\tabc\n\n";
        assert_eq!(values(text, "FILES").collect::<Vec<_>>(), ["etc/", "etc/a"]);
        assert_eq!(values(text, "BACKUP").collect::<Vec<_>>(), ["etc/a\tabc"]);
        assert_eq!(values(text, "GROUPS").count(), 0);
    }
}
