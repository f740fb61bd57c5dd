//! Reads what `rpm -V` says of the files of a package (rpm(8), "Verify options").
//!
//! `S.5....T.  c /etc/foo.conf`, or `missing   c /etc/foo.conf`: nine places, each a test or `.` where it holds, `?` where
//! it could not be made; a letter for the kind of file; the path.

use std::path::PathBuf;

/// What is said of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) path: PathBuf,
    /// It does not hold what the package brought.
    pub(super) content: bool,
    /// It is a configuration file.
    pub(super) configuration: bool,
}

/// Reads one line; other lines, such as complaints about dependencies, are none.
pub(super) fn parse(line: &str) -> Option<Line> {
    let (tests, rest) = line.split_once("  ")?;
    let rest = rest.trim_start();
    let (kind, path) = match rest.split_once(' ') {
        Some((kind, path)) if kind.len() == 1 => (kind, path.trim_start()),
        _ => ("", rest),
    };
    // rpm says behind a path what else is odd about it.
    let path = path.strip_suffix(" (replaced)").unwrap_or(path);
    if !path.starts_with('/') {
        return None;
    }
    let tests = tests.trim();
    let content = match tests {
        "missing" => true,
        _ if tests.len() >= 8 && !tests.contains(' ') => is_content(tests),
        _ => return None,
    };
    // What a package only lays claim to, its scripts make.
    let content = content && kind != "g";
    Some(Line { path: PathBuf::from(path), content, configuration: kind == "c" })
}

/// Size, digest, target of a link or number of a device. Mode, owner and time are set by scripts too; a test that could
/// not be made is a doubt about the content.
fn is_content(tests: &str) -> bool {
    tests.contains(['S', '5', 'L', 'D', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_from_what_scripts_set() {
        for (line, content, configuration) in [
            ("S.5....T.  c /etc/foo.conf", true, true),
            ("S.5....T.    /usr/share/foo/file", true, false),
            (".M.....T.    /usr/bin/x", false, false),
            ("missing     /usr/share/foo/file", true, false),
            ("missing   c /etc/foo.conf", true, true),
            ("..?......    /usr/bin/secret", true, false),
            ("missing   g /run/x", false, false),
        ] {
            let read = parse(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((read.content, read.configuration), (content, configuration), "{line}");
        }
        for line in ["Unsatisfied dependencies for foo-2.0-1.noarch:", "", "package foo is not installed"] {
            assert_eq!(parse(line), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(S.5....T.|missing| |  |c|/etc|\\PC){0,12}") {
            let _ = parse(&text);
        }
    }
}
