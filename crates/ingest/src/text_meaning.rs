//! What the utf8 columns of an export hold: strings as they were logged, or JSON text of values of several types.

use std::cell::OnceCell;
use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use runlake_types::{HistoryKeys, Json, KindCounts};

/// What a utf8 column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextMeaning {
    /// Strings as they were logged.
    Raw,
    /// JSON text, since values of several types were logged; text that is no JSON is taken as it stands.
    Json,
}

/// What the service counted under each dotted name of a run, which tells what its texts are.
#[derive(Debug)]
pub(crate) struct TextMeanings {
    counts: HashMap<String, KindCounts>,
}

impl TextMeanings {
    pub(crate) fn new(keys: Option<&HistoryKeys>) -> Self {
        Self { counts: keys.map(|keys| keys.keys().map(|(name, counts)| (name.to_owned(), counts)).collect()).unwrap_or_default() }
    }

    /// The meaning of each utf8 column in a top-level column, by dotted name. Where nothing was counted it is guessed from the texts.
    pub(crate) fn of_column<'a>(&'a self, column: &'a dyn Array) -> impl Fn(&str) -> TextMeaning + 'a {
        let guess = OnceCell::new();
        move |name| match self.counts.get(name) {
            Some(counts) if *counts != KindCounts::default() => {
                if counts.is_mixed() || counts.string == 0 {
                    TextMeaning::Json
                } else {
                    TextMeaning::Raw
                }
            }
            _ => *guess.get_or_init(|| guess_meaning(column)),
        }
    }
}

/// What a utf8 column holds when the service counted nothing: JSON when every value is JSON and one is a quoted string, a list, a
/// dict or a boolean beside others, since a column of one plain type would not have been written as text.
fn guess_meaning(column: &dyn Array) -> TextMeaning {
    let texts: Vec<&str> = match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().flatten().collect(),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().flatten().collect(),
        _ => return TextMeaning::Raw,
    };
    let parsed: Result<Vec<Json>, _> = texts.into_iter().map(Json::parse).collect();
    match parsed {
        Ok(values) if values.iter().any(|value| !matches!(value, Json::Number(_) | Json::Null)) => TextMeaning::Json,
        _ => TextMeaning::Raw,
    }
}
