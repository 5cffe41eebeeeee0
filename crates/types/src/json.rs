//! JSON values as W&B writes them: standard JSON plus bare `NaN`, `Infinity` and `-Infinity`, with integers of any
//! size kept to the digit.
//!
//! `serde_json` rejects the bare tokens and rounds integers beyond 64 bits, so values that users logged go through
//! this type; envelopes and protocol structs, which hold neither, stay with `serde`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::json_parser::Parser;
pub use crate::json_parser::{JsonError, MAX_DEPTH};

/// The members of a JSON object, ordered by key: the order in which they were logged carries no meaning.
pub type Object = BTreeMap<String, Json>;

/// A JSON value. [`fmt::Display`] prints valid compact JSON, in which special floats are the strings `"NaN"`,
/// `"Infinity"` and `"-Infinity"`.
///
/// ```
/// use runlake_types::Json;
/// let row = Json::parse(r#"{"loss": NaN, "big": 9007199254740993, "x": 1.0}"#)?;
/// assert_eq!(row.to_string(), r#"{"big":9007199254740993,"loss":"NaN","x":1.0}"#);
/// # Ok::<(), runlake_types::JsonError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number, special floats included.
    Number(Number),
    /// A string.
    String(String),
    /// A list.
    Array(Vec<Self>),
    /// A dict.
    Object(Object),
}

/// A JSON number: an integer to the digit, or a float.
#[derive(Clone, Debug)]
pub enum Number {
    /// An integer that 64 bits hold.
    Integer(i64),
    /// An integer beyond 64 bits, as its decimal digits with an optional minus sign and no leading zero.
    BigInteger(Box<str>),
    /// Anything written with a fraction or an exponent, and the special floats.
    Float(f64),
}

const TWO_TO_63: f64 = 9.223_372_036_854_776e18;

impl Number {
    /// The nearest float64.
    pub fn as_f64(&self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "`is_exact_f64` tells whether it was")]
            Self::Integer(value) => *value as f64,
            Self::BigInteger(digits) => digits.parse().unwrap_or(f64::NAN),
            Self::Float(value) => *value,
        }
    }

    /// Whether float64 holds this number without loss.
    pub fn is_exact_f64(&self) -> bool {
        match self {
            Self::Integer(value) if value.unsigned_abs() <= 1 << 53 => true,
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the loss is what is tested")]
            Self::Integer(value) => i128::from(*value) == (*value as f64) as i128,
            Self::BigInteger(digits) => format!("{:.0}", self.as_f64()) == **digits,
            Self::Float(_) => true,
        }
    }

    /// The value as an `i64`, when it is integral and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::BigInteger(_) => None,
            Self::Float(value) => {
                let in_range = value.fract() == 0.0 && (-TWO_TO_63..TWO_TO_63).contains(value);
                #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
                in_range.then_some(*value as i64)
            }
        }
    }

    /// Writes the number as JSON. With `canonical`, equal values print alike however they were written: `1.0` as `1`.
    fn write(&self, out: &mut impl fmt::Write, canonical: bool) -> fmt::Result {
        match self {
            Self::Integer(value) if !canonical || value.unsigned_abs() < (1 << 53) || !self.is_exact_f64() => write!(out, "{value}"),
            Self::BigInteger(digits) if !canonical || !self.is_exact_f64() => out.write_str(digits),
            _ => write_float(self.as_f64(), out, canonical),
        }
    }
}

fn write_float(value: f64, out: &mut impl fmt::Write, canonical: bool) -> fmt::Result {
    if value.is_nan() {
        out.write_str("\"NaN\"")
    } else if value.is_infinite() {
        out.write_str(if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" })
    } else if canonical && value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 && !(value == 0.0 && value.is_sign_negative()) {
        write!(out, "{value:.0}")
    } else {
        write!(out, "{value:?}")
    }
}

impl PartialEq for Number {
    /// By value: `1` equals `1.0`, NaN equals NaN, and an integer that float64 cannot hold equals no float.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::BigInteger(a), Self::BigInteger(b)) => a == b,
            (Self::Integer(_), Self::BigInteger(_)) | (Self::BigInteger(_), Self::Integer(_)) => false,
            _ => {
                let (a, b) = (self.as_f64(), other.as_f64());
                (a.to_bits() == b.to_bits() || a == b || (a.is_nan() && b.is_nan())) && self.is_exact_f64() && other.is_exact_f64()
            }
        }
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl Json {
    /// Parses one value and nothing after it but white space.
    ///
    /// # Errors
    /// [`JsonError`] with the byte offset when `text` is not JSON (bare special floats aside) or nests deeper than
    /// [`MAX_DEPTH`].
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        Parser::new(text).parse_document()
    }

    /// Parses an object and nothing else.
    ///
    /// # Errors
    /// As [`Json::parse`], and when the value is not an object.
    pub fn parse_object(text: &str) -> Result<Object, JsonError> {
        match Self::parse(text)? {
            Self::Object(object) => Ok(object),
            _ => Err(JsonError { offset: 0, expected: "an object" }),
        }
    }

    /// The text that is the same for equal values, whichever source they came from: compact, keys in order, and
    /// `1.0` printed as `1`.
    pub fn to_canonical_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, true).expect("writing to a String cannot fail");
        out
    }

    /// The string inside, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The number inside, if this is a number.
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    /// The special float that a string stands for in W&B's JSON replies.
    pub fn special_float(text: &str) -> Option<f64> {
        match text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        }
    }

    fn write(&self, out: &mut impl fmt::Write, canonical: bool) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Number(number) => number.write(out, canonical),
            Self::String(text) => write_json_string(text, out),
            Self::Array(items) => {
                out.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.write_char(',')?;
                    }
                    item.write(out, canonical)?;
                }
                out.write_char(']')
            }
            Self::Object(members) => {
                out.write_char('{')?;
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.write_char(',')?;
                    }
                    write_json_string(key, out)?;
                    out.write_char(':')?;
                    value.write(out, canonical)?;
                }
                out.write_char('}')
            }
        }
    }
}

/// Writes `text` as a JSON string, quotes included: escaped only where JSON demands it.
///
/// ```
/// let mut out = String::new();
/// runlake_types::write_json_string("größe \"1\"\n", &mut out)?;
/// assert_eq!(out, r#""größe \"1\"\n""#);
/// # Ok::<(), std::fmt::Error>(())
/// ```
///
/// # Errors
/// When `out` fails; a `String` never does.
pub fn write_json_string(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    out.write_char('"')?;
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.write_str(&text[plain_from..at])?;
        plain_from = at + 1;
        match byte {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            _ => write!(out, "\\u{byte:04x}")?,
        }
    }
    out.write_str(&text[plain_from..])?;
    out.write_char('"')
}

impl fmt::Display for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter, false)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter, false)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Number(Number::Integer(value))
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Self::Number(Number::Float(value))
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<Object> for Json {
    fn from(value: Object) -> Self {
        Self::Object(value)
    }
}

/// Prints an object as compact JSON text.
pub fn object_text(object: &Object) -> String {
    let mut out = String::from("{");
    for (index, (key, value)) in object.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_json_string(key, &mut out).expect("writing to a String cannot fail");
        write!(out, ":{value}").expect("writing to a String cannot fail");
    }
    out.push('}');
    out
}

/// Puts quotes around bare `NaN`, `Infinity` and `-Infinity` outside strings, so that a strict JSON parser reads an
/// envelope that a lenient server wrote. Borrowed when there is nothing to do.
pub fn quote_bare_floats(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut copied, mut at, mut in_string) = (0, 0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'N' | b'I' | b'-' if !in_string => {
                if let Some(token) = ["NaN", "Infinity", "-Infinity"].into_iter().find(|token| text[at..].starts_with(token)) {
                    out.push_str(&text[copied..at]);
                    out.push('"');
                    out.push_str(token);
                    out.push('"');
                    at += token.len();
                    copied = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Json::parse(text).unwrap().to_canonical_text()
    }

    #[test]
    fn numbers_keep_every_digit() {
        for text in ["9007199254740993", "-9223372036854775808", "18446744073709551616", "1180591620717411303424", "1e-7", "0.1"] {
            assert_eq!(Json::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn canonical_text_does_not_depend_on_how_a_number_was_written() {
        assert_eq!(canonical("[1.0, 1, 1e0]"), "[1,1,1]");
        assert_eq!(canonical("100000000000000000000"), canonical("1e20"));
        assert_eq!(canonical("100000000000000000"), canonical("1e17"));
        assert_ne!(canonical("9007199254740993"), canonical("9007199254740993.0"));
        assert_eq!(canonical("-0.0"), "-0.0");
    }

    #[test]
    fn exactness_is_seen() {
        let exact = |text: &str| Json::parse(text).unwrap().as_number().unwrap().is_exact_f64();
        assert!(exact("9007199254740992"));
        assert!(!exact("9007199254740993"));
        assert!(!exact("9223372036854775807"));
        assert!(exact("-9223372036854775808"));
        assert!(exact("18446744073709551616"));
        assert!(!exact("18446744073709551617"));
    }

    #[test]
    fn equality_is_by_value() {
        assert_eq!(Json::parse("1").unwrap(), Json::parse("1.0").unwrap());
        assert_eq!(Json::parse("NaN").unwrap(), Json::parse("NaN").unwrap());
        assert_ne!(Json::parse("9007199254740993").unwrap(), Json::parse("9007199254740992.0").unwrap());
    }

    #[test]
    fn bare_floats_are_quoted_outside_strings_only() {
        assert_eq!(
            quote_bare_floats(r#"{"a":NaN,"b":[-Infinity,Infinity],"c":"NaN \" NaN"}"#),
            r#"{"a":"NaN","b":["-Infinity","Infinity"],"c":"NaN \" NaN"}"#
        );
        assert!(matches!(quote_bare_floats(r#"{"a":-1,"é":"NaN"}"#), Cow::Borrowed(_)));
    }
}
