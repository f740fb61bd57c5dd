//! patchctl

pub mod apply;
pub mod cli;
pub mod config;
pub mod host;
pub mod model;
pub mod observe;
pub mod ops;
pub mod package_manager;
pub mod plan;
pub mod report;
pub mod scan;
