//! Which keys a question is about: by name, by glob or by regular expression, held against the columns that the lake has.

use std::fmt;

use regex::Regex;
use runlake_types::{ColumnSet, Kind, MetricColumn, RESERVED_COLUMNS, near_names};

use crate::{Error, ErrorKind};

/// What begins a pattern that is a regular expression.
const REGEX_PREFIX: &str = "re:";

/// One key, or all keys of a form.
///
/// | written | means |
/// |---|---|
/// | `val.acc`, `train/loss` | that key, by its dotted name or by its column's name |
/// | `train/*`, `layer?.norm`, `{train,val}/loss` | every key of that form: `*` is any text, `?` one character, `{a,b}` one of several |
/// | `re:^(train\|val)/` | every key in which the regular expression is found |
///
/// A key that has the characters of a glob in its name is found by its name first.
///
/// ```
/// use runlake_query::KeyPattern;
/// assert_eq!(KeyPattern::parse("train/*")?.to_string(), "train/*");
/// assert!(KeyPattern::parse("re:(").is_err());
/// # Ok::<(), runlake_query::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyPattern {
    text: String,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Exact,
    Matching(Regex),
}

impl KeyPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`ErrorKind::Pattern`] for a regular expression that is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let expression = match text.strip_prefix(REGEX_PREFIX) {
            Some(expression) => Some(expression.to_owned()),
            None if text.contains(['*', '?']) || (text.contains('{') && text.contains('}')) => Some(expression_of_glob(text)),
            None => None,
        };
        let form = match expression {
            None => Form::Exact,
            Some(expression) => Form::Matching(
                Regex::new(&expression).map_err(|source| ErrorKind::Pattern { pattern: text.to_owned(), source: Box::new(source) })?,
            ),
        };
        Ok(Self { text: text.to_owned(), form })
    }

    /// The pattern that is one key and nothing else, whatever characters it has.
    pub fn exact(key: impl Into<String>) -> Self {
        Self { text: key.into(), form: Form::Exact }
    }

    /// The columns that the pattern names, in table order.
    fn columns<'a>(&self, columns: &'a ColumnSet) -> Vec<&'a MetricColumn> {
        let is_named = |column: &&MetricColumn| column.name == self.text || column.path.dotted() == self.text;
        // The true name comes first: the column `loss_2` may be that of `Loss`, while a key `loss_2` has another.
        let by_path = columns.columns().iter().find(|column| column.path.dotted() == self.text);
        if let Some(column) = by_path.or_else(|| columns.columns().iter().find(is_named)) {
            return vec![column];
        }
        match &self.form {
            Form::Exact => Vec::new(),
            Form::Matching(regex) => columns.columns().iter().filter(|column| regex.is_match(&column.path.dotted())).collect(),
        }
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn expression_of_glob(glob: &str) -> String {
    let mut expression = String::from("^(?s:");
    let mut depth = 0_u32;
    for character in glob.chars() {
        match character {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            '{' => {
                depth += 1;
                expression.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                expression.push(')');
            }
            ',' if depth > 0 => expression.push('|'),
            other => expression.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push_str(")$");
    expression
}

/// The columns that the patterns name, each once, in the order of the patterns and within one of the table. No patterns are all columns.
///
/// # Errors
/// [`ErrorKind::UnknownKey`] for a pattern that names none.
pub fn resolve_keys(patterns: &[KeyPattern], columns: &ColumnSet) -> Result<Vec<MetricColumn>, Error> {
    if patterns.is_empty() {
        return Ok(columns.columns().to_vec());
    }
    let mut resolved: Vec<MetricColumn> = Vec::new();
    for pattern in patterns {
        let found = pattern.columns(columns);
        if found.is_empty() {
            return Err(unknown_key(&pattern.text, columns));
        }
        for column in found {
            if !resolved.contains(column) {
                resolved.push(column.clone());
            }
        }
    }
    Ok(resolved)
}

/// The same for arithmetic: columns of numbers and booleans. What a glob or a regular expression finds beside them is passed over.
///
/// # Errors
/// Besides those of [`resolve_keys`] [`ErrorKind::NotNumbers`] when a pattern names only columns of text.
pub fn resolve_number_keys(patterns: &[KeyPattern], columns: &ColumnSet) -> Result<Vec<MetricColumn>, Error> {
    let is_number = |column: &MetricColumn| matches!(column.kind, Kind::Number | Kind::Boolean);
    let mut resolved: Vec<MetricColumn> = Vec::new();
    for pattern in patterns {
        let found = resolve_keys(std::slice::from_ref(pattern), columns)?;
        let numbers: Vec<&MetricColumn> = found.iter().filter(|column| is_number(column)).collect();
        if let (true, Some(text)) = (numbers.is_empty(), found.first()) {
            return Err(ErrorKind::NotNumbers { key: text.path.dotted(), kind: text.kind.as_str() }.into());
        }
        for column in numbers {
            if !resolved.contains(column) {
                resolved.push(column.clone());
            }
        }
    }
    if patterns.is_empty() {
        resolved.extend(columns.columns().iter().filter(|column| is_number(column)).cloned());
    }
    Ok(resolved)
}

/// The names that columns of an answer have for keys: dotted, and where another column goes by that name already, the lake's own, which are
/// unique.
pub(crate) fn names_of(keys: &[MetricColumn]) -> Vec<String> {
    let dotted: Vec<String> = keys.iter().map(|key| key.path.dotted()).collect();
    let is_taken = |at: usize| {
        RESERVED_COLUMNS.contains(&dotted[at].as_str()) || dotted.iter().enumerate().any(|(other, name)| other != at && *name == dotted[at])
    };
    (0..keys.len()).map(|at| if is_taken(at) { keys[at].name.clone() } else { dotted[at].clone() }).collect()
}

/// The error that no column has a name, with names like it.
pub(crate) fn unknown_key(key: &str, columns: &ColumnSet) -> Error {
    let names: Vec<String> = columns.columns().iter().map(|column| column.path.dotted()).collect();
    let near = near_names(key, names.iter().map(String::as_str)).into_iter().map(str::to_owned).collect();
    ErrorKind::UnknownKey { key: key.to_owned(), near }.into()
}

#[cfg(test)]
mod tests {
    use runlake_types::KeyPath;

    use super::*;

    fn columns() -> ColumnSet {
        let mut columns = ColumnSet::new();
        for (key, kind) in [("train/loss", Kind::Number), ("val/loss", Kind::Number), ("note", Kind::String), ("a*b", Kind::Number)] {
            columns.position_or_add(&KeyPath::top_level(key), kind);
        }
        columns.position_or_add(&KeyPath::new(vec!["val".to_owned(), "acc".to_owned()]), Kind::Number);
        columns.position_or_add(&KeyPath::top_level("Note"), Kind::Boolean);
        columns
    }

    fn names(patterns: &[&str]) -> Result<Vec<String>, Error> {
        let patterns = patterns.iter().map(|text| KeyPattern::parse(text)).collect::<Result<Vec<_>, _>>()?;
        Ok(resolve_keys(&patterns, &columns())?.into_iter().map(|column| column.name).collect())
    }

    #[test]
    fn keys_are_named_globbed_and_searched_for() {
        assert_eq!(names(&["val.acc", "train/*"]).unwrap(), ["val.acc", "train/loss"]);
        assert_eq!(names(&["*/loss", "train/loss"]).unwrap(), ["train/loss", "val/loss"]);
        assert_eq!(names(&["{train,val}/loss"]).unwrap(), ["train/loss", "val/loss"]);
        assert_eq!(names(&["re:^val"]).unwrap(), ["val/loss", "val.acc"]);
        assert_eq!(names(&["a*b"]).unwrap(), ["a*b"], "a name comes before a glob");
        assert_eq!(names(&["Note"]).unwrap(), ["Note_2"], "the true name finds a column that had to take another");
        assert_eq!(names(&[]).unwrap().len(), 6);
    }

    #[test]
    fn names_in_answers_are_unique() {
        let mut columns = columns();
        columns.position_or_add(&KeyPath::top_level("val.acc"), Kind::Number);
        columns.position_or_add(&KeyPath::top_level("run_id"), Kind::String);
        let names = names_of(columns.columns());
        assert_eq!(names[4..], ["val.acc", "Note", "val.acc_2", "run_id_2"]);
    }

    #[test]
    fn what_is_not_there_is_said() {
        assert_eq!(names(&["train/los"]).unwrap_err().to_string(), "no run has a key `train/los`; the nearest are train/loss");
        assert_eq!(names(&["zebra*"]).unwrap_err().to_string(), "no run has a key `zebra*`");
        assert!(names(&["re:("]).unwrap_err().to_string().starts_with("`re:(` is not a regular expression"));
        let text = [KeyPattern::exact("note")];
        assert_eq!(
            resolve_number_keys(&text, &columns()).unwrap_err().to_string(),
            "`note` holds values of the kind string, which have no place in arithmetic"
        );
        let any = [KeyPattern::parse("*ote").unwrap()];
        assert_eq!(resolve_number_keys(&any, &columns()).unwrap()[0].name, "Note_2");
    }
}
