//! What makes a row true: which of its columns are sealed, bound to which others, and which are guarded by a MAC.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _};

use crate::Error;
use crate::vault::{Column, Vault};

/// A table whose rows can be judged one by one.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// All columns, the row's number first.
    pub(crate) columns: &'static [&'static str],
    sealed: &'static [Sealed],
    guard: Option<Guard>,
}

/// A sealed column, and the place of the columns that it is bound to.
#[derive(Debug)]
struct Sealed {
    column: Column,
    place: usize,
    bound_to: &'static [usize],
}

/// The column that holds the MAC, and those that it covers.
#[derive(Debug)]
struct Guard {
    place: usize,
    covers: &'static [usize],
}

impl Table {
    /// One row, or `None` if there is none of that number.
    ///
    /// # Errors
    /// What reading says.
    pub(crate) fn read(&self, connection: &Connection, row: i64) -> Result<Option<Vec<Value>>, Error> {
        let first = self.columns.first().expect("every table has columns");
        let query = format!("SELECT {} FROM {} WHERE {first} = ?1", self.columns.join(", "), self.name);
        let mut query = connection.prepare_cached(&query)?;
        let read = |row: &rusqlite::Row<'_>| (0..self.columns.len()).map(|place| row.get(place)).collect();
        Ok(query.query_row([row], read).optional()?)
    }

    /// Whether the row is as it was written: its sealed columns open and its guard fits.
    pub(crate) fn is_whole(&self, vault: &Vault, row: &[Value]) -> bool {
        let sealed_whole = self.sealed.iter().all(|sealed| {
            let Some(Value::Blob(bytes)) = row.get(sealed.place) else { return false };
            let bound = join(row, sealed.bound_to);
            bound.is_some_and(|bound| vault.open(sealed.column, &bound, bytes).is_ok())
        });
        sealed_whole && self.guard.as_ref().is_none_or(|guard| guard.fits(vault, row))
    }
}

impl Guard {
    fn fits(&self, vault: &Vault, row: &[Value]) -> bool {
        let Some(Value::Blob(mac)) = row.get(self.place) else { return false };
        let Some(covered) =
            self.covers.iter().map(|place| row.get(*place).and_then(bytes)).collect::<Option<Vec<_>>>()
        else {
            return false;
        };
        let covered: Vec<&[u8]> = covered.iter().map(Vec::as_slice).collect();
        vault.guard(&covered).as_slice() == mac.as_slice()
    }
}

/// All tables that [`crate::Store::check`] judges and a rescue copies. `key_wrap` and `stamp` have checks of their
/// own; `chunk_uses`, `missing`, `author`, `holder` and `summary` are made again from these.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "peer",
        columns: &["row", "key", "body"],
        sealed: &[Sealed { column: Column::PeerBody, place: 2, bound_to: &[1] }],
        guard: None,
    },
    Table {
        name: "document",
        columns: &[
            "row",
            "key",
            "bucket",
            "state",
            "origin",
            "shared",
            "priority",
            "bytes",
            "expires_day",
            "confirmed_day",
            "duplicate_key",
            "guard",
            "header",
            "body",
        ],
        sealed: &[
            Sealed { column: Column::DocumentHeader, place: 12, bound_to: &[1] },
            Sealed { column: Column::DocumentBody, place: 13, bound_to: &[1] },
        ],
        guard: Some(Guard { place: 11, covers: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }),
    },
    Table {
        name: "document_chunks",
        columns: &["document", "sealed"],
        sealed: &[Sealed { column: Column::DocumentChunks, place: 1, bound_to: &[0] }],
        guard: None,
    },
    Table {
        name: "chunk",
        columns: &["row", "key", "body"],
        sealed: &[Sealed { column: Column::ChunkBody, place: 2, bound_to: &[1] }],
        guard: None,
    },
    Table {
        name: "tombstone",
        columns: &["row", "key", "statement", "guard"],
        sealed: &[],
        guard: Some(Guard { place: 3, covers: &[1, 2] }),
    },
    Table {
        name: "statement",
        columns: &["row", "key", "kind", "bucket", "guard", "body"],
        sealed: &[Sealed { column: Column::StatementBody, place: 5, bound_to: &[1] }],
        guard: Some(Guard { place: 4, covers: &[1, 2, 3] }),
    },
    Table {
        name: "rejection",
        columns: &["row", "key", "sealed"],
        sealed: &[Sealed { column: Column::RejectionReason, place: 2, bound_to: &[1] }],
        guard: None,
    },
    Table {
        name: "waiting",
        columns: &["row", "document", "parent_key", "sealed"],
        sealed: &[Sealed { column: Column::WaitingParent, place: 3, bound_to: &[1, 2] }],
        guard: None,
    },
    Table {
        name: "setting",
        columns: &["row", "key", "body"],
        sealed: &[Sealed { column: Column::SettingBody, place: 2, bound_to: &[1] }],
        guard: None,
    },
    Table {
        name: "delivery",
        columns: &["document", "due_ms", "body"],
        sealed: &[Sealed { column: Column::DeliveryBody, place: 2, bound_to: &[0] }],
        guard: None,
    },
    Table {
        name: "meeting",
        columns: &["row", "body"],
        sealed: &[Sealed { column: Column::MeetingBody, place: 1, bound_to: &[0] }],
        guard: None,
    },
];

fn join(row: &[Value], places: &[usize]) -> Option<Vec<u8>> {
    let parts: Option<Vec<Vec<u8>>> = places.iter().map(|place| row.get(*place).and_then(bytes)).collect();
    Some(parts?.concat())
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Blob(bytes) => Some(bytes.clone()),
        Value::Integer(number) => Some(number.to_be_bytes().to_vec()),
        Value::Null | Value::Real(_) | Value::Text(_) => None,
    }
}
