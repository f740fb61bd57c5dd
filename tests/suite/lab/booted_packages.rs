//! Answers for the fixtures of the booted root: small services whose 2.0 is sound, or unwell in one way each.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::namespace::on_host;

/// Every fixture; the first two are sound in both versions.
pub const NAMES: &[&str] = &["lab-clock", "lab-web", "lab-dies", "lab-mute", "lab-stopper", "lab-sshbreak"];

/// A service in Python that listens; its own script is the code that is replaced.
const WEB: &str = r"#!/usr/bin/python3
# lab-web @VERSION@
import socket
server = socket.create_server(('', @PORT@))
while True:
    client, _ = server.accept()
    client.sendall(b'@VERSION@\n')
    client.close()
";

/// What a package is made of beside its name and version.
#[derive(Default)]
struct Parts {
    /// Path, content and mode.
    files: Vec<(String, Vec<u8>, u32)>,
    service: Option<String>,
    postinst: String,
}

/// Builds 1.0 of each into the release and 2.0 into its security pocket.
pub fn build_all(pool: &Path) {
    for name in NAMES {
        for (version, suite) in [("1.0", "bookworm"), ("2.0", "bookworm-security")] {
            build(name, version, &pool.join(suite));
        }
    }
}

fn parts(name: &str, version: &str) -> Parts {
    let is_new = version == "2.0";
    let (mut parts, service) = (Parts::default(), format!("{name}.service"));
    let restart = format!(
        "if [ -d /run/systemd/system ]; then systemctl daemon-reload; systemctl restart {service}; fi"
    );
    match name {
        // A real program: what was replaced shows in its mappings. Its package does not restart it.
        "lab-clock" => {
            let mut program = fs::read("/usr/bin/sleep").expect("sleep is installed");
            program.extend_from_slice(version.as_bytes());
            parts.files.push(("usr/lib/lab-clock/clock".into(), program, 0o755));
            parts.service = Some("/usr/lib/lab-clock/clock infinity".into());
        }
        "lab-web" => parts.listens(name, version, 8080),
        "lab-dies" if is_new => {
            parts.files.push((format!("usr/sbin/{name}"), b"#!/bin/sh\nexit 1\n".to_vec(), 0o755));
            parts.service = Some(format!("/usr/sbin/{name}"));
            parts.postinst = format!("{restart} || true");
        }
        "lab-dies" => parts.listens(name, version, 8081),
        "lab-mute" if is_new => {
            let script = "#!/bin/sh\nexec sleep infinity\n";
            parts.files.push((format!("usr/sbin/{name}"), script.into(), 0o755));
            parts.service = Some(format!("/usr/sbin/{name}"));
            parts.postinst = restart;
        }
        "lab-mute" => parts.listens(name, version, 8082),
        // The case of dockerd: an update stops another package's service and leaves it so.
        "lab-stopper" if is_new => {
            parts.postinst = "if [ -d /run/systemd/system ]; then systemctl stop lab-web.service; fi".into();
        }
        "lab-sshbreak" if is_new => {
            parts.postinst = "echo 'NoSuchKeyword yes' >/etc/ssh/sshd_config.d/lab.conf".into();
        }
        _ => {}
    }
    parts
}

impl Parts {
    fn listens(&mut self, name: &str, version: &str, port: u16) {
        let script = WEB.replace("@VERSION@", version).replace("@PORT@", &port.to_string());
        self.files.push((format!("usr/sbin/{name}"), script.into(), 0o755));
        self.service = Some(format!("/usr/sbin/{name}"));
    }
}

fn build(name: &str, version: &str, pool: &Path) {
    let folder = pool.join(format!(".draft-{name}-{version}"));
    let put = |path: &str, content: &[u8], mode: u32| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
        fs::write(&path, content).expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode can be set");
    };
    let parts = parts(name, version);
    let mut postinst = format!("#!/bin/sh\nset -e\n{}\n", parts.postinst);
    if let Some(command) = &parts.service {
        let unit = format!(
            "[Unit]\nDescription={name}\n\n[Service]\nExecStart={command}\n\n[Install]\nWantedBy=multi-user.target\n"
        );
        put(&format!("lib/systemd/system/{name}.service"), unit.as_bytes(), 0o644);
        postinst.push_str(&format!("[ -n \"$2\" ] || systemctl enable {name}.service >/dev/null\n"));
    }
    put(&format!("usr/share/{name}/version"), format!("{version}\n").as_bytes(), 0o644);
    parts.files.iter().for_each(|(path, content, mode)| put(path, content, *mode));
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Laboratory <lab@example.org>\n\
         Section: misc\nPriority: optional\nDescription: fixture of the booted laboratory\n"
    );
    put("DEBIAN/control", control.as_bytes(), 0o644);
    put("DEBIAN/postinst", postinst.as_bytes(), 0o755);
    let archive = pool.join(format!("{name}_{version}_all.deb"));
    let (from, to) = (folder.to_str().expect("plain text"), archive.to_str().expect("plain text"));
    on_host(&["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", from, to]);
    fs::remove_dir_all(&folder).expect("a draft can be removed");
}
