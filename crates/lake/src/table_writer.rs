//! Rows of one project into part files of one table, run after run.
//!
//! Batches wait in memory until they are worth a file; a file holds whole runs, or a part of one large run. Nothing is visible before
//! the commit, and a run that is given up leaves no trace in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake::kernel::{Add, Remove};
use futures::TryStreamExt;
use runlake_ingest::schema::{RESCUED, metric_field};
use runlake_ingest::{Encoder, KindPlan, RowColumns, Stream};
use runlake_types::{ColumnSet, Object, ProjectPath};

use crate::Error;
use crate::part_file::{RUN_ID, run_ids, write_part_file};
use crate::reader::{read_part_file, without_runs};
use crate::table::Table;

/// Arrow bytes that wait in memory before they become a part file; on disk they are some times smaller.
const FILE_ARROW_BYTES: usize = 64 << 20;

/// Writes one stream of a project's runs.
#[derive(Debug)]
pub(crate) struct TableWriter {
    table: Table,
    project: ProjectPath,
    stream: Stream,
    encoder: Encoder,
    /// Batches of runs that were read whole.
    whole: Vec<RecordBatch>,
    whole_bytes: usize,
    /// Batches of the run that is being read.
    current: Vec<RecordBatch>,
    current_bytes: usize,
    /// Files of whole runs, and of the run that is being read.
    staged: Vec<Add>,
    current_staged: Vec<Add>,
}

impl TableWriter {
    pub(crate) fn new(table: Table, project: ProjectPath, stream: Stream, plan: KindPlan) -> Self {
        let encoder = Encoder::new(stream, table.metric_columns(), plan);
        Self {
            table,
            project,
            stream,
            encoder,
            whole: Vec::new(),
            whole_bytes: 0,
            current: Vec::new(),
            current_bytes: 0,
            staged: Vec::new(),
            current_staged: Vec::new(),
        }
    }

    /// Adds rows of the current run; gives how many were left out for want of a step.
    pub(crate) async fn push(&mut self, run_id: &str, rows: Vec<Object>) -> Result<u64, Error> {
        let (columns, rows_without_step) = RowColumns::of_rows(self.stream, rows, self.encoder.plan());
        self.push_columns(run_id, columns).await?;
        Ok(rows_without_step)
    }

    /// Adds decoded rows of the current run.
    pub(crate) async fn push_columns(&mut self, run_id: &str, rows: RowColumns) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let batch = with_run_id(run_id, &self.encoder.place(rows)?)?;
        self.current_bytes += batch.get_array_memory_size();
        self.current.push(batch);
        if self.current_bytes >= FILE_ARROW_BYTES {
            let batches = std::mem::take(&mut self.current);
            self.current_bytes = 0;
            let add = self.write(batches).await?;
            self.current_staged.extend(add);
        }
        Ok(())
    }

    /// The plan by which decoders choose the kinds of columns.
    pub(crate) fn plan(&self) -> &Arc<KindPlan> {
        self.encoder.plan()
    }

    /// The current run is whole.
    pub(crate) async fn end_run(&mut self) -> Result<(), Error> {
        if self.current_staged.is_empty() {
            self.whole.append(&mut self.current);
            self.whole_bytes += self.current_bytes;
            if self.whole_bytes >= FILE_ARROW_BYTES {
                self.flush().await?;
            }
        } else {
            // A run that filled a file keeps its files to itself.
            let rest = std::mem::take(&mut self.current);
            let add = self.write(rest).await?;
            self.staged.append(&mut self.current_staged);
            self.staged.extend(add);
        }
        self.current_bytes = 0;
        Ok(())
    }

    /// The current run is given up. Files that it filled are in no commit, and `vacuum` of any Delta tool removes them.
    pub(crate) fn abandon_run(&mut self) {
        self.current.clear();
        self.current_bytes = 0;
        self.current_staged.clear();
    }

    /// Commits the runs that are whole in the place of what the table has of `replaced`. One Delta commit: readers see all of it or nothing.
    pub(crate) async fn commit(&mut self, replaced: &BTreeSet<String>) -> Result<(), Error> {
        self.flush().await?;
        let mut add = std::mem::take(&mut self.staged);
        let remove = self.take_out(replaced, &mut add).await?;
        self.table.commit(add, remove, &self.table_fields()).await
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.whole_bytes = 0;
        let batches = std::mem::take(&mut self.whole);
        let add = self.write(batches).await?;
        self.staged.extend(add);
        Ok(())
    }

    async fn write(&self, batches: Vec<RecordBatch>) -> Result<Option<Add>, Error> {
        if batches.iter().all(|batch| batch.num_rows() == 0) {
            return Ok(None);
        }
        let schema = union_schema(&batches, self.encoder.columns());
        let batches = batches.iter().map(|batch| conform(batch, &schema)).collect::<Result<Vec<_>, _>>()?;
        write_part_file(self.table.store().as_ref(), &self.project, &batches).await.map(Some)
    }

    /// Removes the part files that hold rows of these runs, and writes what else they hold to new ones.
    async fn take_out(&self, dropped: &BTreeSet<String>, add: &mut Vec<Add>) -> Result<Vec<Remove>, Error> {
        let mut remove = Vec::new();
        for file in self.table.part_files(Some(&self.project))? {
            if !dropped.iter().any(|run_id| file.may_hold(run_id)) {
                continue;
            }
            let batches: Vec<RecordBatch> = read_part_file(self.table.store(), &file).await?.try_collect().await?;
            if !batches.iter().flat_map(run_ids).any(|run_id| dropped.contains(run_id)) {
                continue;
            }
            let kept = batches.iter().map(|batch| without_runs(batch, dropped)).collect::<Result<Vec<_>, _>>()?;
            if kept.iter().any(|batch| batch.num_rows() > 0) {
                add.push(write_part_file(self.table.store().as_ref(), &self.project, &kept).await?);
            }
            remove.push(file.into_remove());
        }
        Ok(remove)
    }

    /// The metric columns so far, and the rescued data, which the events stream has only when something did not fit.
    fn table_fields(&self) -> Vec<Field> {
        let mut fields: Vec<Field> = self.encoder.columns().columns().iter().map(metric_field).collect();
        if self.encoder.has_rescued() {
            fields.push(Field::new(RESCUED, DataType::Utf8, true));
        }
        fields
    }
}

fn with_run_id(run_id: &str, batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let mut fields = vec![Field::new(RUN_ID, DataType::Utf8, false)];
    fields.extend(batch.schema_ref().fields().iter().map(|field| field.as_ref().clone()));
    let ids: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(run_id, batch.num_rows())));
    let columns = std::iter::once(ids).chain(batch.columns().iter().cloned()).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| runlake_ingest::Error::from(error).into())
}

/// Every column that a batch has: the fixed ones, then the metrics in table order, then the rescued data.
fn union_schema(batches: &[RecordBatch], columns: &ColumnSet) -> SchemaRef {
    let present = |name: &str| batches.iter().find_map(|batch| batch.schema_ref().column_with_name(name).map(|(_, field)| field.clone()));
    let fixed = [RUN_ID, runlake_ingest::schema::STEP, runlake_ingest::schema::TIMESTAMP, runlake_ingest::schema::RUNTIME];
    let metrics = columns.columns().iter().map(|column| column.name.as_str());
    Arc::new(Schema::new(fixed.into_iter().chain(metrics).chain([RESCUED]).filter_map(present).collect::<Vec<_>>()))
}

fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    let column = |field: &Arc<Field>| {
        batch.column_by_name(field.name()).cloned().unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
    };
    let columns = schema.fields().iter().map(column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|error| runlake_ingest::Error::from(error).into())
}
