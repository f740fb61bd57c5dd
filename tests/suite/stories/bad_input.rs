//! Bad input: exactly one clear error with file, line or field and the way out, the right code, and nothing changed.

use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::{InRoot, Ran};
use crate::lab::oracle::Manifest;

use super::watch::{TRACKER, as_nobody, document, import_tracker};

/// Runs a command that must be refused: one error with these words in it, nothing on stdout.
#[track_caller]
pub(super) fn refused(command: InRoot, code: i32, words: &[&str]) -> Ran {
    let ran = command.run().expect_code(code);
    let errors = ran.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!((errors, ran.stdout.as_str()), (1, ""), "{ran}");
    for words in words {
        assert!(ran.stderr.contains(words), "{words:?} is not said: {ran}");
    }
    ran
}

fn scan(root: &DebianRoot) -> InRoot {
    root.command(&["patchctl", "scan"])
}

#[test]
fn an_unknown_distribution_is_an_error_and_never_clean() {
    let Some(root) = debian::small() else { return };
    root.shell("rm /etc/os-release").expect_code(0);
    root.write("etc/os-release", "ID=plan9\nNAME=\"Plan 9\"\nVERSION_ID=4\n");
    let words = ["hint: ", "debian"];
    for verb in ["scan", "plan", "status"] {
        refused(root.command(&["patchctl", verb]), 1, &words);
    }
    let ran = root.run(&["patchctl", "scan", "--format", "json"]).expect_code(1);
    assert_eq!(document(&ran, "report-1.json")["outcome"], "failed");
}

#[test]
fn a_damaged_package_database_is_refused_with_file_line_and_field() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let status = root.path("var/lib/dpkg/status");
    let sound = std::fs::read(&status).unwrap();
    let text = String::from_utf8(sound.clone()).unwrap();
    let package = text.lines().position(|line| line == "Package: lab-plain").unwrap() + 1;
    let version =
        text.lines().skip(package).position(|line| line.starts_with("Version: ")).unwrap() + package + 1;
    let stanza = |change: &str, to: &[u8]| {
        let at = text.find("Package: lab-plain").unwrap();
        let place = at + text[at..].find(change).unwrap();
        [&sound[..place], to, &sound[place + change.len()..]].concat()
    };
    let in_line = |line: usize| format!("var/lib/dpkg/status, line {line}: ");
    for (bytes, place, words) in [
        (sound[..sound.len() - 40].to_vec(), in_line(text[..text.len() - 40].lines().count()), "cut off"),
        (stanza("Version: 1.0\n", b""), in_line(package), "has no Version"),
        (stanza("Version: 1.0\n", b"Version: 1.\xff0\n"), in_line(version), "Version is not UTF-8"),
        (stanza("Version: 1.0\n", b"Version: 1 0\n"), in_line(version), "Version is not valid"),
        (
            stanza("Version: 1.0\n", b"Version: 1.0\nVersion: 1.0\n"),
            in_line(version + 1),
            "Version stands twice",
        ),
        (stanza("Version: 1.0\n", b"Version: 1.0\nnonsense\n"), in_line(version + 1), "no field"),
    ] {
        std::fs::write(&status, bytes).unwrap();
        for verb in [&["scan"][..], &["plan"], &["apply", "--yes"]] {
            let command = root.command(&[&["patchctl"], verb].concat());
            refused(command, 10, &[&place, words, "hint: dpkg --audit"]);
        }
    }
    std::fs::write(&status, [&sound[..], &[0; 3]].concat()).unwrap();
    refused(scan(&root), 10, &["var/lib/dpkg/status, line"]);
}

#[test]
fn a_feed_that_is_none_is_refused_and_the_last_good_one_stays() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    import_tracker(&root);
    let bad = |name: &str, content: &str| root.write(&format!("tmp/{name}"), content);
    bad("cut.json", &TRACKER[..TRACKER.len() / 2]);
    bad("empty.json", "");
    bad("page.json", "<!DOCTYPE html>\n<title>403 Forbidden</title>\n");
    bad("list.json", "[]");
    bad("field.json", &TRACKER.replace("\"status\": \"undetermined\"", "\"status\": 3"));
    bad("release.json", &TRACKER.replace("\"bookworm\"", "\"trixie\""));
    bad(
        "shrunk.json",
        "{\"lab-plain\": {\"CVE-2026-10001\": {\"releases\": {\"bookworm\": {\"status\": \"open\"}}}}}",
    );
    root.shell("cd /tmp; gzip -k cut.json; gzip -kc tracker.json | head -c 300 > torn.json.gz")
        .expect_code(0);
    root.shell("cd /tmp; truncate -s 3G sparse.json; head -c 300M /dev/zero | gzip -1 > bomb.json.gz")
        .expect_code(0);
    let before = Manifest::of(&root);
    for (file, words) in [
        ("cut.json", &["line ", "column"][..]),
        ("cut.json.gz", &["line ", "column"]),
        ("torn.json.gz", &["gzip"]),
        ("empty.json", &["empty"]),
        ("page.json", &["web page"]),
        ("list.json", &["line 1"]),
        ("field.json", &["lab-generates: CVE-2026-10021: releases: bookworm: status"]),
        ("release.json", &["nothing about Debian"]),
        ("shrunk.json", &["more than 5 % vanished"]),
        ("sparse.json", &["larger than"]),
        ("bomb.json.gz", &["larger than", "when decompressed"]),
        ("missing.json", &["/tmp/missing.json"]),
    ] {
        let path = format!("/tmp/{file}");
        let words = [&[path.as_str(), "last good content stays", "hint: "], words].concat();
        refused(root.command(&["patchctl", "feeds", "import", &path]), 9, &words);
        root.run(&["patchctl", "feeds", "verify"]).expect_code(0);
    }
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    let ran = scan(&root).run().expect_code(0);
    assert!(ran.stdout.contains("1 CVE open"), "{ran}");
    refused(
        root.command(&["patchctl", "feeds", "import", "/tmp/tracker.json", "--name", "nvd"]),
        2,
        &["debian-tracker"],
    );
}

#[test]
fn a_stale_feed_is_labelled_and_an_older_one_refused() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    import_tracker(&root);
    root.shell("touch -d '2 days ago' /tmp/tracker.json").expect_code(0);
    let import = || root.command(&["patchctl", "feeds", "import", "/tmp/tracker.json"]);
    refused(import(), 9, &["is before", "the date of the content in use", "hint: "]);
    let ran = scan(&root).run().expect_code(0);
    assert!(ran.stdout.contains("1 CVE open"), "{ran}");
    root.shell("rm -r /var/cache/patchctl; touch -d '30 days ago' /tmp/tracker.json").expect_code(0);
    import().run().expect_code(0);
    let ran = scan(&root).run().expect_code(9);
    assert!(
        ran.stdout.contains("debian-tracker STALE, 30 days old") && ran.stdout.contains("INCOMPLETE"),
        "{ran}"
    );
    let report = document(&root.run(&["patchctl", "scan", "--format", "json"]), "report-1.json");
    assert_eq!((&report["outcome"], &report["exit_code"]), (&"incomplete".into(), &9.into()));
    root.write("etc/patchctl/conf.d/age.toml", "[feeds]\nmax_age = \"60d\"\n");
    scan(&root).run().expect_code(0);
}

#[test]
fn a_configuration_that_is_wrong_or_not_ours_is_refused() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let main = "etc/patchctl/patchctl.toml";
    for (text, words) in [
        ("[feeds]\nrefresh = \"6h\"\nrefrehs = \"6h\"\n", &["patchctl.toml, line 3", "refrehs"][..]),
        ("[policy]\nremovals = 3\n", &["patchctl.toml, line 2", "removals"]),
        ("[feeds]\nmax_age = \"soon\"\n", &["patchctl.toml, line 2", "max_age"]),
        ("[feeds]\nrefresh = \"6h\"\nrefresh = \"7h\"\n", &["patchctl.toml, line 3", "refresh"]),
        ("[feeds\n", &["patchctl.toml, line 1"]),
    ] {
        root.write(main, text);
        refused(scan(&root), 2, words);
    }
    std::fs::write(root.path(main), b"[host]\ncriticality = \"\xff\"\n").unwrap();
    refused(scan(&root), 2, &["patchctl.toml", "not UTF-8", "line 2"]);
    root.write(main, "[feeds]\nrefresh = \"6h\"\n");
    root.write("etc/patchctl/conf.d/10-site.toml", "[feeds]\nrefresh = \"12h\"\n");
    scan(&root).run().expect_code(0);
    for (command, words) in [
        ("chmod g+w /etc/patchctl/patchctl.toml", "patchctl.toml"),
        ("chmod o+w /etc/patchctl/conf.d/10-site.toml", "10-site.toml"),
        ("chown nobody /etc/patchctl/conf.d/10-site.toml", "10-site.toml"),
        ("chmod o+w /etc/patchctl/conf.d", "conf.d"),
        ("chmod g+w /etc/patchctl", "/etc/patchctl"),
    ] {
        root.shell(command).expect_code(0);
        let before = Manifest::of(&root);
        for verb in [&["scan"][..], &["apply", "--yes"]] {
            refused(root.command(&[&["patchctl"], verb].concat()), 2, &[words, "is not used", "hint: "]);
        }
        assert_eq!(before.diff(&Manifest::of(&root)), []);
        root.shell("chmod -R go-w /etc/patchctl; chown -R root /etc/patchctl").expect_code(0);
    }
    refused(root.command(&["patchctl", "scan", "--config", "/etc/none.toml"]), 2, &["/etc/none.toml"]);
}

#[test]
fn a_policy_that_cannot_be_read_and_a_check_that_cannot_run_stop_everything() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.write("etc/patchctl/conf.d/50-site.toml", "[policy]\nremovals = \"refuse\"\n");
    let place = "/etc/patchctl/conf.d/50-site.toml";
    let before = Manifest::of(&root);
    let apply = || root.command(&["patchctl", "apply", "--yes"]);
    let broken = |change: &str, user_too: bool, words: &[&str]| {
        root.shell(change).expect_code(0);
        refused(if user_too { as_nobody(&root, &["patchctl", "scan"]) } else { apply() }, 2, words);
        root.shell(&format!("rm -r {place}; printf '[policy]\\nremovals = \"refuse\"\\n' > {place}"))
            .expect_code(0);
    };
    broken(
        &format!("chmod 600 {place}"),
        true,
        &["cannot read the configuration", place, "ermission denied"],
    );
    broken(&format!("ln -sf nowhere {place}"), false, &["cannot read the configuration", place]);
    broken(&format!("rm {place}; mkdir {place}"), false, &[place, "is not a regular file"]);
    broken(&format!("printf 'removals = \"a' > {place}"), false, &["50-site.toml, line 1"]);
    let twice = "[[feeds.source]]\nname = \"osv\"\nlocation = \"/x\"\n";
    root.write(place, &twice.repeat(2));
    refused(apply(), 2, &["50-site.toml, line 5, key feeds.source: the name \"osv\" stands twice"]);
    root.write(place, "[policy]\nremovals = \"refuse\"\n");

    let check = "/etc/patchctl/checks.d/required.d/web";
    root.write(check, "#!/bin/sh\nexit 0\n");
    root.shell(&format!("chmod 644 {check}")).expect_code(0);
    refused(apply(), 2, &[check, "no file that can be executed", "hint: chmod +x"]);
    root.shell(&format!("chmod 777 {check}")).expect_code(0);
    refused(apply(), 2, &[check, "can be written by its group or by everyone", "hint: chmod go-w"]);
    root.shell("rm -r /etc/patchctl/checks.d").expect_code(0);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    assert!(!root.path("var/lib/patchctl/runs/0001").exists());
}

#[test]
fn a_waiver_that_is_over_is_not_written_and_one_that_was_is_told() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let waive = ["patchctl", "waive", "lab-plain", "--kind", "mitigated", "--reason", "no route"];
    let ends = ["--approved-by", "bert", "--expires", "2026-01-31"];
    refused(root.command(&[&waive[..], &ends].concat()), 2, &["--expires 2026-01-31 has passed"]);
    assert!(!root.path("etc/patchctl/waivers.d").exists());
    let written = "package = \"lab-plain\"\nkind = \"mitigated\"\nreason = \"x\"\napproved_by = \"b\"\n";
    root.write("etc/patchctl/waivers.d/old.toml", &format!("{written}expires = \"2026-01-31\"\n"));
    let told = root.run(&["patchctl", "policy", "check"]).expect_code(0);
    super::records::assert_says(&told, "waiver old expired on 2026-01-31: its findings count again");
}

#[test]
fn verbs_that_change_the_host_need_root_and_say_so() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let before = Manifest::of(&root);
    for (verb, told) in [
        (&["apply", "--yes"][..], "sudo patchctl apply"),
        (&["rollback", "--yes"], "sudo patchctl rollback"),
        (&["recover"], "sudo patchctl recover"),
    ] {
        refused(as_nobody(&root, &[&["patchctl"], verb].concat()), 5, &["needs root", told]);
    }
    root.write("tmp/tracker.json", TRACKER);
    as_nobody(&root, &["patchctl", "feeds", "import", "/tmp/tracker.json"]).run().expect_code(0);
    let ran = as_nobody(&root, &["patchctl", "scan"]).run().expect_code(0);
    assert!(ran.stdout.contains("1 CVE open"), "his own cache is his own: {ran}");
    let ran = scan(&root).run().expect_code(0);
    assert!(ran.stdout.contains("UPDATES ONLY"), "and nobody else's: {ran}");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    refused(root.command(&["patchctl", "apply", "--yes", "--root", "/srv"]), 2, &["/srv", "chroot"]);
}

#[test]
fn a_result_that_cannot_be_written_is_told() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    for (arguments, path) in [
        (&["scan", "-o", "/nowhere/out.txt"][..], "/nowhere/out.txt"),
        (&["scan", "-o", "/etc"], "/etc"),
        (&["plan", "-o", "/nowhere/plan.json"], "/nowhere/plan.json"),
        (&["status", "-o", "/proc/patchctl"], "/proc/patchctl"),
    ] {
        refused(root.command(&[&["patchctl"], arguments].concat()), 1, &[path]);
    }
    refused(root.command(&["patchctl", "scan", "--root", "/nowhere"]), 2, &["/nowhere"]);
    let ran = root.shell("patchctl scan > /dev/full");
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stderr.contains("standard output"), "{ran}");
}
