//! The first bytes of both sides on an open link: what each knows of the other's adverts, and what is new of its own.
//!
//! Four bytes that stand for the advertising key that this device has of the other. Then one byte 0: nothing new; or
//! one byte 1 and 32 bytes: from now on my adverts are made from this key. Everything after that belongs to the
//! protocol above. Who hears that the other has an old key tells it, on this link or on the next.

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

/// Four bytes that stand for a key.
pub(super) type KeyCheck = [u8; 4];

/// What stands for `advertising_key`.
pub(super) fn key_check(advertising_key: &SecretKey) -> KeyCheck {
    let digest = mac("org.sahana.p2psync.meeting/KEY_CHECK", advertising_key, &[]);
    *digest.first_chunk().expect("a MAC has 32 bytes")
}

/// A greeting with another byte than 0 or 1 in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Greeting {
    /// Says which key this device has of the other, and tells its own.
    pub(super) fn new(theirs: &SecretKey, ours: Option<&SecretKey>) -> Self {
        let mut to_say = key_check(theirs).to_vec();
        to_say.push(if ours.is_some() { NEW_KEY } else { NOTHING_NEW });
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
    pub(super) fn hear<'a>(&mut self, bytes: &'a [u8]) -> Result<Heard<'a>, Malformed> {
        if self.is_heard {
            return Ok(Heard::Before(bytes));
        }
        let length = match self.heard.iter().chain(bytes).nth(CHECK_BYTES).copied() {
            None | Some(NOTHING_NEW) => CHECK_BYTES + 1,
            Some(NEW_KEY) => CHECK_BYTES + 1 + SecretKey::BYTES,
            Some(_) => return Err(Malformed),
        };
        let missing = length.saturating_sub(self.heard.len()).min(bytes.len());
        let (now, rest) = bytes.split_at(missing);
        self.heard.extend_from_slice(now);
        let Some((check, news)) = self.heard.split_first_chunk::<CHECK_BYTES>() else {
            return Ok(Heard::Nothing);
        };
        if self.heard.len() < length {
            return Ok(Heard::Nothing);
        }
        self.is_heard = true;
        let key = news.split_first().and_then(|(_, key)| <[u8; 32]>::try_from(key).ok());
        Ok(Heard::Over { ours: *check, advertising_key: key.map(SecretKey::from_bytes), rest })
    }
}

const CHECK_BYTES: usize = 4;
const NOTHING_NEW: u8 = 0;
const NEW_KEY: u8 = 1;

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
                    match listener.hear(piece).unwrap() {
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
    fn it_is_said_as_there_is_room_and_other_words_are_refused() {
        let mut greeting = Greeting::new(&THEIRS, Some(&OURS));
        let mut out = Vec::new();
        greeting.fill(10, &mut out);
        assert!(!greeting.is_said() && out.len() == 10);
        greeting.fill(100, &mut out);
        assert!(greeting.is_said() && out.len() == 37);
        let hear = |bytes: &[u8]| Greeting::new(&THEIRS, None).hear(bytes).map(drop);
        assert_eq!(hear(&[1, 2, 3, 4, 2]), Err(Malformed));
        assert_eq!(hear(&[]), Ok(()));
        assert_ne!(key_check(&OURS), key_check(&THEIRS));
    }
}
