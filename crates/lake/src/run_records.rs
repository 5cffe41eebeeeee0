//! The records of a project's runs out of the `runs` table, few of them in memory at once.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use futures::{FutureExt as _, Stream, StreamExt as _, TryStreamExt as _, stream};
use runlake_ingest::off_thread;
use runlake_types::ProjectPath;

use crate::part_file::{PartFile, run_ids};
use crate::part_store::PartStore;
use crate::reader::read_part_file_by;
use crate::runs_table::runs_of_batch;
use crate::table::TableName;
use crate::{Error, Lake, StoredRun};

/// Records of runs that are read at once: each may be as long as megabytes.
const RECORDS_AT_ONCE: usize = 16;

/// Part files that are read at once.
const FILES_AT_ONCE: usize = 4;

/// Batches of records that are parsed at once.
const BATCHES_AT_ONCE: usize = 4;

/// Which records are read, and where they are.
struct Records {
    store: PartStore,
    project: ProjectPath,
    /// Their ids; `None` is all.
    wanted: Option<BTreeSet<String>>,
}

impl Lake {
    /// Gives each run of the project to `visit`, in no order; few of them are in memory at once.
    pub(crate) async fn visit_runs(&self, project: &ProjectPath, visit: impl FnMut(StoredRun)) -> Result<(), Error> {
        self.visit_runs_of(project, None, visit).await
    }

    /// As [`Lake::visit_runs`], of these ids alone: part files and records of others are not read.
    pub(crate) async fn visit_runs_of(
        &self,
        project: &ProjectPath,
        wanted: Option<&BTreeSet<String>>,
        mut visit: impl FnMut(StoredRun),
    ) -> Result<(), Error> {
        let table = self.table(TableName::Runs).await?;
        let mut files = table.part_files(Some(project))?;
        files.retain(|file| wanted.is_none_or(|wanted| wanted.iter().any(|run_id| file.may_hold(run_id))));
        let records = Records { store: table.part_store(), project: project.clone(), wanted: wanted.cloned() };
        let records = Arc::new(records);
        let of_files = stream::iter(files).map(|file| batches_of(records.store.clone(), file).boxed());
        let batches = of_files.flatten_unordered(FILES_AT_ONCE);
        // Apart from reading, so that the records of one large file are parsed on all cores.
        let parsed = batches.map_ok(|batch| {
            let records = Arc::clone(&records);
            off_thread(move || records.of_batch(&batch)).map(Ok)
        });
        let mut parsed = pin!(parsed.try_buffer_unordered(BATCHES_AT_ONCE));
        while let Some(runs) = parsed.try_next().await? {
            runs?.into_iter().for_each(&mut visit);
        }
        Ok(())
    }
}

impl Records {
    fn of_batch(&self, batch: &RecordBatch) -> Result<Vec<StoredRun>, Error> {
        let Some(wanted) = &self.wanted else { return runs_of_batch(&self.project, batch) };
        let is_wanted: BooleanArray = run_ids(batch).map(|run_id| Some(wanted.contains(run_id))).collect();
        runs_of_batch(&self.project, &filter_record_batch(batch, &is_wanted).map_err(runlake_ingest::Error::from)?)
    }
}

/// The batches of a part file, one after the other.
fn batches_of(store: PartStore, file: PartFile) -> impl Stream<Item = Result<RecordBatch, Error>> + Send + 'static {
    let file = Arc::new(file);
    stream::try_unfold(None, move |batches| {
        let (store, file) = (store.clone(), Arc::clone(&file));
        let parts = Arc::clone(&store.store);
        let next = async move {
            let mut batches = match batches {
                Some(batches) => batches,
                None => read_part_file_by(parts, &file, RECORDS_AT_ONCE).await?,
            };
            Ok(batches.try_next().await?.map(|batch| (batch, Some(batches))))
        };
        async move { store.read_and_work(next, Ok).await }
    })
}
