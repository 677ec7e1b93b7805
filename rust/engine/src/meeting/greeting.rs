//! The first bytes of both sides on an open link: what each knows of the other's adverts, and what is new of its own.
//!
//! Two bytes: the lower 15 bits stand for the advertising key that this device has of the other; the top bit says
//! that 32 bytes follow: from now on my adverts are made from this key. Everything after that belongs to the protocol
//! above. Who hears that the other has an old key tells it on the next link, and who has a new one on each until then.

use p2psync_bramble::{SecretKey, mac};

/// One side's greeting: what is to be said, and what is heard.
#[derive(Debug)]
pub(super) struct Greeting {
    to_say: Vec<u8>,
    heard: Vec<u8>,
    is_heard: bool,
}

/// What a greeting came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// It is not whole yet.
    Nothing,
    /// It was over before; these bytes come after it.
    Before(&'a [u8]),
    /// It is over; these bytes come after it.
    Over {
        /// What stands for our key, as the other side has it.
        ours: KeyCheck,
        /// The other's new advertising key, if it says so.
        advertising_key: Option<SecretKey>,
        /// What belongs to the protocol above.
        rest: &'a [u8],
    },
}

/// Fifteen bits that stand for a key.
pub(super) type KeyCheck = u16;

/// What stands for `advertising_key`.
pub(super) fn key_check(advertising_key: &SecretKey) -> KeyCheck {
    let digest = mac("org.sahana.p2psync.meeting/KEY_CHECK", advertising_key, &[]);
    u16::from_be_bytes(*digest.first_chunk().expect("a MAC has 32 bytes")) & !NEW_KEY
}

impl Greeting {
    /// Says which key this device has of the other, and tells its own.
    pub(super) fn new(theirs: &SecretKey, ours: Option<&SecretKey>) -> Self {
        let news = if ours.is_some() { NEW_KEY } else { 0 };
        let mut to_say = (key_check(theirs) | news).to_be_bytes().to_vec();
        to_say.extend(ours.iter().flat_map(|key| key.as_bytes()));
        Self { to_say, heard: Vec::new(), is_heard: false }
    }

    /// Appends what is to be said, as far as there is room.
    pub(super) fn fill(&mut self, room_bytes: usize, out: &mut Vec<u8>) {
        let count = room_bytes.min(self.to_say.len());
        out.extend(self.to_say.drain(..count));
    }

    /// Whether everything is said.
    pub(super) const fn is_said(&self) -> bool {
        self.to_say.is_empty()
    }

    /// Takes bytes of the other side.
    pub(super) fn hear<'a>(&mut self, bytes: &'a [u8]) -> Heard<'a> {
        if self.is_heard {
            return Heard::Before(bytes);
        }
        let mut rest = bytes;
        self.take(CHECK_BYTES, &mut rest);
        let Some(check) = self.heard.first_chunk().map(|check| u16::from_be_bytes(*check)) else {
            return Heard::Nothing;
        };
        let mut advertising_key = None;
        if check & NEW_KEY != 0 {
            self.take(CHECK_BYTES + SecretKey::BYTES, &mut rest);
            let key = self.heard.split_first_chunk::<CHECK_BYTES>().and_then(|(_, key)| key.try_into().ok());
            let Some(key) = key else { return Heard::Nothing };
            advertising_key = Some(SecretKey::from_bytes(key));
        }
        self.is_heard = true;
        Heard::Over { ours: check & !NEW_KEY, advertising_key, rest }
    }

    /// Moves bytes from `rest` until `length` are heard.
    fn take(&mut self, length: usize, rest: &mut &[u8]) {
        let missing = length.saturating_sub(self.heard.len()).min(rest.len());
        let (now, later) = rest.split_at(missing);
        self.heard.extend_from_slice(now);
        *rest = later;
    }
}

const CHECK_BYTES: usize = 2;
const NEW_KEY: u16 = 0x8000;

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: SecretKey = SecretKey::from_bytes([7; 32]);
    const THEIRS: SecretKey = SecretKey::from_bytes([8; 32]);

    #[test]
    fn greetings_in_pieces_of_any_size_are_heard_and_what_follows_is_left() {
        for told in [None, Some(&OURS)] {
            let mut bytes = Vec::new();
            Greeting::new(&THEIRS, told).fill(100, &mut bytes);
            bytes.extend_from_slice(b"rest");
            for size in 1..=bytes.len() {
                let (mut listener, mut after, mut heard) = (Greeting::new(&OURS, None), Vec::new(), None);
                for piece in bytes.chunks(size) {
                    match listener.hear(piece) {
                        Heard::Nothing => assert!(heard.is_none()),
                        Heard::Before(rest) => after.extend_from_slice(rest),
                        Heard::Over { ours, advertising_key, rest } => {
                            heard = Some((ours, advertising_key));
                            after.extend_from_slice(rest);
                        }
                    }
                }
                assert_eq!(heard, Some((key_check(&THEIRS), told.cloned())), "{size}");
                assert_eq!(after, b"rest", "{size}");
            }
        }
    }

    #[test]
    fn it_is_said_as_there_is_room() {
        let mut greeting = Greeting::new(&THEIRS, Some(&OURS));
        let mut out = Vec::new();
        greeting.fill(10, &mut out);
        assert!(!greeting.is_said() && out.len() == 10);
        greeting.fill(100, &mut out);
        assert!(greeting.is_said() && out.len() == 34);
        assert_ne!(key_check(&OURS), key_check(&THEIRS));
    }
}
