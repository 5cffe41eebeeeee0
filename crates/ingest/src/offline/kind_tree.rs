//! Counts the kinds of all values of a history by their paths, without making a path for each value.

use std::collections::BTreeMap;

use runlake_types::{HistoryKeys, Json, KeyPath, Kind, KindCounts, Object, is_taken_apart};

use super::row_builder::STAMPS;

/// The counts below one part of a key.
#[derive(Debug, Default)]
pub(super) struct KindTree {
    counts: KindCounts,
    /// Whether a value was logged right here, be it null.
    is_leaf: bool,
    members: BTreeMap<String, Self>,
}

impl KindTree {
    /// Counts the leaves of a row; they are those of [`runlake_types::flatten`].
    pub(super) fn add_row(&mut self, row: &Object) {
        for (key, value) in row {
            let member = match self.members.get_mut(key) {
                Some(member) => member,
                None => self.members.entry(key.clone()).or_default(),
            };
            match value {
                Json::Object(members) if is_taken_apart(members) => member.add_row(members),
                leaf => {
                    member.is_leaf = true;
                    if let Some(kind) = Kind::of(leaf) {
                        member.counts.add(kind, 1);
                    }
                }
            }
        }
    }

    /// Adds the counts of the leaves at one path.
    pub(super) fn add_counts(&mut self, path: &KeyPath, counts: &KindCounts) {
        let mut member = self;
        for part in path.parts() {
            // Twice looked up, so that no key is made for a part that is there.
            if !member.members.contains_key(part) {
                member.members.insert(part.clone(), Self::default());
            }
            let Some(next) = member.members.get_mut(part) else { return };
            member = next;
        }
        member.is_leaf = true;
        member.counts.merge(counts);
    }

    /// The counts of every key that was logged, stamps left out.
    pub(super) fn counts(&self) -> BTreeMap<KeyPath, KindCounts> {
        let mut counts = BTreeMap::new();
        self.visit(&mut Vec::new(), &mut |parts, kinds| {
            if !(parts.len() == 1 && STAMPS.contains(&parts[0])) {
                counts.insert(KeyPath::new(parts.iter().map(|part| (*part).to_owned()).collect()), kinds);
            }
        });
        counts
    }

    /// The keys as the service would list them: dotted, stamps included.
    pub(super) fn history_keys(&self, last_step: i64) -> HistoryKeys {
        let mut counts: BTreeMap<String, KindCounts> = BTreeMap::new();
        self.visit(&mut Vec::new(), &mut |parts, kinds| counts.entry(parts.join(".")).or_default().merge(&kinds));
        HistoryKeys::from_counts(&counts, last_step)
    }

    fn visit<'a>(&'a self, parts: &mut Vec<&'a str>, each: &mut impl FnMut(&[&str], KindCounts)) {
        for (key, member) in &self.members {
            parts.push(key);
            if member.is_leaf {
                each(parts, member.counts);
            }
            member.visit(parts, each);
            parts.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use runlake_types::flatten;

    use super::*;

    #[test]
    fn counts_agree_with_flatten() {
        let rows = [
            r#"{"_step": 0, "a": {"b": 1, "_step": 2}, "a.b": true, "h": {"_type": "histogram", "bins": [1]}, "n": null, "e": {}}"#,
            r#"{"_step": 1, "a": "x", "a.b": NaN, "l": [1], "n": 1, "e": {"f": null}}"#,
        ];
        let mut tree = KindTree::default();
        let mut expected: BTreeMap<KeyPath, KindCounts> = BTreeMap::new();
        for text in rows {
            let row = Json::parse_object(text).unwrap();
            tree.add_row(&row);
            for (path, leaf) in flatten(row).into_iter().filter(|(path, _)| path.parts() != ["_step"]) {
                let counts = expected.entry(path).or_default();
                if let Some(kind) = Kind::of(&leaf) {
                    counts.add(kind, 1);
                }
            }
        }
        assert_eq!(tree.counts(), expected);
        let keys = tree.history_keys(1);
        let listed: BTreeMap<&str, KindCounts> = keys.keys().collect();
        assert_eq!(
            listed["a.b"],
            KindCounts { number: 2, boolean: 1, ..KindCounts::default() },
            "nested and flat keys share a dotted name"
        );
        assert_eq!(listed["_step"].number, 2);
    }
}
