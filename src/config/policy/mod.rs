//! `[policy]`: what may be patched, how fast, when, and on which ring.

mod calendar;
pub mod evidence;
pub mod fragment;
pub mod listing;
mod rings;
pub mod settings;
