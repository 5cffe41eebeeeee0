//! A column of SQL for one key of the runs' configs or summaries: the type that fits the values of all runs without loss.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use runlake_types::{Json, Number};

/// The values of one key, each with the row of its run, in the order of the rows. A run without the key has no entry.
pub(super) type Values = Vec<(usize, Json)>;

/// What a column of such values holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeafType {
    Integer,
    Number,
    Boolean,
    Text,
    Json,
}

/// What one value is, for the choice of the column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// An integer that int64 and float64 both hold.
    Integer,
    /// An integer that int64 holds and float64 does not.
    LongInteger,
    /// Any other number that float64 holds.
    Number,
    /// `"NaN"`, `"Infinity"` or `"-Infinity"`: a number among numbers, a text among texts.
    SpecialFloat,
    Boolean,
    Text,
    /// A list, a typed object, an empty dict, an integer beyond 64 bits.
    Json,
}

impl Fit {
    /// `None` for null, which fits every column.
    fn of(value: &Json) -> Option<Self> {
        match value {
            Json::Null => None,
            Json::Bool(_) => Some(Self::Boolean),
            Json::Number(number @ Number::Integer(_)) => Some(if number.is_exact_f64() { Self::Integer } else { Self::LongInteger }),
            Json::Number(number) => Some(if number.is_exact_f64() { Self::Number } else { Self::Json }),
            Json::String(text) => Some(if Json::special_float(text).is_some() { Self::SpecialFloat } else { Self::Text }),
            Json::Array(_) | Json::Object(_) => Some(Self::Json),
        }
    }
}

impl LeafType {
    fn of(values: &Values) -> Self {
        let fits: Vec<Fit> = values.iter().filter_map(|(_, value)| Fit::of(value)).collect();
        let all = |fitting: &[Fit]| fits.iter().all(|fit| fitting.contains(fit));
        if fits.is_empty() || (all(&[Fit::Integer, Fit::Number, Fit::SpecialFloat]) && !all(&[Fit::Integer])) {
            Self::Number
        } else if all(&[Fit::Integer, Fit::LongInteger]) {
            Self::Integer
        } else if all(&[Fit::Boolean]) {
            Self::Boolean
        } else if all(&[Fit::Text, Fit::SpecialFloat]) {
            Self::Text
        } else {
            Self::Json
        }
    }
}

/// The column: int64 when all values are integers that fit, float64 when all are numbers that it holds exactly, the special floats among
/// them, boolean, utf8, and otherwise utf8 with the JSON text of each value. Null for the runs without the key.
pub(super) fn leaf_column(values: &Values, rows: usize) -> ArrayRef {
    fn dense<T: Clone>(values: &Values, rows: usize, cell: impl Fn(&Json) -> Option<T>) -> Vec<Option<T>> {
        let mut cells = vec![None; rows];
        for (row, value) in values {
            cells[*row] = cell(value);
        }
        cells
    }
    let number = |value: &Json| match value {
        Json::Number(number) => Some(number.as_f64()),
        Json::String(text) => Json::special_float(text),
        _ => None,
    };
    match LeafType::of(values) {
        LeafType::Integer => Arc::new(Int64Array::from(dense(values, rows, |value| value.as_number().and_then(Number::as_i64)))),
        LeafType::Number => Arc::new(Float64Array::from(dense(values, rows, number))),
        LeafType::Boolean => {
            Arc::new(BooleanArray::from(dense(values, rows, |value| if let Json::Bool(value) = value { Some(*value) } else { None })))
        }
        LeafType::Text => Arc::new(StringArray::from(dense(values, rows, |value| value.as_str().map(str::to_owned)))),
        LeafType::Json => {
            Arc::new(StringArray::from(dense(values, rows, |value| (*value != Json::Null).then(|| value.to_canonical_text()))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(texts: &[&str]) -> String {
        let values = texts.iter().enumerate().map(|(row, text)| (row, Json::parse(text).unwrap())).collect();
        let column = leaf_column(&values, texts.len() + 1);
        let cells = arrow::util::display::ArrayFormatter::try_new(&column, &arrow::util::display::FormatOptions::new().with_null("null"));
        let cells = cells.unwrap();
        let shown: Vec<String> = (0..column.len()).map(|row| cells.value(row).to_string()).collect();
        format!("{} {}", column.data_type(), shown.join(" "))
    }

    #[test]
    fn the_type_fits_all_values() {
        for (values, shown) in [
            (&["1", "-2"][..], "Int64 1 -2 null"),
            (&["1", "9007199254740993"], "Int64 1 9007199254740993 null"),
            (&["1", "2.5", "null"], "Float64 1.0 2.5 null null"),
            (&["1.0"], "Float64 1.0 null"),
            (&[r#""NaN""#, "1", r#""-Infinity""#], "Float64 NaN 1.0 -inf null"),
            (&[r#""NaN""#, r#""x""#], "Utf8 NaN x null"),
            (&["true", "null"], "Boolean true null null"),
            (&["true", "1"], "Utf8 true 1 null"),
            (&[r#""a""#, "1"], r#"Utf8 "a" 1 null"#),
            (&["[1, 2.0]", "{}"], "Utf8 [1,2] {} null"),
            (&["18446744073709551617", "1"], "Utf8 18446744073709551617 1 null"),
            (&["18446744073709551616", "1"], "Float64 1.8446744073709552e19 1.0 null"),
            (&["9007199254740993", "0.5"], "Utf8 9007199254740993 0.5 null"),
            (&["null"], "Float64 null null"),
        ] {
            assert_eq!(column(values), shown);
        }
    }
}
