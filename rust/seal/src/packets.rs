//! The framing of OpenPGP packets, and nothing of what is in them (RFC 9580, section 4.2). Lengths and numbers are
//! checked here before the library looks at a byte.

/// What a packet is.
pub(crate) mod tag {
    pub const SEALED_KEY: u8 = 1;
    pub const SIGNATURE: u8 = 2;
    pub const SEALED_KEY_BY_PASSWORD: u8 = 3;
    pub const SECRET_KEY: u8 = 5;
    pub const PUBLIC_KEY: u8 = 6;
    pub const SECRET_SUBKEY: u8 = 7;
    pub const COMPRESSED_DATA: u8 = 8;
    pub const MARKER: u8 = 10;
    pub const LITERAL: u8 = 11;
    pub const TRUST: u8 = 12;
    pub const USER_ID: u8 = 13;
    pub const PUBLIC_SUBKEY: u8 = 14;
    pub const USER_ATTRIBUTE: u8 = 17;
    pub const SEALED_DATA: u8 = 18;
    pub const PADDING: u8 = 21;
}

/// A packet as it stands in its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub tag: u8,
    pub body: &'a [u8],
}

/// Why bytes are not a sequence of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// The input ends inside a packet.
    Cut,
    /// There is no packet here, or one whose length is not stated in front, which keys and signatures never are.
    NotPackets,
    /// More packets than were asked for.
    TooMany,
}

/// Divides `input` into packets, at most `packets_max`.
pub(crate) fn split(input: &[u8], packets_max: usize) -> Result<Vec<Packet<'_>>, Malformed> {
    let mut packets = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        if packets.len() == packets_max {
            return Err(Malformed::TooMany);
        }
        let (packet, after) = first(rest)?;
        packets.push(packet);
        rest = after;
    }
    Ok(packets)
}

/// The header of the first packet of `input`: its kind, its length, and what follows the header.
pub(crate) fn header(input: &[u8]) -> Result<(u8, Length, &[u8]), Malformed> {
    let (header, rest) = input.split_first().ok_or(Malformed::Cut)?;
    let (tag, (length, rest)) = match header {
        0xc0.. => (header & 0x3f, new_length(rest)?),
        0x80.. => (header >> 2 & 0x0f, old_length(header & 3, rest)?),
        _ => return Err(Malformed::NotPackets),
    };
    Ok((tag, length, rest))
}

/// What a packet's header says of its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Whole(usize),
    /// The first part; more follows.
    Part(usize),
}

/// The first packet of `input`, and what follows it.
pub(crate) fn first(input: &[u8]) -> Result<(Packet<'_>, &[u8]), Malformed> {
    let (tag, length, rest) = header(input)?;
    let Length::Whole(length) = length else { return Err(Malformed::NotPackets) };
    let (body, rest) = rest.split_at_checked(length).ok_or(Malformed::Cut)?;
    Ok((Packet { tag, body }, rest))
}

fn new_length(input: &[u8]) -> Result<(Length, &[u8]), Malformed> {
    match input {
        [] | [192..=223] => Err(Malformed::Cut),
        [short @ ..192, rest @ ..] => Ok((Length::Whole(usize::from(*short)), rest)),
        [high @ 192..=223, low, rest @ ..] => {
            Ok((Length::Whole(usize::from(*high - 192) * 256 + usize::from(*low) + 192), rest))
        }
        [255, rest @ ..] => big_endian::<4>(rest),
        [power @ 224..=254, rest @ ..] => Ok((Length::Part(1 << (power & 0x1f)), rest)),
    }
}

fn old_length(kind: u8, input: &[u8]) -> Result<(Length, &[u8]), Malformed> {
    match kind {
        0 => big_endian::<1>(input),
        1 => big_endian::<2>(input),
        2 => big_endian::<4>(input),
        _ => Err(Malformed::NotPackets),
    }
}

fn big_endian<const N: usize>(input: &[u8]) -> Result<(Length, &[u8]), Malformed> {
    let (digits, rest) = input.split_first_chunk::<N>().ok_or(Malformed::Cut)?;
    let length = digits.iter().fold(0, |number, digit| number << 8 | usize::from(*digit));
    Ok((Length::Whole(length), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_length_is_read() {
        let body = vec![7; 70_000];
        for (header, length) in [
            (vec![0x98, 200], 200),
            (vec![0x99, 1, 44], 300),
            (vec![0x9a, 0, 1, 0x11, 0x70], 70_000),
            (vec![0xc6, 191], 191),
            (vec![0xc6, 192, 0], 192),
            (vec![0xc6, 223, 255], 8_383),
            (vec![0xc6, 255, 0, 1, 0x11, 0x70], 70_000),
        ] {
            let packet = [header.as_slice(), &body[..length]].concat();
            assert_eq!(split(&packet, 1), Ok(vec![Packet { tag: 6, body: &body[..length] }]));
            for end in [1, header.len() - 1, header.len(), packet.len() - 1] {
                assert_eq!(split(&packet[..end], 1), Err(Malformed::Cut), "{header:?} {end}");
            }
        }
    }

    #[test]
    fn what_has_no_length_is_no_packet_here() {
        for input in [&[0x9b, 1][..], &[0xc6, 224, 1], &[0xc6, 254, 1], b"hello", &[0x7f]] {
            assert_eq!(split(input, 9), Err(Malformed::NotPackets));
        }
        assert_eq!(split(&[0xc6, 0, 0xc2, 0], 1), Err(Malformed::TooMany));
        assert_eq!(split(&[0xc6, 0, 0xc2, 0], 2).unwrap().len(), 2);
        assert_eq!(split(&[], 0), Ok(Vec::new()));
    }
}
