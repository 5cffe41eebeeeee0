//! The names in a statement, as the engine has them: `config.lr`, `r.config.model.depth` and `val.acc` are columns whose names have dots, and
//! `config.*` is all columns of the dict.
//!
//! Only names are replaced, where they stand; all else of the statement reaches the engine as it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use runlake_types::near_names;

use super::problem::SqlProblem;
use super::runs_frame::DICTS;
use super::statement::{Path, Statement};

/// The columns of the tables that a statement reads.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Every column, of any table.
    pub(super) columns: BTreeSet<String>,
    /// The true names of metrics whose columns are called otherwise, with their columns.
    pub(super) true_names: BTreeMap<String, String>,
    /// Whether `runs` is among the tables.
    pub(super) has_runs: bool,
}

/// A statement whose names were replaced.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) text: String,
    /// What was replaced in the original, in order, and the length of what stands there now.
    edits: Vec<(Range<usize>, usize)>,
}

impl Resolved {
    /// Where in the original the bytes of `place` stand.
    pub(super) fn original(&self, place: &Range<usize>) -> Range<usize> {
        self.original_byte(place.start, false)..self.original_byte(place.end, true)
    }

    /// Within a name that was replaced, its start or its end.
    fn original_byte(&self, byte: usize, is_end: bool) -> usize {
        let (mut here, mut there) = (0, 0);
        for (replaced, length) in &self.edits {
            let start = here + (replaced.start - there);
            if byte < start + usize::from(is_end) {
                break;
            }
            if byte < start + length + usize::from(is_end) {
                return if is_end { replaced.end } else { replaced.start };
            }
            (here, there) = (start + length, replaced.end);
        }
        there + (byte - here)
    }
}

impl Names {
    /// The statement with its names replaced.
    ///
    /// # Errors
    /// A key of a dict that no run has.
    pub(super) fn resolve(&self, statement: &Statement) -> Result<Resolved, SqlProblem> {
        let tables = statement.table_names();
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        for path in &statement.words.columns {
            edits.extend(self.column_edit(&statement.text, &tables, path)?);
        }
        for path in &statement.words.wildcards {
            edits.extend(self.wildcard_edit(&statement.text, &tables, path)?);
        }
        edits.sort_by_key(|(place, _)| place.start);
        edits.dedup();
        let mut text = statement.text.clone();
        for (place, name) in edits.iter().rev() {
            text.replace_range(place.clone(), name);
        }
        Ok(Resolved { text, edits: edits.into_iter().map(|(place, name)| (place, name.len())).collect() })
    }

    fn column_edit(&self, text: &str, tables: &BTreeSet<&str>, path: &Path) -> Result<Option<(Range<usize>, String)>, SqlProblem> {
        let own = Self::without_table(tables, path);
        let (Some((first, start)), Some((_, end))) = (own.first(), own.last()) else { return Ok(None) };
        let place = start.start..end.end;
        let name = joined(own);
        if place.is_empty() {
            return Ok(None);
        }
        if let Some(column) = self.true_names.get(&name).filter(|_| !self.columns.contains(&name)) {
            return Ok(Some((place, quoted(column))));
        }
        if self.columns.contains(&name) {
            return Ok((own.len() > 1).then(|| (place, quoted(&name))));
        }
        if self.has_runs && DICTS.contains(&first.as_str()) && !tables.contains(first.as_str()) && !self.columns.contains(first) {
            return Err(self.unknown_key(&name, own).at(text, Some(place)));
        }
        Ok(None)
    }

    /// `config.*` becomes its columns. The asterisk follows the name.
    fn wildcard_edit(&self, text: &str, tables: &BTreeSet<&str>, path: &Path) -> Result<Option<(Range<usize>, String)>, SqlProblem> {
        let own = Self::without_table(tables, path);
        let (Some((first, start)), Some((_, end))) = (own.first(), own.last()) else { return Ok(None) };
        if tables.contains(first.as_str()) || !self.has_runs || !DICTS.contains(&first.as_str()) {
            return Ok(None);
        }
        let prefix = format!("{}.", joined(own));
        let columns: Vec<&String> = self.columns.iter().filter(|column| column.starts_with(&prefix)).collect();
        if columns.is_empty() {
            return Err(self.unknown_key(&joined(own), own).at(text, Some(start.start..end.end)));
        }
        let table = path[..path.len() - own.len()].iter().map(|(name, _)| format!("{}.", quoted(name))).collect::<String>();
        let list = columns.into_iter().map(|column| format!("{table}{}", quoted(column))).collect::<Vec<_>>().join(", ");
        let Some(asterisk) = text[end.end..].find('*') else { return Ok(None) };
        Ok(Some((path[0].1.start..end.end + asterisk + 1, list)))
    }

    /// The parts of a name after that of its table.
    fn without_table<'a>(tables: &BTreeSet<&str>, path: &'a [(String, Range<usize>)]) -> &'a [(String, Range<usize>)] {
        let names_table = path.len() > 1 && path.first().is_some_and(|(first, _)| tables.contains(first.as_str()));
        &path[usize::from(names_table)..]
    }

    fn unknown_key(&self, name: &str, own: &[(String, Range<usize>)]) -> SqlProblem {
        let dict = &own[0].0;
        let keys = || self.columns.iter().map(String::as_str).filter(|column| column.starts_with(&format!("{dict}.")));
        if own.len() == 1 {
            let example = keys().next().map_or_else(|| format!("{dict}.KEY"), str::to_owned);
            let problem = SqlProblem::new(format!("`{dict}` is a dict, and its keys are columns"));
            return problem.with_hint(format!("write {example} for one, {dict}.* for all"));
        }
        let inner: Vec<&str> = keys().filter(|column| column.starts_with(&format!("{name}."))).take(3).collect();
        if !inner.is_empty() {
            return SqlProblem::new(format!("`{name}` is a dict, and its keys are columns")).with_near(inner);
        }
        let key = &name[dict.len() + 1..];
        let problem = SqlProblem::new(format!("no run has a key `{key}` in its {dict}"));
        problem.with_near(self.near(name)).with_hint(format!("DESCRIBE runs lists every key; SELECT {dict}.* FROM runs shows all"))
    }

    /// The columns whose names are most like this one: by the name, and by the key alone.
    pub(super) fn near(&self, name: &str) -> Vec<&str> {
        let by_name = near_names(name, self.columns.iter().map(String::as_str));
        if !by_name.is_empty() {
            return by_name;
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        let keys: Vec<(&str, &str)> = self.columns.iter().filter_map(|column| Some((column.split_once('.')?.1, column.as_str()))).collect();
        let near = near_names(last, keys.iter().map(|(key, _)| *key));
        near.into_iter().filter_map(|key| keys.iter().find(|(known, _)| *known == key).map(|(_, column)| *column)).collect()
    }
}

fn joined(path: &[(String, Range<usize>)]) -> String {
    path.iter().map(|(part, _)| part.as_str()).collect::<Vec<_>>().join(".")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> String {
        let columns = ["run_id", "config.lr", "config.model.depth", "config.model.width", "summary.best/acc", "val.acc", "Loss_2"];
        let names = Names {
            columns: columns.into_iter().map(str::to_owned).collect(),
            true_names: BTreeMap::from([("Loss".to_owned(), "Loss_2".to_owned())]),
            has_runs: true,
        };
        let resolved = Statement::parse(text, &[]).and_then(|statement| names.resolve(&statement));
        resolved.map_or_else(|problem| problem.to_string(), |resolved| resolved.text)
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let resolved = Resolved { text: r#"a + "config.lr" + b"#.to_owned(), edits: vec![(4..13, 11)] };
        let original = "a + config.lr + b";
        for (found, wanted) in [("a", "a"), (r#""config.lr""#, "config.lr"), ("lr", "config.lr"), ("+ b", "+ b"), ("a + ", "a + ")] {
            let start = resolved.text.find(found).unwrap();
            assert_eq!(&original[resolved.original(&(start..start + found.len()))], wanted);
        }
        assert_eq!(resolved.original(&(0..resolved.text.len())), 0..original.len());
    }

    #[test]
    fn names_with_dots_are_columns() {
        for (written, resolved) in [
            ("SELECT config.lr FROM runs", r#"SELECT "config.lr" FROM runs"#),
            (r#"SELECT r.config."lr" AS lr FROM runs r"#, r#"SELECT r."config.lr" AS lr FROM runs r"#),
            ("SELECT config.model.depth, val.acc FROM runs", r#"SELECT "config.model.depth", "val.acc" FROM runs"#),
            (r#"SELECT config."model.depth" FROM runs"#, r#"SELECT "config.model.depth" FROM runs"#),
            (r#"SELECT max(summary."best/acc") FROM runs"#, r#"SELECT max("summary.best/acc") FROM runs"#),
            ("SELECT config.model.* FROM runs", r#"SELECT "config.model.depth", "config.model.width" FROM runs"#),
            ("SELECT r.config . * FROM runs r", r#"SELECT "r"."config.lr", "r"."config.model.depth", "r"."config.model.width" FROM runs r"#),
            ("SELECT runs.run_id, runs.* FROM runs", "SELECT runs.run_id, runs.* FROM runs"),
            (r#"SELECT "Loss" FROM histories"#, r#"SELECT "Loss_2" FROM histories"#),
            ("SELECT config.lr FROM labels AS config", r#"SELECT config.lr FROM labels AS config"#),
        ] {
            assert_eq!(resolve(written), resolved);
        }
    }

    #[test]
    fn keys_that_no_run_has() {
        insta::assert_snapshot!(resolve("SELECT run_id,\n  config.lrr FROM runs"), @r"
        no run has a key `lrr` in its config; is it config.lr?
        2 |   config.lrr FROM runs
          |   ^^^^^^^^^^
        ");
        insta::assert_snapshot!(resolve("SELECT config.model FROM runs"), @r"
        `config.model` is a dict, and its keys are columns; is it config.model.depth or config.model.width?
        1 | SELECT config.model FROM runs
          |        ^^^^^^^^^^^^
        ");
        insta::assert_snapshot!(resolve("SELECT config FROM runs"), @r"
        `config` is a dict, and its keys are columns
        1 | SELECT config FROM runs
          |        ^^^^^^
        ");
    }
}
