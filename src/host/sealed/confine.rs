//! Everything that a process gives up before it reads what came from elsewhere. Each part stands alone: where the kernel or
//! the caller's rights do not allow one, the others hold, and the lack is told.

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::{set_no_new_privs, set_pdeathsig};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, geteuid, setgroups, setresgid, setresuid};

use super::calls;

/// The user of nobody, who owns no file (nfsnobody; the same number on every distribution that patchctl knows).
const NOBODY: u32 = 65534;
/// Most memory: ten times the largest feed (`LARGEST_FEED`), which is held while its statements are.
const MEMORY: u64 = 2 * 1024 * 1024 * 1024;
/// Most processor time in seconds. The largest archive that is taken has 64 GiB when unpacked; 0.2 GB are read in a second.
const SECONDS: u64 = 600;

/// What is given up, and how; whether the system agreed.
type Part = (&'static str, fn() -> bool);

/// Gives up every right but to read what is open, to compute, and to answer; returns what the system would not let go.
///
/// Guarantee: what is open stays open, and nothing else can be opened afterwards.
#[must_use]
pub fn shed() -> Vec<String> {
    // Whoever asked is gone: nobody wants the answer.
    let _ = set_pdeathsig(Signal::SIGKILL);
    let parts: [Part; 6] = [
        ("a network of its own, which is empty", leave_network),
        ("a user without rights", leave_root),
        ("no new privileges", || set_no_new_privs().is_ok()),
        ("no files (Landlock)", leave_files),
        ("limits of memory, time and descriptors", set_limits),
        ("a list of allowed system calls (seccomp)", calls::filter),
    ];
    // Both in this order and all of them: the later ones take the rights that the earlier ones need.
    parts.into_iter().filter(|(_, give_up)| !give_up()).map(|(name, _)| name.to_owned()).collect()
}

/// Only root may; others are kept off the network by the list of calls and the limit of descriptors.
fn leave_network() -> bool {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC).is_ok() || !geteuid().is_root()
}

/// Whoever is not root stays who it is.
fn leave_root() -> bool {
    if !geteuid().is_root() {
        return true;
    }
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setgroups(&[]).is_ok() && setresgid(group, group, group).is_ok() && setresuid(user, user, user).is_ok()
}

/// No folder of any file system may be read, written or executed from any more, and no socket connected.
fn leave_files() -> bool {
    let restricted = || -> Result<_, RulesetError> {
        Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V6))?
            .handle_access(AccessNet::from_all(ABI::V6))?
            .scope(Scope::from_all(ABI::V6))?
            .create()?
            .restrict_self()
    };
    restricted().is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

fn set_limits() -> bool {
    [
        (Resource::RLIMIT_AS, MEMORY),
        (Resource::RLIMIT_CPU, SECONDS),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_NPROC, 0),
        (Resource::RLIMIT_NOFILE, 0),
    ]
    .into_iter()
    .all(|(resource, most)| setrlimit(resource, most, most).is_ok())
}
