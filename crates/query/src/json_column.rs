//! Values of runs, such as one config key of each, as a column with a type; and values out of the columns of a lake.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use polars::prelude::{Column, NamedFrom as _, Series};
use runlake_types::{Json, Number};

/// The column of these values: int64 when all are integers that fit, float64 when all are numbers (the strings that stand for NaN and the
/// infinities among them), boolean, utf8 when all are strings, and otherwise utf8 with strings as they are and anything else as JSON text.
/// A missing value and null are null. Nothing but nulls is utf8.
pub(crate) fn column_of_values(name: &str, values: &[Option<Json>]) -> Column {
    let there = || values.iter().flatten().filter(|value| **value != Json::Null);
    let is_any = there().next().is_some();
    let all = |fits: &dyn Fn(&Json) -> bool| is_any && there().all(fits);
    let series = if all(&|value| matches!(value, Json::Bool(_))) {
        let cells = values.iter().map(|value| if let Some(Json::Bool(value)) = value { Some(*value) } else { None });
        Series::new(name.into(), cells.collect::<Vec<Option<bool>>>())
    } else if all(&|value| value.as_number().is_some_and(is_integer)) {
        let cells = values.iter().map(|value| value.as_ref().and_then(Json::as_number).and_then(Number::as_i64));
        Series::new(name.into(), cells.collect::<Vec<Option<i64>>>())
    } else if all(&|value| number_of(value).is_some()) && there().any(|value| value.as_number().is_some()) {
        Series::new(name.into(), values.iter().map(|value| number_of(value.as_ref()?)).collect::<Vec<Option<f64>>>())
    } else {
        Series::new(name.into(), values.iter().map(|value| text_of(value.as_ref()?)).collect::<Vec<Option<String>>>())
    };
    series.into()
}

fn is_integer(number: &Number) -> bool {
    !matches!(number, Number::Float(_)) && number.as_i64().is_some()
}

/// The value in a row of a column of a lake: float64, int64, boolean or utf8.
pub(crate) fn value_in(column: &ArrayRef, row: usize) -> Json {
    match column.data_type() {
        _ if column.is_null(row) => Json::Null,
        DataType::Float64 => Json::from(column.as_primitive::<Float64Type>().value(row)),
        DataType::Int64 => Json::from(column.as_primitive::<Int64Type>().value(row)),
        DataType::Boolean => Json::from(column.as_boolean().value(row)),
        _ => column.as_string_opt::<i32>().map_or(Json::Null, |texts| Json::from(texts.value(row))),
    }
}

/// The value as a number, when it is one or stands for one.
pub(crate) fn number_of(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => Some(number.as_f64()),
        Json::String(text) => Json::special_float(text),
        _ => None,
    }
}

/// The value as people read it: strings without quotes.
pub(crate) fn text_of(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_canonical_text()),
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::DataType;

    use super::*;

    fn dtype(texts: &[&str]) -> DataType {
        let values: Vec<Option<Json>> = texts.iter().map(|text| (!text.is_empty()).then(|| Json::parse(text).unwrap())).collect();
        column_of_values("c", &values).dtype().clone()
    }

    #[test]
    fn columns_have_the_type_of_their_values() {
        assert_eq!(dtype(&["1", "", "2"]), DataType::Int64);
        assert_eq!(dtype(&["1", "2.0", "\"NaN\""]), DataType::Float64);
        assert_eq!(dtype(&["true", "null"]), DataType::Boolean);
        assert_eq!(dtype(&["\"a\"", "1"]), DataType::String);
        assert_eq!(dtype(&["\"NaN\""]), DataType::String);
        assert_eq!(dtype(&["", "null"]), DataType::String);
        let mixed = column_of_values("c", &[Some(Json::from("a")), Some(Json::parse("[1]").unwrap()), None]);
        assert_eq!(mixed.str().unwrap().iter().collect::<Vec<_>>(), [Some("a"), Some("[1]"), None]);
    }
}
