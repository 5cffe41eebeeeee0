//! Runs in groups: those that have the same values of some fields, such as a config key.

use std::cmp::Ordering;

use polars::prelude::Column;
use runlake_types::{Field, Json, RunRecord};

use crate::json_column::{column_of_values, text_of};
use crate::{Error, ErrorKind};

/// The fields by which runs are put in groups; none is one group of all runs.
///
/// Fields are named as in filters: `config.lr`, `summary.best`, `group`, `tags`, `sweep`, `job_type`, `state`, `username`, `display_name`,
/// `name` for the run itself. By `tags`, a run is in the group of each of its tags.
///
/// ```
/// use runlake_query::GroupBy;
/// assert!(GroupBy::parse(["config.lr", "state"]).is_ok());
/// let slip = GroupBy::parse(["stat"]).unwrap_err();
/// assert_eq!(slip.to_string(), "runs cannot be grouped by `stat`: runs have no field `stat`; is it one of state?");
/// ```
#[derive(Clone, Debug, Default)]
pub struct GroupBy {
    fields: Vec<(String, Field)>,
}

/// Runs with the same values.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The value of each field; null where the runs do not have it.
    pub values: Vec<Json>,
    /// The places of its runs among those that were grouped, ascending.
    pub runs: Vec<usize>,
}

impl GroupBy {
    /// Reads the names of fields.
    ///
    /// # Errors
    /// [`ErrorKind::GroupBy`] for one that runs do not have.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let field = |name: &str| match Field::parse(name) {
            Ok(field) => Ok((name.to_owned(), field)),
            Err(reason) => Err(Error::from(ErrorKind::GroupBy { field: name.to_owned(), reason })),
        };
        Ok(Self { fields: names.into_iter().map(field).collect::<Result<_, _>>()? })
    }

    /// The names of the fields, which head the columns of answers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// The groups: numbers ascending, then what is no number by its text, and last the runs that have no value.
    ///
    /// # Errors
    /// [`ErrorKind::GroupBy`] for a field that none of the runs has: a slip of the pen would make one group of all.
    pub fn groups(&self, runs: &[&RunRecord]) -> Result<Vec<Group>, Error> {
        let mut groups: Vec<Group> = Vec::new();
        for (place, run) in runs.iter().enumerate() {
            let mut keys: Vec<Vec<Json>> = vec![Vec::new()];
            for (_, field) in &self.fields {
                let value = field.value(run).map_or(Json::Null, std::borrow::Cow::into_owned);
                // A list is several values: a run counts in the group of each of its tags.
                let values = match (field, value) {
                    (Field::Tags, Json::Array(tags)) if !tags.is_empty() => tags,
                    (Field::Tags, _) => vec![Json::Null],
                    (_, value) => vec![value],
                };
                let extended =
                    |key: &Vec<Json>| values.iter().map(|value| [key.as_slice(), std::slice::from_ref(value)].concat()).collect::<Vec<_>>();
                keys = keys.iter().flat_map(extended).collect();
            }
            for values in keys {
                match groups.binary_search_by(|group| compare(&group.values, &values)) {
                    Ok(at) if groups[at].runs.last() == Some(&place) => {}
                    Ok(at) => groups[at].runs.push(place),
                    Err(at) => groups.insert(at, Group { values, runs: vec![place] }),
                }
            }
        }
        for (at, (name, _)) in self.fields.iter().enumerate() {
            if groups.iter().all(|group| group.values[at] == Json::Null) {
                return Err(ErrorKind::GroupBy { field: name.clone(), reason: format!("none of the {} runs has it", runs.len()) }.into());
            }
        }
        Ok(groups)
    }

    /// The columns of the fields for rows of these groups, a group as often as it has rows.
    pub(crate) fn columns(&self, rows: &[&Group]) -> Vec<Column> {
        let column = |(at, name): (usize, &str)| {
            column_of_values(name, &rows.iter().map(|group| Some(group.values[at].clone())).collect::<Vec<_>>())
        };
        self.names().enumerate().map(column).collect()
    }
}

impl Group {
    /// The group for people, such as `config.lr=0.1, state=finished`; `all runs` without fields.
    pub fn label(&self, by: &GroupBy) -> String {
        let part = |(name, value): (&str, &Json)| format!("{name}={}", text_of(value).unwrap_or_else(|| "none".to_owned()));
        let parts: Vec<String> = by.names().zip(&self.values).map(part).collect();
        if parts.is_empty() { "all runs".to_owned() } else { parts.join(", ") }
    }
}

fn compare(a: &[Json], b: &[Json]) -> Ordering {
    let rank = |value: &Json| match value {
        Json::Number(_) => 0,
        Json::Bool(_) => 1,
        Json::String(_) => 2,
        Json::Array(_) | Json::Object(_) => 3,
        Json::Null => 4,
    };
    let one = |(a, b): (&Json, &Json)| {
        let numbers = a.as_number().zip(b.as_number()).map(|(a, b)| a.as_f64().total_cmp(&b.as_f64()));
        rank(a).cmp(&rank(b)).then_with(|| numbers.unwrap_or_else(|| text_of(a).cmp(&text_of(b))))
    };
    a.iter().zip(b).map(one).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use runlake_types::RunPath;

    use super::*;

    fn run(config: &str, tags: &[&str]) -> RunRecord {
        let mut run = RunRecord::new(RunPath::new("e", "p", "r"), "id".to_owned());
        run.config = Json::parse_object(config).unwrap();
        run.tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        run
    }

    #[test]
    fn runs_with_the_same_values_are_together() {
        let runs = [
            run(r#"{"lr":0.1}"#, &["a", "b"]),
            run(r#"{"lr":1e-2}"#, &[]),
            run(r#"{"lr":"auto"}"#, &["b"]),
            run("{}", &["b", "b"]),
            run(r#"{"lr":0.10}"#, &[]),
        ];
        let runs: Vec<&RunRecord> = runs.iter().collect();
        let by = GroupBy::parse(["config.lr"]).unwrap();
        let groups = by.groups(&runs).unwrap();
        let shown: Vec<(String, Vec<usize>)> = groups.iter().map(|group| (group.label(&by), group.runs.clone())).collect();
        assert_eq!(shown[..2], [("config.lr=0.01".to_owned(), vec![1]), ("config.lr=0.1".to_owned(), vec![0, 4])]);
        assert_eq!(shown[2..], [("config.lr=auto".to_owned(), vec![2]), ("config.lr=none".to_owned(), vec![3])]);
        let by = GroupBy::parse(["tags"]).unwrap();
        let groups = by.groups(&runs).unwrap();
        let shown: Vec<(String, Vec<usize>)> = groups.iter().map(|group| (group.label(&by), group.runs.clone())).collect();
        assert_eq!(shown, [("tags=a".to_owned(), vec![0]), ("tags=b".to_owned(), vec![0, 2, 3]), ("tags=none".to_owned(), vec![1, 4])]);
        assert_eq!(GroupBy::default().groups(&runs).unwrap()[0].runs.len(), 5);
    }

    #[test]
    fn values_that_read_alike_are_not_the_same() {
        let runs = [run(r#"{"x":true}"#, &[]), run(r#"{"x":"true"}"#, &[]), run(r#"{"x":1}"#, &[]), run(r#"{"x":1.0}"#, &[])];
        let runs: Vec<&RunRecord> = runs.iter().collect();
        let groups = GroupBy::parse(["config.x"]).unwrap().groups(&runs).unwrap();
        assert_eq!(groups.iter().map(|group| group.runs.clone()).collect::<Vec<_>>(), [vec![2, 3], vec![0], vec![1]]);
    }

    #[test]
    fn a_field_that_no_run_has_is_an_error() {
        let runs = [run("{}", &[])];
        let error = GroupBy::parse(["config.lr"]).unwrap().groups(&[&runs[0]]).unwrap_err();
        assert_eq!(error.to_string(), "runs cannot be grouped by `config.lr`: none of the 1 runs has it");
    }
}
