//! The plain columns of a document's row, and the sealed header that says the rest.

use p2psync_bramble::WallClock;
use p2psync_model::{DocumentId, Priority};
use rand_core::CryptoRngCore;
use rusqlite::{Connection, Row, params};
use zeroize::Zeroizing;

use crate::Error;
use crate::vault::{Column, RowKey, Vault};

/// How far a document has come. The numbers are on disk and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// Chunks are missing. Nobody sees it.
    Partial = 0,
    /// On this device.
    Stored = 1,
    /// On another device too.
    Relayed = 2,
    /// The server took it and has not confirmed it yet.
    Delivered = 3,
    /// A receipt says that the server has it.
    Confirmed = 4,
    /// A notice says that the server did not take it.
    Rejected = 5,
}

impl State {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Partial, Self::Stored, Self::Relayed, Self::Delivered, Self::Confirmed, Self::Rejected];

    pub(crate) fn read(number: i64) -> Result<Self, Error> {
        let mut states = Self::ALL.into_iter();
        states.find(|state| state.number() == number).ok_or(Error::Damaged("a document's state"))
    }

    pub(crate) const fn number(self) -> i64 {
        self as i64
    }
}

/// The plain columns. Read, they are as they were written: the guard was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) row: i64,
    pub(crate) key: RowKey,
    pub(crate) bucket: i64,
    pub(crate) state: State,
    /// [`OWN`], or the row of the peer that brought it.
    pub(crate) origin: i64,
    pub(crate) shared: bool,
    pub(crate) priority: Priority,
    pub(crate) bytes: i64,
    pub(crate) expires_day: i64,
    pub(crate) confirmed_day: i64,
    pub(crate) duplicate_key: Vec<u8>,
}

/// The origin of documents made on this device.
pub(crate) const OWN: i64 = 0;

/// The columns that [`Facts::read`] expects, in its order, and the guard.
pub(crate) const FACTS: &str = "row, key, bucket, state, origin, shared, priority, bytes, expires_day, \
    confirmed_day, duplicate_key, guard";

/// The place of the first column after [`FACTS`] in a query.
pub(crate) const AFTER_FACTS: usize = 12;

impl Facts {
    /// Reads [`FACTS`].
    pub(crate) fn read(row: &Row<'_>, vault: &Vault) -> Result<Self, Error> {
        let facts = Self {
            row: row.get(0)?,
            key: row.get::<_, RowKey>(1)?,
            bucket: row.get(2)?,
            state: State::read(row.get(3)?)?,
            origin: row.get(4)?,
            shared: read_flag(row.get(5)?)?,
            priority: Priority::from_number(row.get(6)?).ok_or(Error::Damaged("a document's row"))?,
            bytes: row.get(7)?,
            expires_day: row.get(8)?,
            confirmed_day: row.get(9)?,
            duplicate_key: row.get(10)?,
        };
        let guard: RowKey = row.get(11)?;
        if facts.guard(vault) == guard { Ok(facts) } else { Err(Error::Damaged("a document's row")) }
    }

    /// The facts of the document with that key.
    pub(crate) fn find(connection: &Connection, vault: &Vault, key: &RowKey) -> Result<Option<Self>, Error> {
        let mut query = connection.prepare_cached(&format!("SELECT {FACTS} FROM document WHERE key = ?1"))?;
        let mut rows = query.query([key])?;
        rows.next()?.map(|row| Self::read(row, vault)).transpose()
    }

    /// Writes changed columns back.
    pub(crate) fn update(&self, connection: &Connection, vault: &Vault) -> Result<(), Error> {
        let mut update = connection.prepare_cached(
            "UPDATE document SET state = ?2, origin = ?3, shared = ?4, expires_day = ?5, confirmed_day = ?6, \
             duplicate_key = ?7, guard = ?8 WHERE row = ?1",
        )?;
        update.execute(params![
            self.row,
            self.state.number(),
            self.origin,
            i64::from(self.shared),
            self.expires_day,
            self.confirmed_day,
            self.duplicate_key,
            self.guard(vault),
        ])?;
        Ok(())
    }

    /// Whether peers are offered it: the set D of PROTOCOL, Sync.
    pub(crate) fn is_offered(&self) -> bool {
        self.shared && !matches!(self.state, State::Partial | State::Confirmed)
    }

    pub(crate) fn guard(&self, vault: &Vault) -> RowKey {
        vault.guard(&[
            &self.row.to_be_bytes(),
            &self.key,
            &self.bucket.to_be_bytes(),
            &self.state.number().to_be_bytes(),
            &self.origin.to_be_bytes(),
            &i64::from(self.shared).to_be_bytes(),
            &self.priority.number().to_be_bytes(),
            &self.bytes.to_be_bytes(),
            &self.expires_day.to_be_bytes(),
            &self.confirmed_day.to_be_bytes(),
            &self.duplicate_key,
        ])
    }
}

/// What is sealed beside a document's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) id: DocumentId,
    pub(crate) timestamp_ms: u64,
    pub(crate) content_bytes: u64,
    pub(crate) received: WallClock,
    /// How many chunks are known; all of them if `chunks_known`.
    pub(crate) chunk_count: u32,
    pub(crate) chunks_known: bool,
    /// Whether only its destination can read it.
    pub(crate) encrypted: bool,
    /// The device that made it, where that is known and it is another one.
    pub(crate) author: Option<[u8; 32]>,
    pub(crate) info: Vec<u8>,
}

impl Header {
    pub(crate) fn seal(&self, vault: &Vault, key: &RowKey, random: &mut dyn CryptoRngCore) -> Vec<u8> {
        let mut plain = Zeroizing::new(Vec::with_capacity(HEADER_BYTES_MIN + 32 + self.info.len()));
        plain.extend_from_slice(self.id.as_bytes());
        plain.extend_from_slice(&self.timestamp_ms.to_be_bytes());
        plain.extend_from_slice(&self.content_bytes.to_be_bytes());
        plain.extend_from_slice(&self.received.0.to_be_bytes());
        plain.extend_from_slice(&self.chunk_count.to_be_bytes());
        let flags = [(self.chunks_known, CHUNKS_KNOWN), (self.encrypted, ENCRYPTED)];
        let flags = flags.into_iter().filter_map(|(is_set, flag)| is_set.then_some(flag)).sum::<u8>();
        plain.push(flags | if self.author.is_some() { HAS_AUTHOR } else { 0 });
        plain.extend(self.author.iter().flatten());
        plain.extend_from_slice(&self.info);
        vault.seal(Column::DocumentHeader, key, &plain, random)
    }

    pub(crate) fn open(vault: &Vault, key: &RowKey, sealed: &[u8]) -> Result<Self, Error> {
        let plain = vault.open(Column::DocumentHeader, key, sealed)?;
        let header = Self::parse(&plain).ok_or(Error::Damaged("a document's header"))?;
        // The key of the row is that of the id: a row cannot pass for another document's.
        if vault.row_key(DOCUMENT, header.id.as_bytes()) == *key {
            Ok(header)
        } else {
            Err(Error::Damaged("a document's key"))
        }
    }

    /// The header of the document in that row.
    pub(crate) fn find(connection: &Connection, vault: &Vault, facts: &Facts) -> Result<Self, Error> {
        let mut query = connection.prepare_cached("SELECT header FROM document WHERE row = ?1")?;
        let sealed: Vec<u8> = query.query_row([facts.row], |row| row.get(0))?;
        Self::open(vault, &facts.key, &sealed)
    }

    /// Writes a changed header back.
    pub(crate) fn update(
        &self,
        connection: &Connection,
        vault: &Vault,
        facts: &Facts,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Error> {
        let sealed = self.seal(vault, &facts.key, random);
        connection
            .prepare_cached("UPDATE document SET header = ?2 WHERE row = ?1")?
            .execute(params![facts.row, sealed])?;
        Ok(())
    }

    fn parse(plain: &[u8]) -> Option<Self> {
        let (id, rest) = plain.split_first_chunk()?;
        let (timestamp, rest) = rest.split_first_chunk()?;
        let (content_bytes, rest) = rest.split_first_chunk()?;
        let (received, rest) = rest.split_first_chunk()?;
        let (chunk_count, rest) = rest.split_first_chunk()?;
        let ([flags], mut info) = rest.split_first_chunk()?;
        let mut author = None;
        if flags & HAS_AUTHOR != 0 {
            let (device, rest) = info.split_first_chunk()?;
            (author, info) = (Some(*device), rest);
        }
        Some(Self {
            id: DocumentId::from_bytes(*id),
            timestamp_ms: u64::from_be_bytes(*timestamp),
            content_bytes: u64::from_be_bytes(*content_bytes),
            received: WallClock(u64::from_be_bytes(*received)),
            chunk_count: u32::from_be_bytes(*chunk_count),
            chunks_known: flags & CHUNKS_KNOWN != 0,
            encrypted: flags & ENCRYPTED != 0,
            author,
            info: info.to_vec(),
        })
    }
}

/// Names the table in keyed hashes of document ids. On disk: never changes.
pub(crate) const DOCUMENT: &str = "document";

/// Days since 1970 of a date.
pub(crate) fn day(date: WallClock) -> i64 {
    i64::try_from(date.0 / 86_400_000).expect("a number of days is far below 2^63")
}

const HEADER_BYTES_MIN: usize = 32 + 8 + 8 + 8 + 4 + 1;
const CHUNKS_KNOWN: u8 = 1;
const ENCRYPTED: u8 = 2;
const HAS_AUTHOR: u8 = 4;

fn read_flag(number: i64) -> Result<bool, Error> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::Damaged("a document's row")),
    }
}
