//! What vendors publish is read by a process that has no rights, no files and no network (safety design, P19): looked at while it
//! waits for its first byte.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use nix::unistd::{Uid, mkfifo};

const ASKED: &str = "--asked-by-patchctl";

fn ask(question: &str) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_patchctl"))
        .arg(ASKED)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("patchctl starts");
    child.stdin.take().expect("a pipe").write_all(question.as_bytes()).expect("it listens");
    child
}

fn answer(mut child: Child) -> String {
    let mut text = Vec::new();
    child.stdout.take().expect("a pipe").read_to_end(&mut text).expect("it answers");
    assert!(child.wait().expect("it ends").success());
    String::from_utf8_lossy(&text).into_owned()
}

fn question(content: &Path) -> String {
    serde_json::json!({"Read": {
        "format": "debian-tracker",
        "release": {"id": "debian", "version": "12", "codename": "bookworm"},
        "identity": "0".repeat(64),
        "published": null,
        "content": [content, 1000],
        "changes": null,
    }})
    .to_string()
}

/// A field of `/proc/PID/status` (proc(5)), once the last of its rights is gone.
fn status(child: &Child) -> impl Fn(&str) -> String + use<> {
    let path = format!("/proc/{}/status", child.id());
    let field = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let began = Instant::now();
    let mut text = fs::read_to_string(&path).expect("it runs");
    while field(&text, "Seccomp") != "2" && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
        text = fs::read_to_string(&path).expect("it runs");
    }
    move |name| field(&text, name)
}

/// A pipe in the place of content: whoever reads it waits until somebody writes.
fn pipe(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("patchctl-reader-{name}-{}", std::process::id()));
    let _ = fs::remove_file(&path);
    mkfifo(&path, Mode::from_bits_truncate(0o644)).expect("a pipe");
    path
}

#[test]
fn reader_gave_up_user_network_files_and_calls_before_the_first_byte() {
    let kept = answer(ask("\"Shed\""));
    if !Uid::effective().is_root() || kept != "{\"Kept\":[]}\n" {
        eprintln!("not run: as this user this kernel keeps rights of a reader: {kept}");
        return;
    }
    let path = pipe("rights");
    let reader = ask(&question(&path));
    let mut content = OpenOptions::new().write(true).open(&path).expect("it reads");
    let status = status(&reader);
    for (field, expected) in [
        ("Uid", "65534 65534 65534 65534"),
        ("Gid", "65534 65534 65534 65534"),
        ("Groups", ""),
        ("CapEff", "0000000000000000"),
        ("CapPrm", "0000000000000000"),
        ("NoNewPrivs", "1"),
        ("Seccomp", "2"),
    ] {
        assert_eq!(status(field), expected, "{field}");
    }
    let proc = Path::new("/proc").join(reader.id().to_string());
    let network = |of: &Path| fs::read_link(of.join("ns/net")).expect("a namespace");
    assert_ne!(network(&proc), network(Path::new("/proc/self")));
    let limits = fs::read_to_string(proc.join("limits")).expect("limits");
    for limit in ["Max open files", "Max processes", "Max file size"] {
        let line = limits.lines().find(|line| line.starts_with(limit)).expect("listed");
        assert_eq!(line.split_whitespace().rev().nth(1), Some("0"), "{line}");
    }
    content.write_all(br#"{"openssl": {"CVE-2024-0001": {"releases": {"bookworm": {"status": "open", "urgency": "low"}}}}}"#).expect("it reads");
    drop(content);
    let told = answer(reader);
    assert!(told.starts_with("{\"Admitted\":{\"entries\":1,\"advisories\":1,"), "{told}");
    let _ = fs::remove_file(path);
}
