//! The steps of an export, read from nothing but its column `_step`.

use crate::export_decoder::DecodedExport;

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

impl Default for StepProfile {
    fn default() -> Self {
        Self { first: i64::MAX, last: i64::MIN, rows: 0, is_sorted: true, rows_without_step: 0 }
    }
}

impl StepProfile {
    /// Adds a part of the file, in its order.
    pub fn add(&mut self, part: &DecodedExport) {
        self.rows_without_step += part.rows_without_step;
        for step in part.rows.steps.iter().flat_map(|steps| steps.values().iter().copied()) {
            self.is_sorted &= self.rows == 0 || step > self.last;
            self.first = self.first.min(step);
            self.last = self.last.max(step);
            self.rows += 1;
        }
    }
}
