//! What a device shows of itself by radio, and what others make of it.
//!
//! Nine bytes: version and flags, and a tag. To everybody but its peers a tag is noise that changes every quarter of
//! an hour. A tag is a hint whom to dial and never proves anything.

use p2psync_bramble::{Digest, SecretKey, WallClock, hash, mac};
use rand_core::CryptoRngCore;

use crate::identity::name_of_numbers;

/// Length of an encoded advert.
pub const ADVERT_BYTES: usize = 1 + Tag::BYTES;

/// How long a tag is shown, in milliseconds of the date.
pub const EPOCH_MS: u64 = 15 * 60 * 1000;

/// How many epochs another device's clock may be off, either way, and its tags still be known: four hours.
pub const EPOCHS_OFF_MAX: u64 = 16;

/// What a device shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Advert {
    /// Who it is, for those who can tell.
    pub tag: Tag,
    /// Whether anybody may begin to pair with it.
    pub is_open: bool,
}

impl Advert {
    /// The bytes, as every transport carries them.
    pub fn encode(&self) -> [u8; ADVERT_BYTES] {
        let mut bytes = [0; ADVERT_BYTES];
        let flags = [VERSION_BITS | u8::from(self.is_open)];
        for (place, byte) in bytes.iter_mut().zip(flags.into_iter().chain(self.tag.0)) {
            *place = byte;
        }
        bytes
    }

    /// Reads what a device of this version shows; flags that are not known are passed over.
    pub fn decode(bytes: &[u8; ADVERT_BYTES]) -> Option<Self> {
        let (&[flags], tag) = bytes.split_first_chunk()?;
        (flags & VERSION_MASK == VERSION_BITS)
            .then_some(Self { tag: Tag(tag.try_into().ok()?), is_open: flags & OPEN_BIT != 0 })
    }
}

/// Eight bytes that only some can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag([u8; Tag::BYTES]);

impl Tag {
    /// Length of every tag.
    pub const BYTES: usize = 8;

    /// Takes eight bytes as they are.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// What a device shows to its peers, who have its advertising key.
    pub(crate) fn of_device(advertising_key: &SecretKey, epoch: u64) -> Self {
        Self::cut(&mac("org.sahana.p2psync.meeting/TAG", advertising_key, &[&epoch.to_be_bytes()]))
    }

    /// What a device shows whose code is on its screen; whoever scans the code knows the nonce.
    pub(crate) fn of_code(visible_nonce: &[u8; 16]) -> Self {
        Self::cut(&hash("org.sahana.p2psync.meeting/VISIBLE", &[visible_nonce]))
    }

    /// What a device shows that anybody may pair with.
    pub(crate) fn random(random: &mut dyn CryptoRngCore) -> Self {
        let mut bytes = [0; Self::BYTES];
        random.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Two words that stand for the tag as long as it is shown, the same on both screens.
    pub fn words(&self) -> String {
        let [first, second, ..] = self.0;
        name_of_numbers(first.into(), second.into())
    }

    fn cut(digest: &Digest) -> Self {
        Self(*digest.first_chunk().expect("a digest has 32 bytes"))
    }
}

/// The number of the quarter of an hour that contains `date`.
pub(crate) const fn epoch_of(date: WallClock) -> u64 {
    date.0 / EPOCH_MS
}

/// Milliseconds from `date` until the next epoch begins.
pub(crate) const fn until_next_epoch_ms(date: WallClock) -> u64 {
    EPOCH_MS - date.0 % EPOCH_MS
}

const VERSION_MASK: u8 = 0xf0;
const VERSION_BITS: u8 = 0x10;
const OPEN_BIT: u8 = 0x01;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adverts_are_read_back_and_other_versions_are_not() {
        for is_open in [false, true] {
            let advert = Advert { tag: Tag([7; 8]), is_open };
            assert_eq!(Advert::decode(&advert.encode()), Some(advert));
        }
        let with_first = |first| Advert::decode(&[first, 7, 7, 7, 7, 7, 7, 7, 7]);
        assert_eq!(with_first(0x1e), Some(Advert { tag: Tag([7; 8]), is_open: false }));
        assert_eq!([with_first(0x00), with_first(0x21)], [None, None]);
    }

    #[test]
    fn tags_are_those_of_the_specification() {
        let of_device = Tag::of_device(&SecretKey::from_bytes([2; 32]), 1_994_444);
        assert_eq!(of_device.0, [0x63, 0x0b, 0x0d, 0xc6, 0x22, 0xb2, 0xc1, 0xcb]);
        assert_eq!(Tag::of_code(&[3; 16]).0, [0x7f, 0x20, 0xdd, 0x73, 0x8e, 0x1f, 0x7c, 0xb0]);
        let check = crate::meeting::greeting::key_check(&SecretKey::from_bytes([2; 32]));
        assert_eq!(check, 0x3e9c);
    }

    #[test]
    fn tags_of_two_epochs_or_devices_have_nothing_in_common() {
        let keys = [1, 2].map(|byte| SecretKey::from_bytes([byte; 32]));
        let tags: std::collections::BTreeSet<_> =
            keys.iter().flat_map(|key| (0..50).map(|epoch| Tag::of_device(key, epoch))).collect();
        assert_eq!(tags.len(), 100);
        assert_ne!(Tag::of_code(&[1; 16]), Tag::of_code(&[2; 16]));
    }

    #[test]
    fn epochs_are_quarters_of_an_hour_whatever_the_clock_shows() {
        assert_eq!((epoch_of(WallClock(0)), until_next_epoch_ms(WallClock(0))), (0, EPOCH_MS));
        let last = WallClock(EPOCH_MS * 3 - 1);
        assert_eq!((epoch_of(last), until_next_epoch_ms(last)), (2, 1));
        assert_eq!(epoch_of(WallClock(u64::MAX)), u64::MAX / EPOCH_MS);
    }
}
