//! Do it, prove it, or take it back.

pub mod journal;
