//! Where the backend's answers come from: the part of a lake that it reads.

use std::error::Error as StdError;
use std::path::PathBuf;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use runlake_types::{Object, ProjectPath, RunPath, RunRecord, Timestamp};

/// Why a source could not be read.
pub type SourceError = Box<dyn StdError + Send + Sync>;

/// Rows as they were logged, a batch at a time.
pub type RowBatches = BoxStream<'static, Result<Vec<Object>, SourceError>>;

/// A run, and how far it is stored.
#[derive(Clone, Debug)]
pub struct SourceRun {
    /// The latest state.
    pub record: RunRecord,
    /// A number that changes when the run's stored rows change; what the backend made of them is kept under it.
    pub revision: u64,
    /// The last step that is stored, when the source knows without reading.
    pub stored_through_step: Option<i64>,
}

/// A file of a run.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The name in the run, with slashes between folders.
    pub name: String,
    /// The size in bytes.
    pub size_bytes: u64,
    /// When it was last written.
    pub modified_at: Timestamp,
    /// Where it is on disk.
    pub path: PathBuf,
    /// The MD5 digest of its contents in base64, when the source knows it without reading.
    pub md5: Option<String>,
}

/// What the backend reads. `runlake_lake::Lake` is the source in use; tests bring their own.
pub trait Source: Send + Sync + 'static {
    /// A number that changes when anything does.
    fn version(&self) -> BoxFuture<'_, Result<u64, SourceError>>;

    /// Every project.
    fn projects(&self) -> BoxFuture<'_, Result<Vec<ProjectPath>, SourceError>>;

    /// Every run of a project; none when the project is unknown.
    fn runs<'a>(&'a self, project: &'a ProjectPath) -> BoxFuture<'a, Result<Vec<SourceRun>, SourceError>>;

    /// The history rows of a run in the order of `_step`, which every row holds.
    fn history<'a>(&'a self, run: &'a RunPath) -> BoxFuture<'a, Result<RowBatches, SourceError>>;

    /// The rows of a run's events stream, with keys such as `system.cpu`, in the order of `_timestamp`.
    fn system_metrics<'a>(&'a self, run: &'a RunPath) -> BoxFuture<'a, Result<RowBatches, SourceError>>;

    /// The files of a run.
    fn files<'a>(&'a self, run: &'a RunPath) -> BoxFuture<'a, Result<Vec<SourceFile>, SourceError>>;
}
