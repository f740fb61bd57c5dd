//! One file a verb: what is asked, and the one function that does it.

pub mod context;
pub mod ledger;
pub mod request;
pub mod survey;
