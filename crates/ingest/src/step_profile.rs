//! The steps of an export, read from nothing but its column `_step`.

use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use runlake_types::{HistoryKeys, RunPath};

use crate::export::{export_error, open};
use crate::export_decoder::ExportDecoder;
use crate::schema::STEP;
use crate::{Error, KindPlan};

/// Which steps an export has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepProfile {
    /// The lowest step; `i64::MAX` without rows.
    pub first: i64,
    /// The highest step; `i64::MIN` without rows.
    pub last: i64,
    /// Rows that have a step.
    pub rows: u64,
    /// Whether each step is higher than the one before.
    pub is_sorted: bool,
    /// Rows that have none.
    pub rows_without_step: u64,
}

impl StepProfile {
    /// Reads the steps of an export that was fetched whole.
    ///
    /// # Errors
    /// [`ErrorKind::Export`](crate::ErrorKind::Export) when `bytes` are not Parquet.
    pub fn read(run: &RunPath, bytes: Bytes, keys: Option<&HistoryKeys>) -> Result<Self, Error> {
        let mut profile = Self { first: i64::MAX, last: i64::MIN, rows: 0, is_sorted: true, rows_without_step: 0 };
        let decoder = ExportDecoder::new(keys, Arc::new(KindPlan::default()));
        for batch in open(run, bytes, Some(&[STEP]))?.into_iter().flatten() {
            let batch = batch.map_err(|error| export_error(run, ParquetError::ArrowError(error.to_string())))?;
            decoder.steps(&batch)?.into_iter().for_each(|step| profile.add(step));
        }
        Ok(profile)
    }

    fn add(&mut self, step: Option<i64>) {
        let Some(step) = step else {
            self.rows_without_step += 1;
            return;
        };
        self.is_sorted &= self.rows == 0 || step > self.last;
        self.first = self.first.min(step);
        self.last = self.last.max(step);
        self.rows += 1;
    }
}
