//! Answers as JSON, from whatever the library gives.

use runlake::Error;
use runlake_types::{HistoryKeys, Json, Object, RunState, Timestamp};

/// What can be an answer.
pub trait ToAnswer {
    /// The answer.
    fn to_answer(&self) -> Json;
}

/// A list of answers of any kind.
macro_rules! list {
    ($($value:expr),* $(,)?) => {
        runlake_types::Json::Array(vec![$($crate::members::answer::ToAnswer::to_answer(&$value)),*])
    };
}

pub(crate) use list;

/// The answer, or `"refused"`: what each client says of a refusal is its own affair.
pub fn outcome<T: ToAnswer>(outcome: Result<T, Error>) -> Json {
    outcome.map_or_else(|_| Json::from("refused"), |answer| answer.to_answer())
}

impl<T: ToAnswer + ?Sized> ToAnswer for &T {
    fn to_answer(&self) -> Json {
        (**self).to_answer()
    }
}

impl<T: ToAnswer> ToAnswer for Option<T> {
    fn to_answer(&self) -> Json {
        self.as_ref().map_or(Json::Null, ToAnswer::to_answer)
    }
}

impl<T: ToAnswer> ToAnswer for [T] {
    fn to_answer(&self) -> Json {
        Json::Array(self.iter().map(ToAnswer::to_answer).collect())
    }
}

impl<T: ToAnswer, const N: usize> ToAnswer for [T; N] {
    fn to_answer(&self) -> Json {
        self.as_slice().to_answer()
    }
}

impl<T: ToAnswer> ToAnswer for Vec<T> {
    fn to_answer(&self) -> Json {
        self.as_slice().to_answer()
    }
}

impl ToAnswer for str {
    fn to_answer(&self) -> Json {
        Json::from(self)
    }
}

impl ToAnswer for String {
    fn to_answer(&self) -> Json {
        Json::from(self.as_str())
    }
}

impl ToAnswer for bool {
    fn to_answer(&self) -> Json {
        Json::from(*self)
    }
}

impl ToAnswer for i64 {
    fn to_answer(&self) -> Json {
        Json::from(*self)
    }
}

impl ToAnswer for u64 {
    fn to_answer(&self) -> Json {
        Json::from(i64::try_from(*self).expect("the sample data has no such numbers"))
    }
}

impl ToAnswer for usize {
    fn to_answer(&self) -> Json {
        Json::from(i64::try_from(*self).expect("the sample data has no such numbers"))
    }
}

impl ToAnswer for Json {
    fn to_answer(&self) -> Json {
        self.clone()
    }
}

impl ToAnswer for Object {
    fn to_answer(&self) -> Json {
        Json::Object(self.clone())
    }
}

impl ToAnswer for HistoryKeys {
    fn to_answer(&self) -> Json {
        Json::Object(self.to_object())
    }
}

impl ToAnswer for RunState {
    fn to_answer(&self) -> Json {
        Json::from(self.as_str())
    }
}

impl ToAnswer for Timestamp {
    fn to_answer(&self) -> Json {
        Json::from(self.to_string().trim_end_matches('Z'))
    }
}

impl ToAnswer for () {
    fn to_answer(&self) -> Json {
        Json::Null
    }
}
