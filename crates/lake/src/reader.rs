//! Rows out of part files: those of one run, or those of all runs but some.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, Scalar, StringArray};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::file::statistics::Statistics;

use crate::Error;
use crate::part_file::{PartFile, RUN_ID, parquet_error, run_ids};
use crate::part_reader::PartReader;

/// Rows read at once.
const BATCH_ROWS: usize = 8192;

/// Every batch of a part file.
pub(crate) async fn read_part_file(
    store: Arc<dyn ObjectStore>,
    file: &PartFile,
) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
    let path = file.path.to_string();
    let builder = open(store, file).await?;
    let stream = builder.with_batch_size(BATCH_ROWS).build().map_err(|source| parquet_error(&path, source))?;
    Ok(stream.map_err(move |source| parquet_error(&path, source)).boxed())
}

/// The rows of one run, without the run-id column. Row groups and pages that cannot hold it are not read.
pub(crate) async fn read_run(
    store: Arc<dyn ObjectStore>,
    file: &PartFile,
    run_id: &str,
) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
    let path = file.path.to_string();
    let builder = open(store, file).await?;
    let schema = builder.parquet_schema();
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
    let all_but_id = ProjectionMask::leaves(schema, (0..schema.num_columns()).filter(|column| Some(*column) != id_column));
    let wanted = Scalar::new(StringArray::from(vec![run_id.to_owned()]));
    let is_wanted = ArrowPredicateFn::new(id_mask, move |batch: RecordBatch| arrow::compute::kernels::cmp::eq(batch.column(0), &wanted));
    let stream = builder
        .with_row_groups(wanted_groups)
        .with_projection(all_but_id)
        .with_row_filter(RowFilter::new(vec![Box::new(is_wanted)]))
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|source| parquet_error(&path, source))?;
    Ok(stream.map_err(move |source| parquet_error(&path, source)).boxed())
}

/// The rows of a batch that belong to none of these runs.
pub(crate) fn without_runs(batch: &RecordBatch, dropped: &BTreeSet<String>) -> Result<RecordBatch, Error> {
    let keep: BooleanArray = run_ids(batch).map(|id| Some(!dropped.contains(id))).collect();
    arrow::compute::filter_record_batch(batch, &keep).map_err(|error| runlake_ingest::Error::from(error).into())
}

async fn open(store: Arc<dyn ObjectStore>, file: &PartFile) -> Result<ParquetRecordBatchStreamBuilder<PartReader>, Error> {
    let reader = PartReader::new(store, file.path.clone(), file.size_bytes);
    ParquetRecordBatchStreamBuilder::new(reader).await.map_err(|source| parquet_error(file.path.as_ref(), source))
}
