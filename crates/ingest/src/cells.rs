//! The cells of one metric's column: which values of JSON fit it, and what they are when they are read back.

use std::sync::Arc;

use arrow::array::{Array, ArrayBuilder, ArrayRef, AsArray, BooleanBuilder, Float64Builder, StringBuilder};
use arrow::datatypes::Float64Type;
use runlake_types::{Json, Kind, Number};

use crate::Error;

/// One metric's cells; rows in which the key was not logged are filled with nulls when the next value comes.
#[derive(Debug)]
pub(crate) enum CellColumn {
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Text(StringBuilder, Kind),
}

impl CellColumn {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Number => Self::Number(Float64Builder::new()),
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::String | Kind::Json => Self::Text(StringBuilder::new(), kind),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Number(_) => Kind::Number,
            Self::Boolean(_) => Kind::Boolean,
            Self::Text(_, kind) => *kind,
        }
    }

    /// Puts the value of `row`, and gives back what the column cannot hold exactly.
    pub(crate) fn put(&mut self, row: usize, value: Json) -> Option<Json> {
        self.fill_to(row);
        match (self, value) {
            (Self::Number(builder), value) => {
                let (number, misfit) = fit_number(value);
                builder.append_option(number);
                misfit
            }
            (Self::Boolean(builder), Json::Bool(value)) => {
                builder.append_value(value);
                None
            }
            (Self::Text(builder, Kind::String), Json::String(text)) => {
                builder.append_value(text);
                None
            }
            (Self::Text(builder, Kind::Json), value) => {
                builder.append_value(value.to_canonical_text());
                None
            }
            (_, misfit) => Some(misfit),
        }
    }

    /// Puts a number that float64 holds exactly into a column of numbers.
    #[inline]
    pub(crate) fn put_number(&mut self, row: usize, number: f64) {
        if let Self::Number(builder) = self {
            let missing = row.saturating_sub(ArrayBuilder::len(builder));
            if missing > 0 {
                builder.append_nulls(missing);
            }
            builder.append_value(number);
        }
    }

    /// Puts a string into a column of strings.
    #[inline]
    pub(crate) fn put_text(&mut self, row: usize, text: &str) {
        self.fill_to(row);
        if let Self::Text(builder, Kind::String) = self {
            builder.append_value(text);
        }
    }

    fn fill_to(&mut self, rows: usize) {
        match self {
            Self::Number(builder) => builder.append_nulls(rows.saturating_sub(builder.len())),
            Self::Boolean(builder) => builder.append_nulls(rows.saturating_sub(builder.len())),
            Self::Text(builder, _) => (builder.len()..rows).for_each(|_| builder.append_null()),
        }
    }

    pub(crate) fn finish(mut self, rows: usize) -> ArrayRef {
        self.fill_to(rows);
        match self {
            Self::Number(mut builder) => Arc::new(builder.finish()),
            Self::Boolean(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder, _) => Arc::new(builder.finish()),
        }
    }
}

/// The float64 that stands for `value`, and the value itself when float64 does not hold it exactly.
pub(crate) fn fit_number(value: Json) -> (Option<f64>, Option<Json>) {
    match value {
        Json::Number(number) => {
            let float = number.as_f64();
            if number.is_exact_f64() { (Some(float), None) } else { (Some(float), Some(Json::Number(number))) }
        }
        Json::String(text) => match Json::special_float(&text) {
            Some(float) => (Some(float), None),
            None => (None, Some(Json::String(text))),
        },
        other => (None, Some(other)),
    }
}

/// The value of a metric's column of `kind` at a row that is not null; `name` is what errors call the column.
///
/// Integral floats come back as integers, which is how clients log them.
pub(crate) fn value_at(kind: Kind, name: &str, array: &dyn Array, row: usize) -> Result<Json, Error> {
    Ok(match kind {
        Kind::Number => number(array.as_primitive::<Float64Type>().value(row)),
        Kind::Boolean => Json::from(array.as_boolean().value(row)),
        Kind::String => Json::from(array.as_string::<i32>().value(row)),
        Kind::Json => json_of_text(name, array.as_string::<i32>().value(row))?,
    })
}

/// The value of a cell that holds JSON text.
pub(crate) fn json_of_text(name: &str, text: &str) -> Result<Json, Error> {
    Json::parse(text).map_err(|error| Error::column(name, format!("it holds text that is not JSON: {error}")))
}

/// A float as clients log it.
pub(crate) fn number(value: f64) -> Json {
    let float = Number::from(value);
    match float.as_i64() {
        Some(integer) if integer.unsigned_abs() < (1 << 53) && !(value == 0.0 && value.is_sign_negative()) => Json::from(integer),
        _ => Json::Number(float),
    }
}
