//! repomd.xml: the table of contents of an rpm repository, and the checks of what it lists.
//!
//! Pure: the caller fetches. What to fetch for updateinfo is [`Repomd::updateinfo`]; every received file is checked
//! by [`Record::check`] before it is unpacked, and by [`Record::check_open`] after. A repository without updateinfo
//! is told as [`RepomdError::NoRecord`]: no statement must not look like no vulnerability.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::FeedError;
use super::dates::read_date;
use super::xml::{Element, XmlReader};

const NAME: &str = "repomd";
/// Most records that are read; real repositories have up to 20.
const MOST_RECORDS: usize = 256;
/// Longest path that is believed, in bytes.
const LONGEST_PATH: usize = 1024;

/// The records of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repomd {
    /// The vendor's number of this state: seconds since 1970 in most, a release such as `8.7` in some of Rocky's.
    pub revision: Option<String>,
    /// What lies in the repository.
    pub records: Vec<Record>,
}

/// A file of the repository's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `updateinfo`, `primary`, `modules` …
    pub kind: String,
    /// The path below the repository's root, such as `repodata/…-updateinfo.xml.gz`; never out of it.
    pub path: String,
    /// The digest of the file as it is fetched.
    pub checksum: Checksum,
    /// The digest of the unpacked file; absent where the vendor gives none (AlmaLinux).
    pub open_checksum: Option<Checksum>,
    /// Bytes of the file as it is fetched, where told.
    pub size: Option<u64>,
    /// Bytes of the unpacked file, where told.
    pub open_size: Option<u64>,
    /// When the file was made, where told.
    pub timestamp: Option<DateTime<Utc>>,
}

/// A digest of one of the SHA-2 family (FIPS 180-4), in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// 64 digits.
    Sha256(String),
    /// 96 digits.
    Sha384(String),
    /// 128 digits.
    Sha512(String),
}

/// A file that is not what the repository lists, or is not listed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepomdError {
    /// The repository has no such file.
    #[error("the repository lists no {kind}")]
    NoRecord {
        /// What was looked for.
        kind: &'static str,
    },
    /// Another size than listed.
    #[error("{path} has {found} bytes{unpacked}, the repository lists {expected}")]
    Size {
        /// The file.
        path: String,
        /// ` unpacked`, or nothing.
        unpacked: &'static str,
        /// Bytes listed.
        expected: u64,
        /// Bytes received.
        found: u64,
    },
    /// Another digest than listed: the mirror is between two states, or somebody changed the file.
    #[error("{path} has another checksum{unpacked} than the repository lists")]
    Checksum {
        /// The file.
        path: String,
        /// ` unpacked`, or nothing.
        unpacked: &'static str,
    },
}

/// Which of the two forms of a file is looked at.
#[derive(Clone, Copy)]
enum Form {
    Received,
    Unpacked,
}

impl Repomd {
    /// Reads `repomd.xml`.
    ///
    /// # Errors
    /// It is no such file, has no records, or a record lacks its path or a digest that still counts, or leads out of
    /// the repository.
    pub fn parse(content: &[u8]) -> Result<Self, FeedError> {
        let mut reader = XmlReader::new(NAME, content)?;
        let mut found = Self { revision: None, records: Vec::new() };
        reader.root("repomd")?;
        reader.children(|reader, child| {
            match child.name {
                "revision" => found.revision = Some(reader.text()?.trim().to_owned()),
                "data" => found.records.push(read_record(reader, child)?),
                _ => {}
            }
            if found.records.len() > MOST_RECORDS {
                return Err(reader.malformed(format!("more than {MOST_RECORDS} records")));
            }
            Ok(())
        })?;
        if found.records.is_empty() {
            return Err(reader.malformed("<repomd>: no <data> in it".to_owned()));
        }
        reader.end()?;
        Ok(found)
    }

    /// Returns the first record of a kind.
    pub fn record(&self, kind: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.kind == kind)
    }

    /// Returns what is to be fetched next for advisories.
    ///
    /// # Errors
    /// The repository has no updateinfo.
    pub fn updateinfo(&self) -> Result<&Record, RepomdError> {
        self.record("updateinfo").ok_or(RepomdError::NoRecord { kind: "updateinfo" })
    }
}

impl Record {
    /// Returns the address of the file, given that of `repomd.xml`, which lies in `repodata/` of the root.
    pub fn location(&self, repomd: &str) -> String {
        let folder = repomd.rsplit_once('/').map_or("", |(folder, _)| folder);
        let root = folder.strip_suffix("repodata").unwrap_or(folder);
        format!("{}/{}", root.trim_end_matches('/'), self.path)
    }

    /// Checks the file as it was received, before anything else is done with it.
    ///
    /// # Errors
    /// Its size or digest is not the listed one.
    pub fn check(&self, received: &[u8]) -> Result<(), RepomdError> {
        self.compare(received, Form::Received)
    }

    /// Checks the unpacked file, where the repository lists its size or digest.
    ///
    /// # Errors
    /// Its size or digest is not the listed one.
    pub fn check_open(&self, unpacked: &[u8]) -> Result<(), RepomdError> {
        self.compare(unpacked, Form::Unpacked)
    }

    /// Checks how many bytes the unpacked file has, where the repository lists that.
    ///
    /// # Errors
    /// They are not as many.
    pub fn check_open_size(&self, found: u64) -> Result<(), RepomdError> {
        match self.open_size.filter(|expected| *expected != found) {
            Some(expected) => {
                Err(RepomdError::Size { path: self.path.clone(), unpacked: " unpacked", expected, found })
            }
            None => Ok(()),
        }
    }

    fn compare(&self, bytes: &[u8], form: Form) -> Result<(), RepomdError> {
        let (size, checksum, unpacked) = match form {
            Form::Received => (self.size, Some(&self.checksum), ""),
            Form::Unpacked => (self.open_size, self.open_checksum.as_ref(), " unpacked"),
        };
        let found = bytes.len() as u64;
        if let Some(expected) = size.filter(|expected| *expected != found) {
            return Err(RepomdError::Size { path: self.path.clone(), unpacked, expected, found });
        }
        if checksum.is_some_and(|checksum| !checksum.is_of(bytes)) {
            return Err(RepomdError::Checksum { path: self.path.clone(), unpacked });
        }
        Ok(())
    }
}

impl Checksum {
    /// Reads a digest of a kind as `<checksum type="…">` names it; those that are broken (MD5, SHA-1) are none.
    fn parse(kind: &str, digits: &str) -> Option<Self> {
        let (length, checksum): (usize, fn(String) -> Self) = match kind {
            "sha256" => (64, Self::Sha256),
            "sha384" => (96, Self::Sha384),
            "sha512" => (128, Self::Sha512),
            _ => return None,
        };
        let is_digest = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_digest.then(|| checksum(digits.to_ascii_lowercase()))
    }

    /// Tells whether it is the digest of these bytes.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Sha256(digits) => *digits == hexadecimal(&Sha256::digest(bytes)),
            Self::Sha384(digits) => *digits == hexadecimal(&Sha384::digest(bytes)),
            Self::Sha512(digits) => *digits == hexadecimal(&Sha512::digest(bytes)),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn read_record<'a>(reader: &mut XmlReader<'a>, element: Element<'a>) -> Result<Record, FeedError> {
    let kind = element.attribute(reader, "type")?.unwrap_or_default().into_owned();
    let (mut path, mut checksum, mut open_checksum) = (None, None, None);
    let (mut size, mut open_size, mut timestamp) = (None, None, None);
    reader.children(|reader, child| {
        match child.name {
            "checksum" => checksum = Some(read_checksum(reader, child)?),
            "open-checksum" => open_checksum = Some(read_checksum(reader, child)?),
            "location" => path = Some(read_path(reader, child)?),
            "timestamp" => timestamp = read_date(&reader.text()?),
            "size" => size = Some(read_size(reader, child.name)?),
            "open-size" => open_size = Some(read_size(reader, child.name)?),
            _ => {}
        }
        Ok(())
    })?;
    let lacks = |field| reader.malformed(format!("record {:?}: <{field}> is missing", shortened(&kind)));
    let path = path.ok_or_else(|| lacks("location"))?;
    let checksum = checksum.ok_or_else(|| lacks("checksum"))?;
    Ok(Record { path, checksum, open_checksum, size, open_size, timestamp, kind })
}

fn read_checksum<'a>(reader: &mut XmlReader<'a>, element: Element<'a>) -> Result<Checksum, FeedError> {
    let kind = element.attribute(reader, "type")?.unwrap_or_default();
    let digits = reader.text()?;
    Checksum::parse(&kind, digits.trim()).ok_or_else(|| {
        reader.malformed(format!("<{}>: no digest of the SHA-2 family: {:?}", element.name, shortened(&kind)))
    })
}

/// The path of a record, which must stay within the repository: no address of its own (`xml:base`), no `..`.
fn read_path<'a>(reader: &XmlReader<'a>, element: Element<'a>) -> Result<String, FeedError> {
    let mut path = String::new();
    let mut has_base = false;
    element.attributes(reader, |key, value| match key {
        "href" => path = value.into_owned(),
        "xml:base" => has_base = true,
        _ => {}
    })?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+~^%/".contains(&byte);
    let is_within = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    if has_base || !is_within || path.len() > LONGEST_PATH || !path.bytes().all(is_plain) {
        let detail = format!("<location>: not a path within the repository: {:?}", shortened(&path));
        return Err(reader.malformed(detail));
    }
    Ok(path)
}

fn read_size(reader: &mut XmlReader<'_>, field: &str) -> Result<u64, FeedError> {
    let text = reader.text()?;
    text.trim()
        .parse()
        .map_err(|_| reader.malformed(format!("<{field}>: not a number of bytes: {:?}", shortened(&text))))
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FEDORA: &str = include_str!("../../../tests/fixtures/repomd/fedora-43.xml");
    const ALMALINUX: &str = include_str!("../../../tests/fixtures/repomd/almalinux-9.xml");
    const EMPTY: &str = include_str!("../../../tests/fixtures/repomd/amazon-empty.xml");
    const WITHOUT: &str = include_str!("../../../tests/fixtures/repomd/amazon-no-updateinfo.xml");

    fn fault(content: &str) -> String {
        Repomd::parse(content.as_bytes()).expect_err("refused").to_string()
    }

    #[test]
    fn fedora_lists_updateinfo_with_all_its_marks() {
        let repomd = Repomd::parse(FEDORA.as_bytes()).expect("whole");
        assert_eq!(repomd.revision.as_deref(), Some("1769300455"));
        let record = repomd.updateinfo().expect("listed");
        assert_eq!((record.size, record.open_size), (Some(1_533_306), Some(33_442_814)));
        assert_eq!(record.timestamp.map(|time| time.timestamp()), Some(1_769_302_218));
        assert!(
            matches!(&record.open_checksum, Some(Checksum::Sha256(digits)) if digits.starts_with("65a608b0"))
        );
        let root = "https://mirror.example.org/updates/43/Everything/x86_64";
        let location = record.location(&format!("{root}/repodata/repomd.xml"));
        assert_eq!(location, format!("{root}/{}", record.path));
        assert!(record.path.ends_with("-updateinfo.xml.zst"));
        assert!(repomd.record("primary").is_some() && repomd.record("modules").is_none());
    }

    #[test]
    fn almalinux_gives_no_open_checksums_and_rocky_a_release_for_a_revision() {
        let repomd = Repomd::parse(ALMALINUX.as_bytes()).expect("whole");
        let record = repomd.updateinfo().expect("listed");
        assert_eq!((&record.open_checksum, record.size), (&None, None));
        assert!(repomd.record("modules").is_some());
        let rocky = include_str!("../../../tests/fixtures/repomd/rocky-8.xml");
        let rocky = Repomd::parse(rocky.as_bytes()).expect("whole");
        assert!(rocky.updateinfo().is_ok());
        assert_eq!(rocky.revision.as_deref(), Some("8.7"));
    }

    #[test]
    fn a_repository_without_updateinfo_is_told_and_never_empty() {
        let repomd = Repomd::parse(WITHOUT.as_bytes()).expect("whole");
        assert_eq!(repomd.updateinfo().expect_err("none"), RepomdError::NoRecord { kind: "updateinfo" });
        assert!(fault(EMPTY).contains("<repomd>: no <data> in it"));
    }

    #[test]
    fn a_file_that_is_not_the_listed_one_is_refused_before_and_after_unpacking() {
        let digest = |bytes: &[u8]| Checksum::Sha256(hexadecimal(&Sha256::digest(bytes)));
        let record = Record {
            kind: "updateinfo".to_owned(),
            path: "repodata/u.xml.gz".to_owned(),
            checksum: digest(b"packed"),
            open_checksum: Some(digest(b"open")),
            size: Some(6),
            open_size: None,
            timestamp: None,
        };
        assert_eq!(record.check(b"packed"), Ok(()));
        assert_eq!(record.check_open(b"open"), Ok(()));
        let size = record.check(b"short").expect_err("refused").to_string();
        assert_eq!(size, "repodata/u.xml.gz has 5 bytes, the repository lists 6");
        let changed = record.check(b"PACKED").expect_err("refused").to_string();
        assert_eq!(changed, "repodata/u.xml.gz has another checksum than the repository lists");
        let open = record.check_open(b"OPEN").expect_err("refused").to_string();
        assert_eq!(open, "repodata/u.xml.gz has another checksum unpacked than the repository lists");
    }

    #[test]
    fn every_digest_of_the_family_counts_and_broken_ones_do_not() {
        let sha512 = hexadecimal(&Sha512::digest(b"x"));
        let sha384 = hexadecimal(&Sha384::digest(b"x"));
        assert!(Checksum::parse("sha512", &sha512.to_ascii_uppercase()).expect("known").is_of(b"x"));
        assert!(Checksum::parse("sha384", &sha384).expect("known").is_of(b"x"));
        assert!(!Checksum::parse("sha384", &sha384).expect("known").is_of(b"y"));
        for (kind, digits) in [("sha", "da39a3ee"), ("md5", "d41d8cd9"), ("sha256", "00"), ("sha256", "zz")] {
            assert_eq!(Checksum::parse(kind, digits), None, "{kind}");
        }
    }

    #[test]
    fn wrong_shapes_are_refused_by_field() {
        let with = |inner: &str| format!("<repomd>\n<data type=\"updateinfo\">{inner}</data></repomd>");
        let sum = format!("<checksum type=\"sha256\">{}</checksum>", "0".repeat(64));
        for (content, words) in [
            (with(&sum), "record \"updateinfo\": <location> is missing"),
            (with("<location href=\"repodata/u.xml\"/>"), "<checksum> is missing"),
            (with("<checksum type=\"sha\">da39a3ee</checksum>"), "no digest of the SHA-2 family: \"sha\""),
            (with("<location href=\"../../etc/passwd\"/>"), "not a path within the repository"),
            (with("<location href=\"/etc/passwd\"/>"), "not a path within the repository"),
            (
                with("<location href=\"https://elsewhere.example.org/u\"/>"),
                "not a path within the repository",
            ),
            (with("<location xml:base=\"https://elsewhere.example.org\" href=\"u\"/>"), "not a path within"),
            (with("<size>many</size>"), "<size>: not a number of bytes: \"many\""),
            ("<updates/>".to_owned(), "<repomd> expected"),
            ("<html>".to_owned(), "web page"),
        ] {
            assert!(fault(&content).contains(words), "{content}: {}", fault(&content));
        }
    }

    proptest! {
        #[test]
        fn no_damage_makes_the_parser_panic(at in 0..FEDORA.len(), byte in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = FEDORA.as_bytes().to_vec();
            bytes[at] = byte;
            bytes.truncate(if cut { at } else { bytes.len() });
            let _ = Repomd::parse(&bytes);
        }
    }
}
