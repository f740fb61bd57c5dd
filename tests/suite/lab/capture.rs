//! Answers for what a running command has said so far, read while it runs.

use std::io::Read;
use std::process::{ChildStderr, ChildStdout};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// One pipe of a command.
pub struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Capture {
    pub fn of_stdout(pipe: Option<ChildStdout>) -> Self {
        Self::of(pipe.expect("stdout is piped"))
    }

    pub fn of_stderr(pipe: Option<ChildStderr>) -> Self {
        Self::of(pipe.expect("stderr is piped"))
    }

    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut block = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut block) {
                shared.lock().expect("no reader panics").extend_from_slice(&block[..count]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    pub fn ended(&self) -> bool {
        self.reader.as_ref().is_none_or(JoinHandle::is_finished)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("no reader panics")).into_owned()
    }

    pub fn finish(&mut self) -> String {
        self.reader.take().map(JoinHandle::join);
        self.text()
    }
}
