//! Byte ranges of a part file for the Parquet reader, from whatever store holds the lake.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

/// Reads one part file whose size the Delta log tells, so that its footer takes no extra request.
#[derive(Debug)]
pub(crate) struct PartReader {
    store: Arc<dyn ObjectStore>,
    path: ObjectPath,
    size_bytes: u64,
    bytes_read: u64,
}

/// What is read of the end of a file at first: the whole footer of most.
const FOOTER_BYTES: u64 = 16 << 10;

impl PartReader {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, path: ObjectPath, size_bytes: u64) -> Self {
        Self { store, path, size_bytes, bytes_read: 0 }
    }

    /// The footer without the page indexes, which are of use only to those who look for single rows.
    pub(crate) async fn footer(&mut self) -> Result<Arc<ParquetMetaData>> {
        let (hint, size_bytes) = (FOOTER_BYTES.min(self.size_bytes), self.size_bytes);
        let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
        let reader = reader.with_prefetch_hint(usize::try_from(hint).ok());
        reader.load_and_finish(self, size_bytes).await.map(Arc::new)
    }

    /// The bytes that were read one range at a time, as footers are.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

impl AsyncFileReader for PartReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        self.bytes_read += range.end.saturating_sub(range.start);
        async move { self.store.get_range(&self.path, range).await.map_err(external) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move { self.store.get_ranges(&self.path, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(&'a mut self, _options: Option<&'a ArrowReaderOptions>) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let (hint, size_bytes) = (FOOTER_BYTES.min(self.size_bytes), self.size_bytes);
            let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
            let reader = reader.with_prefetch_hint(usize::try_from(hint).ok());
            reader.load_and_finish(self, size_bytes).await.map(Arc::new)
        }
        .boxed()
    }
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}
