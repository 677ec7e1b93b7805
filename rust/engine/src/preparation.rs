//! From what an app hands over to finished bytes: described, signed by the device, sealed if that is wanted, cut
//! into chunks. Slow, and done without the engine.

use std::io::Read;
use std::sync::Arc;

use p2psync_bramble::{SecretKey, SigningKey, WallClock};
use p2psync_model::{
    Attachment, Attributes, DocumentId, Duplicates, Finished, GroupId, Header, Message, Metadata, Parents,
    Policy, Priority, Protection,
};
use p2psync_seal::{Certificate, Expired, SealError, SealOptions, Sealer};
use rand_core::CryptoRngCore;

use crate::Error;
use crate::cutting::{Cut, Pour, Sink};
use crate::description::{Description, Sealing};

/// Longer documents are handed over to be kept in pieces of about this size, so that memory stays bounded. Forms, and
/// photos as phones make them smaller, are kept at once.
pub const KEPT_AT_ONCE_BYTES: usize = 3 << 20;

/// Documents whose content is longer have low priority if their app names none: forms go before photos.
pub const NORMAL_PRIORITY_BYTES_MAX: u64 = 64 << 10;

/// What an app says of a document; the body comes beside it.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// Media type of the body.
    pub content_type: String,
    /// The person it is from, as the destination knows them.
    pub author: Option<String>,
    /// The app's own values.
    pub metadata: Metadata,
    /// Other documents that belong to it.
    pub attachments: Vec<Attachment>,
    /// Whether peers are offered it.
    pub shared: bool,
    /// Whether it is sealed for the destination; `None`: by the deployment's policy.
    pub sealed: Option<bool>,
    /// What goes first; `None`: by its size, see [`NORMAL_PRIORITY_BYTES_MAX`].
    pub priority: Option<Priority>,
    /// From when on nobody needs it any more.
    pub expires: Option<WallClock>,
    /// What it builds on, in any order.
    pub parents: Vec<DocumentId>,
}

impl NewDocument {
    /// A document with nothing but a type: shared, sealed by the policy.
    pub fn new(content_type: impl Into<String>) -> Self {
        Self {
            content_type: content_type.into(),
            author: None,
            metadata: Metadata::default(),
            attachments: Vec::new(),
            shared: true,
            sealed: None,
            priority: None,
            expires: None,
            parents: Vec::new(),
        }
    }

    fn header(&self, now: WallClock) -> Result<Header, Error> {
        let header = Header::new(&self.content_type, now)?
            .with_metadata(self.metadata.clone())
            .with_attachments(self.attachments.clone())?;
        Ok(match &self.author {
            Some(author) => header.with_author(author)?,
            None => header,
        })
    }

    fn parents(&self) -> Result<Parents, Error> {
        let mut ids = self.parents.clone();
        ids.sort_unstable();
        Ok(Parents::new(ids)?)
    }
}

/// What making a document needs of the engine, as of one moment. Cheap to clone, and good in any thread.
#[derive(Clone, Debug)]
pub struct Preparation {
    pub(crate) group: GroupId,
    pub(crate) device: SigningKey,
    pub(crate) duplicates_key: SecretKey,
    pub(crate) policy: Policy,
    pub(crate) content_bytes_max: u64,
    pub(crate) destination: Option<Arc<Certificate>>,
}

/// A document whose bytes are finished, for [`crate::Engine::commit`].
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(crate) finished: Finished,
    /// Chunks that were not handed over yet, before those of `finished`.
    pub(crate) chunks: Vec<Message>,
    pub(crate) content_bytes: u64,
    pub(crate) attributes: Attributes,
    pub(crate) shared: bool,
    pub(crate) description: Description,
    pub(crate) duplicate_of: [u8; 32],
}

impl Prepared {
    /// The message that is the document: the server's side of a test, and whoever sends it on, can begin with it.
    pub const fn document(&self) -> &Message {
        &self.finished.document
    }
}

/// Takes chunks of a document that is being made, in order: [`crate::Engine::keep`] behind whatever lock there is.
pub type Keep<'a> = dyn FnMut(&[Message], &mut dyn CryptoRngCore) -> Result<(), Error> + 'a;

impl Preparation {
    /// Makes a document of `body`, to its end. Chunks of long ones go to `keep` on the way; a short one stays in the
    /// result. Takes a few megabytes of memory, however long the body is.
    ///
    /// # Errors
    /// Those of the caller in `new`, [`Error::NoDestination`] or [`Error::Policy`] by the deployment's policy,
    /// [`Error::TooLarge`], [`Error::Input`], [`Error::Certificate`] if the destination's key is fit no longer (but
    /// one that has expired is sealed to, and the document marked), and what `keep` says. Nothing is ever made open
    /// that was to be sealed.
    pub fn prepare(
        &self,
        new: &NewDocument,
        body: &mut dyn Read,
        keep: &mut Keep<'_>,
        now: WallClock,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Prepared, Error> {
        let seals = self.policy.seals(new.sealed, self.destination.is_some())?;
        let certificate = self.destination.as_deref().filter(|_| seals);
        let protection = match certificate {
            Some(certificate) => Protection::Sealed { destination: certificate.fingerprint() },
            None => Protection::open(random),
        };
        let mut attributes = Attributes::new(protection);
        attributes.expires = new.expires;
        attributes.parents = new.parents()?;
        let header = new.header(now)?;
        let duplicates = Duplicates::new(&header, &attributes);
        let sink = Sink::new(self.group, self.content_bytes_max);
        let mut pour = Pour {
            header: &header,
            body,
            duplicates,
            content_bytes_max: self.content_bytes_max,
            sink: &sink,
            keep,
            random,
        };
        let (body_bytes, sealing) = match certificate {
            None => (pour.write_to(&mut sink.clone(), self.group, &self.device)?, Sealing::Open),
            Some(certificate) => self.seal(&mut pour, certificate, now)?,
        };
        let duplicate_of = pour.duplicates.finish(&self.duplicates_key);
        let Cut { chunker, content_bytes, ready: chunks, .. } = sink.into_cut();
        attributes.priority = new.priority.unwrap_or(if content_bytes > NORMAL_PRIORITY_BYTES_MAX {
            Priority::Low
        } else {
            Priority::Normal
        });
        let finished = chunker.finish(attributes.clone(), now)?;
        let description = Description { sealing, header: Some(header), body_bytes: Some(body_bytes) };
        Ok(Prepared {
            finished,
            chunks,
            content_bytes,
            attributes,
            shared: new.shared,
            description,
            duplicate_of,
        })
    }

    fn seal(
        &self,
        pour: &mut Pour<'_>,
        certificate: &Certificate,
        now: WallClock,
    ) -> Result<(u64, Sealing), Error> {
        let options = SealOptions {
            expired: Expired::SealAnyway,
            compress: !is_compressed(pour.header.content_type()),
        };
        let sink = pour.sink;
        let fault = |error| sink.reason(|| of_sealing(error));
        let mut out = sink.clone();
        let mut sealer = Sealer::new(&mut out, certificate, options, now).map_err(fault)?;
        let sealing = if sealer.to_expired() { Sealing::SealedToExpired } else { Sealing::Sealed };
        let body_bytes = pour.write_to(&mut sealer, self.group, &self.device)?;
        sealer.finish().map_err(fault)?;
        Ok((body_bytes, sealing))
    }
}

fn of_sealing(error: SealError) -> Error {
    match error {
        SealError::Certificate(error) => Error::Certificate(error),
        SealError::Failed(text) => Error::Sealing(text),
    }
}

/// Whether content of that type cannot be deflated further.
fn is_compressed(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or(content_type).trim().to_ascii_lowercase();
    match media_type.split_once('/') {
        Some(("image", kind)) => !matches!(kind, "svg+xml" | "bmp" | "x-ms-bmp" | "tiff"),
        Some(("audio" | "video", kind)) => !matches!(kind, "wav" | "x-wav"),
        Some(("application", kind)) => {
            matches!(kind, "zip" | "gzip" | "x-7z-compressed" | "x-bzip2" | "x-xz" | "zstd" | "pgp-encrypted")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_are_not_deflated_again_and_forms_are() {
        for name in ["image/jpeg", "IMAGE/PNG", "video/mp4", "application/zip", "image/jpeg; x=y"] {
            assert!(is_compressed(name), "{name}");
        }
        for name in ["application/json", "text/plain", "image/svg+xml", "odd", "audio/wav"] {
            assert!(!is_compressed(name), "{name}");
        }
    }
}
