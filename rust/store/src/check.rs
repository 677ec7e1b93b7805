//! Looking for damage before somebody needs what is damaged.

use std::collections::{BTreeMap, BTreeSet};

use p2psync_model::MessageId;
use rusqlite::OptionalExtension as _;

use crate::author::{self, Authorship};
use crate::chunk::{CHUNK, distinct, read_chunk_uses, read_chunks};
use crate::facts::{AFTER_FACTS, FACTS, Facts, Header, OWN, State};
use crate::stamp::Stamp;
use crate::table::TABLES;
use crate::vault::{Column, RowKey};
use crate::{Error, Store, schema};

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// SQLite's own check of its pages and the tables' form. Reads the file once.
    Quick,
    /// Also decrypts every row, computes every id, and follows every reference.
    Full,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Rows looked at.
    pub rows: u64,
    /// What is wrong, at most [`FINDINGS_MAX`]; empty if all is well. Texts for the log: no id is in them.
    pub damage: Vec<String>,
}

/// Findings that are told; a badly damaged file has many.
pub const FINDINGS_MAX: usize = 100;

impl Store {
    /// Looks for damage. If there is any, close the store and [`Store::rescue`] it.
    ///
    /// # Errors
    /// [`Error::Disk`] if the check itself could not be made.
    pub fn check(&self, depth: Depth) -> Result<Findings, Error> {
        let mut findings = Findings::default();
        match (schema::statements(&self.connection), schema::expected()?) {
            (Ok(found), expected) if found == expected => {}
            _ => findings.add("the tables are not those of this version"),
        }
        match (Stamp::read(&self.connection, &self.vault), Stamp::of(&self.connection)) {
            (Ok(Some(stamp)), Ok(found)) if stamp == found => {}
            _ => findings.add("the stamp is not that of the tables"),
        }
        let pragma = match depth {
            Depth::Quick => "PRAGMA quick_check",
            Depth::Full => "PRAGMA integrity_check",
        };
        self.told_by(pragma, &mut findings);
        self.told_by("PRAGMA foreign_key_check", &mut findings);
        if depth == Depth::Full {
            self.check_rows(&mut findings);
            self.check_documents(&mut findings);
            self.check_chunks(&mut findings);
        }
        Ok(findings)
    }

    fn told_by(&self, pragma: &str, findings: &mut Findings) {
        let told = self.connection.prepare(pragma).and_then(|mut query| {
            let rows = query.query_map([], |row| row.get::<_, String>(0))?;
            rows.collect::<Result<Vec<_>, _>>()
        });
        match told {
            Ok(lines) => lines.iter().filter(|line| *line != "ok").for_each(|line| findings.add(line)),
            Err(error) => findings.add(&error.to_string()),
        }
    }

    fn check_rows(&self, findings: &mut Findings) {
        for table in TABLES {
            let number = table.columns.first().expect("every table has columns");
            let query = format!("SELECT {number} FROM {} ORDER BY {number}", table.name);
            let numbers = self.connection.prepare(&query).and_then(|mut query| {
                query.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()
            });
            let Ok(numbers) = numbers else {
                findings.add(&format!("{} cannot be read", table.name));
                continue;
            };
            for number in numbers {
                findings.rows += 1;
                match table.read(&self.connection, number) {
                    Ok(Some(row)) if table.is_whole(&self.vault, &row) => {}
                    _ => findings.add(&format!("row {number} of {} does not open", table.name)),
                }
            }
        }
    }

    /// Every document is what its id says, and what is counted of chunks and authors is what the documents say.
    fn check_documents(&self, findings: &mut Findings) {
        let mut counted = Counted::default();
        for number in self.numbers("document", findings) {
            match self.document_is_whole(number, &mut counted) {
                Ok(true) => {}
                Ok(false) => findings.add(&format!("document {number} is not what its id says")),
                Err(error) => findings.add(&format!("document {number}: {error}")),
            }
        }
        for number in self.numbers("chunk", findings) {
            let uses = counted.uses.get(&number).copied().unwrap_or_default();
            if read_chunk_uses(&self.connection, &self.vault, number) != Ok(uses) {
                findings.add(&format!("chunk {number} has another number of uses than is noted"));
            }
        }
        for (author, taken) in &counted.authors {
            if author::read(&self.connection, &self.vault, author) != Ok(*taken) {
                findings.add("an author's documents are more or fewer than is noted");
            }
        }
    }

    fn document_is_whole(&self, number: i64, counted: &mut Counted) -> Result<bool, Error> {
        let query = format!("SELECT {FACTS}, header FROM document WHERE row = ?1");
        let mut query = self.connection.prepare_cached(&query)?;
        let mut rows = query.query([number])?;
        let row = rows.next()?.ok_or(Error::NotFound)?;
        let facts = Facts::read(row, &self.vault)?;
        let header = Header::open(&self.vault, &facts.key, &row.get::<_, Vec<u8>>(AFTER_FACTS)?)?;
        let is_itself = self.document_message(&header.id)?.id() == header.id;
        if let Some(author) = header.author.filter(|_| facts.origin != OWN) {
            let taken = counted.authors.entry(author::key(&self.vault, &author)).or_default();
            taken.documents += 1;
            taken.bytes += u64::try_from(facts.bytes).unwrap_or(0);
        }
        let chunks = read_chunks(&self.connection, &self.vault, number)?;
        let mut missing = BTreeSet::new();
        for chunk in distinct(&chunks) {
            let key = self.vault.row_key(CHUNK, chunk.as_bytes());
            let mut query = self.connection.prepare_cached("SELECT row FROM chunk WHERE key = ?1")?;
            let noted = self.is_noted_missing(number, &key)?;
            match query.query_row([key], |row| row.get::<_, i64>(0)).optional()? {
                // A chunk that is put for another document may be noted as missing until that is there.
                Some(row) if !noted => *counted.uses.entry(row).or_default() += 1,
                Some(_) => {}
                None => drop(missing.insert(key)),
            }
            if missing.contains(&key) != noted && !(noted && facts.state == State::Partial) {
                return Ok(false);
            }
        }
        let count_fits = usize::try_from(header.chunk_count) == Ok(chunks.len());
        Ok(is_itself && count_fits && (missing.is_empty() || facts.state == State::Partial))
    }

    fn is_noted_missing(&self, document: i64, chunk: &RowKey) -> Result<bool, Error> {
        let mut query =
            self.connection.prepare_cached("SELECT 1 FROM missing WHERE chunk_key = ?2 AND document = ?1")?;
        Ok(query.exists(rusqlite::params![document, chunk])?)
    }

    fn check_chunks(&self, findings: &mut Findings) {
        for number in self.numbers("chunk", findings) {
            match self.chunk_id(number) {
                Ok((key, id)) if self.vault.row_key(CHUNK, id.as_bytes()) == key => {}
                _ => findings.add(&format!("chunk {number} is not what its id says")),
            }
        }
    }

    fn chunk_id(&self, number: i64) -> Result<(RowKey, MessageId), Error> {
        let mut query = self.connection.prepare_cached("SELECT key, body FROM chunk WHERE row = ?1")?;
        let (key, sealed): (RowKey, Vec<u8>) =
            query.query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let body = self.vault.open(Column::ChunkBody, &key, &sealed)?;
        Ok((key, self.restore(0, body.to_vec())?.id()))
    }

    fn numbers(&self, table: &str, findings: &mut Findings) -> Vec<i64> {
        let numbers = self
            .connection
            .prepare(&format!("SELECT row FROM {table}"))
            .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>());
        numbers.unwrap_or_else(|error| {
            findings.add(&error.to_string());
            Vec::new()
        })
    }
}

/// What the documents say of chunks and authors.
#[derive(Default)]
struct Counted {
    uses: BTreeMap<i64, i64>,
    authors: BTreeMap<RowKey, Authorship>,
}

impl Findings {
    fn add(&mut self, finding: &str) {
        if self.damage.len() < FINDINGS_MAX {
            self.damage.push(finding.to_owned());
        }
    }
}
