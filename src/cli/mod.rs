//! The command line and the terminal: reads what was typed, prints what came of it.

pub mod aftermath;
pub mod args;
pub mod bundle;
mod configuration;
pub mod confirm;
pub mod failure;
pub mod forms;
pub mod generate;
pub mod policy;
pub mod progress;
mod rehearsal;
pub mod reports;
pub mod request;
pub mod session;
pub mod terminal;
mod timed;
pub mod values;
