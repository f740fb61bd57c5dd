//! The command line of `bundle`. Definitions, nothing else.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

/// `bundle`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl bundle create web.bundle --sign-with anna   on a host of the ring that has a network
  patchctl bundle verify web.bundle                    what is in it, and that it is whole
  patchctl apply --bundle web.bundle                   on every host of the ring, without one")]
pub struct BundleArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: BundleVerb,
}

/// What `bundle` does.
#[derive(Clone, Debug, Subcommand)]
pub enum BundleVerb {
    /// Pack everything that patches a host into one file
    ///
    /// Feeds, repositories' lists, the central policy, a sealed plan for this host and the archives it installs; of rpm and pacman
    /// also those of the way back, which nobody can rebuild. Hosts of the same release and repositories take it; on another host
    /// than this one the plan is made there, from what is in the bundle.
    Create {
        /// The bundle to write
        #[arg(value_name = "BUNDLE", value_hint = ValueHint::FilePath)]
        bundle: PathBuf,
        /// Sign it with this key of root's gpg: BUNDLE.asc is written beside it
        #[arg(long, value_name = "KEY")]
        sign_with: Option<String>,
    },
    /// Prove that a bundle is whole, and with feeds.bundle_key who signed it
    Verify {
        /// The bundle
        #[arg(value_name = "BUNDLE", value_hint = ValueHint::FilePath)]
        bundle: PathBuf,
    },
}
