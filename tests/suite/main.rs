//! The one test program of patchctl.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests drive the real system"
)]

mod contracts;
