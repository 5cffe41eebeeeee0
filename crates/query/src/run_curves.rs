//! Curves of many runs out of a lake.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use runlake_curves::Curve;
use runlake_lake::{Lake, Piece, RowsOf, StoredRun};

use crate::Error;
use crate::run_parts::{Part, ReadBytes, RunColumns, for_each_run};

/// What is read of each run.
#[derive(Clone, Debug)]
pub(crate) struct CurvePlan {
    pub(crate) rows_of: RowsOf,
    /// The column of the axis.
    pub(crate) axis: String,
    /// The columns of the metrics: numbers or booleans, which count as 0 and 1.
    pub(crate) keys: Vec<String>,
    pub(crate) steps: Option<Range<i64>>,
    pub(crate) most_points: u64,
}

/// Points of one run that stand together: an x and a y for each key.
struct Points(Vec<(Vec<f64>, Vec<f64>)>);

impl Part for Points {
    fn points(&self) -> u64 {
        self.0.iter().map(|(x, _)| x.len() as u64).sum()
    }
}

/// Gives the curves of each run, one for each key, to `finish` on one of the threads that compute, and what it makes of them in the order of
/// `runs`. A run without rows has empty curves.
///
/// # Errors
/// As [`for_each_run`].
pub(crate) async fn curves_of_runs<T: Send + 'static>(
    lake: &Lake,
    runs: &[StoredRun],
    plan: &CurvePlan,
    finish: impl Fn(usize, Vec<Curve>) -> T + Send + Sync + 'static,
) -> Result<(Vec<T>, ReadBytes), Error> {
    let columns = std::iter::once(&plan.axis).chain(&plan.keys).cloned().collect();
    let wanted = RunColumns { rows_of: plan.rows_of, columns, steps: plan.steps.clone(), most_points: plan.most_points };
    let keys = plan.keys.len();
    for_each_run(lake, runs, &wanted, |_, piece| points_of(&piece), move |run, parts| finish(run, joined(parts, keys))).await
}

/// The lowest and the highest finite place that a run has on an axis.
struct Bounds(Option<(f64, f64)>);

impl Part for Bounds {
    fn points(&self) -> u64 {
        1
    }
}

/// The lowest and the highest finite place that the runs have on an axis; `None` when they have no place on it.
pub(crate) async fn axis_range(lake: &Lake, runs: &[StoredRun], plan: &CurvePlan) -> Result<(Option<(f64, f64)>, ReadBytes), Error> {
    let columns = vec![plan.axis.clone()];
    let wanted = RunColumns { rows_of: plan.rows_of, columns, steps: plan.steps.clone(), most_points: plan.most_points };
    let bounds = |_, piece: Piece| Bounds(piece.columns.first().and_then(Option::as_ref).and_then(bounds_of));
    let widest = |parts: Vec<Bounds>| {
        parts.into_iter().filter_map(|Bounds(bounds)| bounds).reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    };
    let (of_runs, bytes) = for_each_run(lake, runs, &wanted, bounds, move |_, parts| Bounds(widest(parts))).await?;
    Ok((widest(of_runs), bytes))
}

fn bounds_of(column: &ArrayRef) -> Option<(f64, f64)> {
    let values = every_number(column)?;
    let finite = values.iter().enumerate().filter(|(row, value)| column.is_valid(*row) && value.is_finite()).map(|(_, value)| *value);
    finite.fold(None, |range, value| Some(range.map_or((value, value), |(low, high): (f64, f64)| (low.min(value), high.max(value)))))
}

/// The points of each key: rows that have both the axis and the key.
fn points_of(piece: &Piece) -> Points {
    let mut columns = piece.columns.iter();
    let axis = columns.next().and_then(Option::as_ref);
    Points(columns.map(|column| axis.zip(column.as_ref()).and_then(|(x, y)| points(x, y)).unwrap_or_default()).collect())
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

/// A column as numbers; where it is null, any.
pub(crate) fn every_number(column: &ArrayRef) -> Option<Vec<f64>> {
    match column.data_type() {
        DataType::Float64 => Some(column.as_primitive::<Float64Type>().values().to_vec()),
        #[expect(
            clippy::cast_precision_loss,
            reason = "steps beyond 2^53 have no float of their own, and are told apart by nothing on a chart"
        )]
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().values().iter().map(|value| *value as f64).collect()),
        DataType::Boolean => Some(column.as_boolean().values().iter().map(|value| f64::from(u8::from(value))).collect()),
        _ => None,
    }
}

/// The curves of a run, whose parts may come from several files.
fn joined(parts: Vec<Points>, keys: usize) -> Vec<Curve> {
    let mut points = vec![(Vec::new(), Vec::new()); keys];
    for Points(part) in parts {
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
    use std::sync::Arc;

    use arrow::array::{BooleanArray, Float64Array, Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_point_is_a_row_with_both() {
        let x: ArrayRef = Arc::new(Int64Array::from(vec![Some(0), None, Some(2), Some(3)]));
        let y: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), Some(0.6), None, Some(f64::NAN)]));
        let (places, values) = points(&x, &y).unwrap();
        assert_eq!(places, [0.0, 3.0]);
        assert_eq!(format!("{values:?}"), "[0.5, NaN]");
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]));
        assert_eq!(points(&x, &flags).unwrap(), (vec![0.0, 3.0], vec![1.0, 1.0]));
        let text: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c", "d"]));
        assert_eq!(points(&x, &text), None);
    }

    #[test]
    fn a_run_without_parts_has_empty_curves() {
        assert!(joined(Vec::new(), 2).iter().all(Curve::is_empty));
        let part = |x: f64, y: f64| Points(vec![(vec![x], vec![y])]);
        assert_eq!(joined(vec![part(1.0, 0.3), part(1.0, 0.7)], 1)[0].y(), [0.3, 0.7]);
    }
}
