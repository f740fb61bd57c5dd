//! A request to the login manager not to shut down or sleep for a while. Advisory: whoever insists is let through, and a
//! host without a login manager has none.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::descriptors;

/// Holds a lock of the login manager for as long as its command runs (systemd-inhibit(1)).
const SYSTEMD_INHIBIT: &str = "/usr/bin/systemd-inhibit";

/// The command that it runs: it reads until its input ends, and that ends with this process, however that ends. So a
/// killed patchctl leaves no lock behind.
const WAITS: &str = "/bin/cat";

/// A session of its own, so that what interrupts the terminal does not end it.
const SETSID: &str = "/usr/bin/setsid";

/// The request, as long as the value lives.
#[derive(Debug)]
pub struct Inhibitor {
    child: Child,
}

impl Inhibitor {
    /// Asks not to shut down or sleep, `because` of something that people are told. `None` where nobody can be asked.
    pub fn ask(because: &str) -> Option<Self> {
        if !Path::new(SYSTEMD_INHIBIT).exists() {
            return None;
        }
        descriptors::close_inherited();
        let mut command = Command::new(SETSID);
        command.args([SYSTEMD_INHIBIT, "--what=shutdown:sleep", "--mode=block", "--who=patchctl"]);
        command.arg(format!("--why={because}")).arg(WAITS);
        command.env_clear().current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().ok().map(|child| Self { child })
    }
}

impl Drop for Inhibitor {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
