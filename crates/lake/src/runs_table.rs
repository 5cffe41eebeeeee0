//! The `runs` table: records into columns and back.
//!
//! | column | dtype | null |
//! |---|---|---|
//! | `run_id`, `storage_id`, `state` | utf8 | never |
//! | `display_name`, `group`, `job_type`, `sweep_id`, `username`, `commit`, `notes`, `description` | utf8 | unset |
//! | `tags` | list of utf8 | never |
//! | `read_only` | boolean | the service does not say |
//! | `created_at`, `heartbeat_at`, `synced_at` | timestamp, µs, UTC | unknown |
//! | `history_line_count`, `last_step`, `synced_through_step` | int64 | unknown, or no rows |
//! | `config`, `summary`, `system_metrics` | utf8, a JSON object | never |
//! | `config_internal`, `history_keys` | utf8, JSON | none |
//! | `synced_rows` | int64 | not counted |
//! | `synced_keys` | utf8, a JSON list | every key |
//! | `completeness` | utf8: `complete`, `live` or `sampled` | never |

use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use runlake_ingest::Completeness;
use runlake_types::{HistoryKeys, Json, Object, ProjectPath, RunRecord, RunState, Timestamp, object_text};

use crate::{Error, ErrorKind, StoredRun};

/// The columns of the table, without those of the partition.
pub(crate) static RUNS_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let time = |name: &str| Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true);
    let count = |name: &str| Field::new(name, DataType::Int64, true);
    Arc::new(Schema::new(vec![
        text("run_id", false),
        text("storage_id", false),
        text("display_name", true),
        text("state", false),
        Field::new("tags", DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))), false),
        text("group", true),
        text("job_type", true),
        text("sweep_id", true),
        text("username", true),
        text("commit", true),
        text("notes", true),
        text("description", true),
        Field::new("read_only", DataType::Boolean, true),
        time("created_at"),
        time("heartbeat_at"),
        count("history_line_count"),
        count("last_step"),
        text("config", false),
        text("config_internal", true),
        text("summary", false),
        text("system_metrics", false),
        text("history_keys", true),
        time("synced_at"),
        text("completeness", false),
        count("synced_through_step"),
        count("synced_rows"),
        text("synced_keys", true),
    ]))
});

/// The rows of these runs, in the order given.
pub(crate) fn batch_of_runs(runs: &[StoredRun]) -> Result<RecordBatch, Error> {
    let text = |value: fn(&StoredRun) -> Option<String>| -> ArrayRef { Arc::new(runs.iter().map(value).collect::<StringArray>()) };
    let time = |value: fn(&StoredRun) -> Option<Timestamp>| -> ArrayRef {
        let micros = runs.iter().map(|run| value(run).map(Timestamp::micros));
        Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let count = |value: fn(&StoredRun) -> Option<i64>| -> ArrayRef { Arc::new(runs.iter().map(value).collect::<Int64Array>()) };
    let mut tags = ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, true));
    for run in runs {
        tags.append_value(run.record.tags.iter().map(Some));
    }
    let columns: Vec<ArrayRef> = vec![
        text(|run| Some(run.record.path.run_id.clone())),
        text(|run| Some(run.record.storage_id.clone())),
        text(|run| run.record.display_name.clone()),
        text(|run| Some(run.record.state.as_str().to_owned())),
        Arc::new(tags.finish()),
        text(|run| run.record.group.clone()),
        text(|run| run.record.job_type.clone()),
        text(|run| run.record.sweep_id.clone()),
        text(|run| run.record.username.clone()),
        text(|run| run.record.commit.clone()),
        text(|run| run.record.notes.clone()),
        text(|run| run.record.description.clone()),
        Arc::new(runs.iter().map(|run| run.record.read_only).collect::<BooleanArray>()),
        time(|run| run.record.created_at),
        time(|run| run.record.heartbeat_at),
        count(|run| run.record.history_line_count.and_then(|count| i64::try_from(count).ok())),
        count(|run| run.record.last_step()),
        text(|run| Some(object_text(&run.record.config))),
        text(|run| run.record.config_internal.as_ref().map(ToString::to_string)),
        text(|run| Some(object_text(&run.record.summary))),
        text(|run| Some(object_text(&run.record.system_metrics))),
        text(|run| run.record.history_keys.as_ref().map(|keys| keys.text().to_owned())),
        time(|run| Some(run.synced_at)),
        text(|run| Some(run.completeness.as_str().to_owned())),
        count(|run| run.synced_through_step),
        count(|run| run.synced_rows.and_then(|rows| i64::try_from(rows).ok())),
        text(|run| run.synced_keys.as_ref().map(|keys| Json::Array(keys.iter().map(|key| Json::from(key.as_str())).collect()).to_string())),
    ];
    RecordBatch::try_new(Arc::clone(&RUNS_SCHEMA), columns).map_err(|error| wrong(error.to_string()))
}

fn wrong(reason: impl Into<String>) -> Error {
    ErrorKind::Table { table: "runs", reason: reason.into() }.into()
}

/// The runs of a batch of one project.
pub(crate) fn runs_of_batch(project: &ProjectPath, batch: &RecordBatch) -> Result<Vec<StoredRun>, Error> {
    let columns = Columns { batch };
    // Runs of one sweep mostly have the same, which takes longer to parse than the rest of a record.
    let mut last_keys: Option<HistoryKeys> = None;
    (0..batch.num_rows())
        .map(|row| {
            let required = |name: &str| columns.text(name, row)?.ok_or_else(|| wrong(format!("`{name}` is null")));
            let object = |name: &str| -> Result<Object, Error> { parse_object(name, required(name)?) };
            let mut record = RunRecord::new(project.run(required("run_id")?), required("storage_id")?.to_owned());
            let owned = |name: &str| Ok::<_, Error>(columns.text(name, row)?.map(str::to_owned));
            record.display_name = owned("display_name")?;
            record.state = RunState::from_name(required("state")?);
            record.tags = columns.texts("tags", row)?;
            record.group = owned("group")?;
            record.job_type = owned("job_type")?;
            record.sweep_id = owned("sweep_id")?;
            record.username = owned("username")?;
            record.commit = owned("commit")?;
            record.notes = owned("notes")?;
            record.description = owned("description")?;
            record.read_only = columns.boolean("read_only", row)?;
            record.created_at = columns.time("created_at", row)?;
            record.heartbeat_at = columns.time("heartbeat_at", row)?;
            record.history_line_count = columns.integer("history_line_count", row)?.and_then(|count| u64::try_from(count).ok());
            record.config = object("config")?;
            record.config_internal = match columns.text("config_internal", row)? {
                Some(text) => Some(Json::parse(text).map_err(|error| wrong(format!("`config_internal` is not JSON: {error}")))?),
                None => None,
            };
            record.summary = object("summary")?;
            record.system_metrics = object("system_metrics")?;
            let keys = columns.text("history_keys", row)?.map(|text| match last_keys.take().filter(|keys| keys.text() == text) {
                Some(keys) => Ok(keys),
                None => HistoryKeys::parse(text).map_err(|error| wrong(format!("`history_keys` is not a JSON object: {error}"))),
            });
            record.history_keys = keys.transpose()?;
            last_keys.clone_from(&record.history_keys);
            let completeness = required("completeness")?;
            Ok(StoredRun {
                record,
                synced_at: columns.time("synced_at", row)?.ok_or_else(|| wrong("`synced_at` is null"))?,
                completeness: Completeness::from_name(completeness).ok_or_else(|| wrong(format!("`completeness` is `{completeness}`")))?,
                synced_through_step: columns.integer("synced_through_step", row)?,
                synced_rows: columns.integer("synced_rows", row)?.and_then(|rows| u64::try_from(rows).ok()),
                synced_keys: columns.text("synced_keys", row)?.map(parse_keys).transpose()?,
            })
        })
        .collect()
}

fn parse_keys(text: &str) -> Result<Vec<String>, Error> {
    let keys = match Json::parse(text) {
        Ok(Json::Array(keys)) => keys.iter().map(|key| key.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    keys.ok_or_else(|| wrong("`synced_keys` is not a JSON list of strings"))
}

fn parse_object(name: &str, text: &str) -> Result<Object, Error> {
    Json::parse_object(text).map_err(|error| wrong(format!("`{name}` is not a JSON object: {error}")))
}

/// Cells of a batch by name, with the dtype checked.
struct Columns<'a> {
    batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    fn array<T>(&self, name: &str, cast: impl Fn(&'a ArrayRef) -> Option<T>) -> Result<T, Error> {
        let column = self.batch.column_by_name(name).ok_or_else(|| wrong(format!("it has no column `{name}`")))?;
        cast(column).ok_or_else(|| wrong(format!("`{name}` is {}", column.data_type())))
    }

    fn text(&self, name: &str, row: usize) -> Result<Option<&'a str>, Error> {
        let column = self.array(name, |column| column.as_string_opt::<i32>())?;
        Ok(column.is_valid(row).then(|| column.value(row)))
    }

    fn texts(&self, name: &str, row: usize) -> Result<Vec<String>, Error> {
        let column = self.array(name, |column| column.as_list_opt::<i32>())?;
        let items = if column.is_valid(row) { column.value(row) } else { return Ok(Vec::new()) };
        let items = items.as_string_opt::<i32>().ok_or_else(|| wrong(format!("`{name}` is not a list of utf8")))?;
        Ok(items.iter().flatten().map(str::to_owned).collect())
    }

    fn boolean(&self, name: &str, row: usize) -> Result<Option<bool>, Error> {
        let column = self.array(name, |column| column.as_boolean_opt())?;
        Ok(column.is_valid(row).then(|| column.value(row)))
    }

    fn integer(&self, name: &str, row: usize) -> Result<Option<i64>, Error> {
        let column = self.array(name, |column| column.as_primitive_opt::<Int64Type>())?;
        Ok(column.is_valid(row).then(|| column.value(row)))
    }

    fn time(&self, name: &str, row: usize) -> Result<Option<Timestamp>, Error> {
        let column = self.array(name, |column| column.as_primitive_opt::<TimestampMicrosecondType>())?;
        Ok(column.is_valid(row).then(|| Timestamp::from_micros(column.value(row))))
    }
}

#[cfg(test)]
mod tests {
    use runlake_types::RunPath;

    use super::*;

    #[test]
    fn a_run_survives_the_table() {
        let bare = RunRecord::new(RunPath::new("e", "p", "bare"), "id0".to_owned());
        let mut full = RunRecord::new(RunPath::new("e", "p", "full"), "id1".to_owned());
        full.display_name = Some(String::new());
        full.tags = vec!["a".to_owned(), "ä".to_owned()];
        full.read_only = Some(false);
        full.created_at = Some(Timestamp::from_micros(1_790_000_000_123_456));
        full.history_line_count = Some(3);
        full.config = Json::parse_object(r#"{"big": 1180591620717411303424, "one": 1.0, "nested": {"a.b": [null]}}"#).unwrap();
        full.config_internal = Some(Json::parse(r#"{"t": {"1": [1]}}"#).unwrap());
        full.summary = Json::parse_object(r#"{"loss": "NaN"}"#).unwrap();
        full.history_keys = Some(HistoryKeys::parse(r#"{"lastStep": 9}"#).unwrap());
        let runs: Vec<StoredRun> = [bare, full]
            .map(|record| StoredRun {
                record,
                synced_at: Timestamp::from_micros(7),
                completeness: Completeness::Live,
                synced_through_step: None,
                synced_rows: Some(3),
                synced_keys: Some(vec!["a.b".to_owned(), "ä".to_owned()]),
            })
            .into();
        let batch = batch_of_runs(&runs).unwrap();
        assert_eq!(runs_of_batch(&ProjectPath::new("e", "p"), &batch).unwrap(), runs);
    }
}
