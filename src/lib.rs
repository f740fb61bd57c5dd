//! patchctl
pub mod cli;
pub mod config;
pub mod host;
pub mod model;
pub mod observe;
pub mod ops;
pub mod report;
