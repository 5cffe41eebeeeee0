//! A run's record, put together from the records of a log.

use runlake_types::{Json, Object, RunPath, RunRecord, RunState, Timestamp};

use super::batch_decoder::SummaryOperation;
use super::key_tree::{path_of, remove, set};
use super::record::{ChangeRecord, EnvironmentRecord, Instant, RunExitRecord, RunRecord as RunMessage};

/// The key under which the SDK keeps its own data in configs and summaries.
const INTERNAL_KEY: &str = "_wandb";

/// Gathers what a log says of its run. Later records win over earlier ones, and empty fields say nothing.
#[derive(Debug)]
pub(super) struct RunBuilder {
    record: RunRecord,
    start: Option<Instant>,
    exit_code: Option<i32>,
    /// The latest sign of life, in seconds since the Unix epoch.
    last_activity_seconds: Option<f64>,
}

impl Default for RunBuilder {
    fn default() -> Self {
        let record = RunRecord::new(RunPath::new("", "", ""), String::new());
        Self { record, start: None, exit_code: None, last_activity_seconds: None }
    }
}

impl RunBuilder {
    /// Takes a run record; `false` when part of it was not understood.
    pub(super) fn add_run(&mut self, run: RunMessage) -> bool {
        let record = &mut self.record;
        replace(&mut record.path.entity, run.entity);
        replace(&mut record.path.project, run.project);
        replace(&mut record.path.run_id, run.run_id);
        replace_some(&mut record.group, run.run_group);
        replace_some(&mut record.job_type, run.job_type);
        replace_some(&mut record.display_name, run.display_name);
        replace_some(&mut record.notes, run.notes);
        replace_some(&mut record.sweep_id, run.sweep_id);
        replace_some(&mut record.commit, run.git.unwrap_or_default().commit);
        if !run.tags.is_empty() {
            record.tags = run.tags;
        }
        if let Some(start) = run.start_time {
            self.start = Some(start);
            self.add_activity(start.seconds());
        }
        let is_config_whole = self.add_config(run.config.unwrap_or_default());
        let is_summary_whole = self.add_summary(run.summary.unwrap_or_default());
        is_config_whole && is_summary_whole
    }

    /// Takes a change of the config; `false` when part of it was not understood. A dict replaces what was there: its
    /// items are raw values, whole, as the user set them. (When it uploads, the SDK merges dicts, so keys that the user
    /// took out of one stay on the service.)
    pub(super) fn add_config(&mut self, change: ChangeRecord) -> bool {
        apply(&mut self.record.config, change)
    }

    /// Takes a change of the summary; `false` when part of it was not understood.
    pub(super) fn add_summary(&mut self, change: ChangeRecord) -> bool {
        apply(&mut self.record.summary, change)
    }

    /// Applies operations on the summary in their order.
    pub(super) fn apply_summary(&mut self, operations: Vec<SummaryOperation>) {
        for operation in operations {
            match operation {
                SummaryOperation::Set(path, value) => set(&mut self.record.summary, path.into_iter(), value),
                SummaryOperation::Remove(path) => remove(&mut self.record.summary, path.into_iter()),
            }
        }
    }

    /// Takes the commit from where newer SDKs write it.
    pub(super) fn add_environment(&mut self, environment: EnvironmentRecord) {
        replace_some(&mut self.record.commit, environment.git.unwrap_or_default().commit);
    }

    /// Takes the end of the run.
    pub(super) fn add_exit(&mut self, exit: RunExitRecord) {
        self.exit_code = Some(exit.exit_code);
        if let Some(start) = self.start {
            self.add_activity(start.seconds() + f64::from(exit.runtime));
        }
    }

    /// Takes the time stamp of a row.
    pub(super) fn add_row_time(&mut self, row: &Object) {
        if let Some(timestamp) = row.get("_timestamp").and_then(Json::as_number) {
            self.add_activity(timestamp.as_f64());
        }
    }

    /// Takes the time stamps of rows: seconds since the Unix epoch.
    pub(super) fn add_row_times(&mut self, timestamps: impl Iterator<Item = f64>) {
        timestamps.for_each(|seconds| self.add_activity(seconds));
    }

    /// Takes a row of system metrics: the latest value of each stands.
    pub(super) fn add_system_row(&mut self, row: Object) {
        self.add_row_time(&row);
        self.record.system_metrics.extend(row.into_iter().filter(|(key, _)| key.starts_with("system.")));
    }

    pub(super) fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    pub(super) fn last_activity(&self) -> Option<Timestamp> {
        self.last_activity_seconds.and_then(Timestamp::from_seconds)
    }

    /// The record. The counts of the history are left to the caller.
    pub(super) fn build(self) -> RunRecord {
        let heartbeat_at = self.last_activity();
        let mut record = self.record;
        record.state = match self.exit_code {
            Some(0) => RunState::Finished,
            Some(_) => RunState::Failed,
            None => RunState::Running,
        };
        record.created_at = self.start.and_then(instant_of);
        record.heartbeat_at = heartbeat_at;
        record.config_internal = record.config.remove(INTERNAL_KEY);
        record.summary.remove(INTERNAL_KEY);
        record
    }

    fn add_activity(&mut self, seconds: f64) {
        if Timestamp::from_seconds(seconds).is_some() {
            self.last_activity_seconds = Some(self.last_activity_seconds.map_or(seconds, |last| last.max(seconds)));
        }
    }
}

fn replace(field: &mut String, value: String) {
    if !value.is_empty() {
        *field = value;
    }
}

fn replace_some(field: &mut Option<String>, value: String) {
    if !value.is_empty() {
        *field = Some(value);
    }
}

fn instant_of(instant: Instant) -> Option<Timestamp> {
    let micros = instant.seconds.checked_mul(1_000_000)?.checked_add(i64::from(instant.nanos / 1000))?;
    Some(Timestamp::from_micros(micros))
}

/// Updates first, then removals, as the SDK does within one record.
fn apply(object: &mut Object, change: ChangeRecord) -> bool {
    let mut is_whole = true;
    for item in change.update {
        match (path_of(item.key, item.nested_key), Json::parse(&item.value_json)) {
            (Some(path), Ok(value)) => set(object, path, value),
            _ => is_whole = false,
        }
    }
    for item in change.remove {
        match path_of(item.key, item.nested_key) {
            Some(path) => remove(object, path),
            None => is_whole = false,
        }
    }
    is_whole
}

#[cfg(test)]
mod tests {
    use super::super::record::{ChangeItem, GitRepoRecord};
    use super::super::test_log::update;
    use super::*;

    #[test]
    fn later_run_records_win_and_empty_fields_say_nothing() {
        let mut run = RunBuilder::default();
        let first = RunMessage {
            run_id: "abc".to_owned(),
            project: "digits".to_owned(),
            display_name: "old".to_owned(),
            notes: "kept".to_owned(),
            tags: vec!["a".to_owned()],
            config: Some(update(&[("lr", "0.1"), ("seed", "1"), ("_wandb", "{}")])),
            start_time: Some(Instant { seconds: 1000, nanos: 1_500 }),
            git: Some(GitRepoRecord { commit: "c0ffee".to_owned() }),
            ..RunMessage::default()
        };
        let second = RunMessage {
            display_name: "new".to_owned(),
            entity: "team".to_owned(),
            config: Some(update(&[("lr", "0.2"), ("_wandb", r#"{"cli_version": "0.31.0"}"#)])),
            ..RunMessage::default()
        };
        assert!(run.add_run(first) && run.add_run(second));
        run.add_exit(RunExitRecord { exit_code: 3, runtime: 60 });
        let record = run.build();
        assert_eq!(record.path, RunPath::new("team", "digits", "abc"));
        assert_eq!((record.display_name.as_deref(), record.notes.as_deref()), (Some("new"), Some("kept")));
        assert_eq!((record.tags.as_slice(), record.commit.as_deref()), (["a".to_owned()].as_slice(), Some("c0ffee")));
        assert_eq!(Json::Object(record.config).to_string(), r#"{"lr":0.2,"seed":1}"#);
        assert_eq!(record.config_internal.unwrap().to_string(), r#"{"cli_version":"0.31.0"}"#);
        assert_eq!(record.state, RunState::Failed);
        assert_eq!(record.created_at, Some(Timestamp::from_micros(1_000_000_001)));
        assert_eq!(record.heartbeat_at.unwrap().to_string(), "1970-01-01T00:17:40.000002Z");
    }

    #[test]
    fn summaries_are_deltas() {
        let mut run = RunBuilder::default();
        let nested = |parts: &[&str], value: &str| ChangeItem {
            nested_key: parts.iter().map(|part| (*part).to_owned()).collect(),
            value_json: value.to_owned(),
            ..ChangeItem::default()
        };
        assert!(run.add_summary(update(&[("best", r#"{"acc": 1}"#), ("big", "18446744073709551617"), ("loss", "NaN")])));
        assert!(run.add_summary(ChangeRecord {
            update: vec![nested(&["best", "step"], "2"), nested(&["_wandb", "runtime"], "9")],
            remove: vec![nested(&["loss"], "")]
        }));
        assert!(!run.add_summary(update(&[("bad", "]"), ("good", "1")])));
        let record = run.build();
        assert_eq!(Json::Object(record.summary).to_string(), r#"{"best":{"acc":1,"step":2},"big":18446744073709551617,"good":1}"#);
        assert_eq!(record.state, RunState::Running);
        assert_eq!((record.created_at, record.heartbeat_at), (None, None));
    }

    #[test]
    fn absurd_times_are_no_activity() {
        let mut run = RunBuilder::default();
        for timestamp in [f64::NAN, 1e300, f64::INFINITY] {
            run.add_row_time(&Object::from([("_timestamp".to_owned(), Json::from(timestamp))]));
        }
        let run_message = RunMessage { start_time: Some(Instant { seconds: i64::MAX, nanos: -1 }), ..RunMessage::default() };
        assert!(run.add_run(run_message));
        assert_eq!(run.last_activity(), None);
        assert_eq!(run.build().created_at, None);
    }
}
