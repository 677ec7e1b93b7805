//! The stamp: which version a file truly has and on which pages its tables begin, under a MAC. A bit that turned over
//! in the head does not pass for another program or a newer version, and a lost first page can be made again.

use p2psync_bramble::{Digest, hash};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::Error;
use crate::schema;
use crate::vault::{ROW_KEY_BYTES, Vault};

/// What was true of a file when its tables were last changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Its version.
    pub(crate) version: i64,
    /// Where tables and indexes begin, ordered by their names.
    pub(crate) first_pages: Vec<u32>,
    /// A digest of what made them, and of where they begin.
    tables: Digest,
}

impl Stamp {
    /// What is true of the file now.
    ///
    /// # Errors
    /// What reading says.
    pub(crate) fn of(connection: &Connection) -> Result<Self, Error> {
        let version = schema::pragma(connection, "user_version")?;
        let mut query = connection.prepare(
            "SELECT name, type, tbl_name, rootpage, coalesce(sql, '') FROM sqlite_schema ORDER BY name",
        )?;
        let mut rows = query.query([])?;
        let (mut first_pages, mut described) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            let first_page: u32 = row.get(3)?;
            for place in [0, 1, 2, 4] {
                described.push(row.get::<_, String>(place)?.into_bytes());
            }
            described.push(first_page.to_be_bytes().to_vec());
            first_pages.push(first_page);
        }
        let described: Vec<&[u8]> = described.iter().map(Vec::as_slice).collect();
        Ok(Self { version, first_pages, tables: hash("org.sahana.p2psync.store/TABLES", &described) })
    }

    /// Whether the same tables begin on the same pages, whatever the head says of the version.
    pub(crate) fn lists_the_same_as(&self, other: &Self) -> bool {
        self.tables == other.tables
    }

    /// The stamp that was written, if there is one under this store's key.
    ///
    /// # Errors
    /// What reading says.
    pub(crate) fn read(connection: &Connection, vault: &Vault) -> Result<Option<Self>, Error> {
        let mut query = connection.prepare("SELECT stamp FROM stamp WHERE slot = ?1")?;
        let stamp: Option<Vec<u8>> = query.query_row([SLOT], |row| row.get(0)).optional()?;
        Ok(stamp.and_then(|stamp| Self::parse(&stamp, vault)))
    }

    /// Every stamp under this store's key in the bytes of a file whose tables can no longer be read.
    pub(crate) fn find_all(file: &[u8], vault: &Vault) -> Vec<Self> {
        let starts = file.windows(MAGIC.len()).enumerate().filter(|(_, window)| *window == MAGIC);
        starts.filter_map(|(start, _)| Self::parse(file.get(start..)?, vault)).collect()
    }

    /// Writes down what is true now, in the transaction that has changed it.
    ///
    /// # Errors
    /// What reading and writing say.
    pub(crate) fn write(connection: &Connection, vault: &Vault) -> Result<(), Error> {
        let stamp = Self::of(connection)?.encode(vault);
        connection
            .execute("INSERT OR REPLACE INTO stamp (slot, stamp) VALUES (?1, ?2)", params![SLOT, stamp])?;
        Ok(())
    }

    fn encode(&self, vault: &Vault) -> Vec<u8> {
        let version = u32::try_from(self.version).expect("versions are small numbers");
        let count = u16::try_from(self.first_pages.len()).expect("there are some thirty tables and indexes");
        let mut stamp = MAGIC.to_vec();
        stamp.extend_from_slice(&version.to_be_bytes());
        stamp.extend_from_slice(&self.tables);
        stamp.extend_from_slice(&count.to_be_bytes());
        stamp.extend(self.first_pages.iter().flat_map(|page| page.to_be_bytes()));
        let mac = vault.guard(&[&stamp]);
        stamp.extend_from_slice(&mac);
        stamp
    }

    /// The stamp at the beginning of `bytes`.
    fn parse(bytes: &[u8], vault: &Vault) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC.as_slice())?;
        let (version, rest) = rest.split_first_chunk()?;
        let (tables, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (pages, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*count)) * 4)?;
        let (signed, _) = bytes.split_at_checked(bytes.len() - rest.len())?;
        let mac = rest.first_chunk::<ROW_KEY_BYTES>()?;
        let stamp = Self {
            version: u32::from_be_bytes(*version).into(),
            first_pages: pages.as_chunks().0.iter().map(|page| u32::from_be_bytes(*page)).collect(),
            tables: *tables,
        };
        (vault.guard(&[signed]) == *mac).then_some(stamp)
    }
}

/// Longest stamp that is looked for where pieces of a file overlap.
pub(crate) const STAMP_BYTES_MAX: usize = 1_024;

const MAGIC: &[u8; 15] = b"p2psync-stamp 1";
const SLOT: i64 = 1;

#[cfg(test)]
mod tests {
    use p2psync_bramble::SecretKey;

    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&SecretKey::from_bytes([byte; 32]))
    }

    fn stamped() -> (Connection, Stamp) {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::create(&mut connection, &vault(7), |_| Ok(())).unwrap();
        let stamp = Stamp::of(&connection).unwrap();
        (connection, stamp)
    }

    #[test]
    fn a_fresh_file_is_stamped() {
        let (connection, stamp) = stamped();
        assert_eq!(Stamp::read(&connection, &vault(7)), Ok(Some(stamp.clone())));
        assert_eq!(stamp.version, schema::VERSION);
        assert_eq!(Stamp::read(&connection, &vault(8)), Ok(None));
        assert!(stamp.encode(&vault(7)).len() < STAMP_BYTES_MAX);
    }

    #[test]
    fn another_table_or_version_is_another_stamp() {
        for change in
            ["CREATE TABLE more (a INTEGER) STRICT", "DROP INDEX delivery_by_due", "PRAGMA user_version = 9"]
        {
            let (connection, stamp) = stamped();
            connection.execute_batch(change).unwrap();
            assert_ne!(Stamp::of(&connection), Ok(stamp), "{change}");
        }
    }

    #[test]
    fn stamps_are_found_in_what_is_left_of_a_file_and_every_bit_counts() {
        let (_, stamp) = stamped();
        let bytes = stamp.encode(&vault(7));
        let file = [b"rubbish p2psync-stamp 1".as_slice(), &bytes, MAGIC, &bytes[..40]].concat();
        assert_eq!(Stamp::find_all(&file, &vault(7)), [stamp]);
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Stamp::find_all(&altered, &vault(7)), [], "bit {bit}");
        }
    }
}
