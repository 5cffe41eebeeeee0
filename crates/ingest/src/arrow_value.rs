//! One cell of an Arrow array as the JSON value that was logged.
//!
//! Exports hold whatever their writer made of the values (<https://github.com/wandb/wandb/blob/main/parquet-rust-wrapper/src/serialize.rs>
//! has the types that the official reader takes): structs and maps are dicts, whose null members were not logged; the rest maps one to one.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use runlake_types::{Json, Number, Object};

use crate::Error;
use crate::text_meaning::TextMeaning;

/// The value at `row`. `meaning` is asked with the dotted name of each utf8 column.
pub(crate) fn json_at(array: &dyn Array, row: usize, name: &str, meaning: &dyn Fn(&str) -> TextMeaning) -> Result<Json, Error> {
    if array.is_null(row) {
        return Ok(Json::Null);
    }
    let list =
        |items: &dyn Array| (0..items.len()).map(|item| json_at(items, item, name, meaning)).collect::<Result<_, _>>().map(Json::Array);
    Ok(match array.data_type() {
        DataType::Null => Json::Null,
        DataType::Boolean => Json::from(array.as_boolean().value(row)),
        DataType::Int8 => Json::from(i64::from(array.as_primitive::<Int8Type>().value(row))),
        DataType::Int16 => Json::from(i64::from(array.as_primitive::<Int16Type>().value(row))),
        DataType::Int32 => Json::from(i64::from(array.as_primitive::<Int32Type>().value(row))),
        DataType::Int64 => Json::from(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Json::from(i64::from(array.as_primitive::<UInt8Type>().value(row))),
        DataType::UInt16 => Json::from(i64::from(array.as_primitive::<UInt16Type>().value(row))),
        DataType::UInt32 => Json::from(i64::from(array.as_primitive::<UInt32Type>().value(row))),
        DataType::UInt64 => {
            let value = array.as_primitive::<UInt64Type>().value(row);
            i64::try_from(value).map_or_else(|_too_large| Json::Number(Number::BigInteger(value.to_string().into())), Json::from)
        }
        DataType::Float16 => float(array.as_primitive::<Float16Type>().value(row).to_f64()),
        DataType::Float32 => float(f64::from(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => text(array.as_string::<i32>().value(row), meaning(name)),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(row), meaning(name)),
        DataType::Utf8View => text(array.as_string_view().value(row), meaning(name)),
        DataType::Binary => text(&String::from_utf8_lossy(array.as_binary::<i32>().value(row)), meaning(name)),
        DataType::LargeBinary => text(&String::from_utf8_lossy(array.as_binary::<i64>().value(row)), meaning(name)),
        DataType::BinaryView => text(&String::from_utf8_lossy(array.as_binary_view().value(row)), meaning(name)),
        DataType::List(_) => list(&array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(_, _) => list(&array.as_fixed_size_list().value(row))?,
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let key = dictionary.normalized_keys()[row];
            json_at(dictionary.values().as_ref(), key, name, meaning)?
        }
        DataType::Struct(fields) => {
            let mut members = Object::new();
            for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                let value = json_at(column, row, &format!("{name}.{}", field.name()), meaning)?;
                if value != Json::Null {
                    members.insert(field.name().clone(), value);
                }
            }
            // A dict of nothing but nulls says no more than an absent key.
            if members.is_empty() { Json::Null } else { Json::Object(members) }
        }
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            let mut members = Object::new();
            for entry in 0..entries.len() {
                let Json::String(key) = json_at(entries.column(0), entry, name, &|_| TextMeaning::Raw)? else {
                    return Err(Error::column(name, "it is a map whose keys are not strings"));
                };
                members.insert(key, json_at(entries.column(1), entry, name, meaning)?);
            }
            Json::Object(members)
        }
        DataType::Decimal128(_, _) | DataType::Decimal256(_, _) | DataType::Decimal64(_, _) | DataType::Decimal32(_, _) => {
            let digits = formatted(array, row)?;
            Json::parse(&digits).unwrap_or(Json::String(digits))
        }
        _ => Json::String(formatted(array, row)?),
    })
}

fn formatted(array: &dyn Array, row: usize) -> Result<String, Error> {
    Ok(ArrayFormatter::try_new(array, &FormatOptions::default())?.value(row).try_to_string()?)
}

/// A float as JSON writes it: clients log integral floats without a fraction.
fn float(value: f64) -> Json {
    Json::Number(Number::from(value))
}

fn text(text: &str, meaning: TextMeaning) -> Json {
    match meaning {
        TextMeaning::Raw => Json::from(text),
        TextMeaning::Json => Json::parse(text).unwrap_or_else(|_not_json| Json::from(text)),
    }
}
