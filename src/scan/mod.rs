//! What is vulnerable here: inventory, feeds, the compiled index, and the assessment that joins them.

pub mod assess;
pub mod feed;
pub mod index;
//! What is vulnerable here: what is installed, what the vendors say, and where the two meet.

pub mod feed;
pub mod inventory;
