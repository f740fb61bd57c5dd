//! apk: planned by its own simulation, carried out from staged archives that are named as files.
//!
//! A file named on apk's command line is exact by its content, and apk checks its signature. It also becomes a pin in the
//! world, which would hold the next fix back: the world is put back byte for byte after every call.
//!
//! apk writes its database once, at the very end. When it is cut off, files may be new that the database calls old, and
//! nothing says so: a mark of patchctl's own does, and then every package of the run is installed anew.

mod answers;
mod archive;
mod commands;
mod format;
mod installed;
mod records;
mod repository;
mod transaction;
mod world;

pub use commands::Apk;
