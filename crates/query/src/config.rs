//! Configs of runs side by side: which keys there are, and in which the runs differ.

use std::collections::BTreeMap;

use polars::prelude::Column;
use runlake_lake::StoredRun;
use runlake_types::{Json, Object, flatten};

use crate::json_column::column_of_values;

/// Values of one kind of runs, such as config or summary, by dotted key: one for each run, or none.
pub(crate) type Values = BTreeMap<String, Vec<Option<Json>>>;

/// The values of objects, nested ones by dotted keys.
pub(crate) fn values_of<'a>(objects: impl ExactSizeIterator<Item = &'a Object>) -> Values {
    let runs = objects.len();
    let mut values = Values::new();
    for (run, object) in objects.enumerate() {
        for (path, value) in flatten(object.clone()) {
            values.entry(path.dotted()).or_insert_with(|| vec![None; runs])[run] = Some(value);
        }
    }
    values
}

/// Whether the runs differ in a key: in its value, or in having it.
pub(crate) fn differs(values: &[Option<Json>]) -> bool {
    values.windows(2).any(|pair| pair[0] != pair[1])
}

/// A column `config.KEY` for each key in which the runs differ, in the order of the keys.
pub(crate) fn differing_config(runs: &[StoredRun]) -> Vec<Column> {
    let values = values_of(runs.iter().map(|run| &run.record.config));
    let differing = values.iter().filter(|(_, values)| differs(values));
    differing.map(|(key, values)| column_of_values(&format!("config.{key}"), values)).collect()
}
