//! The scalars that the SDK's documents name.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    ContextSelectionSet, InputValueError, InputValueResult, Number, OutputType, Positioned, Scalar, ScalarType, ServerResult, Value,
    to_value,
};
use runlake_types::Timestamp;
use serde_json::value::RawValue;

use super::Request;
use crate::splice::Text;

/// A string that holds JSON.
#[derive(Clone, Debug)]
pub(super) struct JsonString(pub(super) String);

#[Scalar(name = "JSONString")]
impl ScalarType for JsonString {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A list of [`JsonString`] whose text is put into the reply when it is sent.
#[derive(Clone, Debug)]
pub(super) struct JsonStrings {
    mark: String,
}

impl JsonStrings {
    /// The list whose JSON text is `text`.
    pub(super) fn spliced(request: &Request, text: Text) -> Self {
        Self { mark: request.splices.mark(text) }
    }
}

impl OutputType for JsonStrings {
    fn type_name() -> Cow<'static, str> {
        <Vec<JsonString> as OutputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<JsonString> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<JsonString> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::String(self.mark.clone()))
    }
}

/// Plain JSON: objects, lists, numbers of any size.
#[derive(Clone, Debug)]
pub(super) struct PlainJson(Value);

impl PlainJson {
    /// The value that `text` is. It goes out as it stands, so every digit is kept.
    pub(super) fn from_text(text: String) -> Self {
        // Text that is no JSON cannot come from this crate; null is then less wrong than a broken reply.
        Self(RawValue::from_string(text).ok().and_then(|raw| to_value(&raw).ok()).unwrap_or(Value::Null))
    }

    /// The value whose JSON text is put into the reply when it is sent.
    pub(super) fn spliced(request: &Request, text: Text) -> Self {
        Self(Value::String(request.splices.mark(text)))
    }
}

#[Scalar(name = "JSON")]
impl ScalarType for PlainJson {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

/// An integer of 64 bits; a JSON number on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Int64(pub(super) i64);

#[Scalar]
impl ScalarType for Int64 {
    fn parse(value: Value) -> InputValueResult<Self> {
        let integer = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        integer.map(Self).ok_or_else(|| InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(self.0))
    }
}

/// An instant as ISO 8601.
#[derive(Clone, Copy, Debug)]
pub(super) struct DateTime(pub(super) Timestamp);

#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let instant = if let Value::String(text) = &value { Timestamp::parse(text).ok() } else { None };
        instant.map(Self).ok_or_else(|| InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A byte count or the like as an [`Int64`].
pub(super) fn int64(count: u64) -> Int64 {
    Int64(i64::try_from(count).unwrap_or(i64::MAX))
}
