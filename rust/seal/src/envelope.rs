//! The outside of a sealed document: everything before the first encrypted byte. It is judged before the library
//! sees it, because the library (sequoia-openpgp 2.4.2) panics when the encrypted part is too short.

use std::io::{self, Read};

use crate::packets::{self, Length, Malformed, tag};

/// Longest outside of a sealed document: room for a dozen recipients with large keys.
pub(crate) const ENVELOPE_BYTES_MAX: usize = 16 << 10;

/// Most recipients and other packets before the encrypted part.
pub(crate) const ENVELOPE_PACKETS_MAX: usize = 64;

/// Fewest bytes of an encrypted part: its version, a block and two bytes to try the key on, and the packet that
/// authenticates it (RFC 9580, section 5.13).
const SEALED_DATA_BYTES_MIN: usize = 1 + 18 + 22;

/// Fewest bytes of the first part, when the encrypted part is sent in parts (RFC 9580, section 4.2.1.4).
const FIRST_PART_BYTES_MIN: usize = 512;

/// What is wrong with the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No OpenPGP message, or one that is not encrypted.
    NotSealed,
    /// More, or stranger, than any sealer writes.
    Convoluted,
    /// It ends too early.
    Cut,
}

/// Reads the outside and somewhat more, to be judged and then read again.
pub(crate) fn read(sealed: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut front = Vec::new();
    let bytes_max = ENVELOPE_BYTES_MAX + SEALED_DATA_BYTES_MIN;
    sealed.take(bytes_max as u64).read_to_end(&mut front)?;
    Ok(front)
}

/// Whether `front` begins with at most [`ENVELOPE_PACKETS_MAX`] packets for recipients, and then encrypted data that
/// are long enough to be tried.
pub(crate) fn check(front: &[u8]) -> Result<(), Fault> {
    let mut rest = front;
    for place in 0..=ENVELOPE_PACKETS_MAX {
        let (kind, length, body) = packets::header(rest).map_err(|malformed| match malformed {
            Malformed::Cut if place > 0 => too_far(front),
            _ => Fault::NotSealed,
        })?;
        match (kind, length) {
            (tag::SEALED_DATA, length) => return check_sealed_data(front, length, body),
            (
                tag::SEALED_KEY | tag::SEALED_KEY_BY_PASSWORD | tag::MARKER | tag::PADDING,
                Length::Whole(length),
            ) => {
                rest = body.get(length..).ok_or_else(|| too_far(front))?;
            }
            _ => return Err(Fault::NotSealed),
        }
    }
    Err(Fault::Convoluted)
}

fn check_sealed_data(front: &[u8], length: Length, body: &[u8]) -> Result<(), Fault> {
    match length {
        Length::Whole(length) if length < SEALED_DATA_BYTES_MIN => Err(Fault::Cut),
        Length::Part(length) if length < FIRST_PART_BYTES_MIN => Err(Fault::Convoluted),
        _ if body.len() < SEALED_DATA_BYTES_MIN => Err(too_far(front)),
        _ => Ok(()),
    }
}

/// Either the document ends here, or what was read of it does.
fn too_far(front: &[u8]) -> Fault {
    if front.len() < ENVELOPE_BYTES_MAX + SEALED_DATA_BYTES_MIN { Fault::Cut } else { Fault::Convoluted }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u8, length: usize) -> Vec<u8> {
        let mut packet = vec![0xc0 | kind, 255];
        packet.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        packet.resize(packet.len() + length, 7);
        packet
    }

    #[test]
    fn recipients_and_then_enough_to_decrypt() {
        let key = packet(tag::SEALED_KEY, 94);
        let data = packet(tag::SEALED_DATA, SEALED_DATA_BYTES_MIN);
        let good = [key.clone(), packet(tag::MARKER, 3), data.clone()].concat();
        assert_eq!(check(&good), Ok(()));
        for end in key.len()..good.len() {
            assert_eq!(check(&good[..end]), Err(Fault::Cut), "{end}");
        }
        assert_eq!(check(&packet(tag::SEALED_DATA, SEALED_DATA_BYTES_MIN - 1)), Err(Fault::Cut));
        assert_eq!(check(&[0xd2, 0xe9, 1]), Err(Fault::Cut), "a part of 512 bytes");
        assert_eq!(check(&[&[0xd2, 0xe8][..], &[1; 256]].concat()), Err(Fault::Convoluted));
        assert_eq!(check(&[key.repeat(ENVELOPE_PACKETS_MAX), data.clone()].concat()), Ok(()));
        assert_eq!(
            check(&[key.repeat(ENVELOPE_PACKETS_MAX + 1), data.clone()].concat()),
            Err(Fault::Convoluted)
        );
        let front =
            read(&mut [packet(tag::SEALED_KEY, ENVELOPE_BYTES_MAX), data].concat().as_slice()).unwrap();
        assert_eq!(check(&front), Err(Fault::Convoluted));
    }

    #[test]
    fn nothing_else_is_sealed() {
        for other in [&b""[..], b"hello", &packet(11, 50), &packet(9, 50), &packet(tag::PUBLIC_KEY, 50)] {
            assert_eq!(check(other), Err(Fault::NotSealed));
        }
    }
}
