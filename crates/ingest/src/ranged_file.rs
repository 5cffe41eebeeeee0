//! A file of which ranges of bytes are fetched.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

/// What is read of the end of a file before its size of metadata is known: enough for some hundred columns.
pub(crate) const END_BYTES: u64 = 64 << 10;

/// Bytes of parts that are kept beside the end.
const KEPT_BYTES: usize = 8 << 20;

/// Fetches a range of a file's bytes.
pub(crate) type FetchRange = Box<dyn FnMut(Range<u64>) -> BoxFuture<'static, Result<Bytes, runlake_fetch::Error>> + Send>;

/// Parts of a file that were fetched, by where they begin. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownParts(Arc<Mutex<Vec<(u64, Bytes)>>>);

impl KnownParts {
    /// The bytes of `range`, when one part has all of them.
    fn find(&self, range: &Range<u64>) -> Option<Bytes> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_all = |(start, bytes): &&(u64, Bytes)| *start <= range.start && range.end <= *start + bytes.len() as u64;
        parts.iter().find(has_all).and_then(|(start, bytes)| slice(bytes, *start, range).ok())
    }

    /// Keeps a part, unless there are [`KEPT_BYTES`] already.
    pub(crate) fn keep(&self, start: u64, bytes: Bytes) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = parts.iter().map(|(_, bytes)| bytes.len()).sum();
        if kept + bytes.len() <= KEPT_BYTES {
            parts.push((start, bytes));
        }
    }
}

/// A file of which ranges are fetched. Its end is kept, so that a small file takes one request.
pub(crate) struct RangedFile {
    pub(crate) size: u64,
    /// The last bytes of the file, as far as they were read.
    pub(crate) end: Bytes,
    /// What else was fetched before.
    pub(crate) known: KnownParts,
    pub(crate) fetch: FetchRange,
}

impl fmt::Debug for RangedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RangedFile").field("size", &self.size).finish_non_exhaustive()
    }
}

impl RangedFile {
    async fn read(&mut self, range: Range<u64>) -> Result<Bytes, ParquetError> {
        let end_start = self.size.saturating_sub(self.end.len() as u64);
        if range.start >= end_start && range.end <= self.size {
            return slice(&self.end, end_start, &range);
        }
        if let Some(known) = self.known.find(&range) {
            return Ok(known);
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

impl AsyncFileReader for RangedFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        Box::pin(self.read(range))
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        Box::pin(async move {
            let end_start = self.size.saturating_sub(self.end.len() as u64);
            let mut read = Vec::new();
            let mut on_the_way = Vec::new();
            let (known, unknown): (Vec<_>, Vec<_>) = ranges.iter().cloned().partition(|range| self.known.find(range).is_some());
            for range in known.into_iter().chain(joined(&unknown)) {
                if range.start >= end_start || self.known.find(&range).is_some() {
                    read.push((range.clone(), self.read(range).await?));
                } else {
                    let fetching = (self.fetch)(range.clone());
                    on_the_way.push(async move { fetching.await.map(|bytes| (range, bytes)) });
                }
            }
            // All at once: how many requests are in flight is the client's own limit.
            let fetched = futures::future::try_join_all(on_the_way).await;
            read.extend(fetched.map_err(|error| ParquetError::External(Box::new(error)))?);
            read.sort_by_key(|(range, _)| range.start);
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
            if self.end.is_empty() {
                self.end = self.read(size.saturating_sub(END_BYTES)..size).await?;
            }
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

    #[test]
    fn what_is_known_is_not_fetched_again() {
        let bytes = Bytes::from((0..=99).collect::<Vec<u8>>());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (file, log) = (bytes.clone(), Arc::clone(&asked));
        let fetch: FetchRange = Box::new(move |range| {
            log.lock().unwrap().push(range.clone());
            let part = slice(&file, 0, &range).unwrap();
            Box::pin(async move { Ok(part) })
        });
        let known = KnownParts::default();
        known.keep(20, bytes.slice(20..30));
        let mut ranged = RangedFile { size: 100, end: bytes.slice(90..), known, fetch };
        let ranges = vec![30..40, 10..20, 22..30, 95..100, 40..41];
        let parts = futures::executor::block_on(ranged.get_byte_ranges(ranges.clone())).unwrap();
        for (range, part) in ranges.iter().zip(parts) {
            assert_eq!(part, slice(&bytes, 0, range).unwrap(), "{range:?}");
        }
        assert_eq!(*asked.lock().unwrap(), [10..20, 30..41]);
    }
}
