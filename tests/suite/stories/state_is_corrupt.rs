//! patchctl's own state is damaged, cut, foreign or newer: it is refused with the file named, and nothing is changed.

use std::fs;

use sha2::{Digest, Sha256};

use super::records::{assert_says, refused_unchanged};
use crate::lab::debian::{self, DebianRoot};

const JOURNAL: &str = "var/lib/patchctl/runs/0001/journal";
const APPLY: &[&str] = &["patchctl", "apply", "--yes"];

/// A host with one run behind it and an update before it.
fn patched_host() -> Option<DebianRoot> {
    let root = debian::small_with(&["lab-plain", "lab-conf"])?;
    root.run(&["patchctl", "apply", "--yes", "--package", "lab-plain"]).expect_code(0);
    Some(root)
}

/// Every way a journal can be wrong, with the words that tell it.
fn damaged(sound: &[u8]) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let lines: Vec<&[u8]> = sound.split_inclusive(|byte| *byte == b'\n').collect();
    let mut flipped = sound.to_vec();
    flipped[sound.len() / 2] ^= 1;
    let mut doubled = lines.clone();
    doubled.insert(3, lines[2]);
    let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat().concat();
    vec![
        ("one bit is turned", flipped, "is damaged at line"),
        ("a record is missing", without(2), "is damaged at line 3"),
        ("a record is doubled", doubled.concat(), "is damaged at line 4"),
        ("it is another file", b"[settings]\nthis is no journal\nat all\n".to_vec(), "is damaged at line 1"),
        ("it is emptied", Vec::new(), "holds no record"),
        ("it is newer", newer(lines[0]), "has format 99"),
    ]
}

/// The first record as a later version of patchctl would write it, with a digest that fits.
fn newer(first: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(first);
    let json = text.trim_end().split_once(' ').expect("a digest and a record").1;
    let json = json.replace("\"journal_version\":2", "\"journal_version\":99");
    let mut hash = Sha256::new();
    hash.update(Sha256::digest(b""));
    hash.update(json.as_bytes());
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digest} {json}\n").into_bytes()
}

#[test]
fn a_journal_that_cannot_be_believed_stops_every_verb_that_changes_something() {
    let Some(root) = patched_host() else { return };
    let sound = fs::read(root.path(JOURNAL)).expect("the journal is there");
    for (case, bytes, words) in damaged(&sound) {
        fs::write(root.path(JOURNAL), &bytes).expect("a journal can be damaged");
        for verb in [APPLY, &["patchctl", "rollback", "--yes"], &["patchctl", "recover"]] {
            let refused = refused_unchanged(&root, verb, 10);
            assert_says(&refused, words);
            assert_eq!(fs::read(root.path(JOURNAL)).ok(), Some(bytes.clone()), "{case}: {refused}");
        }
        if case != "it is emptied" {
            assert_says(&root.run(&["patchctl", "history", "verify"]).expect_code(10), words);
        }
    }
    fs::write(root.path(JOURNAL), sound).expect("a journal can be mended");
    root.run(APPLY).expect_code(0);
}

#[test]
fn a_quarantine_or_ledger_that_cannot_be_believed_is_not_taken_for_an_empty_one() {
    let Some(root) = patched_host() else { return };
    for file in ["var/lib/patchctl/quarantine/versions.json", "var/lib/patchctl/ledger/first-seen.json"] {
        for text in ["", "{\"schema\":\"patchctl.quarantine", "[]", "{\"schema\":\"patchctl.future/9\"}"] {
            root.write(file, text);
            let refused = refused_unchanged(&root, APPLY, 10);
            assert_says(&refused, &format!("/{file} cannot be used"));
            assert_eq!(root.read(file), text, "{refused}");
        }
        fs::remove_file(root.path(file)).expect("it can be moved away");
    }
    root.run(APPLY).expect_code(0);
}
