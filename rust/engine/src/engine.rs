//! The engine as a whole: opened over a store, configured, closed, erased.

use std::sync::Arc;

use p2psync_model::{Destination, DocumentId, GroupId, Limits, PeerId, Policy};
use p2psync_seal::Certificate;
use p2psync_store::{
    Deleted, Depth, Findings, PasswordCost, Place, RescueReport, Store, StoreLimits, Unlock,
};
use rand_core::CryptoRngCore;

use crate::identity::Identity;
use crate::meeting::Meeting;
use crate::{Error, Preparation, destination};

/// How to open an engine.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// What opens the store. A fresh one will be opened by this from now on.
    pub unlock: Unlock<'a>,
    /// What trying one password is to cost, for a fresh store.
    pub cost: PasswordCost,
    /// The deployment. A store belongs to the one that it was made for.
    pub group: GroupId,
    /// How much is kept.
    pub limits: Limits,
    /// What is allowed.
    pub policy: Policy,
    /// The device's name for people; `None`: as it was, or a generated one.
    pub device_name: Option<&'a str>,
}

/// An engine that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The engine.
    pub engine: Engine,
    /// Whether its store was made just now.
    pub created: bool,
    /// What was saved, if the store was damaged and set aside.
    pub rescue: Option<RescueReport>,
}

/// A device. What a method has returned is on disk; what it has refused is not, wholly.
#[derive(Debug)]
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) group: GroupId,
    pub(crate) destination: Option<Destination>,
    pub(crate) certificate: Option<Arc<Certificate>>,
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    pub(crate) policy: Policy,
    pub(crate) meeting: Meeting,
}

impl Engine {
    /// Opens the store at `place`, or makes it. A damaged one is set aside, never deleted, and what still opens of
    /// it is saved.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::PasswordRequired`] or [`Error::OtherKeyNeeded`]; [`Error::InUse`],
    /// [`Error::OtherProgram`], [`Error::TooNew`], [`Error::OtherDeployment`]; [`Error::OutOfBounds`] for the
    /// device's name; [`Error::DiskFull`], [`Error::Disk`].
    pub fn open(
        place: Place,
        options: &Options<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Opened, Error> {
        let opened = Store::open(place, &store_options(options), random);
        Self::assemble(opened.map_err(|error| of_opening(error, options.unlock))?, options, random)
    }

    /// Sets the store at `place` aside, never deleting it, and makes a new one of what still opens: for when
    /// [`Self::check`] has found damage. The engine must be closed.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn rescue(
        place: Place,
        options: &Options<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Opened, Error> {
        let opened = Store::rescue(place, &store_options(options), random);
        Self::assemble(opened.map_err(|error| of_opening(error, options.unlock))?, options, random)
    }

    fn assemble(
        opened: p2psync_store::Opened,
        options: &Options<'_>,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Opened, Error> {
        let p2psync_store::Opened { mut store, created, rescue } = opened;
        join_deployment(&mut store, options.group, random)?;
        let identity = Identity::of(&mut store, options.device_name, random)?;
        let (destination, certificate) = destination::restored(&store)?;
        let meeting = Meeting::of(&mut store, random)?;
        let Options { group, limits, policy, .. } = *options;
        let engine = Self { store, group, destination, certificate, identity, limits, policy, meeting };
        Ok(Opened { engine, created, rescue })
    }

    /// This device's id: the hash of the key that signs its documents.
    pub fn device_id(&self) -> PeerId {
        self.identity.id()
    }

    /// This device's name for people.
    pub fn device_name(&self) -> &str {
        &self.identity.name
    }

    /// What making a document needs, as of now: take it out from under the lock.
    pub fn preparation(&self) -> Preparation {
        Preparation {
            group: self.group,
            device: self.identity.key.clone(),
            duplicates_key: self.store.duplicates_key().clone(),
            policy: self.policy,
            content_bytes_max: self.limits.document_bytes_max(),
            destination: self.certificate.clone(),
        }
    }

    /// Deletes documents by their owner's wish, whatever their state. With `block`, peers cannot bring them back.
    /// Unknown ids are passed over.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Disk`], [`Error::Damaged`].
    pub fn delete(&mut self, ids: &[DocumentId], block: bool) -> Result<Deleted, Error> {
        Ok(self.store.delete(ids, block)?)
    }

    /// Offers documents to peers, or stops to. Unknown ids are passed over.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Disk`], [`Error::Damaged`].
    pub fn set_shared(&mut self, ids: &[DocumentId], shared: bool) -> Result<(), Error> {
        Ok(self.store.batch(|batch| batch.set_shared(ids, shared))?)
    }

    /// Looks for damage. If there is any, close the engine and [`Self::rescue`] its store.
    ///
    /// # Errors
    /// [`Error::Disk`] if the check could not be made.
    pub fn check(&self, depth: Depth) -> Result<Findings, Error> {
        Ok(self.store.check(depth)?)
    }

    /// From now on, `unlock` opens the store and nothing else does. Cut off at any point, either the old or the new
    /// one does. The documents are not written again.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Disk`].
    pub fn set_unlock(
        &mut self,
        unlock: &Unlock<'_>,
        cost: PasswordCost,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        Ok(self.store.set_unlock(unlock, cost, random)?)
    }

    /// Whether `unlock` opens the store: asked before its password is changed, or something is shown to its owner
    /// alone.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::PasswordRequired`], [`Error::OtherKeyNeeded`], [`Error::Damaged`].
    pub fn verify_unlock(&self, unlock: &Unlock<'_>) -> Result<(), Error> {
        self.store.verify_unlock(unlock).map_err(|error| of_opening(error, *unlock))
    }

    /// Destroys the keys, so that nothing can ever be read again, then the files: identity, peers, documents,
    /// configuration, and damaged stores that were set aside.
    ///
    /// # Errors
    /// [`Error::Disk`] if a file could not be removed.
    pub fn wipe(self) -> Result<(), Error> {
        Ok(self.store.wipe()?)
    }

    /// Ends the work with the store and gives its place back.
    ///
    /// # Errors
    /// [`Error::Disk`]: everything that was acknowledged is on disk all the same.
    pub fn close(self) -> Result<Place, Error> {
        Ok(self.store.close()?)
    }
}

/// Remembers the deployment in a fresh store, and refuses that of another one: messages would have other ids.
fn join_deployment(store: &mut Store, group: GroupId, random: &mut dyn CryptoRngCore) -> Result<(), Error> {
    match store.setting(DEPLOYMENT)? {
        Some(held) if held == group.as_bytes() => Ok(()),
        Some(_) => Err(Error::OtherDeployment),
        None => Ok(store.batch(|batch| batch.set(DEPLOYMENT, Some(group.as_bytes()), random))?),
    }
}

/// On disk: never changes.
const DEPLOYMENT: &str = "deployment";

fn store_options<'a>(options: &Options<'a>) -> p2psync_store::Options<'a> {
    let Options { unlock, cost, group, limits, policy, .. } = *options;
    let limits = StoreLimits {
        bytes_max: limits.store_bytes_max(),
        others_bytes_max: limits.foreign_bytes_max(),
        peer_bytes_max: limits.peer_bytes_max(),
        peer_documents_max: limits.peer_documents_max(),
        document_bytes_max: limits.document_bytes_max(),
        own_grace_days: policy.keep_own_confirmed_days.map_or(u32::MAX, u32::from),
        ..StoreLimits::default()
    };
    p2psync_store::Options { unlock, cost, group, limits }
}

/// A store that wants a password from somebody who gave none says so in its own words.
fn of_opening(error: p2psync_store::Error, given: Unlock<'_>) -> Error {
    match (&error, given) {
        (p2psync_store::Error::OtherKeyNeeded(_), Unlock::Host(_)) => Error::PasswordRequired,
        _ => error.into(),
    }
}
