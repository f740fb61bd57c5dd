//! What the program is made of: licences that allow it to be given away, one source, no crate that is banned. The rules are
//! those of `deny.toml`, which cargo-deny reads; where that is not installed, this reading of them stands alone.

use std::process::Command;

use serde_json::Value;

use super::tree;

/// An SPDX licence expression (SPDX 2.3, annex D), from left to right; `/` is the older way to write OR.
struct Expression<'a> {
    words: Vec<&'a str>,
    allowed: &'a [String],
}

impl Expression<'_> {
    fn is_allowed(text: &str, allowed: &[String]) -> bool {
        let spaced =
            text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ").replace(" WITH ", "+WITH+");
        let words = spaced.split_whitespace().rev().collect();
        Expression { words, allowed }.any()
    }

    /// Reads everything, also behind what decides already.
    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.words.last() == Some(&"OR") {
            self.words.pop();
            holds |= self.all();
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.words.last() == Some(&"AND") {
            self.words.pop();
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        match self.words.pop() {
            Some("(") => {
                let holds = self.any();
                self.words.pop();
                holds
            }
            Some(word) => self.allowed.contains(&word.replace("+WITH+", " WITH ")),
            None => false,
        }
    }
}

#[test]
fn licence_expressions_are_read_as_spdx_has_them() {
    let allowed = ["MIT".to_owned(), "ISC".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()];
    for text in [
        "MIT",
        "GPL-3.0-only OR MIT",
        "MIT/Unlicense",
        "(GPL-3.0-only OR ISC) AND MIT",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(Expression::is_allowed(text, &allowed), "{text}");
    }
    for text in ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(MIT OR ISC) AND GPL-3.0-only", "Apache-2.0"] {
        assert!(!Expression::is_allowed(text, &allowed), "{text}");
    }
}

#[test]
fn every_crate_may_be_given_away_and_comes_from_the_registry() {
    let rules: toml::Table =
        std::fs::read_to_string(tree().join("deny.toml")).expect("shipped").parse().expect("TOML");
    let texts = |value: &toml::Value, key: Option<&str>| -> Vec<String> {
        let entries = value.as_array().expect("a list").iter();
        let text = |entry: &toml::Value| key.map_or(entry.clone(), |key| entry[key].clone());
        entries.map(|entry| text(entry).as_str().expect("a text").to_owned()).collect()
    };
    let allowed = texts(&rules["licenses"]["allow"], None);
    let banned = texts(&rules["bans"]["deny"], Some("crate"));
    let ran = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu", "--manifest-path"])
        .arg(tree().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&ran.stdout).expect("metadata is JSON");
    let crates = metadata["packages"].as_array().expect("packages");
    assert!(crates.len() > 100, "{} crates", crates.len());
    for one in crates.iter().filter(|one| one["name"] != "patchctl") {
        let (name, licence) =
            (one["name"].as_str().expect("a name"), one["license"].as_str().unwrap_or_default());
        assert!(Expression::is_allowed(licence, &allowed), "{name}: {licence:?} is not in deny.toml");
        assert!(!banned.iter().any(|other| other == name), "{name} is banned by deny.toml");
        let source = one["source"].as_str().unwrap_or("a path");
        assert!(
            source.starts_with("registry+https://github.com/rust-lang/crates.io-index"),
            "{name}: {source}"
        );
    }
}

#[test]
fn cargo_deny_agrees() {
    let ran = Command::new("cargo-deny")
        .args(["--offline", "check", "licenses", "bans", "sources"])
        .current_dir(tree())
        .output();
    match ran {
        Ok(ran) => assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr)),
        Err(error) => println!("not run: cargo-deny: {error}; its rules were held against cargo metadata"),
    }
}
