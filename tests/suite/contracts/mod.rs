//! What every part promises, checked against the real tools.

mod configuration;
mod deb_archives;
mod lab_faults_hold;
mod lab_holds;
