//! Rows of many runs out of a lake, as record batches: values of any kind, as they were logged.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow::compute::{concat_batches, filter_record_batch, is_not_null, or};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use runlake_ingest::schema::{RUNTIME, STEP, TIMESTAMP, data_type};
use runlake_lake::{Lake, Piece, RowsOf, StoredRun};
use runlake_types::MetricColumn;

use crate::Error;
use crate::aligned_curves::{PROJECT, RUN_ID};
use crate::keys::names_of;
use crate::run_parts::{Part, ReadBytes, RunColumns, for_each_run};

/// The columns that stand before the keys.
pub(crate) const FIXED: [&str; 3] = [STEP, TIMESTAMP, RUNTIME];

/// Which rows are read of each run.
#[derive(Clone, Debug)]
pub(crate) struct RowPlan {
    pub(crate) keys: Vec<MetricColumn>,
    pub(crate) steps: Option<Range<i64>>,
    /// Rows that have every key, in place of rows that have any.
    pub(crate) require_all: bool,
    pub(crate) most_points: u64,
}

impl RowPlan {
    /// `_step` int64, `_timestamp` and `_runtime` float64, then the keys by their dotted names.
    fn schema(&self) -> SchemaRef {
        let fixed = [(STEP, DataType::Int64), (TIMESTAMP, DataType::Float64), (RUNTIME, DataType::Float64)];
        let fixed = fixed.into_iter().map(|(name, data_type)| Field::new(name, data_type, true));
        let named = self.keys.iter().zip(names_of(&self.keys));
        let keys = named.map(|(key, name)| Field::new(name, data_type(key.kind), true));
        Arc::new(Schema::new(fixed.chain(keys).collect::<Vec<_>>()))
    }
}

struct Rows(Result<RecordBatch, ArrowError>);

impl Part for Rows {
    fn points(&self) -> u64 {
        self.0.as_ref().map_or(0, |batch| (batch.num_rows() * batch.num_columns()) as u64)
    }
}

/// Gives the rows of each run that have a key to `finish`, in the order of their steps, and puts what it leaves of them together: `run_id`,
/// `project` where there are several, then the columns of what it gives. The order is that of `runs`.
///
/// # Errors
/// As [`for_each_run`], and the first error of `finish`.
pub(crate) async fn rows_of_runs(
    lake: &Lake,
    runs: &[StoredRun],
    plan: &RowPlan,
    finish: impl Fn(usize, RecordBatch) -> Result<RecordBatch, Error> + Send + Sync + 'static,
) -> Result<(RecordBatch, ReadBytes), Error> {
    let schema = plan.schema();
    let columns = FIXED.iter().map(|&name| name.to_owned()).chain(plan.keys.iter().map(|key| key.name.clone())).collect();
    let wanted = RunColumns { rows_of: RowsOf::Histories, columns, steps: plan.steps.clone(), most_points: plan.most_points };
    let (require_all, of_piece) = (plan.require_all, Arc::clone(&schema));
    let rows_of = move |_, piece: Piece| Rows(rows_with_keys(&of_piece, piece, require_all));
    let put_together = move |run: usize, parts: Vec<Rows>| {
        let batches = parts.into_iter().map(|Rows(batch)| batch).collect::<Result<Vec<_>, _>>()?;
        finish(run, concat_batches(&schema, &batches)?)
    };
    let (of_runs, bytes) = for_each_run(lake, runs, &wanted, rows_of, put_together).await?;
    let batches = of_runs.into_iter().collect::<Result<Vec<_>, Error>>()?;
    Ok((with_runs(runs, &batches)?, bytes))
}

fn rows_with_keys(schema: &SchemaRef, piece: Piece, require_all: bool) -> Result<RecordBatch, ArrowError> {
    let rows = piece.rows;
    let column = |(field, column): (&Arc<Field>, Option<ArrayRef>)| column.unwrap_or_else(|| new_null_array(field.data_type(), rows));
    let columns: Vec<ArrayRef> = schema.fields().iter().zip(piece.columns).map(column).collect();
    let mut mask: Option<BooleanArray> = None;
    for key in &columns[FIXED.len()..] {
        let is_there = is_not_null(key)?;
        mask = Some(match mask {
            None => is_there,
            Some(others) if require_all => arrow::compute::and(&others, &is_there)?,
            Some(others) => or(&others, &is_there)?,
        });
    }
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &RecordBatchOptions::new().with_row_count(Some(rows)))?;
    mask.map_or_else(|| Ok(batch.clone()), |mask| filter_record_batch(&batch, &mask))
}

/// The rows of all runs, with whose they are.
fn with_runs(runs: &[StoredRun], batches: &[RecordBatch]) -> Result<RecordBatch, Error> {
    let schema = batches.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    let rows = concat_batches(&schema, batches)?;
    let repeated = |text: &dyn Fn(&StoredRun) -> String| -> ArrayRef {
        let texts: Vec<String> = runs.iter().map(text).collect();
        let cells = texts.iter().zip(batches).flat_map(|(text, batch)| std::iter::repeat_n(text.as_str(), batch.num_rows()));
        Arc::new(StringArray::from_iter_values(cells))
    };
    let projects: Vec<_> = runs.iter().map(|run| run.record.path.project_path()).collect();
    let mut fields = vec![Arc::new(Field::new(RUN_ID, DataType::Utf8, false))];
    let mut columns = vec![repeated(&|run| run.record.path.run_id.clone())];
    if projects.windows(2).any(|pair| pair[0] != pair[1]) {
        fields.push(Arc::new(Field::new(PROJECT, DataType::Utf8, false)));
        columns.push(repeated(&|run| run.record.path.project_path().to_string()));
    }
    fields.extend(schema.fields().iter().cloned());
    columns.extend(rows.columns().iter().cloned());
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
