//! primary.xml: every package of a repository, of which only the wanted ones are read.
//!
//! The file is as large as the repository (100 MB for Fedora), so it passes piece by piece through a buffer that stays in
//! the processor's cache. It is cut at its `<package` elements, and only those whose name is wanted are read as XML. What it
//! says was checked against the repository's list of digests before.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use super::super::FeedError;
use super::super::rpm_packages::version_of;
use super::super::xml::XmlReader;
use crate::model::digest::Sha256;
use crate::model::package::{PackageName, SourcePackage};
use crate::model::version::Version;
use crate::model::version::rpm::Nevra;

const NAME: &str = "primary";
/// Bytes of a piece: a hundred packages.
const PIECE: usize = 256 * 1024;
/// Most bytes of one package: a kernel with a line for each of its symbols has a few million.
const LARGEST_PACKAGE: usize = 64 * 1024 * 1024;
const BEGIN: &[u8] = b"<package ";
const END: &[u8] = b"</package>";

/// Why a list of packages cannot be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// Its content breaks off, or is damaged.
    Stream(io::Error),
    /// It cannot be understood.
    Content(FeedError),
}

/// A package as its repository describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) architecture: String,
    pub(super) version: Version,
    pub(super) source: SourcePackage,
    /// Who built it, as the package names him; empty where it names nobody.
    pub(super) vendor: String,
    /// The path below the repository's root.
    pub(super) path: String,
    /// Bytes of the archive.
    pub(super) size: u64,
    /// Absent where the repository states another kind of digest.
    pub(super) sha256: Option<Sha256>,
}

/// Hands every wanted package to `take`, and returns how many bytes the list has.
///
/// # Errors
/// It cannot be read, is no such file, or a wanted package lacks its version, address or size.
pub(super) fn read(
    content: &mut dyn Read,
    wants: &dyn Fn(&str) -> bool,
    take: &mut dyn FnMut(Entry),
) -> Result<u64, Unreadable> {
    let (mut buffer, mut held, mut size) = (vec![0; PIECE], 0, 0);
    loop {
        let count = fill(content, &mut buffer[held..]).map_err(Unreadable::Stream)?;
        let is_first = size == 0;
        (held, size) = (held + count, size + count as u64);
        let piece = &buffer[..held];
        if is_first {
            check_head(piece).map_err(Unreadable::Content)?;
        }
        let is_last = held < buffer.len();
        let whole = memchr::memmem::rfind(piece, END).map_or(0, |at| at + END.len());
        read_packages(&piece[..whole], wants, take).map_err(Unreadable::Content)?;
        let is_torn = memchr::memmem::find(&piece[whole..], BEGIN).is_some();
        if is_torn && (is_last || held - whole >= LARGEST_PACKAGE) {
            return Err(Unreadable::Content(breaks_off(&piece[whole..])));
        }
        if is_last {
            return Ok(size);
        }
        buffer.copy_within(whole.., 0);
        held -= whole;
        if whole == 0 {
            buffer.resize(2 * held, 0);
        }
    }
}

/// Reads until the buffer is full or the content over, and returns how much came.
fn fill(content: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match content.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

fn check_head(piece: &[u8]) -> Result<(), FeedError> {
    let first = memchr::memmem::find(piece, BEGIN).unwrap_or(piece.len());
    XmlReader::new(NAME, &piece[..first])?.root("metadata").map(drop)
}

fn breaks_off(rest: &[u8]) -> FeedError {
    match XmlReader::new(NAME, rest) {
        Ok(reader) => reader.malformed("it breaks off within a package".to_owned()),
        Err(error) => error,
    }
}

/// Reads the wanted ones of whole packages.
fn read_packages(
    mut rest: &[u8],
    wants: &dyn Fn(&str) -> bool,
    take: &mut dyn FnMut(Entry),
) -> Result<(), FeedError> {
    while let Some(start) = memchr::memmem::find(rest, BEGIN) {
        rest = &rest[start..];
        let end = memchr::memmem::find(rest, END).map_or(rest.len(), |end| end + END.len());
        let (element, behind) = rest.split_at(end);
        rest = behind;
        if name_of(element).is_some_and(wants) {
            read_package(element)?.into_iter().for_each(&mut *take);
        }
    }
    Ok(())
}

/// The name stands as plain text: no name of rpm has a character that XML escapes.
fn name_of(element: &[u8]) -> Option<&str> {
    let begin = memchr::memmem::find(element, b"<name>")? + b"<name>".len();
    let length = memchr::memchr(b'<', &element[begin..])?;
    std::str::from_utf8(&element[begin..begin + length]).ok()
}

/// The fields of a package as they are written.
#[derive(Default)]
struct Fields {
    name: String,
    architecture: String,
    version: [String; 3],
    source: String,
    vendor: String,
    path: String,
    size: String,
    checksum: (String, String),
}

fn read_package(element: &[u8]) -> Result<Option<Entry>, FeedError> {
    let mut reader = XmlReader::new(NAME, element)?;
    let mut fields = Fields::default();
    reader.root("package")?;
    reader.children(|reader, child| {
        let attribute = |name: &str| child.attribute(reader, name);
        match child.name {
            "version" => {
                for (part, name) in fields.version.iter_mut().zip(["epoch", "ver", "rel"]) {
                    *part = attribute(name)?.unwrap_or_default().into_owned();
                }
            }
            "checksum" => {
                let kind = attribute("type")?.unwrap_or_default().into_owned();
                fields.checksum = (kind, reader.text()?.trim().to_owned());
            }
            "size" => fields.size = attribute("package")?.unwrap_or_default().into_owned(),
            "location" => fields.path = attribute("href")?.unwrap_or_default().into_owned(),
            "name" => fields.name = reader.text()?.trim().to_owned(),
            "arch" => fields.architecture = reader.text()?.trim().to_owned(),
            "format" => reader.children(|reader, child| {
                match child.name {
                    "rpm:sourcerpm" => fields.source = reader.text()?.trim().to_owned(),
                    "rpm:vendor" => fields.vendor = reader.text()?.trim().to_owned(),
                    _ => {}
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    if matches!(fields.architecture.as_str(), "src" | "nosrc") {
        return Ok(None);
    }
    let name = fields.name.clone();
    entry(fields).map(Some).map_err(|reason| reader.malformed(format!("package {name:?}: {reason}")))
}

fn entry(fields: Fields) -> Result<Entry, String> {
    let [epoch, version, release] = &fields.version;
    let version = Version::rpm(&version_of(epoch, version, release)?).map_err(|error| error.to_string())?;
    let is_within = |path: &str| {
        !path.starts_with('/') && !path.contains("://") && path.split('/').all(|part| part != "..")
    };
    if fields.path.is_empty() || !is_within(&fields.path) {
        return Err(format!("location: not a path within the repository: {:?}", fields.path));
    }
    let sha256 = match fields.checksum.0.as_str() {
        "sha256" => Some(fields.checksum.1.parse().map_err(|_| "checksum: no SHA-256".to_owned())?),
        _ => None,
    };
    Ok(Entry {
        source: source_of(&fields.name, &version, &fields.source),
        size: fields.size.parse().map_err(|_| "size: not a number of bytes".to_owned())?,
        name: fields.name,
        architecture: fields.architecture,
        version,
        vendor: fields.vendor,
        path: fields.path,
        sha256,
    })
}

/// The name of the source's file carries no epoch: where it has the binary's version, it has its epoch as well.
fn source_of(name: &str, version: &Version, file: &str) -> SourcePackage {
    let own = SourcePackage { name: PackageName::from(name), version: version.clone() };
    let Some(source) = Nevra::parse(file) else { return own };
    let plain = version.as_str().split_once(':').map_or(version.as_str(), |(_, rest)| rest);
    if source.evr() == plain {
        return SourcePackage { name: PackageName::from(source.name), ..own };
    }
    let found = Version::rpm(&source.evr()).ok();
    found.map_or(own, |version| SourcePackage { name: PackageName::from(source.name), version })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str = "<package type=\"rpm\">\n<name>bind-libs</name><arch>x86_64</arch>\
        <version epoch=\"32\" ver=\"9.11\" rel=\"2.el9\"/><checksum type=\"sha256\" pkgid=\"YES\">SUM</checksum>\
        <size package=\"100\" installed=\"200\" archive=\"3\"/><location href=\"Packages/b/bind-libs.rpm\"/>\
        <format><rpm:vendor>openSUSE</rpm:vendor><rpm:sourcerpm>bind-9.11-2.el9.src.rpm</rpm:sourcerpm></format></package>\n";

    fn all(text: &str) -> Result<Vec<Entry>, FeedError> {
        let mut found = Vec::new();
        let text = text.replace("SUM", &"a".repeat(64));
        let size = read(&mut text.as_bytes(), &|name| name != "other", &mut |entry| found.push(entry));
        match size {
            Ok(size) => assert_eq!(size, text.len() as u64),
            Err(Unreadable::Content(error)) => return Err(error),
            Err(Unreadable::Stream(error)) => panic!("a text can be read: {error}"),
        }
        Ok(found)
    }

    fn document(packages: &str) -> String {
        format!("<?xml version=\"1.0\"?>\n<metadata packages=\"1\">\n{packages}</metadata>\n")
    }

    #[test]
    fn wanted_packages_are_read_whole() {
        let other = PACKAGE.replace("bind-libs", "other");
        let found = all(&document(&format!("{other}{PACKAGE}"))).expect("whole");
        assert_eq!(found.len(), 1);
        let entry = &found[0];
        assert_eq!((entry.version.as_str(), entry.architecture.as_str()), ("32:9.11-2.el9", "x86_64"));
        assert_eq!((entry.source.name.as_str(), entry.source.version.as_str()), ("bind", "32:9.11-2.el9"));
        assert_eq!((entry.size, entry.path.as_str()), (100, "Packages/b/bind-libs.rpm"));
        assert_eq!((entry.vendor.as_str(), entry.sha256.is_some()), ("openSUSE", true));
    }

    #[test]
    fn what_is_no_such_file_or_is_cut_is_refused() {
        for (text, words) in [
            ("<html></html>".to_owned(), "web page"),
            (document(&PACKAGE.replace("</package>", "")), "breaks off within a package"),
            (document(&PACKAGE.replace("Packages/b", "../../etc")), "not a path within the repository"),
            (document(&PACKAGE.replace("\"100\"", "\"x\"")), "size: not a number"),
            (document(&PACKAGE.replace("9.11\"", "9 1\"")), "not a version of rpm"),
        ] {
            let error = all(&text).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn other_digests_are_left_out_and_sources_are_no_packages() {
        let found = all(&document(&PACKAGE.replace("\"sha256\"", "\"sha512\""))).expect("whole");
        assert_eq!(found[0].sha256, None);
        assert_eq!(all(&document(&PACKAGE.replace(">x86_64<", ">src<"))).expect("whole"), []);
    }

    /// Packages of any length on any side of the end of a piece, and one that is larger than a piece.
    #[test]
    fn pieces_lose_no_package() {
        let longer = |more: usize| PACKAGE.replace("<format>", &format!("<format>{}", " ".repeat(more)));
        for more in [0, 1, 700, PIECE / 3, 3 * PIECE] {
            let count = 1_500.min(4 * PIECE / (more + 1) + 5);
            let packages: String = (0..count).map(|number| longer(more + number % 7)).collect();
            let whole = document(&packages);
            assert_eq!(all(&whole).expect("whole").len(), count, "{more}");
            let cut = &whole[..whole.len() - 30];
            assert!(all(cut).expect_err("cut").to_string().contains("breaks off"), "{more}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_damage_panics(at in 0..PACKAGE.len(), byte: u8) {
            let mut bytes = document(PACKAGE).into_bytes();
            bytes[40 + at % 300] = byte;
            let _ = read(&mut bytes.as_slice(), &|_| true, &mut |_| {});
        }
    }
}
