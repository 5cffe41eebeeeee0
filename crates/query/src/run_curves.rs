//! Curves of many runs out of a lake.

use std::borrow::Cow;
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

impl CurvePlan {
    /// The columns in which [`for_each_run`] gives pieces to [`points_of`].
    pub(crate) fn columns(&self) -> RunColumns {
        let columns = std::iter::once(&self.axis).chain(&self.keys).cloned().collect();
        RunColumns { rows_of: self.rows_of, columns, steps: self.steps.clone(), most_points: self.most_points }
    }
}

/// Points of one run that stand together: an x and a y for each key.
pub(crate) struct Points(pub(crate) Vec<(Vec<f64>, Vec<f64>)>);

impl Points {
    pub(crate) fn of(piece: &Piece) -> Self {
        Self(points_of(piece, |x, y| (x.to_vec(), y.to_vec())))
    }
}

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
    let keys = plan.keys.len();
    for_each_run(lake, runs, &plan.columns(), |_, piece| Points::of(&piece), move |run, parts| finish(run, joined(parts, keys))).await
}

/// What `make` makes of the places and the values of each key: of rows that have both the axis and the key.
pub(crate) fn points_of<T>(piece: &Piece, make: impl Fn(&[f64], &[f64]) -> T) -> Vec<T> {
    let mut columns = piece.columns.iter();
    let axis = columns.next().and_then(Option::as_ref).and_then(|axis| Some((axis, every_number(axis)?)));
    let of_key = |column: &Option<ArrayRef>| {
        let (axis, x) = axis.as_ref()?;
        let column = column.as_ref().filter(|column| column.null_count() < column.len())?;
        let y = every_number(column)?;
        if axis.null_count() == 0 && column.null_count() == 0 {
            return Some(make(x, &y));
        }
        let rows = (0..axis.len().min(column.len())).filter(|row| axis.is_valid(*row) && column.is_valid(*row));
        let (x, y): (Vec<f64>, Vec<f64>) = rows.map(|row| (x[row], y[row])).unzip();
        Some(make(&x, &y))
    };
    columns.map(|column| of_key(column).unwrap_or_else(|| make(&[], &[]))).collect()
}

/// A column as numbers; where it is null, any.
pub(crate) fn every_number(column: &ArrayRef) -> Option<Cow<'_, [f64]>> {
    match column.data_type() {
        DataType::Float64 => Some(column.as_primitive::<Float64Type>().values().as_ref().into()),
        #[expect(
            clippy::cast_precision_loss,
            reason = "steps beyond 2^53 have no float of their own, and are told apart by nothing on a chart"
        )]
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().values().iter().map(|value| *value as f64).collect::<Vec<_>>().into()),
        DataType::Boolean => Some(column.as_boolean().values().iter().map(|value| f64::from(u8::from(value))).collect::<Vec<_>>().into()),
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
        let piece = |x: &ArrayRef, y: ArrayRef| Piece { run: 0, columns: vec![Some(Arc::clone(x)), Some(y)], rows: 4, is_whole: true };
        let shown = |piece: Piece| format!("{:?}", Points::of(&piece).0);
        assert_eq!(shown(piece(&x, y)), "[([0.0, 3.0], [0.5, NaN])]");
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]));
        assert_eq!(shown(piece(&x, flags)), "[([0.0, 3.0], [1.0, 1.0])]");
        let text: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c", "d"]));
        assert_eq!(shown(piece(&x, text)), "[([], [])]");
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![4, 5, 6, 7]));
        assert_eq!(shown(piece(&whole, Arc::clone(&whole))), "[([4.0, 5.0, 6.0, 7.0], [4.0, 5.0, 6.0, 7.0])]");
    }

    #[test]
    fn a_run_without_parts_has_empty_curves() {
        assert!(joined(Vec::new(), 2).iter().all(Curve::is_empty));
        let part = |x: f64, y: f64| Points(vec![(vec![x], vec![y])]);
        assert_eq!(joined(vec![part(1.0, 0.3), part(1.0, 0.7)], 1)[0].y(), [0.3, 0.7]);
    }
}
