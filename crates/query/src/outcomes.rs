//! How each run came out: its best or its last value of a metric, with everything else at that step.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Int64Type;
use polars::prelude::{Column, DataFrame, NamedFrom as _, Series};
use runlake_curves::Curve;
use runlake_curves::outcome::{Goal, area, time_to};
use runlake_ingest::schema::{RUNTIME, STEP, TIMESTAMP};
use runlake_lake::{Lake, Piece, RowsOf, StoredRun};
use runlake_types::{ColumnSet, Json, MetricColumn};

use crate::aligned_curves::{PROJECT, RUN_ID, text_column};
use crate::config::differing_config;
use crate::json_column::{column_of_values, value_in};
use crate::keys::{names_of, resolve_keys, resolve_number_keys};
use crate::paired::unlike_names;
use crate::run_curves::{CurvePlan, curves_of_runs, every_number};
use crate::run_parts::{KEYS_AT_ONCE, Part, RunColumns, for_each_run};
use crate::selection::RUNS_AND_ROWS;
use crate::{Axis, DEFAULT_MOST_POINTS, Error, ErrorKind, KeyPattern, Selection};

/// Which value of a run counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The best; of equal ones the first. NaN is never best.
    Best(Goal),
    /// The last that was logged, NaN too.
    Last,
}

/// One metric of many runs, and what of it is wanted.
#[derive(Clone, Debug)]
pub struct OutcomeQuery {
    selection: Selection,
    key: KeyPattern,
    pick: Pick,
    beside: Vec<KeyPattern>,
    axis: Axis,
    with_area: bool,
    threshold: Option<f64>,
}

impl OutcomeQuery {
    /// The picked value of `key`, a number or a boolean, in each run.
    pub fn new(selection: Selection, key: KeyPattern, pick: Pick) -> Self {
        Self { selection, key, pick, beside: Vec::new(), axis: Axis::Step, with_area: false, threshold: None }
    }

    /// Also what these keys, of any kind, have in the same row.
    #[must_use]
    pub fn beside(mut self, keys: impl IntoIterator<Item = KeyPattern>) -> Self {
        self.beside = keys.into_iter().collect();
        self
    }

    /// Also the area under the curve, along an axis.
    #[must_use]
    pub fn with_area(mut self) -> Self {
        self.with_area = true;
        self
    }

    /// Also the first place of an axis at which the metric is at this value or better; with [`Pick::Last`], at it or below.
    #[must_use]
    pub fn with_threshold(mut self, threshold: f64) -> Self {
        self.threshold = Some(threshold);
        self
    }

    /// The axis of area and threshold, by default the step.
    #[must_use]
    pub fn with_axis(mut self, axis: Axis) -> Self {
        self.axis = axis;
        self
    }

    /// A row for each run that has a value, best first, by project and run id where equal and where the last value was picked: `run_id`,
    /// `project` where there are several, `display_name`, the metric float64 and its `_step` int64, `config.KEY` for each key in which the runs
    /// differ, `_runtime` and `_timestamp` float64 of its row, `rows` int64 with the metric, `area` and `reached_at` float64 when they were
    /// asked for, and the keys beside.
    ///
    /// # Errors
    /// Those of [`Selection::runs`] and of keys; [`ErrorKind::NoValues`] when no run has a value that can be picked.
    pub async fn read(&self, lake: &Lake) -> Result<DataFrame, Error> {
        let lake = &lake.pinned(&RUNS_AND_ROWS).await?;
        let runs = self.selection.runs(lake).await?;
        let columns = lake.metric_columns().await?;
        let key = one_number_key(&self.key, &columns)?;
        let found = picked(lake, &runs, &key, self.pick).await?;
        let mut order: Vec<usize> = (0..runs.len()).filter(|run| found[*run].is_some()).collect();
        let value = |run: &usize| found[*run].map_or(f64::NAN, |found| found.value);
        match self.pick {
            Pick::Best(Goal::Minimize) => order.sort_by(|a, b| value(a).total_cmp(&value(b))),
            Pick::Best(Goal::Maximize) => order.sort_by(|a, b| value(b).total_cmp(&value(a))),
            Pick::Last => {}
        }
        if order.is_empty() {
            let reason = format!("none of the {} runs has a value of it that is a number", runs.len());
            return Err(ErrorKind::NoValues { question: key.path.dotted(), reason }.into());
        }
        let chosen: Vec<StoredRun> = order.iter().map(|run| runs[*run].clone()).collect();
        let found: Vec<Picked> = order.iter().filter_map(|run| found[*run]).collect();
        let mut table = run_columns(&chosen);
        table.push(Series::new(key.path.dotted().into(), found.iter().map(|found| found.value).collect::<Vec<_>>()).into());
        table.push(Series::new(STEP.into(), found.iter().map(|found| found.step).collect::<Vec<_>>()).into());
        table.extend(differing_config(&chosen));
        let mut beside = vec![(RUNTIME.to_owned(), RUNTIME.to_owned()), (TIMESTAMP.to_owned(), TIMESTAMP.to_owned())];
        if !self.beside.is_empty() {
            let resolved: Vec<MetricColumn> =
                resolve_keys(&self.beside, &columns)?.into_iter().filter(|other| other.name != key.name).collect();
            beside.extend(resolved.iter().zip(names_of(&resolved)).map(|(other, name)| (other.name.clone(), name)));
        }
        let mut others = at_steps(lake, &chosen, &found, &beside).await?.into_iter();
        table.extend(others.by_ref().take(2));
        let rows = found.iter().map(|found| i64::try_from(found.rows).unwrap_or(i64::MAX)).collect::<Vec<_>>();
        table.push(Series::new("rows".into(), rows).into());
        if self.with_area || self.threshold.is_some() {
            table.extend(self.along_axis(lake, &chosen, &columns, &key).await?);
        }
        table.extend(others);
        Ok(DataFrame::new(chosen.len(), unlike_names(table))?)
    }

    async fn along_axis(&self, lake: &Lake, runs: &[StoredRun], columns: &ColumnSet, key: &MetricColumn) -> Result<Vec<Column>, Error> {
        let plan = CurvePlan {
            rows_of: RowsOf::Histories,
            axis: self.axis.column(columns)?,
            keys: vec![key.name.clone()],
            steps: None,
            most_points: DEFAULT_MOST_POINTS,
        };
        let goal = if let Pick::Best(goal) = self.pick { goal } else { Goal::Minimize };
        let threshold = self.threshold;
        let of_curve = move |_: usize, curves: Vec<Curve>| {
            let curve = curves.into_iter().next().unwrap_or_default();
            (area(&curve), threshold.and_then(|threshold| time_to(&curve, threshold, goal)))
        };
        let (of_runs, _) = curves_of_runs(lake, runs, &plan, of_curve).await?;
        let mut made = Vec::new();
        if self.with_area {
            made.push(Series::new("area".into(), of_runs.iter().map(|(area, _)| *area).collect::<Vec<_>>()).into());
        }
        if self.threshold.is_some() {
            made.push(Series::new("reached_at".into(), of_runs.iter().map(|(_, reached)| *reached).collect::<Vec<_>>()).into());
        }
        Ok(made)
    }
}

/// The one column that a pattern names.
pub(crate) fn one_number_key(pattern: &KeyPattern, columns: &ColumnSet) -> Result<MetricColumn, Error> {
    let mut keys = resolve_number_keys(std::slice::from_ref(pattern), columns)?;
    if keys.len() > 1 {
        let names = keys.iter().map(|key| key.path.dotted()).collect::<Vec<_>>().join(", ");
        return Err(
            ErrorKind::Argument { what: "the metric", value: pattern.to_string(), reason: format!("it names several: {names}") }.into()
        );
    }
    Ok(keys.remove(0))
}

/// `run_id`, `project` where there are several, `display_name`.
pub(crate) fn run_columns(runs: &[StoredRun]) -> Vec<Column> {
    let mut columns = vec![text_column(RUN_ID, runs.iter().map(|run| Some(run.record.path.run_id.as_str())))];
    let projects: Vec<String> = runs.iter().map(|run| run.record.path.project_path().to_string()).collect();
    if projects.windows(2).any(|pair| pair[0] != pair[1]) {
        columns.push(text_column(PROJECT, projects.iter().map(|project| Some(project.as_str()))));
    }
    columns.push(text_column("display_name", runs.iter().map(|run| run.record.display_name.as_deref())));
    columns
}

/// The value that was picked of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picked {
    pub(crate) value: f64,
    pub(crate) step: i64,
    /// Rows of the run that have the metric.
    rows: u64,
}

/// Values of which one is picked, and how many there are.
struct Candidate(Option<(f64, i64)>, u64);

impl Part for Candidate {
    fn points(&self) -> u64 {
        1
    }
}

/// The picked value of each run; `None` where it has none.
pub(crate) async fn picked(lake: &Lake, runs: &[StoredRun], key: &MetricColumn, pick: Pick) -> Result<Vec<Option<Picked>>, Error> {
    let columns = vec![STEP.to_owned(), key.name.clone()];
    let wanted = RunColumns { rows_of: RowsOf::Histories, columns, steps: None, most_points: DEFAULT_MOST_POINTS };
    let candidate = move |_, piece: Piece| match &piece.columns[..] {
        [Some(steps), Some(values)] => candidate_of(steps, values, pick),
        _ => Candidate(None, 0),
    };
    let choose = move |_, parts: Vec<Candidate>| {
        let rows = parts.iter().map(|Candidate(_, rows)| rows).sum();
        let best = parts
            .into_iter()
            .filter_map(|Candidate(found, _)| found)
            .reduce(|one, other| if is_better(pick, other.0, one.0) { other } else { one });
        best.map(|(value, step)| Picked { value, step, rows })
    };
    Ok(for_each_run(lake, runs, &wanted, candidate, choose).await?.0)
}

fn is_better(pick: Pick, later: f64, earlier: f64) -> bool {
    match pick {
        Pick::Best(Goal::Minimize) => later < earlier,
        Pick::Best(Goal::Maximize) => later > earlier,
        Pick::Last => true,
    }
}

fn candidate_of(steps: &ArrayRef, values: &ArrayRef, pick: Pick) -> Candidate {
    let (Some(steps), Some(numbers)) = (steps.as_primitive_opt::<Int64Type>(), every_number(values)) else { return Candidate(None, 0) };
    let rows = (values.len() - values.null_count()) as u64;
    let counts = |row: &usize| values.is_valid(*row) && (pick == Pick::Last || !numbers[*row].is_nan());
    let best =
        (0..numbers.len()).filter(counts).reduce(|one, other| if is_better(pick, numbers[other], numbers[one]) { other } else { one });
    Candidate(best.map(|row| (numbers[row], steps.value(row))), rows)
}

/// The row of a run at a step.
struct RowAt(Option<Vec<Json>>);

impl Part for RowAt {
    fn points(&self) -> u64 {
        1
    }
}

/// What columns, given with the names that they are to have, hold at one step of each run.
async fn at_steps(lake: &Lake, runs: &[StoredRun], found: &[Picked], columns: &[(String, String)]) -> Result<Vec<Column>, Error> {
    let steps: Arc<[i64]> = found.iter().map(|found| found.step).collect();
    let mut made = Vec::new();
    for block in columns.chunks(KEYS_AT_ONCE) {
        let names = std::iter::once(STEP.to_owned()).chain(block.iter().map(|(name, _)| name.clone())).collect();
        let wanted = RunColumns { rows_of: RowsOf::Histories, columns: names, steps: None, most_points: DEFAULT_MOST_POINTS };
        let steps = Arc::clone(&steps);
        let row_at = move |run: usize, piece: Piece| {
            let stored = piece.columns[0].as_ref().and_then(|stored| stored.as_primitive_opt::<Int64Type>());
            let row = stored.and_then(|stored| stored.values().binary_search(&steps[run]).ok());
            let cell = |column: &Option<ArrayRef>, row| column.as_ref().map_or(Json::Null, |column| value_in(column, row));
            RowAt(row.map(|row| piece.columns[1..].iter().map(|column| cell(column, row)).collect()))
        };
        let row_of = |_, parts: Vec<RowAt>| parts.into_iter().find_map(|RowAt(row)| row);
        let (rows, _) = for_each_run(lake, runs, &wanted, row_at, row_of).await?;
        made.extend(block.iter().enumerate().map(|(at, (_, name))| {
            let values: Vec<Option<Json>> = rows.iter().map(|row| Some(row.as_ref()?[at].clone())).collect();
            column_of_values(name, &values)
        }));
    }
    Ok(made)
}
