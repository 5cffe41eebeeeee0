//! What the service knows of a run's history before a row is read: its keys, their types and the last step.
//!
//! Shape: `{"sets": [[key…]], "keys": {name: {"typeCounts": [{"type": "number", "count": n}], …}}, "lastStep": n}`, nested
//! keys joined with dots. Seen in the replies that wandb 0.31.0 reads
//! (<https://github.com/wandb/wandb/blob/main/wandb/apis/public/runs.py>); all but `lastStep` is optional.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Json, JsonError, Kind, KindCounts, Number, Object, object_text};

/// The `historyKeys` of a run. Cheap to clone; a run may have tens of thousands of keys, so they are held as text and not as values.
#[derive(Clone, Debug)]
pub struct HistoryKeys {
    text: Arc<str>,
    counts: Arc<[(Box<str>, KindCounts)]>,
    last_step: Option<i64>,
}

impl PartialEq for HistoryKeys {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl HistoryKeys {
    /// Takes the object as the service sent it.
    pub fn from_object(object: &Object) -> Self {
        Self::with_text(object_text(object).into(), object)
    }

    fn with_text(text: Arc<str>, object: &Object) -> Self {
        let counts = object.get("keys").and_then(Json::as_object).into_iter().flatten();
        Self {
            text,
            counts: counts.map(|(name, info)| (name.as_str().into(), counts_of(info))).collect(),
            last_step: object.get("lastStep").and_then(Json::as_number).and_then(Number::as_i64),
        }
    }

    /// Reads what [`text`](Self::text) gave, and keeps it as it is.
    ///
    /// # Errors
    /// When the text is no JSON object.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        Json::parse_object(text).map(|object| Self::with_text(text.into(), &object))
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
        Self::from_object(&Object::from([
            ("keys".to_owned(), Json::Object(keys.collect())),
            ("lastStep".to_owned(), Json::from(last_step)),
        ]))
    }

    /// The object as JSON text, canonical and with every member that was sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The object as it was sent, read from its text.
    pub fn to_object(&self) -> Object {
        Json::parse_object(&self.text).unwrap_or_default()
    }

    /// The last step that was logged; `None` when the service does not say.
    pub fn last_step(&self) -> Option<i64> {
        self.last_step
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Each key's dotted name with its counts. A key whose counts are missing or name no known type has empty counts:
    /// its kind must be found by reading.
    pub fn keys(&self) -> impl Iterator<Item = (&str, KindCounts)> {
        self.counts.iter().map(|(name, counts)| (&**name, *counts))
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
        let keys = HistoryKeys::parse(text).unwrap();
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
