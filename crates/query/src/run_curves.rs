//! Curves out of a lake, run by run: the one way in which questions of arithmetic read it.
//!
//! Part files are read and decoded side by side; a run is handed over once all of its rows are there, also side by side. What is held is the
//! curves of the runs that are being read, and what the caller makes of the others.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use futures::stream::FuturesUnordered;
use futures::{StreamExt as _, TryStreamExt as _};
use runlake_curves::Curve;
use runlake_ingest::off_thread;
use runlake_lake::{ColumnScan, Lake, Piece, RowsOf, StoredRun};
use runlake_types::ProjectPath;

use crate::{Error, ErrorKind};

/// Runs that are being finished at once.
const FINISHING: usize = 16;

/// What is read of each run.
#[derive(Clone, Debug)]
pub(crate) struct CurvePlan {
    pub(crate) rows_of: RowsOf,
    /// The column of the axis.
    pub(crate) axis: String,
    /// The columns of the metrics: numbers or booleans, which count as 0 and 1.
    pub(crate) keys: Vec<String>,
    pub(crate) steps: Option<Range<i64>>,
    /// The most points that may be held at once; see [`ErrorKind::TooLarge`].
    pub(crate) most_points: u64,
}

/// How much was read for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadBytes {
    /// Bytes that were read of part files, footers included.
    pub read: u64,
    /// Bytes that the projects' part files of the table have.
    pub stored: u64,
}

impl ReadBytes {
    pub(crate) fn add(&mut self, other: Self) {
        self.read += other.read;
        self.stored += other.stored;
    }
}

/// The runs of each project, by the places that they have among all.
pub(crate) fn by_project(runs: &[StoredRun]) -> BTreeMap<ProjectPath, Vec<usize>> {
    let mut projects: BTreeMap<ProjectPath, Vec<usize>> = BTreeMap::new();
    for (place, run) in runs.iter().enumerate() {
        projects.entry(run.record.path.project_path()).or_default().push(place);
    }
    projects
}

/// Points of one run that stand together: an x and a y for each key.
type Part = Vec<(Vec<f64>, Vec<f64>)>;

/// Gives the curves of each run, one for each key, to `finish` on one of the threads that compute, and what it makes of them in the order of
/// `runs`. A run without rows has empty curves.
///
/// # Errors
/// [`ErrorKind::Lake`] when a table cannot be read, [`ErrorKind::TooLarge`] when the curves of runs that share part files do not fit.
pub(crate) async fn for_each_run<T: Send + 'static>(
    lake: &Lake,
    runs: &[StoredRun],
    plan: &CurvePlan,
    finish: impl Fn(usize, Vec<Curve>) -> T + Send + Sync + 'static,
) -> Result<(Vec<T>, ReadBytes), Error> {
    let finish = Arc::new(finish);
    let mut made: Vec<Option<T>> = std::iter::repeat_with(|| None).take(runs.len()).collect();
    let mut bytes = ReadBytes::default();
    for (project, places) in by_project(runs) {
        let mut columns = vec![plan.axis.clone()];
        columns.extend(plan.keys.iter().cloned());
        let ids = places.iter().map(|place| runs[*place].record.path.run_id.clone()).collect();
        let scan = ColumnScan { rows_of: plan.rows_of, columns, runs: ids, steps: plan.steps.clone() };
        let mut scanned = lake.scan_columns(&project, &scan, |piece| part_of(&piece)).await?;
        let mut open: HashMap<usize, Vec<(Option<i64>, Part)>> = HashMap::new();
        let mut points = 0_u64;
        let mut finishing = FuturesUnordered::new();
        while let Some(group) = scanned.groups.try_next().await? {
            for (run, first_step, part) in group.pieces {
                points += points_of(&part);
                open.entry(run).or_default().push((first_step, part));
            }
            if points > plan.most_points {
                return Err(ErrorKind::TooLarge { points, most: plan.most_points }.into());
            }
            for run in group.ended {
                let (parts, keys, place, finish) = (open.remove(&run).unwrap_or_default(), plan.keys.len(), places[run], Arc::clone(&finish));
                points -= parts.iter().map(|(_, part)| points_of(part)).sum::<u64>();
                finishing.push(off_thread(move || (place, finish(place, curves_of(parts, keys)))));
                if finishing.len() >= FINISHING
                    && let Some((place, value)) = finishing.next().await
                {
                    made[place] = Some(value);
                }
            }
        }
        while let Some((place, value)) = finishing.next().await {
            made[place] = Some(value);
        }
        bytes.add(ReadBytes { read: scanned.bytes_read(), stored: scanned.bytes_stored });
    }
    Ok((made.into_iter().map(|value| value.expect("every run ends once")).collect(), bytes))
}

fn points_of(part: &Part) -> u64 {
    part.iter().map(|(x, _)| x.len() as u64).sum()
}

/// The lowest and the highest finite place that the runs have on an axis; `None` when they have no place on it.
pub(crate) async fn axis_range(lake: &Lake, runs: &[StoredRun], plan: &CurvePlan) -> Result<(Option<(f64, f64)>, ReadBytes), Error> {
    let mut range: Option<(f64, f64)> = None;
    let mut bytes = ReadBytes::default();
    for (project, places) in by_project(runs) {
        let ids = places.iter().map(|place| runs[*place].record.path.run_id.clone()).collect();
        let scan = ColumnScan { rows_of: plan.rows_of, columns: vec![plan.axis.clone()], runs: ids, steps: plan.steps.clone() };
        let bounds = |piece: Piece| {
            let (values, _) = numbers(piece.columns.first()?.as_ref()?)?;
            values.into_iter().filter(|value| value.is_finite()).fold(None, widened)
        };
        let mut scanned = lake.scan_columns(&project, &scan, bounds).await?;
        while let Some(group) = scanned.groups.try_next().await? {
            for (low, high) in group.pieces.into_iter().filter_map(|(_, _, bounds)| bounds) {
                range = widened(widened(range, low), high);
            }
        }
        bytes.add(ReadBytes { read: scanned.bytes_read(), stored: scanned.bytes_stored });
    }
    Ok((range, bytes))
}

fn widened(range: Option<(f64, f64)>, value: f64) -> Option<(f64, f64)> {
    Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
}

/// The points of each key: rows that have both the axis and the key.
fn part_of(piece: &Piece) -> Part {
    let mut columns = piece.columns.iter();
    let axis = columns.next().and_then(Option::as_ref);
    columns.map(|column| axis.zip(column.as_ref()).and_then(|(x, y)| points(x, y)).unwrap_or_default()).collect()
}

fn points(x: &ArrayRef, y: &ArrayRef) -> Option<(Vec<f64>, Vec<f64>)> {
    if y.null_count() == y.len() {
        return None;
    }
    let (x_values, y_values) = (every_number(x)?, every_number(y)?);
    if x.null_count() == 0 && y.null_count() == 0 {
        return Some((x_values, y_values));
    }
    let rows = (0..x.len().min(y.len())).filter(|row| x.is_valid(*row) && y.is_valid(*row));
    Some(rows.map(|row| (x_values[row], y_values[row])).unzip())
}

/// The numbers of a column, and their rows.
fn numbers(column: &ArrayRef) -> Option<(Vec<f64>, Vec<usize>)> {
    let values = every_number(column)?;
    Some((0..column.len()).filter(|row| column.is_valid(*row)).map(|row| (values[row], row)).unzip())
}

/// A column as numbers; where it is null, any.
pub(crate) fn every_number(column: &ArrayRef) -> Option<Vec<f64>> {
    match column.data_type() {
        DataType::Float64 => Some(column.as_primitive::<Float64Type>().values().to_vec()),
        #[expect(clippy::cast_precision_loss, reason = "steps beyond 2^53 have no float of their own, and are told apart by nothing on a chart")]
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().values().iter().map(|value| *value as f64).collect()),
        DataType::Boolean => Some(column.as_boolean().values().iter().map(|value| f64::from(u8::from(value))).collect()),
        _ => None,
    }
}

/// The curves of a run, whose parts may come from several files.
fn curves_of(mut parts: Vec<(Option<i64>, Part)>, keys: usize) -> Vec<Curve> {
    parts.sort_by_key(|(first_step, _)| *first_step);
    let mut points: Part = vec![(Vec::new(), Vec::new()); keys];
    for (_, part) in parts {
        for (all, (x, y)) in points.iter_mut().zip(part) {
            if all.0.is_empty() {
                *all = (x, y);
            } else {
                all.0.extend(x);
                all.1.extend(y);
            }
        }
    }
    points.into_iter().map(|(x, y)| Curve::new(x, y)).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, Float64Array, Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_point_is_a_row_with_both() {
        let x: ArrayRef = Arc::new(Int64Array::from(vec![Some(0), None, Some(2), Some(3)]));
        let y: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), Some(0.6), None, Some(f64::NAN)]));
        let (places, values) = points(&x, &y).unwrap();
        assert_eq!(places, [0.0, 3.0]);
        assert!(values[0] == 0.5 && values[1].is_nan());
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]));
        assert_eq!(points(&x, &flags).unwrap(), (vec![0.0, 3.0], vec![1.0, 1.0]));
        let text: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c", "d"]));
        assert_eq!(points(&x, &text), None);
    }

    #[test]
    fn parts_are_put_in_the_order_of_their_steps() {
        let part = |x: f64, y: f64| vec![(vec![x], vec![y])];
        let curves = curves_of(vec![(Some(7), part(1.0, 0.7)), (Some(3), part(1.0, 0.3))], 1);
        assert_eq!(curves[0].y(), [0.3, 0.7]);
        assert!(curves_of(Vec::new(), 2).iter().all(Curve::is_empty));
    }
}
