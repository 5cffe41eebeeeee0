//! A lake as the backend's source.

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use runlake_ingest::{rows_of_batch, system_rows_of_batch};
use runlake_lake::Lake;
use runlake_types::{ProjectPath, RunPath};

use crate::source::{RowBatches, Source, SourceError, SourceFile, SourceRun};

impl Source for Lake {
    fn version(&self) -> BoxFuture<'_, Result<u64, SourceError>> {
        async move { Ok(Self::version(self).await?) }.boxed()
    }

    fn projects(&self) -> BoxFuture<'_, Result<Vec<ProjectPath>, SourceError>> {
        async move { Ok(Self::projects(self).await?) }.boxed()
    }

    fn runs<'a>(&'a self, project: &'a ProjectPath) -> BoxFuture<'a, Result<Vec<SourceRun>, SourceError>> {
        async move {
            let runs = Self::runs(self, project).await?.into_iter().map(|run| SourceRun {
                // A run is written anew whenever its rows change.
                revision: run.synced_at.micros().unsigned_abs(),
                stored_through_step: run.synced_through_step,
                record: run.record,
            });
            Ok(runs.collect())
        }
        .boxed()
    }

    fn history<'a>(&'a self, run: &'a RunPath) -> BoxFuture<'a, Result<RowBatches, SourceError>> {
        async move {
            let batches = Self::history(self, run).await?;
            Ok(batches.map(|batch| Ok(rows_of_batch(&batch?)?)).boxed())
        }
        .boxed()
    }

    fn system_metrics<'a>(&'a self, run: &'a RunPath) -> BoxFuture<'a, Result<RowBatches, SourceError>> {
        async move {
            let batches = Self::system_metrics(self, run).await?;
            Ok(batches.map(|batch| Ok(system_rows_of_batch(&batch?)?)).boxed())
        }
        .boxed()
    }

    fn files<'a>(&'a self, run: &'a RunPath) -> BoxFuture<'a, Result<Vec<SourceFile>, SourceError>> {
        async move {
            let files = Self::files(self, run).await?.into_iter();
            let file = |file: runlake_lake::StoredFile| SourceFile {
                name: file.name,
                size_bytes: file.size_bytes,
                modified_at: file.modified_at,
                path: file.path,
                md5: None,
            };
            Ok(files.map(file).collect())
        }
        .boxed()
    }
}
