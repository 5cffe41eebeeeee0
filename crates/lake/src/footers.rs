//! Footers of part files that were read before: a part file never changes, so one question's footers serve the next.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use object_store::path::Path as ObjectPath;

use crate::Error;
use crate::part_file::{PartFile, parquet_error};
use crate::part_reader::PartReader;
use crate::part_store::PartStore;
use crate::row_group::PartSchema;

/// Memory that footers may take together. Those of thousands of columns take megabytes each.
const MOST_BYTES: usize = 32 << 20;

/// The footers that were used last.
pub(crate) struct Footers(Mutex<Kept>);

struct Kept {
    by_path: LruCache<ObjectPath, Arc<PartSchema>>,
    bytes: usize,
}

impl Default for Footers {
    fn default() -> Self {
        Self(Mutex::new(Kept { by_path: LruCache::unbounded(), bytes: 0 }))
    }
}

impl Footers {
    /// The footer of a part file. What is read for it is added to `bytes_read`.
    pub(crate) async fn of(&self, store: &PartStore, file: &PartFile, bytes_read: &AtomicU64) -> Result<Arc<PartSchema>, Error> {
        if let Some(kept) = self.kept().by_path.get(&file.path) {
            return Ok(Arc::clone(kept));
        }
        let mut reader = PartReader::new(Arc::clone(&store.store), file.path.clone(), file.size_bytes);
        let (path, shown) = (file.path.clone(), file.path.clone());
        let read = async move {
            let footer = runlake_ingest::polled_without_panic(reader.footer()).await;
            Ok((footer.map_err(|source| parquet_error(path.as_ref(), source))?, reader.bytes_read()))
        };
        let schema = move |(footer, bytes)| Ok((PartSchema::new(footer).map_err(|source| parquet_error(shown.as_ref(), source))?, bytes));
        let (footer, bytes) = store.read_and_work(read, schema).await?;
        bytes_read.fetch_add(bytes, Ordering::Relaxed);
        let footer = Arc::new(footer);
        self.kept().keep(file.path.clone(), Arc::clone(&footer));
        Ok(footer)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, path: ObjectPath, footer: Arc<PartSchema>) {
        self.bytes += footer.size_bytes();
        if let Some((_, replaced)) = self.by_path.push(path, footer) {
            self.bytes -= replaced.size_bytes();
        }
        while self.bytes > MOST_BYTES
            && let Some((_, oldest)) = self.by_path.pop_lru()
        {
            self.bytes -= oldest.size_bytes();
        }
    }
}

impl fmt::Debug for Footers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept();
        formatter.debug_struct("Footers").field("files", &kept.by_path.len()).field("bytes", &kept.bytes).finish()
    }
}
