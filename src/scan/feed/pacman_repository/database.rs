//! A repository's database as pacman fetches it: an archive of one folder a package, each with a file `desc` of sections
//! (repo-add(8); pacman, `lib/libalpm/be_sync.c`).

use std::io::Read;
use std::path::Path;

use super::PacmanRepositoryError;
use crate::host::storage;
use crate::model::digest::Sha256;
use crate::model::distro::PackageFamily;
use crate::model::version::Version;
use crate::scan::feed::decompress::{Unpacked, cap};

/// Largest database that is read: Arch's `extra` has some 9 MB as fetched and 70 MB unpacked.
const LARGEST: u64 = 256 << 20;
/// The same unpacked.
const LARGEST_UNPACKED: u64 = 2 << 30;
/// Largest description of one package; real ones, signatures included, have some 3 KiB.
const LARGEST_DESCRIPTION: u64 = 1 << 20;

/// Tells whether anybody asks for a package of that name.
type Wants<'a> = &'a dyn Fn(&str) -> bool;

/// One package of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) architecture: String,
    /// The package that it was built with, which is its own name where none is stated.
    pub(super) base: String,
    pub(super) file_name: String,
    pub(super) size: u64,
    pub(super) sha256: Sha256,
}

/// Hands every wanted package of a database to `take`. What no SHA-256 vouches for is no offer.
pub(super) fn read(
    path: &Path,
    wants: Wants<'_>,
    take: &mut dyn FnMut(Entry),
) -> Result<(), PacmanRepositoryError> {
    let bytes = storage::read_at_most(path, LARGEST)
        .map_err(|source| PacmanRepositoryError::Read { path: path.to_owned(), source })?;
    let limit = cap(bytes.len() as u64, LARGEST_UNPACKED);
    let packed = |source| PacmanRepositoryError::Packed { path: path.to_owned(), source };
    let mut plain = Unpacked::new(&bytes[..], limit).map_err(packed)?;
    match read_archive(&mut plain, path, (wants, take)) {
        Ok(()) => Ok(()),
        Err(Fault::Io(error)) => Err(packed(plain.explain(error))),
        Err(Fault::Refused(error)) => Err(error),
    }
}

enum Fault {
    Io(std::io::Error),
    Refused(PacmanRepositoryError),
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

fn read_archive(
    plain: &mut impl Read,
    path: &Path,
    (wants, take): (Wants<'_>, &mut dyn FnMut(Entry)),
) -> Result<(), Fault> {
    let mut archive = tar::Archive::new(&mut *plain);
    for member in archive.entries()? {
        let mut member = member?;
        let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
        let Some(folder) = name.strip_suffix("/desc") else { continue };
        if !package_of(folder.trim_start_matches("./")).is_some_and(wants) {
            continue;
        }
        let mut text = Vec::new();
        member.by_ref().take(LARGEST_DESCRIPTION).read_to_end(&mut text)?;
        let entry = entry(&text).map_err(|reason| {
            let place = name.chars().take(200).collect();
            Fault::Refused(PacmanRepositoryError::Content { path: path.to_owned(), place, reason })
        })?;
        entry.into_iter().for_each(&mut *take);
    }
    // What comes behind the end of an archive may tell that it was cut.
    std::io::copy(plain, &mut std::io::sink())?;
    Ok(())
}

/// The package whose folder is called `name-version-release`.
fn package_of(folder: &str) -> Option<&str> {
    let release = folder.rfind('-')?;
    let version = folder[..release].rfind('-')?;
    Some(&folder[..version])
}

/// Reads one description; `None` where it states no SHA-256.
///
/// # Errors
/// The section that is missing or not valid.
fn entry(text: &[u8]) -> Result<Option<Entry>, &'static str> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    let (mut name, mut version, mut base, mut file_name) = (None, None, None, None);
    let (mut architecture, mut size, mut digest) = (None, None, None);
    while let Some(heading) = lines.next() {
        let slot = match heading {
            "%NAME%" => &mut name,
            "%VERSION%" => &mut version,
            "%BASE%" => &mut base,
            "%FILENAME%" => &mut file_name,
            "%ARCH%" => &mut architecture,
            "%CSIZE%" => &mut size,
            "%SHA256SUM%" => &mut digest,
            _ => continue,
        };
        *slot = lines.next().filter(|value| !value.is_empty());
    }
    let is_name = |name: &&str| PackageFamily::Pacman.is_package_name(name);
    let name = name.filter(is_name).ok_or("%NAME% is missing or no name of a package")?;
    let file_name = file_name.filter(|name| !name.contains('/') && !name.starts_with('.'));
    let version = version.and_then(|version| Version::alpm(version).ok());
    let Some(digest) = digest else { return Ok(None) };
    Ok(Some(Entry {
        name: name.to_owned(),
        version: version.ok_or("%VERSION% is missing or no version")?,
        architecture: architecture.ok_or("%ARCH% is missing")?.to_owned(),
        base: base.filter(is_name).unwrap_or(name).to_owned(),
        file_name: file_name.ok_or("%FILENAME% is missing or leads elsewhere")?.to_owned(),
        size: size.and_then(|size| size.parse().ok()).ok_or("%CSIZE% is missing or no number")?,
        sha256: digest.parse().map_err(|_| "%SHA256SUM% is no digest")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "fc98d8a6f533fbd16dc4a916769b502fbdb6ed7c7a6c346b0f592a496669cfd9";

    fn description() -> String {
        format!(
            "%FILENAME%\nlibfoo-1:2.0-1-x86_64.pkg.tar.zst\n\n%NAME%\nlibfoo\n\n%BASE%\nfoo\n\n%VERSION%\n1:2.0-1\n\n\
             %CSIZE%\n819\n\n%SHA256SUM%\n{DIGEST}\n\n%ARCH%\nx86_64\n\n%REPLACES%\nbar\n\n"
        )
    }

    #[test]
    fn a_description_is_read() {
        let read = entry(description().as_bytes()).expect("sound").expect("an offer");
        assert_eq!((read.name.as_str(), read.base.as_str(), read.size), ("libfoo", "foo", 819));
        assert_eq!(read.version.as_str(), "1:2.0-1");
        let without = description().replace("%SHA256SUM%", "%MD5SUM%");
        assert_eq!(entry(without.as_bytes()), Ok(None));
    }

    #[test]
    fn what_is_missing_or_leads_elsewhere_is_named() {
        for (from, to, named) in [
            ("libfoo\n\n%BASE%", "--root=/\n\n%BASE%", "%NAME%"),
            ("\n1:2.0-1\n", "\n1 2\n", "%VERSION%"),
            ("libfoo-1:2.0-1-x86_64.pkg", "../../x", "%FILENAME%"),
            ("819", "many", "%CSIZE%"),
            (DIGEST, "abc", "%SHA256SUM%"),
        ] {
            let error = entry(description().replacen(from, to, 1).as_bytes()).expect_err(to);
            assert!(error.starts_with(named), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(text in "(%NAME%\n|%VERSION%\n|%SHA256SUM%\n|a|\n|1-1|\\PC){0,30}", bytes: Vec<u8>) {
            let _ = entry(text.as_bytes());
            let _ = entry(&bytes);
            let _ = read_archive(&mut &bytes[..], Path::new("x"), (&|_| true, &mut |_| {}));
        }
    }
}
