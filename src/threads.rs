//! Work that is done at the same time, where the system gives a thread for it.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The most threads that share work; more would cost a short task what they save.
const MOST_THREADS: usize = 4;

/// Does `other` on a thread of its own while `here` is done on this one; one after the other where the system, short of
/// memory or of processes, refuses a thread. What `other` returns is `None` where it panicked.
pub fn both<A: Send, B>(other: impl FnOnce() -> A + Send, here: impl FnOnce() -> B) -> (Option<A>, B) {
    let work = Mutex::new(Some(other));
    let take = || work.lock().ok().and_then(|mut work| work.take());
    thread::scope(|scope| {
        let begun = thread::Builder::new().spawn_scoped(scope, || take().map(|work| work()));
        let here = here();
        let other = match begun {
            Ok(thread) => thread.join().ok().flatten(),
            Err(_) => take().map(|work| work()),
        };
        (other, here)
    })
}

/// Does `count` tasks, each by its number, on as many threads as the machine runs at once. Each thread takes the next task
/// that nobody has and works on a value of its own; all of them are returned, in no order. Of fewer tasks than `least` this
/// thread does all: they are done before another has begun. Where the system refuses a thread the others do its tasks.
pub fn shared<T: Send>(
    (count, least): (usize, usize),
    begin: impl Fn() -> T + Sync,
    task: impl Fn(&mut T, usize) + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut own = begin();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return own;
            }
            task(&mut own, number);
        }
    };
    let threads = match count < least {
        true => 1,
        false => thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS),
    };
    thread::scope(|scope| {
        let begun: Vec<_> =
            (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let here = work();
        let joined =
            begun.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        std::iter::once(here).chain(joined).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once() {
        let done = shared((1_000, 1), Vec::new, |own, number| own.push(number));
        let mut all = done.concat();
        all.sort_unstable();
        assert_eq!(all, (0..1_000).collect::<Vec<_>>());
        assert_eq!(shared((0, 1), || 7, |_, _| {}), [7]);
        assert_eq!(shared((9, 10), || 0, |sum, number| *sum += number), [36]);
    }

    #[test]
    #[should_panic(expected = "on purpose")]
    fn a_panic_of_a_task_is_not_lost() {
        shared((10, 1), || (), |(), number| assert!(number < 9, "on purpose"));
    }

    #[test]
    fn both_are_done_and_a_panic_of_the_other_is_told() {
        assert_eq!(both(|| 1, || 2), (Some(1), 2));
        let panics = || -> u8 { panic!("on purpose") };
        assert_eq!(both(panics, || 2), (None, 2));
    }
}
