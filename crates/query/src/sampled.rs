//! Histories of many runs, sampled by a rule that is named.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::Int64Type;
use polars::prelude::DataFrame;
use runlake_curves::sample::{even, largest_triangle, min_max};
use runlake_ingest::schema::STEP;
use runlake_lake::Lake;
use runlake_types::Kind;

use crate::bridge::frame_of_batch;
use crate::keys::resolve_keys;
use crate::run_curves::every_number;
use crate::run_rows::{FIXED, RowPlan, rows_of_runs};
use crate::{DEFAULT_MOST_POINTS, Error, ErrorKind, KeyPattern, Selection};

/// The rule by which rows of a run are chosen. Rows that have none of the keys are never chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Every row.
    Full,
    /// So many rows at even distances, the first and the last among them.
    Even(usize),
    /// So many points of each metric that keep the shape of its curve, the first and the last among them (largest triangle, three buckets).
    LargestTriangle(usize),
    /// The least and the greatest value of each metric in so many stretches of rows, and every NaN and infinity: no spike is lost.
    MinMax(usize),
}

/// Rows of many runs.
#[derive(Clone, Debug)]
pub struct SampledHistories {
    selection: Selection,
    keys: Vec<KeyPattern>,
    sampling: Sampling,
    steps: Option<Range<i64>>,
    require_all: bool,
}

impl SampledHistories {
    /// These keys, of any kind, of these runs; no keys are all.
    pub fn new(selection: Selection, keys: impl IntoIterator<Item = KeyPattern>, sampling: Sampling) -> Self {
        Self { selection, keys: keys.into_iter().collect(), sampling, steps: None, require_all: false }
    }

    /// Only these steps.
    #[must_use]
    pub fn with_steps(mut self, steps: Range<i64>) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Only rows that have every key, as the official client's `keys` do; by default rows that have any.
    #[must_use]
    pub fn require_all(mut self) -> Self {
        self.require_all = true;
        self
    }

    /// A row for each chosen row of each run: `run_id`, `project` where there are several, `_step`, `_timestamp`, `_runtime`, and the keys by
    /// their dotted names, as they were logged. By run and step.
    ///
    /// Where the rule chooses points of each metric, the rows are those that have a chosen point of any, with all keys.
    ///
    /// # Errors
    /// Those of [`Selection::runs`] and of keys; [`ErrorKind::NoValues`] when no run has such a row; [`ErrorKind::TooLarge`].
    pub async fn read(&self, lake: &Lake) -> Result<DataFrame, Error> {
        let runs = self.selection.runs(lake).await?;
        let keys = resolve_keys(&self.keys, &lake.metric_columns().await?)?;
        if let Sampling::Even(0) | Sampling::LargestTriangle(0) | Sampling::MinMax(0) = self.sampling {
            let reason = "nothing would be left".to_owned();
            return Err(ErrorKind::Argument { what: "the number of samples", value: "0".to_owned(), reason }.into());
        }
        let numbers: Vec<bool> = keys.iter().map(|key| matches!(key.kind, Kind::Number | Kind::Boolean)).collect();
        let (sampling, names) = (self.sampling, keys.iter().map(|key| key.path.dotted()).collect::<Vec<_>>().join(", "));
        let plan = RowPlan { keys, steps: self.steps.clone(), require_all: self.require_all, most_points: DEFAULT_MOST_POINTS };
        let choose = move |_, rows: RecordBatch| {
            let chosen = chosen_rows(&rows, &numbers, sampling);
            Ok(if chosen.len() == rows.num_rows() { rows } else { take_record_batch(&rows, &chosen)? })
        };
        let (batch, _) = rows_of_runs(lake, &runs, &plan, choose).await?;
        if batch.num_rows() == 0 {
            let every = if self.require_all { "every one of these keys" } else { "one of these keys" };
            let within = if self.steps.is_some() { ", or none within the steps" } else { "" };
            let reason = format!("none of the {} runs has a row with {every}{within}", runs.len());
            return Err(ErrorKind::NoValues { question: names, reason }.into());
        }
        frame_of_batch(&batch)
    }
}

fn chosen_rows(rows: &RecordBatch, numbers: &[bool], sampling: Sampling) -> UInt64Array {
    let all = || (0..rows.num_rows()).collect::<Vec<_>>();
    let chosen = match sampling {
        Sampling::Full => all(),
        Sampling::Even(samples) => even(rows.num_rows(), samples),
        // Without numbers there is no shape to keep.
        Sampling::LargestTriangle(samples) | Sampling::MinMax(samples) if !numbers.contains(&true) => even(rows.num_rows(), samples),
        Sampling::LargestTriangle(_) | Sampling::MinMax(_) => {
            let steps = rows.column_by_name(STEP).and_then(|steps| steps.as_primitive_opt::<Int64Type>());
            #[expect(clippy::cast_precision_loss, reason = "steps beyond 2^53 are as good as equal to a triangle")]
            let steps: Vec<f64> = steps.into_iter().flat_map(arrow::array::PrimitiveArray::values).map(|step| *step as f64).collect();
            let mut of_any: Vec<usize> = Vec::new();
            let metrics = rows.columns()[FIXED.len()..].iter().zip(numbers);
            for column in metrics.filter(|(_, is_number)| **is_number).map(|(column, _)| column) {
                of_any.extend(chosen_points(&steps, column, sampling));
            }
            of_any.sort_unstable();
            of_any.dedup();
            of_any
        }
    };
    chosen.into_iter().map(|row| row as u64).collect::<Vec<_>>().into()
}

/// The rows of the chosen points of one metric.
fn chosen_points(steps: &[f64], column: &ArrayRef, sampling: Sampling) -> Vec<usize> {
    let rows: Vec<usize> = (0..column.len()).filter(|row| column.is_valid(*row)).collect();
    let Some(values) = every_number(column) else { return Vec::new() };
    let (x, y): (Vec<f64>, Vec<f64>) = rows.iter().map(|row| (steps[*row], values[*row])).unzip();
    let points = match sampling {
        Sampling::LargestTriangle(samples) => largest_triangle(&x, &y, samples),
        Sampling::MinMax(buckets) => min_max(&y, buckets),
        Sampling::Full | Sampling::Even(_) => return rows,
    };
    points.into_iter().map(|point| rows[point]).collect()
}
