//! Which runs: the Mongo-style filters of the service, parsed once and evaluated locally.
//!
//! The documented operators (<https://docs.wandb.ai/ref/python/public-api/api#runs>) are `$and $or $nor $eq $ne $gt $gte $lt
//! $lte $in $nin $exists $regex`; `$not` is Mongo's. A missing field equals null and is less and greater than nothing. A list
//! passes a test when one of its items does. Dots in keys are found wherever they are, which the service gets wrong.

use std::cmp::Ordering;
use std::fmt;

use regex::Regex;

use crate::{Error, ErrorKind, Field, Json, Object, RunRecord, Timestamp};

/// A parsed filter.
///
/// ```
/// use runlake_types::{Filter, Json, RunPath, RunRecord};
/// let filter = Filter::parse(r#"{"$or": [{"config.lr": {"$gte": 0.1}}, {"tags": "best"}]}"#)?;
/// let mut run = RunRecord::new(RunPath::parse("team/digits/r1")?, "id".to_owned());
/// assert!(!filter.matches(&run));
/// run.config.insert("lr".to_owned(), Json::from(0.3));
/// assert!(filter.matches(&run));
/// # Ok::<(), runlake_types::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Filter {
    node: Node,
    /// The JSON as it was given, which is what the service is sent.
    source: Object,
}

#[derive(Clone, Debug)]
enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Field(Field, Test),
}

#[derive(Clone, Debug)]
enum Test {
    All(Vec<Self>),
    Not(Box<Self>),
    Equals(Json),
    Compares(&'static [Ordering], Json),
    In(Vec<Json>),
    Exists(bool),
    Matches(Regex),
}

impl Filter {
    /// The filter that every run passes.
    pub fn everything() -> Self {
        Self { node: Node::All(Vec::new()), source: Object::new() }
    }

    /// Parses the JSON text of a filter. An empty text or object lets every run pass.
    ///
    /// # Errors
    /// [`ErrorKind::FilterJson`] when it is not JSON, [`ErrorKind::Filter`] when it is not a filter.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Ok(Self::everything());
        }
        match Json::parse(text).map_err(|source| ErrorKind::FilterJson { source })? {
            Json::Object(source) => Self::from_object(source),
            _ => Err(invalid("", "a filter is an object, such as {\"state\": \"finished\"}")),
        }
    }

    /// Parses a filter that is an object already.
    ///
    /// # Errors
    /// [`ErrorKind::Filter`] when it is not a filter.
    pub fn from_object(source: Object) -> Result<Self, Error> {
        Ok(Self { node: parse_node(&source, "")?, source })
    }

    /// Whether `run` passes.
    pub fn matches(&self, run: &RunRecord) -> bool {
        self.node.matches(run)
    }

    /// Whether every run passes without a look.
    pub fn is_everything(&self) -> bool {
        self.source.is_empty()
    }
}

/// The JSON that the service is sent.
impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&crate::object_text(&self.source))
    }
}

fn invalid(at: &str, reason: impl Into<String>) -> Error {
    ErrorKind::Filter { at: if at.is_empty() { "$".to_owned() } else { at.to_owned() }, reason: reason.into() }.into()
}

fn join(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

fn parse_node(object: &Object, at: &str) -> Result<Node, Error> {
    let mut all = Vec::with_capacity(object.len());
    for (key, value) in object {
        let at = join(at, key);
        all.push(match key.as_str() {
            "$and" => Node::All(parse_branches(value, &at)?),
            "$or" => Node::Any(parse_branches(value, &at)?),
            "$nor" => Node::Not(Box::new(Node::Any(parse_branches(value, &at)?))),
            "$not" => match value {
                Json::Object(inner) => Node::Not(Box::new(parse_node(inner, &at)?)),
                _ => return Err(invalid(&at, "$not takes a filter")),
            },
            operator if operator.starts_with('$') => {
                return Err(invalid(&at, format!("`{operator}` stands where a field, $and, $or, $nor or $not is expected")));
            }
            name => {
                let field = Field::parse(name).map_err(|reason| invalid(&at, reason))?;
                Node::Field(field, parse_test(value, &at)?)
            }
        });
    }
    Ok(if all.len() == 1 { all.remove(0) } else { Node::All(all) })
}

fn parse_branches(value: &Json, at: &str) -> Result<Vec<Node>, Error> {
    let Json::Array(items) = value else { return Err(invalid(at, "a list of filters is expected")) };
    let branch = |(index, item): (usize, &Json)| {
        let at = format!("{at}[{index}]");
        item.as_object().ok_or_else(|| invalid(&at, "a filter is expected")).and_then(|object| parse_node(object, &at))
    };
    items.iter().enumerate().map(branch).collect()
}

fn parse_test(value: &Json, at: &str) -> Result<Test, Error> {
    let operators = value.as_object().filter(|object| object.keys().any(|key| key.starts_with('$')));
    let Some(operators) = operators else { return Ok(Test::Equals(value.clone())) };
    let mut all = Vec::with_capacity(operators.len());
    for (operator, operand) in operators {
        let at = join(at, operator);
        let list = || match operand {
            Json::Array(items) => Ok(items.clone()),
            _ => Err(invalid(&at, format!("{operator} takes a list"))),
        };
        all.push(match operator.as_str() {
            "$eq" => Test::Equals(operand.clone()),
            "$ne" => Test::Not(Box::new(Test::Equals(operand.clone()))),
            "$gt" => Test::Compares(&[Ordering::Greater], operand.clone()),
            "$gte" => Test::Compares(&[Ordering::Greater, Ordering::Equal], operand.clone()),
            "$lt" => Test::Compares(&[Ordering::Less], operand.clone()),
            "$lte" => Test::Compares(&[Ordering::Less, Ordering::Equal], operand.clone()),
            "$in" => Test::In(list()?),
            "$nin" => Test::Not(Box::new(Test::In(list()?))),
            "$not" => Test::Not(Box::new(parse_test(operand, &at)?)),
            "$exists" => match operand {
                Json::Bool(wanted) => Test::Exists(*wanted),
                Json::Number(number) => Test::Exists(number.as_f64() != 0.0),
                _ => return Err(invalid(&at, "$exists takes true or false")),
            },
            "$regex" => {
                let pattern = operand.as_str().ok_or_else(|| invalid(&at, "$regex takes a string"))?;
                let case_blind = operators.get("$options").and_then(Json::as_str).is_some_and(|options| options.contains('i'));
                let pattern = if case_blind { format!("(?i){pattern}") } else { pattern.to_owned() };
                Test::Matches(Regex::new(&pattern).map_err(|error| invalid(&at, error.to_string()))?)
            }
            "$options" if operators.contains_key("$regex") => continue,
            unknown => return Err(invalid(&at, format!("`{unknown}` is not an operator"))),
        });
    }
    Ok(if all.len() == 1 { all.remove(0) } else { Test::All(all) })
}

impl Node {
    fn matches(&self, run: &RunRecord) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(run)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(run)),
            Self::Not(node) => !node.matches(run),
            Self::Field(field, test) => test.passes(field.value(run).as_deref(), field.is_time()),
        }
    }
}

impl Test {
    fn passes(&self, value: Option<&Json>, time: bool) -> bool {
        // A list passes when an item does; as a whole it can still equal a list.
        let any = |test: &dyn Fn(&Json) -> bool| match value {
            None => false,
            Some(Json::Array(items)) => items.iter().any(test) || value.is_some_and(test),
            Some(single) => test(single),
        };
        let equals = |wanted: &Json| match value {
            None | Some(Json::Null) => *wanted == Json::Null,
            Some(_) => any(&|item| equal(item, wanted, time)),
        };
        match self {
            Self::All(tests) => tests.iter().all(|test| test.passes(value, time)),
            Self::Not(test) => !test.passes(value, time),
            Self::Equals(wanted) => equals(wanted),
            Self::In(wanted) => wanted.iter().any(equals),
            Self::Compares(orderings, operand) => any(&|item| compare(item, operand, time).is_some_and(|found| orderings.contains(&found))),
            Self::Exists(wanted) => value.is_some() == *wanted,
            Self::Matches(regex) => any(&|item| item.as_str().is_some_and(|text| regex.is_match(text))),
        }
    }
}

fn equal(value: &Json, wanted: &Json, time: bool) -> bool {
    compare(value, wanted, time).map_or_else(|| value == wanted, |found| found == Ordering::Equal)
}

/// How two values of one type compare; values of different types, and NaN, do not.
fn compare(value: &Json, operand: &Json, time: bool) -> Option<Ordering> {
    match (value, operand) {
        (Json::String(a), Json::String(b)) => match (time, Timestamp::parse(a), Timestamp::parse(b)) {
            (true, Ok(a), Ok(b)) => Some(a.cmp(&b)),
            _ => Some(a.cmp(b)),
        },
        (Json::String(text), Json::Number(seconds)) if time => {
            let (at, other) = (Timestamp::parse(text).ok()?, Timestamp::from_seconds(seconds.as_f64())?);
            Some(at.cmp(&other))
        }
        (Json::Number(a), Json::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64().partial_cmp(&b.as_f64()),
        },
        (Json::Bool(a), Json::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RunPath, RunState};

    fn run() -> RunRecord {
        let mut run = RunRecord::new(RunPath::new("team", "digits", "r1"), "id".to_owned());
        run.state = RunState::Finished;
        run.tags = vec!["best".to_owned(), "v2".to_owned()];
        run.created_at = Some(Timestamp::parse("2026-11-24T09:00:00Z").unwrap());
        run.config = Json::parse_object(r#"{"lr": 0.1, "net.depth": 3, "opt": {"name": "adam"}, "flag": true, "none": null}"#).unwrap();
        run.summary = Json::parse_object(r#"{"acc": 0.9, "best": {"epoch": 7}}"#).unwrap();
        run
    }

    #[test]
    fn every_operator() {
        for (filter, expected) in [
            ("{}", true),
            ("", true),
            (r#"{"state": "finished"}"#, true),
            (r#"{"state": {"$ne": "finished"}}"#, false),
            (r#"{"state": {"$in": ["running", "finished"]}}"#, true),
            (r#"{"state": {"$nin": ["running", "finished"]}}"#, false),
            (r#"{"tags": "best"}"#, true),
            (r#"{"tags": {"$in": ["worst", "v2"]}}"#, true),
            (r#"{"tags": {"$nin": ["worst"]}}"#, true),
            (r#"{"config.lr": {"$gt": 0.05, "$lt": 0.2}}"#, true),
            (r#"{"config.lr.value": {"$gte": 0.1}}"#, true),
            (r#"{"config.lr": {"$lte": 0.05}}"#, false),
            (r#"{"config.net.depth": 3}"#, true),
            (r#"{"config.opt.name": {"$regex": "^ad"}}"#, true),
            (r#"{"config.opt.name": {"$regex": "^AD", "$options": "i"}}"#, true),
            (r#"{"config.opt.value.name": "adam"}"#, true),
            (r#"{"config.missing": {"$exists": false}}"#, true),
            (r#"{"config.missing": {"$gt": 0}}"#, false),
            (r#"{"config.missing": null}"#, true),
            (r#"{"config.missing": {"$ne": 3}}"#, true),
            (r#"{"config.none": {"$exists": true}}"#, true),
            (r#"{"config.flag": true}"#, true),
            (r#"{"config.lr": {"$not": {"$gt": 1}}}"#, true),
            (r#"{"summary_metrics.best.epoch": {"$eq": 7.0}}"#, true),
            (r#"{"createdAt": {"$gt": "2026-11-24T08:59:59"}}"#, true),
            (r#"{"created_at": {"$lt": "2026-11-24T10:00:00+02:00"}}"#, false),
            (r#"{"$or": [{"state": "running"}, {"name": "r1"}]}"#, true),
            (r#"{"$and": [{"state": "finished"}, {"name": "r2"}]}"#, false),
            (r#"{"$nor": [{"state": "running"}, {"name": "r2"}]}"#, true),
            (r#"{"state": "finished", "name": "r2"}"#, false),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().matches(&run()), expected, "{filter}");
        }
    }

    #[test]
    fn what_is_not_a_filter_is_an_error_with_its_place() {
        for (filter, message) in [
            ("{state: finished}", "the filter is not JSON"),
            ("[1]", "the filter is not valid at `$`: a filter is an object, such as {\"state\": \"finished\"}"),
            (r#"{"$or": [{"stat": 1}]}"#, "the filter is not valid at `$or[0].stat`: runs have no field `stat`; is it one of state?"),
            (r#"{"state": {"$like": "x"}}"#, "the filter is not valid at `state.$like`: `$like` is not an operator"),
            (r#"{"$or": {}}"#, "the filter is not valid at `$or`: a list of filters is expected"),
            (r#"{"tags": {"$in": "x"}}"#, "the filter is not valid at `tags.$in`: $in takes a list"),
        ] {
            assert_eq!(Filter::parse(filter).unwrap_err().to_string(), message);
        }
        assert!(Filter::parse(r#"{"name": {"$regex": "("}}"#).is_err());
    }
}
