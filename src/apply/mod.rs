//! Do it, prove it, or take it back.

pub mod journal;
pub mod restart;
pub mod space;
