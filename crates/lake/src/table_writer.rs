//! Rows of one project into part files of one table, run after run.
//!
//! Batches wait in memory until they are worth a file; a file holds whole runs, or a part of one large run. Files are encoded and written
//! in the background, a few at a time. Nothing is visible before the commit, and a run that is given up leaves no trace in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake::kernel::Add;
use futures::TryStreamExt;
use runlake_ingest::schema::{RESCUED, RUNTIME, STEP, TIMESTAMP, metric_column, metric_field};
use runlake_ingest::{Encoder, KindPlan, RowColumns, Stream, rows_of_batch, system_rows_of_batch};
use runlake_types::{ColumnSet, Object, ProjectPath};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::Error;
use crate::commit::Change;
use crate::dropped::Dropped;
use crate::long_rows::long_batch;
use crate::part_file::{EncodedPart, RUN_ID, run_ids, write_part_file};
use crate::reader::read_added;
use crate::table::{Table, Transaction};

/// Arrow bytes that wait in memory before they become a part file; on disk they are some times smaller.
const FILE_ARROW_BYTES: usize = 48 << 20;

/// Arrow bytes of a file with the nulls of metrics that a run does not have: many runs with metrics of their own do not share a file.
const FILE_SHEET_BYTES: usize = 4 * FILE_ARROW_BYTES;

/// Encoded files that are on their way to the store at once.
const FILES_IN_FLIGHT: usize = 2;

/// In which form rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A column for each metric.
    Wide,
    /// A row for each value, see [`crate::long_rows`].
    Long,
}

/// Writes one stream of a project's runs.
#[derive(Debug)]
pub(crate) struct TableWriter {
    table: Table,
    project: ProjectPath,
    stream: Stream,
    form: Form,
    encoder: Encoder,
    /// Runs that were read whole.
    whole: Waiting,
    /// The run that is being read.
    current: Waiting,
    /// Files of whole runs, and of the run that is being read.
    staged: Vec<StagedFile>,
    current_staged: Vec<StagedFile>,
    /// One file is encoded at a time: that takes every core.
    encoding: Arc<Semaphore>,
    in_flight: Arc<Semaphore>,
}

/// A part file in the making.
type StagedFile = JoinHandle<Result<Add, Error>>;

/// Batches that wait in memory.
#[derive(Debug, Default)]
struct Waiting {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    columns: BTreeSet<String>,
}

impl Waiting {
    fn push(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        for field in batch.schema_ref().fields() {
            if !self.columns.contains(field.name()) {
                self.columns.insert(field.name().clone());
            }
        }
        self.batches.push(batch);
    }

    fn append(&mut self, other: &mut Self) {
        let other = std::mem::take(other);
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.columns.extend(other.columns);
        self.batches.extend(other.batches);
    }

    /// What the file takes in memory once every batch has every column.
    fn sheet_bytes(&self, other: &Self) -> usize {
        let columns = self.columns.len() + other.columns.difference(&self.columns).count();
        (self.rows + other.rows).saturating_mul(columns).saturating_mul(8)
    }
}

impl TableWriter {
    pub(crate) fn new(table: Table, project: ProjectPath, stream: Stream, plan: KindPlan) -> Self {
        let encoder = Encoder::new(stream, table.metric_columns(), plan);
        Self {
            table,
            project,
            stream,
            form: Form::Wide,
            encoder,
            whole: Waiting::default(),
            current: Waiting::default(),
            staged: Vec::new(),
            current_staged: Vec::new(),
            encoding: Arc::new(Semaphore::new(1)),
            in_flight: Arc::new(Semaphore::new(FILES_IN_FLIGHT)),
        }
    }

    /// A writer of the table of the long form.
    pub(crate) fn of_long_form(table: Table, project: ProjectPath) -> Self {
        Self { form: Form::Long, ..Self::new(table, project, Stream::History, KindPlan::default()) }
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
        let batch = match self.form {
            Form::Wide => with_run_id(run_id, &self.encoder.place(rows)?)?,
            Form::Long => long_batch(run_id, &rows)?,
        };
        self.current.push(batch);
        if self.current.bytes >= FILE_ARROW_BYTES {
            let waiting = std::mem::take(&mut self.current);
            let staged = self.stage(waiting).await;
            self.current_staged.extend(staged);
        }
        Ok(())
    }

    /// The plan by which decoders choose the kinds of columns.
    pub(crate) fn plan(&self) -> &Arc<KindPlan> {
        self.encoder.plan()
    }

    /// The current run is whole.
    pub(crate) async fn end_run(&mut self) {
        if self.current_staged.is_empty() {
            if !self.whole.batches.is_empty() && self.whole.sheet_bytes(&self.current) > FILE_SHEET_BYTES {
                self.flush().await;
            }
            self.whole.append(&mut self.current);
            if self.whole.bytes >= FILE_ARROW_BYTES {
                self.flush().await;
            }
        } else {
            // A run that filled a file keeps its files to itself.
            let rest = std::mem::take(&mut self.current);
            let staged = self.stage(rest).await;
            self.staged.append(&mut self.current_staged);
            self.staged.extend(staged);
        }
    }

    /// The current run is given up. Files that it filled are in no commit, and `vacuum` removes them.
    pub(crate) fn abandon_run(&mut self) {
        self.current = Waiting::default();
        self.current_staged.clear();
    }

    /// Commits the runs that are whole, and takes out what they take the place of. One Delta commit: readers see all of it or nothing.
    ///
    /// When another writer was faster, the commit is made anew on top of its version.
    pub(crate) async fn commit(&mut self, dropped: &Dropped, transaction: &Transaction) -> Result<(), Error> {
        self.flush().await;
        let mut staged = Vec::with_capacity(self.staged.len());
        for file in std::mem::take(&mut self.staged) {
            staged.push(file.await.map_err(|stopped| Error::stopped(&stopped))??);
        }
        let mut attempt = 1;
        loop {
            let fields = self.table_fields();
            let change = Change { project: &self.project, add: &staged, dropped, fields: &fields, transaction };
            if change.try_commit(&mut self.table, attempt).await? {
                return Ok(());
            }
            staged = self.adopt_columns(staged).await?;
            attempt += 1;
        }
    }

    async fn flush(&mut self) {
        let waiting = std::mem::take(&mut self.whole);
        let staged = self.stage(waiting).await;
        self.staged.extend(staged);
    }

    /// Begins to write a file; waits while another is being encoded.
    async fn stage(&self, waiting: Waiting) -> Option<StagedFile> {
        if waiting.rows == 0 {
            return None;
        }
        let turn = Arc::clone(&self.encoding).acquire_owned().await.ok()?;
        let in_flight = Arc::clone(&self.in_flight);
        let schema = match self.form {
            Form::Wide => union_schema(&waiting.batches, self.encoder.columns()),
            Form::Long => waiting.batches.first()?.schema(),
        };
        let (store, project) = (self.table.store(), self.project.clone());
        Some(tokio::spawn(async move {
            let batches = waiting.batches.iter().map(|batch| conform(batch, &schema)).collect::<Result<Vec<_>, _>>()?;
            drop(waiting);
            let encoded = EncodedPart::of(batches).await?;
            // The next file is not encoded before there is room for this one's bytes on their way.
            let _slot = in_flight.acquire_owned().await;
            drop(turn);
            encoded.put(store, project).await
        }))
    }

    /// The metric columns so far, and the rescued data, which the events stream has only when something did not fit.
    fn table_fields(&self) -> Vec<Field> {
        let mut fields: Vec<Field> = self.encoder.columns().columns().iter().map(metric_field).collect();
        if self.encoder.has_rescued() {
            fields.push(Field::new(RESCUED, DataType::Utf8, true));
        }
        fields
    }

    /// Another writer may have given a metric another name or kind, or a name to another metric. Then the files that wait for the commit are
    /// written again with the table's columns.
    async fn adopt_columns(&mut self, staged: Vec<Add>) -> Result<Vec<Add>, Error> {
        let theirs = self.table.metric_columns();
        let ours = self.encoder.columns().columns();
        let agrees = |column: &runlake_types::MetricColumn| match theirs.position(&column.path) {
            Some(position) => theirs.columns()[position] == *column,
            None => !theirs.has_name(&column.name),
        };
        if self.form == Form::Long || ours.iter().all(agrees) {
            return Ok(staged);
        }
        let plan = KindPlan::clone(self.encoder.plan());
        self.encoder = Encoder::new(self.stream, theirs, plan);
        let mut adopted = Vec::with_capacity(staged.len());
        for add in staged {
            let mut batches = Vec::new();
            let mut read = read_added(self.table.store(), &add).await?;
            while let Some(batch) = read.try_next().await? {
                for (run_id, batch) in by_run(&batch) {
                    let rows = match self.stream {
                        Stream::History => rows_of_batch(&batch)?,
                        Stream::System => system_rows_of_batch(&batch)?,
                    };
                    let (columns, _) = RowColumns::of_rows(self.stream, rows, self.encoder.plan());
                    batches.push(with_run_id(&run_id, &self.encoder.place(columns)?)?);
                }
            }
            let schema = union_schema(&batches, self.encoder.columns());
            let batches = batches.iter().map(|batch| conform(batch, &schema)).collect::<Result<Vec<_>, _>>()?;
            adopted.push(write_part_file(self.table.store(), self.project.clone(), batches).await?);
        }
        Ok(adopted)
    }
}

/// The rows of each run of a batch that is sorted by run.
fn by_run(batch: &RecordBatch) -> Vec<(String, RecordBatch)> {
    let mut spans: Vec<(String, usize, usize)> = Vec::new();
    for (row, run_id) in run_ids(batch).enumerate() {
        match spans.last_mut() {
            Some((last, _, length)) if last == run_id => *length += 1,
            _ => spans.push((run_id.to_owned(), row, 1)),
        }
    }
    spans.into_iter().map(|(run_id, from, length)| (run_id, batch.slice(from, length))).collect()
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
    let mut present: BTreeMap<&str, &Field> = BTreeMap::new();
    let mut metrics: BTreeMap<usize, &Field> = BTreeMap::new();
    for field in batches.iter().flat_map(|batch| batch.schema_ref().fields()) {
        match metric_column(field).and_then(|column| columns.position(&column.path)) {
            Some(position) => drop(metrics.insert(position, field)),
            None => drop(present.insert(field.name(), field)),
        }
    }
    let fixed = [RUN_ID, STEP, TIMESTAMP, RUNTIME].into_iter().filter_map(|name| present.get(name).copied());
    let fields = fixed.chain(metrics.into_values()).chain(present.get(RESCUED).copied());
    Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
}

/// The batch with the columns of `schema`, null where it does not have them.
pub(crate) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    let names = batch.schema_ref().fields().iter().map(|field| field.name().as_str());
    let columns: std::collections::HashMap<&str, &ArrayRef> = names.zip(batch.columns()).collect();
    let column = |field: &Arc<Field>| match columns.get(field.name().as_str()) {
        Some(column) => ArrayRef::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    };
    let columns = schema.fields().iter().map(column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|error| runlake_ingest::Error::from(error).into())
}
