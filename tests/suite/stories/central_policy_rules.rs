//! One signed policy rules many hosts: it is pulled, proved and taken, or the last good one stays and that is said.

use super::records::assert_says;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::{Ran, on_host};

const FOLDER: &str = "/srv/lab/policy";
pub(super) const FILE: &str = "/srv/lab/policy/web.toml";

/// A root that is told where the policy of its group is.
fn told_root() -> Option<DebianRoot> {
    let root = debian::small_with(&["lab-plain"])?;
    let central = "key = \"/usr/share/keyrings/lab.gpg\"\ngroup = \"web\"\n";
    root.write(
        "etc/patchctl/patchctl.toml",
        &format!(
            "[feeds]\nrefresh = \"1s\"\n[policy]\nremovals = \"allow\"\n[central]\npolicy = \"{FOLDER}/\"\n{central}"
        ),
    );
    Some(root)
}

/// The text of a policy.
pub(super) fn policy(version: u32, days_ago: u32, rules: &str) -> String {
    let date = on_host(&["date", "-u", "-d", &format!("{days_ago} days ago"), "+%Y-%m-%dT%H:%M:%SZ"]);
    format!(
        "[issue]\ngroup = \"web\"\nversion = {version}\nissued = \"{}\"\n\n[policy]\n{rules}\n",
        date.trim()
    )
}

/// Puts a policy where hosts pull it, signed by one of the laboratory's two keys.
pub(super) fn publish(root: &DebianRoot, text: &str, keys: &str) {
    root.write(FILE, text);
    let (file, keys) = (root.path(FILE), root.path(&format!("srv/lab/{keys}")));
    let line = "rm -f \"$2.asc\"; gpg --quiet --batch --homedir \"$1\" --armor --detach-sign \"$2\"; exit $?";
    let enter = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c", line, "sh"];
    on_host(&[&enter[..], &[keys.to_str().unwrap(), file.to_str().unwrap()]].concat());
}

fn refresh(root: &DebianRoot) -> Ran {
    root.run(&["patchctl", "policy", "refresh"])
}

fn shown(root: &DebianRoot) -> String {
    let told = root.run(&["patchctl", "policy", "show"]).expect_code(0).stdout;
    told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

fn record(root: &DebianRoot) -> serde_json::Value {
    let read = std::fs::read(root.path("var/lib/patchctl/central.json")).unwrap_or_default();
    serde_json::from_slice::<serde_json::Value>(&read).unwrap_or_default()["policy"].clone()
}

#[test]
fn a_central_policy_comes_between_the_shipped_file_and_the_drop_ins_of_the_host() {
    let Some(root) = told_root() else { return };
    publish(&root, &policy(41, 1, "removals = \"refuse\"\nminimum_severity = \"high\""), "keys");
    let taken = refresh(&root).expect_code(0);
    for told in ["group web", "version 41", FILE, "signed by "] {
        assert_says(&taken, told);
    }
    let show = shown(&root);
    assert!(show.contains(&format!("refuse ({FILE}, line 7)")), "{show}");
    assert!(show.contains(&format!("high ({FILE}, line 8)")), "{show}");
    root.write("etc/patchctl/conf.d/50-own.toml", "[policy]\nminimum_severity = \"medium\"\n");
    let show = shown(&root);
    assert!(show.replace('\n', " ").contains("medium (/etc/patchctl/conf.d/50-own.toml, line 2)"), "{show}");
    assert!(show.contains("version 41"), "{show}");
}

#[test]
fn what_is_not_the_owners_or_not_for_this_host_is_one_error_and_nothing_changes() {
    let Some(root) = told_root() else { return };
    let good = policy(41, 2, "minimum_severity = \"high\"");
    publish(&root, &good, "keys");
    refresh(&root).expect_code(0);
    let (before, show) = (record(&root), shown(&root));
    let newer = policy(42, 1, "minimum_severity = \"low\"");
    for (text, keys, code, told) in [
        (newer.clone(), "wrong-keys", 8, "the signature is not good"),
        (policy(40, 1, ""), "keys", 8, "web.toml, line 3, key issue.version: version 40 is older than 41"),
        (
            newer.replace("42", "41"),
            "keys",
            8,
            "line 3, key issue.version: says something else than the version 41",
        ),
        (policy(42, 3, ""), "keys", 8, "line 4, key issue.issued: "),
        (newer.replace("\"web\"", "\"db\""), "keys", 8, "line 2, key issue.group: is for the group \"db\""),
        (
            newer.replace("minimum", "maximum"),
            "keys",
            2,
            "web.toml, line 7, column 1, key policy.maximum_severity",
        ),
        (
            policy(42, 1, "rings = [\"a:50\"]"),
            "keys",
            2,
            "web.toml, line 7, key policy.rings: the shares add up to 50",
        ),
        (format!("{newer}[notify]\nmail = \"root\"\n"), "keys", 2, "key notify: unknown field"),
    ] {
        publish(&root, &text, keys);
        let refused = refresh(&root).expect_code(code);
        assert_says(&refused, told);
        assert_says(&refused, "version 41 of ");
        assert_eq!(refused.stderr.matches("error: ").count(), 1, "{refused}");
        assert_eq!(record(&root), before, "{told}");
        let changed: Vec<_> = shown(&root).lines().map(str::to_owned).collect();
        for line in show.lines().filter(|line| line.contains("policy.")) {
            assert!(changed.iter().any(|now| now == line), "{told}: {line} is gone");
        }
    }
    std::fs::remove_file(root.path(&format!("{FILE}.asc"))).unwrap();
    assert_says(&refresh(&root).expect_code(8), "there is no signature: neither");
    std::fs::remove_file(root.path(FILE)).unwrap();
    assert_says(&refresh(&root).expect_code(9), "is out of reach; version 41 of ");
    assert_eq!(record(&root), before);
    publish(&root, &newer, "keys");
    refresh(&root).expect_code(0);
    assert_eq!(record(&root)["version"], 42);
}

#[test]
fn a_run_obeys_the_newest_policy_and_goes_on_with_the_last_good_one() {
    let Some(root) = told_root() else { return };
    let never = root.run(&["patchctl", "apply", "--yes"]).expect_code(8);
    assert_says(&never, "is out of reach; there is none yet");
    assert_says(&never, "what it forbids is not known: patchctl policy refresh");
    let today = on_host(&["date", "-u", "+%Y-%m-%d"]);
    let freeze =
        format!("[[policy.freeze]]\nfrom = \"{0}\"\nto = \"2030-01-01\"\nreason = \"audit\"", today.trim());
    publish(&root, &policy(1, 1, &freeze), "keys");
    std::thread::sleep(std::time::Duration::from_millis(1100)); // past feeds.refresh
    // A failed pull is not repeated at once; the operator asks for it.
    refresh(&root).expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"), "the freeze of the central policy holds");
    let why = root.run(&["patchctl", "plan"]);
    assert_says(&why, "web.toml, line 7");

    publish(&root, &policy(2, 0, ""), "keys");
    std::thread::sleep(std::time::Duration::from_millis(1100)); // past feeds.refresh
    root.run(&["patchctl", "scan"]).expect_code(0);
    assert_eq!(record(&root)["version"], 2, "a scan pulls what is due");
    std::fs::remove_file(root.path(FILE)).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100)); // past feeds.refresh
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&applied, "is out of reach; version 2 of ");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn a_policy_that_nobody_renews_is_noticed() {
    let Some(root) = told_root() else { return };
    publish(&root, &policy(1, 40, "minimum_severity = \"high\""), "keys");
    assert_says(&refresh(&root).expect_code(9), "was issued 40 days ago, longer than central.max_age");
    assert!(shown(&root).contains("was issued 40 days ago"), "the last one stays, and is told to be stale");
    publish(&root, &policy(2, 0, "minimum_severity = \"high\""), "keys");
    refresh(&root).expect_code(0);
    assert!(!shown(&root).contains("days ago"));
}

#[test]
fn half_a_configuration_is_one_error_with_its_place() {
    let Some(root) = debian::small() else { return };
    for (text, told) in [
        ("policy = \"/srv/x\"", "patchctl.toml, line 2, key central.policy: needs central.key"),
        (
            "key = \"/etc/hostname\"",
            "patchctl.toml, line 2, key central.key: there is no central.policy for it",
        ),
        (
            "policy = \"http://example.org/x\"\nkey = \"/etc/hostname\"",
            "line 2, key central.policy: location",
        ),
        ("group = \"We b\"", "line 2, key central.group: \"We b\" is not 1 to 40"),
        ("max_age = \"0d\"", "line 2, column 11, key central.max_age"),
    ] {
        root.write("etc/patchctl/patchctl.toml", &format!("[central]\n{text}\n"));
        let ran = root.run(&["patchctl", "policy", "show"]).expect_code(2);
        assert_says(&ran, told);
    }
    std::fs::remove_file(root.path("etc/patchctl/patchctl.toml")).unwrap();
    assert_says(&refresh(&root).expect_code(2), "no central policy is configured");
}
