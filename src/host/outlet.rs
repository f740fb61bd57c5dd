//! Results that are written as they are made: to a file that appears whole or not at all, or in place to what is no
//! file (a device, a pipe).

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::draft;
use super::storage::{Result, StorageError, create_new, rename};

/// Bytes that are gathered before the system is asked to write: sixteen pages of a pipe's usual room (pipe(7)).
const BUFFER: usize = 64 * 1024;

/// Writes to a file what `make` makes. The file is replaced as a whole, created with `mode`, and is on disk afterwards;
/// when anything fails, what was there before is there still.
///
/// # Errors
/// The file cannot be written, or `make` failed.
pub fn write_file(path: &Path, mode: u32, make: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return write_in_place(path, make);
    }
    let temporary = draft::beside(path);
    let _ = fs::remove_file(&temporary);
    let written = create_new(&temporary, mode).and_then(|file| {
        let mut buffer = BufWriter::with_capacity(BUFFER, &file);
        let made = make(&mut buffer).and_then(|()| buffer.flush()).and_then(|()| file.sync_all());
        made.map_err(StorageError::at("write", path))
    });
    let renamed = written.and_then(|()| rename(&temporary, path));
    if renamed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    renamed
}

/// A device or pipe is never replaced: `--output /dev/null` leaves the device where it is.
fn write_in_place(path: &Path, make: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let at = || StorageError::at("write", path);
    let options = &mut OpenOptions::new();
    let file = options.write(true).custom_flags(nix::libc::O_NOCTTY).open(path).map_err(at())?;
    unless_closed(write_to(file, make)).map_err(at())
}

/// Writes what `make` makes to an open stream, in large pieces. A reader that went away is no error.
///
/// # Errors
/// The stream cannot be written, or `make` failed.
pub fn write_stream(
    stream: impl Write,
    make: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    unless_closed(write_to(stream, make))
}

fn write_to(stream: impl Write, make: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = BufWriter::with_capacity(BUFFER, stream);
    let made = make(&mut buffer).and_then(|()| buffer.flush());
    if made.is_err() {
        // What is left in the buffer must not be tried again when it is dropped.
        drop(buffer.into_parts());
    }
    made
}

fn unless_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let path = std::path::PathBuf::from(format!("/tmp/patchctl-outlet-{}", std::process::id()));
        write_file(&path, 0o600, |out| out.write_all(b"old")).expect("written");
        let failed = write_file(&path, 0o600, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("cut off"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).expect("still there"), b"old");
        let beside = draft::beside(&path);
        assert!(!beside.exists(), "nothing half-written is left");
        fs::remove_file(&path).expect("removed");
    }

    #[test]
    fn a_device_stays_a_device_and_a_full_one_is_told() {
        use std::os::unix::fs::FileTypeExt;
        write_file(Path::new("/dev/null"), 0o600, |out| out.write_all(b"x")).expect("taken");
        assert!(fs::metadata("/dev/null").expect("there").file_type().is_char_device());
        let error = write_file(Path::new("/dev/full"), 0o600, |out| out.write_all(b"x")).expect_err("full");
        assert!(error.is_no_space(), "{error}");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        write_stream(Closed, |out| out.write_all(&[0; BUFFER * 2])).expect("not told");
    }
}
