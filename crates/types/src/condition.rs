//! Filters built in steps instead of written as JSON: conditions on fields, put together with `and`, `or` and `not`.

use crate::{Error, Filter, Json, Object};

/// A condition that a run meets or not. [`Condition::into_filter`] makes the filter, and says what is wrong with a field's name.
///
/// ```
/// use runlake_types::Condition;
/// let condition = Condition::field("state").equals("finished") & (Condition::field("config.lr").at_least(0.1) | Condition::has_tag("best"));
/// assert_eq!(
///     condition.into_filter()?.to_string(),
///     r#"{"$and":[{"state":"finished"},{"$or":[{"config.lr":{"$gte":0.1}},{"tags":"best"}]}]}"#
/// );
/// assert!(Condition::field("colour").equals("red").into_filter().is_err());
/// # Ok::<(), runlake_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a condition does nothing before it is made a filter"]
pub struct Condition(Object);

/// A field that a condition is made of: [`Condition::field`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a field is no condition yet"]
pub struct ConditionField(String);

impl Condition {
    /// A field of runs: `state`, `createdAt`, `config.KEY`, `summary_metrics.KEY` and the like, as filters name them.
    pub fn field(name: impl Into<String>) -> ConditionField {
        ConditionField(name.into())
    }

    /// Runs that have this tag.
    pub fn has_tag(tag: &str) -> Self {
        Self::field("tags").equals(tag)
    }

    /// The filter.
    ///
    /// # Errors
    /// [`ErrorKind::Filter`](crate::ErrorKind::Filter) when a field is not one that runs have, or a pattern is none.
    pub fn into_filter(self) -> Result<Filter, Error> {
        Filter::from_object(self.0)
    }

    fn combined(operator: &str, left: Self, right: Self) -> Self {
        let branches = [left, right].into_iter().flat_map(|condition| match condition.0.get(operator) {
            // `a & b & c` is one list, not a tree.
            Some(Json::Array(branches)) if condition.0.len() == 1 => branches.clone(),
            _ => vec![Json::Object(condition.0)],
        });
        Self(Object::from([(operator.to_owned(), Json::Array(branches.collect()))]))
    }
}

/// Both.
impl std::ops::BitAnd for Condition {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self::combined("$and", self, other)
    }
}

/// One of them at least.
impl std::ops::BitOr for Condition {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self::combined("$or", self, other)
    }
}

/// The runs that do not meet it, those without a value among them.
impl std::ops::Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self(Object::from([("$nor".to_owned(), Json::Array(vec![Json::Object(self.0)]))]))
    }
}

impl ConditionField {
    /// The value is this one; of a list, one of its items is.
    pub fn equals(self, value: impl Into<Json>) -> Condition {
        match value.into() {
            // A bare object would be taken for operators.
            object @ Json::Object(_) => self.with("$eq", object),
            value => Condition(Object::from([(self.0, value)])),
        }
    }

    /// The value is another one, or there is none.
    pub fn differs_from(self, value: impl Into<Json>) -> Condition {
        self.with("$ne", value.into())
    }

    /// The value is greater.
    pub fn above(self, value: impl Into<Json>) -> Condition {
        self.with("$gt", value.into())
    }

    /// The value is this one or greater.
    pub fn at_least(self, value: impl Into<Json>) -> Condition {
        self.with("$gte", value.into())
    }

    /// The value is less.
    pub fn below(self, value: impl Into<Json>) -> Condition {
        self.with("$lt", value.into())
    }

    /// The value is this one or less.
    pub fn at_most(self, value: impl Into<Json>) -> Condition {
        self.with("$lte", value.into())
    }

    /// The value is one of these.
    pub fn one_of<T: Into<Json>>(self, values: impl IntoIterator<Item = T>) -> Condition {
        self.with("$in", Json::Array(values.into_iter().map(Into::into).collect()))
    }

    /// The value is none of these, or there is none.
    pub fn none_of<T: Into<Json>>(self, values: impl IntoIterator<Item = T>) -> Condition {
        self.with("$nin", Json::Array(values.into_iter().map(Into::into).collect()))
    }

    /// There is a value, or there is none.
    pub fn exists(self, exists: bool) -> Condition {
        self.with("$exists", Json::from(exists))
    }

    /// The value is a text in which the pattern is found: RE2 syntax, <https://github.com/google/re2/wiki/Syntax>.
    pub fn matches(self, pattern: &str) -> Condition {
        self.with("$regex", Json::from(pattern))
    }

    fn with(self, operator: &str, operand: Json) -> Condition {
        Condition(Object::from([(self.0, Json::Object(Object::from([(operator.to_owned(), operand)])))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RunPath, RunRecord};

    #[test]
    fn conditions_are_what_they_say() {
        let mut run = RunRecord::new(RunPath::new("e", "p", "r1"), "id".to_owned());
        run.config = Json::parse_object(r#"{"lr":0.1,"opt":{"name":"adam"},"a.b":3}"#).unwrap();
        run.tags = vec!["best".to_owned()];
        let meets = |condition: Condition| condition.into_filter().unwrap().matches(&run);
        let field = |name: &str| Condition::field(name);
        assert!(meets(field("config.lr").above(0.05) & field("config.lr").below(0.2) & field("name").equals("r1")));
        assert!(meets(field("config.lr").at_most(0.01) | Condition::has_tag("best")));
        assert!(meets(!field("config.missing").equals(1) & field("config.missing").exists(false)));
        assert!(meets(field("config.opt").equals(Json::parse(r#"{"name":"adam"}"#).unwrap())));
        assert!(meets(field("config.a.b").one_of([1.0, 3.0]) & field("state").none_of(["finished"])));
        assert!(meets(field("config.opt.name").matches("^ad") & field("config.lr").differs_from(0.2) & field("config.lr").at_least(0.1)));
        let three = field("name").equals("a") & field("name").equals("b") & field("name").equals("c");
        assert_eq!(three.into_filter().unwrap().to_string(), r#"{"$and":[{"name":"a"},{"name":"b"},{"name":"c"}]}"#);
        assert!(field("name").matches("(").into_filter().is_err());
    }
}
