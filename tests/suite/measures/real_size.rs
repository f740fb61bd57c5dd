//! Hosts with as many packages installed and on offer as a distribution has: what patchctl adds to the package manager's
//! own work where that one has something to do.
//!
//! The packages are made. Those of pacman and apk have the fields of real ones and nothing behind them, and pending are the
//! fixtures, which do; of those of rpm 3,000 are real archives of eight small files each, the others are listed alone. Arch Linux offers about 14,800 packages
//! in `core` and `extra`, Alpine Linux about 25,000 in `main` and `community`.

use std::fmt::Write as _;
use std::fs;

use super::{install_measured, install_strace, pairs_with, scans_with, tell, tell_runs};
use crate::lab::namespace::on_host;
use crate::lab::rpm_root::{self, BASE, RpmRoot, UPDATES};
use crate::lab::{apk_packages, apk_root, dnf5_root, pacman_root, zypp_root};

const OFFERED_BY_ARCH: usize = 14_800;
const INSTALLED_ON_ARCH: usize = 1_000;
const OFFERED_BY_ALPINE: usize = 25_000;
const INSTALLED_ON_ALPINE: usize = 200;

/// What a package needs: those before it, up to five, and never a circle.
fn needed_by(number: usize) -> Vec<String> {
    (1..=number % 6).map(|step| number / (step + 1)).filter(|of| *of < number).map(made).collect()
}

fn made(number: usize) -> String {
    format!("made-{number:05}")
}

/// Text that does not shrink when it is packed, as signatures and checksums do not.
fn noise(number: usize, length: usize) -> String {
    let mut state = number as u64 + 1;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[(state >> 59) as usize])
    };
    (0..length).map(|_| letter()).collect()
}

/// What a database of pacman says of a package: where it is installed, or on offer.
fn of_pacman(number: usize, is_installed: bool) -> String {
    let name = made(number);
    let mut text = format!(
        "%NAME%\n{name}\n\n%BASE%\n{name}\n\n%VERSION%\n1.2.3-1\n\n%DESC%\nA package that was made to be counted\n\n\
         %URL%\nhttps://example.org/{name}\n\n%LICENSE%\nGPL\n\n%ARCH%\nx86_64\n\n%BUILDDATE%\n1700000000\n\n\
         %PACKAGER%\nSome One <one@example.org>\n\n"
    );
    let rest = if is_installed {
        "%INSTALLDATE%\n1700000001\n\n%SIZE%\n423456\n\n%REASON%\n1\n\n%VALIDATION%\npgp\n\n".to_owned()
    } else {
        format!(
            "%FILENAME%\n{name}-1.2.3-1-x86_64.pkg.tar.zst\n\n%CSIZE%\n123456\n\n%ISIZE%\n423456\n\n%SHA256SUM%\n{number:064x}\n\n\
             %PGPSIG%\n{}\n\n",
            noise(number, 756)
        )
    };
    let needed = needed_by(number);
    text.push_str(&rest);
    if !needed.is_empty() {
        let _ = write!(text, "%DEPENDS%\n{}\n\n", needed.join("\n"));
    }
    text
}

#[test]
#[ignore = "measures"]
fn a_plan_beside_one_bare_simulation_of_pacman_on_a_host_of_real_size() {
    let fixtures = ["lab-plain", "lab-program", "lab-library", "lab-epoch", "lab-conf"];
    let Some(root) = pacman_root::with(&fixtures) else { return };
    install_measured(&root.path("usr/bin/patchctl"));
    for number in 0..OFFERED_BY_ARCH {
        root.write(&format!("srv/lab/extra/db/{}-1.2.3-1/desc", made(number)), &of_pacman(number, false));
    }
    for number in 0..INSTALLED_ON_ARCH {
        let folder = format!("var/lib/pacman/local/{}-1.2.3-1", made(number));
        root.write(&format!("{folder}/desc"), &of_pacman(number, true));
        let files = (0..80)
            .fold(String::new(), |files, file| files + &format!("usr/share/{}/file-{file}\n", made(number)));
        root.write(&format!("{folder}/files"), &format!("%FILES%\nusr/\nusr/share/\n{files}\n"));
    }
    let pack = "cd \"$0/db\" && find . -mindepth 1 -printf '%P\\n' | sort | tar czf ../extra.db --no-recursion -T -; rm -r \"$0/db\"";
    on_host(&["sh", "-c", pack, root.path("srv/lab/extra").to_str().expect("plain text")]);
    let settings = root.read("etc/pacman.conf") + "\n[extra]\nServer = file:///srv/lab/extra\n";
    root.write("etc/pacman.conf", &settings);
    root.run(&["patchctl", "feeds", "refresh"]);
    let copied = "mkdir -p /tmp/db; cp -a /var/lib/pacman/local /tmp/db/; pacman -Sy --dbpath /tmp/db";
    root.run(&["sh", "-c", copied]).expect_code(0);
    let pairs = pairs_with("pacman -Sup --print-format %n --dbpath /tmp/db");
    tell("pacman, 1,000 of 14,800", &root.run(&["sh", "-c", &pairs]).expect_code(0));
}

/// What an index of apk says of a package.
fn of_apk(number: usize) -> String {
    let needed = needed_by(number);
    let needs = if needed.is_empty() { String::new() } else { format!("D:{}\n", needed.join(" ")) };
    format!(
        "C:Q1{}=\nP:{name}\nV:1.2.3-r0\nA:x86_64\nS:123456\nI:423456\nT:A package that was made to be counted\n\
         U:https://example.org/{name}\nL:GPL-2.0-or-later\no:{name}\nm:Some One <one@example.org>\nt:1700000000\nc:{}\n{needs}\
         p:cmd:{name}=1.2.3-r0\n",
        noise(number, 27),
        noise(number, 40),
        name = made(number)
    )
}

#[test]
#[ignore = "measures"]
fn a_plan_beside_one_bare_simulation_of_apk_on_a_host_of_real_size() {
    let fixtures = ["lab-plain", "lab-program", "lab-library", "lab-noarch", "lab-conf"];
    let Some(root) = apk_root::with(&fixtures) else { return };
    install_measured(&root.path("usr/bin/patchctl"));
    let offered: Vec<String> = (0..OFFERED_BY_ALPINE).map(|number| of_apk(number) + "\n").collect();
    let packed = apk_packages::index(&offered, &root.path("srv/lab/keys/lab.rsa"));
    fs::create_dir_all(root.path("srv/lab/community/x86_64")).expect("a folder can be made");
    fs::write(root.path("srv/lab/community/x86_64/APKINDEX.tar.gz"), packed)
        .expect("an index can be written");
    let append = |path: &str, text: &str| root.write(path, &(root.read(path) + text));
    append("etc/apk/repositories", "/srv/lab/community\n");
    for number in 0..INSTALLED_ON_ALPINE {
        append("etc/apk/world", &format!("{}\n", made(number)));
        let files = (0..40).fold(String::new(), |files, file| files + &format!("R:file-{file}\n"));
        append("lib/apk/db/installed", &format!("{}F:usr/share/{}\n{files}\n", of_apk(number), made(number)));
    }
    root.run(&["patchctl", "feeds", "refresh"]);
    tell("apk, 200 of 25,000", &root.run(&["sh", "-c", &pairs_with("apk upgrade -s")]).expect_code(0));
}

const BUILT_OF_RPM: usize = 3_000;
/// Listed beside them, with nothing behind: as many as a large distribution has (Debian 12 lists 63,000 in `main`).
const LISTED_OF_RPM: usize = 60_000;
const INSTALLED_OF_RPM: usize = 400;
const PENDING_OF_RPM: usize = 100;

/// Packages in one spec, because a call of rpmbuild for each takes half a second. Each needs up to five of those before it.
const MADE: &str = r#"
Name: made
Version: %{release_of}
Release: 1
Summary: made packages
License: none
Vendor: %{vendor_of}
BuildArch: noarch
AutoReqProv: no
%description
made
%{lua:
for number = 0, tonumber(rpm.expand("%{count}")) - 1 do
  local name = string.format("made-%05d", number)
  print("%package -n " .. name .. "\nSummary: a package that was made to be counted\nAutoReqProv: no\n")
  for step = 1, number % 6 do
    local needed = number // (step + 1)
    if needed < number then print(string.format("Requires: made-%05d\n", needed)) end
  end
  print("%description -n " .. name .. "\nA package that was made to be counted.\n")
  print("%files -n " .. name .. "\n/usr/share/" .. name .. "\n")
end
}
%install
for number in $(seq -f %05.0f 0 $((%{count} - 1))); do
  folder=%{buildroot}/usr/share/made-$number
  mkdir -p $folder
  for file in 0 1 2 3 4 5 6 7; do echo "%{release_of} $number $file" > $folder/file-$file; done
done
"#;

/// Builds the first packages of a version into a repository of the root.
fn build_rpms(root: &RpmRoot, (vendor, version): (&str, &str), (count, repository): (usize, &str)) {
    root.write("srv/lab/work/made.spec", MADE);
    let (work, folder) = (root.path("srv/lab/work"), root.path(repository));
    let defined = [
        format!("count {count}"),
        format!("release_of {version}"),
        format!("vendor_of {vendor}"),
        format!("_topdir {}", work.display()),
        format!("_rpmdir {}", folder.display()),
        "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm".to_owned(),
        "_binary_payload w1.gzdio".to_owned(),
    ];
    let spec = work.join("made.spec");
    let mut build = vec!["rpmbuild", "-bb", "--quiet", "--target", "noarch"];
    build.extend(defined.iter().flat_map(|macros| ["--define", macros.as_str()]));
    build.push(spec.to_str().expect("plain text"));
    on_host(&build);
    fs::remove_dir_all(work).expect("a folder can be removed");
    let changed: Vec<_> = (0..PENDING_OF_RPM)
        .map(|number| folder.join(format!("{}-{version}-1.noarch.rpm", made(number))))
        .collect();
    rpm_root::sign(&root.path("/"), &changed);
    let announced = if repository == UPDATES { announcements() } else { String::new() };
    rpm_root::publish(&root.path("/"), repository, &announced);
}

/// One announcement of a hole for each pending update.
fn announcements() -> String {
    let one = |number: usize| {
        format!(
            "<update from=\"lab@example.org\" status=\"final\" type=\"security\" version=\"1\"><id>MADESA-2026:{number:04}</id>\
             <title>made</title><issued date=\"2026-09-01 00:00:00\"/><severity>Important</severity><references>\
             <reference href=\"https://example.org\" id=\"CVE-2026-{:05}\" type=\"cve\"/></references><pkglist>\
             <collection short=\"lab\"><name>lab</name><package name=\"{name}\" version=\"2.0\" release=\"1\" epoch=\"0\" \
             arch=\"noarch\"><filename>{name}-2.0-1.noarch.rpm</filename></package></collection></pkglist></update>\n",
            30_000 + number,
            name = made(number)
        )
    };
    let made: String = (0..PENDING_OF_RPM).map(one).collect();
    rpm_root::announcements().replace("</updates>", &format!("{made}</updates>"))
}

/// An element of `primary`, with what real ones have most of: words, a few provided and needed names, a program.
fn listed_of_rpm(number: usize) -> String {
    let name = format!("listed-{number:05}");
    let needed: String = (1..=number % 8)
        .map(|step| format!("      <rpm:entry name=\"listed-{:05}\"/>\n", number / (step + 1)))
        .collect();
    let words = noise(number, 600).to_lowercase();
    format!(
        "<package type=\"rpm\">\n  <name>{name}</name>\n  <arch>noarch</arch>\n  <version epoch=\"0\" ver=\"1.2.3\" rel=\"4\"/>\n  \
         <checksum type=\"sha256\" pkgid=\"YES\">{number:064x}</checksum>\n  <summary>A package that was made to be counted</summary>\n  \
         <description>{words}</description>\n  <packager>Some One</packager>\n  <url>https://example.org/{name}</url>\n  \
         <time file=\"1700000000\" build=\"1700000000\"/>\n  <size package=\"123456\" installed=\"423456\" archive=\"424000\"/>\n  \
         <location href=\"{name}-1.2.3-4.noarch.rpm\"/>\n  <format>\n    <rpm:license>MIT</rpm:license>\n    <rpm:vendor>CentOS</rpm:vendor>\n    \
         <rpm:group>Unspecified</rpm:group>\n    <rpm:buildhost>build.example.org</rpm:buildhost>\n    \
         <rpm:sourcerpm>{name}-1.2.3-4.src.rpm</rpm:sourcerpm>\n    <rpm:header-range start=\"4504\" end=\"9000\"/>\n    <rpm:provides>\n      \
         <rpm:entry name=\"{name}\" flags=\"EQ\" epoch=\"0\" ver=\"1.2.3\" rel=\"4\"/>\n      <rpm:entry name=\"lib{name}.so.1()(64bit)\"/>\n    \
         </rpm:provides>\n    <rpm:requires>\n{needed}    </rpm:requires>\n    <file>/usr/bin/{name}</file>\n  </format>\n</package>\n"
    )
}

/// Makes a root of real size of one with the release package alone, and brings its caches up to date.
fn grown(root: Option<RpmRoot>, vendor: &str, refresh: &str) -> Option<RpmRoot> {
    let root = root?;
    install_measured(&root.path("usr/bin/patchctl"));
    install_strace(&root.path("/"));
    build_rpms(&root, (vendor, "1.0"), (BUILT_OF_RPM, BASE));
    build_rpms(&root, (vendor, "2.0"), (PENDING_OF_RPM, UPDATES));
    let listed: String = (0..LISTED_OF_RPM).map(listed_of_rpm).collect();
    rpm_root::list_more(&root.path("/"), BASE, &listed);
    let installed = format!(
        "for number in $(seq -f %05.0f 0 {}); do echo /{BASE}/made-$number-1.0-1.noarch.rpm; done | xargs rpm -i",
        INSTALLED_OF_RPM - 1
    );
    root.shell(&installed).expect_code(0);
    root.shell(refresh).expect_code(0);
    root.run(&["patchctl", "feeds", "refresh"]);
    root.run(&["patchctl", "plan", "--all-updates"]).expect_code(0);
    Some(root)
}

/// What a package manager is asked for.
struct Rival {
    name: &'static str,
    simulation: &'static str,
    update: &'static str,
    holes: &'static str,
}

/// Measures a plan beside the simulation, a run beside the update, and a scan beside what lists the same holes.
fn tell_of_rpm(root: Option<RpmRoot>, rival: &Rival) {
    let (Some(root), name) = (root, rival.name) else { return };
    tell(&format!("{name}, plan, 400 of 63,000"), &root.shell(&pairs_with(rival.simulation)).expect_code(0));
    let said = root.shell(rival.holes).stdout;
    let scan = root.run(&["patchctl", "scan", "--offline", "--no-save", "--format", "json"]);
    let named = |text: &str| (0..PENDING_OF_RPM).filter(|number| text.contains(&made(*number))).count();
    println!(
        "{name}: of {PENDING_OF_RPM} holes patchctl names {}, the other {}",
        named(&scan.stdout),
        named(&said)
    );
    if scan.code == 0 {
        tell(&format!("{name}, scan, 400"), &root.shell(&scans_with(rival.holes)).expect_code(0));
    } else {
        println!("{name}, scan: not run, the advisories are not whole (exit {})", scan.code);
    }
    tell_runs(&format!("{name}, 100 updates"), rival.update, &|line| root.copy().shell(line));
}

#[test]
#[ignore = "measures"]
fn plans_scans_and_runs_beside_dnf_on_a_host_of_real_size() {
    let rival = Rival {
        name: "dnf 4",
        simulation: "dnf -C --assumeno upgrade",
        update: "dnf -C -y upgrade",
        holes: "dnf -C updateinfo list --security",
    };
    tell_of_rpm(grown(rpm_root::with(&["lab-plain"]), "CentOS", "dnf makecache"), &rival);
}

#[test]
#[ignore = "measures"]
fn plans_scans_and_runs_beside_dnf5_on_a_host_of_real_size() {
    let rival = Rival {
        name: "dnf 5",
        simulation: "dnf5 -C --assumeno upgrade",
        update: "dnf5 -y upgrade",
        holes: "dnf5 -C advisory list --security",
    };
    tell_of_rpm(grown(dnf5_root::with(&["lab-plain"]), "Fedora Project", "dnf5 makecache"), &rival);
}

#[test]
#[ignore = "measures"]
fn plans_scans_and_runs_beside_zypper_on_a_host_of_real_size() {
    let rival = Rival {
        name: "zypper",
        simulation: "zypper --non-interactive --no-refresh update --dry-run",
        update: "zypper --non-interactive --no-refresh update",
        holes: "zypper --non-interactive --no-refresh list-patches --category security",
    };
    let refresh = format!("zypper --non-interactive refresh; {}", rival.simulation);
    tell_of_rpm(grown(zypp_root::with(&["lab-plain"]), "openSUSE", &refresh), &rival);
}
