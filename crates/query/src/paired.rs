//! One project beside another: the curves of runs that have the same values of some fields, on the axis that they share.

use std::collections::HashMap;

use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use runlake_curves::Aligned;
use runlake_types::{ColumnSet, ProjectPath, RunRecord};

use crate::aligned_curves::{AlignedCurves, RUN_ID, text_column};
use crate::{Error, ErrorKind, Group, GroupBy, KeyPattern, resolve_number_keys};

/// One of two projects that are put side by side.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The project.
    pub project: &'a ProjectPath,
    /// Which of the keys that were read are shown of its runs; none are all.
    pub keys: &'a [KeyPattern],
}

impl AlignedCurves {
    /// Each run of one project with each run of the other that has the same values of the fields: a row for each place at which both have a
    /// value of any key of their side. Columns: the fields, `run_id`, `other_run_id`, the axis, then each key float64, and each key of the
    /// other side as `other KEY`. By the fields, run, other run and place.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] without a field, [`ErrorKind::GroupBy`] for one that no run has, [`ErrorKind::UnknownKey`] for a key that was
    /// not read, [`ErrorKind::NoValues`] when no runs go together, or those that do have no place in common.
    pub fn paired(&self, by: &GroupBy, one: Side<'_>, other: Side<'_>) -> Result<DataFrame, Error> {
        if by.names().next().is_none() {
            let reason = "every run would go with every other; name a field that both have, such as config.seed".to_owned();
            return Err(ErrorKind::Argument { what: "the fields of the join", value: "empty".to_owned(), reason }.into());
        }
        let records: Vec<&RunRecord> = self.runs.iter().map(|run| &run.record).collect();
        let groups = by.groups(&records)?;
        let (keys, keys_of_other) = (self.places_of(one.keys)?, self.places_of(other.keys)?);
        let (project, other) = (one.project, other.project);
        let is_of = |run: &usize, project: &ProjectPath| records[*run].path.project_path() == *project;
        let mut pairs: Vec<(&Group, usize, usize)> = Vec::new();
        for group in &groups {
            // Runs that lack a field have nothing in common by it.
            if group.values.contains(&runlake_types::Json::Null) {
                continue;
            }
            for run in group.runs.iter().filter(|run| is_of(run, project)) {
                pairs.extend(group.runs.iter().filter(|run| is_of(run, other)).map(|with| (group, *run, *with)));
            }
        }
        let question = || format!("{project} with {other}");
        if pairs.is_empty() {
            let fields = by.names().collect::<Vec<_>>().join(", ");
            return Err(ErrorKind::NoValues { question: question(), reason: format!("no two runs have the same {fields}") }.into());
        }
        let has_any = |keys: &[usize], run: usize, place: usize| keys.iter().any(|key| self.curves[*key][run].get(place).is_some());
        let mut rows: Vec<(usize, usize)> = Vec::new();
        for (pair, (_, run, with)) in pairs.iter().enumerate() {
            let have_both = |place: &usize| has_any(&keys, *run, *place) && has_any(&keys_of_other, *with, *place);
            rows.extend((0..self.places.len()).filter(have_both).map(|place| (pair, place)));
        }
        if rows.is_empty() {
            let reason =
                format!("the runs that go together have no place of {} in common; buckets or asof may bring them there", self.axis);
            return Err(ErrorKind::NoValues { question: question(), reason }.into());
        }
        let mut columns: Vec<Column> = by.columns(&rows.iter().map(|(pair, _)| pairs[*pair].0).collect::<Vec<_>>());
        let id = |run: usize| records[run].path.run_id.as_str();
        columns.push(text_column(RUN_ID, rows.iter().map(|(pair, _)| Some(id(pairs[*pair].1)))));
        columns.push(text_column("other_run_id", rows.iter().map(|(pair, _)| Some(id(pairs[*pair].2)))));
        columns.push(self.axis_column(rows.iter().map(|(_, place)| self.places[*place]).collect()));
        let values = |name: String, curves: &[Aligned], run: &dyn Fn(usize) -> usize| -> Column {
            Series::new(name.into(), rows.iter().map(|(pair, place)| curves[run(*pair)].get(*place)).collect::<Vec<_>>()).into()
        };
        columns.extend(keys.into_iter().map(|key| values(self.names[key].clone(), &self.curves[key], &|pair| pairs[pair].1)));
        let of_other = |key: usize| values(format!("other {}", self.names[key]), &self.curves[key], &|pair| pairs[pair].2);
        columns.extend(keys_of_other.into_iter().map(of_other));
        Ok(DataFrame::new(rows.len(), unlike_names(columns))?)
    }

    /// Which of the keys that were read the patterns name; none are all.
    fn places_of(&self, patterns: &[KeyPattern]) -> Result<Vec<usize>, Error> {
        let mut columns = ColumnSet::new();
        self.keys.iter().for_each(|key| columns.insert_existing(key.clone()));
        let named = resolve_number_keys(patterns, &columns)?;
        Ok(named.iter().filter_map(|named| self.keys.iter().position(|key| key == named)).collect())
    }
}

/// The columns, with those whose name another has already marked as logged: a metric may be called as a field is.
pub(crate) fn unlike_names(columns: Vec<Column>) -> Vec<Column> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let renamed = columns.into_iter().map(|column| {
        let name = column.name().to_string();
        let times = seen.entry(name.clone()).or_default();
        *times += 1;
        match *times {
            1 => column,
            2 => column.with_name(format!("{name} (logged)").into()),
            more => column.with_name(format!("{name} (logged {more})").into()),
        }
    });
    renamed.collect()
}
