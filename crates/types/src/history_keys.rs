//! What the service knows of a run's history before a row is read: its keys, their types and the last step.
//!
//! Shape: `{"sets": [[key…]], "keys": {name: {"typeCounts": [{"type": "number", "count": n}], …}}, "lastStep": n}`, nested
//! keys joined with dots. Seen in the replies that wandb 0.31.0 reads
//! (<https://github.com/wandb/wandb/blob/main/wandb/apis/public/runs.py>); all but `lastStep` is optional.

use std::collections::BTreeMap;

use crate::{Json, Kind, KindCounts, Number, Object};

/// The `historyKeys` of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryKeys(Object);

impl HistoryKeys {
    /// Wraps the object as the service sent it.
    pub fn from_object(object: Object) -> Self {
        Self(object)
    }

    /// Makes the object from counts, for histories that no service has seen.
    pub fn from_counts(counts: &BTreeMap<String, KindCounts>, last_step: i64) -> Self {
        let keys = counts.iter().map(|(key, counts)| {
            let by_kind =
                [(Kind::Number, counts.number), (Kind::Boolean, counts.boolean), (Kind::String, counts.string), (Kind::Json, counts.json)];
            let types = by_kind.into_iter().filter(|(_, count)| *count > 0).map(|(kind, count)| {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                Json::Object(Object::from([("type".to_owned(), Json::from(kind.as_str())), ("count".to_owned(), Json::from(count))]))
            });
            (key.clone(), Json::Object(Object::from([("typeCounts".to_owned(), Json::Array(types.collect()))])))
        });
        Self(Object::from([("keys".to_owned(), Json::Object(keys.collect())), ("lastStep".to_owned(), Json::from(last_step))]))
    }

    /// The object as it was sent.
    pub fn as_object(&self) -> &Object {
        &self.0
    }

    /// The last step that was logged; `None` when the service does not say.
    pub fn last_step(&self) -> Option<i64> {
        self.0.get("lastStep")?.as_number()?.as_i64()
    }

    /// Each key's dotted name with its counts. A key whose counts are missing or name no known type has empty counts:
    /// its kind must be found by reading.
    pub fn keys(&self) -> impl Iterator<Item = (&str, KindCounts)> {
        let keys = self.0.get("keys").and_then(Json::as_object);
        keys.into_iter().flatten().map(|(name, info)| (name.as_str(), counts_of(info)))
    }
}

fn counts_of(info: &Json) -> KindCounts {
    let mut counts = KindCounts::default();
    let listed = info.as_object().and_then(|info| info.get("typeCounts"));
    let Some(Json::Array(entries)) = listed else { return counts };
    for entry in entries.iter().filter_map(Json::as_object) {
        let count = entry.get("count").and_then(Json::as_number).and_then(Number::as_i64).unwrap_or(1);
        if let Some(kind) = entry.get("type").and_then(Json::as_str).and_then(kind_of_type_name) {
            counts.add(kind, u64::try_from(count).unwrap_or(0));
        }
    }
    counts
}

/// The kind of a type's wire name. Media types have open-ended names (`image-file`, `table-file`, `histogram`…), all of them objects.
fn kind_of_type_name(name: &str) -> Option<Kind> {
    match name {
        "nil" | "null" | "none" | "unknown" => None,
        "number" | "int" | "integer" | "float" | "double" => Some(Kind::Number),
        "boolean" | "bool" => Some(Kind::Boolean),
        "string" | "str" => Some(Kind::String),
        _ => Some(Kind::Json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_the_last_step_are_read() {
        let text = r#"{"sets":[],"keys":{"loss":{"typeCounts":[{"type":"number","count":9},{"type":"string","count":1}]},"h":{"typeCounts":[{"type":"histogram","count":3}]},"x":{}},"lastStep":41}"#;
        let keys = HistoryKeys::from_object(Json::parse_object(text).unwrap());
        assert_eq!(keys.last_step(), Some(41));
        let kinds: Vec<(&str, KindCounts)> = keys.keys().collect();
        assert_eq!(kinds[0], ("h", KindCounts { json: 3, ..KindCounts::default() }));
        assert_eq!(kinds[1], ("loss", KindCounts { number: 9, string: 1, ..KindCounts::default() }));
        assert_eq!(kinds[2], ("x", KindCounts::default()));
    }

    #[test]
    fn what_is_written_from_counts_is_read_back() {
        let counts = BTreeMap::from([("a.b".to_owned(), KindCounts { number: 5, json: 1, ..KindCounts::default() })]);
        let keys = HistoryKeys::from_counts(&counts, 7);
        assert_eq!(keys.keys().collect::<Vec<_>>(), [("a.b", counts["a.b"])]);
        assert_eq!(keys.last_step(), Some(7));
    }
}
