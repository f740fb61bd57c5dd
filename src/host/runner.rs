//! Child processes: absolute program, argument vector, empty environment, no terminal, no shell, a time limit.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

pub use super::command::{CommandSpec, Insistence};
use super::{control_group, descriptors, session_leaves};

/// What every child gets, whoever called patchctl (product rule: environment).
const ENVIRONMENT: &[(&str, &str)] =
    &[("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/root"), ("LC_ALL", "C.UTF-8")];

/// How long a child that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// How a command ended, and what it said.
#[derive(Clone, Debug)]
pub struct CommandOutput {
    /// Exit code, or 128 + signal.
    pub code: i32,
    /// It was ended at its time limit.
    pub timed_out: bool,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl CommandOutput {
    /// Tells whether the exit code is 0. A hint only: what a package manager did is read from its database.
    pub fn is_success(&self) -> bool {
        self.code == 0
    }

    /// Returns standard output as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns the last lines of what it said, standard error first, for a message to people.
    pub fn last_words(&self, lines: usize) -> Vec<String> {
        let source =
            if self.stderr.iter().any(|b| !b.is_ascii_whitespace()) { &self.stderr } else { &self.stdout };
        let text = String::from_utf8_lossy(source).into_owned();
        let words: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        words[words.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect()
    }
}

/// A command that could not be run at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot run {program}")]
pub struct RunError {
    /// The program.
    pub program: PathBuf,
    /// What the system answered.
    #[source]
    pub source: io::Error,
}

/// Runs a command and captures what it says.
///
/// # Errors
/// The program cannot be started. An unwanted exit code is no error here.
pub fn run(spec: &CommandSpec) -> Result<CommandOutput, RunError> {
    run_logged(spec, None, &mut |_| {})
}

/// Runs a command, copies every line it says to `log`, and tells `listen` each line while it runs.
///
/// # Errors
/// As [`run`].
pub fn run_logged(
    spec: &CommandSpec,
    log: Option<&mut File>,
    listen: &mut dyn FnMut(&str),
) -> Result<CommandOutput, RunError> {
    let at = |source| RunError { program: spec.program.clone(), source };
    let (sender, receiver) = mpsc::channel();
    // Who listens is there before the child: a kernel short of memory refuses a thread while nothing has begun.
    let listened = |stream| -> io::Result<PipeWriter> {
        let (reader, writer) = io::pipe()?;
        forward(reader, stream, sender.clone())?;
        Ok(writer)
    };
    let out = listened(Stream::Out).map_err(at)?;
    let err = if spec.has_one_output { out.try_clone() } else { listened(Stream::Err) }.map_err(at)?;
    drop(sender);
    let mut child = start(spec, (out, err)).map_err(at)?;
    let mut listener = Listener { log, listen, begun: Default::default() };
    let (captured, timed_out) = collect(spec, &mut child, &receiver, &mut listener);
    listener.hear_the_end();
    let status = child.wait().map_err(at)?;
    Ok(CommandOutput { code: code_of(status), timed_out, stdout: captured.out, stderr: captured.err })
}

/// Starts a command in a session of its own and leaves it alone: it goes on when this process and its terminal are gone.
/// What it says goes to a file that only its owner can read.
///
/// # Errors
/// The program or the file cannot be had.
pub fn start_detached(spec: &CommandSpec, log: &Path) -> Result<(), RunError> {
    let at = |source| RunError { program: spec.program.clone(), source };
    std::fs::metadata(&spec.program).map_err(at)?;
    let said = super::storage::open_log(log).map_err(|error| at(error.source))?;
    let also = said.try_clone().map_err(at)?;
    descriptors::close_inherited();
    let mut command = Command::new(SETSID);
    command.arg("--fork").arg(&spec.program).args(&spec.arguments);
    command.env_clear().envs(ENVIRONMENT.iter().copied()).current_dir(&spec.folder);
    command.stdin(Stdio::null()).stdout(said).stderr(also);
    command.status().map(drop).map_err(at)
}

/// Gives a program a session of its own, and so no controlling terminal: what opens `/dev/tty` to ask gets an error
/// instead of an administrator's keyboard. It executes the program in the same process, which leads the session and
/// its process group.
const SETSID: &str = "/usr/bin/setsid";

/// Takes a lock and executes the program in the same process, which keeps it (`-F`, flock(1)). What the program starts
/// inherits it only where the program lets it; apt does not.
const FLOCK: &str = "/usr/bin/flock";

fn start(spec: &CommandSpec, (out, err): (PipeWriter, PipeWriter)) -> io::Result<Child> {
    std::fs::metadata(&spec.program)?;
    descriptors::close_inherited();
    let mut command = Command::new(SETSID);
    if let Some(lock) = &spec.guard {
        command.args([FLOCK, "-F"]).arg(lock);
    }
    if let Some(group) = &spec.group {
        command.args(control_group::entrance(group));
    }
    command.arg(&spec.program).args(&spec.arguments);
    command.env_clear().envs(ENVIRONMENT.iter().copied()).envs(&spec.environment);
    command.current_dir(&spec.folder);
    let input = match &spec.input {
        Some(file) => Stdio::from(std::fs::File::open(file)?),
        None => Stdio::null(),
    };
    command.stdin(input).stdout(out).stderr(err);
    command.spawn()
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

#[derive(Default)]
struct Captured {
    out: Vec<u8>,
    err: Vec<u8>,
}

/// Who hears what a child says while it runs.
struct Listener<'a> {
    log: Option<&'a mut File>,
    listen: &'a mut dyn FnMut(&str),
    /// The begun lines of the two streams. A program may write a line in pieces (pacman: `error: `, then the rest), and
    /// what the other stream says meanwhile must not get between them.
    begun: [Vec<u8>; 2],
}

impl Listener<'_> {
    /// Tells the lines that a piece completes.
    fn hear(&mut self, stream: Stream, piece: &[u8]) {
        let begun = &mut self.begun[stream as usize];
        begun.extend_from_slice(piece);
        let Some(last) = memchr::memrchr(b'\n', begun) else { return };
        if let Some(log) = self.log.as_mut() {
            let _ = log.write_all(&begun[..=last]);
        }
        if let Stream::Out = stream {
            begun[..last]
                .split(|byte| *byte == b'\n')
                .for_each(|line| (self.listen)(&String::from_utf8_lossy(line)));
        }
        begun.drain(..=last);
    }

    /// Writes down what was said last and never completed: a question, say.
    fn hear_the_end(mut self) {
        let begun = std::mem::take(&mut self.begun);
        let Some(log) = self.log.as_mut() else { return };
        for rest in begun.iter().filter(|rest| !rest.is_empty()) {
            let _ = log.write_all(&[rest, &b"\n"[..]].concat());
        }
    }
}

/// Sends what a pipe says, piece by piece, until it closes.
fn forward(mut pipe: PipeReader, stream: Stream, sender: Sender<(Stream, Vec<u8>)>) -> io::Result<()> {
    let listen = move || {
        let mut buffer = [0u8; 16 * 1024];
        while let Ok(count) = pipe.read(&mut buffer) {
            if count == 0 || sender.send((stream, buffer[..count].to_vec())).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().spawn(listen).map(drop)
}

/// How often a child is looked after that says nothing.
const LOOK_AFTER: Duration = Duration::from_millis(250);

/// How long the pipes of a child that has ended are listened to: a daemon that it left behind may hold them for ever.
const LINGER: Duration = Duration::from_secs(2);

/// Collects output until both pipes close, ending the child's process group at the time limit.
fn collect(
    spec: &CommandSpec,
    child: &mut Child,
    receiver: &Receiver<(Stream, Vec<u8>)>,
    listener: &mut Listener<'_>,
) -> (Captured, bool) {
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    let mut deadline = Deadline::new(spec);
    let mut captured = Captured::default();
    let mut ended = None;
    loop {
        if spec.stopped_by.as_ref().is_some_and(|signals| signals.stop().is_some()) {
            let _ = killpg(group, Signal::SIGKILL);
        }
        match receiver.recv_timeout(deadline.next_wait().min(LOOK_AFTER)) {
            Ok((stream, piece)) => {
                listener.hear(stream, &piece);
                match stream {
                    Stream::Out => captured.out.extend_from_slice(&piece),
                    Stream::Err => captured.err.extend_from_slice(&piece),
                }
            }
            Err(RecvTimeoutError::Timeout) => match child.try_wait() {
                Ok(None) => deadline.enforce(group),
                _ if ended.get_or_insert_with(Instant::now).elapsed() < LINGER => {}
                _ => return (captured, deadline.asked),
            },
            Err(RecvTimeoutError::Disconnected) => return (captured, deadline.asked),
        }
    }
}

/// When a child is asked to end, and when it is made to.
struct Deadline {
    ask_at: Instant,
    kill_at: Instant,
    asked: bool,
    insistence: Insistence,
}

impl Deadline {
    fn new(spec: &CommandSpec) -> Self {
        let ask_at = Instant::now() + spec.time_limit;
        let patience = match spec.insistence {
            Insistence::Kill => GRACE,
            Insistence::Patient => spec.time_limit.max(GRACE),
        };
        Self { ask_at, kill_at: ask_at + patience, asked: false, insistence: spec.insistence }
    }

    fn next_wait(&self) -> Duration {
        let next = self.ask_at.min(self.kill_at);
        next.saturating_duration_since(Instant::now()).max(Duration::from_millis(50))
    }

    fn enforce(&mut self, group: Pid) {
        let now = Instant::now();
        if now >= self.kill_at {
            let _ = killpg(group, Signal::SIGKILL);
        } else if now >= self.ask_at {
            self.asked = true;
            match self.insistence {
                Insistence::Kill => {
                    self.ask_at = self.kill_at;
                    let _ = killpg(group, Signal::SIGTERM);
                }
                Insistence::Patient => {
                    self.ask_at = now + GRACE;
                    for leaf in session_leaves::leaves(group) {
                        let _ = kill(leaf, Signal::SIGTERM);
                    }
                }
            }
        }
    }
}

fn code_of(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_gets_a_fixed_environment_and_no_input() {
        let output = run(&CommandSpec::new("/usr/bin/env").env("DEBIAN_FRONTEND", "noninteractive"))
            .expect("env runs");
        let mut lines: Vec<String> = output.text().lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(
            lines,
            [
                "DEBIAN_FRONTEND=noninteractive",
                "HOME=/root",
                "LC_ALL=C.UTF-8",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
            ]
        );
    }

    #[test]
    fn a_child_that_hangs_is_ended_at_its_time_limit() {
        let began = Instant::now();
        let output = run(&CommandSpec::new("/bin/sleep").arg("60").time_limit(Duration::from_millis(200)))
            .expect("sleep runs");
        assert!(output.timed_out);
        assert_eq!(output.code, 128 + 15);
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_child_has_a_session_of_its_own() {
        let output =
            run(&CommandSpec::new("/bin/sh").args(["-c", "cat /proc/self/stat; echo $$"])).expect("sh runs");
        let text = output.text();
        let words: Vec<&str> = text.split_whitespace().collect();
        let shell = words.last().copied();
        // pid, name, state, parent, group, session, terminal: proc(5)
        assert_eq!((words.get(4).copied(), words.get(5).copied()), (shell, shell), "{text}");
        assert_eq!(words.get(6), Some(&"0"), "no terminal: {text}");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        assert!(run(&CommandSpec::new("/usr/bin/no-such-program")).is_err());
    }

    #[test]
    fn lines_are_told_while_the_child_runs() {
        let mut heard = Vec::new();
        let spec = CommandSpec::new("/usr/bin/printf").arg("one\\ntwo\\nthree");
        let output = run_logged(&spec, None, &mut |line| heard.push(line.to_owned())).expect("printf runs");
        assert_eq!(heard, ["one", "two"]);
        assert_eq!(output.stdout, b"one\ntwo\nthree");
    }

    #[test]
    fn a_line_that_is_written_in_pieces_is_one_line_of_the_log() {
        let path = std::env::temp_dir().join(format!("patchctl-runner-{}", std::process::id()));
        let mut log = std::fs::File::create(&path).expect("a log");
        let script =
            "printf 'error: ' >&2; sleep 0.1; echo between; sleep 0.1; echo rest >&2; printf 'sure? '";
        let spec = CommandSpec::new("/bin/sh").args(["-c", script]);
        run_logged(&spec, Some(&mut log), &mut |_| {}).expect("sh runs");
        let said = std::fs::read_to_string(&path).expect("the log");
        std::fs::remove_file(&path).expect("the log goes");
        assert_eq!(said, "between\nerror: rest\nsure? \n");
    }

    #[test]
    fn of_one_output_no_line_changes_its_place() {
        let script = "for n in $(seq 200); do echo out $n; echo err $n >&2; done";
        let spec = CommandSpec::new("/bin/sh").args(["-c", script]).with_one_output();
        let output = run(&spec).expect("sh runs");
        let expected: String = (1..=200).map(|n| format!("out {n}\nerr {n}\n")).collect();
        assert_eq!(output.text(), expected);
    }

    #[test]
    fn arguments_are_shown_as_they_could_be_typed() {
        let spec = CommandSpec::new("/usr/bin/apt-get").arg("-o").arg("A=b c").arg("it's");
        assert_eq!(spec.shown(), "/usr/bin/apt-get -o 'A=b c' 'it'\\''s'");
    }
}
