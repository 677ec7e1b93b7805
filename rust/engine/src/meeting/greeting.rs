//! The first bytes of both sides on an open link: has this device another advertising key than the other knows?
//!
//! One byte 0: nothing new. One byte 1 and 32 bytes: from now on my adverts are made from this key. Everything
//! after that belongs to the protocol above.

use p2psync_bramble::SecretKey;

/// One side's greeting of each kind: what is to be said, and what is heard.
#[derive(Debug)]
pub(super) struct Greeting {
    to_say: Vec<u8>,
    told: Option<SecretKey>,
    heard: Vec<u8>,
    is_heard: bool,
}

/// What a greeting came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// It is not whole yet.
    Nothing,
    /// It is over; these bytes come after it.
    Over {
        /// The other's new advertising key, if it says so.
        advertising_key: Option<SecretKey>,
        /// What belongs to the protocol above.
        rest: &'a [u8],
    },
}

/// A greeting that begins with another byte than 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Greeting {
    /// Tells the key, if the other does not have it.
    pub(super) fn new(advertising_key: Option<&SecretKey>) -> Self {
        let mut to_say = vec![u8::from(advertising_key.is_some())];
        to_say.extend(advertising_key.iter().flat_map(|key| key.as_bytes()));
        Self { to_say, told: advertising_key.cloned(), heard: Vec::new(), is_heard: false }
    }

    /// Whether this greeting has told that key, wholly.
    pub(super) fn has_told(&self, advertising_key: &SecretKey) -> bool {
        self.is_said() && self.told.as_ref() == Some(advertising_key)
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
            return Ok(Heard::Over { advertising_key: None, rest: bytes });
        }
        let Some(&first) = self.heard.first().or_else(|| bytes.first()) else { return Ok(Heard::Nothing) };
        let length = match first {
            NOTHING_NEW => 1,
            NEW_KEY => 1 + SecretKey::BYTES,
            _ => return Err(Malformed),
        };
        let missing = length.saturating_sub(self.heard.len()).min(bytes.len());
        let (now, rest) = bytes.split_at(missing);
        self.heard.extend_from_slice(now);
        if self.heard.len() < length {
            return Ok(Heard::Nothing);
        }
        self.is_heard = true;
        let key = self.heard.split_first().and_then(|(_, key)| <[u8; 32]>::try_from(key).ok());
        Ok(Heard::Over { advertising_key: key.map(SecretKey::from_bytes), rest })
    }
}

const NOTHING_NEW: u8 = 0;
const NEW_KEY: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_in_pieces_of_any_size_are_heard_and_what_follows_is_left() {
        let key = SecretKey::from_bytes([7; 32]);
        for told in [None, Some(&key)] {
            let mut bytes = Vec::new();
            Greeting::new(told).fill(100, &mut bytes);
            bytes.extend_from_slice(b"rest");
            for size in 1..=bytes.len() {
                let (mut listener, mut rest, mut heard) = (Greeting::new(None), Vec::new(), None);
                for piece in bytes.chunks(size) {
                    if let Heard::Over { advertising_key, rest: after } = listener.hear(piece).unwrap() {
                        heard = advertising_key.or(heard);
                        rest.extend_from_slice(after);
                    }
                }
                assert_eq!((heard.as_ref(), rest.as_slice()), (told, &b"rest"[..]), "{size}");
            }
        }
    }

    #[test]
    fn it_is_said_as_there_is_room_and_other_words_are_refused() {
        let key = SecretKey::from_bytes([7; 32]);
        let mut greeting = Greeting::new(Some(&key));
        let mut out = Vec::new();
        greeting.fill(10, &mut out);
        assert!(!greeting.has_told(&key) && !greeting.is_said() && out.len() == 10);
        greeting.fill(100, &mut out);
        assert!(greeting.has_told(&key) && greeting.is_said() && out.len() == 33);
        assert!(!greeting.has_told(&SecretKey::from_bytes([8; 32])));
        assert_eq!(Greeting::new(None).hear(&[2]), Err(Malformed));
        assert_eq!(Greeting::new(None).hear(&[]), Ok(Heard::Nothing));
    }
}
