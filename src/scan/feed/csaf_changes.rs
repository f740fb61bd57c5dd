//! What changed in a vendor's folder of CSAF documents, and what that asks to be fetched or dropped.
//!
//! Red Hat publishes one archive of everything (`archive_latest.txt` names it), `changes.csv` with the time of each
//! document's last change, newest first, and `deletions.csv`. SUSE has `changes.csv`, oldest first, and an archive of a
//! fixed name. Peers take the archive and then each change since; the name of an archive has a day only, so changes of
//! that day are taken again. Pure: the caller fetches, and keeps the state.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::FeedError;
use super::dates::read_date;

const NAME: &str = "csaf-changes";
/// Most rows that are read. Red Hat's and SUSE's lists have one for each CVE, tens of
/// thousands.
const MOST_ROWS: usize = 2_000_000;
/// Longest path that is believed, in bytes; real ones have about 30.
const LONGEST_PATH: usize = 128;
/// From how many changed documents on the archive is fetched instead: one request and a few hundred megabytes, against
/// about 40 kilobytes and one request each.
pub const MOST_SINGLE: usize = 4_000;
/// How much older than the archive the list of changes may be: nothing binds one to the other, so parts of different days
/// are no set (safety design, T4). Red Hat's list has rows of every day.
const LARGEST_SPREAD: TimeDelta = TimeDelta::hours(48);

/// A row of `changes.csv` or `deletions.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Path below the folder, such as `2023/cve-2023-6240.json`.
    pub path: String,
    /// When it changed or was deleted.
    pub time: DateTime<Utc>,
}

/// The archive that `archive_latest.txt` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its name in the folder, such as `csaf_vex_2024-08-04.tar.zst`.
    pub name: String,
    /// The day of its name: every change of an earlier day is in it.
    pub day: NaiveDate,
}

/// What the vendor's folder says now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The newest archive.
    pub archive: Archive,
    /// Rows of `changes.csv`.
    pub changes: Vec<Change>,
    /// Rows of `deletions.csv`.
    pub deletions: Vec<Change>,
}

/// What is to be done to have the present state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The archive to begin with, in place of everything that is there.
    pub archive: Option<String>,
    /// Documents to fetch, in the order of their times; each takes the place of an older one. Who stops on the way has
    /// everything up to the time of the last one.
    pub fetch: Vec<Change>,
    /// Documents to drop.
    pub drop: Vec<String>,
    /// The time that everything up to is here before any of it is done.
    pub begun: DateTime<Utc>,
    /// What to remember: the time of the newest row. Give it to the next [`work`].
    pub reached: DateTime<Utc>,
}

/// A listing that must not be followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangesError {
    /// It lists nothing that changed.
    #[error("the list of changes has no rows")]
    NoRows,
    /// It is older than what was seen before: a mirror fell back, or somebody replays an old state.
    #[error("the newest change is of {newest}, but one of {reached} was seen before")]
    OlderThanSeen {
        /// The newest row.
        newest: DateTime<Utc>,
        /// What was reached before.
        reached: DateTime<Utc>,
    },
    /// The archive is of a day that the list knows nothing of: parts of two states were mixed.
    #[error("the newest change is of {newest}, but the archive of {day}: they are not of one state")]
    Mixed {
        /// The newest row.
        newest: DateTime<Utc>,
        /// The day of the archive.
        day: NaiveDate,
    },
}

/// Reads `changes.csv` or `deletions.csv`: a path and a time in quotes. The last line may lack its end.
///
/// # Errors
/// A row is no such pair, or its path leads out of the folder.
pub fn read_changes(content: &[u8]) -> Result<Vec<Change>, FeedError> {
    let text = text(content)?;
    let mut changes = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let malformed = |detail: &str| FeedError::Malformed {
            feed: NAME,
            line: index + 1,
            column: 1,
            detail: format!("{detail}: {:?}", line.chars().take(80).collect::<String>()),
        };
        let (path, time) = pair(line).ok_or_else(|| malformed("not a path and a time in quotes"))?;
        if !is_document(path) {
            return Err(malformed("not the path of a document"));
        }
        let time = read_date(time).ok_or_else(|| malformed("not a time"))?;
        changes.push(Change { path: path.to_owned(), time });
        if changes.len() > MOST_ROWS {
            return Err(FeedError::BeyondLimits {
                feed: NAME,
                detail: format!("more than {MOST_ROWS} rows"),
            });
        }
    }
    Ok(changes)
}

/// Reads `archive_latest.txt`, which is the name of the archive with the day in it.
///
/// # Errors
/// It is no such name.
pub fn read_archive(content: &[u8]) -> Result<Archive, FeedError> {
    let name = text(content)?.trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let stem = name.strip_suffix(".tar.zst").or_else(|| name.strip_suffix(".tar.gz"));
    let day = stem.and_then(|stem| stem.rsplit_once('_')).and_then(|(_, day)| day.parse().ok());
    match day {
        Some(day) if name.len() <= LONGEST_PATH && name.bytes().all(plain) => {
            Ok(Archive { name: name.to_owned(), day })
        }
        _ => {
            let shown: String = name.chars().take(80).collect();
            let detail = format!("not the name of an archive with its day: {shown:?}");
            Err(FeedError::Malformed { feed: NAME, line: 1, column: 1, detail })
        }
    }
}

/// Refuses a list of changes that is more than 48 hours older than the archive which the vendor dates by its name.
///
/// # Errors
/// They are not of one state.
pub fn refuse_mixed(archive: &Archive, changes: &[Change]) -> Result<(), ChangesError> {
    let newest = changes.iter().map(|row| row.time).max().ok_or(ChangesError::NoRows)?;
    match newest + LARGEST_SPREAD < begin(archive.day) {
        true => Err(ChangesError::Mixed { newest, day: archive.day }),
        false => Ok(()),
    }
}

fn begin(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}

/// Tells what to do. Without a state of before (`reached`), or where too much changed since, it begins with the archive.
///
/// # Errors
/// The listing is empty, or older than what was seen before.
pub fn work(listing: &Listing, reached: Option<DateTime<Utc>>) -> Result<Work, ChangesError> {
    let rows = listing.changes.iter().chain(&listing.deletions);
    let newest = rows.map(|row| row.time).max().ok_or(ChangesError::NoRows)?;
    if let Some(reached) = reached.filter(|reached| *reached > newest) {
        return Err(ChangesError::OlderThanSeen { newest, reached });
    }
    let of_archive = begin(listing.archive.day);
    let (changed, gone) = since(listing, reached.unwrap_or(of_archive));
    let from_archive = reached.is_none() || (changed.len() > MOST_SINGLE && reached < Some(of_archive));
    let (changed, gone) = if from_archive { since(listing, of_archive) } else { (changed, gone) };
    let mut fetch: Vec<Change> =
        changed.into_iter().map(|(path, time)| Change { path: path.to_owned(), time }).collect();
    fetch.sort_by(|a, b| (a.time, &a.path).cmp(&(b.time, &b.path)));
    Ok(Work {
        archive: from_archive.then(|| listing.archive.name.clone()),
        fetch,
        drop: gone.into_iter().map(str::to_owned).collect(),
        begun: reached.filter(|_| !from_archive).unwrap_or(of_archive),
        reached: newest,
    })
}

/// Paths that changed and that are gone since a time, that time included: rows of one second may come one by one. A
/// document that was deleted and published again later is there.
fn since(listing: &Listing, time: DateTime<Utc>) -> (BTreeMap<&str, DateTime<Utc>>, BTreeSet<&str>) {
    let (changes, deletions) = (latest(&listing.changes), latest(&listing.deletions));
    let is_gone =
        |path: &str| deletions.get(path).is_some_and(|gone| changes.get(path).is_none_or(|at| gone >= at));
    let changed = changes.iter().filter(|(path, at)| **at >= time && !is_gone(path));
    // Deletions are few and dropping twice does no harm, so an archive that still holds such a document loses it too.
    let gone = listing.deletions.iter().filter(|row| is_gone(&row.path));
    (changed.map(|(path, at)| (*path, *at)).collect(), gone.map(|row| row.path.as_str()).collect())
}

/// The time of the last row of each path.
fn latest(rows: &[Change]) -> BTreeMap<&str, DateTime<Utc>> {
    let mut latest = BTreeMap::new();
    for row in rows {
        let known = latest.entry(row.path.as_str()).or_insert(row.time);
        *known = (*known).max(row.time);
    }
    latest
}

fn text(content: &[u8]) -> Result<&str, FeedError> {
    let text = std::str::from_utf8(content).map_err(|error| FeedError::Malformed {
        feed: NAME,
        line: content[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1,
        column: 1,
        detail: "not UTF-8".to_owned(),
    })?;
    match text.trim_ascii_start().bytes().next() {
        None => Err(FeedError::Empty { feed: NAME }),
        Some(b'<') => Err(FeedError::WebPage { feed: NAME, expected: "a list" }),
        Some(_) => Ok(text),
    }
}

fn pair(line: &str) -> Option<(&str, &str)> {
    line.trim().strip_prefix('"')?.strip_suffix('"')?.split_once("\",\"")
}

/// `YYYY/name.json` or `name.json`, and nothing that leads elsewhere.
fn is_document(path: &str) -> bool {
    let name = match path.split_once('/') {
        Some((year, name)) if year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) => return false,
        None => path,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte);
    path.len() <= LONGEST_PATH
        && name.ends_with(".json")
        && !name.starts_with(['.', '-'])
        && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Red Hat's of 2024-08, shortened by MaineK00n/vuls-data-update; no line end behind the last row.
    const CHANGES: &str = "\"2023/cve-2023-6240.json\",\"2024-08-04T10:17:22+00:00\"\n\
        \"2023/cve-2023-6212.json\",\"2024-08-04T10:17:22+00:00\"\n\
        \"2021/cve-2021-47343.json\",\"2024-07-29T18:39:58+00:00\"";
    const DELETIONS: &str = "\"2024/cve-2024-44943.json\",\"2024-08-28T09:39:21+00:00\"\n\
        \"2023/cve-2023-6237.json\",\"2024-08-04T16:17:31+00:00\"\n\
        \"2024/cve-2024-5480.json\",\"2024-07-10T15:40:28+00:00\"";

    fn listing() -> Listing {
        Listing {
            archive: read_archive(b"csaf_vex_2024-08-04.tar.zst").expect("a name"),
            changes: read_changes(CHANGES.as_bytes()).expect("whole"),
            deletions: read_changes(DELETIONS.as_bytes()).expect("whole"),
        }
    }

    fn time(text: &str) -> DateTime<Utc> {
        read_date(text).expect("a time")
    }

    #[test]
    fn the_first_time_takes_the_archive_and_the_changes_of_its_day() {
        let work = work(&listing(), None).expect("work");
        assert_eq!(work.archive.as_deref(), Some("csaf_vex_2024-08-04.tar.zst"));
        let paths: Vec<&str> = work.fetch.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["2023/cve-2023-6212.json", "2023/cve-2023-6240.json"]);
        assert_eq!(work.begun, time("2024-08-04T00:00:00Z"));
        assert_eq!(
            work.drop,
            ["2023/cve-2023-6237.json", "2024/cve-2024-44943.json", "2024/cve-2024-5480.json"]
        );
        assert_eq!(work.reached, time("2024-08-28T09:39:21Z"));
    }

    #[test]
    fn later_only_what_changed_since_is_fetched() {
        let reached = time("2024-08-04T10:17:22Z");
        let work = work(&listing(), Some(reached)).expect("work");
        assert_eq!((work.archive, work.fetch.len()), (None, 2), "rows of the same second are taken again");
        let reached = time("2024-08-28T09:39:21Z");
        let work = super::work(&listing(), Some(reached)).expect("work");
        assert_eq!((work.archive, work.fetch.len(), work.reached), (None, 0, reached));
    }

    #[test]
    fn a_document_that_came_back_is_fetched_and_one_that_went_is_dropped() {
        let mut listing = listing();
        let back = Change { path: "2023/cve-2023-6237.json".to_owned(), time: time("2024-08-05T00:00:00Z") };
        let gone = Change { path: "2023/cve-2023-6240.json".to_owned(), time: time("2024-08-05T00:00:00Z") };
        listing.changes.push(back.clone());
        listing.deletions.push(gone.clone());
        let work = work(&listing, None).expect("work");
        assert!(work.fetch.contains(&back) && !work.drop.contains(&back.path));
        assert!(work.drop.contains(&gone.path) && work.fetch.iter().all(|change| change.path != gone.path));
    }

    #[test]
    fn too_many_changes_are_taken_from_the_archive() {
        let mut listing = listing();
        let many = (0..5_000).map(|number| Change {
            path: format!("2024/cve-2024-{:04}.json", number + 1000),
            time: time("2024-07-01T00:00:00Z"),
        });
        listing.changes.extend(many);
        let work = work(&listing, Some(time("2024-06-01T00:00:00Z"))).expect("work");
        assert!(work.archive.is_some());
        assert_eq!(work.fetch.len(), 2, "what is older than the archive is in it");
    }

    #[test]
    fn a_listing_that_fell_back_is_refused() {
        let reached = time("2024-09-01T00:00:00Z");
        let refused = work(&listing(), Some(reached)).expect_err("refused").to_string();
        assert_eq!(
            refused,
            "the newest change is of 2024-08-28 09:39:21 UTC, but one of 2024-09-01 00:00:00 UTC was seen before"
        );
        let empty = Listing { changes: Vec::new(), deletions: Vec::new(), ..listing() };
        assert_eq!(work(&empty, None), Err(ChangesError::NoRows));
    }

    #[test]
    fn parts_of_days_that_are_more_than_48_hours_apart_are_no_set() {
        let changes = listing().deletions;
        let beside = |name: &str| refuse_mixed(&read_archive(name.as_bytes()).expect("a name"), &changes);
        assert!(beside("csaf_vex_2024-08-30.tar.zst").is_ok());
        let refused = beside("csaf_vex_2024-08-31.tar.zst").expect_err("refused").to_string();
        assert_eq!(
            refused,
            "the newest change is of 2024-08-28 09:39:21 UTC, but the archive of 2024-08-31: they are not of one state"
        );
    }

    #[test]
    fn suse_has_no_folders_and_its_oddity_is_a_document_too() {
        let rows = "\"opensuse-su-2016_1623-1.json\",\"2016-07-06T12:21:45Z\"\n\
                    \"suse-su-403 Forbidden-1.json\",\"2016-07-06T12:21:45Z\"\n";
        assert_eq!(read_changes(rows.as_bytes()).expect("whole").len(), 2);
    }

    #[test]
    fn wrong_rows_and_names_are_refused_with_their_line() {
        for (content, words) in [
            ("", "empty"),
            ("<html>", "web page"),
            (
                "\"2023/a.json\",\"2024-08-04T10:17:22+00:00\"\nrubbish",
                "line 2, column 1: not a path and a time",
            ),
            ("\"../a.json\",\"2024-08-04T10:17:22+00:00\"", "not the path of a document"),
            ("\"/etc/passwd\",\"2024-08-04T10:17:22+00:00\"", "not the path of a document"),
            ("\"2023/../a.json\",\"2024-08-04T10:17:22+00:00\"", "not the path of a document"),
            ("\"2023/a.json\",\"9999-08-04T10:17:22+00:00\"", "not a time"),
        ] {
            let fault = read_changes(content.as_bytes()).expect_err("refused").to_string();
            assert!(fault.contains(words), "{content}: {fault}");
        }
        for name in
            ["", "csaf_vex.tar.zst", "../csaf_vex_2024-08-04.tar.zst", "csaf_vex_2024-08-04.zip", "<html>"]
        {
            assert!(read_archive(name.as_bytes()).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (read_changes(&bytes), read_archive(&bytes));
        }
    }
}
