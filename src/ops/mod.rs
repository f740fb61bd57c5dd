//! One file a verb: what is asked, and the one function that does it.

pub mod apply;
pub mod closing;
pub mod context;
pub mod foresight;
pub mod ledger;
pub mod plan;
pub mod quarantine;
pub mod records;
pub mod request;
pub mod resolve;
pub mod runs;
pub mod scan;
pub mod survey;
