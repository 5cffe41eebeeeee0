//! One value of a metric's column, whatever the column holds.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use runlake_types::Json;

/// A value, taken out of its column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Text(String),
}

impl Cell {
    /// The value in a row of a column of a lake.
    pub(crate) fn of(column: &ArrayRef, row: usize) -> Self {
        match column.data_type() {
            _ if column.is_null(row) => Self::Null,
            DataType::Float64 => Self::Number(column.as_primitive::<Float64Type>().value(row)),
            DataType::Int64 => Self::Integer(column.as_primitive::<Int64Type>().value(row)),
            DataType::Boolean => Self::Boolean(column.as_boolean().value(row)),
            _ => column.as_string_opt::<i32>().map_or(Self::Null, |texts| Self::Text(texts.value(row).to_owned())),
        }
    }

    /// The value for people; `None` for null.
    pub(crate) fn to_text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text.clone()),
            Self::Number(value) => Some(Json::from(*value).to_string().trim_matches('"').to_owned()),
            Self::Integer(value) => Some(value.to_string()),
            Self::Boolean(value) => Some(value.to_string()),
        }
    }

    /// The value as JSON, of which columns with a type are made.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Text(text) => Json::from(text.as_str()),
            Self::Number(value) => Json::from(*value),
            Self::Integer(value) => Json::from(*value),
            Self::Boolean(value) => Json::from(*value),
        }
    }
}
