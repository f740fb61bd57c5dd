//! Decompression of archive members, with limits on memory and on what comes out.

use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;
use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

/// Memory that a member may ask the xz decoder for: `xz -9` needs 65 MiB (xz(1)).
const XZ_MEMORY: u64 = 256 << 20;
/// Largest zstd window, as a power of two: 128 MiB, what `zstd --long` makes (zstd(1)).
const ZSTD_WINDOW: u32 = 27;
/// How much compressed data is read at once.
const READ_AHEAD: usize = 128 * 1024;

/// How a member is compressed, as its name tells (deb(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::package_manager) enum Compression {
    None,
    Gzip,
    Xz,
    Zstd,
}

impl Compression {
    /// Reads what follows `control.tar` or `data.tar`; `None` for a kind that is not supported.
    pub(super) fn of_suffix(suffix: &str) -> Option<Self> {
        match suffix {
            "" => Some(Self::None),
            ".gz" => Some(Self::Gzip),
            ".xz" => Some(Self::Xz),
            ".zst" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Tells it by the first bytes; what is none of these is plain.
    pub(in crate::package_manager) fn of_begin(begin: &[u8]) -> Self {
        match begin {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    /// Returns the plain content of `source`; reading more than `limit` bytes of it is an error.
    pub(in crate::package_manager) fn decoder<'a>(
        self,
        source: impl Read + 'a,
        limit: u64,
    ) -> io::Result<Limited<'a>> {
        let buffered = BufReader::with_capacity(READ_AHEAD, source);
        let plain: Box<dyn Read + 'a> = match self {
            Self::None => Box::new(buffered),
            Self::Gzip => Box::new(MultiGzDecoder::new(buffered)),
            Self::Xz => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?;
                Box::new(XzDecoder::new_stream(buffered, stream))
            }
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(buffered)?;
                decoder.window_log_max(ZSTD_WINDOW)?;
                Box::new(decoder)
            }
        };
        Ok(Limited { plain, left: limit })
    }
}

/// A reader that refuses to give more than its limit.
pub(in crate::package_manager) struct Limited<'a> {
    plain: Box<dyn Read + 'a>,
    left: u64,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.plain.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, "it unpacks to more than the limit")
        })?;
        Ok(count)
    }
}
