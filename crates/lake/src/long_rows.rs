//! Histories in the long form: a row for each value, in seven columns that are the same for every project.
//!
//! | column | dtype | null |
//! |---|---|---|
//! | `run_id` | utf8 | never |
//! | `_step` | int64 | never |
//! | `_timestamp` | float64, seconds since the Unix epoch | not logged |
//! | `key` | utf8, the dotted name | never |
//! | `kind` | utf8: `number`, `boolean`, `string` or `json` | never |
//! | `number` | float64 | what is no number that float64 holds exactly |
//! | `text` | utf8: a boolean, a string, JSON, or a number of more digits | what `number` holds |
//!
//! The order is that of run, step and key. Keys that differ only in what is nested have the same dotted name, as everywhere in the service, and
//! then a step has several rows of one key.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use runlake_ingest::schema::{STEP, TIMESTAMP};
use runlake_ingest::{MetricValues, RowColumns};
use runlake_types::{Json, KeyPath, Kind, Number, flatten};

use crate::part_file::RUN_ID;
use crate::{Error, ErrorKind};

/// The columns of the long table, without those of the partition.
pub(crate) fn long_fields() -> Vec<Field> {
    vec![
        Field::new(RUN_ID, DataType::Utf8, false),
        Field::new(STEP, DataType::Int64, false),
        Field::new(TIMESTAMP, DataType::Float64, true),
        Field::new("key", DataType::Utf8, false),
        Field::new("kind", DataType::Utf8, false),
        Field::new("number", DataType::Float64, true),
        Field::new("text", DataType::Utf8, true),
    ]
}

/// The values of history rows of one run, a row each.
pub(crate) fn long_batch(run_id: &str, rows: &RowColumns) -> Result<RecordBatch, Error> {
    let mut metrics: Vec<(String, &MetricValues)> = rows.metrics.iter().map(|metric| (metric.path.dotted(), metric)).collect();
    metrics.sort_by(|one, other| one.0.cmp(&other.0));
    let mut sheet = Sheet::default();
    for row in 0..rows.len() {
        let step = rows.steps.as_ref().map_or(0, |steps| steps.value(row));
        let timestamp = rows.timestamps.is_valid(row).then(|| rows.timestamps.value(row));
        let rescued = rescued_of(rows, row)?;
        // Where a column holds a rounded number, the exact one is among the rescued.
        let is_exact = |metric: &MetricValues| metric.values.is_valid(row) && !rescued.contains_key(metric.path.as_ref());
        let cells = metrics.iter().filter(|(_, metric)| is_exact(metric)).map(|(key, metric)| (key.clone(), Value::of_cell(metric, row)));
        let mut values: Vec<(String, Value)> = cells.collect();
        if !rescued.is_empty() {
            values.extend(rescued.iter().map(|(path, value)| (path.dotted(), Value::of_rescued(value))));
            values.sort_by(|one, other| one.0.cmp(&other.0));
        }
        for (key, value) in values {
            sheet.put(run_id, step, timestamp, &key, &value);
        }
    }
    sheet.finish()
}

/// What no column of the row holds exactly.
fn rescued_of(rows: &RowColumns, row: usize) -> Result<BTreeMap<KeyPath, Json>, Error> {
    let Some(text) = rows.rescued.as_ref().filter(|rescued| rescued.is_valid(row)).map(|rescued| rescued.value(row)) else {
        return Ok(BTreeMap::new());
    };
    let object = Json::parse_object(text)
        .map_err(|error| ErrorKind::Table { table: "histories", reason: format!("rescued data is not a JSON object: {error}") })?;
    Ok(flatten(object).into_iter().collect())
}

/// One value in its columns.
struct Value {
    kind: Kind,
    number: Option<f64>,
    text: Option<String>,
}

impl Value {
    fn of_cell(metric: &MetricValues, row: usize) -> Self {
        let (number, text) = match metric.kind {
            Kind::Number => (Some(metric.values.as_primitive::<Float64Type>().value(row)), None),
            Kind::Boolean => (None, Some(metric.values.as_boolean().value(row).to_string())),
            Kind::String | Kind::Json => (None, Some(metric.values.as_string::<i32>().value(row).to_owned())),
        };
        Self { kind: metric.kind, number, text }
    }

    /// A value that the metric's column could not hold exactly.
    fn of_rescued(value: &Json) -> Self {
        let kind = Kind::of(value).unwrap_or(Kind::Json);
        let number = value.as_number().filter(|number| number.is_exact_f64()).map(Number::as_f64);
        let text = match value {
            Json::String(text) => Some(text.clone()),
            other => number.is_none().then(|| other.to_canonical_text()),
        };
        Self { kind, number, text }
    }
}

#[derive(Default)]
struct Sheet {
    run_ids: StringBuilder,
    steps: Int64Builder,
    timestamps: Float64Builder,
    keys: StringBuilder,
    kinds: StringBuilder,
    numbers: Float64Builder,
    texts: StringBuilder,
}

impl Sheet {
    fn put(&mut self, run_id: &str, step: i64, timestamp: Option<f64>, key: &str, value: &Value) {
        self.run_ids.append_value(run_id);
        self.steps.append_value(step);
        self.timestamps.append_option(timestamp);
        self.keys.append_value(key);
        self.kinds.append_value(value.kind.as_str());
        self.numbers.append_option(value.number);
        self.texts.append_option(value.text.as_deref());
    }

    fn finish(mut self) -> Result<RecordBatch, Error> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.run_ids.finish()),
            Arc::new(self.steps.finish()),
            Arc::new(self.timestamps.finish()),
            Arc::new(self.keys.finish()),
            Arc::new(self.kinds.finish()),
            Arc::new(self.numbers.finish()),
            Arc::new(self.texts.finish()),
        ];
        RecordBatch::try_new(Arc::new(Schema::new(long_fields())), columns).map_err(|error| runlake_ingest::Error::from(error).into())
    }
}

#[cfg(test)]
mod tests {
    use arrow::util::pretty::pretty_format_batches;
    use runlake_ingest::{KindPlan, Stream};

    use super::*;

    #[test]
    fn every_value_is_a_row() {
        let rows = [
            r#"{"_step": 3, "_timestamp": 1.5, "loss": NaN, "val": {"acc": 0.5}, "note": "a", "ok": true, "hist": [1, 2]}"#,
            r#"{"_step": 4, "loss": "lost", "big": 9007199254740993, "gone": null}"#,
        ];
        let rows = rows.iter().map(|row| Json::parse_object(row).unwrap()).collect();
        let mut plan = KindPlan::default();
        let keys = r#"{"keys": {"loss": {"typeCounts": [{"type": "number", "count": 2}]}}}"#;
        plan.add_history_keys(&runlake_types::HistoryKeys::parse(keys).unwrap());
        let batch = long_batch("r1", &RowColumns::of_rows(Stream::History, rows, &plan).0).unwrap();
        insta::assert_snapshot!(pretty_format_batches(&[batch]).unwrap(), @r"
        +--------+-------+------------+---------+---------+--------+------------------+
        | run_id | _step | _timestamp | key     | kind    | number | text             |
        +--------+-------+------------+---------+---------+--------+------------------+
        | r1     | 3     | 1.5        | hist    | json    |        | [1,2]            |
        | r1     | 3     | 1.5        | loss    | number  | NaN    |                  |
        | r1     | 3     | 1.5        | note    | string  |        | a                |
        | r1     | 3     | 1.5        | ok      | boolean |        | true             |
        | r1     | 3     | 1.5        | val.acc | number  | 0.5    |                  |
        | r1     | 4     |            | big     | number  |        | 9007199254740993 |
        | r1     | 4     |            | loss    | string  |        | lost             |
        +--------+-------+------------+---------+---------+--------+------------------+
        ");
    }
}
