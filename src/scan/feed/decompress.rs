//! Content as it was received becomes content that can be parsed: gzip, xz, zstd and bzip2 by their first bytes, piece
//! by piece, under a cap.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

/// Most bytes that a feed may have when decompressed, and is held in memory. The tracker has 40 to 75 MB (feeds design,
/// 1.1); the cap leaves room for years of growth and stops a bomb (safety design, T6).
pub const LARGEST_FEED: u64 = 192 * 1024 * 1024;

/// Largest growth of content that is held in memory, from its size as received. Feeds grow 4 to 20 times, archives of OSV documents 2 to 9 times, single
/// documents at most 24 times (measured on those of Debian, Ubuntu, Rocky, Alpine and Red Hat); deflate allows 1032
/// times, xz 7,000 and zstd and bzip2 more than 30,000 (measured on zeros).
const LARGEST_GROWTH: u64 = 100;
/// Largest growth of an archive of which one document at a time is held. Documents that repeat the versions of the same
/// packages grow more than 100 times (measured on made ones with zstd); a bomb that grows more has no documents.
const LARGEST_ARCHIVE_GROWTH: u64 = 1000;
/// A size that is harmless at any growth.
pub const HARMLESS: u64 = 64 * 1024 * 1024;

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

/// Returns the cap for content of so many bytes as received: `largest`, and less where it could only be a bomb.
pub fn cap(received: u64, largest: u64) -> u64 {
    received.saturating_mul(LARGEST_GROWTH).max(HARMLESS).min(largest)
}

/// The same for an archive that is read document by document.
pub fn archive_cap(received: u64, largest: u64) -> u64 {
    received.saturating_mul(LARGEST_ARCHIVE_GROWTH).max(HARMLESS).min(largest)
}

/// Decompresses content of at most `limit` bytes; content that is not compressed comes back as it is.
///
/// # Errors
/// The stream is damaged, or larger than `limit`.
pub fn decompress(bytes: &[u8], limit: u64) -> Result<Cow<'_, [u8]>, DecompressError> {
    let mut reader = Unpacked::new(bytes, limit)?;
    if reader.format == PLAIN {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut plain = Vec::new();
    reader.read_to_end(&mut plain).map_err(|error| reader.explain(error))?;
    Ok(Cow::Owned(plain))
}

/// The name of content that is not compressed.
const PLAIN: &str = "plain";

/// Content while it is decompressed. Reading beyond the cap is an error.
pub struct Unpacked<'a> {
    format: &'static str,
    reader: Box<dyn Read + 'a>,
    limit: u64,
    left: u64,
}

impl<'a> Unpacked<'a> {
    /// Begins to decompress, by the first bytes.
    ///
    /// # Errors
    /// The first bytes cannot be read, or the decoder cannot be set up.
    pub fn new(mut packed: impl BufRead + 'a, limit: u64) -> Result<Self, DecompressError> {
        let damaged = |format| move |source| DecompressError::Damaged { format, source };
        let begin = packed.fill_buf().map_err(damaged(PLAIN))?;
        let (format, reader): (_, Box<dyn Read + 'a>) = match begin {
            [0x1f, 0x8b, ..] => ("gzip", Box::new(flate2::bufread::MultiGzDecoder::new(packed))),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0)
                    .map_err(|error| damaged("xz")(error.into()))?;
                ("xz", Box::new(liblzma::bufread::XzDecoder::new_stream(packed, stream)))
            }
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(damaged("zstd"))?;
                ("zstd", Box::new(decoder))
            }
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => {
                ("bzip2", Box::new(bzip2::bufread::MultiBzDecoder::new(packed)))
            }
            _ => (PLAIN, Box::new(packed)),
        };
        Ok(Self { format, reader, limit, left: limit })
    }

    /// The error of content that is larger than what is made of it allows.
    pub fn too_large(&self, limit: u64) -> DecompressError {
        DecompressError::TooLarge { format: self.format, limit }
    }

    /// Turns an error of reading into one that says what is wrong with the content.
    pub fn explain(&self, error: io::Error) -> DecompressError {
        match error.downcast::<DecompressError>() {
            Ok(too_large) => too_large,
            Err(source) => DecompressError::Damaged { format: self.format, source },
        }
    }
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => {
                self.left = left;
                Ok(count)
            }
            None => Err(io::Error::other(self.too_large(self.limit))),
        }
    }
}

impl std::fmt::Debug for Unpacked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacked").field("format", &self.format).field("left", &self.left).finish()
    }
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
    fn growth_that_no_feed_has_is_capped_far_below_the_largest_feed() {
        assert_eq!(cap(10, LARGEST_FEED), HARMLESS);
        assert_eq!(cap(1024 * 1024, LARGEST_FEED), 100 * 1024 * 1024);
        assert_eq!(cap(LARGEST_FEED, LARGEST_FEED), LARGEST_FEED);
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
