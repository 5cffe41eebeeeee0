//! What a run needs so that the lake has it as the service has it, from its record alone.

use runlake_ingest::Completeness;
use runlake_types::{HistoryKeys, Json, RunRecord, Timestamp, object_text};
use sha2::{Digest as _, Sha256};

use crate::StoredRun;

/// What is to be done for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: the lake has the run as it is.
    Nothing,
    /// Only the record changed: a new name, other tags, another state.
    Record,
    /// The rows from this step on, which is the last that the lake has: it is read again, since a run that was rewound and went on has
    /// another row there.
    RowsFrom(i64),
    /// Every row.
    Everything,
}

/// What of a record tells whether rows came, went or changed. A heartbeat alone may be that of a run that was rewound and logged as many
/// rows again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HistoryMarks {
    rows: Option<u64>,
    last_step: Option<i64>,
    heartbeat_at: Option<Timestamp>,
}

impl HistoryMarks {
    pub(super) fn of(run: &RunRecord) -> Self {
        Self { rows: run.history_line_count, last_step: run.last_step(), heartbeat_at: run.heartbeat_at }
    }
}

/// What is kept in memory of a run of the lake: little, since there may be very many.
#[derive(Clone, Debug)]
pub(super) struct StoredBefore {
    pub(super) completeness: Completeness,
    pub(super) rows: Option<u64>,
    pub(super) through_step: Option<i64>,
    pub(super) marks: HistoryMarks,
    storage_id: String,
    created_at: Option<Timestamp>,
    keys: Option<Vec<String>>,
    digest: [u8; 32],
}

impl StoredBefore {
    pub(super) fn of(run: &StoredRun) -> Self {
        Self {
            completeness: run.completeness,
            rows: run.synced_rows,
            through_step: run.synced_through_step,
            marks: HistoryMarks::of(&run.record),
            storage_id: run.record.storage_id.clone(),
            created_at: run.record.created_at,
            keys: run.synced_keys.clone(),
            digest: digest(&run.record),
        }
    }
}

/// Of all that a record says.
fn digest(record: &RunRecord) -> [u8; 32] {
    let RunRecord {
        path,
        storage_id,
        display_name,
        state,
        tags,
        group,
        job_type,
        sweep_id,
        username,
        commit,
        notes,
        description,
        read_only,
        created_at,
        heartbeat_at,
        history_line_count,
        config,
        config_internal,
        summary,
        system_metrics,
        history_keys,
    } = record;
    let texts = (display_name, group, job_type, sweep_id, username, commit, notes, description);
    let said = format!("{path:?}{storage_id:?}{state:?}{tags:?}{texts:?}{read_only:?}{created_at:?}{heartbeat_at:?}{history_line_count:?}");
    let mut hash = Sha256::new();
    hash.update(said);
    for object in [config, summary, system_metrics] {
        hash.update(object_text(object));
    }
    hash.update(config_internal.as_ref().map(Json::to_canonical_text).unwrap_or_default());
    hash.update(history_keys.as_ref().map(HistoryKeys::text).unwrap_or_default());
    hash.finalize().into()
}

impl Need {
    /// What `listed` needs, when the lake has `stored` and wants the rows of these `keys`.
    pub(super) fn of(listed: &RunRecord, stored: Option<&StoredBefore>, keys: Option<&[String]>) -> Self {
        let Some(stored) = stored else { return Self::Everything };
        let is_same_run = stored.storage_id == listed.storage_id && stored.created_at == listed.created_at;
        if !is_same_run || stored.keys.as_deref() != keys || stored.completeness == Completeness::Sampled {
            return Self::Everything;
        }
        if stored.digest == digest(listed) {
            return Self::Nothing;
        }
        let is_same_history = stored.marks == HistoryMarks::of(listed);
        let had_all_rows = stored.rows.is_some() && stored.rows == stored.marks.rows;
        if is_same_history && (had_all_rows || stored.completeness == Completeness::Complete) {
            return Self::Record;
        }
        match (stored.through_step, listed.last_step(), listed.history_line_count) {
            (Some(through), Some(last), Some(count)) if had_all_rows && keys.is_none() && last >= through && Some(count) >= stored.rows => {
                Self::RowsFrom(through)
            }
            _ => Self::Everything,
        }
    }
}

#[cfg(test)]
mod tests {
    use runlake_types::{HistoryKeys, RunPath, RunState};

    use super::*;

    fn record(rows: u64, heartbeat: i64) -> RunRecord {
        let mut record = RunRecord::new(RunPath::new("e", "p", "r"), "id".to_owned());
        record.state = RunState::Finished;
        record.created_at = Some(Timestamp::from_micros(1));
        record.heartbeat_at = Some(Timestamp::from_micros(heartbeat));
        record.history_line_count = Some(rows);
        let keys = format!(r#"{{"lastStep": {}}}"#, i64::try_from(rows).unwrap() - 1);
        record.history_keys = Some(HistoryKeys::parse(&keys).unwrap());
        record
    }

    fn stored(record: RunRecord) -> StoredRun {
        StoredRun {
            synced_at: Timestamp::from_micros(9),
            completeness: Completeness::Complete,
            synced_through_step: record.last_step(),
            synced_rows: record.history_line_count,
            synced_keys: None,
            record,
        }
    }

    #[test]
    fn only_what_changed_is_read() {
        let before = StoredBefore::of(&stored(record(10, 5)));
        let need = |listed: &RunRecord| Need::of(listed, Some(&before), None);
        assert_eq!(Need::of(&record(10, 5), None, None), Need::Everything, "a new run");
        assert_eq!(need(&record(10, 5)), Need::Nothing);
        let mut renamed = record(10, 5);
        renamed.display_name = Some("new".to_owned());
        assert_eq!(need(&renamed), Need::Record);
        assert_eq!(need(&record(12, 6)), Need::RowsFrom(9), "it went on");
        assert_eq!(need(&record(10, 6)), Need::RowsFrom(9), "it may have been rewound and logged as many rows again");
        assert_eq!(need(&record(8, 6)), Need::Everything, "it was rewound");
        let mut again = record(10, 5);
        again.storage_id = "other".to_owned();
        assert_eq!(need(&again), Need::Everything, "it was deleted and made again");
        assert_eq!(Need::of(&record(10, 5), Some(&before), Some(&["loss".to_owned()])), Need::Everything, "other keys");
    }

    #[test]
    fn a_run_that_was_not_whole_is_read_again_when_it_changes() {
        let mut before = stored(record(10, 5));
        before.completeness = Completeness::Live;
        before.synced_rows = Some(7);
        let before = StoredBefore::of(&before);
        assert_eq!(Need::of(&record(10, 5), Some(&before), None), Need::Nothing);
        assert_eq!(Need::of(&record(10, 6), Some(&before), None), Need::Everything);
    }
}
