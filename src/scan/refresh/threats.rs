//! What is known about attacks on the vulnerabilities that this release's advisories name: a small index joined from the
//! catalogues, which hold every vulnerability of the world.

use std::collections::BTreeSet;
use std::path::Path;

use super::compiled::{self, LARGEST_INDEX};
use crate::config::layout::Layout;
use crate::host::storage;
use crate::model::digest::Sha256;
use crate::model::distro::Distribution;
use crate::model::feed::{FeedRole, SourceSettings};
use crate::model::vulnerability::{CveId, Identifier};
use crate::scan::feed::cache::{FeedCache, StoredContent};
use crate::scan::index::{Index, Threat, ThreatIndex, build_threats};

/// The name of the joined index.
const JOINED: &str = "threats";

/// The advisories whose vulnerabilities are asked about.
pub struct ThreatsOf<'a> {
    /// The digest of each one's content.
    pub contents: Vec<Sha256>,
    /// Opens all of them, which is needed only where something changed.
    pub all: &'a dyn Fn() -> Vec<Index>,
}

/// Opens what is known about attacks, joined anew where a catalogue or the advisories changed. `None` when no catalogue
/// was ever fetched, or none can be read: findings are then ordered by what their vendor says alone.
pub fn load_threats(
    layout: &Layout,
    sources: &[SourceSettings],
    release: &Distribution,
    advisories: ThreatsOf<'_>,
) -> Option<ThreatIndex> {
    let catalogues: Vec<(&SourceSettings, StoredContent)> = sources
        .iter()
        .filter(|source| source.role == FeedRole::Threats)
        .filter_map(|source| Some((source, FeedCache::new(layout, &source.name).read().ok()?.content?)))
        .collect();
    if catalogues.is_empty() {
        return None;
    }
    let joined_from = joined_from(&catalogues, &advisories.contents);
    let path = layout.index(JOINED, &release.release_key());
    if let Some(index) = open(&path, joined_from) {
        return Some(index);
    }
    let opened: Vec<ThreatIndex> = catalogues
        .iter()
        .filter_map(|(source, content)| catalogue(layout, source, release, content))
        .collect();
    let bytes = build_threats(&joined(&opened, &(advisories.all)()), joined_from);
    // A cache that cannot be written costs time at the next scan, and nothing else.
    let _ = storage::replace(&path, &bytes, storage::PUBLIC);
    ThreatIndex::open(bytes).ok()
}

/// Digest of everything that the joined index is made from.
fn joined_from(catalogues: &[(&SourceSettings, StoredContent)], advisories: &[Sha256]) -> Sha256 {
    let catalogues = catalogues.iter().map(|(_, content)| content.sha256);
    let contents = catalogues.chain(advisories.iter().copied());
    let all: Vec<u8> = contents.flat_map(|digest| *digest.as_bytes()).collect();
    Sha256::of(&all)
}

/// Opens one catalogue, compiled again where its file is not that of the content.
fn catalogue(
    layout: &Layout,
    source: &SourceSettings,
    release: &Distribution,
    content: &StoredContent,
) -> Option<ThreatIndex> {
    let path = layout.index(&source.name, &release.release_key());
    let rebuilt = || ThreatIndex::open(compiled::rebuild(layout, source, release, content).ok()?.index).ok();
    open(&path, content.sha256).or_else(rebuilt)
}

/// Opens a file that was made from this content; any fault makes it absent, because it can be made again.
fn open(path: &Path, content: Sha256) -> Option<ThreatIndex> {
    let index = ThreatIndex::open(storage::read_at_most(path, LARGEST_INDEX).ok()?).ok()?;
    (index.content() == Some(content)).then_some(index)
}

/// Joins what the catalogues know about every vulnerability that the advisories name.
fn joined(catalogues: &[ThreatIndex], advisories: &[Index]) -> Vec<(CveId, Threat)> {
    let named = advisories.iter().flat_map(|index| index.statements()).flat_map(|row| row.vulnerabilities());
    let named: BTreeSet<CveId> = named
        .filter_map(|name| match name {
            Identifier::Cve(cve) => Some(cve),
            Identifier::Text(_) => None,
        })
        .collect();
    let of_all = |cve: CveId| {
        catalogues.iter().map(|known| known.lookup(cve)).fold(Threat::default(), |all, one| Threat {
            epss: all.epss.or(one.epss),
            exploited: all.exploited.or(one.exploited),
        })
    };
    named
        .into_iter()
        .map(|cve| (cve, of_all(cve)))
        .filter(|(_, threat)| *threat != Threat::default())
        .collect()
}
