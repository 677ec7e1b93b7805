//! What servers did not take, and why: shown to the author. A notice makes nobody delete anything.

use p2psync_bramble::WallClock;
use p2psync_model::{Body, DocumentId, Fingerprint, Message, Notice, NoticeEntry};
use rand_core::CryptoRngCore;
use rusqlite::{OptionalExtension as _, params};

use crate::batch::Batch;
use crate::facts::{DOCUMENT, Facts, State, day};
use crate::statement::{StatementKind, read_tombstone};
use crate::vault::{Column, RowKey};
use crate::{Error, Store};

/// What a notice changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeEffect {
    /// Whether this notice, or one that says the same, was here already.
    pub known: bool,
    /// Documents here that are rejected now.
    pub rejected: Vec<DocumentId>,
}

/// Why a server did not take a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectionReason {
    /// The certificate of the server.
    pub server: Fingerprint,
    /// When it said so, in Unix seconds.
    pub time: u64,
    /// Code and reason.
    pub entry: NoticeEntry,
}

impl Batch<'_> {
    /// Acts on a notice whose signature was verified: its documents are rejected, unless a receipt confirms them.
    /// They stay, are offered to peers as before, and a later receipt overrules the notice. `message` carries it.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Disk`], [`Error::Damaged`].
    pub fn apply_notice(
        &mut self,
        notice: &Notice,
        message: &Message,
        random: &mut dyn CryptoRngCore,
    ) -> Result<NoticeEffect, Error> {
        self.attempt(|batch| {
            let (_, created) =
                batch.insert_statement(StatementKind::Notice, &notice.body_hash(), message, random)?;
            let mut effect = NoticeEffect { known: !created, rejected: Vec::new() };
            for entry in notice.entries() {
                let key = batch.vault.row_key(DOCUMENT, entry.id().as_bytes());
                if !batch.keep_reason(&key, notice, entry, random)? {
                    continue;
                }
                let Some(facts) = Facts::find(batch.connection, batch.vault, &key)? else { continue };
                if matches!(facts.state, State::Stored | State::Relayed | State::Delivered) {
                    batch.change(&facts, &Facts { state: State::Rejected, ..facts.clone() })?;
                    effect.rejected.push(entry.id());
                }
            }
            Ok(effect)
        })
    }

    /// The notice in a message, which says what the caller has verified; applied.
    pub(crate) fn apply_notice_in(
        &mut self,
        identity: &[u8; 32],
        message: &Message,
        random: &mut dyn CryptoRngCore,
    ) -> Result<bool, Error> {
        match Body::decode(message) {
            Ok(Body::Notice(signed)) if signed.body().body_hash() == *identity => {
                Ok(!self.apply_notice(signed.body(), message, random)?.known)
            }
            _ => Err(Error::OutOfBounds("a notice's message")),
        }
    }

    /// The server took the document at `time` after all: what a notice said before is void.
    pub(crate) fn overrule(&mut self, key: &RowKey, time: u64, held: bool) -> Result<(), Error> {
        let Some(reason) = reason(self.connection, self.vault, key)? else { return Ok(()) };
        if reason.time <= time || !held {
            self.connection.prepare_cached("DELETE FROM rejection WHERE key = ?1")?.execute([key])?;
        }
        Ok(())
    }

    /// What servers have said already of a document that is new here.
    pub(crate) fn heed_statements(&mut self, facts: &mut Facts, now: WallClock) -> Result<(), Error> {
        match read_tombstone(self.connection, self.vault, &facts.key)? {
            // Who puts it again wants it again.
            Some(0) => {
                self.connection
                    .prepare_cached("DELETE FROM tombstone WHERE key = ?1")?
                    .execute([facts.key])?;
            }
            Some(_) => {
                facts.state = State::Confirmed;
                facts.confirmed_day = day(now).max(1);
                return Ok(());
            }
            None => {}
        }
        if self.is_rejected(&facts.key)? {
            facts.state = State::Rejected;
        }
        Ok(())
    }

    /// The state of a document whose last chunk has come.
    pub(crate) fn state_when_whole(&self, row: i64, key: &RowKey) -> Result<State, Error> {
        if self.is_rejected(key)? {
            return Ok(State::Rejected);
        }
        let mut holders = self.connection.prepare_cached("SELECT 1 FROM holder WHERE document = ?1")?;
        Ok(if holders.exists([row])? { State::Relayed } else { State::Stored })
    }

    fn is_rejected(&self, key: &RowKey) -> Result<bool, Error> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM rejection WHERE key = ?1")?.exists([key])?)
    }

    /// Whether this is the latest that a server has said of that document.
    fn keep_reason(
        &mut self,
        key: &RowKey,
        notice: &Notice,
        entry: &NoticeEntry,
        random: &mut dyn CryptoRngCore,
    ) -> Result<bool, Error> {
        if reason(self.connection, self.vault, key)?.is_some_and(|known| known.time > notice.time()) {
            return Ok(false);
        }
        let one = Notice::new(notice.server(), notice.epoch(), notice.time(), vec![entry.clone()])
            .expect("a part of a notice is a notice");
        let sealed = self.vault.seal(Column::RejectionReason, key, &one.binary(), random);
        self.connection
            .prepare_cached(
                "INSERT INTO rejection (key, sealed) VALUES (?1, ?2) \
                 ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed",
            )?
            .execute(params![key, sealed])?;
        Ok(true)
    }
}

impl Store {
    /// Why a server did not take a document, for its author's screen. `None` if no notice names it, or a later
    /// receipt says that the server has it.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Disk`].
    pub fn rejection(&self, id: &DocumentId) -> Result<Option<RejectionReason>, Error> {
        let key = self.vault.row_key(DOCUMENT, id.as_bytes());
        reason(&self.connection, &self.vault, &key)
    }
}

fn reason(
    connection: &rusqlite::Connection,
    vault: &crate::vault::Vault,
    key: &RowKey,
) -> Result<Option<RejectionReason>, Error> {
    let mut query = connection.prepare_cached("SELECT sealed FROM rejection WHERE key = ?1")?;
    let sealed: Option<Vec<u8>> = query.query_row([key], |row| row.get(0)).optional()?;
    let Some(sealed) = sealed else { return Ok(None) };
    let plain = vault.open(Column::RejectionReason, key, &sealed)?;
    let notice = Notice::parse_binary(&plain).map_err(|_| Error::Damaged("a rejection"))?;
    let entry = notice.entries().first().cloned().ok_or(Error::Damaged("a rejection"))?;
    Ok(Some(RejectionReason { server: notice.server(), time: notice.time(), entry }))
}
