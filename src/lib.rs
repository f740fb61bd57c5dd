//! patchctl finds, plans, applies, verifies and rolls back security patches on one Linux host.
//!
//! # What it promises
//!
//! Never half-patched in silence, never unpatched in silence, every decision explained. A run ends fully old or fully
//! new, and the report says which and why. An unknown is shown as unknown, never as safe.
//!
//! # The way of a patch
//!
//! ```text
//! inventory -> feed + index -> assess -> policy -> plan -> stage -> protect -> apply -> verify -> report
//!   (host)        (host)       (pure)    (pure)    (pure)  (host)    (host)   (host)    (host)   (pure)
//!                                                              \______ journal ______/-> rollback
//! ```
//!
//! Each stage is a function from value to value, and only the stage before can make the next value: a
//! [`apply::stage::StagedPlan`] comes from [`apply::stage::stage`] alone, a [`apply::protect::ProtectedPlan`] from
//! [`apply::protect::protect`]. So the wrong order does not compile.
//!
//! - [`scan::inventory::read`]: what is installed, straight from the package database
//! - [`scan::refresh::refresh`], [`scan::feed::repository::view`]: what vendors state and repositories offer
//! - [`scan::assess::assess`]: inventory met advisories; the findings
//! - [`plan::policy::decide`], [`plan::assemble`]: findings to decisions, decisions to a sealed plan
//! - [`apply::stage::stage`], [`apply::protect::protect`], [`apply::engine::perform`]: the change itself
//! - [`apply::back::go`]: the way back
//! - [`report::schema::Report`]: what is told, as data first
//!
//! # Ten words
//!
//! *Advisory*: a vendor's statement. *Finding*: an advisory met an installed package. *Verdict*: what is true of it,
//! one of six, never guessed. *Held*: our decision to leave something, with its reason. *Plan*: the exact changes,
//! sealed by a digest. *Step*: the smallest journaled unit. *Protect*: save what the way back needs. *Journal*: what was
//! intended and what was observed, a hash chain on disk. *Drift*: the host is no longer what the plan was made for.
//! *Outcome*: how it ended, in one word.
//!
//! # Where the operating system begins
//!
//! [`host`] is the only folder that opens files, starts processes, takes locks or reads the clock; `clippy.toml` makes
//! anything else an error. Everything pure can be read and tested without a host.
//!
//! # Follow one package
//!
//! A stanza of dpkg's status becomes a [`model::package::InstalledPackage`]; [`scan::index`] knows the advisories of its
//! source; [`scan::assess::affected`] compares versions and gives a verdict; [`model::finding::Finding`] carries it;
//! [`plan::policy`] decides; [`report::text`] writes the line.
//!
//! # What survives a power cut
//!
//! [`apply::journal`] says how far a run came ([`model::transaction::Phase`]). Old and new archives, configuration and
//! marks lie in the run's folder ([`config::layout::RunFolder`]) before the first change, so [`ops::recover`] needs no
//! network.
//!
//! # Add a feed or a package manager
//!
//! One file that implements [`scan::feed::AdvisoryFeed`], or one folder that implements [`package_manager::PackageManager`]
//! with its [`package_manager::archives::ArchiveFormat`] and [`package_manager::records::HostRecords`], and one line in the
//! `registry.rs` beside it. What its repositories offer is read in [`scan::feed`].
//!
//! # The laboratory
//!
//! `tests/run` builds real roots and runs every story on the real apt and dpkg, dnf, zypper and rpm (`tests/suite/lab`). A failing story
//! prints the command, its exit code and both outputs.

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
pub mod threads;
