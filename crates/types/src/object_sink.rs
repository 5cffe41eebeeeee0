//! Objects read member by member, for those who make columns of them and keep no object.

use crate::json_parser::{JsonError, Parser};
use crate::{Json, Object};

/// What takes objects as they are read.
pub trait ObjectSink {
    /// A member of the object at hand, in the order of the text. A name that comes again replaces what came before.
    fn member(&mut self, name: &str, value: Json);

    /// The object at hand is whole, and another may begin.
    fn end_object(&mut self);
}

/// A sink that keeps whole objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objects {
    /// The objects that have an end, in the order of the text.
    pub whole: Vec<Object>,
    open: Object,
}

impl ObjectSink for Objects {
    fn member(&mut self, name: &str, value: Json) {
        self.open.insert(name.to_owned(), value);
    }

    fn end_object(&mut self) {
        self.whole.push(std::mem::take(&mut self.open));
    }
}

/// Reads a list of objects. What was read before an error stays with `sink`, also the members of an object that has no end, so that `sink`
/// is not to be used any more.
///
/// ```
/// use runlake_types::{Json, ObjectSink, read_objects};
///
/// #[derive(Default)]
/// struct Losses(Vec<Json>);
///
/// impl ObjectSink for Losses {
///     fn member(&mut self, name: &str, value: Json) {
///         if name == "loss" {
///             self.0.push(value);
///         }
///     }
///
///     fn end_object(&mut self) {}
/// }
///
/// let mut losses = Losses::default();
/// read_objects(r#"[{"_step": 0, "loss": 0.5}, {"_step": 1, "loss": NaN}]"#, &mut losses)?;
/// assert_eq!(losses.0, [Json::from(0.5), Json::from(f64::NAN)]);
/// # Ok::<(), runlake_types::JsonError>(())
/// ```
///
/// # Errors
/// As [`Json::parse`], and when the value is not a list of objects.
pub fn read_objects(text: &str, sink: &mut impl ObjectSink) -> Result<(), JsonError> {
    Parser::new(text).parse_objects(sink)
}

/// Reads one object, as [`read_objects`] does many.
///
/// # Errors
/// As [`Json::parse_object`].
pub fn read_object(text: &str, sink: &mut impl ObjectSink) -> Result<(), JsonError> {
    Parser::new(text).parse_object(sink)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_list_of_objects_is_an_error_with_its_place() {
        for (text, offset) in [("", 0), ("{}", 0), ("[", 1), ("[1]", 1), ("[{},]", 4), ("[{}", 3), ("[{}] x", 5), (r#"[{"a":1}{}]"#, 8)] {
            assert_eq!(read_objects(text, &mut Objects::default()).unwrap_err().offset, offset, "{text}");
        }
        for (text, offset) in [("[]", 0), ("{} {}", 3), (r#"{"a":}"#, 5)] {
            let mut objects = Objects::default();
            assert_eq!(read_object(text, &mut objects).unwrap_err().offset, offset, "{text}");
            assert_eq!(objects.whole, Vec::<Object>::new());
        }
    }

    proptest! {
        #[test]
        fn members_make_the_objects_that_parsing_makes(text in r#"\[(\{("[ab\\n]{0,2}":(1|NaN|"x\\u00e9"|\[\{\}\]|\{"a": ?1\}),?){0,3}\} ?,?){0,3}\]?"#) {
            let parsed = match Json::parse(&text) {
                Ok(Json::Array(items)) => Some(items),
                _ => None,
            };
            let mut objects = Objects::default();
            let read = read_objects(&text, &mut objects).ok();
            prop_assert_eq!(read.map(|()| objects.whole.into_iter().map(Json::Object).collect()), parsed);
        }
    }
}
