//! A run as a lake has it: its record, and how complete its rows are.

use runlake_ingest::Completeness;
use runlake_types::{KindCounts, RunRecord, Timestamp};

/// A member of an object, with its share of the tree.
const MEMBER_BYTES: usize = 128;

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

impl StoredRun {
    /// About how many bytes of memory it takes.
    pub(crate) fn approximate_bytes(&self) -> usize {
        let record = &self.record;
        let members = record.config.len() + record.summary.len() + record.system_metrics.len();
        let keys = record.history_keys.as_ref().map_or(0, |keys| keys.text().len() + keys.len() * size_of::<(Box<str>, KindCounts)>());
        size_of::<Self>() + members * MEMBER_BYTES + keys
    }
}
