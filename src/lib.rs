//! patchctl
pub mod config;
pub mod host;
pub mod model;
pub mod observe;
pub mod scan;
