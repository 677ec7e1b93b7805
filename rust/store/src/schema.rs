//! The tables, and how a file of an older version becomes one of today's.

use rusqlite::{Connection, TransactionBehavior};

use crate::Error;

/// SQLite's `application_id` of our files: "P2PS".
pub(crate) const APPLICATION_ID: i64 = 0x5032_5053;

/// Each step from one version of the file to the next. A step that was released is never changed.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_first.sql")];

/// The version that this program writes.
pub(crate) const VERSION: i64 = 1;

/// Whose the file is, and how old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// Nothing is in it yet, or its making was cut off.
    Fresh,
    /// Ours, of today's version or an older one.
    Ours,
}

/// Judges the file before anything is written to it.
///
/// # Errors
/// [`Error::OtherProgram`], [`Error::TooNew`], or what reading says.
pub(crate) fn judge(connection: &Connection) -> Result<Age, Error> {
    let version: i64 = pragma(connection, "user_version")?;
    let application: i64 = pragma(connection, "application_id")?;
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, version) {
        (0, 0) if objects == 0 => Ok(Age::Fresh),
        (APPLICATION_ID, version) if version > VERSION => {
            Err(Error::TooNew { found: version, known: VERSION })
        }
        (APPLICATION_ID, version) if version > 0 => Ok(Age::Ours),
        _ => Err(Error::OtherProgram),
    }
}

/// Makes all tables in a fresh file, and whatever `first` puts into them, in one transaction.
///
/// # Errors
/// What writing says; the file is then as fresh as before.
pub(crate) fn create(
    connection: &mut Connection,
    first: impl FnOnce(&Connection) -> Result<(), Error>,
) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in MIGRATIONS {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    first(&transaction)?;
    Ok(transaction.commit()?)
}

/// Takes a file of ours to today's version, each step in a transaction of its own.
///
/// # Errors
/// What writing says; the steps that were done stay done.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Error> {
    migrate_by(connection, MIGRATIONS)
}

fn migrate_by(connection: &mut Connection, migrations: &[&str]) -> Result<(), Error> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = pragma(&transaction, "user_version")?;
        let step = usize::try_from(version).ok().and_then(|version| migrations.get(version));
        let Some(step) = step else { return Ok(()) };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.commit()?;
    }
}

/// Every statement that made a table or an index, ordered by name.
///
/// # Errors
/// What reading says.
pub(crate) fn statements(connection: &Connection) -> Result<Vec<(String, String)>, Error> {
    let mut query = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY name",
    )?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The statements of a fresh file of today's version.
///
/// # Errors
/// Out of memory.
pub(crate) fn expected() -> Result<Vec<(String, String)>, Error> {
    let mut connection = Connection::open_in_memory()?;
    create(&mut connection, |_| Ok(()))?;
    statements(&connection)
}

pub(crate) fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Result<T, Error> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tables_are_strict_and_state_no_null() {
        let schema = expected().unwrap();
        let tables: Vec<_> = schema.iter().filter(|(_, sql)| sql.starts_with("CREATE TABLE")).collect();
        assert!(tables.len() > 10);
        for (name, sql) in tables {
            assert!(sql.trim_end().ends_with(") STRICT"), "{name}");
            for column in
                sql.lines().map(str::trim).filter(|line| line.contains(" BLOB") || line.contains(" INTEGER"))
            {
                let column = column.trim_start_matches(|letter: char| !letter.is_ascii_lowercase());
                let column = column.split("--").next().unwrap();
                assert!(
                    column.contains("NOT NULL")
                        || column.contains("PRIMARY KEY")
                        || column.is_empty()
                        || column.starts_with(name),
                    "{name}: {column}"
                );
            }
        }
    }

    #[test]
    fn the_version_is_the_number_of_steps() {
        assert_eq!(usize::try_from(VERSION), Ok(MIGRATIONS.len()));
    }

    #[test]
    fn steps_are_taken_once_and_a_failed_one_not_at_all() {
        let mut connection = Connection::open_in_memory().unwrap();
        let steps =
            ["CREATE TABLE a (b) STRICT".replace("(b)", "(b INTEGER)"), "CREATE TABLE c (d INTEGER)".into()];
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        migrate_by(&mut connection, &steps[..1]).unwrap();
        migrate_by(&mut connection, &steps).unwrap();
        migrate_by(&mut connection, &steps).unwrap();
        assert_eq!(pragma::<i64>(&connection, "user_version"), Ok(2));
        let broken = [steps[0], steps[1], "CREATE TABLE e (f INTEGER); CREATE TABLE e (g INTEGER)"];
        assert!(migrate_by(&mut connection, &broken).is_err());
        assert_eq!(pragma::<i64>(&connection, "user_version"), Ok(2));
        assert_eq!(statements(&connection).unwrap().len(), 2);
    }

    #[test]
    fn files_of_others_and_of_the_future_are_told_apart() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(judge(&connection), Ok(Age::Fresh));
        create(&mut connection, |_| Ok(())).unwrap();
        assert_eq!(judge(&connection), Ok(Age::Ours));
        connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        assert_eq!(judge(&connection), Err(Error::TooNew { found: VERSION + 1, known: VERSION }));
        connection.pragma_update(None, "application_id", 1).unwrap();
        assert_eq!(judge(&connection), Err(Error::OtherProgram));
        let other = Connection::open_in_memory().unwrap();
        other.execute_batch("CREATE TABLE t (a INTEGER)").unwrap();
        assert_eq!(judge(&other), Err(Error::OtherProgram));
    }
}
