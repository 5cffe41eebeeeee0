//! A Parquet export that is in hand whole, into columns.

use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use runlake_types::{HistoryKeys, RunPath};

use crate::export::{next_batch, open};
use crate::export_decoder::{DecodedExport, ExportDecoder};
use crate::projection::Projection;
use crate::{Error, KindPlan};

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
pub fn export_columns(
    run: &RunPath,
    bytes: Bytes,
    wanted: &Projection,
    keys: Option<&HistoryKeys>,
    plan: &Arc<KindPlan>,
) -> Result<ExportColumns, Error> {
    let reader = open(run, bytes, wanted)?;
    Ok(ExportColumns { run: run.clone(), reader, decoder: ExportDecoder::new(keys, Arc::clone(plan)) })
}

impl ExportColumns {
    /// An export without rows; they come by [`read_on`](Self::read_on).
    pub(crate) fn of_nothing(run: &RunPath, keys: Option<&HistoryKeys>, plan: &Arc<KindPlan>) -> Self {
        Self { run: run.clone(), reader: None, decoder: ExportDecoder::new(keys, Arc::clone(plan)) }
    }

    /// Goes on with the rows of `reader`.
    pub(crate) fn read_on(&mut self, reader: ParquetRecordBatchReader) {
        self.reader = Some(reader);
    }
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
