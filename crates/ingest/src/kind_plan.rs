//! Which kind each key's column gets, decided from counts over all the work before a row is encoded.

use std::collections::HashMap;

use arrow::array::Array;
use runlake_types::{ColumnSet, HistoryKeys, KeyPath, Kind, KindCounts};

/// Counts of kinds by key, over every run of a job.
///
/// The service counts by dotted name, where a nested `a.b` and a flat one are the same; logs are counted by true path. A true path
/// is asked first.
#[derive(Clone, Debug, Default)]
pub struct KindPlan {
    /// Of columns that a table has already: they never change.
    fixed: HashMap<KeyPath, Kind>,
    by_path: HashMap<KeyPath, KindCounts>,
    by_dotted_name: HashMap<String, KindCounts>,
}

impl KindPlan {
    /// The columns that a table has already keep their kinds, whatever is counted.
    pub fn fix_columns(&mut self, columns: &ColumnSet) {
        self.fixed.extend(columns.columns().iter().map(|column| (column.path.clone(), column.kind)));
    }

    /// Adds what the service knows of one run.
    pub fn add_history_keys(&mut self, keys: &HistoryKeys) {
        for (name, counts) in keys.keys() {
            self.by_dotted_name.entry(name.to_owned()).or_default().merge(&counts);
        }
    }

    /// Adds counts of values that were read.
    pub fn add_counts(&mut self, path: &KeyPath, counts: &KindCounts) {
        self.by_path.entry(path.clone()).or_default().merge(counts);
    }

    /// Counts values of `kind` that were decoded; nulls do not count.
    pub fn add_values(&mut self, path: &KeyPath, kind: Kind, values: &dyn Array) {
        let mut counts = KindCounts::default();
        counts.add(kind, (values.len() - values.null_count()) as u64);
        self.add_counts(path, &counts);
    }

    /// The kind of this key's column, when the table has it or anything but null was counted under it.
    pub fn kind(&self, path: &KeyPath) -> Option<Kind> {
        if let Some(kind) = self.fixed.get(path) {
            return Some(*kind);
        }
        let counts = self.by_path.get(path).or_else(|| self.by_dotted_name.get(&path.dotted()))?;
        (*counts != KindCounts::default()).then(|| counts.majority())
    }

    /// Whether the service counted the kinds of every key that it named for this run. When it did not, the run must be
    /// read once to count them.
    pub fn covers(keys: Option<&HistoryKeys>) -> bool {
        keys.is_some_and(|keys| keys.keys().any(|(_, counts)| counts != KindCounts::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_true_path_is_asked_before_the_dotted_name() {
        let mut plan = KindPlan::default();
        let keys = r#"{"keys": {"a.b": {"typeCounts": [{"type": "string", "count": 2}]}, "c": {}}}"#;
        plan.add_history_keys(&HistoryKeys::parse(keys).unwrap());
        plan.add_counts(&KeyPath::top_level("a.b"), &KindCounts { number: 1, ..KindCounts::default() });
        assert_eq!(plan.kind(&KeyPath::top_level("a.b")), Some(Kind::Number));
        assert_eq!(plan.kind(&KeyPath::new(vec!["a".to_owned(), "b".to_owned()])), Some(Kind::String));
        assert_eq!(plan.kind(&KeyPath::top_level("c")), None);
    }
}
