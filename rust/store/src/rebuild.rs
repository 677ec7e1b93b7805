//! What can be made again of the rest: parts of documents, summaries of buckets, chunks that nobody needs.

use std::collections::BTreeSet;

use rand_core::CryptoRngCore;
use rusqlite::{Connection, params};

use crate::facts::{FACTS, Facts, Header, State, read_chunks, write_chunks};
use crate::summary::{self, Collection};
use crate::vault::Vault;
use crate::{Error, Store};

/// Puts a file together again whose rows were copied one by one. Returns how many documents lost chunks: they are
/// partial now, so that peers are asked for them. Documents whose list of chunks is lost are removed.
pub(crate) fn all(
    connection: &mut Connection,
    vault: &Vault,
    random: &mut dyn CryptoRngCore,
) -> Result<u64, Error> {
    let transaction = connection.transaction()?;
    transaction.execute_batch("DELETE FROM part; DELETE FROM holder; DELETE FROM summary;")?;
    let mut incomplete = 0;
    let mut row = 0;
    while let Some((facts, header)) = next_document(&transaction, vault, row)? {
        row = facts.row;
        let chunks = read_chunks(&transaction, vault, row)?;
        if usize::try_from(header.chunk_count) != Ok(chunks.len()) {
            transaction.execute("DELETE FROM document WHERE row = ?1", [row])?;
            incomplete += 1;
            continue;
        }
        write_chunks(&transaction, vault, row, &chunks, 0, random)?;
        if facts.state != State::Partial && missing_count(&transaction, row)? > 0 {
            Facts { state: State::Partial, ..facts }.update(&transaction, vault)?;
            incomplete += 1;
        }
    }
    for table in ["document_chunks", "waiting", "delivery"] {
        let orphans = format!("DELETE FROM {table} WHERE document NOT IN (SELECT row FROM document)");
        transaction.execute(&orphans, [])?;
    }
    summaries(&transaction)?;
    transaction.commit()?;
    Ok(incomplete)
}

/// How many of the known chunks of a document are not here.
pub(crate) fn missing_count(connection: &Connection, document: i64) -> Result<i64, Error> {
    let mut query = connection.prepare_cached(
        "SELECT count(*) FROM part WHERE document = ?1 \
         AND NOT EXISTS (SELECT 1 FROM chunk WHERE chunk.key = part.chunk_key)",
    )?;
    Ok(query.query_row([document], |row| row.get(0))?)
}

impl Store {
    /// Removes chunks that no document names: what a cut-off put has left. Not while one is under way.
    pub(crate) fn remove_unused_chunks(&mut self) -> Result<(), Error> {
        let unused =
            "SELECT row FROM chunk WHERE NOT EXISTS (SELECT 1 FROM part WHERE part.chunk_key = chunk.key)";
        let any: bool =
            self.connection.query_row(&format!("SELECT EXISTS ({unused})"), [], |row| row.get(0))?;
        if any {
            self.connection.execute(&format!("DELETE FROM chunk WHERE row IN ({unused})"), [])?;
        }
        Ok(())
    }
}

/// Marks every bucket that anything is in as out of date.
fn summaries(connection: &Connection) -> Result<(), Error> {
    for (collection, table) in [(Collection::Documents, "document"), (Collection::Statements, "statement")] {
        let mut query = connection.prepare(&format!("SELECT DISTINCT bucket FROM {table}"))?;
        let buckets = query.query_map([], |row| row.get(0))?.collect::<Result<BTreeSet<i64>, _>>()?;
        for bucket in buckets {
            summary::touch(connection, collection, bucket)?;
        }
    }
    Ok(())
}

fn next_document(
    connection: &Connection,
    vault: &Vault,
    after: i64,
) -> Result<Option<(Facts, Header)>, Error> {
    let query = format!("SELECT {FACTS}, header FROM document WHERE row > ?1 ORDER BY row LIMIT 1");
    let mut query = connection.prepare_cached(&query)?;
    let mut rows = query.query(params![after])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let facts = Facts::read(row, vault)?;
    let header = Header::open(vault, &facts.key, &row.get::<_, Vec<u8>>(11)?)?;
    Ok(Some((facts, header)))
}
