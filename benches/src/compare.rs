//! Whether two sides got the same rows, bit for bit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type, Int64Type, Schema};
use bytes::Bytes;
use fs_err::File;
use futures::TryStreamExt as _;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::RowGroupMetaData;
use runlake_lake::{Lake, Location};
use runlake_types::RunPath;

/// Columns by name, each value as the bits of its float, or its step.
pub type Columns = BTreeMap<String, Vec<Option<u64>>>;

/// Writes batches, whose columns may differ, to a Parquet file.
///
/// # Errors
/// When the file cannot be written.
pub fn write(batches: &[RecordBatch], path: &Path) -> anyhow::Result<()> {
    let schema = Schema::try_merge(batches.iter().map(|batch| batch.schema_ref().as_ref().clone()))?;
    let schema = Arc::new(schema);
    let mut writer = ArrowWriter::try_new(File::create(path)?, Arc::clone(&schema), None)?;
    for batch in batches {
        let columns = schema.fields().iter().map(|field| {
            batch.column_by_name(field.name()).cloned().unwrap_or_else(|| arrow::array::new_null_array(field.data_type(), batch.num_rows()))
        });
        writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns.collect())?)?;
    }
    writer.close()?;
    Ok(())
}

/// The columns of a Parquet file.
///
/// # Errors
/// When the file cannot be read, or holds anything but numbers.
pub fn of_parquet(path: &Path) -> anyhow::Result<Columns> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?.into_file())?.build()?;
    columns(&reader.collect::<Result<Vec<_>, _>>()?).with_context(|| path.display().to_string())
}

/// The columns of a run in a lake.
///
/// # Errors
/// As [`of_parquet`].
pub async fn of_lake(folder: &Path, run: &RunPath) -> anyhow::Result<Columns> {
    let lake = Lake::open(Location::folder(folder)?).await?;
    let batches: Vec<RecordBatch> = lake.history(run).await?.try_collect().await?;
    columns(&batches).with_context(|| run.to_string())
}

/// Columns without a value are left out: one side has them and the other does not.
fn columns(batches: &[RecordBatch]) -> anyhow::Result<Columns> {
    let Some(first) = batches.first() else { return Ok(Columns::new()) };
    let whole = concat_batches(first.schema_ref(), batches)?;
    let mut columns = Columns::new();
    for (field, array) in whole.schema_ref().fields().iter().zip(whole.columns()) {
        if array.null_count() == array.len() {
            continue;
        }
        let bits = if field.name() == "_step" {
            let steps = cast(array, &DataType::Int64)?;
            steps.as_primitive::<Int64Type>().iter().map(|step| step.map(i64::cast_unsigned)).collect()
        } else {
            let values = cast(array, &DataType::Float64)?;
            values.as_primitive::<Float64Type>().iter().map(|value| value.map(f64::to_bits)).collect()
        };
        columns.insert(field.name().clone(), bits);
    }
    Ok(columns)
}

/// Checks that both sides have the same values in the columns that both have, `wanted` among them; all columns when `wanted` is empty.
///
/// # Errors
/// Says where they differ first.
pub fn same(sdk: &Columns, runlake: &Columns, wanted: &[String]) -> anyhow::Result<()> {
    if wanted.is_empty() && !sdk.keys().eq(runlake.keys()) {
        bail!("the columns are {:?} and {:?}", sdk.keys(), runlake.keys());
    }
    for name in sdk.keys().filter(|name| wanted.is_empty() || wanted.contains(name)) {
        let (ours, theirs) = (runlake.get(name).with_context(|| format!("runlake has no {name}"))?, &sdk[name]);
        if ours.len() != theirs.len() {
            bail!("{name} has {} and {} rows", theirs.len(), ours.len());
        }
        if let Some(row) = ours.iter().zip(theirs).position(|(a, b)| a != b) {
            bail!("{name} differs in row {row}");
        }
    }
    match wanted.iter().find(|name| !sdk.contains_key(*name)) {
        Some(name) => bail!("the SDK has no {name}"),
        None => Ok(()),
    }
}

/// Checks that both sides have these columns, with as many values, each within a billionth: sums in another order differ in the last bits.
///
/// # Errors
/// Says where they differ first.
pub fn close(theirs: &Columns, ours: &Columns, wanted: &[String]) -> anyhow::Result<()> {
    for name in wanted {
        let theirs = theirs.get(name).with_context(|| format!("the other has no {name}"))?;
        let ours = ours.get(name).with_context(|| format!("runlake has no {name}"))?;
        if ours.len() != theirs.len() {
            bail!("{name} has {} and {} rows", theirs.len(), ours.len());
        }
        let is_close = |one: &Option<u64>, other: &Option<u64>| match (one.map(f64::from_bits), other.map(f64::from_bits)) {
            (Some(one), Some(other)) => one.to_bits() == other.to_bits() || (one - other).abs() <= 1e-9 * one.abs().max(other.abs()),
            (one, other) => one.is_none() && other.is_none(),
        };
        if let Some(row) = ours.iter().zip(theirs).position(|(one, other)| !is_close(one, other)) {
            bail!("{name} differs in row {row}");
        }
    }
    Ok(())
}

/// How many bytes the chunks of these columns take in a Parquet file.
///
/// # Errors
/// When it is no Parquet.
pub fn chunk_bytes(file: Bytes, wanted: &[String]) -> anyhow::Result<u64> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let chunks = builder.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns);
    let wanted = chunks.filter(|chunk| wanted.iter().any(|name| *name == chunk.column_path().string()));
    Ok(wanted.map(|chunk| u64::try_from(chunk.compressed_size()).unwrap_or(0)).sum())
}
