//! What is vulnerable here: inventory, feeds, the compiled index, and the assessment that joins them.

pub mod assess;
pub mod feed;
pub mod index;
