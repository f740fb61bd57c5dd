//! The status lines of `gpgv --status-fd`, as doc/DETAILS of GnuPG describes them, read strictly: what is not known to be
//! harmless is refused.

use super::Signer;

/// Status lines that do not prove a good signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// No signature could be read.
    #[error("the signature file holds no signature")]
    NoSignature,
    /// The content was changed, or is that of another signature.
    #[error("the content is not what the key {key} signed")]
    Bad {
        /// Long identifier of the key.
        key: String,
    },
    /// The key has expired.
    #[error("the key {key} has expired")]
    ExpiredKey {
        /// Long identifier of the key.
        key: String,
    },
    /// The key was revoked.
    #[error("the key {key} was revoked")]
    RevokedKey {
        /// Long identifier of the key.
        key: String,
    },
    /// The signature has expired.
    #[error("the signature of the key {key} has expired")]
    ExpiredSignature {
        /// Long identifier of the key.
        key: String,
    },
    /// None of the keys made it.
    #[error("it is made by the key {key}, which is not among those configured")]
    UnknownKey {
        /// Long identifier of the key.
        key: String,
    },
    /// The signature cannot be checked for another reason.
    #[error("a signature of the key {key} cannot be checked")]
    Uncheckable {
        /// Long identifier of the key.
        key: String,
    },
    /// The digest can be forged.
    #[error("the key {key} signed with a digest that is too weak (number {digest} of RFC 4880, section 9.4)")]
    WeakDigest {
        /// Fingerprint of the key.
        key: String,
        /// The digest.
        digest: String,
    },
    /// It is a signature over something else than a document.
    #[error("it is no signature over a document, but of class {class}")]
    Class {
        /// The class, in hexadecimal digits.
        class: String,
    },
    /// Lines that nobody expects.
    #[error("the verifier answers {line:?}")]
    Unexpected {
        /// The line, shortened.
        line: String,
    },
}

/// SHA-256, SHA-384 and SHA-512 (RFC 4880, section 9.4), SHA3-256 and SHA3-512 (RFC 9580, section 9.5). Collisions of MD5
/// and SHA-1 are practical, and SHA-224 and RIPEMD-160 are too short for a feed that a stranger can add text to.
const STRONG: [&str; 5] = ["8", "9", "10", "12", "14"];
/// `ERRSIG`: the public key is missing (doc/DETAILS).
const NO_KEY: &str = "9";
/// Lines that say nothing about whether a signature is good.
const HARMLESS: [&str; 13] = [
    "NEWSIG",
    "KEY_CONSIDERED",
    "SIG_ID",
    "KEYEXPIRED",
    "SIGEXPIRED",
    "KEYREVOKED",
    "NO_PUBKEY",
    "NOTATION_NAME",
    "NOTATION_DATA",
    "NOTATION_FLAGS",
    "POLICY_URL",
    "PROGRESS",
    "VERIFICATION_COMPLIANCE_MODE",
];

/// Lines about the text of a message. Beside a detached signature they mean that the signature file is a message of its
/// own, and that nothing was said of the content.
const OF_TEXT: [&str; 2] = ["PLAINTEXT", "PLAINTEXT_LENGTH"];

/// Decides by the lines about a message that carries its signature inside, and by whether `gpgv` ended well.
///
/// # Errors
/// As [`judge`].
pub(super) fn judge_inside(lines: &[u8], ended_well: bool) -> Result<Signer, StatusError> {
    let text = String::from_utf8_lossy(lines);
    let is_of_text = |line: &&str| OF_TEXT.iter().any(|word| line.split(' ').nth(1) == Some(word));
    let others: Vec<&str> = text.lines().filter(|line| !is_of_text(line)).collect();
    judge(others.join("\n").as_bytes(), ended_well)
}

/// Decides by the lines about a detached signature, and by whether `gpgv` ended well.
///
/// # Errors
/// The first fault of a signature of one of the keys; where there is none, that no good one is there.
pub(super) fn judge(lines: &[u8], ended_well: bool) -> Result<Signer, StatusError> {
    let text = String::from_utf8_lossy(lines);
    let (mut good, mut unknown, mut is_announced) = (None, None, false);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let words = line.strip_prefix("[GNUPG:] ").ok_or_else(|| unexpected(line))?;
        let words: Vec<&str> = words.split(' ').collect();
        let word = |place: usize| words.get(place).copied().unwrap_or_default();
        let key = || word(1).to_owned();
        match word(0) {
            "GOODSIG" => is_announced = true,
            "VALIDSIG" if is_announced => {
                good.get_or_insert(valid(&words, line)?);
                is_announced = false;
            }
            "BADSIG" => return Err(StatusError::Bad { key: key() }),
            "EXPKEYSIG" => return Err(StatusError::ExpiredKey { key: key() }),
            "REVKEYSIG" => return Err(StatusError::RevokedKey { key: key() }),
            "EXPSIG" => return Err(StatusError::ExpiredSignature { key: key() }),
            // Vendors sign with the old and the new key while they change it.
            "ERRSIG" if word(6) == NO_KEY => drop(unknown.get_or_insert(key())),
            "ERRSIG" => return Err(StatusError::Uncheckable { key: key() }),
            "NODATA" | "FAILURE" if good.is_none() => return Err(StatusError::NoSignature),
            harmless if HARMLESS.contains(&harmless) => {}
            _ => return Err(unexpected(line)),
        }
    }
    match (good, unknown) {
        (Some(signer), unknown) if ended_well || unknown.is_some() => Ok(signer),
        (Some(_), _) => Err(unexpected("a good signature, and ends with an error")),
        (None, Some(key)) => Err(StatusError::UnknownKey { key }),
        (None, None) => Err(StatusError::NoSignature),
    }
}

/// Reads `VALIDSIG fingerprint day time expires version reserved public-key digest class primary-fingerprint`.
fn valid(words: &[&str], line: &str) -> Result<Signer, StatusError> {
    let &[_, fingerprint, .., digest, class, primary] = words else { return Err(unexpected(line)) };
    let is_fingerprint =
        |text: &str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if words.len() != 11 || !is_fingerprint(fingerprint) || !is_fingerprint(primary) {
        return Err(unexpected(line));
    }
    if !STRONG.contains(&digest) {
        return Err(StatusError::WeakDigest { key: fingerprint.to_owned(), digest: digest.to_owned() });
    }
    // Of a binary document or of a text (RFC 4880, section 5.2.1).
    if !matches!(class, "00" | "01") {
        return Err(StatusError::Class { class: class.to_owned() });
    }
    Ok(Signer { fingerprint: primary.to_ascii_uppercase() })
}

fn unexpected(line: &str) -> StatusError {
    StatusError::Unexpected { line: line.chars().take(80).collect() }
}
