//! The processes of a session that wait for no other one: what a package manager really waits for.
//!
//! A hung maintainer script is ended from its leaf upwards. So dpkg sees a script that failed, which it knows how to
//! record; a signal to dpkg itself would cut it off in the middle of its database (safety design, 5.2).

use std::collections::HashSet;
use std::fs;

use nix::unistd::Pid;

/// A process as far as its place in a tree goes (proc(5), `stat`).
struct Place {
    pid: i32,
    parent: i32,
    session: i32,
}

/// Returns the processes of a session that have no child in it.
pub(super) fn leaves(session: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let all = entries.filter_map(|entry| place(&fs::read_to_string(entry.path().join("stat")).ok()?));
    let of_session: Vec<Place> = all.filter(|place| place.session == session.as_raw()).collect();
    let parents: HashSet<i32> = of_session.iter().map(|place| place.parent).collect();
    of_session
        .iter()
        .filter(|place| !parents.contains(&place.pid))
        .map(|place| Pid::from_raw(place.pid))
        .collect()
}

/// The command name may hold blanks and brackets; what counts stands before the first and after the last of them.
fn place(stat: &str) -> Option<Place> {
    let (pid, rest) = stat.split_once(' ')?;
    let mut fields = rest.rsplit_once(')')?.1.split_whitespace();
    let _state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    Some(Place { pid: pid.parse().ok()?, parent, session })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_hides_nothing() {
        let found = place("42 (a ) b) S 7 42 9 0 -1").expect("a line of stat");
        assert_eq!((found.pid, found.parent, found.session), (42, 7, 9));
    }
}
