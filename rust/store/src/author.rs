//! How much each author's open documents take, of those that peers brought: one who floods the deployment through
//! many peers is stopped all the same. Who made an encrypted document, only its destination can see.

use p2psync_model::DocumentId;
use rand_core::CryptoRngCore;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::Error;
use crate::batch::Batch;
use crate::facts::{DOCUMENT, Facts, OWN};
use crate::vault::{Column, RowKey, Vault};

/// What the documents of one author take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Authorship {
    pub(crate) documents: u64,
    pub(crate) bytes: u64,
}

impl Batch<'_> {
    /// Says which device made a document that a peer brought: for one that was not whole when it was received.
    ///
    /// # Errors
    /// [`Error::Quota`] if that author has reached theirs: the caller deletes the document. [`Error::NotFound`],
    /// also for one's own; [`Error::OutOfBounds`] if another author is known; [`Error::Full`], [`Error::Disk`].
    pub fn note_author(
        &mut self,
        id: &DocumentId,
        author: &[u8; 32],
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        self.usable()?;
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        let (facts, mut header) = self.find(&key)?.ok_or(Error::NotFound)?;
        if facts.origin == OWN {
            return Err(Error::NotFound);
        }
        match header.author {
            Some(known) if known == *author => return Ok(()),
            Some(_) => return Err(Error::OutOfBounds("the author of a document")),
            None => self.check_author_quota(author, u64::try_from(facts.bytes).unwrap_or(0))?,
        }
        header.author = Some(*author);
        self.complete(|batch| {
            header.update(batch.connection, batch.vault, &facts, random)?;
            batch.add_authorship(Some(author), &facts)
        })
    }

    pub(crate) fn check_author_quota(&self, author: &[u8; 32], bytes: u64) -> Result<(), Error> {
        let taken = read(self.connection, self.vault, &key(self.vault, author))?;
        if taken.documents >= u64::from(self.limits.author_documents_max) {
            return Err(Error::Quota("the number of this author's documents"));
        }
        if taken.bytes.saturating_add(bytes) > self.limits.author_bytes_max {
            return Err(Error::Quota("the size of this author's documents"));
        }
        Ok(())
    }

    /// The author has one document more.
    pub(crate) fn add_authorship(&mut self, author: Option<&[u8; 32]>, facts: &Facts) -> Result<(), Error> {
        let Some(author) = author else { return Ok(()) };
        add(self.connection, self.vault, author, facts)
    }

    /// The author of a document that goes, or becomes one's own, has one less.
    pub(crate) fn forget_authorship(&mut self, facts: &Facts) -> Result<(), Error> {
        if facts.origin == OWN {
            return Ok(());
        }
        let header = crate::facts::Header::find(self.connection, self.vault, facts)?;
        let Some(author) = header.author else { return Ok(()) };
        let key = key(self.vault, &author);
        let before = read(self.connection, self.vault, &key)?;
        let after = Authorship {
            documents: before.documents.saturating_sub(1),
            bytes: before.bytes.saturating_sub(u64::try_from(facts.bytes).unwrap_or(0)),
        };
        write(self.connection, self.vault, &key, after)
    }
}

/// The author of the document has one document more.
pub(crate) fn add(
    connection: &Connection,
    vault: &Vault,
    author: &[u8; 32],
    facts: &Facts,
) -> Result<(), Error> {
    let key = key(vault, author);
    let before = read(connection, vault, &key)?;
    let after = Authorship {
        documents: before.documents.saturating_add(1),
        bytes: before.bytes.saturating_add(u64::try_from(facts.bytes).unwrap_or(0)),
    };
    write(connection, vault, &key, after)
}

/// What an author's documents take, as noted.
pub(crate) fn read(connection: &Connection, vault: &Vault, key: &RowKey) -> Result<Authorship, Error> {
    let mut query = connection.prepare_cached("SELECT sealed FROM author WHERE key = ?1")?;
    let sealed: Option<Vec<u8>> = query.query_row([key], |row| row.get(0)).optional()?;
    let Some(sealed) = sealed else { return Ok(Authorship::default()) };
    let plain = vault.open(Column::AuthorUsage, key, &sealed)?;
    let parts = plain.split_first_chunk().and_then(|(documents, bytes)| {
        let bytes = u64::from_be_bytes(bytes.try_into().ok()?);
        Some(Authorship { documents: u64::from_be_bytes(*documents), bytes })
    });
    parts.ok_or(Error::Damaged("an author"))
}

/// What stands for an author on disk.
pub(crate) fn key(vault: &Vault, author: &[u8; 32]) -> RowKey {
    vault.row_key("author", author)
}

fn write(connection: &Connection, vault: &Vault, key: &RowKey, usage: Authorship) -> Result<(), Error> {
    if usage.documents == 0 {
        connection.prepare_cached("DELETE FROM author WHERE key = ?1")?.execute([key])?;
        return Ok(());
    }
    let plain = [usage.documents.to_be_bytes(), usage.bytes.to_be_bytes()].concat();
    // Documents go where no randomness is at hand; the same numbers may look the same.
    let sealed = vault.seal_repeatably(Column::AuthorUsage, key, &plain);
    connection
        .prepare_cached(
            "INSERT INTO author (key, sealed) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed",
        )?
        .execute(params![key, sealed])?;
    Ok(())
}
