//! What becomes of one path on the way back: a pure three-way decision (safety design, section 5.5).

use super::manifest::Entry;

/// What becomes of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is as it was before the run, or the run never changed it: it stays as it is.
    Unchanged,
    /// It is what the run left: it becomes what it was before.
    PutBack,
    /// The run made it, and it is what the run left: it goes.
    Remove,
    /// Someone changed or removed it after the run did: it stays, and what it was before is laid beside it.
    KeepEdited,
    /// The run made it, and someone changed it since: it stays.
    KeepEditedNew,
}

/// Decides from what a path was `before` the run, what the run left (`after`), and what it is now (`live`); `None`
/// where it was absent. Type, content, owner,
/// mode and extended attributes all count.
pub fn decide(before: Option<&Entry>, after: Option<&Entry>, live: Option<&Entry>) -> Decision {
    if live == before || before == after {
        Decision::Unchanged
    } else if live == after {
        if before.is_some() { Decision::PutBack } else { Decision::Remove }
    } else if before.is_some() {
        Decision::KeepEdited
    } else if live.is_some() {
        Decision::KeepEditedNew
    } else {
        Decision::Unchanged
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Kind;
    use super::*;
    use crate::host::ownership::Attributes;
    use crate::model::digest::Sha256;
    use Decision::{KeepEdited, KeepEditedNew, PutBack, Remove, Unchanged};

    /// `-` is absent; each letter is another content.
    fn entry(letter: char) -> Option<Entry> {
        let kind = Kind::File { size: 1, sha256: Sha256::of(letter.to_string().as_bytes()) };
        let attributes = Attributes::new();
        (letter != '-').then(|| Entry {
            path: "/etc/x".into(),
            kind,
            mode: 0o644,
            uid: 0,
            gid: 0,
            attributes,
        })
    }

    /// Every way in which three states can be equal, different or absent: letters in the order they come.
    const TABLE: [(&str, Decision); 15] = [
        ("---", Unchanged),
        ("--A", Unchanged),
        ("-A-", Unchanged),
        ("-AA", Remove),
        ("-AB", KeepEditedNew),
        ("A--", PutBack),
        ("A-A", Unchanged),
        ("A-B", KeepEdited),
        ("AA-", Unchanged),
        ("AAA", Unchanged),
        ("AAB", Unchanged),
        ("AB-", KeepEdited),
        ("ABA", Unchanged),
        ("ABB", PutBack),
        ("ABC", KeepEdited),
    ];

    /// Renames letters in the order they come: `CAC` has the form `ABA`.
    fn form(states: [char; 3]) -> String {
        let mut seen = Vec::new();
        let mut rename = |state: char| match seen.iter().position(|own| *own == state) {
            _ if state == '-' => '-',
            Some(at) => ['A', 'B', 'C'][at],
            None => {
                seen.push(state);
                ['A', 'B', 'C'][seen.len() - 1]
            }
        };
        states.map(&mut rename).iter().collect()
    }

    #[test]
    fn all_sixty_four_combinations_are_decided_as_the_table_says() {
        let states = ['-', 'A', 'B', 'C'];
        for number in 0..64 {
            let case = [states[number / 16], states[number / 4 % 4], states[number % 4]];
            let [before, after, live] = case.map(entry);
            let decision = decide(before.as_ref(), after.as_ref(), live.as_ref());
            let expected = TABLE.iter().find(|(own, _)| *own == form(case)).map(|(_, decision)| *decision);
            assert_eq!(Some(decision), expected, "{case:?}");
        }
    }
}
