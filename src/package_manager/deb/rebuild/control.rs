//! The control part of a rebuilt archive, from the record of the installed package.

use std::io;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::control::Paragraph;
use super::super::database::Record;
use super::LABEL;
use crate::host::storage::StorageError;

/// Fields of the database that are no fields of an archive (dpkg-query(1), deb-control(5)).
const ONLY_IN_DATABASE: &[&str] =
    &["Status", "Conffiles", "Config-Version", "Triggers-Pending", "Triggers-Awaited"];
/// Files of the database that are written anew, or that dpkg makes itself.
const NOT_CARRIED: &[&str] = &["list", "control", "conffiles"];
/// Files that dpkg or debconf runs.
const SCRIPTS: &[&str] = &["preinst", "postinst", "prerm", "postrm", "config"];

/// Returns the packed control part; `to` is the archive, for messages.
pub(super) fn tarball(record: &Record, conffiles: &[PathBuf], to: &Path) -> Result<Vec<u8>, StorageError> {
    pack(record, conffiles).map_err(|source| StorageError { operation: "write", path: to.to_owned(), source })
}

fn pack(record: &Record, conffiles: &[PathBuf]) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    append(&mut builder, "control", paragraph(record).to_string().as_bytes())?;
    if !conffiles.is_empty() {
        append(&mut builder, "conffiles", &list(conffiles))?;
    }
    let carried = |name: &str| !NOT_CARRIED.contains(&name) && !name.is_empty();
    for (name, content) in record.control_files.iter().filter(|(name, _)| carried(name)) {
        append(&mut builder, name, content)?;
    }
    builder.into_inner()?.finish()
}

fn paragraph(record: &Record) -> Paragraph {
    let mut paragraph = record.status.clone();
    paragraph.remove(ONLY_IN_DATABASE);
    paragraph.set(LABEL, "yes");
    paragraph
}

fn list(paths: &[PathBuf]) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    let line = |path: &PathBuf| [path.as_os_str().as_bytes(), b"\n"].concat();
    paths.iter().flat_map(line).collect()
}

fn append(builder: &mut tar::Builder<impl io::Write>, name: &str, content: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(if SCRIPTS.contains(&name) { 0o755 } else { 0o644 });
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    builder.append_data(&mut header, format!("./{name}"), content)
}
