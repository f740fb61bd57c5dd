//! What rpmkeys says of the signatures of archives (rpmkeys(8), `-K -v`): a line with the file, and below it, further in, one
//! for each thing that was checked.

use std::path::Path;

/// Picks what was checked of one archive from an answer about several; nothing where the answer does not name it.
pub(super) fn checks_of<'a>(said: &'a str, archive: &Path) -> Vec<&'a str> {
    let head = format!("{}:", archive.display());
    let lines = said.lines().skip_while(|line| **line != head).skip(1);
    lines.take_while(|line| line.starts_with(' ')).map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// Tells whether among these checks there is a good signature, and nothing that is bad:
/// `    Header V4 EdDSA/SHA512 Signature, key ID 1234abcd: OK`; rpm 6 writes `Header OpenPGP V4 RSA/SHA512 signature, key
/// fingerprint: …: OK`.
pub(super) fn is_good(checks: &[&str]) -> bool {
    let names_key =
        |line: &&str| line.contains(" Signature, key ID ") || line.contains(" signature, key fingerprint: ");
    checks.iter().any(names_key) && checks.iter().all(|line| line.ends_with(": OK"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str =
        "/a/a.rpm:\n    Header V4 EdDSA/SHA512 Signature, key ID 12ab: OK\n    Header SHA256 digest: OK\n";

    fn is_signed(said: &str) -> bool {
        is_good(&checks_of(said, Path::new("/a/a.rpm")))
    }

    #[test]
    fn only_a_good_signature_counts() {
        assert!(is_signed(SIGNED));
        assert!(!is_signed("/a/a.rpm:\n    Header SHA256 digest: OK\n    MD5 digest: OK\n"), "there is none");
        assert!(!is_signed(&SIGNED.replace("12ab: OK", "12ab: NOKEY")));
        let of_six = "/a/a.rpm:\n    Header OpenPGP V4 RSA/SHA512 signature, key fingerprint: 12ab: OK\n    Header SHA256 digest: OK\n";
        assert!(is_signed(of_six) && !is_signed(&of_six.replace("12ab: OK", "12ab: NOKEY")));
        assert!(!is_signed(&SIGNED.replace("digest: OK", "digest: BAD (Expected 1 != 2)")));
        assert!(!is_signed("") && !is_signed("/a/a.rpm:\n"));
    }

    #[test]
    fn each_archive_is_judged_by_its_own_checks() {
        let unsigned = "/a/b.rpm:\n    Header SHA256 digest: OK\n";
        for said in [format!("{SIGNED}{unsigned}"), format!("{unsigned}{SIGNED}")] {
            assert!(is_signed(&said), "{said}");
            assert!(!is_good(&checks_of(&said, Path::new("/a/b.rpm"))), "{said}");
            assert!(!is_good(&checks_of(&said, Path::new("/a/c.rpm"))), "nothing was said of it");
        }
    }
}
