//! Rows from messages: the history's and the system metrics'. Survey and rows share it, so they cannot differ.

use runlake_types::{Json, KeyPath, Number, Object, flatten};

use super::key_tree::{add_leaf, path_of};
use super::record::{HistoryRecord, Instant, StatsRecord};

/// What the SDK adds to every row.
pub(super) const STAMPS: [&str; 3] = ["_step", "_timestamp", "_runtime"];

/// A row, and whether every part of its record went into it.
#[derive(Debug)]
pub(super) struct BuiltRow {
    pub(super) row: Object,
    pub(super) is_whole: bool,
}

/// Makes rows in the order of the log.
#[derive(Debug, Default)]
pub(super) struct RowBuilder {
    start: Option<Instant>,
    last_step: Option<i64>,
}

impl RowBuilder {
    /// Takes note of when the run began. The latest word counts: a resumed run moves its start.
    pub(super) fn set_start(&mut self, start: Option<Instant>) {
        self.start = start.or(self.start);
    }

    /// The row of a history record, nested dicts rebuilt. `_step` is always there and integral: the item of that name,
    /// else the record's own step, else (which no SDK writes) the one after the last row's.
    pub(super) fn history_row(&mut self, record: HistoryRecord) -> BuiltRow {
        let (mut built, step) = history_values(record);
        let step = self.next_step(step);
        if built.row.get("_step").and_then(logged_step) != Some(step) {
            built.row.insert("_step".to_owned(), Json::from(step));
        }
        built
    }

    /// The step of the next row, of which the log says this.
    pub(super) fn next_step(&mut self, step: Option<i64>) -> i64 {
        let step = step.unwrap_or_else(|| self.last_step.map_or(0, |last| last.saturating_add(1)));
        self.last_step = Some(step);
        step
    }

    /// The step of the last row.
    pub(super) fn last_step(&self) -> Option<i64> {
        self.last_step
    }

    /// The row of a stats record, as the SDK uploads it: `_timestamp`, `_runtime` once the start is known, and each
    /// metric under `system.`. Logs of 2021 nest some metrics, which become dotted names as they did then.
    pub(super) fn system_row(&self, record: StatsRecord) -> BuiltRow {
        let timestamp = record.timestamp;
        let mut built = system_values(record);
        self.stamp_system_row(&mut built.row, timestamp);
        built
    }

    /// Adds the times to a row of system metrics.
    pub(super) fn stamp_system_row(&self, row: &mut Object, timestamp: Option<Instant>) {
        if let Some(timestamp) = timestamp {
            row.insert("_timestamp".to_owned(), Json::from(timestamp.seconds()));
            if let Some(start) = self.start {
                row.insert("_runtime".to_owned(), Json::from(timestamp.seconds_since(start)));
            }
        }
    }
}

/// What a history record says by itself: its row as it was logged, and its step when it has one.
pub(super) fn history_values(record: HistoryRecord) -> (BuiltRow, Option<i64>) {
    let mut built = BuiltRow { row: Object::new(), is_whole: true };
    for mut item in record.items {
        let value = item.take_value();
        built.is_whole &= match (path_of(item.key, item.nested_key), value) {
            (Some(path), Ok(value)) => add_leaf(&mut built.row, path, value),
            _ => false,
        };
    }
    let logged = built.row.get("_step").map(logged_step);
    let step = match (logged, record.step) {
        (Some(Some(step)), _) => Some(step),
        (wrong, Some(step)) => {
            built.is_whole &= wrong.is_none();
            Some(step.num)
        }
        (_, None) => {
            built.is_whole = false;
            None
        }
    };
    (built, step)
}

fn logged_step(value: &Json) -> Option<i64> {
    value.as_number().and_then(Number::as_i64)
}

/// The metrics of a stats record, without the times.
pub(super) fn system_values(record: StatsRecord) -> BuiltRow {
    let mut built = BuiltRow { row: Object::new(), is_whole: true };
    for item in record.items {
        let name = format!("system.{}", item.key);
        match Json::parse(&item.value_json) {
            Ok(Json::Object(members)) => {
                let leaves = flatten(Object::from([(name, Json::Object(members))]));
                built.row.extend(leaves.into_iter().map(|(path, leaf): (KeyPath, Json)| (path.dotted(), leaf)));
            }
            Ok(value) => {
                built.row.insert(name, value);
            }
            Err(_not_json) => built.is_whole = false,
        }
    }
    built
}

#[cfg(test)]
mod tests {
    use super::super::record::{HistoryItem, HistoryStep, StatsItem};
    use super::*;

    fn item(key: &str, value_json: &str) -> HistoryItem {
        HistoryItem { key: key.to_owned(), value_json: value_json.to_owned(), ..HistoryItem::default() }
    }

    fn built(builder: &mut RowBuilder, items: Vec<HistoryItem>, step: Option<i64>) -> (String, bool) {
        let built = builder.history_row(HistoryRecord { items, step: step.map(|num| HistoryStep { num }) });
        (Json::Object(built.row).to_string(), built.is_whole)
    }

    #[test]
    fn every_row_has_a_step() {
        let mut rows = RowBuilder::default();
        assert_eq!(built(&mut rows, vec![item("_step", "7"), item("a", "NaN")], Some(3)), (r#"{"_step":7,"a":"NaN"}"#.to_owned(), true));
        assert_eq!(built(&mut rows, vec![item("a", "1")], Some(9)), (r#"{"_step":9,"a":1}"#.to_owned(), true));
        assert_eq!(built(&mut rows, vec![item("a", "1")], None), (r#"{"_step":10,"a":1}"#.to_owned(), false));
        assert_eq!(built(&mut rows, vec![item("_step", r#""x""#)], Some(11)), (r#"{"_step":11}"#.to_owned(), false));
        assert_eq!(rows.last_step(), Some(11));
    }

    #[test]
    fn a_bad_value_costs_only_itself() {
        let (row, is_whole) = built(&mut RowBuilder::default(), vec![item("a", "1"), item("b", "{"), item("c", "")], Some(0));
        assert_eq!((row.as_str(), is_whole), (r#"{"_step":0,"a":1}"#, false));
    }

    #[test]
    fn system_rows_have_names_and_times_of_the_service() {
        let mut rows = RowBuilder::default();
        let record = |items: &[(&str, &str)]| StatsRecord {
            timestamp: Some(Instant { seconds: 12, nanos: 500_000_000 }),
            items: items.iter().map(|(key, value)| StatsItem { key: (*key).to_owned(), value_json: (*value).to_owned() }).collect(),
        };
        let row = rows.system_row(record(&[("cpu", "1.5")])).row;
        assert_eq!(Json::Object(row).to_string(), r#"{"_timestamp":12.5,"system.cpu":1.5}"#);
        rows.set_start(Some(Instant { seconds: 10, nanos: 0 }));
        rows.set_start(None);
        let built = rows.system_row(record(&[("network", r#"{"sent": 1, "recv": 2}"#), ("bad", "")]));
        assert_eq!(
            Json::Object(built.row).to_string(),
            r#"{"_runtime":2.5,"_timestamp":12.5,"system.network.recv":2,"system.network.sent":1}"#
        );
        assert!(!built.is_whole);
    }
}
