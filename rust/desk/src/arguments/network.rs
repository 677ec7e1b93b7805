//! What can be asked for that other devices take part in.

use std::net::SocketAddr;

use clap::{Args, Subcommand};
use p2psync_model::PeerId;

/// How others are reached, and reach this machine.
#[derive(Args, Debug)]
pub struct Network {
    /// Listen here alone [default: everywhere, at port 51817 if it is free]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Also try this address; with the id of the peer that is there, if it is known
    #[arg(long = "dial", value_name = "[PEER=]ADDRESS:PORT", value_parser = known_address)]
    pub dial: Vec<KnownAddress>,
    /// Do not ask the local network who is there; only dial and be dialled
    #[arg(long)]
    pub no_mdns: bool,
}

/// An address, and perhaps who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownAddress {
    /// Where.
    pub address: SocketAddr,
    /// Who.
    pub peer: Option<PeerId>,
}

/// `ADDRESS:PORT` or `PEER=ADDRESS:PORT`.
fn known_address(text: &str) -> Result<KnownAddress, String> {
    let (peer, address) = match text.split_once('=') {
        Some((peer, address)) => {
            (Some(PeerId::parse(peer).map_err(|_| "a peer's id has 64 hex digits")?), address)
        }
        None => (None, text),
    };
    let address = address.parse().map_err(|_| "an address looks like 192.168.1.5:51817")?;
    Ok(KnownAddress { address, peer })
}

/// See [`super::Command::Peers`].
#[derive(Args, Debug)]
pub struct Peers {
    /// What to do with them [default: list them]
    #[command(subcommand)]
    pub action: Option<PeersAction>,
}

/// What can be done with peers.
#[derive(Debug, Subcommand)]
pub enum PeersAction {
    /// List them
    List,
    /// Give one another name, on this machine alone
    Rename {
        /// Its name, or its id or enough of the beginning
        peer: String,
        /// The new name
        name: String,
    },
    /// Make one a stranger; what it brought stays
    Forget {
        /// Its name, or its id or enough of the beginning
        peer: String,
    },
    /// Treat one as a stranger until it is unblocked
    Block {
        /// Its name, or its id or enough of the beginning
        peer: String,
    },
    /// Treat one as a peer again
    Unblock {
        /// Its name, or its id or enough of the beginning
        peer: String,
    },
    /// Sync with one whenever it is near, or only when asked
    Auto {
        /// Its name, or its id or enough of the beginning
        peer: String,
        /// Only when asked
        #[arg(long)]
        off: bool,
    },
}

/// See [`super::Command::Nearby`].
#[derive(Args, Debug)]
pub struct Nearby {
    /// How others are reached
    #[command(flatten)]
    pub network: Network,
    /// Look for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = seconds())]
    pub seconds: u32,
}

/// See [`super::Command::Pair`].
#[derive(Args, Debug)]
pub struct Pair {
    /// How others are reached
    #[command(flatten)]
    pub network: Network,
    /// The code that the other device shows, as text
    #[arg(long, value_name = "TEXT", conflicts_with = "with")]
    pub code: Option<String>,
    /// Take a code that seems to have expired: one of the two clocks may be wrong
    #[arg(long, requires = "code")]
    pub insist: bool,
    /// Compare digits with somebody near: the two words that its screen shows, or its id
    #[arg(long, value_name = "WORDS")]
    pub with: Option<String>,
    /// Take it that the digits are the same, without asking
    #[arg(long)]
    pub yes_digits: bool,
    /// Forget the device when this command ends
    #[arg(long)]
    pub once: bool,
    /// Wait for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = seconds())]
    pub seconds: u32,
}

/// See [`super::Command::Sync`].
#[derive(Args, Debug)]
pub struct Sync {
    /// How others are reached
    #[command(flatten)]
    pub network: Network,
    /// Only with these peers: a name, or an id or enough of the beginning
    #[arg(long = "with", value_name = "PEER")]
    pub with: Vec<String>,
    /// For so long at most
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = seconds())]
    pub seconds: u32,
}

/// See [`super::Command::Watch`] and [`super::Command::Run`].
#[derive(Args, Debug)]
pub struct Keep {
    /// How others are reached
    #[command(flatten)]
    pub network: Network,
    /// Let anybody near see this machine, and begin to pair with it
    #[arg(long)]
    pub visible: bool,
}

/// See [`super::Command::Log`].
#[derive(Args, Debug)]
pub struct Log {
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Where the last page ended
    #[arg(long, value_name = "CURSOR")]
    pub before: Option<i64>,
}

/// A day at most, which is as long as the engine looks.
fn seconds() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_name_who_is_there() {
        let address = "127.0.0.1:5".parse().unwrap();
        assert_eq!(known_address("127.0.0.1:5"), Ok(KnownAddress { address, peer: None }));
        let peer = PeerId::from_bytes([0xab; 32]);
        assert_eq!(
            known_address(&format!("{peer}=127.0.0.1:5")),
            Ok(KnownAddress { address, peer: Some(peer) })
        );
        for other in ["", "127.0.0.1", "host:5", "ab=127.0.0.1:5", "=127.0.0.1:5"] {
            assert!(known_address(other).is_err(), "{other}");
        }
    }
}
