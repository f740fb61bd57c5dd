//! A root on btrfs: the snapshot of a run is taken before its first change, belongs to it alone, goes with it, and brings
//! the whole root back at the next boot.

use std::fs;

use super::power_fails::kill_while_fetching;
use super::records::assert_says;
use crate::lab::btrfs_root::on_btrfs;
use crate::lab::debian;
use crate::lab::namespace::on_host;
use crate::lab::oracle::Manifest;

#[test]
fn the_whole_root_goes_back_at_the_next_boot() {
    let Some(host) = on_btrfs(&["lab-plain", "lab-conf"]) else { return };
    let before = Manifest::of(&host.root);
    let applied = host.run("patchctl apply --yes").expect_code(0);
    assert_says(&applied, "packages + btrfs");
    assert_eq!(host.names_beside(), ["patchctl-0001"]);
    let snapshot = &host.beside()[0];
    assert!(fs::write(snapshot.join("root/x"), "").is_err(), "nothing can write to it");

    host.root.write("root/precious", "written after the run\n");
    let preview = host.run("patchctl rollback --snapshot --preview").expect_code(0);
    assert_says(&preview, "/root/precious");
    let refused = host.run("patchctl rollback --snapshot --yes").expect_code(8);
    assert_says(&refused, "--accept-lost");
    let back = host.run("patchctl rollback --snapshot --accept-lost --yes").expect_code(0);
    assert_says(&back, "systemctl reboot");

    host.root.reboot();
    assert_eq!(host.root.installed("lab-plain").as_deref(), Some("1.0"));
    assert!(!host.root.path("root/precious").exists());
    assert_eq!(before.diff(&Manifest::of(&host.root)), []);
    host.run("patchctl history verify").expect_code(0);
    let shown = host.run("patchctl history").expect_code(0);
    assert_says(&shown, "0002");
    let again = host.run("patchctl apply --yes");
    assert_eq!(
        host.root.installed("lab-plain").as_deref(),
        Some("1.0"),
        "what was taken back stays away: {again}"
    );
}

#[test]
fn a_later_run_that_was_cut_off_before_its_first_change_stands_in_no_way() {
    let Some(host) = on_btrfs(&["lab-plain", "lab-conf"]) else { return };
    let before = Manifest::of(&host.root);
    host.run("patchctl apply --yes --package lab-plain").expect_code(0);
    kill_while_fetching(&host.root, "0002");
    assert_says(&host.run("patchctl apply --yes; echo ended $?"), "ended 137");
    host.run("patchctl rollback --snapshot 0001 --preview").expect_code(0);
    let back = host.run("patchctl rollback --snapshot 0001 --accept-lost --yes").expect_code(0);
    assert_says(&back, "run 0002 was cut off before its first change and is given up");
    host.root.reboot();
    assert_eq!(before.diff(&Manifest::of(&host.root)), []);
    host.run("patchctl history verify").expect_code(0);
}

#[test]
fn until_the_reboot_nothing_else_is_begun() {
    let Some(host) = on_btrfs(&["lab-plain"]) else { return };
    host.run("patchctl apply --yes").expect_code(0);
    let line = "patchctl rollback --snapshot --accept-lost --yes; \
                cat /run/patchctl/root-replaced; patchctl apply --yes; echo apply $?; patchctl recover; echo recover $?; \
                patchctl status | head -n 4";
    let said = host.run(line);
    for told in
        ["0001", "apply 10", "recover 10", "the next boot starts from the root as it was before run 0001"]
    {
        assert_says(&said, told);
    }
}

#[test]
fn a_mounted_root_goes_back_at_once() {
    let Some(host) = on_btrfs(&["lab-plain"]) else { return };
    let before = Manifest::of(&host.root);
    host.run("patchctl apply --yes").expect_code(0);
    // A rescue system is any other root from which this one is mounted.
    let Some(rescue) = on_btrfs(&[]) else { return };
    let mount = format!(
        "mkdir /mnt/mnt/host; mount -t btrfs -o subvol=/{} {} /mnt/mnt/host",
        host.name(),
        host.disk()
    );
    let line = "patchctl --root /mnt/host rollback --snapshot --accept-lost --yes";
    rescue.command(&mount, line).run().expect_code(0);
    assert_eq!(host.root.installed("lab-plain").as_deref(), Some("1.0"));
    assert_eq!(before.diff(&Manifest::of(&host.root)), []);
    host.run("patchctl history verify").expect_code(0);
}

#[test]
fn a_snapshot_of_somebody_else_is_never_touched() {
    let Some(host) = on_btrfs(&["lab-plain"]) else { return };
    let foreign = format!("{}.patchctl-0001", host.path.display());
    on_host(&["btrfs", "-q", "subvolume", "create", &foreign]);
    fs::write(format!("{foreign}/theirs"), "theirs").expect("writable");
    let before = Manifest::of(&host.root);
    let refused = host.run("patchctl apply --yes").expect_code(1);
    assert_says(&refused, "is not the snapshot that the run took");
    assert_eq!(
        before.diff(&Manifest::of(&host.root)),
        [],
        "a snapshot that fails stops the run before any change"
    );
    assert!(fs::metadata(format!("{foreign}/theirs")).is_ok());
}

#[test]
fn the_snapshot_of_a_run_that_is_given_up_or_pruned_goes_with_it() {
    let Some(host) = on_btrfs(&["lab-plain", "lab-conf"]) else { return };
    host.root.write("etc/patchctl/patchctl.toml", "[snapshot]\nprovider = \"btrfs\"\nkeep = 1\n");
    let killed = host.command("true", "exec patchctl apply --yes").start();
    killed.wait_until("the snapshot is taken", || !host.beside().is_empty());
    killed.kill();
    host.root.reboot();
    if host.root.installed("lab-plain").as_deref() == Some("1.0") {
        host.run("patchctl recover").expect_code(0);
    }
    host.run("patchctl apply --yes --package lab-plain --all-updates");
    host.run("patchctl apply --yes --all-updates").expect_code(0);
    assert_eq!(host.names_beside().len(), 1, "{:?}", host.names_beside());
}

#[test]
fn a_provider_that_is_named_and_does_not_fit_stops_the_run() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.write("etc/patchctl/patchctl.toml", "[snapshot]\nprovider = \"btrfs\"\n");
    let before = Manifest::of(&root);
    let refused = root.run(&["patchctl", "apply", "--yes"]).expect_code(10);
    assert_says(&refused, "btrfs-progs is not installed");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

#[test]
fn a_boot_folder_of_its_own_is_kept_with_the_run_and_put_back() {
    let Some(host) = on_btrfs(&["lab-plain"]) else { return };
    let line = "patchctl apply --yes; echo new > /boot/initrd.img; echo kernel > /boot/vmlinuz-2; \
                patchctl rollback --snapshot --accept-lost --yes; grep . /boot/*";
    let boot = "mount -t tmpfs lab-boot /mnt/boot; echo old > /mnt/boot/initrd.img";
    let said = host.command(boot, line).run();
    assert_says(&said, "/boot, copied with the run (at the next boot)");
    for told in ["/boot/initrd.img:old", "/boot/vmlinuz-2:kernel"] {
        assert_says(&said, told);
    }
}

#[test]
fn a_rehearsal_stands_on_a_snapshot_that_goes_with_it() {
    let Some(host) = on_btrfs(&["lab-plain"]) else { return };
    let before = Manifest::of(&host.root);
    let ran = host.run("patchctl rehearse").expect_code(0);
    assert_says(&ran, "the clone stands on a snapshot");
    assert!(!ran.said().contains("best effort"), "{ran}");
    let litter = host.root.path("var/lib/patchctl/rehearsal");
    assert!(!litter.exists(), "{ran}");
    let killed = "patchctl rehearse & pid=$!; \
        until [ -e /var/lib/patchctl/rehearsal/snapshots/0/usr ]; do sleep 0.02; done; \
        kill -9 $pid; wait $pid; patchctl recover";
    let ran = host.run(killed).expect_code(0);
    assert_says(&ran, "what a rehearsal left that was cut off is removed");
    assert!(!litter.exists(), "{ran}");
    assert_eq!(before.diff(&Manifest::of(&host.root)), []);
}
