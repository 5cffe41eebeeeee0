//! A run as a lake has it: its record, and how complete its rows are.

use runlake_ingest::Completeness;
use runlake_types::{RunRecord, Timestamp};

/// A run in a lake.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// The run's state when it was stored.
    pub record: RunRecord,
    /// When it was stored.
    pub synced_at: Timestamp,
    /// How complete its rows are.
    pub completeness: Completeness,
    /// The last step stored; `None` without rows.
    pub synced_through_step: Option<i64>,
    /// How many history rows are stored; `None` when that was not counted.
    pub synced_rows: Option<u64>,
    /// The keys that were asked for, in order of their names; `None` when it was all of them.
    pub synced_keys: Option<Vec<String>>,
}
