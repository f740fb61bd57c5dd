//! `/proc/PID/stat`: name, kind and beginning of a process.

/// What patchctl takes from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) command: String,
    pub(super) started: u64,
    pub(super) is_kernel: bool,
}

/// The flag of threads of the kernel (PF_KTHREAD of include/linux/sched.h).
const KERNEL_THREAD: u64 = 0x0020_0000;

/// Reads the fields by their place (proc_pid_stat(5)). The name stands in brackets and may itself hold brackets and
/// blanks, so the last closing one ends it.
pub(super) fn parse(bytes: &[u8]) -> Option<Stat> {
    let (open, close) = (memchr::memchr(b'(', bytes)?, memchr::memrchr(b')', bytes)?);
    let command = String::from_utf8_lossy(bytes.get(open + 1..close)?).into_owned();
    let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // The first field after the name is the third of all.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Stat { command, started: field(22)?, is_kernel: field(9)? & KERNEL_THREAD != 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_a_hostile_name() {
        let line = b"77 (a) R (b) S 1 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1000 2 3\n";
        let expected = Stat { command: "a) R (b".into(), started: 4711, is_kernel: false };
        assert_eq!(parse(line), Some(expected));
        let thread = b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0\n";
        assert!(parse(thread).is_some_and(|stat| stat.is_kernel));
        assert_eq!(parse(b"77 (cut"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
