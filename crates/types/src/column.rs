//! Which column a logged key becomes: its kind, decided from counts over all the work, and its name, unique ignoring case.

use std::collections::{BTreeMap, HashSet};

use crate::{Json, KeyPath};

/// The columns that every `histories` table has, whatever was logged. No metric may take their names.
pub const RESERVED_COLUMNS: [&str; 7] = ["entity", "project", "run_id", "_step", "_timestamp", "_runtime", "_rescued_data"];

/// What a column of logged values holds. Kept in Arrow field metadata as `runlake.kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// float64. NaN, the infinities and null are four different things.
    Number,
    /// boolean.
    Boolean,
    /// utf8.
    String,
    /// utf8 that holds JSON text: lists and typed objects.
    Json,
}

impl Kind {
    /// The name in field metadata.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Json => "json",
        }
    }

    /// Reads what [`Kind::as_str`] wrote.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Number, Self::Boolean, Self::String, Self::Json].into_iter().find(|kind| kind.as_str() == name)
    }

    /// The kind of one value; `None` for null, which fits every column.
    pub fn of(value: &Json) -> Option<Self> {
        match value {
            Json::Null => None,
            Json::Bool(_) => Some(Self::Boolean),
            Json::Number(_) => Some(Self::Number),
            Json::String(_) => Some(Self::String),
            Json::Array(_) | Json::Object(_) => Some(Self::Json),
        }
    }
}

/// How often each kind was logged under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindCounts {
    /// Numbers, special floats included.
    pub number: u64,
    /// Booleans.
    pub boolean: u64,
    /// Strings.
    pub string: u64,
    /// Lists and typed objects.
    pub json: u64,
}

impl KindCounts {
    /// Counts `count` values of `kind`.
    pub fn add(&mut self, kind: Kind, count: u64) {
        match kind {
            Kind::Number => self.number += count,
            Kind::Boolean => self.boolean += count,
            Kind::String => self.string += count,
            Kind::Json => self.json += count,
        }
    }

    /// Adds the counts of another part of the work.
    pub fn merge(&mut self, other: &Self) {
        self.number += other.number;
        self.boolean += other.boolean;
        self.string += other.string;
        self.json += other.json;
    }

    /// The kind of the majority; ties go to number, then boolean, then string, then JSON. Number when nothing but
    /// nulls was logged.
    pub fn majority(&self) -> Kind {
        let mut best = (Kind::Number, self.number);
        for candidate in [(Kind::Boolean, self.boolean), (Kind::String, self.string), (Kind::Json, self.json)] {
            if candidate.1 > best.1 {
                best = candidate;
            }
        }
        best.0
    }

    /// Whether values of more than one kind were logged.
    pub fn is_mixed(&self) -> bool {
        [self.number, self.boolean, self.string, self.json].into_iter().filter(|count| *count > 0).count() > 1
    }
}

/// A metric's column: where its values come from and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricColumn {
    /// The column's name: the dotted path, with a suffix where that name was taken.
    pub name: String,
    /// The true path of the key.
    pub path: KeyPath,
    /// What the column holds. It never changes once data was written.
    pub kind: Kind,
}

/// The metric columns of a table, in the order in which they were added. Names are unique ignoring case, since Spark and `DuckDB` fold it.
#[derive(Clone, Debug, Default)]
pub struct ColumnSet {
    columns: Vec<MetricColumn>,
    by_path: BTreeMap<KeyPath, usize>,
    taken: HashSet<String>,
}

impl ColumnSet {
    /// A set without metric columns, in which the reserved names are taken.
    pub fn new() -> Self {
        Self { taken: RESERVED_COLUMNS.iter().map(|name| name.to_lowercase()).collect(), ..Self::default() }
    }

    /// Adds a column that a table already has, under the name that it has there.
    pub fn insert_existing(&mut self, column: MetricColumn) {
        self.taken.insert(column.name.to_lowercase());
        self.by_path.insert(column.path.clone(), self.columns.len());
        self.columns.push(column);
    }

    /// Where the column of `path` stands, when there is one.
    pub fn position(&self, path: &KeyPath) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// Where the column of `path` stands; it is added with `kind` when there is none. The kind of a column that is there stays.
    pub fn position_or_add(&mut self, path: &KeyPath, kind: Kind) -> usize {
        if let Some(position) = self.position(path) {
            return position;
        }
        let wanted = path.dotted();
        // An empty name is legal to log and to store, but no query can write it.
        let base = if wanted.is_empty() { "_empty".to_owned() } else { wanted };
        let mut name = base.clone();
        let mut suffix = 2;
        while self.taken.contains(&name.to_lowercase()) {
            name = format!("{base}_{suffix}");
            suffix += 1;
        }
        self.insert_existing(MetricColumn { name, path: path.clone(), kind });
        self.columns.len() - 1
    }

    /// Whether a column has this name, ignoring case, or may not have it.
    pub fn has_name(&self, name: &str) -> bool {
        self.taken.contains(&name.to_lowercase())
    }

    /// The columns, oldest first.
    pub fn columns(&self) -> &[MetricColumn] {
        &self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_ignoring_case() {
        let mut set = ColumnSet::new();
        for path in [vec!["loss"], vec!["Loss"], vec!["a", "b"], vec!["a.b"], vec!["LOSS"], vec!["project"], vec![""]] {
            set.position_or_add(&KeyPath::new(path.into_iter().map(str::to_owned).collect()), Kind::Number);
        }
        let names: Vec<&str> = set.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["loss", "Loss_2", "a.b", "a.b_2", "LOSS_3", "project_2", "_empty"]);
        assert_eq!(set.position_or_add(&KeyPath::top_level("Loss"), Kind::String), 1, "found again by its true name");
    }

    #[test]
    fn the_majority_decides_and_ties_have_an_order() {
        let counts = |number, boolean, string, json| KindCounts { number, boolean, string, json }.majority();
        assert_eq!(counts(1, 1, 1, 1), Kind::Number);
        assert_eq!(counts(0, 1, 1, 1), Kind::Boolean);
        assert_eq!(counts(1, 0, 2, 0), Kind::String);
        assert_eq!(counts(0, 0, 0, 0), Kind::Number);
    }
}
