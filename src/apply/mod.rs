//! Do it, prove it, or take it back.

pub mod journal;
pub mod restart;
pub mod space;
//! Does what a plan says, proves it, or takes it back.

pub mod configuration;
