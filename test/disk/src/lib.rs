//! A disk in memory that forgets what was not synced when the power goes.
//!
//! SQLite and the owner of plain files use it as they would use a folder. A test says at which sync, write or
//! change of a name the power goes; from then on everything fails. When the power comes back, all that was synced
//! is there, and what was not is there in part: by the seed nothing, everything, what came first, or any sectors
//! in any order with some of them torn and noise where a file grew. Names of new, moved and deleted files are
//! durable only once their folder was synced.
//!
//! ```
//! use p2psync_disk::Disk;
//! use rusqlite::{Connection, OpenFlags};
//!
//! let disk = Disk::new(1);
//! let open = || Connection::open_with_flags_and_vfs("forms.db", OpenFlags::default(), disk.vfs_name());
//! let forms = open()?;
//! forms.execute_batch("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")?;
//! forms.execute_batch("CREATE TABLE form (body TEXT); INSERT INTO form VALUES ('kept');")?;
//! disk.cut_power();
//! assert!(forms.execute_batch("INSERT INTO form VALUES ('too late');").is_err());
//! drop(forms);
//!
//! disk.power_on();
//! let forms = open()?;
//! forms.execute_batch("PRAGMA locking_mode=EXCLUSIVE;")?;
//! assert_eq!(forms.query_row("SELECT body FROM form", (), |row| row.get::<_, String>(0))?, "kept");
//! # Ok::<(), rusqlite::Error>(())
//! ```

mod chance;
mod codes;
mod content;
mod disk;
mod error;
mod file;
mod lock;
mod machine;
mod names;
mod power;
mod sqlite;

pub use disk::{Disk, Snapshot};
pub use error::DiskError;
pub use machine::{FILE_BYTES_MAX, PlantedBugs};
pub use power::{Counters, Step};
pub use sqlite::seed_sqlite_randomness;
