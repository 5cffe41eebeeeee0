//! What was written through the API: the backend's own rows, in an embedded database beside the lake, which itself is only read.
//!
//! A write is on disk before it is answered, so it survives `kill -9`. The rows of runs and projects are in memory as well, for every
//! request looks at them; they are laid over what the source says in `catalog`. To keep more, add tables to `state/tables.rs` and a file
//! beside this one that reads and writes them through [`Database`]. What is too large for rows lies in files beside the database (`blobs`).

mod artifact_rows;
mod artifact_writes;
mod blobs;
mod database;
mod files;
mod projects;
mod run_change;
mod runs;
mod secret;
mod tables;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runlake_types::ProjectPath;
use tokio::sync::MutexGuard as WriterGuard;

pub(crate) use artifact_rows::{ArtifactRow, CollectionRow, Role};
pub(crate) use artifact_writes::{CommittedFile, NewArtifact};
pub(crate) use blobs::{Arrived, Blob};
pub(crate) use database::Database;
pub(crate) use files::FileChange;
pub(crate) use projects::ProjectChange;
pub(crate) use run_change::RunChange;

use crate::Error;
use crate::options::StateFolder;

/// Everything that was written through the API.
#[derive(Debug)]
pub(crate) struct State {
    database: Database,
    /// Changes with every write that shows in a listing.
    version: AtomicU64,
    projects: Mutex<BTreeMap<ProjectPath, Arc<ProjectChange>>>,
    /// Held by the one who writes, from reading the present rows until the new ones are in memory.
    writer: tokio::sync::Mutex<()>,
}

impl State {
    /// Opens the state in `folder`, made if need be. Blocks.
    pub(crate) fn open(folder: &StateFolder) -> Result<Self, Error> {
        let database = Database::open(folder)?;
        let projects = projects::load(&database)?;
        tracing::debug!(folder = %database.folder().display(), projects = projects.len(), "what was written before is at hand");
        Ok(Self { database, version: AtomicU64::new(1), projects: Mutex::new(projects), writer: tokio::sync::Mutex::default() })
    }

    /// The tables.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// A number that changes with every write that shows in a listing.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// What was written to a project; `None` when nothing was.
    pub(crate) fn project(&self, path: &ProjectPath) -> Option<Arc<ProjectChange>> {
        self.lock().get(path).cloned()
    }

    /// The projects that something was written to.
    pub(crate) fn project_paths(&self) -> Vec<ProjectPath> {
        self.lock().keys().cloned().collect()
    }

    /// Keeps others from writing, so that what is decided on holds until it is written.
    pub(crate) async fn writer(&self) -> Writer<'_> {
        Writer { state: self, _alone: self.writer.lock().await }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ProjectPath, Arc<ProjectChange>>> {
        self.projects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to write runs and projects, which one has at a time.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    state: &'a State,
    _alone: WriterGuard<'a, ()>,
}

impl Writer<'_> {
    /// Puts a project's new rows in memory, now that they are on disk.
    fn show(&self, path: &ProjectPath, project: ProjectChange) {
        self.state.lock().insert(path.clone(), Arc::new(project));
        self.state.version.fetch_add(1, Ordering::AcqRel);
    }
}
