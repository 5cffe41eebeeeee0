//! Rows that differ in keys and types as the columns of one record batch.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use runlake_types::{Json, KeyPath, Kind, KindCounts, Object};

/// Values by key, of rows that stay where they are.
#[derive(Debug, Default)]
pub(crate) struct LoggedColumns<'a> {
    columns: Vec<Column<'a>>,
    by_path: HashMap<Vec<&'a str>, usize>,
    rows: usize,
    /// The columns of the row before, in the order of its values: the next row mostly has the same.
    expected: Vec<usize>,
}

#[derive(Debug)]
struct Column<'a> {
    path: Vec<&'a str>,
    kinds: KindCounts,
    /// Values other than null, each with its row.
    values: Vec<(usize, &'a Json)>,
}

impl<'a> LoggedColumns<'a> {
    pub(crate) fn add_row(&mut self, row: &'a Object) {
        self.add_members(&mut Vec::new(), row, &mut 0);
        self.rows += 1;
    }

    fn add_members(&mut self, path: &mut Vec<&'a str>, members: &'a Object, at: &mut usize) {
        for (key, value) in members {
            path.push(key);
            match value {
                Json::Object(members) if !members.is_empty() && !members.contains_key("_type") => self.add_members(path, members, at),
                leaf => {
                    self.add_value(path, leaf, *at);
                    *at += 1;
                }
            }
            path.pop();
        }
    }

    fn add_value(&mut self, path: &[&'a str], value: &'a Json, at: usize) {
        let expected = self.expected.get(at).copied().filter(|column| self.columns[*column].path == path);
        let index = expected.or_else(|| self.by_path.get(path).copied()).unwrap_or_else(|| {
            self.columns.push(Column { path: path.to_vec(), kinds: KindCounts::default(), values: Vec::new() });
            self.by_path.insert(path.to_vec(), self.columns.len() - 1);
            self.columns.len() - 1
        });
        match self.expected.get_mut(at) {
            Some(expected) => *expected = index,
            None => self.expected.push(index),
        }
        let column = &mut self.columns[index];
        if let Some(kind) = kind_of(value) {
            column.kinds.add(kind, 1);
            column.values.push((self.rows, value));
        }
    }

    /// The columns by name.
    pub(crate) fn into_record_batch(self) -> Result<RecordBatch, ArrowError> {
        let mut by_name: BTreeMap<String, ArrayRef> = BTreeMap::new();
        // Shorter paths first: a key that has the dots in itself keeps its name.
        let mut columns = self.columns;
        columns.sort_by(|one, other| (one.path.len(), &one.path).cmp(&(other.path.len(), &other.path)));
        for column in columns {
            let path = KeyPath::new(column.path.iter().copied().map(str::to_owned).collect());
            let name = Some(path.dotted()).filter(|name| !by_name.contains_key(name)).unwrap_or_else(|| path.to_json_text());
            by_name.insert(name, column.into_array(self.rows));
        }
        let fields: Vec<Field> = by_name.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), by_name.into_values().collect(), &options)
    }
}

impl Column<'_> {
    fn into_array(self, rows: usize) -> ArrayRef {
        let Self { kinds, values, .. } = self;
        let has_other_than_text = || values.iter().any(|(_, value)| value.as_str().is_none());
        match (kinds.number > 0, kinds.boolean > 0, kinds.string > 0, kinds.json > 0) {
            (true, false, false, false) => Arc::new(spread(rows, &values, number).collect::<Float64Array>()),
            (false, true, false, false) => {
                Arc::new(spread(rows, &values, |value| Some(*value == Json::Bool(true))).collect::<BooleanArray>())
            }
            // A string that reads like a special float is a string among strings.
            (_, false, true, false) if !has_other_than_text() => Arc::new(spread(rows, &values, Json::as_str).collect::<StringArray>()),
            _ => Arc::new(spread(rows, &values, |value| Some(value.to_string())).collect::<StringArray>()),
        }
    }
}

/// What `make` makes of the value of each row, null where there is none.
fn spread<'v, T>(rows: usize, values: &'v [(usize, &'v Json)], make: impl Fn(&'v Json) -> Option<T>) -> impl Iterator<Item = Option<T>> {
    let mut values = values.iter().peekable();
    (0..rows).map(move |row| values.next_if(|(at, _)| *at == row).and_then(|(_, value)| make(value)))
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => Some(number.as_f64()),
        Json::String(text) => Json::special_float(text),
        _ => None,
    }
}

/// The kind of a value, where the strings that stand for special floats are numbers; `None` for null.
fn kind_of(value: &Json) -> Option<Kind> {
    match value {
        Json::Null => None,
        Json::Bool(_) => Some(Kind::Boolean),
        Json::Number(_) => Some(Kind::Number),
        Json::String(text) if Json::special_float(text).is_some() => Some(Kind::Number),
        Json::String(_) => Some(Kind::String),
        Json::Array(_) | Json::Object(_) => Some(Kind::Json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(texts: &[&str]) -> String {
        let rows: Vec<Object> = texts.iter().map(|text| Json::parse_object(text).unwrap()).collect();
        let mut columns = LoggedColumns::default();
        for row in &rows {
            columns.add_row(row);
        }
        arrow::util::pretty::pretty_format_batches(&[columns.into_record_batch().unwrap()]).unwrap().to_string()
    }

    #[test]
    fn keys_that_come_and_go() {
        let shown = table(&[r#"{"a":1,"c":null}"#, r#"{"b":2,"c":true}"#, "{}", r#"{"a":3,"b":4,"d":{"e":{},"f":"x"}}"#]);
        insta::assert_snapshot!(shown, @r"
        +-----+-----+------+-----+-----+
        | a   | b   | c    | d.e | d.f |
        +-----+-----+------+-----+-----+
        | 1.0 |     |      |     |     |
        |     | 2.0 | true |     |     |
        |     |     |      |     |     |
        | 3.0 | 4.0 |      | {}  | x   |
        +-----+-----+------+-----+-----+
        ");
    }

    #[test]
    fn one_name_of_two_keys() {
        let shown = table(&[r#"{"a":{"b":1},"a.b":2}"#]);
        insta::assert_snapshot!(shown, @r#"
        +-----------+-----+
        | ["a","b"] | a.b |
        +-----------+-----+
        | 1.0       | 2.0 |
        +-----------+-----+
        "#);
    }

    #[test]
    fn a_column_of_nulls_is_there() {
        insta::assert_snapshot!(table(&[r#"{"a":null}"#]), @r"
        +---+
        | a |
        +---+
        |   |
        +---+
        ");
    }
}
