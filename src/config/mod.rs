//! Settings: what the administrator wrote, checked, and every path that patchctl uses.

pub mod layout;
pub mod settings;
