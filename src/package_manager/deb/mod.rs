//! Debian package archives.
