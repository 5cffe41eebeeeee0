//! One row of a page read straight from its escaped text, as long as it is flat and written as clients write it.
//!
//! Nothing is unescaped and nothing is allocated. What is taken here means the same to [`Json`](runlake_types::Json); anything else,
//! valid or not, is left to it.

use memchr::memchr2;
use runlake_types::Number;

use crate::key_table::{KeyMeaning, KeyTable};

/// A value that needs no room of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FlatValue {
    Null,
    Bool(bool),
    /// A number that float64 holds exactly.
    Number(f64),
    /// A string without escapes: where it begins and ends in the text.
    Text(usize, usize),
}

/// The values of a row.
#[derive(Debug)]
pub(crate) struct FlatRow {
    pub(crate) step: Option<i64>,
    pub(crate) timestamp: FlatValue,
    pub(crate) runtime: FlatValue,
    /// What is not null, with the position of its column.
    pub(crate) metrics: Vec<(usize, FlatValue)>,
}

impl FlatRow {
    pub(crate) fn new() -> Self {
        Self { step: None, timestamp: FlatValue::Null, runtime: FlatValue::Null, metrics: Vec::new() }
    }

    /// Reads the row whose escaped text begins at `at`, behind the quote; the offset behind its closing quote. `None` when it is not
    /// surely understood. `column` gives the position of a new key's column.
    pub(crate) fn read(&mut self, text: &[u8], at: usize, keys: &mut KeyTable, mut column: impl FnMut(&str) -> usize) -> Option<usize> {
        self.step = None;
        self.timestamp = FlatValue::Null;
        self.runtime = FlatValue::Null;
        self.metrics.clear();
        keys.begin_row();
        if text[at..].starts_with(b"{}\"") {
            return Some(at + 3);
        }
        let mut at = after(text, at, b"{\\\"")?;
        let mut previous = None;
        loop {
            let key = keys.find(text, at, previous, |key| {
                Some(match key {
                    b"_step" => KeyMeaning::Step,
                    b"_timestamp" => KeyMeaning::Timestamp,
                    b"_runtime" => KeyMeaning::Runtime,
                    key => KeyMeaning::Metric(column(std::str::from_utf8(key).ok()?)),
                })
            })?;
            previous = Some(key.index);
            let (value, end) = read_value(text, skip_spaces(text, key.end))?;
            match key.meaning {
                KeyMeaning::Metric(_) if value == FlatValue::Null => {}
                KeyMeaning::Metric(position) => self.metrics.push((position, value)),
                KeyMeaning::Step => self.step = step_of(value),
                KeyMeaning::Timestamp => self.timestamp = value,
                KeyMeaning::Runtime => self.runtime = value,
            }
            at = skip_spaces(text, end);
            match text.get(at)? {
                b',' => at = after(text, skip_spaces(text, at + 1), b"\\\"")?,
                b'}' => return after(text, at + 1, b"\""),
                _ => return None,
            }
        }
    }
}

fn step_of(value: FlatValue) -> Option<i64> {
    if let FlatValue::Number(number) = value { Number::Float(number).as_i64() } else { None }
}

#[inline]
fn after(text: &[u8], at: usize, token: &[u8]) -> Option<usize> {
    text.get(at..)?.starts_with(token).then_some(at + token.len())
}

#[inline]
fn skip_spaces(text: &[u8], mut at: usize) -> usize {
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

#[inline]
fn read_value(text: &[u8], at: usize) -> Option<(FlatValue, usize)> {
    let token = |token: &[u8], value| Some((value, after(text, at, token)?));
    match text.get(at)? {
        b'-' if text.get(at + 1) == Some(&b'I') => token(b"-Infinity", FlatValue::Number(f64::NEG_INFINITY)),
        b'-' | b'0'..=b'9' => read_number(text, at),
        b'\\' => {
            let from = after(text, at, b"\\\"")?;
            let to = from + memchr2(b'\\', b'"', &text[from..])?;
            Some((FlatValue::Text(from, to), after(text, to, b"\\\"")?))
        }
        b't' => token(b"true", FlatValue::Bool(true)),
        b'f' => token(b"false", FlatValue::Bool(false)),
        b'n' => token(b"null", FlatValue::Null),
        b'N' => token(b"NaN", FlatValue::Number(f64::NAN)),
        b'I' => token(b"Infinity", FlatValue::Number(f64::INFINITY)),
        _ => None,
    }
}

#[inline]
fn read_number(text: &[u8], at: usize) -> Option<(FlatValue, usize)> {
    let (number, end) = runlake_types::read_number(text, at).ok()?;
    number.is_exact_f64().then(|| (FlatValue::Number(number.as_f64()), end))
}
