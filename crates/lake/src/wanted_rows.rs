//! Which rows a scan is about, and where they may stand: what bounds of files and row groups are held against.

use std::ops::Range;

use crate::column_scan::{ColumnScan, RowsOf};
use crate::part_file::PartFile;
use crate::row_group::FileColumns;

/// The runs and the steps of a [`ColumnScan`].
#[derive(Debug)]
pub(crate) struct WantedRows {
    /// Run ids in order, each with its place in the question.
    runs: Vec<(String, usize)>,
    steps: Option<Range<i64>>,
}

impl WantedRows {
    pub(crate) fn of(scan: &ColumnScan) -> Self {
        let mut runs: Vec<(String, usize)> = scan.runs.iter().cloned().zip(0..).collect();
        runs.sort_unstable();
        Self { runs, steps: scan.steps.clone().filter(|_| scan.rows_of == RowsOf::Histories) }
    }

    /// The run ids in order, each with its place in the question.
    pub(crate) fn runs(&self) -> &[(String, usize)] {
        &self.runs
    }

    pub(crate) fn steps(&self) -> Option<&Range<i64>> {
        self.steps.as_ref()
    }

    /// Where a run stands in [`WantedRows::runs`], if it is wanted.
    pub(crate) fn find(&self, run_id: &str) -> Option<usize> {
        self.runs.binary_search_by(|(run, _)| run.as_str().cmp(run_id)).ok()
    }

    /// Which of the runs, in their order, may have wanted rows in a file.
    pub(crate) fn in_file(&self, file: &PartFile) -> Range<usize> {
        let reaches = self.steps.as_ref().is_none_or(|range| {
            file.last_step.is_none_or(|last| last >= range.start) && file.first_step.is_none_or(|first| first < range.end)
        });
        if reaches { self.between(file.first_run.as_deref(), file.last_run.as_deref()) } else { 0..0 }
    }

    /// Which of the runs, in their order, may have wanted rows in a row group.
    pub(crate) fn in_group(&self, columns: &FileColumns, group: usize) -> Range<usize> {
        let is_outside = |range: &Range<i64>| columns.steps_of(group).is_some_and(|(first, last)| last < range.start || first >= range.end);
        if self.steps.as_ref().is_some_and(is_outside) {
            return 0..0;
        }
        let runs = columns.runs_of(group);
        self.between(runs.map(|(first, _)| first), runs.map(|(_, last)| last))
    }

    fn between(&self, first: Option<&str>, last: Option<&str>) -> Range<usize> {
        let start = first.map_or(0, |first| self.runs.partition_point(|(run, _)| run.as_str() < first));
        let end = last.map_or(self.runs.len(), |last| self.runs.partition_point(|(run, _)| run.as_str() <= last));
        start..end.max(start)
    }
}
