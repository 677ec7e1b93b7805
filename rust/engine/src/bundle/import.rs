//! The way in: a file that a stored peer has made, read up to its end or as far as it goes.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};

use p2psync_bramble::WallClock;
use p2psync_model::{DocumentId, PeerId};
use p2psync_store::PeerRow;
use p2psync_sync::bundle::{Event, ReadError, Reader};
use p2psync_sync::session::Refusal;
use rand_core::CryptoRngCore;

use super::keep::{Around, Keeper};
use crate::{Engine, Error};

/// What a bundle has brought. Everything counted here is on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The stored peer that has made it.
    pub maker: PeerId,
    /// Its name, as this device's person knows it.
    pub maker_name: String,
    /// When it was made, as its maker believed; `None` if it was cut before it says so.
    pub made: Option<WallClock>,
    /// Documents that are here whole now and were not before.
    pub documents: u32,
    /// Receipts and notices that were not here before.
    pub statements: u32,
    /// Documents of which a part is here: another copy, or a peer, may bring the rest.
    pub partial: u32,
    /// Documents, receipts and notices that were here before.
    pub already: u32,
    /// Documents, receipts and notices that were not taken, by reason.
    pub rejected: BTreeMap<Refusal, u32>,
    /// Documents that the app may see now, parents first.
    pub received: Vec<DocumentId>,
    /// Own documents that the destination has confirmed.
    pub confirmed: Vec<DocumentId>,
    /// Others' documents that went because the destination has them.
    pub removed: Vec<DocumentId>,
    /// Own documents that the destination does not take.
    pub refused: Vec<DocumentId>,
    /// Bytes that were read.
    pub bytes: u64,
    /// Whether it was read to its end: [`Error::Bundle`] with [`ReadError::Cut`] or [`ReadError::Damaged`] if it is
    /// not whole, [`Error::Input`] if the file could not be read further, [`Error::DiskFull`].
    pub ended: Result<(), Error>,
}

impl Imported {
    /// Whether the file ends before the bundle does.
    pub const fn was_cut(&self) -> bool {
        matches!(self.ended, Err(Error::Bundle(ReadError::Cut)))
    }

    const fn by(maker: PeerId, maker_name: String) -> Self {
        Self {
            maker,
            maker_name,
            made: None,
            documents: 0,
            statements: 0,
            partial: 0,
            already: 0,
            rejected: BTreeMap::new(),
            received: Vec::new(),
            confirmed: Vec::new(),
            removed: Vec::new(),
            refused: Vec::new(),
            bytes: 0,
            ended: Ok(()),
        }
    }
}

impl Engine {
    /// Takes what is new in a bundle of a stored peer. The same bundle again changes nothing. At most 576 KiB of messages
    /// wait in memory at a time.
    ///
    /// # Errors
    /// [`Error::Bundle`] if nothing of it could be read: too short, by nobody who is stored here, one's own, of another
    /// deployment, too new, or damaged where it begins. [`Error::Input`], [`Error::Damaged`], [`Error::Disk`]: what was
    /// stored before stays.
    pub fn import_bundle(
        &mut self,
        input: &mut dyn Read,
        now: WallClock,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Imported, Error> {
        let (mut makers, mut keys) = (Vec::new(), Vec::new());
        for peer in self.meeting.bundle_peers() {
            makers.push(Maker { id: peer.id, name: peer.name, row: peer.row });
            keys.push(peer.key);
        }
        let mut reader = Reader::new(self.group, keys);
        let document_bytes_max = self.limits.document_bytes_max();
        let mut around = Around { engine: self, now, random };
        let mut import = Import { makers, document_bytes_max, keeper: None, made: None, bytes: 0 };
        let ended = import.run(&mut around, &mut reader, input);
        let Import { keeper, made, bytes, .. } = import;
        let Some(mut keeper) = keeper else {
            return Err(ended.err().unwrap_or(Error::Bundle(ReadError::NotRecognised)));
        };
        let ended = ended.and(keeper.finish(&mut around));
        let is_for_nothing = matches!(ended, Err(Error::Bundle(ReadError::OtherDeployment)));
        if is_for_nothing || matches!(ended, Err(Error::Damaged(_) | Error::Disk(_))) {
            return ended.map(|()| keeper.into_imported());
        }
        Ok(Imported { made, bytes, ended, ..keeper.into_imported() })
    }
}

/// A stored peer that may have made a bundle.
struct Maker {
    id: PeerId,
    name: String,
    row: PeerRow,
}

/// A bundle that is being read.
struct Import {
    /// In the order of the keys that the reader was given.
    makers: Vec<Maker>,
    /// Longest content that is taken.
    document_bytes_max: u64,
    /// Who keeps what it brings, once it is known who has made it.
    keeper: Option<Keeper>,
    made: Option<WallClock>,
    bytes: u64,
}

impl Import {
    fn run(
        &mut self,
        around: &mut Around<'_>,
        reader: &mut Reader,
        input: &mut dyn Read,
    ) -> Result<(), Error> {
        let (mut piece, mut events) = (vec![0; PIECE_BYTES], Vec::new());
        while !reader.is_ended() {
            let length = match input.read(&mut piece) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result.map_err(|error| Error::Input(error.to_string()))?,
            };
            if length == 0 {
                break;
            }
            self.bytes += length as u64;
            let result = reader.handle(piece.get(..length).unwrap_or_default(), &mut events);
            // What came before a fault counts.
            for event in events.drain(..) {
                self.take(around, event)?;
            }
            result?;
        }
        Ok(reader.finish()?)
    }

    fn take(&mut self, around: &mut Around<'_>, event: Event) -> Result<(), Error> {
        match (event, &mut self.keeper) {
            (Event::Recognised { pair }, _) => {
                let Maker { id, name, row } = self.makers.get(pair).expect("the reader knows their keys");
                let imported = Imported::by(*id, name.clone());
                self.keeper = Some(Keeper::new(*row, self.document_bytes_max, imported));
                Ok(())
            }
            (Event::About { made }, _) => {
                self.made = Some(made);
                Ok(())
            }
            (Event::Statement(message), Some(keeper)) => keeper.statement(around, message),
            (Event::Document(message), Some(keeper)) => keeper.document(around, message),
            (Event::Chunk { of, message }, Some(keeper)) => keeper.chunk(around, of, message),
            (Event::End { .. }, _) | (_, None) => Ok(()),
        }
    }
}

/// How much is read at once.
const PIECE_BYTES: usize = 64 << 10;
