//! What can be asked for on the command line.

mod bramble;
mod bundle;
mod network;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use p2psync_bramble::bdf::Value;

use crate::metadata;
pub use bramble::Bramble;
pub use bundle::{Bundle, BundleAction};
pub use network::{Keep, Log, Nearby, Network, Pair, Peers, PeersAction, Sync};

/// Documents that must not be lost, on this machine.
#[derive(Debug, Parser)]
#[command(name = "p2psync", version, max_term_width = 100)]
pub struct Arguments {
    /// Folder of the store [default: p2psync in the user's folder for data]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Answer in JSON, one object in one line
    #[arg(long, global = true)]
    pub json: bool,
    /// File whose first line is the password [default: the variable P2PSYNC_PASSWORD, else asked for]
    #[arg(long, global = true, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a store, or say what is here
    Init(Init),
    /// Keep files as documents, and print the id of each once it is on disk
    Put(Put),
    /// Write a document's content to standard output or a file
    Get(Get),
    /// List documents, the last first
    #[command(visible_alias = "documents")]
    List(List),
    /// Show, set or clear the server that documents are for
    Destination(Destination),
    /// Say whether an OpenPGP certificate can be a destination's, or what is wrong with it
    SealCheck {
        /// The certificate, in armour or binary; - for standard input
        certificate: PathBuf,
    },
    /// Say which documents a server confirms by a receipt
    VerifyReceipt(VerifyReceipt),
    /// Delete documents for good
    Delete(Delete),
    /// List the devices that this one has paired with, or change what is known of one
    Peers(Peers),
    /// Say who is near
    Nearby(Nearby),
    /// Pair with another device: show a code, take one, or compare digits
    Pair(Pair),
    /// Sync with all peers that are near, once
    Sync(Sync),
    /// Say what goes on while syncing, until it is stopped
    Watch(Keep),
    /// Be there for peers, day and night
    Run(Keep),
    /// Say with whom this machine met, when, and what came of it
    Log(Log),
    /// Carry documents in a file: for a memory card, or to be sent by other means
    Bundle(Bundle),
    /// Take requests and give answers and events, as lines of JSON
    Rpc(Network),
    /// Speak plain Bramble with one device, to try another implementation
    Bramble(Bramble),
    /// Count documents, and say whether this machine may be wiped
    Status,
    /// Look for damage
    Check(Check),
    /// Change the password, or do without
    Password(Password),
    /// Destroy the store: identity, documents, configuration
    Wipe {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// See [`Command::Init`].
#[derive(Args, Debug)]
pub struct Init {
    /// This machine's name for other people [default: two words]
    #[arg(long)]
    pub name: Option<String>,
    /// Keep a key in a file that only this user can read, and ask for no password
    #[arg(long)]
    pub no_password: bool,
}

/// See [`Command::Put`].
#[derive(Args, Debug)]
pub struct Put {
    /// The files; - or none for standard input
    pub files: Vec<PathBuf>,
    /// Media type [default: by the file's name]
    #[arg(long = "type", value_name = "TYPE")]
    pub content_type: Option<String>,
    /// A value for the server: NAME=TEXT, or NAME:=VALUE for a number, true, false, null
    #[arg(long = "meta", value_name = "NAME=TEXT", value_parser = metadata::parse)]
    pub metadata: Vec<(String, Value)>,
    /// The person it is from, as the server knows them
    #[arg(long)]
    pub author: Option<String>,
    /// A file that belongs to it; kept as a document of its own
    #[arg(long = "attach", value_name = "FILE")]
    pub attachments: Vec<PathBuf>,
    /// A document that it builds on
    #[arg(long = "parent", value_name = "ID")]
    pub parents: Vec<String>,
    /// What goes first [default: normal, low if it is large]
    #[arg(long, value_enum)]
    pub priority: Option<Priority>,
    /// When nobody needs it any more: a date (2026-12-31) or a number of days (30d)
    #[arg(long, value_name = "DATE")]
    pub expires: Option<String>,
    /// Seal it, so that only the destination can read it [default: if there is one]
    #[arg(long, conflicts_with = "no_seal")]
    pub seal: bool,
    /// Leave it readable for the devices that carry it
    #[arg(long)]
    pub no_seal: bool,
    /// Do not offer it to other devices
    #[arg(long)]
    pub unshared: bool,
}

/// What goes first.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Priority {
    /// Forms that somebody waits for.
    High,
    /// Everything else.
    Normal,
    /// Photos and other bulk.
    Low,
}

/// See [`Command::Get`].
#[derive(Args, Debug)]
pub struct Get {
    /// The document's id, or enough of its beginning
    pub id: String,
    /// Write to this new file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Say what is known of it, not its content; so does --json without --output
    #[arg(long, conflicts_with = "output")]
    pub info: bool,
}

/// See [`Command::List`].
#[derive(Args, Debug)]
pub struct List {
    /// Only from here, or only from other devices
    #[arg(long, value_enum)]
    pub from: Option<From>,
    /// Only in this state: stored, relayed, delivered, confirmed, rejected
    #[arg(long = "state", value_name = "STATE")]
    pub states: Vec<String>,
    /// Only of this media type
    #[arg(long = "type", value_name = "TYPE")]
    pub content_type: Option<String>,
    /// Only with this value: NAME=TEXT or NAME:=VALUE
    #[arg(long = "meta", value_name = "NAME=TEXT", value_parser = metadata::parse)]
    pub metadata: Vec<(String, Value)>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Where the last list ended
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<i64>,
}

/// Where a document is from.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum From {
    /// This device.
    Here,
    /// Another device.
    Peer,
}

/// See [`Command::Destination`].
#[derive(Args, Debug)]
pub struct Destination {
    /// Its address, an https URL
    #[arg(long, requires = "cert")]
    pub url: Option<String>,
    /// Its OpenPGP certificate, in armour or binary
    #[arg(long, value_name = "FILE", requires = "url")]
    pub cert: Option<PathBuf>,
    /// Forget it
    #[arg(long, conflicts_with_all = ["url", "cert"])]
    pub clear: bool,
}

/// See [`Command::VerifyReceipt`].
#[derive(Args, Debug)]
pub struct VerifyReceipt {
    /// The receipt: the text that was signed, or text and signature as devices pass them on
    pub receipt: PathBuf,
    /// The detached binary signature [default: RECEIPT.sig]
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// The server's certificate [default: the destination's]
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,
}

/// See [`Command::Delete`].
#[derive(Args, Debug)]
pub struct Delete {
    /// The documents' ids, or enough of their beginnings
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
    /// Never take them from other devices again
    #[arg(long)]
    pub block: bool,
    /// Do not ask, also where no receipt says that the server has them
    #[arg(long)]
    pub yes: bool,
}

/// See [`Command::Check`].
#[derive(Args, Debug)]
pub struct Check {
    /// Also decrypt every row and compute every id
    #[arg(long)]
    pub full: bool,
    /// If there is damage, set the file aside and save what still opens
    #[arg(long)]
    pub rescue: bool,
}

/// See [`Command::Password`].
#[derive(Args, Debug)]
pub struct Password {
    /// File whose first line is the new password [default: asked for]
    #[arg(long, value_name = "FILE", conflicts_with = "none")]
    pub new: Option<PathBuf>,
    /// Keep a key in a file that only this user can read, and ask for no password from now on
    #[arg(long)]
    pub none: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }
}
