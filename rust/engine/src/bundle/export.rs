//! The way out: what is offered to peers, into a file.

use std::io::Write;

use p2psync_bramble::WallClock;
use p2psync_model::DocumentId;
use p2psync_seal::{Expired, SealError, SealOptions, seal};
use p2psync_sync::bundle::{About, Front, PAIRS_MAX, SEALED_BYTES_MAX, Selection, ServerSlot, Veil, Writer};
use rand_core::CryptoRngCore;

use crate::exchange::shelf::{Reading, entry};
use crate::{Engine, Error};

/// Which documents go into a bundle. What servers have signed goes into each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// All that are offered to peers.
    Offered,
    /// These of them.
    Chosen(&'a [DocumentId]),
}

/// A bundle that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Documents in it, each with all its chunks.
    pub documents: u32,
    /// Receipts and notices in it.
    pub statements: u32,
    /// Its length.
    pub bytes: u64,
    /// Stored peers that can read it.
    pub peers: usize,
    /// Whether the destination can.
    pub for_destination: bool,
}

impl Engine {
    /// Writes a bundle to `out`, for all stored peers that are not blocked, and for the destination if its key can be
    /// sealed to, also after its expiry. What was written before a failure is a bundle that was cut. Its length does not
    /// matter for the memory that this takes.
    ///
    /// # Errors
    /// [`Error::BundleForNobody`]; [`Error::NotFound`] if a chosen document is not offered to peers; nothing is
    /// written then. [`Error::Output`], [`Error::DiskFull`]; [`Error::Sealing`], [`Error::Damaged`], [`Error::Disk`].
    pub fn export_bundle(
        &mut self,
        out: &mut dyn Write,
        which: Which<'_>,
        now: WallClock,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Exported, Error> {
        let mut pairs: Vec<_> = self.meeting.bundle_peers().into_iter().map(|peer| peer.key).collect();
        pairs.truncate(PAIRS_MAX);
        let front = Front::random(pairs.len(), random).map_err(|_| Error::Quota("peers"))?;
        let sealed = self.sealed_for_destination(&front.secret(), now)?;
        if pairs.is_empty() && sealed.is_none() {
            return Err(Error::BundleForNobody);
        }
        let selection = self.selection(which)?;
        let server = sealed.as_ref().map(|(veil, sealed)| ServerSlot { veil: *veil, sealed });
        let about = About { group: self.group, made: now };
        let mut writer = Writer::new(&front, &pairs, server.as_ref(), about, selection, random)
            .expect("there is a slot for each, and what is sealed was measured");
        self.write_bundle(&mut writer, out, random)?;
        let tally = writer.tally();
        Ok(Exported {
            documents: tally.documents,
            statements: tally.statements,
            bytes: tally.bytes,
            peers: pairs.len(),
            for_destination: sealed.is_some(),
        })
    }

    fn write_bundle(
        &mut self,
        writer: &mut Writer,
        out: &mut dyn Write,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        let (mut reading, mut bytes) = (Reading::new(random), Vec::new());
        loop {
            let mut failure = None;
            let filled = writer.fill(&mut reading.shelf(&mut self.store, &mut failure), &mut bytes);
            // The shelf fails for the disk, the writer for a document that lacks a part.
            let more = filled.map_err(|_| failure.unwrap_or(Error::Damaged("a document")))?;
            if bytes.len() >= WRITTEN_AT_ONCE_BYTES || !more {
                out.write_all(&bytes).map_err(|error| Error::of_output(&error))?;
                bytes.clear();
            }
            if !more {
                return out.flush().map_err(|error| Error::of_output(&error));
            }
        }
    }

    fn selection(&self, which: Which<'_>) -> Result<Selection, Error> {
        let Which::Chosen(ids) = which else { return Ok(Selection::All) };
        let ids: std::collections::BTreeSet<_> = ids.iter().collect();
        let entries = ids.into_iter().map(|id| self.store.offered(id)?.map(entry).ok_or(Error::NotFound));
        let mut entries = entries.collect::<Result<Vec<_>, Error>>()?;
        entries.sort_unstable_by_key(|entry| (entry.timestamp_ms, entry.id));
        Ok(Selection::Documents(entries))
    }

    /// `None` if there is no destination, or nothing can be sealed to it.
    fn sealed_for_destination(
        &self,
        secret: &[u8],
        now: WallClock,
    ) -> Result<Option<(Veil, Vec<u8>)>, Error> {
        let Some(certificate) = &self.certificate else { return Ok(None) };
        let options = SealOptions { expired: Expired::SealAnyway, compress: false };
        match seal(secret, certificate, options, now) {
            Ok(sealed) if sealed.len() <= SEALED_BYTES_MAX => {
                Ok(Some((Veil { group: self.group, server: certificate.fingerprint() }, sealed)))
            }
            Ok(_) => Err(Error::Sealing("what is sealed does not fit in a bundle".to_owned())),
            Err(SealError::Certificate(_)) => Ok(None),
            Err(SealError::Failed(why)) => Err(Error::Sealing(why)),
        }
    }
}

/// Messages are short; the disk likes longer pieces.
const WRITTEN_AT_ONCE_BYTES: usize = 128 << 10;
