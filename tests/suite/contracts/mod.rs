//! Every back-end against what it promises.

mod deb_archives;
