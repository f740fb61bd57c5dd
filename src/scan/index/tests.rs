//! What is written comes back, and damage is found.

use chrono::DateTime;
use proptest::prelude::*;

use super::format::{COVERED, HEADER, NAME, ROW, checksum, header, name, number_at};
use super::*;
use crate::model::advisory::{Advisory, Affected, Scope, Subject, VendorState, VersionRange};
use crate::model::digest::Sha256;
use crate::model::distro::Distribution;
use crate::model::severity::Severity;
use crate::model::version::VersionScheme;
use crate::scan::feed::AdvisoryFeed;
use crate::scan::feed::debian_tracker::DebianTracker;

const EXCERPT: &str = include_str!("../../../tests/fixtures/debian-tracker/native-excerpt-c.json");

fn provenance() -> Provenance {
    Provenance {
        content: Sha256::of(EXCERPT.as_bytes()),
        published: DateTime::from_timestamp(1_700_000_000, 0),
        scheme: VersionScheme::Deb,
    }
}

fn bullseye() -> Distribution {
    Distribution::new("debian", "11", "bullseye")
}

fn rows() -> Vec<Advisory<'static>> {
    DebianTracker.parse(EXCERPT.as_bytes(), &bullseye()).expect("whole").advisories
}

/// Advisories that use every field of the format.
fn rich() -> Vec<Advisory<'static>> {
    let affected = Affected {
        subject: Subject::Binary,
        name: "nodejs".into(),
        state: VendorState::NeedsEntitlement,
        range: VersionRange {
            introduced: Some("1:16".into()),
            fixed: Some("1:18.2-1".into()),
            last_affected: Some("1:18.1-9".into()),
        },
        scope: Scope {
            architecture: Some("x86_64".into()),
            module: Some("nodejs:18".into()),
            channel: Some("AppStream-9.2.0.Z.EUS".into()),
        },
        note: Some("subscribers only".into()),
    };
    let other = Affected { name: "npm".into(), ..affected.clone() };
    let named = Advisory {
        id: "RHSA-2024:1234".into(),
        vulnerabilities: vec!["CVE-2024-1000".into(), "XSA-204".into()],
        severity: Severity::High,
        cvss_tenths: Some(98),
        published: DateTime::from_timestamp(1_700_000_123, 0),
        affected: vec![affected, other],
    };
    let prefix = Advisory {
        id: "security-support-ended".into(),
        vulnerabilities: Vec::new(),
        affected: vec![Affected {
            subject: Subject::SourcePrefix,
            ..Affected::source("php-horde", VendorState::EndOfLife)
        }],
        cvss_tenths: None,
        published: None,
        ..named.clone()
    };
    vec![named, prefix]
}

fn compiled() -> Vec<u8> {
    build(&[rows(), rich()].concat(), provenance()).expect("small")
}

#[test]
fn statements_come_back_as_they_were() {
    let index = Index::open(&build(&rows(), provenance()).expect("small")).expect("sound");
    assert_eq!((index.provenance(), index.len()), (provenance(), rows().len()));
    let found: Vec<_> = index.lookup(Subject::Source, "389-ds-base").collect();
    let ids: Vec<_> = found.iter().map(|row| row.id().to_string()).collect();
    assert_eq!(ids, ["CVE-2012-0833", "CVE-2016-5405", "CVE-2016-5416"]);
    assert_eq!((found[1].state(), found[1].fixed()), (VendorState::Fixed, Some("1.3.5.15-1")));
    assert_eq!((found[2].state(), found[2].note()), (VendorState::Ignored, Some("Minor issue")));
    let own: Vec<_> = found[0].vulnerabilities().map(|name| name.to_string()).collect();
    assert_eq!(own, ["CVE-2012-0833"]);
    let unnamed =
        index.statements().find(|row| row.id().to_string().starts_with("TEMP")).expect("in the excerpt");
    assert_eq!(unnamed.vulnerabilities().count(), 0);
    assert_eq!(index.lookup(Subject::Source, "absent").count(), 0);
    assert_eq!(index.lookup(Subject::Binary, "389-ds-base").count(), 0);
    assert!(index.speaks_of(Subject::Source) && !index.speaks_of(Subject::Binary));
}

#[test]
fn every_field_of_a_rich_statement_comes_back() {
    let index = Index::open(&compiled()).expect("sound");
    let row = index.lookup(Subject::Binary, "npm").next().expect("stored");
    let names: Vec<_> = row.vulnerabilities().map(|name| name.to_string()).collect();
    assert_eq!(
        (row.id().to_string().as_str(), names),
        ("RHSA-2024:1234", vec!["CVE-2024-1000".into(), "XSA-204".into()])
    );
    assert_eq!(
        (row.state(), row.severity(), row.cvss()),
        (VendorState::NeedsEntitlement, Severity::High, Some(9.8))
    );
    assert_eq!(
        (row.introduced(), row.fixed(), row.last_affected()),
        (Some("1:16"), Some("1:18.2-1"), Some("1:18.1-9"))
    );
    assert_eq!((row.architecture(), row.module()), (Some("x86_64"), Some("nodejs:18")));
    assert_eq!((row.channel(), row.note()), (Some("AppStream-9.2.0.Z.EUS"), Some("subscribers only")));
    assert_eq!(row.published(), DateTime::from_timestamp(1_700_000_123, 0));
    let ended: Vec<_> = index.lookup_prefixes("php-horde-text-filter").collect();
    assert_eq!((ended.len(), ended[0].state()), (1, VendorState::EndOfLife));
    assert_eq!(index.lookup_prefixes("php").count(), 0);
}

#[test]
fn an_index_without_statements_is_sound() {
    let index = Index::open(&build(&[], provenance()).expect("small")).expect("sound");
    assert!(index.is_empty() && index.lookup(Subject::Source, "a").next().is_none());
}

#[test]
fn every_flipped_bit_and_every_cut_is_detected() {
    let file = compiled();
    for at in 0..file.len() {
        let mut flipped = file.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(Index::open(&flipped).is_err(), "byte {at}");
        assert!(Index::open(&file[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn of_names_that_are_not_wanted_no_row_is_read() {
    let file = compiled();
    let whole = Index::open(&file).expect("sound");
    let names = ["apt".into(), "npm".into(), "zsh".into()];
    let wanted = Wanted::Names(&names);
    let narrow = Index::open_for(file.as_slice(), wanted).expect("sound");
    let told = |index: &Index| -> Vec<String> {
        index.lookup(Subject::Binary, "npm").map(|row| format!("{row:?}")).collect()
    };
    let always = whole.lookup_prefixes("php-horde-text-filter").count();
    assert_eq!((told(&narrow), narrow.len()), (told(&whole), 1 + always));
    assert!(narrow.lookup(Subject::Binary, "nodejs").next().is_none() && !narrow.speaks_of(Subject::Source));
    let unnoticed: Vec<usize> = (0..file.len())
        .filter(|at| {
            let mut flipped = file.clone();
            flipped[*at] ^= 1;
            Index::open_for(flipped.as_slice(), wanted).is_ok()
        })
        .collect();
    assert_eq!(unnoticed.len(), (whole.len() - narrow.len()) * ROW, "only bytes of rows that nobody reads");
    assert!(unnoticed.iter().all(|at| *at >= file.len() - whole.len() * ROW));
}

/// Makes every checksum right again, of each name's rows and of what comes before the rows; `sound` tells where they are.
fn make_right(file: &mut [u8], sound: &[u8]) {
    let at = |bytes: &[u8], at: usize| number_at(bytes, at).expect("within") as usize;
    let rows = sound.len() - at(sound, header::COUNTS + 5 * 4) * ROW;
    for entry in (HEADER..HEADER + at(sound, header::COUNTS) * NAME).step_by(NAME) {
        let start = rows + at(file, entry + name::FIRST_ROW) * ROW;
        if let Some(of_name) = file.get(start..start + at(file, entry + name::ROWS) * ROW) {
            let right = checksum(of_name).to_le_bytes();
            file[entry + name::CHECKSUM..][..4].copy_from_slice(&right);
        }
    }
    let right = checksum(&file[COVERED..rows]).to_le_bytes();
    file[header::CHECKSUM..COVERED].copy_from_slice(&right);
}

proptest! {
    /// The checksum would hide these faults: it is made right again after the damage.
    #[test]
    fn damage_with_a_right_checksum_never_panics(damage in proptest::collection::vec((COVERED..2000, any::<u8>()), 1..6)) {
        let sound = compiled();
        let mut file = sound.clone();
        for (at, byte) in damage {
            let length = file.len();
            file[COVERED + at % (length - COVERED)] = byte;
        }
        make_right(&mut file, &sound);
        if let Ok(index) = Index::open(&file) {
            for row in index.statements() {
                prop_assert!(!row.id().to_string().is_empty());
                let _ = (row.vulnerabilities().count(), row.introduced(), row.fixed(), row.note(), row.channel());
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Index::open(&bytes);
    }
}
