//! The laboratory: real Debian roots, the real apt and dpkg, dnf, zypper and rpm, pacman, apk, real signed repositories, real
//! faults.
//!
//! A *golden* root is built once a machine and kept read-only on a btrfs loop file; a test works on a clone of its own
//! (a few milliseconds) that vanishes with the value. Commands in a clone run in their own mount, pid, network, uts and ipc
//! namespaces, without network, with a cleared environment and a private `/dev`.
//!
//! ```ignore
//! let Some(root) = debian::small_with(&["lab-plain"]) else { return };
//! let before = Manifest::of(&root);
//! root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
//! assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
//! root.run(&["patchctl", "rollback"]).expect_code(0);
//! assert_eq!(before.diff(&Manifest::of(&root)), []);
//! ```
//!
//! - [`debian`]: the roots, `small`, `small_with` and `server`, and what a test asks of one
//! - [`namespace`]: a command in a root, waited for or watched while it runs
//! - [`packages`], [`repository`]: the fixture packages and the signed repository that serves them
//! - [`apk_root`], [`apk_packages`]: a root of apk, its signed repository and fixture packages
//! - [`pacman_root`], [`pacman_packages`]: a root of pacman, its signed repository and fixture packages
//! - [`rpm_root`], [`rpm_packages`]: a root of dnf and rpm, its signed repositories and fixture packages
//! - [`dnf5_root`], [`zypp_root`]: the same with dnf 5, with zypper
//! - [`offline_mirror`]: the vendor's own signed indexes and the archives the server root needs, as files
//! - [`oracle`]: the manifest of a whole root, and the verdict old, new or fail
//! - [`btrfs_root`]: a root on btrfs with its file system in reach, for snapshots of it
//! - [`booted`]: the server root with systemd as its first process, and what its fixtures do wrong
//! - [`fleet`]: several server roots, and the real Ansible beside them
//! - [`qemu`]: a guest whose power is cut, and its disk after that
//! - [`faults`]: locks, full disks, read-only mounts, kills and errnos at a chosen call, a moved clock
//! - [`transcript`]: outputs with paths, times and ids made equal
//! - [`pool`]: the loop file; a test never needs it by name
//!
//! A machine that cannot carry the laboratory fails the tests as root or where `CI=true`; elsewhere a test prints
//! `not run: REASON`. `PATCHCTL_LAB_CACHE` moves the goldens away from `/var/cache/patchctl-lab`.
#![allow(dead_code)] // stories take what they need; the laboratory is complete before they are

pub mod apk_packages;
pub mod apk_root;
pub mod booted;
pub mod booted_packages;
pub mod btrfs_root;
pub mod capture;
pub mod debian;
pub mod dnf5_root;
pub mod faults;
pub mod fleet;
pub mod handmade;
pub mod namespace;
pub mod offline_mirror;
pub mod oracle;
pub mod packages;
pub mod pacman_packages;
pub mod pacman_root;
pub mod pool;
pub mod qemu;
pub mod repository;
pub mod rpm_packages;
pub mod rpm_root;
pub mod transcript;
pub mod zypp_root;
