//! The one test program of patchctl: built once, so that the laboratory is too.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests drive the real system, and a broken expectation is what they report"
)]

mod contracts;
mod lab;
mod rules;
