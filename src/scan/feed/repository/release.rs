//! Release files: who offers a suite, of which date, and until when it is good (repository format of Debian's wiki).
//!
//! apt verified the signature when it fetched the file; nothing unverified stays in its lists folder.

use chrono::{DateTime, Utc};

/// The fields of a release file that are used; text that is missing there is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) origin: String,
    pub(super) label: String,
    pub(super) suite: String,
    pub(super) codename: String,
    /// When the vendor made it.
    pub(super) date: Option<DateTime<Utc>>,
    /// When it stops being good; absent where the vendor promises nothing.
    pub(super) valid_until: Option<DateTime<Utc>>,
}

const MESSAGE: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";

/// Reads a `Release` or the signed part of an `InRelease`. The error is a line and what is wrong with it.
pub(super) fn parse(bytes: &[u8]) -> Result<Release, (usize, &'static str)> {
    let text = String::from_utf8_lossy(bytes);
    let mut release = Release::default();
    let mut in_headers = text.starts_with(MESSAGE);
    let mut has_end = !in_headers;
    for (at, line) in text.lines().enumerate() {
        if in_headers {
            in_headers = !line.trim().is_empty();
            continue;
        }
        if line == SIGNATURE {
            has_end = true;
            break;
        }
        let line = line.strip_prefix("- ").unwrap_or(line);
        if line.starts_with(' ') || line.trim().is_empty() {
            continue;
        }
        let (name, value) = line.split_once(':').ok_or((at + 1, "the line is no field"))?;
        release.set(name, value.trim()).map_err(|reason| (at + 1, reason))?;
    }
    if !has_end {
        return Err((text.lines().count(), "the signature is missing: the file was cut off"));
    }
    Ok(release)
}

impl Release {
    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "Origin" => self.origin = value.to_owned(),
            "Label" => self.label = value.to_owned(),
            "Suite" => self.suite = value.to_owned(),
            "Codename" => self.codename = value.to_owned(),
            "Date" => self.date = Some(parse_date(value).ok_or("Date is not a date")?),
            "Valid-Until" => {
                self.valid_until = Some(parse_date(value).ok_or("Valid-Until is not a date")?);
            }
            _ => {}
        }
        Ok(())
    }

    /// Tells whether this is the distribution's own security pocket.
    ///
    /// Debian renames its suite with each release (`oldstable-security`) but not label and codename; Ubuntu's codename
    /// is the same for all pockets, so there the suite tells.
    pub(super) fn is_security(&self) -> bool {
        match self.origin.as_str() {
            "Debian" => self.label == "Debian-Security" || self.codename.ends_with("-security"),
            "Ubuntu" | "UbuntuESM" | "UbuntuESMApps" => {
                self.suite.ends_with("-security") || self.codename.ends_with("-security")
            }
            _ => false,
        }
    }

    /// Returns the name of the pocket that does not change with time: `bookworm-security`, `jammy-updates`.
    pub(super) fn pocket(&self) -> &str {
        let codename_tells_less = !self.codename.is_empty() && self.suite.starts_with(&self.codename);
        if self.codename.is_empty() || codename_tells_less { &self.suite } else { &self.codename }
    }
}

/// `Fri, 20 Nov 2026 00:12:41 UTC`: RFC 2822 (some vendors write `+0000`).
fn parse_date(text: &str) -> Option<DateTime<Utc>> {
    let zoneless = text.strip_suffix("UTC").or_else(|| text.strip_suffix('Z'));
    let text = zoneless.map_or_else(|| text.to_owned(), |date| format!("{} +0000", date.trim_end()));
    DateTime::parse_from_rfc2822(&text).ok().map(|date| date.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECURITY: &str = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Debian\n\
        Label: Debian-Security\nSuite: oldstable-security\nCodename: bookworm-security\n\
        Date: Fri, 20 Nov 2026 00:12:41 UTC\nValid-Until: Fri, 27 Nov 2026 00:12:41 UTC\nSHA256:\n \
        e3b0 0 main/x\n-----BEGIN PGP SIGNATURE-----\n\nOrigin: Mallory\n";

    #[test]
    fn only_the_signed_part_counts() {
        let release = parse(SECURITY.as_bytes()).expect("well formed");
        assert_eq!(release.origin, "Debian");
        assert!(release.is_security());
        assert_eq!(release.pocket(), "bookworm-security");
        assert_eq!(release.valid_until.map(|t| t.to_rfc3339()), Some("2026-11-27T00:12:41+00:00".into()));
    }

    #[test]
    fn file_without_its_signature_was_cut_off() {
        let cut = SECURITY.split(SIGNATURE).next().expect("there is one").to_owned();
        assert!(parse(cut.as_bytes()).is_err());
        assert!(parse(b"Origin: Debian\n").is_ok());
        assert_eq!(parse(b"Origin: x\nDate: yesterday\n"), Err((2, "Date is not a date")));
    }

    #[test]
    fn ubuntu_tells_its_pocket_in_the_suite() {
        let text = "Origin: Ubuntu\nLabel: Ubuntu\nSuite: jammy-security\nCodename: jammy\nDate: Thu, 2 Jul 2026 01:02:03 +0000\n";
        let release = parse(text.as_bytes()).expect("well formed");
        assert!(release.is_security() && release.date.is_some());
        assert_eq!(release.pocket(), "jammy-security");
        let vendor = Release { origin: "Vendor".into(), suite: "x-security".into(), ..Release::default() };
        assert!(!vendor.is_security());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = parse(&bytes);
        }
    }
}
