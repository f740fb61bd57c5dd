//! Two refreshes at once.

use super::*;

#[test]
fn a_refresh_that_finds_another_one_waits_for_it_and_a_scan_does_not() {
    let bench = Bench::new("two");
    let cache = FeedCache::new(&bench.layout, NAME);
    let lock = cache.lock(Duration::ZERO).expect("free");
    let waits = |mode, patience| {
        bench.ask(mode, &[], |request| refresh(RefreshRequest { patience, ..*request })).remove(0)
    };
    let stamp = waits(RefreshMode::Now, Duration::from_millis(300));
    let problem = stamp.problem.unwrap_or_default();
    assert!(
        problem.contains("another refresh of it has not ended") && problem.contains("process"),
        "{problem}"
    );
    drop(lock);
    assert_eq!(bench.refresh(RefreshMode::Now).problem, None);
    let _lock = cache.lock(Duration::ZERO).expect("free");
    let stamp = waits(RefreshMode::WhenDue, Duration::from_secs(60));
    assert_eq!((stamp.state, stamp.problem), (FeedState::Fresh, None));
}

#[test]
fn two_refreshes_at_once_leave_whole_content() {
    let bench = Bench::new("meet");
    let stamps: Vec<FeedStamp> = std::thread::scope(|scope| {
        let begun: Vec<_> = (0..4).map(|_| scope.spawn(|| bench.refresh(RefreshMode::Now))).collect();
        begun.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for stamp in stamps {
        assert_eq!((stamp.state, stamp.problem, stamp.advisories), (FeedState::Fresh, None, 4));
    }
    let checks = bench.ask(RefreshMode::Never, &[], verify);
    assert!(matches!(checks[0].result, Ok(Some(4))));
}
