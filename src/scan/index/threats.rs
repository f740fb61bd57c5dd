//! What is known about attacks on vulnerabilities (KEV and EPSS), compiled for those that the advisories of this host's
//! release name. It orders findings and decides none.
//!
//! ```text
//! header   48 bytes   magic, version, checksum of all that follows it, digest of what it was built from
//! entries  20 bytes   CVE as number, EPSS in millionths, days added and due in KEV, marks; sorted by CVE
//! ```

use chrono::{Datelike, NaiveDate};

use super::format::{IndexError, checksum, long_at, number_at, short_at};
use crate::model::digest::Sha256;
use crate::model::vulnerability::CveId;

const MAGIC: [u8; 8] = *b"PATCHTHR";
const VERSION: u32 = 1;
const HEADER: usize = 48;
/// Where the part begins that the checksum covers.
const COVERED: usize = 16;
const ENTRY: usize = 20;
/// EPSS gives no score.
const NO_SCORE: u32 = u32::MAX;
/// EPSS scores are kept in millionths; the published ones have five digits.
const MILLION: f64 = 1e6;
/// The mark of vulnerabilities that ransomware is known to use.
const RANSOMWARE: u8 = 1;
/// Days are counted from the first of January 2000, as the calendar counts them from year 1; KEV began in 2021.
const EPOCH_DAY: i32 = 730_120;

/// What is known about attacks on one vulnerability.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Threat {
    /// EPSS: probability of an attack within 30 days, 0 to 1.
    pub epss: Option<f64>,
    /// KEV: it is exploited in the wild.
    pub exploited: Option<Exploited>,
}

/// An entry of the catalogue of known exploited vulnerabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exploited {
    /// When it was added.
    pub added: NaiveDate,
    /// By when United States agencies have to mend it.
    pub due: NaiveDate,
    /// Ransomware is known to use it.
    pub ransomware: bool,
}

/// Compiled threats.
#[derive(Clone, Debug, Default)]
pub struct ThreatIndex {
    entries: Vec<u8>,
    content: Option<Sha256>,
}

impl ThreatIndex {
    /// Opens compiled bytes.
    ///
    /// # Errors
    /// They are damaged or of another version; they can be compiled again.
    pub fn open(mut bytes: Vec<u8>) -> Result<Self, IndexError> {
        if bytes.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
            return Err(IndexError::NotAnIndex);
        }
        let version = number_at(&bytes, 8).unwrap_or(0);
        if version != VERSION {
            return Err(IndexError::OtherVersion { found: version });
        }
        let stated = number_at(&bytes, 12);
        if bytes.len() < HEADER || stated != Some(checksum(&bytes[COVERED..])) {
            return Err(IndexError::Damaged { what: "its checksum does not match" });
        }
        let content =
            bytes.get(COVERED..).and_then(|part| part.first_chunk()).copied().map(Sha256::from_bytes);
        let entries = bytes.split_off(HEADER);
        if !entries.len().is_multiple_of(ENTRY) {
            return Err(IndexError::Damaged { what: "an entry is cut" });
        }
        Ok(Self { entries, content })
    }

    /// Returns the digest of what it was built from; none for an empty one that was never built.
    pub fn content(&self) -> Option<Sha256> {
        self.content
    }

    /// Returns how many vulnerabilities it knows something about.
    pub fn len(&self) -> usize {
        self.entries.len() / ENTRY
    }

    /// Tells whether it knows nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns what is known about a vulnerability.
    pub fn lookup(&self, cve: CveId) -> Threat {
        let (mut low, mut high) = (0, self.entries.len() / ENTRY);
        while low < high {
            let middle = low + (high - low) / 2;
            match long_at(&self.entries, middle * ENTRY) {
                Some(bits) if bits < cve.to_bits() => low = middle + 1,
                _ => high = middle,
            }
        }
        self.entry(low, cve).unwrap_or_default()
    }

    fn entry(&self, at: usize, cve: CveId) -> Option<Threat> {
        let entry: &[u8; ENTRY] = self.entries.get(at * ENTRY..)?.first_chunk()?;
        if long_at(entry, 0)? != cve.to_bits() {
            return None;
        }
        let score = number_at(entry, 8).filter(|score| *score != NO_SCORE);
        let date = |at| NaiveDate::from_num_days_from_ce_opt(EPOCH_DAY + i32::from(short_at(entry, at)?));
        let exploited = match short_at(entry, 12)? {
            0 => None,
            _ => {
                Some(Exploited { added: date(12)?, due: date(14)?, ransomware: entry[16] & RANSOMWARE != 0 })
            }
        };
        Some(Threat { epss: score.map(|score| f64::from(score) / MILLION), exploited })
    }
}

/// Compiles threats; `known` is sorted by vulnerability, each once, and `content` is the digest of where it comes from.
pub fn build_threats(known: &[(CveId, Threat)], content: Sha256) -> Vec<u8> {
    let mut body = Vec::with_capacity(HEADER - COVERED + known.len() * ENTRY);
    body.extend_from_slice(content.as_bytes());
    for (cve, threat) in known {
        let score = threat.epss.map_or(NO_SCORE, |score| (score * MILLION).round() as u32);
        body.extend_from_slice(&cve.to_bits().to_le_bytes());
        body.extend_from_slice(&score.to_le_bytes());
        let (added, due, mark) =
            threat.exploited.map_or((0, 0, 0), |e| (days(e.added), days(e.due), u8::from(e.ransomware)));
        body.extend_from_slice(&added.to_le_bytes());
        body.extend_from_slice(&due.to_le_bytes());
        body.extend_from_slice(&[mark * RANSOMWARE, 0, 0, 0]);
    }
    let head = [MAGIC.as_slice(), &VERSION.to_le_bytes(), &checksum(&body).to_le_bytes()].concat();
    [head, body].concat()
}

/// Days since the epoch, at least 1: 0 stands for no entry.
fn days(date: NaiveDate) -> u16 {
    u16::try_from(date.num_days_from_ce() - EPOCH_DAY).unwrap_or(u16::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cve(text: &str) -> CveId {
        CveId::parse(text).expect("a CVE")
    }

    #[test]
    fn threats_come_back_and_unknown_ones_are_none() {
        let exploited = Exploited {
            added: "2024-05-01".parse().expect("a date"),
            due: "2024-05-22".parse().expect("a date"),
            ransomware: true,
        };
        let known = [
            (cve("CVE-2021-44228"), Threat { epss: Some(0.94358), exploited: Some(exploited) }),
            (cve("CVE-2024-0001"), Threat { epss: Some(0.00042), exploited: None }),
            (
                cve("CVE-2024-3094"),
                Threat { epss: None, exploited: Some(Exploited { ransomware: false, ..exploited }) },
            ),
        ];
        let bytes = build_threats(&known, Sha256::of(b"content"));
        let index = ThreatIndex::open(bytes.clone()).expect("sound");
        assert_eq!((index.content(), index.len()), (Some(Sha256::of(b"content")), 3));
        for (id, threat) in known {
            assert_eq!(index.lookup(id), threat);
        }
        assert_eq!(index.lookup(cve("CVE-2024-0002")), Threat::default());
        assert_eq!(ThreatIndex::default().lookup(cve("CVE-2024-0001")), Threat::default());
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(ThreatIndex::open(flipped).is_err(), "byte {at}");
            assert!(ThreatIndex::open(bytes[..at].to_vec()).is_err(), "cut at {at}");
        }
    }
}
