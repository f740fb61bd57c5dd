//! Every back-end against what it promises.

mod configuration;
mod deb_archives;
