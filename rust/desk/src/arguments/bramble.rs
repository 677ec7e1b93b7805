//! What a session of plain Bramble is given on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use p2psync_bramble::{SecretKey, WallClock};
use p2psync_model::{GroupId, group_id};

/// See [`super::Command::Bramble`].
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("where").required(true).args(["listen", "connect"])))]
#[command(group(ArgGroup::new("role").required(true).args(["alice", "bob"])))]
pub struct Bramble {
    /// Wait for one connection here
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Connect there
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub connect: Option<SocketAddr>,
    /// The root key that both have: 64 hex digits
    #[arg(long, value_name = "HEX", value_parser = key)]
    pub root_key: SecretKey,
    /// Be Alice
    #[arg(long)]
    pub alice: bool,
    /// Be Bob
    #[arg(long)]
    pub bob: bool,
    /// When the root key was agreed, in milliseconds since 1970
    #[arg(long, value_name = "MS")]
    pub timestamp: u64,
    /// What the clock says, in milliseconds since 1970 [default: this machine's]
    #[arg(long, value_name = "MS")]
    pub clock: Option<u64>,
    /// A group that both share: client id, major version and descriptor in hex, or the group's id
    #[arg(long = "group", value_name = "CLIENT:MAJOR:HEX", value_parser = group)]
    pub groups: Vec<GroupId>,
    /// A file to send as a message in the first group, at most 32 kB
    #[arg(long, value_name = "FILE", requires = "groups", num_args = 1..)]
    pub send: Vec<PathBuf>,
    /// The timestamp of the first message that is sent; each further one is a millisecond later [default: the clock]
    #[arg(long, value_name = "MS", requires = "send")]
    pub sent_at: Option<u64>,
    /// End when nothing has been under way for so many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2_000, conflicts_with = "stay")]
    pub linger: u64,
    /// Do not end before the other side
    #[arg(long)]
    pub stay: bool,
    /// For so many seconds of silence at most
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub silence: u32,
}

impl Bramble {
    /// The date, as the session believes it.
    pub fn date(&self, now: WallClock) -> WallClock {
        self.clock.map_or(now, WallClock)
    }
}

/// A group, by what its id is made of, or by its id.
fn group(text: &str) -> Result<GroupId, String> {
    if let Some(id) = hex(text).and_then(|bytes| bytes.try_into().ok()) {
        return Ok(GroupId::from_bytes(id));
    }
    let parts: Vec<&str> = text.rsplitn(3, ':').collect();
    let [descriptor, major_version, client_id] = parts.as_slice() else {
        return Err("a group looks like org.example.client:0:00ff, or is an id of 64 hex digits".into());
    };
    let major_version = major_version.parse().map_err(|_| "the major version is a number")?;
    let descriptor = hex(descriptor).ok_or("the descriptor is in hex")?;
    group_id(client_id, major_version, &descriptor).map_err(|error| error.to_string())
}

fn key(text: &str) -> Result<SecretKey, String> {
    let bytes = hex(text).and_then(|bytes| <[u8; SecretKey::BYTES]>::try_from(bytes).ok());
    bytes.map(SecretKey::from_bytes).ok_or_else(|| "a key has 64 hex digits".into())
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_keys_are_read() {
        assert_eq!(group("org.example.x:7:00fF"), Ok(group_id("org.example.x", 7, &[0, 255]).unwrap()));
        assert_eq!(group("a:b:1:"), Ok(group_id("a:b", 1, &[]).unwrap()));
        assert_eq!(group(&"0A".repeat(32)), Ok(GroupId::from_bytes([10; 32])));
        for other in ["", "a", "a:1", "a:x:00", "a:1:0", "a:-1:00", "a:1:zz"] {
            assert!(group(other).is_err(), "{other}");
        }
        assert_eq!(key(&"0A".repeat(32)).unwrap().as_bytes(), &[10; 32]);
        assert!(key("00").is_err() && key(&"0g".repeat(32)).is_err());
    }
}
