//! A host of rpm whose repositories forgot the old versions, as Fedora's do: their archives are rebuilt from the installed
//! files, and what comes back by them is on rpm's records the vendor's build, to the byte of its header.

use std::fs;

use super::dnf_applies::{State, apply};
use super::dnf_plans::{held, planned};
use crate::lab::namespace::on_host;
use crate::lab::rpm_root::{self, BASE, RpmRoot, UPDATES};
use crate::lab::{dnf5_root, zypp_root};

/// How a payload is packed, as rpmbuild is told.
const PACKINGS: [(&str, &str); 4] =
    [("gzip", "w9.gzdio"), ("bzip2", "w9.bzdio"), ("xz", "w2.xzdio"), ("zstd", "w3.zstdio")];

/// A package with everything a header says of files: links of both kinds, an empty file and folder, names with spaces, a
/// file that is only claimed, configuration, rights.
const SPEC: &str = "Name: lab-@NAME@\nVersion: @VERSION@\nRelease: 1\nSummary: a fixture\nLicense: none\nVendor: CentOS\n\
    BuildArch: noarch\nAutoReqProv: no\n%description\na fixture\n%install\n\
    cd %{buildroot}\nmkdir -p usr/share/lab-@NAME@/empty etc\ncd usr/share/lab-@NAME@\n\
    echo @VERSION@ > first\nln first second\nln first third\nln -s first 'a link'\ntouch nothing 'with spaces'\n\
    head -c 300001 /dev/zero > zeros\ntouch claimed\n\
    echo 'made by @VERSION@' > %{buildroot}/etc/lab-@NAME@.conf\n%files\n%dir /usr/share/lab-@NAME@\n\
    %attr(0700,root,root) /usr/share/lab-@NAME@/empty\n/usr/share/lab-@NAME@/first\n/usr/share/lab-@NAME@/second\n\
    /usr/share/lab-@NAME@/third\n\"/usr/share/lab-@NAME@/a link\"\n/usr/share/lab-@NAME@/nothing\n\
    \"/usr/share/lab-@NAME@/with spaces\"\n%attr(0600,root,root) /usr/share/lab-@NAME@/zeros\n\
    %ghost /usr/share/lab-@NAME@/claimed\n%config(noreplace) /etc/lab-@NAME@.conf\n";

/// Builds a version of each packing into a folder of the root.
fn build(root: &RpmRoot, version: &str, folder: &str) -> Vec<String> {
    let work = root.path("srv/lab/work");
    fs::create_dir_all(&work).unwrap();
    PACKINGS
        .iter()
        .map(|(name, packing)| {
            let spec = work.join(format!("{name}.spec"));
            fs::write(&spec, SPEC.replace("@NAME@", name).replace("@VERSION@", version)).unwrap();
            let define = |name: &str, value: &str| ["--define".to_owned(), format!("{name} {value}")];
            let target = root.path(folder).display().to_string();
            let mut call: Vec<String> = ["rpmbuild", "-bb", "--quiet"].map(str::to_owned).to_vec();
            call.extend(define("_topdir", &work.display().to_string()));
            call.extend(define("_rpmdir", &target));
            call.extend(define("_build_name_fmt", "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm"));
            call.extend(define("_binary_payload", packing));
            call.push(spec.display().to_string());
            on_host(&call.iter().map(String::as_str).collect::<Vec<_>>());
            format!("/{folder}/lab-{name}-{version}-1.noarch.rpm")
        })
        .collect()
}

/// The installed builds with the digests of their headers and of their archives.
fn identities(root: &RpmRoot) -> Vec<String> {
    let format = "%{NEVRA} %{SHA256HEADER} %{SIGMD5} %{RSAHEADER}\\n";
    let asked = root.run(&["rpm", "-qa", "--queryformat", format]).expect_code(0).stdout;
    let mut lines: Vec<String> = asked.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn every_kind_of_file_and_packing_comes_back_as_it_was() {
    let Some(root) = rpm_root::with(&["lab-plain"]) else { return };
    let old = build(&root, "1.0", "srv/lab/old");
    let signed: Vec<_> = build(&root, "2.0", UPDATES).iter().map(|path| root.path(path)).collect();
    rpm_root::sign(
        root.path("/").as_path(),
        &[signed, old.iter().map(|path| root.path(path)).collect()].concat(),
    );
    let install: Vec<&str> = ["rpm", "-U"].into_iter().chain(old.iter().map(String::as_str)).collect();
    root.run(&install).expect_code(0);
    fs::remove_dir_all(root.path("srv/lab/old")).unwrap();
    rpm_root::publish(root.path("/").as_path(), UPDATES, &rpm_root::announcements());
    root.run(&["dnf", "makecache", "--refresh"]).expect_code(0);
    let (before, builds) = (State::of(&root), identities(&root));
    let plan = root.run(&["patchctl", "plan", "--all-updates"]).expect_code(0);
    assert!(plan.stdout.contains("rebuilt"), "{plan}");
    what_is_no_longer_the_vendors_is_held(&root.copy());
    apply(&root, &["--all-updates"]).expect_code(0);
    assert_eq!(root.builds().iter().filter(|build| build.contains("-2.0-1.")).count(), 5);
    root.run(&["patchctl", "rollback", "--check"]).expect_code(0);
    let mut back = root.run(&["patchctl", "rollback", "--yes"]);
    back.stderr
        .push_str(&fs::read_to_string(root.path("var/lib/patchctl/runs/0002/log")).unwrap_or_default());
    back.expect_code(0);
    before.is_same_in(&root);
    assert_eq!(identities(&root), builds);
    assert_eq!(root.verified(), "");
}

fn what_is_no_longer_the_vendors_is_held(root: &RpmRoot) {
    root.write("etc/lab-gzip.conf", "mine\n");
    fs::remove_file(root.path("usr/share/lab-xz/a link")).unwrap();
    root.write("usr/share/lab-zstd/second", "changed\n");
    let plan = planned(root, &["--all-updates", "--package", "lab-gzip,lab-xz,lab-zstd"]);
    let held = held(&plan);
    for (package, reason) in [
        ("lab-gzip", "/etc/lab-gzip.conf was edited, and the vendor's text is nowhere"),
        ("lab-xz", "/usr/share/lab-xz/a link is missing"),
        ("lab-zstd", "is not as it was installed"),
    ] {
        assert!(held[package].contains(reason), "{package}: {}", held[package]);
    }
}

/// On a host with the old version in no repository: there and back, through the front end and by rpm alone.
fn there_and_back(root: &RpmRoot, refresh: &[&str]) {
    fs::remove_file(root.path(BASE).join("lab-plain-1.0-1.noarch.rpm")).unwrap();
    rpm_root::publish(root.path("/").as_path(), BASE, "");
    root.run(refresh).expect_code(0);
    let builds = identities(root);
    let plan = planned(root, &[]);
    assert_eq!(plan["steps"][0]["actions"][0]["reversible"], "reconstructed", "{plan:#}");
    apply(root, &[]).expect_code(0);
    assert!(root.builds().contains(&"lab-plain-2.0-1.noarch".to_owned()));
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(identities(root), builds);
    assert_eq!(root.verified(), "");
}

#[test]
fn on_a_host_of_dnf5_the_vendors_build_comes_back() {
    let Some(root) = dnf5_root::with(&["lab-plain"]) else { return };
    there_and_back(&root, &["dnf5", "makecache", "--refresh"]);
}

#[test]
fn on_a_host_of_zypper_the_vendors_build_comes_back() {
    let Some(root) = zypp_root::with(&["lab-plain"]) else { return };
    there_and_back(&root, &["zypper", "--non-interactive", "refresh", "--force"]);
}
