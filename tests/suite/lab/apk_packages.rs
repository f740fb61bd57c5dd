//! Answers for the fixture packages of the apk laboratory: tiny archives, each with one property, packed and signed as
//! abuild does (abuild-tar, abuild-sign).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::namespace::on_host;

/// A package: its name, the versions that exist, and what each has of its own.
pub struct ApkFixture {
    pub name: &'static str,
    /// The first one installed, the last one what the repository offers now.
    pub versions: &'static [&'static str],
    /// Lines of every version's `.PKGINFO`, with `@VERSION@` for the version.
    pub info: &'static str,
    /// The same of the first, and of the last version only.
    pub first_info: &'static str,
    pub last_info: &'static str,
    /// A script of the last version: its kind and its text.
    pub script: Option<(&'static str, &'static str)>,
    /// Its architecture.
    pub architecture: &'static str,
    /// It brings a configuration file.
    pub configured: bool,
    /// It is a security update.
    pub announced: bool,
}

const PLAIN: ApkFixture = ApkFixture {
    name: "lab-plain",
    versions: &["1.0-r0", "2.0-r0"],
    info: "",
    first_info: "",
    last_info: "",
    script: None,
    architecture: "x86_64",
    configured: false,
    announced: true,
};

const CLASHING: &str = "lab-clash";

/// Every fixture.
pub const FIXTURES: &[ApkFixture] = &[
    PLAIN,
    ApkFixture { name: "lab-library", info: "origin = lab-program", announced: false, ..PLAIN },
    ApkFixture { name: "lab-program", info: "depend = lab-library=@VERSION@", ..PLAIN },
    ApkFixture { name: "lab-extra", versions: &["1.0-r0"], announced: false, ..PLAIN },
    ApkFixture { name: "lab-grows", last_info: "depend = lab-extra", ..PLAIN },
    ApkFixture { name: "lab-orphan", versions: &["1.0-r0"], announced: false, ..PLAIN },
    ApkFixture { name: "lab-shrinks", first_info: "depend = lab-orphan", ..PLAIN },
    ApkFixture { name: "lab-conf", configured: true, ..PLAIN },
    ApkFixture { name: "lab-noarch", architecture: "noarch", ..PLAIN },
    ApkFixture {
        name: "lab-badpost",
        script: Some(("post-upgrade", "echo post of lab-badpost says no >&2; exit 3")),
        ..PLAIN
    },
    ApkFixture { name: "lab-badpre", script: Some(("pre-upgrade", "exit 1")), ..PLAIN },
    ApkFixture { name: "lab-slow", script: Some(("post-upgrade", "echo slowly; sleep 12")), ..PLAIN },
    ApkFixture { name: "lab-pinned", ..PLAIN },
    ApkFixture { name: "lab-needspin", last_info: "depend = lab-pinned>=2.0-r0", ..PLAIN },
    ApkFixture { name: "lab-enemy", last_info: "depend = !lab-plain", ..PLAIN },
    ApkFixture { name: "lab-foreign", ..PLAIN },
    // Its last version brings a file of lab-extra.
    ApkFixture { name: CLASHING, ..PLAIN },
];

/// Returns the fixture of a name.
pub fn fixture(name: &str) -> &'static ApkFixture {
    FIXTURES.iter().find(|fixture| fixture.name == name).unwrap_or_else(|| panic!("no fixture is {name}"))
}

/// A package that was packed: the lines that an index has of it.
pub struct Packed {
    pub path: PathBuf,
    pub entry: String,
    /// How a cache calls it.
    pub cached_as: String,
}

impl ApkFixture {
    /// Packs a version into `folder`, signed with a key.
    pub fn build(&self, version: &str, folder: &Path, key: &Path) -> Packed {
        let files = gzipped(&self.files(version));
        let scripts = self.script.filter(|_| self.versions.last() == Some(&version));
        let description = self.description(version, &hex(&Sha256::digest(&files)));
        let mut control = vec![(".PKGINFO".to_owned(), description, 0o644)];
        control
            .extend(scripts.map(|(kind, text)| (format!(".{kind}"), format!("#!/bin/sh\n{text}\n"), 0o755)));
        let control = gzipped(&cut(tar(&control, false)));
        let path = folder.join(format!("{}-{version}.apk", self.name));
        let bytes = [signature(&control, key), control.clone(), files].concat();
        fs::write(&path, &bytes).expect("an archive can be written");
        let sha1 = Sha1::digest(&control);
        let entry = self.entry(version, (&sha1, bytes.len()));
        let cached_as = format!("{}-{version}.{}.apk", self.name, &hex(&sha1)[..8]);
        Packed { path, entry, cached_as }
    }

    fn files(&self, version: &str) -> Vec<u8> {
        let name = self.name;
        let text = format!("{name} {version}\n");
        let mut files = vec![
            (format!("usr/share/{name}/file"), text.clone(), 0o644),
            (format!("usr/share/{name}/file-{version}"), text, 0o644),
        ];
        if name == CLASHING && self.versions.last() == Some(&version) {
            files.push(("usr/share/lab-extra/file".to_owned(), "not mine\n".to_owned(), 0o644));
        }
        if self.configured {
            files.insert(0, (format!("etc/{name}.conf"), format!("made by {version}\n"), 0o644));
        }
        tar(&files, true)
    }

    fn of(&self, version: &str) -> String {
        let mut lines = self.info.replace("@VERSION@", version);
        for (of, text) in [(self.versions.first(), self.first_info), (self.versions.last(), self.last_info)] {
            if of == Some(&version) && !text.is_empty() {
                let _ = write!(lines, "\n{text}");
            }
        }
        lines.trim().to_owned()
    }

    fn description(&self, version: &str, digest: &str) -> String {
        let Self { name, architecture, .. } = self;
        let own = self.of(version);
        let origin = if own.contains("origin = ") { String::new() } else { format!("origin = {name}\n") };
        format!(
            "pkgname = {name}\npkgver = {version}\npkgdesc = a fixture\nurl = https://example.org\nsize = 100\n\
             arch = {architecture}\nlicense = none\n{origin}{own}\ndatahash = {digest}\n"
        )
    }

    fn entry(&self, version: &str, (sha1, size): (&[u8], usize)) -> String {
        let own = self.of(version);
        let of = |key: &str| {
            own.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).map(str::to_owned)
        };
        let origin = of("origin").unwrap_or_else(|| self.name.to_owned());
        let needs = of("depend").map_or(String::new(), |needs| format!("D:{needs}\n"));
        // An index calls every package as the host is called (abuild, `apk index --rewrite-arch`).
        format!(
            "C:Q1{}\nP:{}\nV:{version}\nA:x86_64\nS:{size}\nI:100\nT:a fixture\nU:https://example.org\nL:none\no:{origin}\n{needs}\n",
            base64(sha1),
            self.name
        )
    }
}

/// Packs and signs an index of some entries.
pub fn index(entries: &[String], key: &Path) -> Vec<u8> {
    let files = [
        ("DESCRIPTION".to_owned(), "lab".to_owned(), 0o644),
        ("APKINDEX".to_owned(), entries.concat(), 0o644),
    ];
    let packed = gzipped(&tar(&files, false));
    [signature(&packed, key), packed].concat()
}

/// The first part of a signed archive: one file, called as the public key is.
fn signature(signed: &[u8], key: &Path) -> Vec<u8> {
    let (content, out) = (key.with_extension("content"), key.with_extension("signature"));
    fs::write(&content, signed).expect("a file can be written");
    on_host(&["openssl", "dgst", "-sha1", "-sign", text(key), "-out", text(&out), text(&content)]);
    let name = key.file_name().expect("it has one").to_string_lossy().into_owned();
    let bytes = fs::read(&out).expect("it was signed");
    let mut archive = tar::Builder::new(Vec::new());
    append(&mut archive, (&format!(".SIGN.RSA.{name}.pub"), &bytes, 0o644), false);
    gzipped(&cut(archive.into_inner().expect("it is in memory")))
}

fn tar(files: &[(String, String, u32)], has_digests: bool) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    // apk 3.0.8 wants each folder before what lies in it ("no dirent in archive").
    let folders: BTreeSet<&Path> =
        files.iter().flat_map(|(path, ..)| Path::new(path).ancestors().skip(1)).collect();
    for folder in folders.into_iter().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut header = header_of(tar::EntryType::Directory, (0, 0o755));
        archive.append_data(&mut header, format!("{}/", text(folder)), &[][..]).expect("it is in memory");
    }
    for (path, text, mode) in files {
        append(&mut archive, (path, text.as_bytes(), *mode), has_digests);
    }
    archive.into_inner().expect("it is in memory")
}

/// Files of a package have their digest in front, by which apk knows edited ones.
fn append(archive: &mut tar::Builder<Vec<u8>>, (path, bytes, mode): (&str, &[u8], u32), has_digest: bool) {
    if has_digest {
        // `LENGTH KEY=VALUE`, the length with itself (pax(1)).
        let record = format!("68 APK-TOOLS.checksum.SHA1={}\n", hex(&Sha1::digest(bytes)));
        assert_eq!(record.len(), 68);
        let mut header = header_of(tar::EntryType::XHeader, (record.len(), 0o644));
        archive.append_data(&mut header, "PaxHeaders/file", record.as_bytes()).expect("it is in memory");
    }
    let mut header = header_of(tar::EntryType::Regular, (bytes.len(), mode));
    archive.append_data(&mut header, path, bytes).expect("it is in memory");
}

/// apk reads every number of a header, and knows a file by its kind alone.
fn header_of(kind: tar::EntryType, (size, mode): (usize, u32)) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(mode);
    header.set_mtime(1_790_000_000);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Takes the end of an archive away, so that the next part goes on where it ends.
fn cut(mut archive: Vec<u8>) -> Vec<u8> {
    archive.truncate(archive.len() - 1024);
    archive
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::new(6));
    packed.write_all(bytes).expect("it is in memory");
    packed.finish().expect("it is in memory")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(bytes: &[u8]) -> String {
    let bytes: [u8; 20] = bytes.try_into().expect("a SHA-1 digest");
    patchctl::model::apk_checksum::ApkChecksum::from_bytes(bytes)
        .to_string()
        .trim_start_matches("Q1")
        .to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the laboratory's paths are plain text")
}
