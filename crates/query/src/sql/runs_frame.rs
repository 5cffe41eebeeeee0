//! The table `runs` of SQL: a row a run, the record's fields, and a column for each key of the configs and the summaries.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder};
use arrow::array::{RecordBatchOptions, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};
use polars::prelude::DataFrame;
use runlake_lake::StoredRun;
use runlake_types::{KeyPath, Object, Timestamp, flatten};

use crate::Error;
use crate::bridge::frame_of_batch;

use super::leaf_column::{Values, leaf_column};

/// The dicts of a run that are columns, key by key.
pub(super) const DICTS: [&str; 2] = ["config", "summary"];

/// The rows of these runs, in the order given; the columns stand in `docs/sql.md`. The columns of the dicts come last, by their names.
pub(super) fn runs_frame(runs: &[StoredRun]) -> Result<DataFrame, Error> {
    let mut columns = record_columns(runs);
    let dicts: [fn(&StoredRun) -> &Object; 2] = [|run| &run.record.config, |run| &run.record.summary];
    for (dict, object) in DICTS.into_iter().zip(dicts) {
        columns.extend(dict_columns(dict, runs, object));
    }
    let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(runs.len()));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    frame_of_batch(&RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
}

fn record_columns(runs: &[StoredRun]) -> Vec<(String, ArrayRef)> {
    let text = |value: fn(&StoredRun) -> Option<&str>| -> ArrayRef { Arc::new(runs.iter().map(value).collect::<StringArray>()) };
    let time = |value: fn(&StoredRun) -> Option<Timestamp>| -> ArrayRef {
        let micros = runs.iter().map(|run| value(run).map(Timestamp::micros));
        Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let count = |value: fn(&StoredRun) -> Option<i64>| -> ArrayRef { Arc::new(runs.iter().map(value).collect::<Int64Array>()) };
    let unsigned = |count: Option<u64>| count.and_then(|count| i64::try_from(count).ok());
    let mut tags = ListBuilder::new(StringBuilder::new());
    for run in runs {
        tags.append_value(run.record.tags.iter().map(Some));
    }
    let columns: [(&str, ArrayRef); 24] = [
        ("run_id", text(|run| Some(&run.record.path.run_id))),
        ("entity", text(|run| Some(&run.record.path.entity))),
        ("project", text(|run| Some(&run.record.path.project))),
        ("display_name", text(|run| run.record.display_name.as_deref())),
        ("state", text(|run| Some(run.record.state.as_str()))),
        ("created_at", time(|run| run.record.created_at)),
        ("heartbeat_at", time(|run| run.record.heartbeat_at)),
        ("duration", Arc::new(runs.iter().map(|run| run.record.duration_seconds()).collect::<Float64Array>())),
        ("tags", Arc::new(tags.finish())),
        ("group", text(|run| run.record.group.as_deref())),
        ("job_type", text(|run| run.record.job_type.as_deref())),
        ("sweep_id", text(|run| run.record.sweep_id.as_deref())),
        ("username", text(|run| run.record.username.as_deref())),
        ("commit", text(|run| run.record.commit.as_deref())),
        ("notes", text(|run| run.record.notes.as_deref())),
        ("description", text(|run| run.record.description.as_deref())),
        ("read_only", Arc::new(runs.iter().map(|run| run.record.read_only).collect::<BooleanArray>())),
        ("history_line_count", Arc::new(runs.iter().map(|run| unsigned(run.record.history_line_count)).collect::<Int64Array>())),
        ("last_step", count(|run| run.record.last_step())),
        ("completeness", text(|run| Some(run.completeness.as_str()))),
        ("synced_at", time(|run| Some(run.synced_at))),
        ("synced_through_step", count(|run| run.synced_through_step)),
        ("synced_rows", Arc::new(runs.iter().map(|run| unsigned(run.synced_rows)).collect::<Int64Array>())),
        ("storage_id", text(|run| Some(&run.record.storage_id))),
    ];
    columns.map(|(name, array)| (name.to_owned(), array)).into()
}

/// The columns of one dict, by their names: its own name, a dot, and the key's parts joined with dots. Where two keys are joined to one
/// name, the later one has a suffix.
fn dict_columns(dict: &str, runs: &[StoredRun], object: impl Fn(&StoredRun) -> &Object) -> Vec<(String, ArrayRef)> {
    let mut leaves: BTreeMap<KeyPath, Values> = BTreeMap::new();
    for (row, run) in runs.iter().enumerate() {
        for (path, value) in flatten(object(run).clone()) {
            leaves.entry(path).or_default().push((row, value));
        }
    }
    let mut taken = HashSet::new();
    let mut columns: Vec<(String, ArrayRef)> = Vec::with_capacity(leaves.len());
    for (path, values) in leaves {
        let base = format!("{dict}.{}", path.dotted());
        let mut name = base.clone();
        let mut suffix = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}_{suffix}");
            suffix += 1;
        }
        columns.push((name, leaf_column(&values, runs.len())));
    }
    columns.sort_by(|(a, _), (b, _)| a.cmp(b));
    columns
}

#[cfg(test)]
mod tests {
    use runlake_ingest::Completeness;
    use runlake_types::{Json, RunPath, RunRecord};

    use super::*;

    #[test]
    fn keys_are_columns_by_their_names() {
        let run = |run_id: &str, config: &str, summary: &str| {
            let mut record = RunRecord::new(RunPath::new("e", "p", run_id), String::new());
            record.config = Json::parse_object(config).unwrap();
            record.summary = Json::parse_object(summary).unwrap();
            record.tags = vec!["a".to_owned()];
            StoredRun {
                record,
                synced_at: Timestamp::from_micros(7),
                completeness: Completeness::Complete,
                synced_through_step: None,
                synced_rows: Some(3),
                synced_keys: None,
            }
        };
        let runs = [
            run("r1", r#"{"lr": 0.1, "model": {"depth": 2}, "model.depth": "flat"}"#, r#"{"best/acc": "NaN"}"#),
            run("r2", r#"{"lr": 1, "layers": [8]}"#, r#"{"best/acc": 0.5}"#),
        ];
        let frame = runs_frame(&runs).unwrap();
        let schema = frame.schema();
        let shown: Vec<String> = schema.iter().skip(24).map(|(name, dtype)| format!("{name} {dtype}")).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        config.layers str
        config.lr f64
        config.model.depth i64
        config.model.depth_2 str
        summary.best/acc f64
        ");
        assert_eq!(schema.get("created_at").unwrap().to_string(), "datetime[μs, UTC]");
        assert_eq!(schema.get("tags").unwrap().to_string(), "list[str]");
        assert_eq!(runs_frame(&[]).unwrap().width(), 24, "a project without runs has the columns of the records");
    }
}
