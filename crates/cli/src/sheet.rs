//! A small table of JSON values, such as a listing, and its form as a record batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use runlake_types::{Json, Object};

/// Named columns and rows of values.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Json>>,
}

impl Sheet {
    /// An empty sheet with these columns.
    pub(crate) fn new(columns: &[&str]) -> Self {
        Self { columns: columns.iter().map(|&column| column.to_owned()).collect(), rows: Vec::new() }
    }

    /// The rows as objects, nulls included, so that every object has every column.
    pub(crate) fn objects(&self) -> impl Iterator<Item = Object> {
        self.rows.iter().map(|row| self.columns.iter().cloned().zip(row.iter().cloned()).collect())
    }

    /// The rows as a record batch: a column of integers is int64, of numbers float64, of booleans boolean, of strings utf8, and of anything
    /// else JSON text.
    pub(crate) fn to_batch(&self) -> anyhow::Result<RecordBatch> {
        let arrays: Vec<ArrayRef> =
            (0..self.columns.len()).map(|column| array(&self.rows.iter().map(|row| &row[column]).collect::<Vec<_>>())).collect();
        let fields: Vec<Field> =
            self.columns.iter().zip(&arrays).map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(self.rows.len()));
        Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
    }
}

fn array(values: &[&Json]) -> ArrayRef {
    let all = |fits: fn(&Json) -> bool| {
        values.iter().any(|value| **value != Json::Null) && values.iter().all(|value| **value == Json::Null || fits(value))
    };
    let integer = |value: &Json| value.as_number().and_then(runlake_types::Number::as_i64);
    if all(|value| value.as_number().is_some_and(|number| number.as_i64().is_some())) {
        Arc::new(values.iter().map(|value| integer(value)).collect::<Int64Array>())
    } else if all(|value| value.as_number().is_some()) {
        Arc::new(values.iter().map(|value| value.as_number().map(runlake_types::Number::as_f64)).collect::<Float64Array>())
    } else if all(|value| matches!(value, Json::Bool(_))) {
        Arc::new(values.iter().map(|value| if let Json::Bool(value) = value { Some(*value) } else { None }).collect::<BooleanArray>())
    } else {
        Arc::new(values.iter().map(|value| text(value)).collect::<StringArray>())
    }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
