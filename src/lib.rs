//! patchctl
pub mod apply;
pub mod config;
pub mod host;
pub mod model;
pub mod observe;
pub mod package_manager;
