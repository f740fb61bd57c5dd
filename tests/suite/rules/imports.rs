//! Who may import whom (style.md 2.5): downwards only, never sideways.

use std::path::Path;

use super::sources;

/// A part of the tree and the top modules it may name; its own is always allowed. The longest match counts.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("src/model", &[]),
    ("src/host", &["model"]),
    ("src/observe.rs", &["model"]),
    ("src/threads.rs", &[]),
    ("src/config", &["model", "host", "observe"]),
    ("src/scan", &["model", "host", "observe", "config", "threads"]),
    // Pure: no host, no clock, no configuration files.
    ("src/scan/assess", &["model", "threads"]),
    ("src/plan", &["model"]),
    ("src/report", &["model"]),
    // What outlives a run is stored, so this part of report touches the host.
    ("src/report/ledger", &["model", "host", "observe", "config"]),
    ("src/package_manager", &["model", "host", "observe", "config"]),
    ("src/snapshot", &["model", "host", "observe", "config"]),
    (
        "src/apply",
        &["model", "host", "observe", "config", "scan", "plan", "report", "package_manager", "snapshot"],
    ),
    (
        "src/ops",
        &[
            "model",
            "host",
            "observe",
            "config",
            "scan",
            "plan",
            "report",
            "package_manager",
            "snapshot",
            "apply",
            "threads",
        ],
    ),
    ("src/cli", &["model", "host", "observe", "config", "report", "ops"]),
];

/// Files that join everything.
const FREE: &[&str] = &["src/lib.rs", "src/main.rs"];

/// Returns the top modules that a text names as `crate::…`, with their lines.
fn imports(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (at, _) in code.match_indices("crate::") {
            let name = &code[at + "crate::".len()..];
            let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
            found.push((number + 1, &name[..end]));
        }
    }
    found
}

fn allowed(path: &Path) -> Option<&'static [&'static str]> {
    let rows = MAY_IMPORT.iter().filter(|(part, _)| path.starts_with(part));
    rows.max_by_key(|(part, _)| part.len()).map(|(_, modules)| *modules)
}

fn own_module(path: &Path) -> String {
    let part = path.components().nth(1).expect("files are below src");
    part.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

#[test]
fn imports_go_downwards_only() {
    let mut offences = Vec::new();
    for source in sources("src") {
        if FREE.iter().any(|free| source.path == Path::new(free)) {
            continue;
        }
        let path = source.path.display();
        let Some(allowed) = allowed(&source.path) else {
            offences.push(format!("{path} is in no part of the table"));
            continue;
        };
        let own = own_module(&source.path);
        for (line, module) in imports(&source.text) {
            if module != own && !allowed.contains(&module) {
                offences.push(format!("{path}:{line} imports {module:?}, and may import {allowed:?}"));
            }
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn the_rule_sees_what_it_looks_for() {
    let text = "use crate::host::clock;\n// crate::apply\npub(crate) fn f() { crate::ops::run() }\nuse crate::{a};\n";
    assert_eq!(imports(text), [(1, "host"), (3, "ops"), (4, "")]);
    assert_eq!(allowed(Path::new("src/scan/assess/mod.rs")), Some(&["model", "threads"][..]));
}
