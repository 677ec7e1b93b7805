//! This device, as every pairing tells it to the other side.

use p2psync_bramble::{Role, SecretKey, SigningKey, WallClock};

use crate::{
    Authenticated, ContactInfo, ContactTooLarge, EXTENSION_ID, Extension, Identity, LinkOffer, NameLength,
    TransportProperties,
};

/// 2021-01-01T00:00:00Z. Bramble devices refuse contacts whose time is before it, so ours never say so,
/// whatever their clock shows.
pub const CLOCK_MIN: WallClock = WallClock(1_609_459_200_000);

/// Who this device is and how it can be reached.
#[derive(Clone, Debug)]
pub struct Device {
    identity: Identity,
    signing_key: SigningKey,
    properties: TransportProperties,
    offer: LinkOffer,
    clock: WallClock,
}

impl Device {
    /// A device with a name for people, the key that it signs with, its transports' properties (for Bramble
    /// devices; what stands there under our extension's id is replaced), what its links are made from, and
    /// the date as it believes it.
    ///
    /// # Errors
    /// [`NameLength`] for an empty or too long name.
    pub fn new(
        name: impl Into<String>,
        signing_key: SigningKey,
        properties: TransportProperties,
        offer: LinkOffer,
        clock: WallClock,
    ) -> Result<Self, NameLength> {
        let identity = Identity::new(name, signing_key.verifying_key())?;
        Ok(Self { identity, signing_key, properties, offer, clock })
    }

    /// Name and key.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The time that this device gives: its clock's, but not before [`CLOCK_MIN`].
    pub fn timestamp(&self) -> WallClock {
        self.clock.max(CLOCK_MIN)
    }

    /// What it tells the other side under a master key, in `role`.
    pub(crate) fn contact_info(
        &self,
        authenticated: Authenticated,
        role: Role,
        master_key: &SecretKey,
    ) -> Result<ContactInfo, ContactTooLarge> {
        let mut properties = self.properties.clone();
        let extension = Extension { offer: self.offer.clone(), authenticated };
        properties.insert(EXTENSION_ID.to_owned(), extension.to_properties());
        let identity = self.identity.clone();
        ContactInfo::sign(identity, &self.signing_key, properties, self.timestamp(), role, master_key)
    }
}
