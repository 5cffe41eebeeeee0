//! What came of a scan: how many rows, from where, and whether they are all.

use runlake_types::RunRecord;

/// How complete the rows of a scan are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Every row, and no more will come.
    Complete,
    /// Every row up to a step; more may come, or the service counts rows that it does not give.
    Live,
    /// Some of the rows, since a sample was asked for.
    Sampled,
}

impl Completeness {
    /// The name in the `runs` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Live => "live",
            Self::Sampled => "sampled",
        }
    }

    /// Reads what [`Completeness::as_str`] wrote.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Complete, Self::Live, Self::Sampled].into_iter().find(|completeness| completeness.as_str() == name)
    }
}

/// What a scan did, once it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanReport {
    /// Rows given out.
    pub rows: u64,
    /// Rows that the service says there are, when it keeps a count.
    pub expected_rows: Option<u64>,
    /// The last step given out; `None` without rows.
    pub last_step: Option<i64>,
    /// How complete the rows are.
    pub completeness: Completeness,
    /// Parquet exports read.
    pub exports: u64,
    /// Pages asked for.
    pub pages: u64,
    /// Steps that two sources gave alike.
    pub repeated_rows: u64,
    /// Steps that two sources gave differently; the live row, or the later export's, was taken.
    pub conflicting_rows: u64,
    /// Rows left out because they have no step.
    pub rows_without_step: u64,
}

impl ScanReport {
    /// The report of a scan of `run` before it began.
    pub fn of_nothing(run: &RunRecord) -> Self {
        Self {
            rows: 0,
            expected_rows: run.history_line_count,
            last_step: None,
            completeness: Completeness::Live,
            exports: 0,
            pages: 0,
            repeated_rows: 0,
            conflicting_rows: 0,
            rows_without_step: 0,
        }
    }
}
