//! What an app does with its database, step by step, and what must be in it after each step.

use std::fmt::Write as _;

use p2psync_disk::{Disk, PlantedBugs, Step};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

/// The database's name on every disk.
pub const NAME: &str = "store/forms.db";

/// How SQLite is told to keep a database.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub journal: &'static str,
    pub synchronous: &'static str,
    pub page_bytes: u32,
}

/// What lies in the database after each number of steps.
pub struct Workload {
    steps: Vec<String>,
    expected: Vec<String>,
}

/// How far a run came: steps that returned, and steps that were begun.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    acknowledged: usize,
    begun: usize,
}

/// What was wrong after the power came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The database does not open, or SQLite finds it damaged.
    Damaged(String),
    /// It is what it was some steps earlier than was acknowledged.
    Forgotten { steps: usize },
    /// It is what it never was.
    Mixed,
}

/// Closes the connection and opens it again, instead of SQL.
const REOPEN: &str = "reopen";

impl Workload {
    /// Writes, changes of tables, checkpoints, a restart and a VACUUM, with rows of sizes that the seed decides.
    pub fn new(seed: usize) -> Self {
        Self::of(steps(seed))
    }

    pub fn without_vacuum(seed: usize) -> Self {
        Self::of(steps(seed).into_iter().filter(|step| step != "VACUUM").collect())
    }

    fn of(steps: Vec<String>) -> Self {
        let reference = Connection::open_in_memory().unwrap();
        let mut expected = vec![dump(&reference).unwrap()];
        for step in &steps {
            if step != REOPEN {
                reference.execute_batch(step).unwrap();
            }
            expected.push(dump(&reference).unwrap());
        }
        Self { steps, expected }
    }

    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Does the first `count` steps, or as many as the power allows. The power may go at the end, too: nothing
    /// is closed.
    pub fn run(&self, disk: &Disk, setting: Setting, count: usize) -> (Progress, Option<Connection>) {
        let mut progress = Progress::default();
        let Ok(mut connection) = open(disk, setting) else { return (progress, None) };
        for step in self.steps.iter().take(count) {
            progress.begun += 1;
            if step == REOPEN {
                drop(connection);
                let Ok(opened) = open(disk, setting) else { return (progress, None) };
                connection = opened;
            } else if connection.execute_batch(step).is_err() {
                return (progress, Some(connection));
            }
            progress.acknowledged += 1;
        }
        (progress, Some(connection))
    }

    /// Whether the database is what it was after the acknowledged steps, or after the one that was under way.
    pub fn check(&self, disk: &Disk, setting: Setting, progress: Progress) -> Result<(), Loss> {
        let damaged = |error: rusqlite::Error| Loss::Damaged(error.to_string());
        let connection = open(disk, setting).map_err(damaged)?;
        let verdict: String =
            connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).map_err(damaged)?;
        if verdict != "ok" {
            return Err(Loss::Damaged(verdict));
        }
        let found = dump(&connection).map_err(damaged)?;
        let (earlier, rest) = self.expected.split_at(progress.acknowledged);
        if rest[..=progress.begun - progress.acknowledged].contains(&found) {
            return Ok(());
        }
        let last = earlier.iter().rposition(|expected| *expected == found).ok_or(Loss::Mixed)?;
        Err(Loss::Forgotten { steps: earlier.len() - last })
    }

    /// Runs until the power goes at `step`, or at the end; lets it come back, and checks.
    pub fn cut_at(&self, setting: Setting, bugs: PlantedBugs, step: Step, seed: u64) -> Result<(), Loss> {
        let disk = Disk::new(seed);
        disk.plant(bugs);
        disk.cut_power_at(step);
        let (progress, connection) = self.run(&disk, setting, self.steps());
        disk.cut_power();
        drop(connection);
        disk.power_on();
        self.check(&disk, setting, progress)
    }

    /// Every moment of the whole run at which the power may go.
    pub fn moments(&self, setting: Setting) -> Vec<Step> {
        let disk = Disk::new(0);
        let (progress, connection) = self.run(&disk, setting, self.steps());
        assert_eq!(progress.acknowledged, self.steps(), "{setting:?}");
        drop(connection);
        let counters = disk.counters();
        let syncs = (1..=counters.syncs).map(Step::Sync);
        let writes = (1..=counters.writes).map(Step::Write);
        syncs.chain(writes).chain((1..=counters.name_changes).map(Step::NameChange)).collect()
    }
}

/// Opens the database as the setting says.
pub fn open(disk: &Disk, setting: Setting) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags_and_vfs(NAME, OpenFlags::default(), disk.vfs_name())?;
    let Setting { journal, synchronous, page_bytes } = setting;
    // WAL needs it here; the other journals would never be deleted or cut to nothing with it.
    let locking = if journal == "wal" { "EXCLUSIVE" } else { "NORMAL" };
    connection.execute_batch(&format!(
        "PRAGMA locking_mode={locking}; PRAGMA cache_size=8; PRAGMA page_size={page_bytes};"
    ))?;
    let sql = format!("PRAGMA journal_mode={journal}");
    let mode: String = connection.query_row(&sql, (), |row| row.get(0))?;
    assert_eq!(mode, journal);
    connection.execute_batch(&format!("PRAGMA synchronous={synchronous};"))?;
    Ok(connection)
}

/// Every table's definition and every row.
pub fn dump(connection: &Connection) -> rusqlite::Result<String> {
    let names = rows(connection, "SELECT type, name, sql FROM sqlite_schema ORDER BY name")?;
    let mut text = format!("{names:?}\n");
    for row in names {
        if let [Value::Text(kind), Value::Text(name), _] = row.as_slice()
            && kind == "table"
        {
            let rows = rows(connection, &format!("SELECT * FROM {name} ORDER BY rowid"))?;
            writeln!(text, "{name}: {rows:?}").unwrap();
        }
    }
    Ok(text)
}

fn rows(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Vec<Value>>> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    statement.query_map((), |row| (0..columns).map(|column| row.get(column)).collect())?.collect()
}

fn steps(seed: usize) -> Vec<String> {
    let size = |place: usize| 40 + (seed * 977 + place * 409) % 1_700;
    let insert = |count: usize, place: usize| {
        let bytes = size(place);
        format!(
            "WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < {count})
             INSERT INTO form(body, day) SELECT printf('%0*d', {bytes}, i + {place}), {place} FROM c"
        )
    };
    let update = |place: usize| {
        format!("UPDATE form SET day = {place}, body = body || {place} WHERE id % 3 = {}", place % 3)
    };
    let step = |parts: &[&str]| format!("BEGIN IMMEDIATE; {}; COMMIT", parts.join("; "));
    vec![
        step(&["CREATE TABLE form(id INTEGER PRIMARY KEY, body TEXT, day INTEGER)", &insert(3, 1)]),
        step(&[&insert(1, 2)]),
        step(&[&insert(9, 3), &update(4)]),
        step(&["CREATE INDEX form_day ON form(day)"]),
        "PRAGMA wal_checkpoint(PASSIVE)".to_owned(),
        step(&[&update(5), "DELETE FROM form WHERE id % 4 = 1"]),
        REOPEN.to_owned(),
        step(&["ALTER TABLE form ADD COLUMN state TEXT DEFAULT 'draft'", "UPDATE form SET state = 'sent'"]),
        step(&[&insert(2, 6), "PRAGMA user_version = 2"]),
        "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
        step(&["CREATE TABLE copy AS SELECT * FROM form", "DROP TABLE form"]),
        "VACUUM".to_owned(),
        step(&[
            "DELETE FROM copy WHERE day < 3",
            "CREATE TABLE form(id INTEGER PRIMARY KEY, body TEXT, day)",
        ]),
        step(&[&insert(4, 7)]),
    ]
}
