//! Stops every process of a command at each of its calls that touch files, and does there what it is told.
//!
//! A tracer of our own, because strace counts calls in each process by itself: here a number names one call of the whole
//! tree, and what happens at it may be more than a signal or an error number. A filter in the kernel (`stop_at.c`) stops at
//! these calls alone, so that a traced run takes little longer than another. x86-64 alone; elsewhere a sweep is "not run".

use std::fs;
use std::sync::OnceLock;
use std::thread;

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::calls::{self, Call, Stops};
use crate::lab::namespace::{InRoot, Ran, Running, on_host};

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is made.
    Go,
    /// The process that makes it is killed in it; everything else lives on.
    KillProcess,
    /// The first process of that name is killed; everything else lives on.
    KillProgram(&'static str),
    /// Everything is killed.
    KillAll,
    /// It is not made and fails with this error number.
    Fail(Errno),
}

/// Who is asked at each call.
pub type Ask<'a> = &'a mut (dyn FnMut(&Call) -> Answer + Send);

/// Runs a command and asks at each of the calls that touch a file of the root.
pub fn watch(command: InRoot, stops: Stops, ask: Ask) -> Ran {
    let numbers = calls::numbers(stops);
    let running = command.traced_by(&[stop_at(), &numbers]).start();
    let first = stopped_process(&running);
    // Only the thread that traces may wait for what it traces, and it must not take the end of the command itself.
    thread::scope(|scope| {
        let running = &running;
        scope.spawn(move || trace(running, first, ask)).join().expect("the tracer does not panic");
    });
    running.wait()
}

/// Returns the program of `stop_at.c`, built once by each process of the suite.
fn stop_at() -> &'static str {
    static BUILT: OnceLock<&str> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/sweep/stop_at.c");
        let program = concat!(env!("CARGO_TARGET_TMPDIR"), "/stop_at");
        let draft = format!("{program}-{}", std::process::id());
        on_host(&["cc", "-O1", "-Wall", "-o", &draft, source]);
        fs::rename(&draft, program).expect("the program can be named");
        program
    })
}

fn stopped_process(running: &Running) -> Pid {
    let is_stopped = |pid: &Pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
    };
    let find = || running.processes().into_iter().find(is_stopped);
    running.wait_until("the command waits for its tracer", || find().is_some());
    find().expect("it waits until it is told to go on")
}

fn trace(running: &Running, first: Pid, ask: Ask) {
    let options = Options::PTRACE_O_TRACESECCOMP
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(first, options).expect("a process of the laboratory can be traced");
    kill(first, Signal::SIGCONT).expect("a process of the laboratory can be signalled");
    let any = Pid::from_raw(-1);
    while let Ok(status) = waitpid(any, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD)) {
        // What was killed meanwhile cannot be resumed, and need not be.
        match status {
            WaitStatus::PtraceEvent(thread, _, event) => {
                if event == libc::PTRACE_EVENT_SECCOMP {
                    at_call(running, thread, ask);
                }
                let _ = ptrace::cont(thread, None);
            }
            WaitStatus::Stopped(thread, signal) => _ = ptrace::cont(thread, signal),
            _ => {}
        }
    }
}

fn at_call(running: &Running, thread: Pid, ask: Ask) {
    let Some((number, arguments)) = registers::call(thread) else { return };
    let Some(call) = Call::of(thread, number, arguments) else { return };
    match ask(&call) {
        Answer::Go => {}
        Answer::KillProcess => _ = kill(thread, Signal::SIGKILL),
        Answer::KillProgram(name) => running.signal(name, Signal::SIGKILL),
        Answer::KillAll => running.kill_all(),
        Answer::Fail(error) => registers::fail_call(thread, error),
    }
}

#[cfg(target_arch = "x86_64")]
mod registers {
    use nix::errno::Errno;
    use nix::sys::ptrace::{getregs, setregs};
    use nix::unistd::Pid;

    pub fn call(thread: Pid) -> Option<(u64, [u64; 6])> {
        let now = getregs(thread).ok()?;
        Some((now.orig_rax, [now.rdi, now.rsi, now.rdx, now.r10, now.r8, now.r9]))
    }

    /// A call of the number -1 is not made, and its caller sees what the tracer leaves as its result (seccomp(2)).
    pub fn fail_call(thread: Pid, error: Errno) {
        if let Ok(mut now) = getregs(thread) {
            now.orig_rax = u64::MAX;
            now.rax = (-i64::from(error as i32)).cast_unsigned();
            let _ = setregs(thread, now);
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod registers {
    use nix::errno::Errno;
    use nix::unistd::Pid;

    pub fn call(_: Pid) -> Option<(u64, [u64; 6])> {
        None
    }

    pub fn fail_call(_: Pid, _: Errno) {}
}
