//! The sweep: kills, errors and meetings at every call that touches a file, and the verdict on what they leave.
//!
//! A point is one system call of one program in the tree of a command. What a kill of the whole tree leaves there is a copy
//! of the root at that instant, so one traced run gives the points of all its calls, and each costs one recovery. The
//! verdict knows three words: old, new (both may name residue in the report, none does today), and FAIL.
//!
//! `tests/run` tries a sample that a build can wait for, spread evenly and moved by a seed that is printed;
//! `tests/run --sweep full` tries every call. `PATCHCTL_SWEEP_SEED` repeats a sample. `tests/RELIABILITY.md` has the figures.
//!
//! - [`calls`]: which calls these are
//! - [`tracer`]: stops a command at each of them
//! - [`world`]: a root before and after a run, and the verdict
//! - [`family_world`]: the same for hosts of dnf, zypper, pacman and apk
//! - [`campaign`]: choice, cut and tally
//! - [`power_cuts`]: the same for the disk of a guest in QEMU whose power is cut

mod apk_kills;
mod calls;
mod campaign;
mod errnos;
mod exchange;
mod family_world;
mod kills;
mod meeting;
mod pacman_kills;
mod power_cuts;
mod rpm_kills;
mod rpm_yardstick;
mod tracer;
mod world;
mod yardstick;
