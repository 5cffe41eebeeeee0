//! Metrics of many runs on one axis: the answer, as tables and as statistics over groups of runs.

use polars::prelude::{Column, DataFrame, Float64Chunked, IntoColumn as _, NamedFrom as _, Series};
use polars_arrow::bitmap::Bitmap;
use runlake_curves::Aligned;
use runlake_curves::statistics::{Statistic, band};
use runlake_lake::StoredRun;
use runlake_types::{MetricColumn, RunRecord};

use crate::curve_query::in_parallel;
use crate::paired::unlike_names;
use crate::{Axis, Error, ErrorKind, Group, GroupBy, ReadBytes};

/// The column with the run's id.
pub(crate) const RUN_ID: &str = "run_id";
/// The column that says which project a run is of, where there are several.
pub(crate) const PROJECT: &str = "project";
/// The column that says which metric a row is about, where there are several.
pub(crate) const KEY: &str = "key";

/// What [`crate::CurveQuery::read`] gives.
#[derive(Clone, Debug)]
pub struct AlignedCurves {
    pub(crate) runs: Vec<StoredRun>,
    pub(crate) keys: Vec<MetricColumn>,
    /// What the keys are called in tables.
    pub(crate) names: Vec<String>,
    pub(crate) axis: Axis,
    pub(crate) places: Vec<f64>,
    /// By key, then by run.
    pub(crate) curves: Vec<Vec<Aligned>>,
    pub(crate) bytes: ReadBytes,
    pub(crate) has_whole_places: bool,
}

/// A statistic of one metric over one group of runs, at each place.
#[derive(Clone, Debug)]
pub struct GroupCurve {
    /// The metric, by its dotted name.
    pub key: String,
    /// The group.
    pub group: Group,
    /// How many of its runs have a value of the metric.
    pub runs: usize,
    /// For each statistic asked for, its value at each place.
    pub statistics: Vec<Aligned>,
}

impl AlignedCurves {
    /// The runs, by project and id.
    pub fn runs(&self) -> &[StoredRun] {
        &self.runs
    }

    /// The metrics, in the order asked for.
    pub fn keys(&self) -> &[MetricColumn] {
        &self.keys
    }

    /// The axis.
    pub fn axis(&self) -> &Axis {
        &self.axis
    }

    /// The places of the axis; of buckets their centres.
    pub fn places(&self) -> &[f64] {
        &self.places
    }

    /// How many runs have a value of any key.
    pub fn runs_with_values(&self) -> usize {
        (0..self.runs.len()).filter(|run| self.curves.iter().any(|curves| !curves[*run].is_all_none())).count()
    }

    /// The curve of each run, in the order of [`AlignedCurves::runs`], for one of the keys.
    pub fn curves(&self, key: usize) -> &[Aligned] {
        &self.curves[key]
    }

    /// What was read of the lake.
    pub fn bytes(&self) -> ReadBytes {
        self.bytes
    }

    /// One row for each place at which any run has a value: the axis, then for each key and run a float64 column, null where the run has no
    /// value. Columns are named by the run's id, after its project where there are several, and after the key where there are several:
    /// `KEY PROJECT/RUN`. The axis is float64, and int64 for steps that are not made even. In this and the other tables, a column whose name
    /// another has already is `NAME (logged)`: the axis may be one of the keys.
    ///
    /// # Errors
    /// [`ErrorKind::Polars`], which nothing is known to cause.
    pub fn to_wide(&self) -> Result<DataFrame, Error> {
        let kept: Vec<usize> =
            (0..self.places.len()).filter(|place| self.curves.iter().flatten().any(|curve| curve.get(*place).is_some())).collect();
        let is_whole = kept.len() == self.places.len();
        let mut columns = vec![self.axis_column(kept.iter().map(|place| self.places[*place]).collect())];
        let named: Vec<(String, &Aligned)> = self
            .names
            .iter()
            .zip(&self.curves)
            .flat_map(|(name, curves)| self.runs.iter().zip(curves).map(|(run, curve)| (self.column_name(name, run), curve)))
            .collect();
        columns.extend(in_parallel(&named, |(name, curve)| {
            if is_whole { float_column(name, curve) } else { float_column(name, &kept.iter().map(|place| curve.get(*place)).collect()) }
        }));
        Ok(DataFrame::new(kept.len(), unlike_names(columns))?)
    }

    /// One row for each run and place at which it has a value of any key: `run_id`, `project` where there are several, the axis, and a
    /// float64 column for each key. By run, then by place.
    ///
    /// # Errors
    /// [`ErrorKind::Polars`], which nothing is known to cause.
    pub fn to_long(&self) -> Result<DataFrame, Error> {
        let (mut ids, mut projects, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let mut values: Vec<Vec<Option<f64>>> = vec![Vec::new(); self.keys.len()];
        let names: Vec<String> = self.runs.iter().map(|run| run.record.path.project_path().to_string()).collect();
        for (at, run) in self.runs.iter().enumerate() {
            for (place, x) in self.places.iter().enumerate() {
                if self.curves.iter().any(|curves| curves[at].get(place).is_some()) {
                    ids.push(run.record.path.run_id.as_str());
                    projects.push(names[at].as_str());
                    places.push(*x);
                    for (values, curves) in values.iter_mut().zip(&self.curves) {
                        values.push(curves[at].get(place));
                    }
                }
            }
        }
        let rows = ids.len();
        let mut columns = vec![Column::from(Series::new(RUN_ID.into(), ids))];
        if self.is_of_several_projects() {
            columns.push(Series::new(PROJECT.into(), projects).into());
        }
        columns.push(self.axis_column(places));
        columns.extend(self.names.iter().zip(values).map(|(name, values)| Series::new(name.as_str().into(), values).into()));
        Ok(DataFrame::new(rows, unlike_names(columns))?)
    }

    /// Statistics over the runs of each group, at each place: for each key, and within it for each group in order.
    ///
    /// # Errors
    /// [`ErrorKind::GroupBy`] for a field that no run has, [`ErrorKind::Curves`] for a statistic with a number that it does not allow.
    pub fn group_curves(&self, by: &GroupBy, statistics: &[Statistic]) -> Result<Vec<GroupCurve>, Error> {
        let records: Vec<&RunRecord> = self.runs.iter().map(|run| &run.record).collect();
        let groups = by.groups(&records)?;
        let tasks: Vec<(usize, &Group)> = (0..self.keys.len()).flat_map(|key| groups.iter().map(move |group| (key, group))).collect();
        let made = in_parallel(&tasks, |(key, group)| {
            let members: Vec<&Aligned> = group.runs.iter().map(|run| &self.curves[*key][*run]).collect();
            let statistics = band(&members, statistics)?;
            let runs = members.iter().filter(|curve| !curve.is_all_none()).count();
            Ok(GroupCurve { key: self.names[*key].clone(), group: (*group).clone(), runs, statistics })
        });
        made.into_iter().collect()
    }

    /// The same as a table: the fields by which runs are grouped, `key` where there are several, the axis, and a float64 column for each
    /// statistic by its name (`count` and `nan` are int64). A row for each place at which a run of the group has a value; by key, group and
    /// place.
    ///
    /// # Errors
    /// As [`AlignedCurves::group_curves`].
    pub fn statistics(&self, by: &GroupBy, statistics: &[Statistic]) -> Result<DataFrame, Error> {
        // Where a group has no value, counts are zero and rows are of no use.
        let counted: Vec<Statistic> = statistics.iter().copied().chain([Statistic::Count, Statistic::Nan]).collect();
        let curves = self.group_curves(by, &counted)?;
        let (mut groups, mut keys, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let mut values: Vec<Vec<Option<f64>>> = vec![Vec::new(); statistics.len()];
        for curve in &curves {
            let counts = &curve.statistics[statistics.len()..];
            for (place, x) in self.places.iter().enumerate() {
                if counts.iter().any(|count| count.get(place).is_some_and(|count| count > 0.0)) {
                    groups.push(&curve.group);
                    keys.push(curve.key.as_str());
                    places.push(*x);
                    for (values, statistic) in values.iter_mut().zip(&curve.statistics) {
                        values.push(statistic.get(place));
                    }
                }
            }
        }
        let rows = groups.len();
        let mut columns = by.columns(&groups);
        if self.keys.len() > 1 {
            columns.push(Series::new(KEY.into(), keys).into());
        }
        columns.push(self.axis_column(places));
        for (statistic, values) in statistics.iter().zip(values) {
            let name = statistic.to_string();
            if columns.iter().any(|column| column.name().as_str() == name) {
                let reason = "the table has a column of that name already".to_owned();
                return Err(ErrorKind::Argument { what: "a statistic", value: name, reason }.into());
            }
            columns.push(match statistic {
                Statistic::Count | Statistic::Nan => Series::new(name.into(), values.into_iter().map(whole).collect::<Vec<_>>()).into(),
                _ => Series::new(name.into(), values).into(),
            });
        }
        Ok(DataFrame::new(rows, unlike_names(columns))?)
    }

    fn is_of_several_projects(&self) -> bool {
        let mut projects = self.runs.iter().map(|run| run.record.path.project_path());
        let first = projects.next();
        projects.any(|project| Some(project) != first)
    }

    fn column_name(&self, name: &str, run: &StoredRun) -> String {
        let path = &run.record.path;
        let run = if self.is_of_several_projects() { path.to_string() } else { path.run_id.clone() };
        if self.keys.len() > 1 { format!("{name} {run}") } else { run }
    }

    pub(crate) fn axis_column(&self, places: Vec<f64>) -> Column {
        let name = self.axis.name().into();
        if self.has_whole_places {
            Series::new(name, places.into_iter().map(|place| whole(Some(place))).collect::<Vec<_>>()).into()
        } else {
            Series::new(name, places).into()
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "counts and steps are whole numbers")]
fn whole(value: Option<f64>) -> Option<i64> {
    value.map(|value| value as i64)
}

/// The values as a nullable float64 column.
pub(crate) fn float_column(name: &str, values: &Aligned) -> Column {
    let validity = values.is_there().contains(&false).then(|| values.is_there().iter().copied().collect::<Bitmap>());
    Float64Chunked::from_vec_validity(name.into(), values.values().to_vec(), validity).into_column()
}

/// A utf8 column.
pub(crate) fn text_column<'a>(name: &str, values: impl Iterator<Item = Option<&'a str>>) -> Column {
    Series::new(name.into(), values.collect::<Vec<_>>()).into()
}
