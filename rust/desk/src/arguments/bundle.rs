//! What bundles are given on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// See [`super::Command::Bundle`].
#[derive(Args, Debug)]
pub struct Bundle {
    /// Out or in
    #[command(subcommand)]
    pub action: BundleAction,
}

/// What can be done with bundles.
#[derive(Debug, Subcommand)]
pub enum BundleAction {
    /// Write a new file that all stored peers can read, and the destination
    Export {
        /// The new file; - for standard output
        file: PathBuf,
        /// Only these documents: an id or enough of its beginning [default: all that peers are offered]
        #[arg(long = "id", value_name = "ID")]
        ids: Vec<String>,
    },
    /// Take what is new in a file that a peer has written, as often as you like
    Import {
        /// The file; - for standard input
        file: PathBuf,
    },
}
