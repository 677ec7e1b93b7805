//! Whether what a peer brings is taken, and what becomes of it: within one transaction, before anybody is told.

use p2psync_bramble::WallClock;
use p2psync_model::{
    Attributes, Body, ChunkId, ContentReader, Document, DocumentId, GroupId, Message, Notice, Part, Place,
    Protection, Receipt, SignedNotice, SignedReceipt,
};
use p2psync_seal::{Certificate, verify};
use p2psync_store::{Batch, NewDocument, PeerRow};
use p2psync_sync::Set;
use p2psync_sync::session::{Refusal, Verdict};
use rand_core::CryptoRngCore;

use super::quests::{Fit, Quests};
use crate::description::{Description, Sealing};

/// By what a message is judged.
pub(crate) struct Court<'a> {
    pub now: WallClock,
    pub group: GroupId,
    /// Longest content that is taken.
    pub document_bytes_max: u64,
    pub certificate: Option<&'a Certificate>,
    /// Who brought it.
    pub from: PeerRow,
}

/// What a transaction did, for all who must know.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// One for each arrival, in order.
    pub verdicts: Vec<Verdict>,
    /// Documents that were asked for and are stored, whole or not.
    pub came: Vec<DocumentId>,
    /// Documents that were announced and are whole now.
    pub whole: Vec<DocumentId>,
    /// Documents that were asked for and are not taken.
    pub refused: Vec<(DocumentId, Refusal)>,
    /// Documents that the app may see now, parents first.
    pub ready: Vec<DocumentId>,
    /// Own documents that the destination has confirmed.
    pub confirmed: Vec<DocumentId>,
    /// Others' documents that went because they are confirmed.
    pub removed: Vec<DocumentId>,
    /// Own documents that the destination does not take.
    pub rejected: Vec<DocumentId>,
    /// New members of the sets, for other peers.
    pub new: Vec<(Set, DocumentId)>,
    /// Receipts that answer what a peer offers and the destination has already.
    pub answers: Vec<DocumentId>,
    /// What the peer did that its software never does.
    pub misbehaviour: Option<&'static str>,
}

impl Court<'_> {
    /// Judges a message that was pushed.
    ///
    /// # Errors
    /// Those of the store that end the transaction.
    pub(crate) fn pushed(
        &self,
        batch: &mut Batch<'_>,
        message: &Message,
        random: &mut dyn CryptoRngCore,
        done: &mut Done,
    ) -> Result<(), p2psync_store::Error> {
        let verdict = match Body::decode(message) {
            Ok(Body::Document(document)) => self.document(batch, message, &document, random, done)?,
            Ok(Body::Receipt(receipt)) => self.receipt(batch, message, &receipt, random, done)?,
            Ok(Body::Notice(notice)) => self.notice(batch, message, &notice, random, done)?,
            Ok(Body::Chunk(_)) => {
                done.misbehaviour = Some("a chunk that nobody asked for");
                Verdict::Refused(Refusal::NotUnderstood)
            }
            Ok(Body::CertificateUpdate(_) | Body::Statement(_)) | Err(_) => {
                Verdict::Refused(Refusal::NotUnderstood)
            }
        };
        done.verdicts.push(verdict);
        Ok(())
    }

    /// Judges word of a document.
    ///
    /// # Errors
    /// Those of the store that end the transaction.
    pub(crate) fn announced(
        &self,
        batch: &Batch<'_>,
        id: &DocumentId,
        content_bytes: u64,
        done: &mut Done,
    ) -> Result<(), p2psync_store::Error> {
        let verdict = if batch.has_tombstone(id)? {
            done.answers.push(*id);
            Verdict::Refused(Refusal::Unwanted)
        } else if content_bytes > self.document_bytes_max {
            Verdict::Refused(Refusal::TooLarge)
        } else {
            Verdict::Noted
        };
        done.verdicts.push(verdict);
        Ok(())
    }

    /// Takes a document that was announced and asked for.
    ///
    /// # Errors
    /// Those of the store that end the transaction.
    pub(crate) fn asked_document(
        &self,
        batch: &mut Batch<'_>,
        message: &Message,
        random: &mut dyn CryptoRngCore,
        done: &mut Done,
    ) -> Result<(), p2psync_store::Error> {
        let id = message.id();
        let verdict = match Body::decode(message) {
            Ok(Body::Document(document)) => self.document(batch, message, &document, random, done)?,
            _ => Verdict::Refused(Refusal::NotUnderstood),
        };
        match verdict {
            Verdict::Refused(refusal) => done.refused.push((id, refusal)),
            Verdict::Kept | Verdict::Noted => done.came.push(id),
        }
        Ok(())
    }

    fn document(
        &self,
        batch: &mut Batch<'_>,
        message: &Message,
        document: &Document,
        random: &mut dyn CryptoRngCore,
        done: &mut Done,
    ) -> Result<Verdict, p2psync_store::Error> {
        let (id, attributes) = (message.id(), document.attributes());
        if document.size_bytes() > self.document_bytes_max {
            return Ok(Verdict::Refused(Refusal::TooLarge));
        }
        if attributes.expires.is_some_and(|date| date <= self.now) {
            return Ok(Verdict::Refused(Refusal::Expired));
        }
        if batch.has_tombstone(&id)? {
            done.answers.push(id);
            return Ok(Verdict::Refused(Refusal::Unwanted));
        }
        let (chunks, chunks_known): (&[ChunkId], bool) = match document.place() {
            Place::Inline(_) => (&[], true),
            Place::Listed(ids) => (ids, true),
            Place::Indexed(ids) => (ids, false),
        };
        let (description, author) = self.describe(document);
        let new = NewDocument {
            message,
            attributes,
            content_bytes: document.size_bytes(),
            chunks,
            chunks_known,
            shared: true,
            author: author.as_ref(),
            info: &description.encode(),
            duplicate_of: None,
            now: self.now,
        };
        match batch.receive(self.from, &new, random) {
            Ok(arrival) => {
                if arrival.created && chunks.is_empty() {
                    done.new.push((Set::Documents, id));
                    done.whole.push(id);
                }
                done.ready.extend(arrival.ready);
                Ok(Verdict::Kept)
            }
            Err(p2psync_store::Error::Quota(_)) => Ok(Verdict::Refused(Refusal::Quota)),
            Err(p2psync_store::Error::PeerMisbehaved(what)) => {
                done.misbehaviour = Some(what);
                Ok(Verdict::Refused(Refusal::NotUnderstood))
            }
            Err(error) => Err(error),
        }
    }

    /// What can be said of a document without its chunks, and which device made it, if its content is here.
    fn describe(&self, document: &Document) -> (Description, Option<[u8; 32]>) {
        let Attributes { protection, .. } = document.attributes();
        let sealing =
            if matches!(protection, Protection::Open { .. }) { Sealing::Open } else { Sealing::Sealed };
        let mut description = Description { sealing, header: None, body_bytes: None };
        let (Sealing::Open, Place::Inline(content)) = (sealing, document.place()) else {
            return (description, None);
        };
        let (mut reader, mut parts, mut body_bytes) = (ContentReader::new(self.group), Vec::new(), 0);
        // Content that is not what its device signed is carried all the same: whoever reads it is told.
        let is_read = reader.handle(content, &mut parts).is_ok();
        for part in parts {
            match part {
                Part::Header(header) => description.header = Some(*header),
                Part::Body(body) => body_bytes += body.len() as u64,
            }
        }
        let author = reader.finish().ok().filter(|_| is_read);
        description.body_bytes = author.is_some().then_some(body_bytes);
        (description, author.map(|key| *key.as_bytes()))
    }

    fn receipt(
        &self,
        batch: &mut Batch<'_>,
        message: &Message,
        signed: &SignedReceipt,
        random: &mut dyn CryptoRngCore,
        done: &mut Done,
    ) -> Result<Verdict, p2psync_store::Error> {
        let Some(receipt) = self.certificate.and_then(|certificate| {
            verify::<Receipt>(&signed.body().text(), signed.signature(), certificate, self.now).ok()
        }) else {
            return Ok(Verdict::Refused(Refusal::NotTrusted));
        };
        let effect = batch.apply_receipt(&receipt, message, self.now, random)?;
        if !effect.known {
            done.new.push((Set::Statements, DocumentId::from_bytes(receipt.body_hash())));
        }
        done.confirmed.extend(effect.confirmed);
        done.removed.extend(effect.removed);
        done.ready.extend(effect.ready);
        Ok(Verdict::Kept)
    }

    fn notice(
        &self,
        batch: &mut Batch<'_>,
        message: &Message,
        signed: &SignedNotice,
        random: &mut dyn CryptoRngCore,
        done: &mut Done,
    ) -> Result<Verdict, p2psync_store::Error> {
        let Some(notice) = self.certificate.and_then(|certificate| {
            verify::<Notice>(&signed.body().text(), signed.signature(), certificate, self.now).ok()
        }) else {
            return Ok(Verdict::Refused(Refusal::NotTrusted));
        };
        let effect = batch.apply_notice(&notice, message, random)?;
        if !effect.known {
            done.new.push((Set::Statements, DocumentId::from_bytes(notice.body_hash())));
        }
        done.rejected.extend(effect.rejected);
        Ok(Verdict::Kept)
    }
}

/// Takes a chunk of a document that was asked for.
///
/// # Errors
/// Those of the store that end the transaction.
pub(crate) fn take_chunk(
    batch: &mut Batch<'_>,
    document: &DocumentId,
    chunk: &Message,
    quests: &mut Quests,
    random: &mut dyn CryptoRngCore,
    done: &mut Done,
) -> Result<(), p2psync_store::Error> {
    let listed = match quests.judge(document, chunk) {
        Fit::Missing => None,
        Fit::MissingAndLists(chunks) => Some(chunks),
        Fit::Known => return Ok(()),
        Fit::Broken => {
            batch.delete(&[*document], false)?;
            done.refused.push((*document, Refusal::NotUnderstood));
            return Ok(());
        }
    };
    let mut ready = match batch.receive_chunk(chunk, random) {
        Ok(arrival) => {
            done.whole.extend(&arrival.whole);
            arrival.ready
        }
        // Another peer was faster, with the same chunk of another document.
        Err(p2psync_store::Error::PeerMisbehaved(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    if let Some(chunks) = listed {
        let arrival = batch.add_chunks(document, &chunks, true, random)?;
        if arrival.created {
            done.whole.push(*document);
        }
        ready.extend(arrival.ready);
    }
    done.ready.extend(ready);
    Ok(())
}
