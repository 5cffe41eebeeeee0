//! What one running backend holds: the catalog, the rows and exports made so far, the keys.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use runlake_types::RunPath;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::auth::Gate;
use crate::cache::Cache;
use crate::catalog::{Catalog, CatalogRun};
use crate::exports::{self, Export, ExportKey};
use crate::files::Digests;
use crate::history::{self, Limits, Spec};
use crate::options::ServerOptions;
use crate::rows::Rows;
use crate::scratch::Scratch;
use crate::signing::Signer;
use crate::source::Source;
use crate::state::{FileChange, State};
use crate::{Error, ErrorKind, SourceFile};

/// Which stream of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RowStream {
    History,
    Events,
}

/// Samples that are kept in memory.
const SAMPLES_BYTES: u64 = 64 << 20;

pub(crate) struct Backend {
    source: Arc<dyn Source>,
    pub(crate) options: ServerOptions,
    pub(crate) catalog: Catalog,
    /// What was written through the API.
    pub(crate) state: Arc<State>,
    pub(crate) gate: Gate,
    pub(crate) signer: Signer,
    pub(crate) digests: Digests,
    rows: Cache<(RunPath, RowStream, u64), Rows>,
    exports: Cache<ExportKey, Export>,
    /// Charts ask for the same samples again and again, and every row of a run is parsed for them.
    samples: Cache<(RunPath, u64, Range<usize>, Spec), Bytes>,
    /// How many runs are decoded or exported at once: each takes a core and a batch of memory.
    builders: Arc<Semaphore>,
    /// Dropped after the caches, whose files are in it.
    scratch: Scratch,
}

impl Backend {
    pub(crate) fn new(source: Arc<dyn Source>, options: ServerOptions) -> Result<Self, Error> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let state = Arc::new(State::open(&options.state)?);
        let secret = state.signing_secret()?;
        Ok(Self {
            catalog: Catalog::new(Arc::clone(&source), Arc::clone(&state), options.refresh_after),
            state,
            source,
            gate: Gate::new(&options.access),
            signer: Signer::new(options.signed_url_lifetime, &secret),
            digests: Digests::default(),
            rows: Cache::new(options.scratch_bytes / 2),
            exports: Cache::new(options.scratch_bytes / 2),
            samples: Cache::new(SAMPLES_BYTES),
            builders: Arc::new(Semaphore::new(cores)),
            scratch: Scratch::new_in(&std::env::temp_dir())?,
            options,
        })
    }

    /// The rows of a stream of a run, read from the lake if they are not at hand.
    pub(crate) async fn rows(&self, run: &CatalogRun, which: RowStream) -> Result<Arc<Rows>, Error> {
        let path = &run.record.path;
        let make = async {
            let batches = if run.is_in_source {
                let read = match which {
                    RowStream::History => self.source.history(path),
                    RowStream::Events => self.source.system_metrics(path),
                };
                read.await.map_err(|source| ErrorKind::Source { what: format!("the rows of {path}"), source })?
            } else {
                stream::empty().boxed()
            };
            let folder = self.scratch.path().to_owned();
            let runtime = Handle::current();
            let rows = self.build(move || Rows::spool(batches, &folder, &runtime)).await?;
            tracing::debug!(run = %path, rows = rows.len(), bytes = rows.size_bytes(), "rows at hand");
            let size = rows.size_bytes();
            Ok((rows, size))
        };
        self.rows.get_or_make(&(path.clone(), which, run.revision), make).await
    }

    /// The JSON text of a sample of those rows of a run that `window` holds, made if need be.
    pub(crate) async fn samples(&self, run: &CatalogRun, rows: Arc<Rows>, window: Range<usize>, spec: Spec) -> Result<Arc<Bytes>, Error> {
        let (key, limits) = ((run.record.path.clone(), run.revision, window.clone(), spec.clone()), self.limits());
        let make = async {
            let key_bytes = spec.key_bytes();
            let sample = Bytes::from(self.build(move || history::sampled(&rows, window, &spec, limits)).await?);
            let size = (sample.len() + key_bytes) as u64;
            Ok((sample, size))
        };
        self.samples.get_or_make(&key, make).await
    }

    /// An export, if it was made before.
    pub(crate) fn known_export(&self, key: &ExportKey) -> Option<Arc<Export>> {
        self.exports.get(key)
    }

    /// An export of `run` as it is now, made if need be.
    pub(crate) async fn export(&self, run: &CatalogRun, key: &ExportKey) -> Result<Arc<Export>, Error> {
        let make = async {
            let rows = self.rows(run, RowStream::History).await?;
            let range = key.rows.start.min(rows.len())..key.rows.end.min(rows.len());
            let (folder, policy) = (self.scratch.path().to_owned(), self.options.exports.clone());
            let (export, size) = self.build(move || exports::build(&rows, range, &policy, &folder)).await?;
            tracing::debug!(run = %key.run, export = %key, bytes = size, "export made");
            Ok((export, size))
        };
        self.exports.get_or_make(key, make).await
    }

    /// The files of a run: those of the source, with what was uploaded and deleted through the API laid over them.
    pub(crate) async fn files(&self, run: &RunPath) -> Result<Vec<SourceFile>, Error> {
        let mut files = self.source_files(run).await?;
        let changes = self.state.files(run).await?;
        if !changes.is_empty() {
            files.retain(|file| !changes.contains_key(&file.name));
            files.extend(changes.into_iter().filter_map(|(name, change)| match change {
                FileChange::Uploaded { blob, updated_at } => Some(SourceFile {
                    name,
                    size_bytes: blob.size_bytes,
                    modified_at: updated_at,
                    path: self.state.blob_path(&blob.sha256),
                    md5: Some(blob.md5),
                }),
                FileChange::Deleted => None,
            }));
        }
        Ok(files)
    }

    /// The files that the source has of a run, whatever was written.
    pub(crate) async fn source_files(&self, run: &RunPath) -> Result<Vec<SourceFile>, Error> {
        self.source.files(run).await.map_err(|source| ErrorKind::Source { what: format!("the files of {run}"), source }.into())
    }

    /// The most rows and bytes of one reply.
    pub(crate) fn limits(&self) -> Limits {
        Limits { rows: self.options.max_page_rows.max(1), bytes: self.options.max_page_bytes }
    }

    /// Runs work that takes long where it may block, as much at once as there are cores.
    async fn build<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
        let permit = Arc::clone(&self.builders).acquire_owned().await.expect("the semaphore is never closed");
        blocking(move || {
            let done = work();
            drop(permit);
            done
        })
        .await
    }
}

/// Runs work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await?
}
