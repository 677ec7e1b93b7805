//! What goes into a pairing and what comes out of it, bytes apart.

use p2psync_bramble::{Role, SecretKey, WallClock};

use crate::{Authentication, Digits, Extension, Identity, Progress, TransportProperties, Verdict};

/// What happens to a pairing.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Bytes came from the other side.
    Bytes(&'a [u8]),
    /// No more bytes will come.
    End,
    /// Time has passed.
    Tick,
    /// Our person has compared the digits.
    Verdict(Verdict),
}

/// What the caller must do.
#[derive(Debug)]
pub enum Effect {
    /// Tell the person.
    Progress(Progress),
    /// Our code has been used: take it off the screen.
    CodeUsed,
    /// Show these digits and ask whether the other screen shows the same.
    CompareDigits(Digits),
    /// It is done. Send what `fill` still gives; then the connection belongs to the next protocol. People see
    /// the other's name and how it was authenticated.
    Paired(Box<Paired>),
}

/// What a pairing leaves.
#[derive(Debug)]
pub struct Paired {
    /// Our role, kept by the protocols that follow.
    pub role: Role,
    /// The secret of the two devices; also the root key of Bramble's rotation mode.
    pub master_key: SecretKey,
    /// How this side knows the other.
    pub authentication: Authentication,
    /// Who the other device is.
    pub identity: Identity,
    /// How it can be reached.
    pub properties: TransportProperties,
    /// What our devices tell each other; absent with plain Bramble devices.
    pub extension: Option<Extension>,
    /// The time of the root key in Bramble's rotation mode: the smaller of both sides'.
    pub root_timestamp: WallClock,
    /// Bytes that came after the pairing: the next protocol's.
    pub unread: Vec<u8>,
}
