//! Wraps: the store's random key, encrypted under what opens the store. To change the password is to write
//! another wrap; the documents stay as they are.

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use p2psync_bramble::{SecretKey, derive_key, hash};
use rand_core::CryptoRngCore;
use rusqlite::{Connection, params};

use crate::Error;
use crate::cost::{PasswordCost, SALT_BYTES};

/// What opens a store. The host's key is one that the device keeps, as Android's Keystore does.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// The host's key alone: no question is asked.
    Host(&'a SecretKey),
    /// A password alone, for hosts that keep no key.
    Password(&'a str),
    /// Both are needed: neither a copy of the file with the password nor the device without it is enough.
    HostAndPassword(&'a SecretKey, &'a str),
    /// The store's own key, as the server recovered it from the rescue wrap. It opens a store but cannot be what
    /// opens it from now on: give it something else by [`crate::Store::set_unlock`].
    StoreKey(&'a SecretKey),
}

impl core::fmt::Debug for Unlock<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(self.kind().map_or("the store's key", Kind::name))
    }
}

impl Unlock<'_> {
    /// How a wrap is opened by it; `None` if it needs no wrap.
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Host(_) => Some(Kind::Host),
            Self::Password(_) => Some(Kind::Password),
            Self::HostAndPassword(..) => Some(Kind::HostAndPassword),
            Self::StoreKey(_) => None,
        }
    }

    /// The key that encrypts the store's key.
    fn wrapping_key(&self, cost: PasswordCost, salt: &[u8; SALT_BYTES]) -> SecretKey {
        match self {
            Self::StoreKey(key) => (*key).clone(),
            Self::Host(key) => derive_key("org.sahana.p2psync.store/WRAP_HOST", key, &[salt]),
            Self::Password(password) => {
                let stretched = cost.stretch(password.as_bytes(), salt);
                derive_key("org.sahana.p2psync.store/WRAP_PASSWORD", &stretched, &[salt])
            }
            Self::HostAndPassword(key, password) => {
                let stretched = cost.stretch(password.as_bytes(), salt);
                derive_key("org.sahana.p2psync.store/WRAP_BOTH", key, &[stretched.as_bytes(), salt])
            }
        }
    }
}

/// Encrypts `store_key` so that `unlock` gives it back. `cost` is what a password costs, and is kept in the wrap.
///
/// # Errors
/// [`Error::OutOfBounds`] for [`Unlock::StoreKey`].
pub(crate) fn wrap(
    store_key: &SecretKey,
    unlock: &Unlock<'_>,
    cost: PasswordCost,
    random: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, Error> {
    let kind = unlock.kind().ok_or(Error::OutOfBounds("what is to open the store"))?;
    let mut salt = [0; SALT_BYTES];
    random.fill_bytes(&mut salt);
    let mut nonce = [0; NONCE_BYTES];
    random.fill_bytes(&mut nonce);
    let mut wrap = Vec::with_capacity(WRAP_BYTES);
    wrap.extend_from_slice(MAGIC);
    wrap.push(kind as u8);
    wrap.extend_from_slice(&cost.memory_kib().to_be_bytes());
    wrap.extend_from_slice(&cost.passes().to_be_bytes());
    wrap.extend_from_slice(&salt);
    wrap.extend_from_slice(&nonce);
    let mut key = zeroize::Zeroizing::new(*store_key.as_bytes());
    let tag = cipher(&unlock.wrapping_key(cost, &salt))
        .encrypt_in_place_detached(XNonce::from_slice(&nonce), &wrap, key.as_mut_slice())
        .expect("a key is far below the cipher's 256 GiB");
    wrap.extend_from_slice(key.as_slice());
    wrap.extend_from_slice(&tag);
    let check = hash(CHECK_LABEL, &[&wrap]);
    wrap.extend_from_slice(&check);
    Ok(wrap)
}

/// The store's key from a wrap. [`Unlock::StoreKey`] is returned as it is: only what it opens can judge it.
///
/// # Errors
/// [`Error::Damaged`] if the bytes are not as they were written, else [`Error::OtherKeyNeeded`] or
/// [`Error::WrongKey`].
pub(crate) fn unwrap(wrap: &[u8], unlock: &Unlock<'_>) -> Result<SecretKey, Error> {
    let parts = Parts::read(wrap).ok_or(Error::Damaged("a key's wrap"))?;
    if let Unlock::StoreKey(key) = unlock {
        return Ok((*key).clone());
    }
    if Some(parts.kind) != unlock.kind() {
        return Err(Error::OtherKeyNeeded(parts.kind.name()));
    }
    let mut key = zeroize::Zeroizing::new(*parts.sealed);
    cipher(&unlock.wrapping_key(parts.cost, parts.salt))
        .decrypt_in_place_detached(
            XNonce::from_slice(parts.nonce),
            parts.head,
            key.as_mut_slice(),
            Tag::from_slice(parts.tag),
        )
        .map_err(|_| Error::WrongKey)?;
    Ok(SecretKey::from_bytes(*key))
}

/// Whether `bytes` are a wrap as it was written.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    Parts::read(bytes).is_some()
}

/// Every whole wrap in the bytes of a file whose tables can no longer be read.
pub(crate) fn find_all(file: &[u8]) -> Vec<Vec<u8>> {
    let starts = file.windows(MAGIC.len()).enumerate().filter(|(_, window)| *window == MAGIC);
    let candidates = starts.filter_map(|(start, _)| file.get(start..start + WRAP_BYTES));
    candidates.filter(|candidate| is_whole(candidate)).map(<[u8]>::to_vec).collect()
}

/// Writes a wrap into both tables.
pub(crate) fn put(connection: &Connection, slot: i64, wrap: &[u8]) -> Result<(), Error> {
    for table in ["key_wrap", "key_wrap_copy"] {
        connection.execute(
            &format!("INSERT OR REPLACE INTO {table} (slot, wrap) VALUES (?1, ?2)"),
            params![slot, wrap],
        )?;
    }
    Ok(())
}

/// The wraps of a slot in both tables, as far as they can be read.
///
/// # Errors
/// If neither can be read.
pub(crate) fn read(connection: &Connection, slot: i64) -> Result<Vec<Vec<u8>>, Error> {
    let mut wraps = Vec::new();
    let mut failed = None;
    for table in ["key_wrap", "key_wrap_copy"] {
        let query = format!("SELECT wrap FROM {table} WHERE slot = ?1");
        match connection.query_row(&query, [slot], |row| row.get(0)).map_err(Error::from) {
            Ok(wrap) => wraps.push(wrap),
            Err(Error::NotFound) => {}
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if wraps.is_empty() => Err(error),
        _ => Ok(wraps),
    }
}

/// Where the wrap for the device itself stands.
pub(crate) const OWN_SLOT: i64 = 1;

/// Where the wrap for the server stands.
pub(crate) const RESCUE_SLOT: i64 = 2;

/// Length of every wrap.
pub(crate) const WRAP_BYTES: usize = MAGIC.len() + 1 + 4 + 4 + SALT_BYTES + NONCE_BYTES + 32 + 16 + 32;

/// The numbers are on disk and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Host = 1,
    Password = 2,
    HostAndPassword = 3,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Host => "the device's key alone",
            Self::Password => "a password alone",
            Self::HostAndPassword => "the device's key and a password",
        }
    }
}

/// A wrap whose check value fits: what it says is what was written.
struct Parts<'a> {
    head: &'a [u8],
    kind: Kind,
    cost: PasswordCost,
    salt: &'a [u8; SALT_BYTES],
    nonce: &'a [u8; NONCE_BYTES],
    sealed: &'a [u8; 32],
    tag: &'a [u8; 16],
}

impl<'a> Parts<'a> {
    fn read(wrap: &'a [u8]) -> Option<Self> {
        let (checked, check) = wrap.split_last_chunk::<32>()?;
        if wrap.len() != WRAP_BYTES || hash(CHECK_LABEL, &[checked]) != *check {
            return None;
        }
        let (head, _) = checked.split_at_checked(HEAD_BYTES)?;
        let rest = checked.strip_prefix(MAGIC.as_slice())?;
        let ([kind], rest) = rest.split_first_chunk::<1>()?;
        let kind =
            [Kind::Host, Kind::Password, Kind::HostAndPassword].into_iter().find(|k| *k as u8 == *kind)?;
        let (memory_kib, rest) = rest.split_first_chunk()?;
        let (passes, rest) = rest.split_first_chunk()?;
        let cost = PasswordCost::new(u32::from_be_bytes(*memory_kib), u32::from_be_bytes(*passes)).ok()?;
        let (salt, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (sealed, rest) = rest.split_first_chunk()?;
        let tag = rest.first_chunk()?;
        Some(Self { head, kind, cost, salt, nonce, sealed, tag })
    }
}

const MAGIC: &[u8; 14] = b"p2psync-wrap 1";
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = MAGIC.len() + 1 + 4 + 4 + SALT_BYTES + NONCE_BYTES;
const CHECK_LABEL: &str = "org.sahana.p2psync.store/WRAP_CHECK";

fn cipher(key: &SecretKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.as_bytes().into())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    const STORE_KEY: SecretKey = SecretKey::from_bytes([5; 32]);
    const HOST: SecretKey = SecretKey::from_bytes([6; 32]);
    const OTHER: SecretKey = SecretKey::from_bytes([7; 32]);

    fn wrapped(unlock: &Unlock<'_>) -> Vec<u8> {
        wrap(&STORE_KEY, unlock, PasswordCost::FLOOR, &mut ChaCha20Rng::seed_from_u64(3)).unwrap()
    }

    #[test]
    fn what_wrapped_opens_and_nothing_else_does() {
        let ways = [Unlock::Host(&HOST), Unlock::Password("word"), Unlock::HostAndPassword(&HOST, "word")];
        for way in ways {
            let wrap = wrapped(&way);
            assert_eq!(wrap.len(), WRAP_BYTES);
            assert_eq!(unwrap(&wrap, &way), Ok(STORE_KEY));
            for other in ways.into_iter().filter(|other| other.kind() != way.kind()) {
                assert_eq!(unwrap(&wrap, &other), Err(Error::OtherKeyNeeded(way.kind().unwrap().name())));
            }
        }
        let wrong = [
            (Unlock::Host(&HOST), Unlock::Host(&OTHER)),
            (Unlock::Password("word"), Unlock::Password("Word")),
            (Unlock::HostAndPassword(&HOST, "word"), Unlock::HostAndPassword(&OTHER, "word")),
            (Unlock::HostAndPassword(&HOST, "word"), Unlock::HostAndPassword(&HOST, "")),
        ];
        for (right, wrong) in wrong {
            assert_eq!(unwrap(&wrapped(&right), &wrong), Err(Error::WrongKey));
        }
    }

    #[test]
    fn damage_is_told_from_a_wrong_key() {
        let whole = wrapped(&Unlock::Host(&HOST));
        for bit in 0..whole.len() * 8 {
            let mut altered = whole.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                unwrap(&altered, &Unlock::Host(&HOST)),
                Err(Error::Damaged("a key's wrap")),
                "bit {bit}"
            );
        }
        for length in 0..whole.len() {
            assert!(!is_whole(&whole[..length]), "length {length}");
        }
    }

    #[test]
    fn wraps_are_found_in_what_is_left_of_a_file() {
        let whole = wrapped(&Unlock::Host(&HOST));
        let file = [b"rubbish p2psync-wrap 1".as_slice(), &whole, MAGIC, &[0; 300], &whole[..40]].concat();
        assert_eq!(find_all(&file), [whole]);
    }
}
