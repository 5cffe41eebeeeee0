//! Rows that differ in keys and types, taken apart into columns as they are read, and put together again.

use std::collections::HashMap;

use runlake_types::{Json, KeyPath, Object, ObjectSink, insert_leaf, is_taken_apart};

use crate::histories::RUN_ID;
use crate::logged_values::LoggedValues;

/// Rows as columns, to the digit. A plain dict is taken apart, and each of its members is a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoggedColumns {
    columns: Vec<LoggedColumn>,
    by_path: HashMap<Vec<String>, usize>,
    names: Names,
    /// The column of the nested key that came last.
    last_nested: usize,
    /// The members of the row that is being read: the positions of their names, and their values.
    row: Vec<(usize, Json)>,
    rows: usize,
    /// The runs of the rows, each with how many it has; none when rows are of no known run.
    runs: Vec<(String, usize)>,
}

/// One key.
#[derive(Clone, Debug)]
pub(crate) struct LoggedColumn {
    pub(crate) path: KeyPath,
    pub(crate) values: LoggedValues,
    /// The column of a nested key that came after this one last time.
    next_nested: usize,
}

impl LoggedColumns {
    /// The rows from here on are of this run. A key that is called as the column of run ids is left out of them.
    pub(crate) fn begin_run(&mut self, run_id: String) {
        self.runs.push((run_id, 0));
    }

    pub(crate) fn add_row(&mut self, row: Object) {
        for (name, value) in row {
            self.member(&name, value);
        }
        self.end_object();
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> &[LoggedColumn] {
        &self.columns
    }

    pub(crate) fn runs(&self) -> &[(String, usize)] {
        &self.runs
    }

    /// The rows as they were logged, each with the id of its run where that is known.
    pub(crate) fn to_rows(&self) -> Vec<Object> {
        let mut rows = vec![Object::new(); self.rows];
        for LoggedColumn { path, values, .. } in &self.columns {
            values.iter().for_each(|(row, value)| insert_leaf(&mut rows[row], path, value.into_owned()));
            values.nulls().for_each(|row| insert_leaf(&mut rows[row], path, Json::Null));
        }
        let run_ids = self.runs.iter().flat_map(|(run_id, rows)| std::iter::repeat_n(run_id, *rows));
        for (row, run_id) in rows.iter_mut().zip(run_ids) {
            row.insert(RUN_ID.to_owned(), Json::from(run_id.as_str()));
        }
        rows
    }

    /// Puts the members of a dict that stands at `path`; each becomes a column of its own, or the members of its dict do.
    fn put_members(&mut self, path: &mut Vec<String>, members: Object) {
        for (name, value) in members {
            path.push(name);
            match value {
                Json::Object(members) if is_taken_apart(&members) => self.put_members(path, members),
                leaf => {
                    let column = self.nested_column(path);
                    self.columns[column].values.push(self.rows, leaf);
                }
            }
            path.pop();
        }
    }

    /// The column of a path of several names, which mostly is the one that followed the last such column before.
    fn nested_column(&mut self, path: &[String]) -> usize {
        let guess = self.columns.get(self.last_nested).map_or(0, |last| last.next_nested);
        if self.columns.get(guess).is_none_or(|column| column.path.parts() != path) {
            let column = self.column(path);
            if let Some(last) = self.columns.get_mut(self.last_nested) {
                last.next_nested = column;
            }
            self.last_nested = column;
        } else {
            self.last_nested = guess;
        }
        self.last_nested
    }

    fn column(&mut self, path: &[String]) -> usize {
        self.by_path.get(path).copied().unwrap_or_else(|| {
            self.columns.push(LoggedColumn { path: KeyPath::new(path.to_vec()), values: LoggedValues::default(), next_nested: 0 });
            self.by_path.insert(path.to_vec(), self.columns.len() - 1);
            self.columns.len() - 1
        })
    }
}

impl ObjectSink for LoggedColumns {
    #[inline]
    fn member(&mut self, name: &str, value: Json) {
        let before = self.row.last().map(|(name, _)| *name);
        let name = self.names.find(name, before);
        match self.names.note(name, self.rows, self.row.len()) {
            Some(earlier) => self.row[earlier].1 = value,
            None => self.row.push((name, value)),
        }
    }

    fn end_object(&mut self) {
        let mut row = std::mem::take(&mut self.row);
        for (name, value) in row.drain(..) {
            let KnownName { text, column, .. } = &self.names.known[name];
            if text == RUN_ID && !self.runs.is_empty() {
                continue;
            }
            match (value, *column) {
                (Json::Object(members), _) if is_taken_apart(&members) => {
                    let path = &mut vec![text.clone()];
                    self.put_members(path, members);
                }
                (leaf, Some(column)) => self.columns[column].values.push(self.rows, leaf),
                (leaf, None) => {
                    let path = [text.clone()];
                    let column = self.column(&path);
                    self.names.known[name].column = Some(column);
                    self.columns[column].values.push(self.rows, leaf);
                }
            }
        }
        // Empty, with its room.
        self.row = row;
        self.rows += 1;
        if let Some((_, rows)) = self.runs.last_mut() {
            *rows += 1;
        }
    }
}

/// The names of members. Rows mostly hold the same names in the same order, so the name that followed last time is compared first.
#[derive(Clone, Debug, Default)]
struct Names {
    known: Vec<KnownName>,
    by_text: HashMap<String, usize>,
    /// The name that began the last row.
    first: usize,
}

#[derive(Clone, Debug)]
struct KnownName {
    text: String,
    /// The column of values that are not taken apart, once there is one.
    column: Option<usize>,
    /// The name that came after this one last time.
    next: usize,
    /// The last row that had it, and where among the row's members.
    seen: Option<(usize, usize)>,
}

impl Names {
    /// The position of a name that comes after the name at `before` in the same row.
    #[inline]
    fn find(&mut self, text: &str, before: Option<usize>) -> usize {
        let guess = before.map_or(self.first, |before| self.known[before].next);
        if self.known.get(guess).is_some_and(|known| known.text == text) {
            return guess;
        }
        let found = self.by_text.get(text).copied().unwrap_or_else(|| {
            self.known.push(KnownName { text: text.to_owned(), column: None, next: 0, seen: None });
            self.by_text.insert(text.to_owned(), self.known.len() - 1);
            self.known.len() - 1
        });
        match before {
            Some(before) => self.known[before].next = found,
            None => self.first = found,
        }
        found
    }

    /// Notes that the row has the name as its member `at`; where it had it before.
    #[inline]
    fn note(&mut self, name: usize, row: usize, at: usize) -> Option<usize> {
        let seen = &mut self.known[name].seen;
        match *seen {
            Some((of_row, earlier)) if of_row == row => Some(earlier),
            _ => {
                *seen = Some((row, at));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use runlake_types::{object_text, read_object};

    use super::*;

    impl LoggedColumns {
        /// With rows that are read from these texts.
        pub(crate) fn with_rows(mut self, texts: &[&str]) -> Self {
            for text in texts {
                read_object(text, &mut self).unwrap();
            }
            self
        }
    }

    fn written(columns: &LoggedColumns) -> Vec<String> {
        columns.to_rows().iter().map(object_text).collect()
    }

    #[test]
    fn rows_come_back_as_they_were_logged() {
        let texts = [
            r#"{"_step":0,"a":1,"b":{"c":{"d":null,"e":{}},"f":[1,{"g":2}]},"b.c":1.0}"#,
            "{}",
            r#"{"_step":1,"a":{"_type":"histogram","bins":[1]},"b":2}"#,
            r#"{"_step":2,"a":18446744073709551617,"b":{"f":"x"},"c":"NaN"}"#,
            r#"{"c":0.5}"#,
        ];
        assert_eq!(written(&LoggedColumns::default().with_rows(&texts)), texts);
    }

    #[test]
    fn of_a_name_that_comes_twice_the_last_value_stays() {
        for (text, kept) in [
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
            (r#"{"a":{"b":1},"a":{"c":2}}"#, r#"{"a":{"c":2}}"#),
            (r#"{"a":{"b":1},"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":2,"a":{"b":1}}"#, r#"{"a":{"b":1}}"#),
        ] {
            assert_eq!(written(&LoggedColumns::default().with_rows(&["{}", text, r#"{"a":7}"#])), ["{}", kept, r#"{"a":7}"#]);
            assert_eq!(Json::parse(text).unwrap().to_string(), kept);
        }
    }

    #[test]
    fn rows_have_the_run_that_they_were_read_for() {
        let mut columns = LoggedColumns::default();
        columns.begin_run("one".to_owned());
        columns.begin_run("two".to_owned());
        let mut columns = columns.with_rows(&[r#"{"a":1,"run_id":"logged"}"#, r#"{"run_id":{"a":1}}"#]);
        columns.begin_run("three".to_owned());
        let columns = columns.with_rows(&[r#"{"a":null}"#]);
        assert_eq!(written(&columns), [r#"{"a":1,"run_id":"two"}"#, r#"{"run_id":"two"}"#, r#"{"a":null,"run_id":"three"}"#]);
        assert_eq!(columns.columns().len(), 1);
    }

    fn any_row() -> impl Strategy<Value = Object> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            (-3..3_i64).prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            "NaN|Infinity|x|é".prop_map(Json::String),
        ];
        let name = || "[ab.]{1,2}|run_id|_type";
        let value = leaf.prop_recursive(3, 12, 3, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Json::Array),
                prop::collection::btree_map(name(), inner, 0..3).prop_map(Json::Object),
            ]
        });
        prop::collection::btree_map(name(), value, 0..5)
    }

    proptest! {
        #[test]
        fn any_rows_come_back(rows in prop::collection::vec(any_row(), 0..12)) {
            let mut columns = LoggedColumns::default();
            for row in rows.clone() {
                columns.add_row(row);
            }
            // As text, which tells integers from floats.
            prop_assert_eq!(written(&columns), rows.iter().map(object_text).collect::<Vec<_>>());
        }
    }
}
