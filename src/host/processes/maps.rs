//! `/proc/PID/maps`: the files whose code a process runs.

use std::path::PathBuf;

use super::path_of;

/// A file whose code is mapped into a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MappedFile {
    /// Its path when it was mapped.
    pub path: PathBuf,
    /// The file is no longer what the path names.
    pub replaced: bool,
}

/// Mappings that are no files of a package, whatever their name says.
const PSEUDO: &[&[u8]] = &[b"/dev/", b"/memfd:", b"/SYSV", b"/anon_hugepage", b"/[aio]", b"/i915", b"/drm"];

/// Reads the files that are mapped to be executed, each once (proc_pid_maps(5): six columns, the last one a path).
///
/// What is mapped to be read only, such as locale archives, is data and keeps no old code.
pub(super) fn parse(bytes: &[u8]) -> Vec<MappedFile> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let mut files: Vec<MappedFile> = lines.filter_map(parse_mapping).collect();
    files.sort_unstable();
    files.dedup();
    files
}

fn parse_mapping(line: &[u8]) -> Option<MappedFile> {
    let start = memchr::memchr(b'/', line)?;
    let (columns, path) = line.split_at(start);
    let mut columns = columns.split(|byte| *byte == b' ').filter(|column| !column.is_empty());
    let rights = columns.nth(1)?;
    let is_file = columns.count() == 3;
    let is_pseudo = PSEUDO.iter().any(|prefix| path.starts_with(prefix));
    if !is_file || is_pseudo || rights.get(2) != Some(&b'x') {
        return None;
    }
    let (path, replaced) = path.strip_suffix(b" (deleted)").map_or((path, false), |path| (path, true));
    Some(MappedFile { path: path_of(path), replaced })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(maps: &[u8]) -> Vec<(String, bool)> {
        parse(maps).into_iter().map(|file| (file.path.display().to_string(), file.replaced)).collect()
    }

    #[test]
    fn mapped_code_and_what_was_replaced_are_told_apart() {
        let maps = b"\
7f00-7f01 r-xp 00000000 fe:00 123                        /usr/lib/x86_64-linux-gnu/libcrypto.so.3 (deleted)
7f01-7f02 r--p 00000000 fe:00 124                        /usr/lib/x86_64-linux-gnu/libc.so.6
7f01-7f02 r-xp 00001000 fe:00 124                        /usr/lib/x86_64-linux-gnu/libc.so.6
7f02-7f03 r--p 00000000 fe:00 125                        /usr/lib/locale/locale-archive (deleted)
7f03-7f04 rwxs 00000000 00:01 9                          /dev/zero (deleted)
7f05-7f06 rwxp 00000000 00:00 0                          [heap]
7f07-7f08 r-xp 00000000 fe:00 126                        /opt/a b/lib.so
";
        assert_eq!(
            files(maps),
            [
                ("/opt/a b/lib.so".to_owned(), false),
                ("/usr/lib/x86_64-linux-gnu/libc.so.6".to_owned(), false),
                ("/usr/lib/x86_64-linux-gnu/libcrypto.so.3".to_owned(), true),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = parse(&bytes);
        }
    }
}
