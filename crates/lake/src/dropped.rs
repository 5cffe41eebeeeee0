//! Which rows a commit takes out of a table, and how: files that hold nothing else are removed, others are written again without them.

use std::collections::BTreeMap;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::Int64Type;
use deltalake::kernel::{Add, Remove};
use futures::TryStreamExt;
use runlake_ingest::schema::STEP;
use runlake_types::ProjectPath;

use crate::Error;
use crate::part_file::{PartFile, RUN_ID, run_ids, write_part_file};
use crate::reader::{read_columns, read_part_file};
use crate::table::Table;

/// Rows of a project that the new ones take the place of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dropped {
    /// The step after which a run's rows go; all of them go where there is none.
    runs: BTreeMap<String, Option<i64>>,
}

impl Dropped {
    /// Every row of the run goes.
    pub(crate) fn whole_run(&mut self, run_id: &str) {
        self.runs.insert(run_id.to_owned(), None);
    }

    /// The run's rows after `step` go: an earlier commit may have been cut off between two tables.
    pub(crate) fn rows_after(&mut self, run_id: &str, step: i64) {
        self.runs.entry(run_id.to_owned()).or_insert(Some(step));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Whether the statistics of the file allow that it holds such rows.
    fn may_concern(&self, file: &PartFile) -> bool {
        let (Some(first), Some(last)) = (&file.first_run, &file.last_run) else { return !self.runs.is_empty() };
        let mut runs = self.runs.range(first.clone()..=last.clone());
        runs.any(|(_, after)| after.is_none_or(|after| file.last_step.is_none_or(|last| last > after)))
    }

    /// Which rows of the batch stay. It has the run ids, and the steps where the table has them.
    fn kept(&self, batch: &RecordBatch) -> BooleanArray {
        let steps = batch.column_by_name(STEP).and_then(|steps| steps.as_primitive_opt::<Int64Type>());
        let stays = |(row, run_id): (usize, &str)| match self.runs.get(run_id) {
            None => true,
            Some(None) => false,
            Some(Some(after)) => steps.is_some_and(|steps| steps.value(row) <= *after),
        };
        run_ids(batch).enumerate().map(stays).map(Some).collect()
    }

    /// The actions that take these rows out of the table; what else the files hold is written to new ones, which join `add`.
    pub(crate) async fn take_out(&self, table: &Table, project: &ProjectPath, add: &mut Vec<Add>) -> Result<Vec<Remove>, Error> {
        let mut remove = Vec::new();
        for file in table.part_files(Some(project))?.into_iter().filter(|file| self.may_concern(file)) {
            let (mut rows, mut kept) = (0, 0);
            let mut ids = read_columns(table.store(), &file, &[RUN_ID, STEP]).await?;
            while let Some(batch) = ids.try_next().await? {
                rows += batch.num_rows();
                kept += self.kept(&batch).true_count();
            }
            if rows == kept {
                continue;
            }
            if kept > 0 {
                let batches: Vec<RecordBatch> = read_part_file(table.store(), &file).await?.try_collect().await?;
                let keep = |batch: &RecordBatch| arrow::compute::filter_record_batch(batch, &self.kept(batch));
                let kept = batches.iter().map(keep).collect::<Result<Vec<_>, _>>().map_err(runlake_ingest::Error::from)?;
                add.push(write_part_file(table.store(), project.clone(), kept).await?);
            }
            remove.push(file.into_remove());
        }
        Ok(remove)
    }
}
