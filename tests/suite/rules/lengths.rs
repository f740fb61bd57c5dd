//! How long files and functions may be (style.md, measures).

use super::{Source, sources};

/// Lines of a file, without the tests at its end.
const LONGEST_FILE: usize = 400;
/// Lines of a function, from its first to its last.
const LONGEST_FUNCTION: usize = 60;

/// Returns the text before the tests that end a file.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// Returns name, first line and length of each function; the sources are formatted, so a function ends at the brace
/// that stands below its beginning.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        // A declaration over several lines has no body: it ends with `) -> …;`.
        let ends = |rest: &str| matches!(rest, "}" | ";") || (rest.starts_with(')') && rest.ends_with(';'));
        let is_end = |line: &&str| line.strip_prefix(indent).is_some_and(ends);
        let is_short = line.ends_with('}') || line.ends_with(';');
        let length = if is_short { 1 } else { 1 + lines[start..].iter().position(is_end).unwrap_or(0) };
        found.push((name, start + 1, length));
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let mut rest = line.trim_start();
    for word in ["pub(crate) ", "pub(super) ", "pub ", "const ", "unsafe "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name = rest.strip_prefix("fn ")?;
    Some(name.split(['(', '<']).next()?.to_owned())
}

fn all() -> Vec<Source> {
    sources("src").into_iter().chain(sources("tests")).collect()
}

#[test]
fn no_file_is_too_long() {
    let too_long: Vec<String> = all()
        .iter()
        .map(|source| (source.path.display().to_string(), without_tests(&source.text).lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert!(too_long.is_empty(), "at most {LONGEST_FILE} lines:\n{}", too_long.join("\n"));
}

#[test]
fn no_function_is_too_long() {
    let mut too_long = Vec::new();
    for source in all() {
        for (name, line, length) in functions(&source.text) {
            if length > LONGEST_FUNCTION {
                too_long.push(format!("{}:{line} {name}: {length} lines", source.path.display()));
            }
        }
    }
    assert!(too_long.is_empty(), "at most {LONGEST_FUNCTION} lines:\n{}", too_long.join("\n"));
}

#[test]
fn the_rule_measures_functions() {
    let text = "impl X {\n    pub fn a(&self) -> u8 {\n        1\n    }\n    fn b();\n}\nfn c() {}\n";
    let names: Vec<(String, usize, usize)> = functions(text);
    assert_eq!(names, [("a".into(), 2, 3), ("b".into(), 5, 1), ("c".into(), 7, 1)]);
}
