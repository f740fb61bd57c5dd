//! Completions and man pages, made from the same definitions as the command line.

use std::io;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Cli;
use crate::host::storage::{self, StorageError};

/// A generated file: its name and content.
pub type Generated = (String, Vec<u8>);

/// Man pages that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A page cannot be rendered.
    #[error("cannot render the man page of {page}")]
    Page {
        /// The page.
        page: String,
        /// What the renderer answered.
        #[source]
        source: io::Error,
    },
    /// A page cannot be written.
    #[error("cannot write the man page {page}")]
    Write {
        /// The page.
        page: String,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
}

/// Returns the completion script of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "patchctl", &mut script);
    script
}

/// Returns the completion scripts that are shipped, with the file names that the shells look for.
pub fn shipped_completions() -> Vec<Generated> {
    let named = |shell, name: &str| (name.to_owned(), completions(shell));
    vec![
        named(Shell::Bash, "patchctl.bash"),
        named(Shell::Zsh, "_patchctl"),
        named(Shell::Fish, "patchctl.fish"),
    ]
}

/// Returns what `--help` says, `-h` where it is to be short: the main page first, then each verb with its name.
pub fn help_pages() -> Vec<(String, String)> {
    let mut root = Cli::command();
    root.build();
    let mut pages = Vec::new();
    collect_help(&mut root, "patchctl", &mut pages);
    pages
}

fn collect_help(command: &mut Command, name: &str, pages: &mut Vec<(String, String)>) {
    pages.push((format!("{name} -h"), command.render_help().to_string()));
    pages.push((format!("{name} --help"), command.render_long_help().to_string()));
    for verb in command.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
        let name = format!("{name} {}", verb.get_name());
        collect_help(verb, &name, pages);
    }
}

/// Returns every man page: the main one first, then one a verb.
///
/// # Errors
/// A page cannot be rendered.
pub fn man_pages() -> Result<Vec<Generated>, GenerateError> {
    let mut root = Cli::command();
    root.build();
    let mut pages = Vec::new();
    collect(&root, "patchctl", &mut pages)?;
    pages.push(("patchctl-recipes.7".to_owned(), RECIPES.as_bytes().to_vec()));
    Ok(pages)
}

/// The page of recipes, written by hand: what it shows is read by a test as the command line reads it.
const RECIPES: &str = include_str!("recipes.7");

fn collect(command: &Command, name: &str, pages: &mut Vec<Generated>) -> Result<(), GenerateError> {
    let mut page = Vec::new();
    let titled = command.clone().display_name(name);
    Man::new(titled)
        .render(&mut page)
        .map_err(|source| GenerateError::Page { page: name.to_owned(), source })?;
    pages.push((format!("{name}.1"), page));
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        collect(verb, &format!("{name}-{}", verb.get_name()), pages)?;
    }
    Ok(())
}

/// Writes every man page into a folder, which is made when it is absent.
///
/// # Errors
/// A page cannot be rendered or written.
pub fn write_man_pages(folder: &Path) -> Result<(), GenerateError> {
    let at = |page: &str| {
        let page = page.to_owned();
        move |source| GenerateError::Write { page, source }
    };
    storage::create_folder(folder, 0o755).map_err(at(&folder.display().to_string()))?;
    for (name, page) in man_pages()? {
        storage::replace(&folder.join(&name), &page, storage::PUBLIC).map_err(at(&name))?;
    }
    Ok(())
}
