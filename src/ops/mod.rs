//! One file a verb: what is asked, and the one function that does it.

pub mod apply;
pub mod clock;
pub mod closing;
pub mod context;
pub mod feeds;
pub mod foresight;
pub mod history;
pub mod ledger;
pub mod lists;
pub mod mend;
pub mod plan;
pub mod quarantine;
pub mod records;
pub mod recover;
pub mod request;
pub mod resolve;
pub mod retention;
pub mod rollback;
pub mod runs;
pub mod scan;
pub mod status;
pub mod survey;
pub mod way_back;
pub mod why;
