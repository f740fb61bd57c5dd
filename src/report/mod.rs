//! Tells what happened: one versioned report, and its pure renderings. What is remembered is left to `report::ledger`.

pub mod contract;
pub mod doctor;
pub mod documents;
pub mod health;
pub mod policy;
pub mod restart;
pub mod rules;
pub mod schema;
pub mod text;
pub mod transaction;
