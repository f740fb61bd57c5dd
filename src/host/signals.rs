//! Signals are noted, not obeyed at once: a run ends at its next clean boundary.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// What asked the run to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// SIGINT: ^C at a terminal.
    Interrupt,
    /// SIGTERM, or SIGHUP when the terminal went away.
    Terminate,
}

/// Notes the signals that ask a process to stop.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    noted: Arc<AtomicUsize>,
}

impl Signals {
    /// Begins to note SIGINT, SIGTERM and SIGHUP instead of dying of them.
    ///
    /// # Errors
    /// The system refuses the handlers.
    pub fn defer() -> io::Result<Self> {
        let signals = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, Arc::clone(&signals.noted), number)?;
        }
        Ok(signals)
    }

    /// Returns what asked to stop, if anything did.
    pub fn stop(&self) -> Option<Stop> {
        match i32::try_from(self.noted.load(Ordering::SeqCst)) {
            Ok(0) | Err(_) => None,
            Ok(SIGINT) => Some(Stop::Interrupt),
            Ok(_) => Some(Stop::Terminate),
        }
    }
}
