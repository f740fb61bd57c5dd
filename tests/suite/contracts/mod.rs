//! What every part promises, checked against the real tools.

mod boot_units;
mod calendar;
mod configuration;
mod deb_archives;
mod deb_archives_refused;
mod every_importer;
mod host_scans;
mod inventories;
mod known_errors_of_others;
mod lab_faults_hold;
mod lab_holds;
mod list_feeds;
mod one_feed;
mod osv_records;
pub mod packages;
mod policy_table;
mod reader_is_sealed;
mod renderings;
mod rpm_feeds;
mod simulated_year;
mod static_program;
mod tools_agree;
mod version_orders;
mod version_orders_of_tools;
