//! Refresh, trust, cache and index together, over files of a scratch folder.

mod bundle;
mod folder;
mod large;
mod meeting;
mod signed;

use std::path::{Path, PathBuf};

use super::*;
use crate::host::storage;
use crate::model::digest::Sha256;
use crate::model::feed::{Authenticity, FeedState};
use crate::model::kernel::Kernels;
use crate::model::package::{InstalledPackage, PackageState, SourcePackage};
use crate::model::version::Version;

const EXCERPT: &str = include_str!("../../../../tests/fixtures/debian-tracker/native-excerpt-c.json");
const NAME: &str = "debian-tracker";
const DEFAULT: &str = "https://tracker.example/json";

/// A cache and a feed file below a scratch folder, removed at the end.
struct Bench {
    folder: PathBuf,
    layout: Layout,
    distribution: Distribution,
    inventory: Inventory,
    source: SourceSettings,
    now: DateTime<Utc>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = storage::remove_folder(&self.folder);
    }
}

impl Bench {
    #[allow(clippy::disallowed_methods, reason = "a scratch folder of the tests")]
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchctl-refresh-{}-{name}", std::process::id()));
        let _ = storage::remove_folder(&folder);
        storage::create_folder(&folder, 0o700).expect("writable");
        let homes = Some(folder.clone());
        let environment =
            Environment { cache_home: homes.clone(), state_home: homes, ..Environment::default() };
        let distribution = Distribution::new("debian", "11", "bullseye");
        let mut source = default_sources(&distribution, Duration::from_secs(7 * 86_400)).remove(0);
        source.location = folder.join("feed.json").to_string_lossy().into_owned();
        let layout = Layout::user(Path::new("/"), &environment).expect("it has homes");
        // The file's date is the moment the test runs, and so is the clock's.
        let now = Clock::system().now();
        let inventory = inventory(&distribution);
        let bench = Self { folder, layout, distribution, inventory, source, now };
        bench.offer(EXCERPT);
        bench
    }

    fn offer(&self, text: &str) {
        storage::replace(Path::new(&self.source.location), text.as_bytes(), storage::PUBLIC)
            .expect("writable");
    }

    /// The same bench, so many minutes later.
    fn moved_on(&mut self, minutes: i64) -> &Self {
        self.now += TimeDelta::minutes(minutes);
        self
    }

    fn withdraw(&self) {
        storage::remove_file(Path::new(&self.source.location)).expect("removable");
    }

    fn ask<T>(&self, mode: RefreshMode, accept: &[String], act: impl FnOnce(&RefreshRequest<'_>) -> T) -> T {
        act(&RefreshRequest {
            layout: &self.layout,
            clock: &Clock::fixed(self.now),
            environment: &Environment::default(),
            distribution: &self.distribution,
            inventory: &self.inventory,
            sources: std::slice::from_ref(&self.source),
            mode,
            every: Duration::from_secs(6 * 3600),
            patience: Duration::from_secs(5),
            accept_older: accept,
        })
    }

    fn refresh(&self, mode: RefreshMode) -> FeedStamp {
        self.ask(mode, &[], |request| refresh(*request)).remove(0)
    }

    fn rows(&self) -> usize {
        let index = load_index(&self.layout, &self.source, &self.distribution).expect("readable");
        index.expect("something was fetched").len()
    }

    fn index_path(&self) -> PathBuf {
        self.layout.index(NAME, &self.distribution.release_key())
    }
}

/// A host with one package, curl 7.74.0-1.
fn inventory(distribution: &Distribution) -> Inventory {
    let version = Version::deb("7.74.0-1").expect("a version");
    let curl = InstalledPackage {
        name: "curl".into(),
        architecture: "amd64".into(),
        version: version.clone(),
        source: SourcePackage { name: "curl".into(), version },
        state: PackageState::Installed,
        reinstall_required: false,
        hold: false,
        essential: false,
        multi_arch_same: false,
        installed_size_kib: 1,
        provenance: None,
    };
    Inventory {
        distribution: distribution.clone(),
        packages: vec![curl],
        enabled_modules: Vec::new(),
        kernels: Kernels::default(),
        digest: Sha256::of(b""),
    }
}

/// A tracker that states the same of so many vulnerabilities of curl.
fn statements(count: usize, state: &str) -> String {
    let one =
        |number: usize| format!(r#""CVE-2026-{number:05}": {{"releases": {{"bullseye": {{{state}}}}}}}"#);
    format!(r#"{{"curl": {{{}}}}}"#, (10_000..10_000 + count).map(one).collect::<Vec<_>>().join(","))
}

const FIXED: &str = r#""status": "resolved", "fixed_version": "7.70.0-1""#;
const OPEN: &str = r#""status": "open""#;

#[test]
fn content_that_turns_everything_upside_down_is_suspect_until_it_is_believed_by_name() {
    for (calm, words) in [
        (statements(1000, OPEN), "has 1000 statements where the content in use has 400: more than 50 % more"),
        (statements(400, FIXED), "leaves 0 holes open on this host where the content in use has 400"),
    ] {
        let bench = Bench::new(&words[..5]);
        bench.offer(&statements(400, OPEN));
        assert_eq!(bench.refresh(RefreshMode::Now).problem, None);
        bench.offer(&calm);
        let stamp = bench.refresh(RefreshMode::Now);
        assert_eq!((stamp.state, stamp.advisories), (FeedState::Suspect, 400));
        let problem = stamp.problem.unwrap_or_default();
        assert!(problem.contains(words) && problem.contains("--accept-older debian-tracker"), "{problem}");
        let believed = bench.ask(RefreshMode::Now, &[NAME.into()], |request| refresh(*request)).remove(0);
        assert_eq!((believed.state, believed.problem), (FeedState::Fresh, None));
    }
}

#[test]
fn a_busy_week_is_not_suspect() {
    let bench = Bench::new("busy");
    for count in [40, 120, 200] {
        bench.offer(&statements(count, OPEN));
        assert_eq!(bench.refresh(RefreshMode::Now).problem, None, "{count}");
    }
}

#[test]
fn a_first_refresh_leaves_content_record_and_index() {
    let bench = Bench::new("first");
    let stamp = bench.refresh(RefreshMode::WhenDue);
    assert_eq!((stamp.state, stamp.advisories, stamp.problem), (FeedState::Fresh, 4, None));
    assert_eq!(stamp.authenticity, Some(Authenticity::Local));
    assert_eq!(stamp.sha256, Some(Sha256::of(EXCERPT.as_bytes())));
    assert_eq!(bench.rows(), 4);
    let checks = bench.ask(RefreshMode::Never, &[], verify);
    assert!(matches!(checks[0].result, Ok(Some(4))));
}

#[test]
fn nothing_is_asked_before_it_is_due() {
    let mut bench = Bench::new("due");
    assert_eq!(bench.refresh(RefreshMode::Never).state, FeedState::Missing);
    bench.refresh(RefreshMode::WhenDue);
    bench.offer("<html>");
    bench.now += TimeDelta::hours(5);
    assert_eq!(bench.refresh(RefreshMode::WhenDue).problem, None);
    bench.now += TimeDelta::hours(2);
    assert!(bench.refresh(RefreshMode::WhenDue).problem.is_some());
}

#[test]
fn a_failure_is_remembered_and_not_repeated_at_once() {
    let mut bench = Bench::new("failure");
    bench.withdraw();
    let stamp = bench.refresh(RefreshMode::WhenDue);
    assert_eq!((stamp.state, stamp.problem.as_deref()), (FeedState::Missing, Some("no such file")));
    bench.offer(EXCERPT);
    bench.now += TimeDelta::minutes(14);
    assert_eq!(bench.refresh(RefreshMode::WhenDue).state, FeedState::Missing);
    assert_eq!(bench.moved_on(2).refresh(RefreshMode::WhenDue).state, FeedState::Fresh);
}

#[test]
fn refused_content_is_suspect_and_the_last_good_one_stays() {
    let bench = Bench::new("refused");
    bench.refresh(RefreshMode::Now);
    let shrunk = r#"{"wordpress": {"CVE-2024-0001": {"releases": {"bullseye": {"status": "open"}}}}}"#;
    for (content, word) in
        [("", "empty"), ("<html>", "web page"), (&EXCERPT[..700], "line"), (shrunk, "vanished")]
    {
        bench.offer(content);
        let stamp = bench.refresh(RefreshMode::Now);
        assert_eq!((stamp.state, stamp.advisories), (FeedState::Suspect, 4), "{word}");
        assert!(stamp.problem.as_deref().is_some_and(|text| text.contains(word)), "{:?}", stamp.problem);
        assert_eq!(bench.rows(), 4);
    }
    let accepted = bench.ask(RefreshMode::Now, &[NAME.into()], |request| refresh(*request)).remove(0);
    assert_eq!((accepted.state, accepted.advisories, bench.rows()), (FeedState::Fresh, 1, 1));
}

#[test]
fn a_release_that_the_feed_does_not_know_is_no_clean_host() {
    let mut bench = Bench::new("release");
    bench.distribution.codename = "forky".into();
    let stamp = bench.refresh(RefreshMode::Now);
    assert_eq!(stamp.state, FeedState::Missing);
    assert!(stamp.problem.is_some_and(|text| text.contains("says nothing about Debian")));
}

#[test]
fn a_pin_decides_before_anything_is_parsed() {
    let mut bench = Bench::new("pin");
    bench.source.sha256 = Some(Sha256::of(b"something else"));
    let stamp = bench.refresh(RefreshMode::Now);
    assert!(stamp.problem.is_some_and(|text| text.contains("is configured")));
    bench.source.sha256 = Some(Sha256::of(EXCERPT.as_bytes()));
    assert_eq!(bench.refresh(RefreshMode::Now).authenticity, Some(Authenticity::Pinned));
    bench.source.sha256 = Some(Sha256::of(b"another"));
    assert_eq!(bench.refresh(RefreshMode::Never).state, FeedState::Suspect);
}

#[test]
fn old_content_and_a_clock_that_went_back_are_stale() {
    let mut bench = Bench::new("stale");
    bench.refresh(RefreshMode::Now);
    assert_eq!(bench.moved_on(8 * 24 * 60).refresh(RefreshMode::Never).state, FeedState::Stale);
    assert_eq!(bench.moved_on(-9 * 24 * 60).refresh(RefreshMode::Never).state, FeedState::Stale);
}

#[test]
fn content_older_than_that_in_use_is_refused() {
    let mut bench = Bench::new("older");
    bench.refresh(RefreshMode::Now);
    let cache = FeedCache::new(&bench.layout, NAME);
    let mut record = cache.read().expect("readable");
    let content = record.content.as_mut().expect("fetched");
    content.published = content.published.map(|date| date + TimeDelta::hours(1));
    content.etag = None;
    cache.write(&record).expect("writable");
    bench.now += TimeDelta::hours(2);
    let stamp = bench.refresh(RefreshMode::Now);
    assert_eq!(stamp.state, FeedState::Suspect);
    assert!(stamp.problem.is_some_and(|text| text.contains("the date of the content in use")));
}

#[test]
fn a_damaged_index_is_built_again_and_damaged_content_is_not_used() {
    let bench = Bench::new("damage");
    bench.refresh(RefreshMode::Now);
    let mut bytes = storage::read(&bench.index_path()).expect("written");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    storage::replace(&bench.index_path(), &bytes, storage::PUBLIC).expect("writable");
    assert_eq!(bench.rows(), 4);
    let whole = storage::read(&bench.index_path()).expect("written again");
    assert_ne!(whole, bytes);
    let content = bench.layout.feed(NAME).join(format!("{}.content", Sha256::of(EXCERPT.as_bytes())));
    storage::replace(&content, b"{}", storage::PUBLIC).expect("writable");
    storage::remove_file(&bench.index_path()).expect("removable");
    let error =
        load_index(&bench.layout, &bench.source, &bench.distribution).expect_err("the content was changed");
    assert!(matches!(error, RefreshError::Cache { source: CacheError::Changed { .. }, .. }));
}

#[test]
fn another_release_is_compiled_from_the_same_content() {
    let mut bench = Bench::new("another");
    bench.refresh(RefreshMode::Now);
    bench.distribution.codename = "sid".into();
    let stamp = bench.refresh(RefreshMode::Never);
    assert_eq!((stamp.state, stamp.advisories, bench.rows()), (FeedState::Fresh, 4, 4));
    bench.distribution.codename = "forky".into();
    assert!(bench.refresh(RefreshMode::Never).problem.is_some_and(|text| text.contains("forky")));
    bench.distribution.codename = "sid".into();
    assert_eq!(bench.refresh(RefreshMode::Never).problem, None);
}

#[test]
fn a_file_is_imported_like_any_content() {
    let mut bench = Bench::new("import");
    let file = bench.folder.join("brought.json.gz");
    let packed = zstd::encode_all(EXCERPT.as_bytes(), 3).expect("memory");
    storage::replace(&file, &packed, storage::PUBLIC).expect("writable");
    bench.source.location = DEFAULT.into();
    let stamp = bench.ask(RefreshMode::Never, &[], |request| import_file(request, &bench.source, &file));
    let stamp = stamp.expect("whole");
    assert_eq!((stamp.state, stamp.authenticity), (FeedState::Fresh, Some(Authenticity::Local)));
    assert_eq!(bench.rows(), 4);
    storage::replace(&file, b"{", storage::PUBLIC).expect("writable");
    let error = bench.ask(RefreshMode::Never, &[], |request| import_file(request, &bench.source, &file));
    assert!(matches!(error, Err(RefreshError::Refused { .. })));
}

#[test]
fn names_and_attacks_are_asked_for_by_default_and_names_may_be_none_for_a_release() {
    let mut bench = Bench::new("names");
    let roles: Vec<FeedRole> =
        default_sources(&bench.distribution, Duration::ZERO).iter().map(|source| source.role).collect();
    for role in [FeedRole::Verdicts, FeedRole::Names, FeedRole::Threats] {
        assert!(roles.contains(&role), "{roles:?}");
    }
    bench.source.role = FeedRole::Names;
    (bench.source.name, bench.source.format) = ("debian-dsa".into(), "debian-lists".into());
    bench.offer(include_str!("../../../../tests/fixtures/debian-lists/DSA.txt"));
    for (codename, statements) in [("bookworm", 3), ("forky", 0)] {
        bench.distribution.codename = codename.into();
        let stamp = bench.refresh(RefreshMode::Now);
        assert_eq!((stamp.state, stamp.problem, stamp.advisories), (FeedState::Fresh, None, statements));
    }
}

#[test]
fn what_could_not_be_read_is_told_in_the_stamp() {
    let mut bench = Bench::new("unread");
    (bench.source.name, bench.source.format) = ("suse-csaf".into(), "suse-csaf".into());
    bench.distribution = Distribution::new("sles", "11.2", "");
    let notice = include_str!("../../../../tests/fixtures/suse-csaf/suse-su-2015_0011-2.json");
    let forbidden = include_str!("../../../../tests/fixtures/suse-csaf/suse-su-403.json");
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in [("a.json", notice), ("b.json", forbidden)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, name, text.as_bytes()).expect("memory");
    }
    let bytes = archive.into_inner().expect("memory");
    storage::replace(Path::new(&bench.source.location), &bytes, storage::PUBLIC).expect("writable");
    for mode in [RefreshMode::Now, RefreshMode::Never] {
        let stamp = bench.refresh(mode);
        assert_eq!((stamp.advisories, stamp.unread.count, stamp.problem), (3, 1, None));
        assert!(stamp.unread.first[0].starts_with("SUSE-SU-403: "), "{:?}", stamp.unread);
    }
}
