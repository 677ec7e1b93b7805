//! The tables, and how a file of an older version becomes one of today's.

use rusqlite::{Connection, TransactionBehavior};

use crate::Error;
use crate::stamp::Stamp;
use crate::vault::Vault;

/// SQLite's `application_id` of our files: "P2PS".
pub(crate) const APPLICATION_ID: i64 = 0x5032_5053;

/// Each step from one version of the file to the next. A step that was released is never changed.
pub(crate) const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_first.sql")];

/// The version that this program writes.
pub(crate) const VERSION: i64 = 1;

/// Makes all tables in a fresh file, and whatever `first` puts into them, in one transaction.
///
/// # Errors
/// What writing says; the file is then as fresh as before.
pub(crate) fn create(
    connection: &mut Connection,
    vault: &Vault,
    first: impl FnOnce(&Connection) -> Result<(), Error>,
) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    create_tables(&transaction, VERSION)?;
    Stamp::write(&transaction, vault)?;
    first(&transaction)?;
    Ok(transaction.commit()?)
}

/// Makes the tables of a version, and its marks in the head of the file.
///
/// # Errors
/// What writing says.
pub(crate) fn create_tables(connection: &Connection, version: i64) -> Result<(), Error> {
    for migration in MIGRATIONS.iter().take(usize::try_from(version).unwrap_or(0)) {
        connection.execute_batch(migration)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(connection.pragma_update(None, "user_version", version)?)
}

/// Takes a file of ours to today's version, each step in a transaction of its own.
///
/// # Errors
/// What writing says; the steps that were done stay done.
pub(crate) fn migrate(connection: &mut Connection, vault: &Vault) -> Result<(), Error> {
    migrate_by(connection, vault, MIGRATIONS)
}

/// The same with steps that tests choose.
pub(crate) fn migrate_by(
    connection: &mut Connection,
    vault: &Vault,
    migrations: &[&str],
) -> Result<(), Error> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = pragma(&transaction, "user_version")?;
        let step = usize::try_from(version).ok().and_then(|version| migrations.get(version));
        let Some(step) = step else { return Ok(()) };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version + 1)?;
        Stamp::write(&transaction, vault)?;
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
    let connection = Connection::open_in_memory()?;
    create_tables(&connection, VERSION)?;
    statements(&connection)
}

pub(crate) fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Result<T, Error> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use p2psync_bramble::SecretKey;

    use super::*;

    #[test]
    fn all_tables_are_strict_and_state_no_null() {
        let schema = expected().unwrap();
        let tables: Vec<_> = schema.iter().filter(|(_, sql)| sql.starts_with("CREATE TABLE")).collect();
        assert!(tables.len() > 10);
        for (name, sql) in tables {
            let kind = sql.trim_end().trim_end_matches(", WITHOUT ROWID");
            assert!(kind.ends_with(") STRICT"), "{name}");
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
        let vault = Vault::new(&SecretKey::from_bytes([7; 32]));
        let mut connection = Connection::open_in_memory().unwrap();
        create(&mut connection, &vault, |_| Ok(())).unwrap();
        let mut steps = MIGRATIONS.to_vec();
        steps.push("CREATE TABLE more (a INTEGER)");
        migrate_by(&mut connection, &vault, &steps).unwrap();
        migrate_by(&mut connection, &vault, &steps).unwrap();
        assert_eq!(pragma::<i64>(&connection, "user_version"), Ok(VERSION + 1));
        assert_eq!(Stamp::read(&connection, &vault), Stamp::of(&connection).map(Some));
        let before = statements(&connection).unwrap();
        steps.push("CREATE TABLE e (f INTEGER); CREATE TABLE e (g INTEGER)");
        assert!(migrate_by(&mut connection, &vault, &steps).is_err());
        assert_eq!(pragma::<i64>(&connection, "user_version"), Ok(VERSION + 1));
        assert_eq!(statements(&connection).unwrap(), before);
        assert_eq!(Stamp::read(&connection, &vault), Stamp::of(&connection).map(Some));
    }
}
