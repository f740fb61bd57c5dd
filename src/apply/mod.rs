//! Does what a plan says, proves it, or takes it back.

pub mod configuration;
