//! The values of a column as text: for CSV, for JSON, and for people.

use std::fmt::Write as _;
use std::ops::Range;

use arrow::array::{Array, AsArray as _};
use arrow::datatypes::{DataType, Float32Type, Float64Type, TimeUnit};
use arrow::datatypes::{TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType};
use arrow::temporal_conversions::{timestamp_ms_to_datetime, timestamp_ns_to_datetime, timestamp_s_to_datetime, timestamp_us_to_datetime};
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};
use runlake_types::write_json_string;

use crate::{Error, ErrorKind};

/// A column whose values are asked for as text. See [`FileFormat`](super::FileFormat) for what each value becomes.
///
/// ```
/// use arrow::array::{Array, Float64Array};
/// use runlake_query::CellText;
/// let column = Float64Array::from(vec![Some(0.1), Some(f64::INFINITY), None]);
/// let text = CellText::of(&column)?;
/// let mut out = String::new();
/// for row in 0..column.len() {
///     text.write_json(row, &mut out)?;
///     out.push(' ');
/// }
/// assert_eq!(out, r#"0.1 "Infinity" null "#);
/// # Ok::<(), runlake_query::Error>(())
/// ```
pub struct CellText<'a> {
    array: &'a dyn Array,
    values: Values<'a>,
}

enum Values<'a> {
    Null,
    Float32(&'a [f32]),
    Float64(&'a [f64]),
    /// Numbers and booleans, the same in every format.
    Bare(ArrayFormatter<'a>),
    /// Instants in a unit, and whether they have a zone.
    Instant(&'a [i64], TimeUnit, bool),
    /// Dates, times of day, durations and binary: strings without anything to escape.
    Plain(ArrayFormatter<'a>),
    Utf8(Box<dyn Fn(usize) -> &'a str + 'a>),
    List(Box<CellText<'a>>, Box<dyn Fn(usize) -> Range<usize> + 'a>),
    Struct(Vec<(&'a str, CellText<'a>)>),
}

const FORMATS: FormatOptions<'static> = FormatOptions::new().with_duration_format(DurationFormat::ISO8601);

impl<'a> CellText<'a> {
    /// The values of `array`.
    ///
    /// # Errors
    /// [`ErrorKind::NoText`] for a dtype that has no form as text, such as a map.
    pub fn of(array: &'a dyn Array) -> Result<Self, Error> {
        let formatter = || ArrayFormatter::try_new(array, &FORMATS).map_err(|_unknown| no_text(array));
        let values = match array.data_type() {
            DataType::Null => Values::Null,
            DataType::Float32 => Values::Float32(array.as_primitive::<Float32Type>().values()),
            DataType::Float64 => Values::Float64(array.as_primitive::<Float64Type>().values()),
            DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64
            | DataType::Decimal128(..) => Values::Bare(formatter()?),
            DataType::Date32
            | DataType::Date64
            | DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Duration(_)
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView => Values::Plain(formatter()?),
            DataType::Timestamp(unit, zone) => Values::Instant(instants(array), *unit, zone.is_some()),
            DataType::Utf8 => Values::Utf8(Box::new(|row| array.as_string::<i32>().value(row))),
            DataType::LargeUtf8 => Values::Utf8(Box::new(|row| array.as_string::<i64>().value(row))),
            DataType::Utf8View => Values::Utf8(Box::new(|row| array.as_string_view().value(row))),
            DataType::List(_) => {
                let lists = array.as_list::<i32>();
                let place = |offset: i32| usize::try_from(offset).expect("offsets are not negative");
                let range = move |row| place(lists.value_offsets()[row])..place(lists.value_offsets()[row + 1]);
                Values::List(Box::new(Self::of(lists.values())?), Box::new(range))
            }
            DataType::LargeList(_) => {
                let lists = array.as_list::<i64>();
                let place = |offset: i64| usize::try_from(offset).expect("offsets are not negative");
                let range = move |row| place(lists.value_offsets()[row])..place(lists.value_offsets()[row + 1]);
                Values::List(Box::new(Self::of(lists.values())?), Box::new(range))
            }
            DataType::Struct(fields) => {
                let members = fields.iter().zip(array.as_struct().columns());
                Values::Struct(members.map(|(field, values)| Ok((field.name().as_str(), Self::of(values)?))).collect::<Result<_, Error>>()?)
            }
            _ => return Err(no_text(array)),
        };
        Ok(Self { array, values })
    }

    /// Whether the value is null.
    pub fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::Null) || self.array.is_null(row)
    }

    /// Appends the value as JSON: null as `null`, and what JSON has no form for as a string.
    ///
    /// # Errors
    /// [`ErrorKind::Arrow`] for a time beyond the calendar.
    pub fn write_json(&self, row: usize, out: &mut String) -> Result<(), Error> {
        if self.is_null(row) {
            out.push_str("null");
            return Ok(());
        }
        let is_quoted = match &self.values {
            Values::Float32(values) => !values[row].is_finite(),
            Values::Float64(values) => !values[row].is_finite(),
            Values::Plain(_) | Values::Instant(..) => true,
            Values::Utf8(value) => {
                write_json_string(value(row), out).expect("writing to a String cannot fail");
                return Ok(());
            }
            Values::Null | Values::Bare(_) | Values::List(..) | Values::Struct(_) => false,
        };
        let quote = if is_quoted { "\"" } else { "" };
        out.push_str(quote);
        self.write_plain(row, out)?;
        out.push_str(quote);
        Ok(())
    }

    /// Appends the value without quotes around it: a string as it is, a list or struct as JSON, and of null nothing.
    ///
    /// # Errors
    /// As [`CellText::write_json`].
    pub fn write_plain(&self, row: usize, out: &mut String) -> Result<(), Error> {
        if self.is_null(row) {
            return Ok(());
        }
        match &self.values {
            Values::Null => {}
            Values::Float32(values) => match special(f64::from(values[row])) {
                Some(name) => out.push_str(name),
                None => write!(out, "{:?}", values[row]).expect("writing to a String cannot fail"),
            },
            Values::Float64(values) => match special(values[row]) {
                Some(name) => out.push_str(name),
                None => write!(out, "{:?}", values[row]).expect("writing to a String cannot fail"),
            },
            Values::Bare(values) | Values::Plain(values) => values.value(row).write(out).map_err(|_beyond| no_text(self.array))?,
            Values::Instant(values, unit, has_zone) => {
                write_instant(values[row], *unit, *has_zone, out).ok_or_else(|| no_text(self.array))?;
            }
            Values::Utf8(value) => out.push_str(value(row)),
            Values::List(items, range) => {
                out.push('[');
                for (index, item) in range(row).enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    items.write_json(item, out)?;
                }
                out.push(']');
            }
            Values::Struct(members) => {
                out.push('{');
                for (index, (name, values)) in members.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    write_json_string(name, out).expect("writing to a String cannot fail");
                    out.push(':');
                    values.write_json(row, out)?;
                }
                out.push('}');
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for CellText<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CellText").field("data_type", self.array.data_type()).field("rows", &self.array.len()).finish()
    }
}

/// The counts behind instants of any unit.
fn instants(array: &dyn Array) -> &[i64] {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => array.as_primitive::<TimestampSecondType>().values(),
        DataType::Timestamp(TimeUnit::Millisecond, _) => array.as_primitive::<TimestampMillisecondType>().values(),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => array.as_primitive::<TimestampNanosecondType>().values(),
        _ => array.as_primitive::<TimestampMicrosecondType>().values(),
    }
}

/// The name of a float that is no number.
fn special(value: f64) -> Option<&'static str> {
    match value {
        _ if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

fn no_text(array: &dyn Array) -> Error {
    ErrorKind::NoText { data_type: array.data_type().to_string() }.into()
}

/// Appends an instant as ISO 8601; `None` beyond the calendar. In UTC whatever zone it was shown in, and without a zone as it is.
fn write_instant(value: i64, unit: TimeUnit, has_zone: bool, out: &mut String) -> Option<()> {
    let instant = match unit {
        TimeUnit::Second => timestamp_s_to_datetime(value),
        TimeUnit::Millisecond => timestamp_ms_to_datetime(value),
        TimeUnit::Microsecond => timestamp_us_to_datetime(value),
        TimeUnit::Nanosecond => timestamp_ns_to_datetime(value),
    }?;
    write!(out, "{instant:?}{}", if has_zone { "Z" } else { "" }).ok()
}
