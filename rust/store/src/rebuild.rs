//! What can be made again of the rest: which chunks are missing and which are shared, what authors take, summaries.

use std::collections::{BTreeMap, BTreeSet};

use p2psync_model::ChunkId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::chunk::{CHUNK, distinct, note_missing, read_chunks, set_chunk_uses};
use crate::facts::{AFTER_FACTS, FACTS, Facts, Header, OWN, State};
use crate::summary::{self, Collection};
use crate::vault::Vault;
use crate::{Error, author};

/// Puts a file together again whose rows were copied one by one. Returns how many documents lost chunks: they are
/// partial now, so that peers are asked for them. Documents whose list of chunks is lost are removed, and chunks that
/// no document has.
pub(crate) fn all(connection: &mut Connection, vault: &Vault) -> Result<u64, Error> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(
        "DELETE FROM missing; DELETE FROM chunk_uses; DELETE FROM author; DELETE FROM holder; DELETE FROM summary;",
    )?;
    let mut incomplete = 0;
    let mut row = 0;
    let mut uses = BTreeMap::new();
    while let Some((facts, header)) = next_document(&transaction, vault, row)? {
        row = facts.row;
        let chunks = read_chunks(&transaction, vault, row)?;
        if usize::try_from(header.chunk_count) != Ok(chunks.len()) {
            transaction.execute("DELETE FROM document WHERE row = ?1", [row])?;
            incomplete += 1;
            continue;
        }
        if let Some(author) = header.author.filter(|_| facts.origin != OWN) {
            author::add(&transaction, vault, &author, &facts)?;
        }
        incomplete += u64::from(lost_chunks(&transaction, vault, &facts, &chunks, &mut uses)?);
    }
    count_uses(&transaction, vault, &uses)?;
    for table in ["document_chunks", "waiting", "delivery"] {
        let orphans = format!("DELETE FROM {table} WHERE document NOT IN (SELECT row FROM document)");
        transaction.execute(&orphans, [])?;
    }
    summaries(&transaction)?;
    transaction.commit()?;
    Ok(incomplete)
}

/// Notes which of a document's chunks are here. Returns whether it was whole and is not.
fn lost_chunks(
    connection: &Connection,
    vault: &Vault,
    facts: &Facts,
    chunks: &[ChunkId],
    uses: &mut BTreeMap<i64, i64>,
) -> Result<bool, Error> {
    let mut seen = distinct(chunks);
    let mut lacks = false;
    for (position, chunk) in chunks.iter().enumerate().filter(|(_, chunk)| seen.remove(chunk)) {
        let key = vault.row_key(CHUNK, chunk.as_bytes());
        let mut query = connection.prepare_cached("SELECT row FROM chunk WHERE key = ?1")?;
        if let Some(row) = query.query_row([key], |row| row.get(0)).optional()? {
            *uses.entry(row).or_default() += 1;
        } else {
            note_missing(connection, facts.row, position, &key)?;
            lacks = true;
        }
    }
    if lacks && facts.state != State::Partial {
        Facts { state: State::Partial, ..facts.clone() }.update(connection, vault)?;
        return Ok(true);
    }
    Ok(false)
}

fn count_uses(connection: &Connection, vault: &Vault, uses: &BTreeMap<i64, i64>) -> Result<(), Error> {
    let mut query = connection.prepare("SELECT row FROM chunk")?;
    let rows = query.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    for row in rows {
        match uses.get(&row) {
            None => {
                connection.prepare_cached("DELETE FROM chunk WHERE row = ?1")?.execute([row])?;
            }
            Some(1) => {}
            Some(documents) => set_chunk_uses(connection, vault, row, *documents)?,
        }
    }
    Ok(())
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
    let header = Header::open(vault, &facts.key, &row.get::<_, Vec<u8>>(AFTER_FACTS)?)?;
    Ok(Some((facts, header)))
}
