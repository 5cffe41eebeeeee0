//! What type each column of an export has, found by looking at every value that goes into it.
//!
//! The rules keep every value: integers are int64 while all values are, beside fractions they are double where double holds them, dicts
//! are structs and lists are lists while they are alike, and what has no common type is JSON text in a utf8 column. The official reader
//! aborts on large utf8, so texts are plain utf8 always.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use runlake_types::{Json, Number, Object};

use crate::options::ColumnOrder;

/// The type that holds all values seen so far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// Nothing but nulls.
    Null,
    Bool,
    /// Integers of 64 bits; `exact` while double would hold each of them.
    Int {
        exact: bool,
    },
    Float,
    /// The strings of the special floats, which are floats among numbers and strings among strings.
    SpecialFloat,
    Text,
    List(Box<Self>),
    Struct(BTreeMap<String, Self>),
    /// Values of several types, as JSON text.
    Mixed,
}

/// How deep dicts and lists may nest before a column is JSON text.
const MAX_NESTING: usize = 16;

impl Shape {
    fn of(value: &Json, depth: usize) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(_) => Self::Bool,
            Json::Number(number) => Self::of_number(number),
            Json::String(text) if Json::special_float(text).is_some() => Self::SpecialFloat,
            Json::String(_) => Self::Text,
            Json::Array(_) | Json::Object(_) if depth == MAX_NESTING => Self::Mixed,
            // A null member of a dict in a list would be read back as an absent one.
            Json::Array(items) if items.iter().any(has_null_member) => Self::Mixed,
            Json::Array(items) => match items.iter().fold(Self::Null, |shape, item| shape.merge(Self::of(item, depth + 1))) {
                mixed if mixed.holds_mixed() => Self::Mixed,
                items => Self::List(Box::new(items)),
            },
            // Parquet has no struct without members.
            Json::Object(members) if members.is_empty() => Self::Mixed,
            Json::Object(members) => Self::Struct(members.iter().map(|(key, value)| (key.clone(), Self::of(value, depth + 1))).collect()),
        }
    }

    fn of_number(number: &Number) -> Self {
        match number {
            Number::BigInteger(_) if number.is_exact_f64() => Self::Float,
            Number::BigInteger(_) => Self::Mixed,
            Number::Float(value) if *value == 0.0 && value.is_sign_negative() => Self::Float,
            Number::Integer(_) | Number::Float(_) => match number.as_i64() {
                Some(_) => Self::Int { exact: number.is_exact_f64() },
                None => Self::Float,
            },
        }
    }

    fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, shape) | (shape, Self::Null) => shape,
            (Self::Int { exact: a }, Self::Int { exact: b }) => Self::Int { exact: a && b },
            (Self::Int { exact: true } | Self::Float | Self::SpecialFloat, Self::Float)
            | (Self::Float, Self::Int { exact: true } | Self::SpecialFloat)
            | (Self::Int { exact: true }, Self::SpecialFloat)
            | (Self::SpecialFloat, Self::Int { exact: true }) => Self::Float,
            (Self::SpecialFloat | Self::Text, Self::Text) | (Self::Text, Self::SpecialFloat) => Self::Text,
            (Self::SpecialFloat, Self::SpecialFloat) => Self::SpecialFloat,
            (Self::Bool, Self::Bool) => Self::Bool,
            (Self::List(a), Self::List(b)) => match a.merge(*b) {
                mixed if mixed.holds_mixed() => Self::Mixed,
                items => Self::List(Box::new(items)),
            },
            (Self::Struct(mut a), Self::Struct(b)) => {
                for (key, shape) in b {
                    let known = a.remove(&key).unwrap_or(Self::Null);
                    a.insert(key, known.merge(shape));
                }
                Self::Struct(a)
            }
            _ => Self::Mixed,
        }
    }

    fn holds_mixed(&self) -> bool {
        match self {
            Self::Mixed => true,
            Self::List(items) => items.holds_mixed(),
            Self::Struct(members) => members.values().any(Self::holds_mixed),
            _ => false,
        }
    }

    fn is_nested(&self) -> bool {
        matches!(self, Self::List(_) | Self::Struct(_))
    }

    /// The Arrow type of a column of this shape.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Bool => DataType::Boolean,
            Self::Int { .. } => DataType::Int64,
            Self::Float | Self::SpecialFloat => DataType::Float64,
            Self::Text | Self::Mixed => DataType::Utf8,
            Self::List(items) => DataType::List(items.item_field()),
            Self::Struct(members) => DataType::Struct(struct_fields(members)),
        }
    }

    /// The field of a list's items.
    pub(crate) fn item_field(&self) -> FieldRef {
        // An empty list says nothing of its items, and not every reader takes a list of nulls.
        let data_type = if *self == Self::Null { DataType::Float64 } else { self.data_type() };
        Arc::new(Field::new("element", data_type, true))
    }
}

fn has_null_member(value: &Json) -> bool {
    match value {
        Json::Object(members) => members.values().any(|member| *member == Json::Null || has_null_member(member)),
        Json::Array(items) => items.iter().any(has_null_member),
        _ => false,
    }
}

/// The fields of a struct's members.
pub(crate) fn struct_fields(members: &BTreeMap<String, Shape>) -> Fields {
    members.iter().map(|(key, shape)| Field::new(key, shape.data_type(), true)).collect()
}

/// The shapes of the columns, by name.
#[derive(Debug, Default)]
pub(crate) struct Columns(BTreeMap<String, Shape>);

impl Columns {
    /// Takes account of a row.
    pub(crate) fn see(&mut self, row: &Object) {
        for (key, value) in row {
            let seen = Shape::of(value, 0);
            match self.0.get_mut(key) {
                Some(shape) => *shape = std::mem::replace(shape, Shape::Null).merge(seen),
                None => {
                    self.0.insert(key.clone(), seen);
                }
            }
        }
    }

    /// The columns as they are written: in `order`, `_step` an integer or a double.
    pub(crate) fn finish(self, order: ColumnOrder, step_as_double: bool) -> Vec<(String, Shape)> {
        let mut columns: Vec<(String, Shape)> = self.0.into_iter().collect();
        if let Some((_, step)) = columns.iter_mut().find(|(name, _)| name == "_step") {
            *step = if step_as_double { Shape::Float } else { Shape::Int { exact: true } };
        }
        if order == ColumnOrder::ScalarsFirst {
            columns.sort_by_key(|(_, shape)| shape.is_nested());
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inferred(values: &[&str]) -> DataType {
        let mut columns = Columns::default();
        for value in values {
            columns.see(&Json::parse_object(&format!("{{\"x\":{value}}}")).unwrap());
        }
        columns.finish(ColumnOrder::Alphabetical, false).remove(0).1.data_type()
    }

    #[test]
    fn the_type_that_holds_every_value() {
        let list = |data_type| DataType::List(Arc::new(Field::new("element", data_type, true)));
        let of = |members: &[(&str, DataType)]| {
            DataType::Struct(members.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true)).collect())
        };
        for (values, expected) in [
            (vec!["1", "2.0"], DataType::Int64),
            (vec!["1", "2.5"], DataType::Float64),
            (vec!["-0.0", "1"], DataType::Float64),
            (vec!["9007199254740993", "1"], DataType::Int64),
            (vec!["9007199254740993", "1.5"], DataType::Utf8),
            (vec!["36893488147419103232"], DataType::Float64),
            (vec!["36893488147419103233"], DataType::Utf8),
            (vec!["\"NaN\"", "1"], DataType::Float64),
            (vec!["\"NaN\""], DataType::Float64),
            (vec!["\"NaN\"", "\"text\""], DataType::Utf8),
            (vec!["true", "null"], DataType::Boolean),
            (vec!["true", "1"], DataType::Utf8),
            (vec!["null"], DataType::Null),
            (vec!["[1]", "[2.5,null]", "[]"], list(DataType::Float64)),
            (vec!["[]"], list(DataType::Float64)),
            (vec!["[1,\"a\"]"], DataType::Utf8),
            (vec!["[1]", "[\"a\"]"], DataType::Utf8),
            (vec!["[{\"a\":1}]"], list(of(&[("a", DataType::Int64)]))),
            (vec!["[{\"a\":1},{\"b\":1}]"], list(of(&[("a", DataType::Int64), ("b", DataType::Int64)]))),
            (vec!["[{\"a\":null}]"], DataType::Utf8),
            (vec!["{\"a\":1}", "{\"b\":true,\"a\":0.5}"], of(&[("a", DataType::Float64), ("b", DataType::Boolean)])),
            (vec!["{\"a\":1}", "{\"a\":\"x\"}"], of(&[("a", DataType::Utf8)])),
            (vec!["{}"], DataType::Utf8),
            (vec!["{\"a\":1}", "2"], DataType::Utf8),
        ] {
            assert_eq!(inferred(&values), expected, "{values:?}");
        }
    }

    #[test]
    fn scalars_come_first_when_asked() {
        let row = Json::parse_object(r#"{"a":[1],"b":1,"_step":0,"c":{"x":1},"d":"t"}"#).unwrap();
        let order = |order| {
            let mut columns = Columns::default();
            columns.see(&row);
            columns.finish(order, true).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(order(ColumnOrder::Alphabetical), ["_step", "a", "b", "c", "d"]);
        assert_eq!(order(ColumnOrder::ScalarsFirst), ["_step", "b", "d", "a", "c"]);
    }
}
