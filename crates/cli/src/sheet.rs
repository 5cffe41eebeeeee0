//! A small table of JSON values, such as a listing, and its form as a record batch.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Schema};
use runlake_query::CellText;
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

impl Sheet {
    /// The rows of record batches, for people: instants without fractions of a second, lists and structs as JSON text.
    pub(crate) fn of_batches(schema: &Schema, batches: &[RecordBatch]) -> anyhow::Result<Self> {
        let mut sheet = Self { columns: schema.fields().iter().map(|field| field.name().clone()).collect(), rows: Vec::new() };
        for batch in batches {
            let columns = batch.columns().iter().map(|column| CellText::of(column)).collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.num_rows() {
                let values = columns.iter().zip(batch.columns()).map(|(text, column)| value(text, column, row));
                sheet.rows.push(values.collect::<anyhow::Result<_>>()?);
            }
        }
        Ok(sheet)
    }
}

fn value(text: &CellText<'_>, column: &ArrayRef, row: usize) -> anyhow::Result<Json> {
    if text.is_null(row) {
        return Ok(Json::Null);
    }
    let mut plain = String::new();
    text.write_plain(row, &mut plain)?;
    Ok(match column.data_type() {
        DataType::Float64 => Json::from(column.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => Json::from(f64::from(column.as_primitive::<Float32Type>().value(row))),
        DataType::Boolean => Json::from(column.as_boolean().value(row)),
        other if other.is_integer() => Json::parse(&plain)?,
        DataType::Timestamp(..) => Json::from(plain.trim_end_matches('Z').split('.').next().unwrap_or_default().replace('T', " ")),
        _ => Json::from(plain),
    })
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
