//! Work that is done at the same time, where the system gives a thread for it.

use std::sync::Mutex;
use std::thread;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_done_and_a_panic_of_the_other_is_told() {
        assert_eq!(both(|| 1, || 2), (Some(1), 2));
        let panics = || -> u8 { panic!("on purpose") };
        assert_eq!(both(panics, || 2), (None, 2));
    }
}
