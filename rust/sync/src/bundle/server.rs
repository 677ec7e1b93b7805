//! The server's place in the front: what is sealed to it by OpenPGP, under a veil, because OpenPGP names its recipient.

use p2psync_bramble::{SECRETBOX_OVERHEAD_BYTES, SecretKey, hash, open, seal};
use p2psync_model::{Fingerprint, GroupId};
use rand_core::CryptoRngCore;

use super::front::SALT_BYTES;
use super::keys::{ONLY_NONCE, Salt};
use super::{ReadError, WriteError};

/// Longest that what is sealed to the server may be. For the keys of our profile it has 200 to 700 bytes.
pub const SEALED_BYTES_MAX: usize = PLACE_BYTES - SECRETBOX_OVERHEAD_BYTES - LENGTH_BYTES;

/// How much of a bundle a server must read to find what is sealed to it.
pub const SERVER_FRONT_BYTES: usize = SALT_BYTES + PLACE_BYTES;

/// Length of the server's place, whether anything is there or not.
pub(super) const PLACE_BYTES: usize = 1_024;

/// What the devices of a deployment and their server know, and no stranger who finds a bundle: no secret, so the veil
/// hides from strangers alone that something is sealed, and to whom.
#[derive(Clone, Copy, Debug)]
pub struct Veil {
    /// The deployment.
    pub group: GroupId,
    /// The server's certificate.
    pub server: Fingerprint,
}

/// What opens the bundle, sealed to the server.
#[derive(Clone, Copy, Debug)]
pub struct ServerSlot<'a> {
    /// Hides it.
    pub veil: Veil,
    /// [`super::Front::secret`], sealed by OpenPGP: at most [`SEALED_BYTES_MAX`].
    pub sealed: &'a [u8],
}

impl Veil {
    fn key(&self, salt: &Salt) -> SecretKey {
        let inputs = [self.group.as_bytes(), self.server.as_bytes(), salt];
        SecretKey::from_bytes(hash(SERVER_SLOT, &inputs))
    }
}

/// Appends the server's place.
pub(super) fn write_place(
    salt: &Salt,
    slot: Option<&ServerSlot<'_>>,
    random: &mut dyn CryptoRngCore,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let Some(ServerSlot { veil, sealed }) = slot else {
        let mut noise = [0; PLACE_BYTES];
        random.fill_bytes(&mut noise);
        out.extend_from_slice(&noise);
        return Ok(());
    };
    let length = u16::try_from(sealed.len()).ok().filter(|_| sealed.len() <= SEALED_BYTES_MAX);
    let length = length.ok_or(WriteError::SealedTooLong { length: sealed.len() })?;
    let mut plain = length.to_be_bytes().to_vec();
    plain.extend_from_slice(sealed);
    plain.resize(LENGTH_BYTES + SEALED_BYTES_MAX, 0);
    seal(&veil.key(salt), &ONLY_NONCE, &plain, out);
    Ok(())
}

/// On the server: what is sealed to it, from the first [`SERVER_FRONT_BYTES`] of a bundle. What opening it gives is for
/// [`super::Reader::with_secret`].
///
/// # Errors
/// [`ReadError::TooShort`]; [`ReadError::NotRecognised`] if nothing is there for this server of this deployment.
pub fn sealed_for_server(bundle: &[u8], veil: &Veil) -> Result<Vec<u8>, ReadError> {
    let (salt, rest) = bundle.split_first_chunk::<SALT_BYTES>().ok_or(ReadError::TooShort)?;
    let place = rest.get(..PLACE_BYTES).ok_or(ReadError::TooShort)?;
    let mut plain = Vec::new();
    if !open(&veil.key(salt), &ONLY_NONCE, place, &mut plain) {
        return Err(ReadError::NotRecognised);
    }
    let damaged = ReadError::Damaged("the server's place");
    let (length, rest) = plain.split_first_chunk::<LENGTH_BYTES>().ok_or(damaged)?;
    rest.get(..usize::from(u16::from_be_bytes(*length))).map(<[u8]>::to_vec).ok_or(damaged)
}

const LENGTH_BYTES: usize = 2;
const SERVER_SLOT: &str = "org.sahana.p2psync.bundle/SERVER_SLOT";

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn the_server_finds_it_and_others_find_noise() {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let veil = Veil { group: GroupId::from_bytes([1; 32]), server: Fingerprint::V4([2; 20]) };
        let salt = [3; 32];
        for sealed in [vec![], vec![4; 300], vec![5; SEALED_BYTES_MAX]] {
            let mut front = salt.to_vec();
            let slot = ServerSlot { veil, sealed: &sealed };
            write_place(&salt, Some(&slot), &mut random, &mut front).unwrap();
            assert_eq!(front.len(), SERVER_FRONT_BYTES);
            assert_eq!(sealed_for_server(&front, &veil), Ok(sealed));
            let elsewhere = Veil { group: GroupId::from_bytes([9; 32]), ..veil };
            let other = Veil { server: Fingerprint::V4([9; 20]), ..veil };
            for stranger in [elsewhere, other] {
                assert_eq!(sealed_for_server(&front, &stranger), Err(ReadError::NotRecognised));
            }
            assert_eq!(sealed_for_server(&front[..1_055], &veil), Err(ReadError::TooShort));
        }
        let slot = ServerSlot { veil, sealed: &[0; SEALED_BYTES_MAX + 1] };
        let refused = write_place(&salt, Some(&slot), &mut random, &mut Vec::new());
        assert_eq!(refused, Err(WriteError::SealedTooLong { length: 1_007 }));
        let mut empty = salt.to_vec();
        write_place(&salt, None, &mut random, &mut empty).unwrap();
        assert_eq!(empty.len(), SERVER_FRONT_BYTES);
        assert_eq!(sealed_for_server(&empty, &veil), Err(ReadError::NotRecognised));
    }
}
