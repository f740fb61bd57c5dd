//! Rules that the sources keep: who may import whom, how long files and functions are, and that generated files are
//! what the generator makes.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "tests read the source tree and may fail loudly"
)]

mod contract;
mod dependencies;
mod examples;
mod generated;
mod imports;
mod lengths;
mod schemas;

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the source tree.
fn tree() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A source file: its path inside the tree and its text.
struct Source {
    path: PathBuf,
    text: String,
}

/// Returns every Rust file below a folder of the tree, sorted.
fn sources(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&tree().join(folder), &mut paths);
    paths.sort();
    let source = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("sources can be read");
        Source { path: path.strip_prefix(tree()).expect("inside the tree").to_owned(), text }
    };
    paths.into_iter().map(source).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("folders can be listed") {
        let path = entry.expect("entries can be read").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Compares a shipped file with what it should hold, and names the command that writes it.
fn assert_shipped(path: &str, expected: &[u8]) {
    let shipped = fs::read(tree().join(path)).unwrap_or_default();
    assert!(
        shipped == expected,
        "{path} is not what the sources make: write it with \
         `cargo test --test suite -- --ignored write_generated_files`"
    );
}

/// Writes a shipped file.
fn write_shipped(path: &str, content: &[u8]) {
    let path = tree().join(path);
    fs::create_dir_all(path.parent().expect("files have a folder")).expect("folders can be made");
    fs::write(path, content).expect("files can be written");
}
