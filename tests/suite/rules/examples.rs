//! What people are shown to type can be typed, and fits their terminal: help pages, recipes and README.

use clap::Parser;
use patchctl::cli::args::Cli;
use patchctl::cli::generate::help_pages;
use patchctl::report::schema::Report;
use patchctl::report::text::{Rendering, Style};

use super::tree;

/// Columns of a terminal of the old kind.
const COLUMNS: usize = 80;

fn shipped(path: &str) -> String {
    std::fs::read_to_string(tree().join(path)).expect("the file is shipped")
}

#[test]
fn no_help_is_wider_than_a_terminal() {
    let wide: Vec<String> = help_pages()
        .iter()
        .flat_map(|(name, page)| page.lines().map(move |line| (name, line)))
        .filter(|(_, line)| line.chars().count() > COLUMNS)
        .map(|(name, line)| format!("{name}: {line}"))
        .collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

/// Every command of ours in a text, up to what the shell does with it or what is said of it.
fn commands(text: &str) -> Vec<String> {
    // A page doubles the backslash at the end of a line, and writes a dash with one.
    let single = text.replace("\\\\\n", "\\\n").replace("\\-", "-");
    let whole = single.split("\\\n").map(str::trim_start).collect::<Vec<_>>().join("");
    let begins = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("ansible.builtin.command: ").unwrap_or(line);
        let at = if line.contains("root  patchctl ") { line.find("patchctl ")? } else { 0 };
        line[at..].starts_with("patchctl ").then(|| line[at..].to_owned())
    };
    whole.lines().filter_map(begins).collect()
}

/// Splits a command as a shell does, as far as our examples go; two spaces before a word begin what is said of it.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    let mut spaces = 0;
    for c in command.chars() {
        spaces = if c == ' ' { spaces + 1 } else { 0 };
        match (c, quote) {
            (_, Some(open)) if c == open => quote = None,
            (_, Some(_)) => words.last_mut().expect("one").push(c),
            ('\'' | '"', None) => quote = Some(c),
            ('#' | '|' | '>' | '&' | ';', None) => break,
            (' ', None) if spaces == 2 => break,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().expect("one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_that_is_shown_is_one_that_the_program_reads() {
    let fenced = |text: String| {
        let blocks = text.split("```").enumerate().filter(|(place, _)| place % 2 == 1);
        blocks.map(|(_, block)| block.to_owned()).collect::<Vec<_>>().join("\n")
    };
    let mut texts = vec![("README.md".to_owned(), fenced(shipped("README.md")))];
    texts.push(("recipes".to_owned(), shipped("src/cli/recipes.7")));
    // What wraps an example in a page continues it with four spaces.
    texts.extend(help_pages().into_iter().filter(|(name, _)| name.ends_with("--help")));
    let mut read = 0;
    for (name, text) in texts {
        for command in commands(&text) {
            let typed = words(&command);
            if typed.iter().any(|word| word.starts_with('<') || word.starts_with('[')) {
                continue;
            }
            read += 1;
            if let Err(error) = Cli::try_parse_from(&typed) {
                panic!("{name}: {command}\n{typed:?}\n{error}");
            }
        }
    }
    assert!(read > 60, "{read} commands are read");
}

/// What the README shows is what the program says of the stored reports of real runs.
fn shown() -> String {
    let mut readme = shipped("README.md");
    for name in ["scan", "patched", "taken-back"] {
        let stored = shipped(&format!("tests/fixtures/reports/{name}.json"));
        let report: Report = serde_json::from_str(&stored).expect("a report");
        let style = Style { unicode: true, ..Style::plain(report.finished) };
        let mark = format!("<!-- shown: {name} -->\n```text\n");
        let begin = readme.find(&mark).expect("the README has its mark") + mark.len();
        let end = begin + readme[begin..].find("```").expect("the block ends");
        readme.replace_range(begin..end, &report.text(&style));
    }
    readme
}

#[test]
fn what_the_readme_shows_is_what_the_program_says() {
    let difference =
        "run `cargo test --test suite -- --ignored write_generated_files` and read the difference";
    assert!(
        shown() == shipped("README.md"),
        "README.md shows another output than the program's: {difference}"
    );
}

#[test]
#[ignore = "writes what the README shows anew"]
fn write_generated_files() {
    std::fs::write(tree().join("README.md"), shown()).expect("written");
}
