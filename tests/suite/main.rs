//! The one test program of patchctl: built once, so that the laboratory is too.
#![allow(
    unreachable_pub,
    dead_code,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests drive the real system, a broken expectation is what they report, and the laboratory is its own vocabulary"
)]

mod contracts;
mod lab;
mod measures;
mod rules;
mod stories;
mod sweep;
