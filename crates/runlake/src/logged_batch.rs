//! Columns of logged rows as one record batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Float64Builder, Int64Array, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use runlake_ingest::schema::STEP;
use runlake_types::{Json, KeyPath, Kind, KindCounts, Number};

use crate::histories::RUN_ID;
use crate::logged_columns::LoggedColumns;
use crate::logged_values::LoggedValues;

/// The values of one key: those of each part that has it, with the number of the part's first row.
type OfKey<'a> = Vec<(usize, &'a LoggedValues)>;

/// The rows of all parts, one after another, with their columns by name.
pub(crate) fn record_batch(parts: &[LoggedColumns]) -> Result<RecordBatch, ArrowError> {
    let mut by_path: BTreeMap<(usize, &KeyPath), OfKey<'_>> = BTreeMap::new();
    let mut rows = 0;
    for part in parts {
        for column in part.columns() {
            // Shorter paths first: a key that has the dots in itself keeps its name.
            by_path.entry((column.path.parts().len(), &column.path)).or_default().push((rows, &column.values));
        }
        rows += part.len();
    }
    let mut by_name: BTreeMap<String, ArrayRef> = BTreeMap::new();
    if parts.iter().any(|part| !part.runs().is_empty()) {
        by_name.insert(RUN_ID.to_owned(), run_ids(parts)?);
    }
    for ((_, path), of_key) in by_path {
        let name = free_name(path, |name| by_name.contains_key(name));
        let array = if path.parts() == [STEP] && of_key.iter().all(|(_, values)| values.is_integral()) {
            integers(rows, &of_key)
        } else {
            array(rows, &of_key)?
        };
        by_name.insert(name, array);
    }
    let fields: Vec<Field> = by_name.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), by_name.into_values().collect(), &options)
}

/// What a key's column is called: by its parts with dots, by its path as a JSON list, or by that with a number.
fn free_name(path: &KeyPath, is_taken: impl Fn(&str) -> bool) -> String {
    let text = path.to_json_text();
    let numbered = (2_u32..).map(|number| format!("{text}_{number}"));
    let mut names = [path.dotted(), text.clone()].into_iter().chain(numbered);
    names.find(|name| !is_taken(name)).expect("not every number is taken")
}

fn run_ids(parts: &[LoggedColumns]) -> Result<ArrayRef, ArrowError> {
    let runs = parts.iter().flat_map(LoggedColumns::runs);
    texts(runs.flat_map(|(run_id, rows)| std::iter::repeat_n(Some(run_id), *rows)))
}

fn array(rows: usize, parts: &OfKey<'_>) -> Result<ArrayRef, ArrowError> {
    let mut kinds = KindCounts::default();
    for (_, values) in parts {
        kinds.merge(&values.kinds());
    }
    let text = |value: &Json| value.as_str().map(str::to_owned);
    match (kinds.majority(), kinds.is_mixed()) {
        (Kind::Number, false) if parts.iter().all(|(_, values)| values.is_exact()) => Ok(floats(rows, parts)),
        (Kind::Number, false) if parts.iter().all(|(_, values)| values.is_integral()) => Ok(integers(rows, parts)),
        (Kind::Boolean, false) => Ok(Arc::new(spread(rows, parts, |value| Some(*value == Json::Bool(true))).collect::<BooleanArray>())),
        // A string that reads like a special float is a string among strings.
        _ if parts.iter().all(|(_, values)| values.is_text()) => texts(spread(rows, parts, text)),
        _ => texts(spread(rows, parts, |value| Some(value.to_string()))),
    }
}

/// A column of text, of which Arrow's offsets hold 2 GiB.
fn texts<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> Result<ArrayRef, ArrowError> {
    let mut builder = StringBuilder::new();
    for value in values {
        let bytes = builder.values_slice().len() + value.as_ref().map_or(0, |text| text.as_ref().len());
        if i32::try_from(bytes).is_err() {
            return Err(ArrowError::OffsetOverflowError(bytes));
        }
        builder.append_option(value);
    }
    Ok(Arc::new(builder.finish()))
}

fn floats(rows: usize, parts: &OfKey<'_>) -> ArrayRef {
    if parts.iter().any(|(_, values)| values.floats().is_none()) {
        return Arc::new(spread(rows, parts, number).collect::<Float64Array>());
    }
    let mut builder = Float64Builder::with_capacity(rows);
    let mut filled = 0;
    for (first, (mut floats, numbers)) in parts.iter().filter_map(|(first, values)| Some((first, values.floats()?))) {
        for stretch in numbers.stretches() {
            builder.append_nulls(first + stretch.start - filled);
            let (now, later) = floats.split_at(stretch.len());
            builder.append_slice(now);
            (floats, filled) = (later, first + stretch.end);
        }
    }
    builder.append_nulls(rows - filled);
    Arc::new(builder.finish())
}

fn integers(rows: usize, parts: &OfKey<'_>) -> ArrayRef {
    Arc::new(spread(rows, parts, |value| value.as_number().and_then(Number::as_i64)).collect::<Int64Array>())
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => Some(number.as_f64()),
        Json::String(text) => Json::special_float(text),
        _ => None,
    }
}

/// What `make` makes of the value of each row, null where there is none.
fn spread<'v, T>(rows: usize, parts: &'v OfKey<'v>, make: impl Fn(&Json) -> Option<T>) -> impl Iterator<Item = Option<T>> {
    let values = parts.iter().flat_map(|(first, values)| values.iter().map(move |(row, value)| (first + row, value)));
    let mut values = values.peekable();
    (0..rows).map(move |row| values.next_if(|(at, _)| *at == row).and_then(|(_, value)| make(&value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(texts: &[&str]) -> String {
        // Each row a part, and all rows a part, make the same table.
        let parts: Vec<LoggedColumns> = texts.iter().map(|text| LoggedColumns::default().with_rows(&[text])).collect();
        let batch = record_batch(&parts).unwrap();
        assert_eq!(record_batch(&[LoggedColumns::default().with_rows(texts)]).unwrap(), batch);
        arrow::util::pretty::pretty_format_batches(&[batch]).unwrap().to_string()
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
    fn one_name_of_several_keys() {
        let shown = table(&[r#"{"a":{"b":1},"a.b":2,"[\"a\",\"b\"]":3}"#]);
        insta::assert_snapshot!(shown, @r#"
        +-----------+-------------+-----+
        | ["a","b"] | ["a","b"]_2 | a.b |
        +-----------+-------------+-----+
        | 3.0       | 1.0         | 2.0 |
        +-----------+-------------+-----+
        "#);
    }

    #[test]
    fn steps_and_integers_that_no_float_holds_stay_integers() {
        let shown = table(&[
            r#"{"_step":1,"a":9007199254740993,"b":1,"c":0.5,"d":"NaN"}"#,
            r#"{"_step":2.0,"a":1,"b":2,"c":18446744073709551617,"d":9007199254740993}"#,
        ]);
        insta::assert_snapshot!(shown, @r#"
        +-------+------------------+-----+----------------------+------------------+
        | _step | a                | b   | c                    | d                |
        +-------+------------------+-----+----------------------+------------------+
        | 1     | 9007199254740993 | 1.0 | 0.5                  | "NaN"            |
        | 2     | 1                | 2.0 | 18446744073709551617 | 9007199254740993 |
        +-------+------------------+-----+----------------------+------------------+
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
