//! Tells what happened: one versioned report, and its pure renderings. What is remembered is left to `report::ledger`.

pub mod background;
pub mod compliance;
pub mod contract;
mod csv;
mod cyclonedx;
pub mod doctor;
pub mod documents;
pub mod format;
mod group;
pub mod health;
mod html;
pub mod json;
mod junit;
mod markdown;
mod openmetrics;
mod openvex;
pub mod policy;
mod purl;
pub mod restart;
pub mod rules;
mod sarif;
pub mod schema;
mod statement;
pub mod text;
pub mod transaction;
mod words;
mod xml;
