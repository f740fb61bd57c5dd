//! The compiled advisories of one feed for one release: built once per content, read as far as a host needs it,
//! looked up by name.
//!
//! The file is a cache of ours: a damaged one, or one of another version, is detected and built again from the
//! content of the feed. It is still read as if a stranger had written it, because root reads it.

mod build;
mod format;
mod lookup;
mod open;
mod statement;
#[cfg(test)]
mod tests;
mod texts;
mod threats;

pub use build::{Compiler, build};
pub use format::{IndexError, Provenance};
pub use lookup::Index;
pub use open::{IndexBytes, Wanted};
pub use statement::Statement;
pub use threats::{Exploited, Threat, ThreatIndex, build_threats};
