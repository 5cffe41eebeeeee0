//! The parser behind [`Json::parse`](crate::Json::parse): recursive descent over a `&str`, with a depth limit in place
//! of a stack overflow.

use std::borrow::Cow;

use memchr::memchr2;

use crate::json::{Json, Number, Object};
use crate::json_number::read_number;
use crate::object_sink::ObjectSink;

/// How deep arrays and objects may nest. Deeper text is an error, never a stack overflow.
pub const MAX_DEPTH: usize = 256;

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at byte {offset}")]
pub struct JsonError {
    /// Where reading stopped, in bytes from the start.
    pub offset: usize,
    /// What would have been valid there.
    pub expected: &'static str,
}

pub(crate) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    pub(crate) fn parse_document(mut self) -> Result<Json, JsonError> {
        let value = self.value()?;
        self.end()?;
        Ok(value)
    }

    /// A list of objects and nothing else, each handed to `sink` and not kept.
    pub(crate) fn parse_objects(mut self, sink: &mut impl ObjectSink) -> Result<(), JsonError> {
        self.skip_space();
        if self.peek() != Some(b'[') {
            return Err(self.expected("a list of objects"));
        }
        self.nested(|list| {
            list.items(|list| {
                list.object_into(sink)?;
                sink.end_object();
                Ok(())
            })
        })?;
        self.end()
    }

    /// One object and nothing else, handed to `sink` and not kept.
    pub(crate) fn parse_object(mut self, sink: &mut impl ObjectSink) -> Result<(), JsonError> {
        self.object_into(sink)?;
        // Only what is whole has an end.
        self.end()?;
        sink.end_object();
        Ok(())
    }

    fn object_into(&mut self, sink: &mut impl ObjectSink) -> Result<(), JsonError> {
        self.skip_space();
        if self.peek() != Some(b'{') {
            return Err(self.expected("an object"));
        }
        self.nested(|object| object.members(|name, value| sink.member(&name, value)))
    }

    fn end(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        if self.at == self.text.len() { Ok(()) } else { Err(self.expected("the end of the text")) }
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError { offset: self.at, expected }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline]
    fn eat(&mut self, token: &str) -> bool {
        let found = self.text.as_bytes()[self.at..].starts_with(token.as_bytes());
        if found {
            self.at += token.len();
        }
        found
    }

    fn value(&mut self) -> Result<Json, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(|text| Json::String(text.into_owned())),
            Some(b't') if self.eat("true") => Ok(Json::Bool(true)),
            Some(b'f') if self.eat("false") => Ok(Json::Bool(false)),
            Some(b'n') if self.eat("null") => Ok(Json::Null),
            Some(b'N') if self.eat("NaN") => Ok(Json::from(f64::NAN)),
            Some(b'I') if self.eat("Infinity") => Ok(Json::from(f64::INFINITY)),
            Some(b'-') if self.eat("-Infinity") => Ok(Json::from(f64::NEG_INFINITY)),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            _ => Err(self.expected("a value")),
        }
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, JsonError>) -> Result<T, JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(self.expected("less nesting"));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Json, JsonError> {
        let mut items = Vec::new();
        self.items(|array| {
            items.push(array.value()?);
            Ok(())
        })?;
        Ok(Json::Array(items))
    }

    /// What stands between the brackets of a list, whose items `read` reads.
    fn items(&mut self, mut read: impl FnMut(&mut Self) -> Result<(), JsonError>) -> Result<(), JsonError> {
        self.skip_space();
        if self.eat("]") {
            return Ok(());
        }
        loop {
            read(self)?;
            self.skip_space();
            if self.eat("]") {
                return Ok(());
            }
            if !self.eat(",") {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Json, JsonError> {
        let mut members = Object::new();
        self.members(|name, value| {
            members.insert(name.into_owned(), value);
        })?;
        Ok(Json::Object(members))
    }

    /// What stands between the braces of an object, whose members `put` takes.
    fn members(&mut self, mut put: impl FnMut(Cow<'a, str>, Json)) -> Result<(), JsonError> {
        self.skip_space();
        if self.eat("}") {
            return Ok(());
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.expected("a key in quotes"));
            }
            let name = self.string()?;
            self.skip_space();
            if !self.eat(":") {
                return Err(self.expected("`:`"));
            }
            put(name, self.value()?);
            self.skip_space();
            if self.eat("}") {
                return Ok(());
            }
            if !self.eat(",") {
                return Err(self.expected("`,` or `}`"));
            }
        }
    }

    fn number(&mut self) -> Result<Number, JsonError> {
        let (number, end) = read_number(self.text.as_bytes(), self.at)?;
        self.at = end;
        Ok(number)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let text = self.text;
        // What stands before the escape that was read last; none as long as there is no escape.
        let mut unescaped: Option<String> = None;
        let mut plain_from = self.at;
        loop {
            let Some(length) = memchr2(b'"', b'\\', &text.as_bytes()[self.at..]) else {
                self.at = text.len();
                return Err(self.expected("a closing quote"));
            };
            self.at += length;
            let plain = &text[plain_from..self.at];
            let is_end = self.peek() == Some(b'"');
            self.at += 1;
            if is_end {
                return Ok(match unescaped {
                    None => Cow::Borrowed(plain),
                    Some(before) => Cow::Owned(before + plain),
                });
            }
            let unescaped = unescaped.get_or_insert_default();
            unescaped.push_str(plain);
            unescaped.push(self.escape()?);
            plain_from = self.at;
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let byte = self.peek().ok_or_else(|| self.expected("an escape"))?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex4()?;
                let mut scalar = u32::from(first);
                if (0xD800..0xDC00).contains(&first) && self.text.as_bytes()[self.at..].starts_with(b"\\u") {
                    let back = self.at;
                    self.at += 2;
                    let second = self.hex4()?;
                    if (0xDC00..0xE000).contains(&second) {
                        scalar = 0x10000 + ((u32::from(first) - 0xD800) << 10) + (u32::from(second) - 0xDC00);
                    } else {
                        self.at = back;
                    }
                }
                // A lone surrogate is no character, and Python can write one: it becomes U+FFFD rather than an error.
                char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => {
                self.at -= 1;
                return Err(self.expected("an escape"));
            }
        })
    }

    fn hex4(&mut self) -> Result<u16, JsonError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let value =
            digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or_else(|| self.expected("four hexadecimal digits"))?;
        self.at += 4;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strings_unescape() {
        let parsed = Json::parse(r#""\u00e9 \ud83d\ude00 \n \/ \ud800x""#).unwrap();
        assert_eq!(parsed.as_str(), Some("é 😀 \n / \u{FFFD}x"));
    }

    #[test]
    fn what_is_not_json_is_an_error_with_its_place() {
        for (text, offset) in [
            ("", 0),
            ("{", 1),
            ("[1,]", 3),
            ("01", 1),
            ("\"a", 2),
            ("{\"a\" 1}", 5),
            ("nul", 0),
            ("1 2", 2),
            ("\"\\x\"", 2),
            ("1.", 2),
            ("-", 1),
        ] {
            assert_eq!(Json::parse(text).unwrap_err().offset, offset, "{text}");
        }
    }

    #[test]
    fn depth_is_limited() {
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
        let fits = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert!(Json::parse(&fits).is_ok());
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_filter("special floats print as strings", |value| value.is_finite()).prop_map(Json::from),
            ".*".prop_map(Json::String),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
                prop::collection::btree_map(".*", inner, 0..6).prop_map(Json::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(value in any_json()) {
            prop_assert_eq!(Json::parse(&value.to_string()).unwrap(), value.clone());
            prop_assert_eq!(Json::parse(&value.to_canonical_text()).unwrap(), value);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _value = Json::parse(&text);
        }
    }
}
