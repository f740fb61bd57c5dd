//! The next boot: while a run is open, a unit of its own makes the boot end it, should the power fail.
//!
//! A host whose administrator enabled the unit that is shipped needs none. What is written here is durable before the first
//! record of the run and taken away when the run is over: so a run that was cut off while it fetched is closed by the next
//! boot as well (safety design, section 5.2, asks for it before `APPLYING`).

use std::path::{Path, PathBuf};

use super::systemd;
use crate::host::environment;
use crate::host::storage::{self, StorageError};
use crate::host::whole_file;

/// The unit that is shipped, and where it expects the program.
const SHIPPED: (&str, &str) = ("patchctl-recover.service", "/usr/bin/patchctl");
const TEXT: &str = include_str!("../../packaging/systemd/patchctl-recover.service");

/// The administrator's units below a root (systemd.unit(5), unit load path).
const UNITS: &str = "etc/systemd/system";

/// The unit of an open run.
const OWN: &str = "patchctl-recover-run.service";

/// What the unit that is shipped is wanted by, too (its `WantedBy=`).
const WANTS: &str = "multi-user.target.wants";

/// A boot that cannot be told to end the run. Nothing has been changed.
#[derive(Debug, thiserror::Error)]
pub enum BootRecoveryError {
    /// The program that it would call is not known.
    #[error("cannot tell which program the next boot has to call")]
    OwnProgram(#[source] std::io::Error),
    /// The unit cannot be written.
    #[error("cannot tell the next boot to end the run if the power fails")]
    Store(#[source] StorageError),
}

/// Makes the next boot end the open run of this host. Another root and a host without systemd have no such boot, and a
/// masked unit is the administrator's word.
///
/// # Errors
/// The unit cannot be written.
pub fn arm(root: &Path) -> Result<(), BootRecoveryError> {
    let units = root.join(UNITS);
    let is_this_boot = root == Path::new("/") && systemd::is_running();
    if !is_this_boot || systemd::is_wanted(&units, SHIPPED.0) || is_masked(&units.join(SHIPPED.0)) {
        return Ok(());
    }
    let program = environment::own_program().map_err(BootRecoveryError::OwnProgram)?;
    write(&units, &program).map_err(BootRecoveryError::Store)
}

fn write(units: &Path, program: &Path) -> Result<(), StorageError> {
    let [unit, link] = places(units);
    let text = TEXT.replace(SHIPPED.1, &program.display().to_string());
    storage::create_folder(&units.join(WANTS), 0o755)?;
    remove(units);
    // A cut leaves both or none of them, and no draft: nobody would come to take away what no boot starts.
    whole_file::create(&unit, text.as_bytes(), 0o644)?;
    whole_file::link(&link, &unit)?;
    whole_file::sync_file_system(units)
}

/// Takes the unit away; one that is gone already is no matter.
pub fn disarm(root: &Path) {
    remove(&root.join(UNITS));
}

fn remove(units: &Path) {
    let [unit, link] = places(units);
    // One that stays finds nothing to do at the next boot, and is taken away by it.
    let _ = storage::remove_file(&link);
    let _ = storage::remove_file(&unit);
}

fn places(units: &Path) -> [PathBuf; 2] {
    [units.join(OWN), units.join(WANTS).join(OWN)]
}

/// systemd.unit(5): a unit that is a link to /dev/null is never started.
fn is_masked(unit: &Path) -> bool {
    storage::link_target(unit).is_ok_and(|target| target == Path::new("/dev/null"))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests need a folder of their own")]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_run_calls_this_program_and_leaves_nothing_behind() {
        let folder = std::env::temp_dir().join(format!("patchctl-boot-recovery-{}", std::process::id()));
        storage::create_folder(&folder, 0o755).expect("a scratch folder can be made");
        for program in ["/opt/older/patchctl", "/opt/tools/patchctl"] {
            write(&folder, Path::new(program)).expect("a unit can be written");
        }
        assert!(systemd::is_wanted(&folder, OWN));
        let text = storage::read(&folder.join(WANTS).join(OWN)).expect("the link leads to the unit");
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains("ExecStart=/opt/tools/patchctl recover --unattended"), "{text}");
        remove(&folder);
        assert!(!systemd::is_wanted(&folder, OWN) && !storage::exists(&folder.join(OWN)));
        storage::remove_folder(&folder).expect("the scratch folder can be removed");
    }
}
