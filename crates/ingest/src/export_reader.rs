//! A Parquet export into columns while it is fetched: from no more of its bytes than the wanted columns take, a row group at a time.

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::async_reader::ParquetRecordBatchStream;
use parquet::errors::ParquetError;
use runlake_types::{HistoryKeys, RunPath};

use crate::export::{batch_rows, check_chunks, export_error, reader_options};
use crate::export_columns::{ExportColumns, export_columns};
use crate::export_decoder::DecodedExport;
use crate::off_thread::off_thread;
use crate::parquet_panics::polled_without_panic;
use crate::projection::Projection;
use crate::ranged_file::{KnownParts, RangedFile};
use crate::{Error, KindPlan};

/// The parts of one export, in the order of the file; they are decoded off the threads that wait.
#[derive(Debug)]
pub struct ExportReader {
    run: RunPath,
    /// The row groups to come, of a file that is read by ranges.
    groups: Option<ParquetRecordBatchStream<RangedFile>>,
    /// What is at hand; not here while it is decoded.
    columns: Option<ExportColumns>,
}

impl ExportReader {
    /// Reads an export that was fetched whole; as [`export_columns`].
    ///
    /// # Errors
    /// [`ErrorKind::Export`](crate::ErrorKind::Export) when `bytes` are not Parquet.
    pub fn of_bytes(
        run: &RunPath,
        bytes: Bytes,
        wanted: &Projection,
        keys: Option<&HistoryKeys>,
        plan: &Arc<KindPlan>,
    ) -> Result<Self, Error> {
        let columns = export_columns(run, bytes, wanted, keys, plan)?;
        Ok(Self { run: run.clone(), groups: None, columns: Some(columns) })
    }

    /// Reads an export of `size` bytes of which `fetch` gets ranges. `end` are the last bytes of the file, as far as they are at hand.
    ///
    /// Of each row group the bytes of the wanted columns are fetched, in one request where they are adjacent.
    ///
    /// # Errors
    /// [`ErrorKind::Fetch`](crate::ErrorKind::Fetch) when `fetch` fails, [`ErrorKind::Export`](crate::ErrorKind::Export) when the file is
    /// not Parquet.
    pub async fn by_range<F, Fut>(
        run: &RunPath,
        (size, end): (u64, Bytes),
        mut fetch: F,
        wanted: &Projection,
        keys: Option<&HistoryKeys>,
        plan: &Arc<KindPlan>,
    ) -> Result<Self, Error>
    where
        F: FnMut(Range<u64>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Bytes, runlake_fetch::Error>> + Send + 'static,
    {
        let fetch = Box::new(move |range| fetch(range).boxed());
        Self::of_file(run, RangedFile { size, end, known: KnownParts::default(), fetch }, wanted, keys, plan).await
    }

    /// Reads an export by ranges of which some may have been fetched before.
    pub(crate) async fn of_file(
        run: &RunPath,
        file: RangedFile,
        wanted: &Projection,
        keys: Option<&HistoryKeys>,
        plan: &Arc<KindPlan>,
    ) -> Result<Self, Error> {
        let groups = groups(file, wanted).await.map_err(|source| range_error(run, source))?;
        Ok(Self { run: run.clone(), groups, columns: Some(ExportColumns::of_nothing(run, keys, plan)) })
    }

    /// The next part; `None` at the end and after an error.
    ///
    /// # Errors
    /// As [`by_range`](Self::by_range), and [`ErrorKind::Column`](crate::ErrorKind::Column) when a column holds what no history holds.
    pub async fn next(&mut self) -> Result<Option<DecodedExport>, Error> {
        while let Some(mut columns) = self.columns.take() {
            let (columns, part) = off_thread(move || {
                let part = columns.next();
                (columns, part)
            })
            .await;
            if let Some(part) = part {
                let part = part?;
                self.columns = Some(columns);
                return Ok(Some(part));
            }
            self.columns = self.next_group(columns).await?;
        }
        Ok(None)
    }

    /// `columns` with the next row group; `None` after the last.
    async fn next_group(&mut self, mut columns: ExportColumns) -> Result<Option<ExportColumns>, Error> {
        let Some(groups) = &mut self.groups else { return Ok(None) };
        let group = polled_without_panic(groups.next_row_group()).await.map_err(|source| range_error(&self.run, source))?;
        Ok(group.map(|group| {
            columns.read_on(group);
            columns
        }))
    }
}

/// The row groups of a file; `None` when it has no rows.
async fn groups(file: RangedFile, wanted: &Projection) -> Result<Option<ParquetRecordBatchStream<RangedFile>>, ParquetError> {
    let size = file.size;
    let open = async {
        let builder = ParquetRecordBatchStreamBuilder::new_with_options(file, reader_options()).await?;
        check_chunks(builder.metadata(), size)?;
        if builder.metadata().file_metadata().num_rows() == 0 || builder.schema().fields().is_empty() {
            return Ok(None);
        }
        let mask = wanted.mask(builder.parquet_schema());
        let rows = batch_rows(&mask, builder.parquet_schema());
        builder.with_projection(mask).with_batch_size(rows).build().map(Some)
    };
    polled_without_panic(open).await
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
