//! The store as a whole: opened, given another password, closed, erased.

use p2psync_bramble::SecretKey;
use p2psync_model::GroupId;
use rand_core::CryptoRngCore;
use rusqlite::{Connection, TransactionBehavior};

use crate::cost::PasswordCost;
use crate::limits::StoreLimits;
use crate::opening::{self, Ready};
use crate::rescue::{self, RescueReport};
use crate::usage::Usage;
use crate::vault::Vault;
use crate::wrap::{self, OWN_SLOT, RESCUE_SLOT, Unlock};
use crate::{Error, Place};

/// How to open a store.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// What opens it. A fresh store will be opened by this from now on.
    pub unlock: Unlock<'a>,
    /// What trying one password is to cost; see [`PasswordCost::calibrate`]. For a fresh store only.
    pub cost: PasswordCost,
    /// The deployment: messages of other groups have other ids.
    pub group: GroupId,
    /// How much is kept.
    pub limits: StoreLimits,
}

/// A store that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Whether it was made just now.
    pub created: bool,
    /// What was saved, if the file was damaged and set aside.
    pub rescue: Option<RescueReport>,
}

/// Documents, receipts, peers, settings and the queue of one device, in one file. What a method has returned is on
/// disk; what it has refused is not, wholly.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) vault: Vault,
    pub(crate) group: GroupId,
    pub(crate) limits: StoreLimits,
    pub(crate) usage: Usage,
    pub(crate) drafts_open: u32,
    key: SecretKey,
    place: Place,
}

impl Store {
    /// Opens the store at `place`, or makes it. A file found damaged is set aside under another name, never
    /// deleted, and what still opens is copied into a new one.
    ///
    /// # Errors
    /// [`Error::WrongKey`] or [`Error::OtherKeyNeeded`], [`Error::InUse`], [`Error::OtherProgram`],
    /// [`Error::TooNew`], [`Error::Full`], [`Error::Disk`]. The file is then as it was.
    pub fn open(
        place: Place,
        options: &Options<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Opened, Error> {
        rescue::finish_interrupted(&place)?;
        let was_cut_off = opening::has_journal(&place)?;
        match opening::open(&place, options, random) {
            Ok(ready) => {
                let created = ready.created;
                let mut store = Self::assemble(ready, place, options);
                if was_cut_off {
                    // What was deleted or replaced before the cut is overwritten. Not being able to is no harm now.
                    let _ = store.checkpoint();
                }
                Ok(Opened { store, created, rescue: None })
            }
            Err(Error::Damaged(_)) => Self::rescue(place, options, random),
            Err(error) => Err(error),
        }
    }

    /// Sets the file at `place` aside and makes a new one of what still opens: for when an operation or
    /// [`Self::check`] has found damage. The store must be closed.
    ///
    /// # Errors
    /// As [`Self::open`]; also [`Error::Damaged`] if not even the new file can be read.
    pub fn rescue(
        place: Place,
        options: &Options<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Opened, Error> {
        let report = rescue::set_aside(&place, options, random)?;
        let ready = opening::open(&place, options, random)?;
        let created = ready.created;
        let store = Self::assemble(ready, place, options);
        Ok(Opened { store, created, rescue: Some(report) })
    }

    /// From now on, `unlock` opens the store and nothing else does, except a rescue wrap. Cut off at any point,
    /// either the old or the new one does.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for [`Unlock::StoreKey`]; [`Error::Full`], [`Error::Disk`]: the old one still opens the
    /// store.
    pub fn set_unlock(
        &mut self,
        unlock: &Unlock<'_>,
        cost: PasswordCost,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        let wrap = wrap::wrap(&self.key, unlock, cost, random)?;
        self.write_wrap(OWN_SLOT, &wrap)
    }

    /// Whether `unlock` opens the store: asked before something is shown that only its owner may see.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::OtherKeyNeeded`], [`Error::Damaged`].
    pub fn verify_unlock(&self, unlock: &Unlock<'_>) -> Result<(), Error> {
        let key = opening::unwrap_stored(&self.connection, unlock)?;
        if key == self.key { Ok(()) } else { Err(Error::WrongKey) }
    }

    /// Keeps the store's key as the server sealed it to itself, to be opened there when a phone has lost its own
    /// key. `None` removes it.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if it has more than 8 KiB; [`Error::Full`], [`Error::Disk`].
    pub fn set_rescue_wrap(&mut self, sealed: Option<&[u8]>) -> Result<(), Error> {
        match sealed {
            Some(sealed) if sealed.len() > RESCUE_WRAP_BYTES_MAX => Err(Error::OutOfBounds("a rescue wrap")),
            Some(sealed) => self.write_wrap(RESCUE_SLOT, sealed),
            None => self.write_wrap(RESCUE_SLOT, &[]),
        }
    }

    /// The wrap for the server, if there is one.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Damaged`].
    pub fn rescue_wrap(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(wrap::read(&self.connection, RESCUE_SLOT)?.into_iter().find(|wrap| !wrap.is_empty()))
    }

    /// The wrap for the server of a store that is closed and cannot be opened any more. The server opens it, and
    /// what it gives back opens the store: see [`Unlock::StoreKey`].
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::Disk`], [`Error::Damaged`].
    pub fn rescue_wrap_at(place: &Place) -> Result<Option<Vec<u8>>, Error> {
        let connection = opening::connect_to_look(place)?;
        Ok(wrap::read(&connection, RESCUE_SLOT)?.into_iter().find(|wrap| !wrap.is_empty()))
    }

    /// The store's key, to be sealed to the server; see [`Self::set_rescue_wrap`].
    pub const fn key_to_seal(&self) -> &SecretKey {
        &self.key
    }

    /// Ends the work with the file; the journal is merged into it.
    ///
    /// # Errors
    /// [`Error::Disk`]: everything that was acknowledged is on disk all the same.
    pub fn close(mut self) -> Result<Place, Error> {
        // Closing merges the journal too, but leaves it as it is on a disk that cannot delete it.
        let _ = self.checkpoint();
        self.connection.close().map_err(|(_, error)| Error::from(error))?;
        Ok(self.place)
    }

    /// Destroys the keys, so that nothing in the file can ever be read, then the file and those set aside.
    ///
    /// # Errors
    /// [`Error::Disk`] if a file could not be removed; what is left is unreadable if the keys were overwritten.
    pub fn wipe(mut self) -> Result<(), Error> {
        for slot in [OWN_SLOT, RESCUE_SLOT] {
            // A full disk may refuse; the files go all the same.
            let _ = self.write_wrap(slot, &[0; wrap::WRAP_BYTES]);
        }
        let place = self.close()?;
        rescue::remove_all(&place)
    }

    /// Writes the journal's content to the main file and empties the journal, so that what was deleted is
    /// overwritten in both.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Disk`].
    pub fn checkpoint(&mut self) -> Result<(), Error> {
        let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy == 0 { Ok(()) } else { Err(Error::InUse) }
    }

    /// The key under which the caller hashes header and content of own documents, for
    /// [`crate::NewDocument::duplicate_of`].
    pub const fn duplicates_key(&self) -> &SecretKey {
        self.vault.duplicates_key()
    }

    fn assemble(ready: Ready, place: Place, options: &Options<'_>) -> Self {
        let Options { group, limits, .. } = *options;
        let Ready { connection, key, vault, usage, .. } = ready;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        Self { connection, vault, group, limits, usage, drafts_open: 0, key, place }
    }

    fn write_wrap(&mut self, slot: i64, wrap: &[u8]) -> Result<(), Error> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        wrap::put(&transaction, slot, wrap)?;
        transaction.commit()?;
        // The old wrap must not stay readable in the journal. If this fails the new one holds all the same, and the
        // next checkpoint overwrites the old.
        let _ = self.checkpoint();
        Ok(())
    }
}

const RESCUE_WRAP_BYTES_MAX: usize = 8_192;
const STATEMENTS_CACHED: usize = 128;
