//! Answers for the laboratory itself: what the other tests take for granted of it is true.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::lab::namespace::{Network, on_host};
use crate::lab::oracle::{Manifest, Verdict, classify};
use crate::lab::packages::FIXTURES;
use crate::lab::repository::Suite;
use crate::lab::{debian, offline_mirror, transcript};

#[test]
fn apt_trusts_the_repository_without_a_word() {
    let Some(root) = debian::small() else { return };
    let updated = root.apt(&["update"]).expect_code(0);
    assert_eq!(updated.stderr, "", "apt warns of the repository");
    let policy = root.run(&["apt-cache", "policy"]).stdout;
    assert!(
        policy.contains("o=Debian,a=oldstable-security,n=bookworm-security,l=Debian-Security"),
        "{policy}"
    );
    assert!(policy.contains("o=Vendor"), "{policy}");
}

#[test]
fn old_versions_are_installed_and_new_ones_pending() {
    let names = [
        "lab-plain",
        "lab-chain-a",
        "lab-chain-b",
        "lab-chain-c",
        "lab-held",
        "lab-gone",
        "lab-foreign",
        "lab-source",
    ];
    let Some(root) = debian::small_with(&names) else { return };
    for name in names {
        assert_eq!(root.installed(name).as_deref(), Some("1.0"), "{name}");
    }
    let pending = root.pending();
    let is_pending =
        |name: &str| pending.iter().any(|p| p.package == name && p.from == "1.0" && p.to == "2.0");
    for name in names {
        assert_eq!(is_pending(name), name != "lab-held", "{name} in {pending:?}");
    }
    assert_eq!(root.state("lab-held"), "hi");
    assert_eq!(root.audit(), "");
    assert!(
        !root.run(&["apt-cache", "madison", "lab-gone"]).stdout.contains(" 1.0 "),
        "the old version is gone"
    );
    let source =
        root.run(&["dpkg-query", "-W", "-f", "${source:Package} ${source:Version}", "lab-source"]).stdout;
    assert_eq!(source, "lab-src 5.0-1");
}

#[test]
fn every_fixture_installs_in_its_first_version() {
    let names: Vec<&str> = FIXTURES.iter().filter(|f| f.versions.contains(&"1.0")).map(|f| f.name).collect();
    let Some(root) = debian::small_with(&names) else { return };
    names.iter().for_each(|name| assert_eq!(root.installed(name).as_deref(), Some("1.0"), "{name}"));
    assert_eq!(root.audit(), "");
    assert_eq!(
        root.read("/usr/share/lab-plain/blob-1"),
        "in place of lab-plain's\n",
        "lab-divert took the place"
    );
    root.apt(&["install", "-y", "lab-activates=2.0"]).expect_code(0);
    assert!(
        root.read("/var/lib/lab-trigger/seen").contains("1.0 triggered"),
        "lab-activates woke lab-trigger"
    );
    let program = fs::metadata(root.path("/usr/bin/lab-setuid")).expect("lab-hardlink ships a setuid file");
    assert_eq!(program.permissions().mode() & 0o7777, 0o4755);
}

#[test]
fn failing_script_leaves_a_half_configured_package_and_the_old_version_cures_it() {
    let Some(root) = debian::small_with(&["lab-bad"]) else { return };
    let before = Manifest::of(&root);
    let ran = root.apt(&["install", "-y", "lab-bad=2.0"]).expect_code(100);
    assert!(ran.said().contains("lab-bad: cannot migrate the store"), "{ran}");
    assert_eq!(root.state("lab-bad"), "iF");
    assert_ne!(root.audit(), "");
    assert_eq!(root.installed("lab-bad").as_deref(), None);
    root.apt(&["install", "-y", "--allow-downgrades", "lab-bad=1.0"]).expect_code(0);
    assert_eq!(root.audit(), "");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

#[test]
fn later_states_of_the_repository_are_what_they_claim() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-slow", "lab-conf"]) else { return };
    let repository = root.repository();
    repository.add(Suite::Security, "lab-plain", "3.0");
    assert_eq!(root.apt(&["update"]).expect_code(0).stderr, "");
    assert!(root.pending().iter().any(|p| p.package == "lab-plain" && p.to == "3.0"), "{:?}", root.pending());
    repository.corrupt(Suite::Security, "lab-slow", "2.0");
    assert_ne!(root.apt(&["install", "-y", "lab-slow"]).code, 0, "a corrupt archive is refused");
    repository.vanish(Suite::Security, "lab-conf", "2.0");
    assert_ne!(root.apt(&["install", "-y", "lab-conf"]).code, 0, "a vanished archive is missed");
    repository.publish_expired(Suite::Security);
    let expired = root.apt(&["update"]);
    assert!(expired.code == 100 && expired.stderr.contains("is expired"), "{expired}");
    repository.publish_with_wrong_key(Suite::Security);
    let unsigned = root.apt(&["update"]);
    assert!(unsigned.stderr.contains("NO_PUBKEY"), "{unsigned}");
    repository.publish(Suite::Security);
    assert_eq!(root.apt(&["update"]).expect_code(0).stderr, "");
}

#[test]
fn downgrade_alone_does_not_undo_generated_files() {
    let Some(root) = debian::small_with(&["lab-generates"]) else { return };
    let (before, versions) = (Manifest::of(&root), root.versions());
    root.apt(&["install", "-y", "lab-generates=2.0"]).expect_code(0);
    root.apt(&["install", "-y", "--allow-downgrades", "lab-generates=1.0"]).expect_code(0);
    assert_eq!(root.versions(), versions);
    let changed: Vec<String> =
        before.diff(&Manifest::of(&root)).into_iter().map(|change| change.path).collect();
    assert_eq!(changed, ["etc/lab-generated.d/root-2", "etc/lab-generated.list"]);
}

#[test]
fn server_mirror_is_trusted_and_whole() {
    let Some(root) = debian::server() else { return };
    assert_eq!(root.apt(&["update"]).expect_code(0).stderr, "");
    let offered = root.run(&["apt-get", "-qq", "--print-uris", "dist-upgrade"]).expect_code(0).stdout;
    assert!(offered.lines().count() > 0, "no security update is pending");
    for line in offered.lines() {
        let (path, _) = offline_mirror::offered(line);
        assert!(root.path("/srv/mirror").join(&path).exists(), "the mirror lacks {path}");
    }
}

#[test]
fn server_takes_its_real_updates_offline_and_goes_back_by_packages() {
    let Some(root) = debian::server() else { return };
    let (versions, pending) = (root.versions(), root.pending());
    assert!(!pending.is_empty(), "no security update is pending");
    root.apt(&["dist-upgrade", "-y"]).expect_code(0);
    assert_eq!(root.pending(), []);
    assert_eq!(root.audit(), "");
    for change in &pending {
        assert_eq!(root.installed(&change.package).as_ref(), Some(&change.to), "{}", change.package);
    }
    let old: Vec<String> =
        pending.iter().map(|change| format!("{}={}", change.package, change.from)).collect();
    let mut arguments = vec!["install", "-y", "--allow-downgrades"];
    arguments.extend(old.iter().map(String::as_str));
    root.apt(&arguments).expect_code(0);
    assert_eq!(root.versions(), versions);
}

#[test]
fn roots_carry_no_shortcut_of_a_container_image() {
    let Some(root) = debian::server() else { return };
    let dpkg = root.shell("cat /etc/dpkg/dpkg.cfg /etc/dpkg/dpkg.cfg.d/* 2>/dev/null; true").stdout;
    assert!(!dpkg.contains("force-unsafe-io") && !dpkg.contains("path-exclude"), "{dpkg}");
    let apt = root.run(&["apt-config", "dump"]).expect_code(0).stdout;
    assert!(!apt.contains("Check-Valid-Until") && !apt.contains("Post-Invoke"), "{apt}");
}

#[test]
fn oracle_sees_one_byte_one_mode_and_nothing_else() {
    let Some(root) = debian::server() else { return };
    let before = Manifest::of(&root);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    let mut program = fs::read(root.path("usr/bin/openssl")).expect("openssl is installed");
    program[1000] ^= 1;
    fs::write(root.path("usr/bin/openssl"), program).expect("a file of the root can be written");
    fs::set_permissions(root.path("etc/shadow"), fs::Permissions::from_mode(0o644))
        .expect("a mode can be set");
    let after = Manifest::of(&root);
    let changed: Vec<String> = before.diff(&after).into_iter().map(|change| change.path).collect();
    assert_eq!(changed, ["etc/shadow", "usr/bin/openssl"]);
    assert_eq!(classify(&before, &after, &before), Verdict::Old);
    assert_eq!(classify(&before, &after, &after), Verdict::New);
    fs::write(root.path("etc/motd"), "third\n").expect("a file of the root can be written");
    assert!(matches!(classify(&before, &after, &Manifest::of(&root)), Verdict::Fail(_)));
}

#[test]
fn package_database_is_compared_by_meaning() {
    let Some(root) = debian::small() else { return };
    let before = Manifest::of(&root);
    let status = root.read("/var/lib/dpkg/status");
    let mut stanzas: Vec<&str> = status.trim_end().split("\n\n").collect();
    stanzas.reverse();
    root.write("/var/lib/dpkg/status", &format!("{}\n\n", stanzas.join("\n\n")));
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    root.write("/var/lib/dpkg/status", &status.replacen("install ok installed", "hold ok installed", 1));
    assert_eq!(before.diff(&Manifest::of(&root)).len(), 1);
}

#[test]
fn clones_do_not_see_each_other() {
    let (Some(one), Some(other)) = (debian::small(), debian::small()) else { return };
    let before = Manifest::of(&other);
    one.write("/etc/only-here", "one\n");
    assert!(!other.path("/etc/only-here").exists());
    assert_eq!(before.diff(&Manifest::of(&other)), []);
    assert_eq!(before.diff(&Manifest::of(&one)).len(), 1);
}

#[test]
fn snapshots_made_inside_a_clone_go_with_it() {
    let Some(root) = debian::small() else { return };
    let clone = root.path("/");
    for inside in ["/var/one", "/var/one/two"] {
        on_host(&["btrfs", "-q", "subvolume", "create", root.path(inside).to_str().expect("a plain path")]);
    }
    drop(root);
    assert!(!clone.exists());
}

#[test]
fn program_under_test_runs_in_the_root() {
    let Some(root) = debian::small() else { return };
    let ran = root.run(&["patchctl", "--version"]).expect_code(0);
    assert!(ran.stdout.starts_with("patchctl "), "{ran}");
}

#[test]
fn commands_are_alone_with_a_bare_environment_and_a_private_dev() {
    let Some(root) = debian::small() else { return };
    let names = root.shell("env | cut -d= -f1 | sort").stdout;
    assert_eq!(names.lines().collect::<Vec<_>>(), ["HOME", "LC_ALL", "PATH", "PWD", "TERM"]);
    let devices = root
        .shell("find /dev -type b; echo x >/dev/null; head -c4 /dev/urandom | wc -c")
        .expect_code(0)
        .stdout;
    assert_eq!(devices.trim(), "4", "no block device is in reach");
    let processes = root.shell("ls -d /proc/[0-9]* | wc -l").stdout;
    assert!(processes.trim().parse::<u32>().is_ok_and(|count| count < 8), "{processes}");
    assert_eq!(root.command(&["cat"]).stdin("given").run().stdout, "given");
    assert_eq!(root.command(&["printenv", "KEY"]).env("KEY", "value").run().stdout, "value\n");
    assert_eq!(root.run(&["sh", "-c", "kill -TERM $$"]).code, 128 + 15);
}

#[test]
fn network_is_off_unless_asked_for() {
    let Some(root) = debian::small() else { return };
    let interfaces =
        |network| root.command(&["grep", "-c", ":", "/proc/net/dev"]).network(network).run().stdout;
    assert_eq!(interfaces(Network::Off).trim(), "1", "only the loopback");
    let on_machine =
        fs::read_to_string("/proc/net/dev").expect("the machine lists its interfaces").matches(':').count();
    assert_eq!(interfaces(Network::Host).trim(), on_machine.to_string());
}

#[test]
fn transcripts_of_two_runs_are_equal() {
    let varied = "took 1.25 s at 2026-01-31T12:00:00+01:00, run 0042, pid 17: runs/0042/log\nlibc6 2.36-9+deb12u14 (5 minutes)";
    let expected = "took [DURATION] at [TIME], [RUN], [PID]: [RUN]/log\nlibc6 2.36-9+deb12u14 ([DURATION])";
    assert_eq!(transcript::normalise(varied), expected);
    let digest = "a1".repeat(32);
    assert_eq!(transcript::normalise(&format!("sha256:{digest} {digest}0")), format!("[DIGEST] {digest}0"));
}
