//! Parquet exports into columns: from a file in hand, or from no more bytes of it than the wanted columns take.

use std::collections::HashSet;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use runlake_types::{HistoryKeys, RunPath};

use crate::export::{BATCH_ROWS, check_chunks, export_error, next_batch, open, reader_options};
use crate::export_decoder::{DecodedExport, ExportDecoder};
use crate::schema::STEP;
use crate::{Error, KindPlan};

/// What is read of the end of a file before its size of metadata is known: enough for some hundred columns.
const TAIL_BYTES: u64 = 64 << 10;

/// The parts of one export, in the order of the file. An error is the last.
#[derive(Debug)]
pub struct ExportColumns {
    run: RunPath,
    reader: Option<ParquetRecordBatchReader>,
    decoder: ExportDecoder,
}

/// Opens an export that was fetched whole. `keys` tells which text columns hold JSON; the kinds of the columns are those of `plan`.
///
/// # Errors
/// [`ErrorKind::Export`](crate::ErrorKind::Export) when `bytes` are not Parquet.
pub fn export_columns(run: &RunPath, bytes: Bytes, keys: Option<&HistoryKeys>, plan: &Arc<KindPlan>) -> Result<ExportColumns, Error> {
    let reader = open(run, bytes, None)?;
    Ok(ExportColumns { run: run.clone(), reader, decoder: ExportDecoder::new(keys, Arc::clone(plan)) })
}

impl Iterator for ExportColumns {
    type Item = Result<DecodedExport, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = next_batch(&self.run, self.reader.as_mut()?)?;
        let part = batch.and_then(|batch| self.decoder.decode(&batch));
        if part.is_err() {
            // The reader of a spoilt file would say the same again without end.
            self.reader = None;
        }
        Some(part)
    }
}

/// Opens an export of `size` bytes of which `fetch` gets ranges, and reads `_step` and the top-level columns named in `wanted`; one that
/// the file lacks is no error.
///
/// Its end is read first, then of each row group the bytes of these columns, in one request where they are adjacent. The stream decodes
/// on the task that polls it.
///
/// # Errors
/// [`ErrorKind::Fetch`](crate::ErrorKind::Fetch) when `fetch` fails, [`ErrorKind::Export`](crate::ErrorKind::Export) when the file is not
/// Parquet.
pub async fn export_columns_by_range<F, Fut>(
    run: &RunPath,
    size: u64,
    fetch: F,
    wanted: &[&str],
    keys: Option<&HistoryKeys>,
    plan: &Arc<KindPlan>,
) -> Result<BoxStream<'static, Result<DecodedExport, Error>>, Error>
where
    F: FnMut(Range<u64>) -> Fut + Send + Unpin + 'static,
    Fut: Future<Output = Result<Bytes, runlake_fetch::Error>> + Send + 'static,
{
    let run = run.clone();
    let file = RangedFile { size, fetch, tail: Bytes::new() };
    let builder = ParquetRecordBatchStreamBuilder::new_with_options(file, reader_options()).await.map_err(|source| range_error(&run, source))?;
    if builder.metadata().file_metadata().num_rows() == 0 || builder.schema().fields().is_empty() {
        return Ok(stream::empty().boxed());
    }
    check_chunks(builder.metadata(), size).map_err(|source| export_error(&run, source))?;
    let wanted: HashSet<&str> = wanted.iter().copied().chain([STEP]).collect();
    let fields = builder.schema().fields().iter().enumerate();
    let roots: Vec<usize> = fields.filter(|(_, field)| wanted.contains(field.name().as_str())).map(|(root, _)| root).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let batches = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(|source| range_error(&run, source))?;
    let mut decoder = ExportDecoder::new(keys, Arc::clone(plan));
    Ok(batches.map(move |batch| decoder.decode(&batch.map_err(|source| range_error(&run, source))?)).boxed())
}

/// The error of a request as such; any other is the file's.
fn range_error(run: &RunPath, source: ParquetError) -> Error {
    match source {
        ParquetError::External(error) => match error.downcast::<runlake_fetch::Error>() {
            Ok(error) => (*error).into(),
            Err(error) => export_error(run, ParquetError::External(error)),
        },
        source => export_error(run, source),
    }
}

/// A file of which ranges are fetched. What was read of its end is kept, so that a small file takes one request.
struct RangedFile<F> {
    size: u64,
    fetch: F,
    tail: Bytes,
}

impl<F, Fut> RangedFile<F>
where
    F: FnMut(Range<u64>) -> Fut,
    Fut: Future<Output = Result<Bytes, runlake_fetch::Error>>,
{
    async fn read(&mut self, range: Range<u64>) -> Result<Bytes, ParquetError> {
        let tail_start = self.size.saturating_sub(self.tail.len() as u64);
        if range.start >= tail_start && range.end <= self.size {
            return slice(&self.tail, tail_start, &range);
        }
        (self.fetch)(range).await.map_err(|error| ParquetError::External(Box::new(error)))
    }
}

/// The bytes of `range` of a file, of which `bytes` stand at `start`.
fn slice(bytes: &Bytes, start: u64, range: &Range<u64>) -> Result<Bytes, ParquetError> {
    let within = |offset: u64| offset.checked_sub(start).and_then(|offset| usize::try_from(offset).ok()).filter(|at| *at <= bytes.len());
    match (within(range.start), within(range.end)) {
        (Some(from), Some(to)) if from <= to => Ok(bytes.slice(from..to)),
        _ => Err(ParquetError::EOF(format!("the file has no bytes {} to {}", range.start, range.end))),
    }
}

/// Ranges that touch each other as one, ascending.
fn joined(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut sorted = ranges.to_vec();
    sorted.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

impl<F, Fut> AsyncFileReader for RangedFile<F>
where
    F: FnMut(Range<u64>) -> Fut + Send,
    Fut: Future<Output = Result<Bytes, runlake_fetch::Error>> + Send + 'static,
{
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        Box::pin(self.read(range))
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        Box::pin(async move {
            let mut read = Vec::new();
            for range in joined(&ranges) {
                read.push((range.clone(), self.read(range).await?));
            }
            let part = |range: &Range<u64>| {
                let holder = read.partition_point(|(held, _)| held.start <= range.start).checked_sub(1).map(|at| &read[at]);
                holder.map_or_else(|| Ok(Bytes::new()), |(held, bytes)| slice(bytes, held.start, range))
            };
            ranges.iter().map(part).collect()
        })
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        Box::pin(async move {
            let size = self.size;
            self.tail = self.read(size.saturating_sub(TAIL_BYTES)..size).await?;
            Ok(Arc::new(ParquetMetaDataReader::new().load_and_finish(self, size).await?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ranges_that_touch_are_joined() {
        assert_eq!(joined(&[20..30, 0..10, 10..15, 31..32, 29..30]), [0..15, 20..30, 31..32]);
    }
}
