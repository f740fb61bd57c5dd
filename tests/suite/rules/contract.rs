//! The table of what every back-end keeps names tests that are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("../../CONTRACT.md");
const FAMILIES: usize = 5;

/// The cells of each line of the table, without heading and rule.
fn lines() -> Vec<Vec<&'static str>> {
    let rows = TABLE.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn is_there(named: &str) -> bool {
    let Some((story, test)) = named.split_once("::") else { return false };
    let place = if story.contains('/') { story.to_owned() } else { format!("stories/{story}") };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/suite/{place}.rs"));
    let text = fs::read_to_string(path).unwrap_or_default();
    text.contains(&format!("#[test]\nfn {test}()"))
}

#[test]
fn every_test_that_the_contract_table_names_is_there() {
    let mut named = BTreeSet::new();
    let mut without = Vec::new();
    for line in lines() {
        assert_eq!(line.len(), FAMILIES + 1, "{line:?}");
        for cell in &line[1..] {
            match cell.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
                Some(test) => _ = named.insert(test),
                None if *cell == "the same" => {}
                None => without.push(format!("{}: {cell}", line[0])),
            }
        }
    }
    let gone: Vec<&&str> = named.iter().filter(|test| !is_there(test)).collect();
    assert!(gone.is_empty(), "named in tests/CONTRACT.md, and not there: {gone:?}");
    println!("{} lines, {} tests, without one: {without:?}", lines().len(), named.len());
    assert!(named.len() > 30);
}

#[test]
fn a_test_that_is_gone_would_be_seen() {
    assert!(!is_there("dnf_plans::no_such_story") && !is_there("no_such_file::x") && !is_there("x"));
}
