//! The command line and the terminal: reads what was typed, prints what came of it.

pub mod args;
pub mod request;
pub mod values;
