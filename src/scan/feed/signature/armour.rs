//! Key files in their text form become binary ones: `gpgv` reads only those (measured with 2.2.40).

/// Largest key file that is read; a keyring of a distribution has some 60 kilobytes.
pub(super) const LARGEST: u64 = 1024 * 1024;
const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// Returns the keys of a file as packets, one block after the other.
///
/// # Errors
/// What is wrong with the file, in a few words.
pub(super) fn packets(file: &[u8]) -> Result<Vec<u8>, &'static str> {
    let keys = match std::str::from_utf8(file) {
        Ok(text) if text.contains("-----BEGIN PGP") => blocks(text)?,
        _ => file.to_vec(),
    };
    match keys.first() {
        None => Err("it is empty"),
        // A public key packet comes first, tag 6 in the old or the new form (RFC 4880, sections 4.2 and 10.1).
        Some(0x98 | 0x99 | 0x9a | 0xc6) => Ok(keys),
        Some(_) => Err("it does not begin with one"),
    }
}

fn blocks(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut keys = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        if line.starts_with("-----BEGIN PGP") && line != BEGIN {
            return Err("a block in it is something else, such as a private key");
        }
        if line == BEGIN {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != END).collect();
            keys.extend(block_of(&block)?);
        }
    }
    Ok(keys)
}

/// Reads the lines of one block: headers, an empty line, base64, and a checksum (RFC 4880, section 6.2).
fn block_of(lines: &[&str]) -> Result<Vec<u8>, &'static str> {
    let begin = lines.iter().position(|line| line.is_empty()).ok_or("its text form is damaged")?;
    let body = &lines[begin + 1..];
    let is_checksum = |line: &&&str| line.starts_with('=') && line.len() == 5;
    let checksum = body.last().filter(is_checksum);
    let body = &body[..body.len() - usize::from(checksum.is_some())];
    let bytes = base64(&body.concat()).ok_or("its text form is damaged")?;
    let expected = checksum.map(|line| base64(&line[1..]).ok_or("its text form is damaged")).transpose()?;
    match expected {
        Some(expected) if expected != crc24(&bytes).to_be_bytes()[1..] => Err("its checksum is wrong"),
        _ => Ok(bytes),
    }
}

/// RFC 4648, section 4.
fn base64(text: &str) -> Option<Vec<u8>> {
    let plain = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - plain.len() > 2 {
        return None;
    }
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(plain.len() * 3 / 4), 0u32, 0);
    for byte in plain.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

/// RFC 4880, section 6.1.
fn crc24(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 0x80_0000 == 0 { crc << 1 } else { (crc << 1) ^ 0x86_4cfb };
    bytes.iter().fold(0xb7_04ce, |crc, byte| (0..8).fold(crc ^ (u32::from(*byte) << 16), step)) & 0xff_ffff
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_and_checksum_are_those_of_the_standards() {
        // RFC 4648, section 10.
        assert_eq!(base64("Zm9vYmE=").as_deref(), Some(&b"fooba"[..]));
        assert_eq!(base64("Zm9vYmFy").as_deref(), Some(&b"foobar"[..]));
        assert_eq!(base64("Zm9v YmE"), None);
        // The check value of CRC-24/OPENPGP in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc24(b"123456789"), 0x21_cf02);
    }

    #[test]
    fn what_is_no_key_is_told() {
        assert_eq!(packets(b""), Err("it is empty"));
        assert_eq!(packets(b"ssh-ed25519 AAAA"), Err("it does not begin with one"));
        let private = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n";
        assert!(packets(private.as_bytes()).is_err_and(|reason| reason.contains("private key")));
        let damaged = format!("{BEGIN}\n\nmQ==\n=AAAA\n{END}\n");
        assert_eq!(packets(damaged.as_bytes()), Err("its checksum is wrong"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = packets(&bytes);
            let _ = packets(&[BEGIN.as_bytes(), b"\n\n", &bytes].concat());
        }
    }
}
