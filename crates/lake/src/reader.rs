//! Rows out of part files: those of one run, or those of all runs but some.

use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch, Scalar, StringArray};
use arrow::datatypes::Int64Type;
use deltalake::kernel::Add;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicate, ArrowPredicateFn, RowFilter};
use parquet::arrow::async_reader::{ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder};
use parquet::file::statistics::Statistics;
use runlake_ingest::polled_without_panic;
use runlake_ingest::schema::STEP;

use crate::Error;
use crate::part_file::{PartFile, RUN_ID, parquet_error, run_ids, store_error};
use crate::part_reader::PartReader;

/// Values read at once: rows of many columns come in shorter batches.
const BATCH_CELLS: usize = 1 << 20;

/// Rows read at once, at most.
const BATCH_ROWS: usize = 8192;

/// Every batch of a part file.
pub(crate) async fn read_part_file(
    store: Arc<dyn ObjectStore>,
    file: &PartFile,
) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
    read_part_file_by(store, file, BATCH_ROWS).await
}

/// Every batch of a part file, of so many rows at most: the records of runs may be as long as megabytes.
pub(crate) async fn read_part_file_by(
    store: Arc<dyn ObjectStore>,
    file: &PartFile,
    most_rows: usize,
) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
    let path = file.path.to_string();
    let builder = open(store, &file.path, file.size_bytes).await?;
    let rows = batch_rows(builder.parquet_schema().num_columns()).min(most_rows);
    let stream = builder.with_batch_size(rows).build().map_err(|source| parquet_error(&path, source))?;
    Ok(guarded(path, stream))
}

fn batch_rows(columns: usize) -> usize {
    (BATCH_CELLS / columns.max(1)).clamp(1, BATCH_ROWS)
}

/// The rows of one run, from a step on when one is given, without the run-id column. Row groups and pages that cannot hold it are not read.
pub(crate) async fn read_run(
    store: Arc<dyn ObjectStore>,
    file: &PartFile,
    run_id: &str,
    min_step: Option<i64>,
) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
    let path = file.path.to_string();
    let builder = open(store, &file.path, file.size_bytes).await?;
    let schema = builder.parquet_schema();
    let rows = batch_rows(schema.num_columns());
    let id_column = (0..schema.num_columns()).find(|column| schema.column(*column).name() == RUN_ID);
    let groups = builder.metadata().row_groups().iter().enumerate();
    let may_hold = |statistics: Option<&Statistics>| match statistics {
        Some(Statistics::ByteArray(bounds)) => {
            bounds.min_opt().is_none_or(|first| first.data() <= run_id.as_bytes())
                && bounds.max_opt().is_none_or(|last| run_id.as_bytes() <= last.data())
        }
        _ => true,
    };
    let wanted_groups = groups
        .filter(|(_, group)| id_column.is_none_or(|column| may_hold(group.column(column).statistics())))
        .map(|(index, _)| index)
        .collect();
    let id_mask = ProjectionMask::leaves(schema, id_column);
    let step_mask = ProjectionMask::leaves(schema, (0..schema.num_columns()).find(|column| schema.column(*column).name() == STEP));
    let all_but_id = ProjectionMask::leaves(schema, (0..schema.num_columns()).filter(|column| Some(*column) != id_column));
    let wanted = Scalar::new(StringArray::from(vec![run_id.to_owned()]));
    let is_wanted = ArrowPredicateFn::new(id_mask, move |batch: RecordBatch| arrow::compute::kernels::cmp::eq(batch.column(0), &wanted));
    let mut predicates: Vec<Box<dyn ArrowPredicate>> = vec![Box::new(is_wanted)];
    if let Some(min_step) = min_step {
        let first = Scalar::new(Int64Array::from(vec![min_step]));
        let is_late = move |batch: RecordBatch| arrow::compute::kernels::cmp::gt_eq(batch.column(0), &first);
        predicates.push(Box::new(ArrowPredicateFn::new(step_mask, is_late)));
    }
    let stream = builder
        .with_row_groups(wanted_groups)
        .with_projection(all_but_id)
        .with_row_filter(RowFilter::new(predicates))
        .with_batch_size(rows)
        .build()
        .map_err(|source| parquet_error(&path, source))?;
    Ok(guarded(path, stream))
}

/// Some columns of a part file, those of them that it has.
pub(crate) async fn read_columns(
    store: Arc<dyn ObjectStore>,
    file: &PartFile,
    names: &[&str],
) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
    let path = file.path.to_string();
    let builder = open(store, &file.path, file.size_bytes).await?;
    let schema = builder.parquet_schema();
    let wanted = (0..schema.num_columns()).filter(|column| names.contains(&schema.column(*column).name()));
    let mask = ProjectionMask::leaves(schema, wanted);
    let stream = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(|source| parquet_error(&path, source))?;
    Ok(guarded(path, stream))
}

/// The first step of a run's rows in a part file, where its table has steps; the outer `None` when it has no such rows.
pub(crate) async fn first_step_of(store: Arc<dyn ObjectStore>, file: &PartFile, run_id: &str) -> Result<Option<Option<i64>>, Error> {
    let mut batches = read_columns(store, file, &[RUN_ID, STEP]).await?;
    while let Some(batch) = batches.try_next().await? {
        if let Some(row) = run_ids(&batch).position(|id| id == run_id) {
            let steps = batch.column_by_name(STEP).and_then(|steps| steps.as_primitive_opt::<Int64Type>());
            return Ok(Some(steps.map(|steps| steps.value(row))));
        }
    }
    Ok(None)
}

/// Every batch of a part file that is in no commit yet.
pub(crate) async fn read_added(store: Arc<dyn ObjectStore>, add: &Add) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
    let path = add.path.clone();
    let object_path = ObjectPath::parse(&path).map_err(|source| store_error(&path, "read", source.into()))?;
    let builder = open(store, &object_path, u64::try_from(add.size).unwrap_or_default()).await?;
    let stream = builder.with_batch_size(BATCH_ROWS).build().map_err(|source| parquet_error(&path, source))?;
    Ok(guarded(path, stream))
}

async fn open(
    store: Arc<dyn ObjectStore>,
    path: &ObjectPath,
    size_bytes: u64,
) -> Result<ParquetRecordBatchStreamBuilder<PartReader>, Error> {
    let reader = PartReader::new(store, path.clone(), size_bytes);
    polled_without_panic(ParquetRecordBatchStreamBuilder::new(reader)).await.map_err(|source| parquet_error(path.as_ref(), source))
}

/// The batches of a part file. That the Parquet library panics on it is the error that it is damaged; an error is the last.
fn guarded(path: String, batches: ParquetRecordBatchStream<PartReader>) -> BoxStream<'static, Result<RecordBatch, Error>> {
    let next = |state: Option<(String, ParquetRecordBatchStream<PartReader>)>| async {
        let (path, mut batches) = state?;
        match polled_without_panic(batches.next().map(Option::transpose)).await {
            Ok(batch) => batch.map(|batch| (Ok(batch), Some((path, batches)))),
            Err(source) => Some((Err(parquet_error(&path, source)), None)),
        }
    };
    stream::unfold(Some((path, batches)), next).boxed()
}
