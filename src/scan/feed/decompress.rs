//! Content as it was received becomes content that can be parsed: gzip, xz, zstd and bzip2 by their first bytes, under a cap.

use std::borrow::Cow;
use std::io::{self, Read};

/// Most bytes that a feed may have when decompressed. The tracker has 40 to 75 MB (feeds design, 1.1); the cap leaves
/// room for years of growth and stops a bomb (safety design, T6).
pub const LARGEST_FEED: u64 = 192 * 1024 * 1024;

/// Memory that an xz decoder may ask for: the largest preset needs 65 MiB (xz(1)).
const XZ_MEMORY: u64 = 128 * 1024 * 1024;

/// Compressed content that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecompressError {
    /// The stream is damaged or breaks off.
    #[error("cannot decompress the {format} content")]
    Damaged {
        /// The compression.
        format: &'static str,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
    /// It would grow beyond the cap.
    #[error("the {format} content is larger than {limit} bytes when decompressed")]
    TooLarge {
        /// The compression.
        format: &'static str,
        /// The cap in bytes.
        limit: u64,
    },
}

/// Decompresses content of at most `limit` bytes; content that is not compressed comes back as it is.
///
/// # Errors
/// The stream is damaged, or larger than `limit`.
pub fn decompress(bytes: &[u8], limit: u64) -> Result<Cow<'_, [u8]>, DecompressError> {
    let plain = match bytes {
        [0x1f, 0x8b, ..] => read_all("gzip", &mut flate2::read::MultiGzDecoder::new(bytes), limit)?,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => read_all("xz", &mut xz(bytes)?, limit)?,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let damaged = |source| DecompressError::Damaged { format: "zstd", source };
            read_all("zstd", &mut zstd::stream::read::Decoder::with_buffer(bytes).map_err(damaged)?, limit)?
        }
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => {
            read_all("bzip2", &mut bzip2::bufread::MultiBzDecoder::new(bytes), limit)?
        }
        _ => return Ok(Cow::Borrowed(bytes)),
    };
    Ok(Cow::Owned(plain))
}

fn xz(bytes: &[u8]) -> Result<impl Read + '_, DecompressError> {
    let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0)
        .map_err(|source| DecompressError::Damaged { format: "xz", source: source.into() })?;
    Ok(liblzma::read::XzDecoder::new_stream(bytes, stream))
}

fn read_all(format: &'static str, reader: &mut dyn Read, limit: u64) -> Result<Vec<u8>, DecompressError> {
    let mut plain = Vec::new();
    let damaged = |source| DecompressError::Damaged { format, source };
    reader.take(limit.saturating_add(1)).read_to_end(&mut plain).map_err(damaged)?;
    if plain.len() as u64 > limit {
        return Err(DecompressError::TooLarge { format, limit });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).expect("memory");
        encoder.finish().expect("memory")
    }

    fn bzip2(plain: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        encoder.write_all(plain).expect("memory");
        encoder.finish().expect("memory")
    }

    fn forms(plain: &[u8]) -> [Vec<u8>; 4] {
        let xz = liblzma::encode_all(plain, 6).expect("memory");
        [gzip(plain), xz, zstd::encode_all(plain, 3).expect("memory"), bzip2(plain)]
    }

    #[test]
    fn every_form_gives_the_plain_content() {
        for bytes in forms(b"{\"a\": {}}") {
            assert_eq!(decompress(&bytes, 100).expect("whole").as_ref(), b"{\"a\": {}}");
        }
        assert_eq!(decompress(b"{}", 1).expect("plain").as_ref(), b"{}");
    }

    #[test]
    fn streams_one_after_the_other_are_one_content() {
        for stream in [gzip, bzip2] {
            let bytes = [stream(b"[1,"), stream(b"2]")].concat();
            assert_eq!(decompress(&bytes, 100).expect("whole").as_ref(), b"[1,2]");
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_cap() {
        for bytes in forms(&[b' '; 100_000]) {
            assert!(matches!(decompress(&bytes, 99_999), Err(DecompressError::TooLarge { .. })));
        }
    }

    #[test]
    fn a_stream_that_breaks_off_is_refused() {
        for bytes in forms(b"{\"a\": {\"b\": \"cdefghijklmnopqrstuvwxyz\"}}") {
            let cut = &bytes[..bytes.len() - 6];
            assert!(
                matches!(decompress(cut, 1000), Err(DecompressError::Damaged { .. })),
                "{:?}",
                &bytes[..4]
            );
        }
    }
}
