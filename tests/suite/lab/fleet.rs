//! Answers for several hosts and the real Ansible beside them: server roots, because Ansible's modules need Python there,
//! with the local repository of the small root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian::{self, DebianRoot};
use super::namespace::{InRoot, on_host};
use super::rpm_root::RpmRoot;

/// Hosts and the controller's folder; deleted on drop.
pub struct Fleet {
    folder: PathBuf,
    hosts: Vec<(&'static str, DebianRoot)>,
}

/// How an Ansible program ended, and all that it said.
pub struct Told {
    pub code: i32,
    pub text: String,
}

/// What the recap of a playbook says of one host.
#[derive(Debug, PartialEq, Eq)]
pub struct Recap {
    pub changed: u32,
    pub failed: u32,
}

impl Fleet {
    /// Returns hosts, in the order of the inventory, each with these fixtures in version 1.0 and their 2.0 pending.
    pub fn of(hosts: &[(&'static str, &[&str])]) -> Option<Self> {
        let small = debian::small()?;
        let mut fleet = Self::controller(hosts.first().map_or("none", |(name, _)| name));
        for (name, fixtures) in hosts {
            fleet.hosts.push((name, host(&small, fixtures)?));
        }
        let entrances = fleet.hosts.iter().map(|(name, root)| (*name, root.command(&[])));
        fleet.write_inventory(entrances.collect());
        Some(fleet)
    }

    /// Returns the controller of one host of rpm, which stays the caller's.
    pub fn around(name: &'static str, host: &RpmRoot) -> Self {
        let fleet = Self::controller(name);
        fleet.write_inventory(vec![(name, host.command(&[]))]);
        fleet
    }

    fn controller(name: &str) -> Self {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fleet-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let collections = folder.join("collections/ansible_collections/patchctl");
        fs::create_dir_all(&collections).expect("a folder of the controller can be made");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/ansible");
        on_host(&["cp", "-r", text(&source), text(&collections.join("patchctl"))]);
        Self { folder, hosts: Vec::new() }
    }

    pub fn host(&self, name: &str) -> &DebianRoot {
        let found = self.hosts.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no host is named {name}")).1
    }

    /// Returns where a path of the controller lies.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.folder.join(inside)
    }

    /// Runs a playbook of the collection (`patchctl.patchctl.NAME`), or one that lies among the fixtures.
    pub fn play(&self, playbook: &str, arguments: &[&str]) -> Told {
        let fixture = fixtures().join(playbook);
        let playbook = if fixture.exists() { text(&fixture).to_owned() } else { playbook.to_owned() };
        let inventory = self.path("hosts");
        let fixed = ["-i", text(&inventory), &playbook];
        self.ansible("ansible-playbook", &[&fixed[..], arguments].concat())
    }

    /// Runs a program of Ansible in a cleared environment, with the collection of this source tree.
    pub fn ansible(&self, program: &str, arguments: &[&str]) -> Told {
        let own = debian::binary_under_test().parent().expect("a program lies in a folder");
        let ran = Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", text(own)))
            .env("HOME", &self.folder)
            .env("LC_ALL", "C.UTF-8")
            .env("ANSIBLE_COLLECTIONS_PATH", self.path("collections"))
            .env("ANSIBLE_CONNECTION_PLUGINS", fixtures().join("connection"))
            .env("ANSIBLE_LOCALHOST_WARNING", "false")
            .env("ANSIBLE_NOCOLOR", "1")
            .output()
            .unwrap_or_else(|error| panic!("cannot start {program}: {error} (tests/run installs it)"));
        let said = [ran.stdout, ran.stderr].concat();
        Told { code: ran.status.code().unwrap_or(-1), text: String::from_utf8_lossy(&said).into_owned() }
    }

    /// A group of its own: what is said of `all` would also be said of the controller.
    fn write_inventory(&self, entrances: Vec<(&str, InRoot)>) {
        let mut lines = vec!["[fleet]".to_owned()];
        for (name, entrance) in entrances {
            let enter = self.path(&format!("enter-{name}"));
            fs::write(&enter, entrance.script()).expect("a script can be written");
            fs::set_permissions(&enter, fs::Permissions::from_mode(0o755)).expect("a mode can be set");
            let place = entrance.machine_path("/");
            lines.push(format!(
                "{name} ansible_lab_enter={} ansible_lab_root={}",
                text(&enter),
                text(&place)
            ));
        }
        lines.push("[fleet:vars]\nansible_connection=lab_root".to_owned());
        lines.push(
            "ansible_python_interpreter=/usr/bin/python3\nansible_remote_tmp=/tmp/.ansible\n".to_owned(),
        );
        fs::write(self.path("hosts"), lines.join("\n")).expect("the inventory can be written");
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Told {
    /// Returns itself if the exit code is `code`; else panics with everything that was said.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.text);
        self
    }

    /// Returns what the recap says of a host; `None` where the playbook never came to it.
    pub fn recap(&self, host: &str) -> Option<Recap> {
        let recap = self.text.split_once("PLAY RECAP")?.1;
        let line = recap.lines().find(|line| line.split_whitespace().next() == Some(host))?;
        let count = |key: &str| {
            let word = line.split_whitespace().find_map(|word| word.strip_prefix(key))?;
            word.strip_prefix('=')?.parse().ok()
        };
        Some(Recap { changed: count("changed")?, failed: count("failed")? })
    }
}

/// A server root whose apt knows the local repository alone, with these fixtures in version 1.0.
pub fn host(small: &DebianRoot, names: &[&str]) -> Option<DebianRoot> {
    let root = debian::server()?;
    for path in ["srv/lab", "usr/share/keyrings/lab.gpg", "etc/apt/sources.list"] {
        on_host(&["rm", "-rf", text(&root.path(path))]);
        on_host(&["cp", "-a", "--reflink=auto", text(&small.path(path)), text(&root.path(path))]);
    }
    root.shell("rm -rf /etc/apt/sources.list.d/* /var/lib/apt/lists/*").expect_code(0);
    root.apt(&["update"]).expect_code(0);
    let wanted: Vec<String> = names.iter().map(|name| format!("{name}=1.0")).collect();
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(wanted.iter().map(String::as_str));
    root.apt(&arguments).expect_code(0);
    Some(root)
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ansible")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
