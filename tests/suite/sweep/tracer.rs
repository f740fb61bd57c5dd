//! Stops every process of a command at each of its calls that touch files, and does there what it is told.
//!
//! A tracer of our own, because strace counts calls in each process by itself: here a number names one call of the whole
//! tree, and what happens at it may be more than a signal or an error number. x86-64 alone; elsewhere a sweep is "not run".

use std::collections::HashMap;
use std::fs;
use std::thread;

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::calls::Call;
use crate::lab::namespace::{InRoot, Ran, Running};

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is made.
    Go,
    /// The process that makes it is killed in it; everything else lives on.
    KillProcess,
    /// The first process of that name is killed; everything else lives on.
    KillProgram(&'static str),
    /// Everything is killed at once, as when the power fails but with the page cache kept.
    KillTree,
    /// It is not made and fails with this error number.
    Fail(Errno),
}

/// Waits for the tracer before the command begins.
const WAIT: [&str; 4] = ["sh", "-c", "kill -STOP $$; exec \"$@\"", "lab"];

/// Runs a command and asks at each call that touches a file of the root.
pub fn watch(command: InRoot, ask: &mut (dyn FnMut(&Call) -> Answer + Send)) -> Ran {
    let running = command.traced_by(&WAIT).start();
    let first = stopped_process(&running);
    // Only the thread that traces may wait for what it traces, and it must not take the end of the command itself.
    thread::scope(|scope| {
        let tracer = Tracer { running: &running, failing: HashMap::new(), is_over: false };
        scope.spawn(move || tracer.trace(first, ask)).join().expect("the tracer does not panic");
    });
    running.wait()
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

struct Tracer<'a> {
    running: &'a Running,
    /// Calls that are skipped, and the error that their caller is to see.
    failing: HashMap<Pid, Errno>,
    /// What was to happen has happened: everything runs on untraced.
    is_over: bool,
}

impl Tracer<'_> {
    fn trace(mut self, first: Pid, ask: &mut (dyn FnMut(&Call) -> Answer + Send)) {
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_EXITKILL;
        ptrace::seize(first, options).expect("a process of the laboratory can be traced");
        kill(first, Signal::SIGCONT).expect("a process of the laboratory can be signalled");
        let any = Pid::from_raw(-1);
        while let Ok(status) = waitpid(any, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD)) {
            match status {
                WaitStatus::PtraceSyscall(thread) => {
                    self.at_call(thread, ask);
                    self.resume(thread, None);
                }
                WaitStatus::PtraceEvent(thread, ..) => self.resume(thread, None),
                WaitStatus::Stopped(thread, signal) => self.resume(thread, Some(signal)),
                _ => {}
            }
        }
    }

    /// It may have been killed meanwhile: then there is nothing to resume.
    fn resume(&self, thread: Pid, signal: Option<Signal>) {
        if self.is_over && !self.failing.contains_key(&thread) {
            let _ = ptrace::detach(thread, signal);
        } else {
            let _ = ptrace::syscall(thread, signal);
        }
    }

    fn at_call(&mut self, thread: Pid, ask: &mut (dyn FnMut(&Call) -> Answer + Send)) {
        let Ok(stop) = ptrace::syscall_info(thread) else { return };
        if stop.op == libc::PTRACE_SYSCALL_INFO_EXIT {
            if let Some(error) = self.failing.remove(&thread) {
                registers::set_result(thread, -i64::from(error as i32));
            }
            return;
        }
        let Some((number, arguments)) = registers::call(thread).filter(|_| !self.is_over) else { return };
        let Some(call) = Call::of(thread, number, arguments) else { return };
        let answer = ask(&call);
        self.is_over = answer != Answer::Go;
        match answer {
            Answer::Go => {}
            Answer::KillProcess => _ = kill(thread, Signal::SIGKILL),
            Answer::KillProgram(name) => self.running.signal(name, Signal::SIGKILL),
            Answer::KillTree => self.running.processes().into_iter().for_each(|pid| {
                let _ = kill(pid, Signal::SIGKILL);
            }),
            Answer::Fail(error) => {
                registers::skip_call(thread);
                self.failing.insert(thread, error);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod registers {
    use nix::sys::ptrace::{getregs, setregs};
    use nix::unistd::Pid;

    pub fn call(thread: Pid) -> Option<(u64, [u64; 6])> {
        let now = getregs(thread).ok()?;
        Some((now.orig_rax, [now.rdi, now.rsi, now.rdx, now.r10, now.r8, now.r9]))
    }

    /// The kernel refuses a call of this number without doing anything.
    pub fn skip_call(thread: Pid) {
        if let Ok(mut now) = getregs(thread) {
            now.orig_rax = u64::MAX;
            let _ = setregs(thread, now);
        }
    }

    pub fn set_result(thread: Pid, result: i64) {
        if let Ok(mut now) = getregs(thread) {
            now.rax = result.cast_unsigned();
            let _ = setregs(thread, now);
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod registers {
    use nix::unistd::Pid;

    pub fn call(_: Pid) -> Option<(u64, [u64; 6])> {
        None
    }

    pub fn skip_call(_: Pid) {}

    pub fn set_result(_: Pid, _: i64) {}
}
