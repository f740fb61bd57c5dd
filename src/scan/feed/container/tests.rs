use std::io::Write;

use proptest::prelude::*;

use super::*;

const LONG: &str = "osv/a-folder-with-a-name-that-is-long-enough-to-need-more-than-the-hundred-bytes-of-a-header/\
                    and-a-document-whose-name-is-just-as-long-so-that-no-prefix-field-can-hold-it-either.json";

/// A tar archive as GNU tar writes it: a folder, documents, a long name, a link.
fn tar() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    builder.append_data(&mut header, "osv/", &b""[..]).expect("memory");
    header.set_entry_type(tar::EntryType::Regular);
    for (name, content) in [("osv/A-1.json", "{}"), (LONG, "[1]"), ("osv/empty.json", "")] {
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content.as_bytes()).expect("memory");
    }
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "latest.json", "/etc/passwd").expect("memory");
    builder.into_inner().expect("memory")
}

/// A tar archive with one document whose name and size stand in a pax header.
fn pax() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let extensions = [("path", LONG.as_bytes()), ("size", b"3".as_slice()), ("mtime", b"1.5")];
    builder.append_pax_extensions(extensions).expect("memory");
    let mut header = tar::Header::new_ustar();
    header.set_path("short").expect("short");
    header.set_size(3);
    header.set_cksum();
    builder.append(&header, &b"[1]"[..]).expect("memory");
    builder.into_inner().expect("memory")
}

fn zip(documents: &[(&str, &[u8])], method: rawzip::CompressionMethod) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    archive.new_dir("osv/").create().expect("memory");
    for (name, content) in documents {
        let (mut entry, config) = archive.new_file(name).compression_method(method).start().expect("memory");
        if method == rawzip::CompressionMethod::DEFLATE {
            let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::best());
            let mut writer = config.wrap(encoder);
            writer.write_all(content).expect("memory");
            let (encoder, descriptor) = writer.finish().expect("memory");
            encoder.finish().expect("memory");
            entry.finish(descriptor).expect("memory");
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(content).expect("memory");
            let (_, descriptor) = writer.finish().expect("memory");
            entry.finish(descriptor).expect("memory");
        }
    }
    archive.finish().expect("memory");
    bytes
}

fn deflated(documents: &[(&str, &[u8])]) -> Vec<u8> {
    zip(documents, rawzip::CompressionMethod::DEFLATE)
}

fn read(bytes: &[u8]) -> Result<Vec<(String, String)>, ContainerError> {
    let pair = |document: Document<'_>| {
        (document.name.into_owned(), String::from_utf8_lossy(&document.content).into_owned())
    };
    documents(bytes)?.map(|document| document.map(pair)).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
}

/// Changes the uncompressed size that the list of a zip archive states for its last document (APPNOTE 4.3.12).
fn restate_size(bytes: &mut [u8], size: u32) {
    let at = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").expect("a list") + 24;
    bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
}

#[test]
fn documents_of_a_tar_archive_come_one_by_one() {
    let bytes = tar();
    let expected = [("osv/A-1.json", "{}"), (LONG, "[1]"), ("osv/empty.json", "")];
    assert_eq!(read(&bytes).expect("whole"), pairs(&expected));
    assert_eq!(read(&pax()).expect("whole"), pairs(&[(LONG, "[1]")]));
}

#[test]
fn documents_of_a_zip_archive_are_decompressed_and_checked() {
    let expected = pairs(&[("osv/A-1.json", "{\"a\": [1, 1, 1, 1, 1, 1]}"), ("osv/B-1.json", "[]")]);
    let given: Vec<(&str, &[u8])> =
        expected.iter().map(|(name, content)| (name.as_str(), content.as_bytes())).collect();
    for method in [rawzip::CompressionMethod::DEFLATE, rawzip::CompressionMethod::STORE] {
        assert_eq!(read(&zip(&given, method)).expect("whole"), expected);
    }
    let mut flipped = zip(&given, rawzip::CompressionMethod::STORE);
    let at = flipped.windows(4).position(|window| window == b"[1, ").expect("stored as it is");
    flipped[at + 1] = b'2';
    assert!(
        matches!(read(&flipped), Err(ContainerError::Decompress { document, .. }) if document == "osv/A-1.json")
    );
}

#[test]
fn what_is_no_archive_is_one_document_without_a_name() {
    for content in ["", "{}", "PK", "<html>"] {
        assert_eq!(read(content.as_bytes()).expect("plain"), pairs(&[("", content)]));
    }
}

#[test]
fn archive_that_breaks_off_anywhere_is_refused() {
    let whole = tar();
    let end = whole.iter().rposition(|byte| *byte != 0).expect("has content").next_multiple_of(512);
    for cut in 512..end + 512 {
        assert!(read(&whole[..cut]).is_err(), "tar cut at {cut}");
    }
    let whole = deflated(&[("a.json", b"{}"), ("b.json", b"[]")]);
    for cut in 4..whole.len() {
        assert!(read(&whole[..cut]).is_err(), "zip cut at {cut}");
    }
}

#[test]
fn tar_archive_with_a_damaged_header_or_a_second_archive_behind_it_is_refused() {
    let mut damaged = tar();
    damaged[512] ^= 1;
    let error = read(&damaged).expect_err("wrong checksum").to_string();
    assert_eq!(error, "the tar archive is damaged at byte 512: a header has a wrong checksum");
    let error = read(&[tar(), tar()].concat()).expect_err("two archives").to_string();
    assert!(error.ends_with("content follows its end"), "{error}");
}

#[test]
fn zip_bomb_is_refused_before_anything_is_decompressed() {
    let plain = vec![b' '; 2 * 1024 * 1024];
    let list: Vec<(String, &[u8])> = (0..100).map(|n| (n.to_string(), plain.as_slice())).collect();
    let list: Vec<(&str, &[u8])> = list.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    let error = documents(&deflated(&list)).expect_err("grows 1000 times").to_string();
    assert_eq!(error, "the archive has too many bytes when decompressed, more than 67108864");
    let mut one = deflated(&[("a", &plain)]);
    restate_size(&mut one, u32::MAX - 1);
    assert!(matches!(documents(&one), Err(ContainerError::BeyondLimits { .. })));
}

#[test]
fn zip_document_that_grows_beyond_its_stated_size_is_refused() {
    let mut bytes = deflated(&[("a", &[b' '; 2 * 1024 * 1024])]);
    restate_size(&mut bytes, 100);
    assert!(matches!(read(&bytes), Err(ContainerError::Decompress { .. })));
}

#[test]
fn zip_list_of_another_length_than_stated_is_refused() {
    let mut bytes = deflated(&[("a", b"1"), ("b", b"2")]);
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06").expect("an end");
    bytes[end + 10] = 7;
    assert!(matches!(documents(&bytes), Err(ContainerError::Length { found: 3, stated: 7 })));
}

#[test]
fn zip_method_that_no_vendor_uses_is_refused_by_name() {
    let bytes = zip(&[("a.json", b"{}")], rawzip::CompressionMethod::LZMA);
    let error = read(&bytes).expect_err("not supported").to_string();
    assert_eq!(error, "the document \"a.json\" of the archive is compressed in another way than deflate");
}

proptest! {
    #[test]
    fn no_bytes_make_the_archive_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for begin in [&b""[..], b"PK\x03\x04", b"PK\x05\x06"] {
            let _ = read(&[begin, &bytes].concat());
        }
    }

    #[test]
    fn no_damage_makes_the_archive_reader_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        for mut bytes in [tar(), pax(), deflated(&[("a.json", b"{}"), ("b.json", b"[]")])] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = read(&bytes);
        }
    }
}

#[test]
fn a_bomb_that_calls_itself_large_is_refused_by_what_was_taken_of_it() {
    let piece = zstd::encode_all(&vec![0; 66 << 20][..], 1).expect("memory");
    let bomb = piece.repeat(3);
    let refused = open(io::Cursor::new(bomb), 10 << 20).expect_err("refused").to_string();
    assert_eq!(refused, "the zstd content is larger than 67108864 bytes when decompressed");
}

#[test]
fn zeros_without_end_are_no_end_of_an_archive() {
    let mut endless = Members::new(io::repeat(0));
    let refused = endless.advance().map(|member| member.is_some()).expect_err("refused").to_string();
    assert_eq!(refused, "the tar archive is damaged at byte 0: too many zeros follow its end");
}
