//! An operator reads a plan before it is carried out: it is what apt itself would do, and says what stays and why.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::records::assert_says;
use super::watch::{as_nobody, document, import_tracker, started};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::on_host;
use crate::lab::repository::Suite;

/// Name, old and new version of every change, in order.
type Changes = Vec<(String, String, String)>;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn changes(plan: &Value) -> Changes {
    let steps = plan["steps"].as_array().unwrap().iter();
    let actions = steps.flat_map(|step| step["actions"].as_array().unwrap());
    actions.map(|a| (text(&a["package"]), text(&a["from"]), text(&a["to"]))).collect()
}

/// Plans as root and returns the plan of the report.
#[track_caller]
fn planned(root: &DebianRoot, arguments: &[&str]) -> Value {
    let ran = root.run(&[&["patchctl", "plan", "--format", "json"], arguments].concat()).expect_code(0);
    document(&ran, "report-1.json")["plan"].clone()
}

fn names(plan: &Value) -> Vec<String> {
    let mut names: Vec<String> = changes(plan).into_iter().map(|(name, ..)| name).collect();
    names.sort();
    names
}

/// The held packages with their chain, as `package: reason, subject, subject…`.
fn held(plan: &Value) -> BTreeMap<String, String> {
    let entry = |held: &Value| {
        let chain = held["cause_chain"].as_array().unwrap();
        let links: Vec<String> = chain.iter().map(|cause| text(&cause["subject"])).collect();
        (text(&held["package"]), format!("{}: {}", text(&chain[0]["reason"]), links.join(", ")))
    };
    plan["held"].as_array().unwrap().iter().map(entry).collect()
}

#[test]
fn all_updates_of_a_server_are_what_apt_itself_would_do() {
    let Some(root) = debian::server() else { return };
    let plan = planned(&root, &["--all-updates"]);
    let of_apt: Changes = root.pending().into_iter().map(|p| (p.package, p.from, p.to)).collect();
    assert!(!of_apt.is_empty());
    assert_eq!(changes(&plan), of_apt, "name by name, version by version, in apt's order");
    let sizes: u64 = actions(&plan).map(|action| action["artifact"]["size"].as_u64().unwrap()).sum();
    assert_eq!(plan["download_bytes"].as_u64(), Some(sizes));
    let shown = root.run(&["patchctl", "plan", "--all-updates"]).expect_code(0).stdout;
    let security = actions(&plan).filter(|action| action["security"] == true).count();
    assert!(shown.contains(&format!("{} packages · {security} security updates", of_apt.len())), "{shown}");
    assert!(
        !shown.contains("pending-security-update") && !plan.to_string().contains("pending-security-update")
    );
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(shown.lines().count() < of_apt.len() * 3 / 2 + 25, "about one line a package:\n{shown}");
}

fn actions(plan: &Value) -> impl Iterator<Item = &Value> {
    plan["steps"].as_array().unwrap().iter().flat_map(|step| step["actions"].as_array().unwrap())
}

#[test]
fn without_further_words_a_plan_takes_what_the_security_pocket_offers() {
    let Some(root) = debian::server() else { return };
    let plan = planned(&root, &[]);
    let offered = |package: &str, version: &str| {
        let policy = root.run(&["apt-cache", "policy", package]).stdout;
        let after = policy.split(&format!(" {version} ")).nth(1).unwrap_or_default();
        after
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with("        "))
            .any(|l| l.contains("-security/"))
    };
    let expected: Vec<String> = {
        let pending = root.pending().into_iter();
        let mut of_apt: Vec<String> =
            pending.filter(|p| offered(&p.package, &p.to)).map(|p| p.package).collect();
        of_apt.sort();
        of_apt
    };
    assert!(!expected.is_empty());
    let planned = names(&plan);
    let missing: Vec<&String> = expected.iter().filter(|name| !planned.contains(name)).collect();
    assert_eq!(missing, Vec::<&String>::new());
    for action in actions(&plan).filter(|action| !expected.contains(&text(&action["package"]))) {
        assert_eq!(action["security"], false, "only what the others need comes along: {action}");
    }
}

#[test]
fn a_selection_takes_that_and_nothing_else() {
    let fixtures = ["lab-plain", "lab-conf", "lab-source", "lab-bad", "lab-trigger"];
    let Some(root) = debian::small_with(&fixtures) else { return };
    import_tracker(&root);
    for (arguments, expected) in [
        (&["--cve", "CVE-2026-10001"][..], &["lab-plain"][..]),
        (&["--cve", "CVE-2026-10041"], &["lab-source"]),
        (&["--cve", "CVE-2026-10011"], &[]),
        (&["--advisory", "CVE-2026-10001"], &["lab-plain"]),
        (&["--package", "lab-conf"], &["lab-conf"]),
        (&["lab-src"], &["lab-source"]),
        (&["--severity", "high"], &["lab-plain"]),
        (&["--exclude", "lab-bad,lab-conf"], &["lab-plain", "lab-source", "lab-trigger"]),
        (&["lab-bad=2.0"], &["lab-bad"]),
        (&["lab-bad=2.0", "lab-plain"], &["lab-bad", "lab-plain"]),
        (&["--known-exploited"], &[]),
    ] {
        assert_eq!(names(&planned(&root, arguments)), expected, "{arguments:?}");
    }
    let plan = planned(&root, &["--cve", "CVE-2026-10041"]);
    assert_eq!(actions(&plan).next().unwrap()["closes"], serde_json::json!(["CVE-2026-10041"]));
    let plan = planned(&root, &["--all-updates", "--exclude", "lab-plain"]);
    assert!(!names(&plan).contains(&"lab-plain".to_owned()));
    assert_eq!(held(&plan)["lab-plain"], "not-selected: lab-plain");
}

#[test]
fn a_version_that_cannot_be_had_is_refused_with_the_way_out() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.repository().add(Suite::Bookworm, "lab-conf", "2.0");
    for (target, code, words) in [
        ("lab-plain=9.0", 2, &["no enabled repository offers lab-plain 9.0", "offered now: 2.0, 1.0"][..]),
        ("lab-conf=1.0", 2, &["lab-conf is not installed"]),
        ("lab-plain=1 0", 2, &["lab-plain=1 0"]),
        ("lab-plain=", 2, &["PACKAGE"]),
    ] {
        let ran = root.run(&["patchctl", "plan", target]).expect_code(code);
        assert!(words.iter().all(|words| ran.stderr.contains(words)), "{target}: {ran}");
        assert_eq!(ran.stdout, "");
    }
    root.apt(&["install", "-y", "lab-plain=2.0"]).expect_code(0);
    let ran = root.run(&["patchctl", "plan", "lab-plain=1.0"]).expect_code(8);
    assert!(ran.stderr.contains("older than the installed 2.0") && ran.stderr.contains("rollback"), "{ran}");
    let ran = root.run(&["patchctl", "plan"]).expect_code(0);
    assert!(ran.stdout.contains("nothing to do"), "{ran}");
}

#[test]
fn what_is_added_edited_or_held_is_said_before_anything_is_done() {
    let fixtures = ["lab-conf", "lab-needsnew", "lab-held", "lab-plain"];
    let Some(root) = debian::small_with(&fixtures) else { return };
    root.write("etc/lab-conf.conf", "edited by the administrator\n");
    let plan = planned(&root, &[]);
    assert_eq!(names(&plan), ["lab-conf", "lab-extra", "lab-needsnew", "lab-plain"]);
    let added: Vec<&Value> = actions(&plan).filter(|action| action["kind"] == "install").collect();
    assert_eq!((added.len(), &added[0]["package"]), (1, &Value::from("lab-extra")));
    assert!(plan["warnings"].to_string().contains("adds packages that were not installed: lab-extra"));
    assert_eq!(plan["conffiles"][0]["path"], "/etc/lab-conf.conf");
    assert_eq!(plan["conffiles"].as_array().unwrap().len(), 1, "the unedited one is not told");
    assert_eq!(held(&plan)["lab-held"], "package-hold: lab-held");
    let shown = root.run(&["patchctl", "plan"]).expect_code(0).stdout;
    for words in
        ["lab-extra", "not installed → 2.0", "/etc/lab-conf.conf", "apt-mark unhold lab-held", "security"]
    {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
}

#[test]
fn a_removal_is_refused_with_the_chain_of_causes_unless_it_is_asked_for() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-remover", "lab-conf"]) else { return };
    for arguments in [&[][..], &["--all-updates"]] {
        let plan = planned(&root, arguments);
        assert_eq!(names(&plan), ["lab-conf", "lab-plain"], "{arguments:?}");
        assert_eq!(held(&plan)["lab-remover"], "would-remove: lab-remover, lab-plain", "{arguments:?}");
    }
    let plan = planned(&root, &["--allow-removals", "--package", "lab-remover"]);
    assert!(plan["warnings"].to_string().contains("removes packages: lab-plain"), "{}", plan["warnings"]);
    assert!(changes(&plan).contains(&("lab-plain".into(), "1.0".into(), String::new())));
}

#[test]
fn a_hold_deep_in_a_chain_is_named_at_its_root() {
    let Some(root) = debian::small_with(&["lab-chain-a", "lab-chain-b", "lab-chain-c", "lab-plain"]) else {
        return;
    };
    root.run(&["apt-mark", "hold", "lab-chain-c"]).expect_code(0);
    for arguments in [&[][..], &["--all-updates"]] {
        let plan = planned(&root, arguments);
        assert_eq!(names(&plan), ["lab-plain"], "{arguments:?}");
        let held = held(&plan);
        assert_eq!(held["lab-chain-c"], "package-hold: lab-chain-c");
        assert_eq!(
            held["lab-chain-a"], "package-hold: lab-chain-a, lab-chain-b, lab-chain-c",
            "{arguments:?}"
        );
        assert_eq!(held["lab-chain-b"], "package-hold: lab-chain-b, lab-chain-c", "{arguments:?}");
    }
}

#[test]
fn a_pin_is_obeyed_and_named() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    root.write("etc/apt/preferences.d/pin", "Package: lab-plain\nPin: version 1.0\nPin-Priority: 1001\n");
    let plan = planned(&root, &[]);
    assert_eq!(names(&plan), ["lab-conf"]);
    assert_eq!(held(&plan)["lab-plain"], "pinned: lab-plain");
    assert!(plan["held"].to_string().contains("apt-cache policy lab-plain"));
}

#[test]
fn a_plan_costs_one_simulation() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf", "lab-held", "lab-trigger"]) else {
        return;
    };
    for arguments in [&[][..], &["--all-updates"], &["lab-plain=2.0"]] {
        root.run(&["patchctl", "scan"]).expect_code(0);
        let command = [&["patchctl", "plan"], arguments].concat();
        let (ran, programs) = started(root.command(&command));
        ran.expect_code(0);
        let simulations = programs.iter().filter(|line| line.contains("apt-get")).count();
        assert_eq!(simulations, 1, "{arguments:?}: {programs:?}");
    }
}

#[test]
fn a_sealed_plan_is_private_and_two_can_be_compared() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    let plan = |file: &str, more: &[&str]| {
        root.run(&[&["patchctl", "plan", "-o", file], more].concat()).expect_code(0);
    };
    plan("/tmp/both.json", &[]);
    plan("/tmp/one.json", &["--package", "lab-conf"]);
    assert_eq!(root.run(&["stat", "-c", "%a", "/tmp/both.json"]).stdout, "600\n");
    let ran = root.run(&["patchctl", "plan", "--diff", "/tmp/both.json", "/tmp/one.json"]).expect_code(0);
    assert!(ran.stdout.contains("lab-plain") && !ran.stdout.contains("lab-conf"), "{ran}");
    let ran = root.run(&["patchctl", "plan", "--diff", "/tmp/one.json", "/tmp/missing.json"]).expect_code(2);
    assert!(ran.stderr.contains("/tmp/missing.json"), "{ran}");
    let plan = as_nobody(&root, &["patchctl", "plan"]).run().expect_code(0);
    assert!(plan.stdout.contains("lab-conf"), "a plan needs no privilege: {plan}");
}

/// Where real captures of a Debian host and its archive lie, on machines that have them.
fn captures() -> Result<PathBuf, String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("PATCHCTL_TEST_SHARED").map_or(beside, PathBuf::from);
    let inventory = folder.join("inventories/dpkg/bookworm-build-host.status.zst");
    inventory.is_file().then_some(folder).ok_or(format!("{} is not here", inventory.display()))
}

/// Lays a captured host out as a root: dpkg's database, and the archive's indexes as apt names them.
fn captured_host(captures: &Path, root: &Path) {
    let (lists, sources) = (root.join("var/lib/apt/lists"), root.join("etc/apt/sources.list.d"));
    for folder in [&lists.join("partial"), &sources, &root.join("var/lib/dpkg")] {
        fs::create_dir_all(folder).unwrap();
    }
    let status = captures.join("inventories/dpkg/bookworm-build-host.status.zst");
    let status = on_host(&["zstd", "-qdc", status.to_str().unwrap()]);
    fs::write(root.join("var/lib/dpkg/status"), status).unwrap();
    let suites = ["bookworm", "bookworm-updates", "bookworm-security"];
    let written =
        format!("Types: deb\nURIs: file:///snapshot\nSuites: {}\nComponents: main\n", suites.join(" "));
    fs::write(sources.join("snapshot.sources"), written).unwrap();
    fs::write(root.join("etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n")
        .unwrap();
    for suite in suites {
        let dists = captures.join("feeds/debian/apt-snapshot/dists").join(suite);
        let list = |name: &str| lists.join(format!("_snapshot_dists_{suite}_{name}"));
        fs::copy(dists.join("InRelease"), list("InRelease")).unwrap();
        let packages = dists.join("main/binary-amd64/Packages.xz");
        let packages = on_host(&["xz", "-dc", packages.to_str().unwrap()]);
        fs::write(list("main_binary-amd64_Packages"), packages).unwrap();
    }
}

#[test]
fn the_plan_for_a_captured_host_is_apts_own_simulation_line_by_line() {
    let captures = match captures() {
        Ok(folder) => folder,
        Err(reason) => return eprintln!("not run: {reason}"),
    };
    let folder = std::env::temp_dir().join(format!("patchctl-captured-{}", std::process::id()));
    let root = folder.join("root");
    captured_host(&captures, &root);
    let simulation = captures.join("inventories/dpkg/bookworm-build-host.apt-upgrade-simulation.txt");
    let expected: Changes = fs::read_to_string(simulation).unwrap().lines().filter_map(unpacked).collect();
    let mut command = std::process::Command::new(debian::binary_under_test());
    command.args(["plan", "--all-updates", "--offline", "--format", "json", "--root"]).arg(&root);
    command.env_clear().env("HOME", &folder);
    if nix::unistd::geteuid().is_root() {
        on_host(&["chown", "-R", "65534:65534", folder.to_str().unwrap()]);
        std::os::unix::process::CommandExt::uid(&mut command, 65534);
    }
    let output = command.output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(expected.len(), 111);
    assert_eq!(changes(&report["plan"]), expected);
}

/// `Inst NAME [FROM] (TO …)`.
fn unpacked(line: &str) -> Option<(String, String, String)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ["Inst", name, from, to, ..] = words[..] else { return None };
    let from = from.strip_prefix('[')?.strip_suffix(']')?;
    Some((name.to_owned(), from.to_owned(), to.strip_prefix('(')?.to_owned()))
}

#[test]
fn the_plan_of_another_root_obeys_nobodys_apt_configuration() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let image = "/srv/image";
    for path in ["var/lib/dpkg", "etc", "var/lib/apt"] {
        root.shell(&format!("mkdir -p {image}/{path} && cp -a /{path}/. {image}/{path}/")).expect_code(0);
    }
    root.shell(&format!("cp --remove-destination /usr/lib/os-release {image}/etc/os-release")).expect_code(0);
    root.write(
        "etc/apt/apt.conf.d/99site",
        "APT::Default-Release \"bookworm\";\nDir::Etc::sourcelist \"/nowhere\";\n",
    );
    root.write("srv/image/etc/apt/apt.conf.d/99site", "no configuration at all {{{\n");
    let planned = root.run(&["patchctl", "plan", "--all-updates", "--root", image]).expect_code(0);
    assert_says(&planned, "lab-plain 1.0 → 2.0");
}
