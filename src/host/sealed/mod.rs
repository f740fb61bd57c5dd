//! patchctl asks itself, in a process that can do nothing but answer: what vendors publish is read there (safety design, P19).
//!
//! The process is patchctl once more. It opens the files it was told of, gives up everything else ([`shed`]), and only
//! then reads a byte of them. Its answer comes through a pipe, of a limited size and within a limited time.

mod calls;
mod confine;

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

pub use self::confine::shed;
use super::descriptors;

/// The only argument of a process that is asked. It is no verb: people have no use for it.
const ASKED: &str = "--asked-by-patchctl";
/// The program that runs, wherever it lies and even where it was replaced meanwhile (proc(5)).
const OWN_PROGRAM: &str = "/proc/self/exe";
/// Largest question: names of files and of a release.
const LARGEST_QUESTION: u64 = 64 * 1024;
/// Longest time for an answer: twice the processor time that the process may use ([`confine`]).
const LONGEST: Duration = Duration::from_secs(1200);

/// Whether this program answers when it is started with [`ASKED`].
static ANSWERS: AtomicBool = AtomicBool::new(false);

/// A question that has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// The process does not start.
    #[error("cannot start a process that reads it")]
    Start {
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// The pipes to it break.
    #[error("cannot speak with the process that reads it")]
    Speak {
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// It ended in another way than with an answer.
    #[error("the process that reads it {how}")]
    Ended {
        /// How.
        how: String,
    },
    /// It says more than it was asked for.
    #[error("the process that reads it answers with more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// It answers too late.
    #[error("the process that reads it did not end within {} minutes", LONGEST.as_secs() / 60)]
    TooLate,
    /// It says what is no answer.
    #[error("the process that reads it gives no answer that can be understood")]
    Unclear,
}

impl SealedError {
    /// Tells whether what was read may be the reason, as opposed to this host.
    pub fn is_of_content(&self) -> bool {
        !matches!(self, Self::Start { .. } | Self::Speak { .. })
    }
}

/// Says that this program answers questions. Without it nobody asks: another program that uses this library reads what it
/// reads by itself.
pub fn note_program() {
    ANSWERS.store(true, Ordering::Relaxed);
}

/// Tells whether the program that runs can be asked.
pub fn can_be_asked() -> bool {
    ANSWERS.load(Ordering::Relaxed)
}

/// Tells whether this process was started to answer.
pub fn is_asked() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().is_some_and(|first| first == ASKED) && arguments.next().is_none()
}

/// Returns the question, in the process that was started to answer it.
///
/// # Errors
/// Standard input cannot be read.
pub fn question() -> io::Result<Vec<u8>> {
    let mut question = Vec::new();
    io::stdin().take(LARGEST_QUESTION).read_to_end(&mut question)?;
    Ok(question)
}

/// Asks, and returns the answer of at most `largest` bytes.
///
/// # Errors
/// The process cannot be had, ends otherwise than well, or says too much or too late.
pub fn ask(question: &[u8], largest: u64) -> Result<Vec<u8>, SealedError> {
    descriptors::close_inherited();
    let mut command = Command::new(OWN_PROGRAM);
    command.arg0("patchctl").arg(ASKED).env_clear().current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|source| SealedError::Start { source })?;
    let answer = converse(&mut child, question, largest);
    if answer.is_err() {
        // It may have ended already.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|source| SealedError::Speak { source })?;
    match answer {
        Ok(_) | Err(SealedError::Speak { .. }) if !status.success() => {
            Err(SealedError::Ended { how: how(status) })
        }
        answer => answer,
    }
}

fn converse(child: &mut Child, question: &[u8], largest: u64) -> Result<Vec<u8>, SealedError> {
    let until = Instant::now() + LONGEST;
    let speak = |source| SealedError::Speak { source };
    if let Some(mut input) = child.stdin.take() {
        input.write_all(question).map_err(speak)?;
    }
    let Some(mut output) = child.stdout.take() else { return Ok(Vec::new()) };
    let (mut answer, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut waited = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waited, timeout) {
            Ok(0) => return Err(SealedError::TooLate),
            Ok(_) => {}
            Err(nix::errno::Errno::EINTR) => continue,
            Err(error) => return Err(speak(error.into())),
        }
        match output.read(&mut piece).map_err(speak)? {
            0 => return Ok(answer),
            count => answer.extend_from_slice(&piece[..count]),
        }
        if answer.len() as u64 > largest {
            return Err(SealedError::TooLarge { limit: largest });
        }
    }
}

/// How a process ended, with what may be the reason. A process that has no more memory aborts (SIGABRT), one that used up
/// its processor time is killed (setrlimit(2), RLIMIT_CPU).
fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(6), _) => "gave up: it needs more memory than any real feed".to_owned(),
        (Some(9 | 24), _) => "was killed: it needs more time or memory than any real feed".to_owned(),
        (Some(signal), _) => format!("was ended by signal {signal}"),
        (None, code) => format!("ended with exit code {}", code.unwrap_or(-1)),
    }
}
