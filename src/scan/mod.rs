//! What is vulnerable here: what is installed, what the vendors say, and where the two meet.

pub mod assess;
pub mod channels;
mod dnf_locks;
mod dnf_modules;
pub mod explain;
pub mod feed;
pub mod index;
pub mod inventory;
mod pacman_settings;
pub mod refresh;
mod source_field;
pub mod support;
pub mod vendors;
