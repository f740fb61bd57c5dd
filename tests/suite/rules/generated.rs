//! Completions and man pages are what the command line's definition makes.

use std::fs;

use patchctl::cli::generate::{man_pages, shipped_completions};

use super::{assert_shipped, tree, write_shipped};

/// Returns every generated file with its path in the tree.
fn generated() -> Vec<(String, Vec<u8>)> {
    let pages = man_pages().expect("man pages can be rendered");
    let pages = pages.into_iter().map(|(name, page)| (format!("man/{name}"), page));
    let scripts =
        shipped_completions().into_iter().map(|(name, script)| (format!("completions/{name}"), script));
    pages.chain(scripts).collect()
}

#[test]
fn completions_and_man_pages_are_current() {
    for (path, content) in generated() {
        assert_shipped(&path, &content);
    }
}

#[test]
fn no_page_of_a_verb_that_is_gone_is_shipped() {
    let made: Vec<String> = generated().into_iter().map(|(path, _)| path).collect();
    for folder in ["man", "completions"] {
        for entry in fs::read_dir(tree().join(folder)).expect("the folder is shipped") {
            let path =
                format!("{folder}/{}", entry.expect("entries can be read").file_name().to_string_lossy());
            assert!(made.contains(&path), "{path} is made by nothing: remove it");
        }
    }
}

#[test]
#[ignore = "writes the generated files anew"]
fn write_generated_files() {
    generated().iter().for_each(|(path, content)| write_shipped(path, content));
}
