//! The only folder that touches the operating system: files, processes, locks, clock, network, signals.
//!
//! Everything else works on values. `clippy.toml` forbids the calls that would reach the system from elsewhere;
//! this folder alone allows them.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this folder is the door to the operating system"
)]

pub mod blocks;
pub mod clock;
pub mod clone;
pub mod command;
pub mod control_group;
pub mod copies;
pub mod descriptors;
pub mod draft;
pub mod environment;
pub mod exchange;
pub mod facts;
pub mod full_disk;
pub mod inhibitor;
pub mod left_behind;
pub mod lock;
pub mod mask;
pub mod mounts;
pub mod names;
pub mod network;
pub mod outlet;
pub mod ownership;
pub mod people;
pub mod pieces;
pub mod processes;
pub mod runner;
pub mod sealed;
mod session_leaves;
pub mod signals;
pub mod sockets;
pub mod storage;
pub mod transport;
pub mod trust;
pub mod whole_file;
