//! One project beside another: the curves of runs that have the same values of some fields, on the axis that they share.

use std::collections::HashMap;

use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use runlake_curves::Aligned;
use runlake_types::{ProjectPath, RunRecord};

use crate::aligned_curves::{AlignedCurves, RUN_ID, text_column};
use crate::{Error, ErrorKind, Group, GroupBy};

impl AlignedCurves {
    /// Each run of `project` with each run of `other` that has the same values of the fields: a row for each place at which both have a value of
    /// any key. Columns: the fields, `run_id`, `other_run_id`, the axis, then each key float64, and each as `other KEY`. By the fields, run,
    /// other run and place.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] without a field, [`ErrorKind::GroupBy`] for one that no run has, [`ErrorKind::NoValues`] when no runs go
    /// together, or those that do have no place in common.
    pub fn paired(&self, by: &GroupBy, project: &ProjectPath, other: &ProjectPath) -> Result<DataFrame, Error> {
        if by.names().next().is_none() {
            let reason = "every run would go with every other; name a field that both have, such as config.seed".to_owned();
            return Err(ErrorKind::Argument { what: "the fields of the join", value: "empty".to_owned(), reason }.into());
        }
        let records: Vec<&RunRecord> = self.runs.iter().map(|run| &run.record).collect();
        let groups = by.groups(&records)?;
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
        let has_any = |run: usize, place: usize| self.curves.iter().any(|curves| curves[run].get(place).is_some());
        let mut rows: Vec<(usize, usize)> = Vec::new();
        for (pair, (_, run, with)) in pairs.iter().enumerate() {
            rows.extend((0..self.places.len()).filter(|place| has_any(*run, *place) && has_any(*with, *place)).map(|place| (pair, place)));
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
        for (name, curves) in self.names.iter().zip(&self.curves) {
            columns.push(values(name.clone(), curves, &|pair| pairs[pair].1));
        }
        for (name, curves) in self.names.iter().zip(&self.curves) {
            columns.push(values(format!("other {name}"), curves, &|pair| pairs[pair].2));
        }
        Ok(DataFrame::new(rows.len(), unlike_names(columns))?)
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
