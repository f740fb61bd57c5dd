//! One file a verb: what is asked, and the one function that does it.

pub mod apply;
pub mod closing;
pub mod context;
pub mod dead_man;
pub mod exposure;
pub mod feeds;
pub mod foresight;
pub mod history;
pub mod ledger;
pub mod mend;
pub mod needs_restart;
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
pub mod trial;
pub mod why;
