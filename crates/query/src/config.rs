//! Configs of runs side by side: which keys there are, and in which the runs differ.

use std::collections::BTreeMap;

use polars::prelude::Column;
use runlake_lake::StoredRun;
use runlake_types::{Json, Object, flatten};

use crate::json_column::column_of_values;

/// Values of one kind of runs, such as config or summary, by dotted key: one for each run, or none.
pub(crate) type Values = BTreeMap<String, Vec<Option<Json>>>;

/// The values of objects, nested ones by dotted keys. Where an object has several values of one dotted key, in a dict and under a key with a
/// dot, those that lie deeper go by their paths as JSON lists.
pub(crate) fn values_of<'a>(objects: impl ExactSizeIterator<Item = &'a Object>) -> Values {
    let runs = objects.len();
    let mut values = Values::new();
    for (run, object) in objects.enumerate() {
        let mut leaves = flatten(object.clone());
        leaves.sort_by_key(|(path, _)| path.parts().len());
        for (path, value) in leaves {
            let is_taken = values.get(&path.dotted()).is_some_and(|values| values[run].is_some());
            let name = if is_taken { path.to_json_text() } else { path.dotted() };
            values.entry(name).or_insert_with(|| vec![None; runs])[run] = Some(value);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_values_of_one_dotted_key_are_both_there() {
        let objects = [r#"{"a":{"b":1},"a.b":2}"#, r#"{"a.b":3}"#].map(|text| Json::parse_object(text).unwrap());
        let values = values_of(objects.iter());
        let shown: Vec<String> = values.iter().map(|(key, values)| format!("{key} {values:?}")).collect();
        assert_eq!(shown, [r#"["a","b"] [Some(Number(Integer(1))), None]"#, "a.b [Some(Number(Integer(2))), Some(Number(Integer(3)))]"]);
    }
}
