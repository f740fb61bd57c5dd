//! Archives of odd forms: what is read all the same, and what is refused soon.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use patchctl::package_manager::deb::archive::Archive;

use super::deb_archives::{CONTROL, Scratch, put, text};

/// A container written by hand, so that it can hold what `dpkg-deb` would not make.
fn container(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let size = content.len();
        bytes.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, "100644").bytes());
        bytes.extend(content);
        bytes.resize(bytes.len() + size % 2, b'\n');
    }
    bytes
}

fn tar_of(folder: &Path, options: &[&str]) -> Vec<u8> {
    let mut command = Command::new("tar");
    command.args(options).args(["--owner=0", "--group=0", "-C", text(folder), "-c", "."]);
    let output = command.output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Reads every entry of an archive with these files and returns its paths, or the whole chain of errors.
fn paths_of(scratch: &Scratch, files: Vec<u8>) -> Result<Vec<PathBuf>, String> {
    use patchctl::package_manager::deb::archive::ArchiveError;
    let control = scratch.path("control");
    put(&control.join("control"), CONTROL.as_bytes(), 0o644);
    let members =
        [("debian-binary", b"2.0\n".to_vec()), ("control.tar", tar_of(&control, &[])), ("data.tar", files)];
    let path = scratch.path("hand.deb");
    fs::write(&path, container(&members)).unwrap();
    let mut paths = Vec::new();
    let read = Archive::open(&path).and_then(|archive| {
        archive.for_each_entry(&mut |entry, _| {
            paths.push(entry.path.clone());
            Ok::<(), ArchiveError>(())
        })
    });
    let chain = |error: ArchiveError| {
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        format!("{error}: {source}")
    };
    read.map(|()| paths).map_err(chain)
}

#[test]
fn pax_names_are_read_and_sparse_files_are_refused() {
    let scratch = Scratch::new("formats");
    let long = format!("usr/{}/{}", "n".repeat(120), "m".repeat(140));
    put(&scratch.path("plain").join(&long), b"x", 0o644);
    for format in ["--format=pax", "--format=gnu"] {
        let paths = paths_of(&scratch, tar_of(&scratch.path("plain"), &[format])).unwrap();
        assert!(paths.contains(&Path::new("/").join(&long)), "{format}");
    }
    fs::create_dir_all(scratch.path("holes")).unwrap();
    fs::File::create(scratch.path("holes/file")).unwrap().set_len(1 << 20).unwrap();
    for format in ["--format=pax", "--format=gnu"] {
        let refused = paths_of(&scratch, tar_of(&scratch.path("holes"), &[format, "--sparse"]));
        assert!(refused.as_ref().is_err_and(|error| error.contains("sparse")), "{format}: {refused:?}");
    }
}

#[test]
fn a_bomb_in_the_control_part_is_refused_soon() {
    let scratch = Scratch::new("bomb");
    let folder = scratch.path("zeros");
    fs::create_dir_all(&folder).unwrap();
    fs::File::create(folder.join("postinst")).unwrap().set_len(512 << 20).unwrap();
    let path = scratch.path("bomb.deb");
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", tar_of(&folder, &["-z"])),
        ("data.tar", tar_of(&folder, &["--exclude=postinst"])),
    ];
    fs::write(&path, container(&members)).unwrap();
    let began = std::time::Instant::now();
    assert!(Archive::open(&path).is_err());
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}
