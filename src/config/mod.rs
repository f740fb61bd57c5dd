//! Settings: what the administrator wrote, checked, and every path that patchctl uses.

pub mod central;
pub mod choice;
mod complaint;
pub mod dnf;
pub mod document;
pub mod error;
mod field;
pub mod fragment;
pub mod layout;
pub mod load;
pub mod merge;
pub mod notify;
pub mod origins;
pub mod policy;
pub mod reference;
mod rehearsal_folder;
pub mod rules;
pub mod settings;
pub mod span;
