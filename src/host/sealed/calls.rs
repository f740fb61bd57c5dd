//! The system calls that reading and answering need, and no others (seccomp(2)): memory, open files, time, an end.

use std::collections::BTreeMap;

use nix::libc::{self, c_long};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// What the standard library, the C library and the decoders ask for once every file is open (strace of a reader of each
/// compression). None of them opens, connects, starts or signals anything: `tgkill` is how a process aborts itself.
const ALLOWED: [c_long; 30] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_fcntl,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_tgkill,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Lets this process call nothing else from now on: anything else fails as forbidden. Tells whether the kernel agreed.
pub(super) fn filter() -> bool {
    let Ok(machine) = TargetArch::try_from(std::env::consts::ARCH) else { return false };
    #[allow(clippy::useless_conversion, reason = "system calls have 32 bits on some machines")]
    let rules: BTreeMap<i64, _> = ALLOWED.iter().map(|call| (i64::from(*call), Vec::new())).collect();
    let forbidden = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, forbidden, SeccompAction::Allow, machine);
    let program = filter.and_then(BpfProgram::try_from);
    program.is_ok_and(|program| seccompiler::apply_filter(&program).is_ok())
}
