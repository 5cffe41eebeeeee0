//! The embedded database: one `SQLite` file, one connection, and a lock that keeps a second backend out.
//!
//! Every commit is on disk when it returns (write-ahead log, `synchronous = FULL`). Calls block in `SQLite` for a moment, so they run on
//! the runtime's threads for blocking work, one at a time.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, Transaction};
use tempfile::TempDir;

use super::tables::TABLES;
use crate::backend::blocking;
use crate::options::StateFolder;
use crate::{Error, ErrorKind};

const DATABASE_FILE: &str = "state.sqlite";

/// Locked while a backend uses the folder; the system unlocks it however the process ends.
const LOCK_FILE: &str = "lock";

/// The tables of a state folder.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Arc<Mutex<Connection>>,
    folder: PathBuf,
    _lock: File,
    /// Removed with the database, when nobody named a folder.
    _temporary: Option<TempDir>,
}

impl Database {
    /// Opens the database of `folder` and brings its tables up to date. Blocks.
    pub(crate) fn open(folder: &StateFolder) -> Result<Self, Error> {
        let temporary = match folder {
            StateFolder::Temporary => Some(TempDir::with_prefix("runlake-state-").map_err(Error::io("make a temporary folder"))?),
            StateFolder::Kept(_) => None,
        };
        let folder = match (&temporary, folder) {
            (Some(temporary), _) => temporary.path(),
            (None, StateFolder::Kept(folder)) => folder,
            (None, StateFolder::Temporary) => unreachable!("a temporary folder was made above"),
        };
        let in_folder = |source| Error::from(ErrorKind::StateFolder { folder: folder.to_owned(), source });
        fs::create_dir_all(folder).map_err(in_folder)?;
        let lock = File::create(folder.join(LOCK_FILE)).map_err(in_folder)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::StateInUse { folder: folder.to_owned() }.into()),
            Err(TryLockError::Error(source)) => return Err(in_folder(source)),
        }
        let mut connection = Connection::open(folder.join(DATABASE_FILE))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        bring_up_to_date(&mut connection)?;
        let folder = folder.to_owned();
        Ok(Self { connection: Arc::new(Mutex::new(connection)), folder, _lock: lock, _temporary: temporary })
    }

    /// The folder that the database lies in, with room beside it for what is too large for rows.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads, all of it as of one moment.
    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            read(&connection.transaction()?)
        })
        .await
    }

    /// Writes all that `write` does, or nothing when it fails. When this returns, it is on disk.
    pub(crate) async fn write<T, F>(&self, write: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction()?;
            let written = write(&transaction)?;
            transaction.commit()?;
            Ok(written)
        })
        .await
    }

    /// As [`read`](Self::read), for when there is no runtime yet. Blocks.
    pub(crate) fn read_now<T>(&self, read: impl FnOnce(&Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        read(&connection.transaction()?)
    }
}

impl Database {
    /// As [`write`](Self::write), for when there is no runtime yet. Blocks.
    pub(crate) fn write_now<T>(&self, write: impl FnOnce(&Transaction<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        let written = write(&transaction)?;
        transaction.commit()?;
        Ok(written)
    }
}

/// Makes the tables that this version knows and the file does not have yet. They are known by name, so that tables of different subjects
/// can be added without regard to each other.
fn bring_up_to_date(connection: &mut Connection) -> Result<(), Error> {
    connection.execute_batch("CREATE TABLE IF NOT EXISTS applied_tables (name TEXT PRIMARY KEY) STRICT")?;
    let applied: Vec<String> = {
        let mut statement = connection.prepare("SELECT name FROM applied_tables")?;
        let names = statement.query_map([], |row| row.get(0))?;
        names.collect::<Result<_, _>>()?
    };
    if let Some(unknown) = applied.iter().find(|name| !TABLES.iter().any(|(known, _)| known == name)) {
        return Err(ErrorKind::StateIsNewer { tables: unknown.clone() }.into());
    }
    for (name, statements) in TABLES.iter().filter(|(name, _)| !applied.iter().any(|applied| applied == name)) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(statements)?;
        transaction.execute("INSERT INTO applied_tables (name) VALUES (?1)", [name])?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_there_after_opening_again_and_half_of_it_never() {
        let folder = tempfile::tempdir().unwrap();
        let kept = StateFolder::Kept(folder.path().join("state"));
        let database = Database::open(&kept).unwrap();
        let insert = |name: &'static str| {
            move |transaction: &Transaction<'_>| {
                transaction.execute("INSERT INTO projects (entity, project) VALUES ('acme', ?1)", [name])?;
                Ok(())
            }
        };
        database.write(insert("kept")).await.unwrap();
        let failing = database.write(move |transaction| {
            insert("lost")(transaction)?;
            Err::<(), _>(ErrorKind::Conflict { message: "no".to_owned() }.into())
        });
        failing.await.unwrap_err();
        assert!(matches!(Database::open(&kept).unwrap_err().kind(), ErrorKind::StateInUse { .. }));
        drop(database);
        let database = Database::open(&kept).unwrap();
        let names = |transaction: &Transaction<'_>| {
            let mut statement = transaction.prepare("SELECT project FROM projects")?;
            let names = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
            Ok(names)
        };
        assert_eq!(database.read(names).await.unwrap(), ["kept"]);
    }

    #[test]
    fn tables_of_a_newer_version_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let kept = StateFolder::Kept(folder.path().to_owned());
        let database = Database::open(&kept).unwrap();
        database.connection.lock().unwrap().execute("INSERT INTO applied_tables (name) VALUES ('dreams')", []).unwrap();
        drop(database);
        assert!(matches!(Database::open(&kept).unwrap_err().kind(), ErrorKind::StateIsNewer { .. }));
    }

    #[test]
    fn a_temporary_folder_goes_with_the_database() {
        let database = Database::open(&StateFolder::Temporary).unwrap();
        let folder = database.folder().to_owned();
        assert!(folder.join(DATABASE_FILE).exists());
        drop(database);
        assert!(!folder.exists());
    }
}
