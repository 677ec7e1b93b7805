//! Looking for damage before somebody needs what is damaged.

use crate::facts::{CHUNK, DOCUMENT, Header, read_chunks};
use crate::table::TABLES;
use crate::vault::{Column, RowKey};
use crate::{Error, Store, schema};
use p2psync_model::{DocumentId, MessageId};

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

    /// Every document is what its id says, and its parts are those of its list.
    fn check_documents(&self, findings: &mut Findings) {
        for number in self.numbers("document", findings) {
            match self.document_is_whole(number) {
                Ok(true) => {}
                Ok(false) => findings.add(&format!("document {number} is not what its id says")),
                Err(error) => findings.add(&format!("document {number}: {error}")),
            }
        }
    }

    fn document_is_whole(&self, number: i64) -> Result<bool, Error> {
        let mut query = self.connection.prepare_cached("SELECT key, header FROM document WHERE row = ?1")?;
        let (key, sealed): (RowKey, Vec<u8>) =
            query.query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let header = Header::open(&self.vault, &key, &sealed)?;
        self.document_message(&DocumentId::from_bytes(*header.id.as_bytes()))?;
        let chunks = read_chunks(&self.connection, &self.vault, number)?;
        let expected: Vec<RowKey> =
            chunks.iter().map(|chunk| self.vault.row_key(CHUNK, chunk.as_bytes())).collect();
        let mut query = self
            .connection
            .prepare_cached("SELECT chunk_key FROM part WHERE document = ?1 ORDER BY position")?;
        let parts = query.query_map([number], |row| row.get(0))?.collect::<Result<Vec<RowKey>, _>>()?;
        let count_fits = usize::try_from(header.chunk_count) == Ok(chunks.len());
        Ok(parts == expected && count_fits && self.vault.row_key(DOCUMENT, header.id.as_bytes()) == key)
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
        Ok((key, self.message(0, body.to_vec())?.id()))
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

impl Findings {
    fn add(&mut self, finding: &str) {
        if self.damage.len() < FINDINGS_MAX {
            self.damage.push(finding.to_owned());
        }
    }
}
