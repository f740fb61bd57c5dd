//! A policy that means nothing, that others could have written or that is not this host's: one error with file and line, the
//! exit code of its kind, and nothing changed.

use super::bad_input::refused;
use super::central_policy_rules::{FILE, policy, publish};
use super::records::assert_says;
use super::watch::as_nobody;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::oracle::Manifest;

const MAIN: &str = "etc/patchctl/patchctl.toml";
const WINDOW: &str = "[[policy.window]]\ndays = [\"Sat\"]\nstart = \"02:00\"\nduration = \"4h\"\n";
const FREEZE: &str =
    "[[policy.freeze]]\nfrom = \"2026-12-20\"\nto = \"2027-01-04\"\nreason = \"x\"\nallow = [\"low\"]\n";
const CHECK: &str = "[[health.check]]\nname = \"web\"\ncommand = [\"/bin/true\"]\n";
const WAIVER: &str = "package = \"lab-plain\"\nkind = \"mitigated\"\nreason = \"no route\"\napproved_by = \"b\"\n\
                      expires = \"2099-01-01\"\n";
const BLOCK: &str =
    "package = \"lab-plain\"\nversion = \"2.0\"\nuntil = \"newer\"\nreason = \"r\"\nowner = \"o\"\n";

/// A host without rules, and what it is before anybody writes some.
fn host() -> Option<(DebianRoot, Manifest)> {
    let root = debian::small_with(&["lab-plain"])?;
    root.shell("mkdir -p /etc/patchctl && echo 0123456789abcdef0123456789abcdef > /etc/machine-id")
        .expect_code(0);
    let before = Manifest::of(&root);
    Some((root, before))
}

/// Writes a file, has a run refused at a line of it, and takes the file away again.
#[track_caller]
fn refused_in(root: &DebianRoot, (path, text): (&str, &str), line: u32, words: &str) {
    root.write(path, text);
    let apply = root.command(&["patchctl", "apply", "--yes"]);
    refused(apply, 2, &[&format!("error: /{path}, line {line}, "), words]);
    std::fs::remove_file(root.path(path)).expect("it was written");
}

#[test]
fn settings_that_mean_nothing_are_refused_where_they_stand() {
    let Some((root, before)) = host() else { return };
    let window = |from: &str, to: &str| WINDOW.replace(from, to);
    let freeze = |from: &str, to: &str| FREEZE.replace(from, to);
    let plain = str::to_owned;
    for (text, line, words) in [
        (plain("[policy]\nminimum = \"low\"\n"), 2, "unknown field `minimum`"),
        (window("days", "dates"), 2, "unknown field `dates`"),
        (plain("[policy]\nremovals = 3\n"), 2, "3 is none of the words \"allow\", \"refuse\""),
        (window("[\"Sat\"]", "\"Sat\""), 2, "\"Sat\" is not a list in square brackets"),
        (plain("[policy]\nremovals = \"allow\"\nremovals = \"refuse\"\n"), 3, "duplicate key"),
        (CHECK.repeat(2), 5, "the name \"web\" stands twice"),
        (plain("[policy]\nrings = [\"a:50\", \"a:50\"]\n"), 2, "\"a\" stands twice"),
        (window("[\"Sat\"]", "[\"Sat\", \"Sat\"]"), 2, "\"Sat\" stands twice"),
        (window("duration = \"4h\"\n", ""), 1, "missing field `duration`"),
        (window("start = \"02:00\"\n", ""), 1, "missing field `start`"),
        (window("days = [\"Sat\"]\n", ""), 1, "either days or a date"),
        (format!("{WINDOW}date = \"2026-12-24\"\n"), 5, "date stands beside days"),
        (window("4h", "0h"), 4, "longer than zero"),
        (window("4h", "-4h"), 4, "not a span of time"),
        (window("4h", "8d"), 4, "longer than a week"),
        (window("Sat", "Someday"), 2, "\"Someday\" is not a day"),
        (window("02:00", "25:00"), 3, "is not a time of day"),
        (format!("{WINDOW}timezone = \"Europe/Atlantis\"\n"), 5, "\"Europe/Atlantis\" is not a time zone"),
        (format!("{WINDOW}\n{}", window("02:00", "2")), 8, "is not a time of day"),
        (window("window", "reboot_window").replace("Sat", "S"), 2, "\"S\" is not a day"),
        (freeze("to = \"2027-01-04\"\n", ""), 1, "missing field `to`"),
        (freeze("2027-01-04", "2026-01-04"), 3, "is before from"),
        (freeze("2026-12-20", "2026-12-32"), 2, "is not a day"),
        (freeze("\"x\"", "\" \""), 4, "reason is empty"),
        (freeze("reason = \"x\"\n", ""), 1, "missing field `reason`"),
        (freeze("\"low\"", "\"everything\""), 5, "\"everything\" is neither"),
        (format!("{FREEZE}timezone = \"Mars\"\n"), 6, "\"Mars\" is not a time zone"),
        (plain("[policy]\nrings = [\"canary:5\", \"main:90\"]\n"), 2, "add up to 95 %"),
        (plain("[policy]\nrings = [\"a\"]\n"), 2, "is not a ring"),
        (plain("[host]\nring = \"nowhere\"\n"), 2, "neither auto nor a ring"),
        (plain("[policy.approval_delay]\nhigh = \"-1d\"\n"), 2, "not a span of time"),
        (plain("[policy.due]\nhigh = \"0d\"\n"), 2, "longer than zero"),
        (format!("[policy]\njitter = \"5h\"\n{WINDOW}"), 2, "as long as a window"),
        (plain("[policy]\norigins = [\"a b\"]\n"), 2, "has blanks"),
        (CHECK.replace("/bin/true", "true"), 3, "\"true\" is not an absolute path"),
        (plain("[notify]\ncommand = [\"curl\"]\n"), 2, "\"curl\" is not an absolute path"),
    ] {
        refused_in(&root, (MAIN, &text), line, words);
        refused_in(&root, ("etc/patchctl/conf.d/50-site.toml", &text), line, words);
    }
    std::fs::remove_dir(root.path("etc/patchctl/conf.d")).expect("it is empty");
    assert_eq!(before.diff(&Manifest::of(&root)), [], "seventy-two refusals changed nothing");
}

#[test]
fn blocks_and_waivers_that_mean_nothing_are_refused_where_they_stand() {
    let Some((root, before)) = host() else { return };
    let (waivers, blocks) = ("etc/patchctl/waivers.d/x.toml", "etc/patchctl/blocks.d/x.toml");
    for (path, from, to, line, words) in [
        (waivers, "reason = \"no route\"\n", "", 1, "missing field `reason`"),
        (waivers, "\"no route\"", "\"\"", 3, "the text is empty"),
        (waivers, "approved_by = \"b\"\n", "", 1, "missing field `approved_by`"),
        (waivers, "expires = \"2099-01-01\"\n", "", 1, "missing field `expires`"),
        (waivers, "2099-01-01", "soon", 5, "\"soon\" is not a day"),
        (waivers, "mitigated", "fine", 2, "\"fine\" is none of the words"),
        (waivers, "package = \"lab-plain\"\n", "", 1, "a finding, an advisory or a package"),
        (blocks, "reason = \"r\"\n", "", 1, "missing field `reason`"),
        (blocks, "owner = \"o\"\n", "", 1, "missing field `owner`"),
        (blocks, "until = \"newer\"\n", "", 1, "missing field `until`"),
        (blocks, "\"newer\"", "\"some day\"", 3, "neither newer nor a day"),
        (blocks, "version = \"2.0\"\n", "", 2, "newer than which version"),
        (blocks, "owner", "review = \"never\"\nowner", 5, "\"never\" is not a day"),
    ] {
        let text = if path == waivers { WAIVER } else { BLOCK };
        refused_in(&root, (path, &text.replace(from, to)), line, words);
    }
    let waive = ["patchctl", "waive", "lab-plain", "--kind", "mitigated", "--approved-by", "b"];
    let over = ["--reason", "x", "--expires", "2026-01-31"];
    refused(root.command(&[&waive[..], &over].concat()), 2, &["--expires 2026-01-31 has passed"]);
    root.shell("rmdir /etc/patchctl/waivers.d /etc/patchctl/blocks.d").expect_code(0);
    assert_eq!(before.diff(&Manifest::of(&root)), []);

    // What is over, or about nothing that is installed, stops nothing and is told with its place.
    root.write(waivers, &WAIVER.replace("2099-01-01", "2026-01-31"));
    root.write(blocks, &BLOCK.replace("lab-plain", "nothing-here"));
    let told = root.run(&["patchctl", "policy", "check"]).expect_code(0);
    assert_says(&told, "waiver x expired on 2026-01-31: its findings count again");
    assert_says(&told, "(/etc/patchctl/waivers.d/x.toml, line 1)");
    assert_says(&told, "block x names nothing-here, which is not installed");
    assert_says(&told, "(/etc/patchctl/blocks.d/x.toml, line 1)");
}

#[test]
fn what_others_could_have_written_or_nobody_can_read_is_refused() {
    let Some((root, _)) = host() else { return };
    root.write(MAIN, "[policy]\nremovals = \"refuse\"\n");
    root.write("etc/patchctl/waivers.d/x.toml", WAIVER);
    root.write("etc/patchctl/checks.d/required.d/web", "#!/bin/sh\nexit 0\n");
    root.shell("chmod 755 /etc/patchctl/checks.d/required.d/web").expect_code(0);
    let before = Manifest::of(&root);
    let (main, waiver) = ("/etc/patchctl/patchctl.toml", "/etc/patchctl/waivers.d/x.toml");
    let check = "/etc/patchctl/checks.d/required.d/web";
    let by_others = "can be written by its group or by everyone";
    for (change, undo, path, words) in [
        ("chmod 666", "chmod 644", main, by_others),
        ("chown nobody", "chown root", main, "belongs to user 65534"),
        ("chmod 620", "chmod 644", waiver, by_others),
        ("chmod 777", "chmod 755", "/etc/patchctl/waivers.d", by_others),
        ("chmod 644", "chmod 755", check, "no file that can be executed"),
        ("chmod 757", "chmod 755", check, by_others),
        ("chown nobody", "chown root", check, "belongs to user 65534"),
    ] {
        root.shell(&format!("{change} {path}")).expect_code(0);
        refused(root.command(&["patchctl", "apply", "--yes"]), 2, &[path, words]);
        root.shell(&format!("{undo} {path}")).expect_code(0);
    }
    for path in [main, waiver] {
        root.shell(&format!("chmod 600 {path}")).expect_code(0);
        refused(as_nobody(&root, &["patchctl", "scan"]), 2, &[path, "ermission denied"]);
        root.shell(&format!("chmod 644 {path}")).expect_code(0);
    }
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    root.write(MAIN, "[policy]\nrings = [\"canary:5\", \"main:95\"]\n");
    root.shell("rm /etc/machine-id").expect_code(0);
    let words = ["patchctl.toml, line 2: rings are found by the machine id"];
    refused(root.command(&["patchctl", "apply", "--yes"]), 2, &words);
    assert!(!root.path("var/lib/patchctl/runs/0001").exists());
}

#[test]
fn a_central_policy_that_is_not_this_hosts_is_refused_and_the_last_good_one_stays() {
    let Some((root, _)) = host() else { return };
    let central = "key = \"/usr/share/keyrings/lab.gpg\"\ngroup = \"web\"\n";
    root.write(MAIN, &format!("[central]\npolicy = \"/srv/lab/policy/\"\n{central}"));
    publish(&root, &policy(41, 2, "minimum_severity = \"high\""), "keys");
    let refresh = || root.command(&["patchctl", "policy", "refresh"]);
    refresh().run().expect_code(0);
    // When it was asked for last is noted there; the policy itself is looked at below.
    let host = || Manifest::of(&root).without(&["var/lib/patchctl/central.json"]);
    let (before, newer) = (host(), policy(42, 1, ""));
    for (text, keys, code, words) in [
        (newer.clone(), "wrong-keys", 8, "the signature is not good"),
        (policy(40, 1, ""), "keys", 8, "line 3, key issue.version: version 40 is older than 41"),
        (newer.replace("\"web\"", "\"db\""), "keys", 8, "line 2, key issue.group: is for the group \"db\""),
        (policy(42, 9, ""), "keys", 8, "line 4, key issue.issued: "),
        (
            policy(42, 1, WINDOW).replace("Sat", "Someday"),
            "keys",
            2,
            "line 8, column 8, key policy.window.days",
        ),
        (policy(42, 1, "rings = [\"a:50\"]"), "keys", 2, "line 7, key policy.rings: the shares add up to 50"),
    ] {
        publish(&root, &text, keys);
        let ran = refused(refresh(), code, &[FILE, words, "version 41 of "]);
        assert_eq!(before.diff(&host()), [], "{ran}");
        let shown = root.run(&["patchctl", "policy", "show"]).expect_code(0);
        assert_says(&shown, "version 41");
    }
}
