//! Curves, axes and values for property tests, with all that is odd about them, and comparisons that know NaN.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::{Aligned, Curve};

/// Whole and halved numbers, so that repeats and exact hits are common.
pub(crate) fn places() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-8_i32..24).prop_map(|twice| f64::from(twice) / 2.0),
        2 => -5.0..15.0,
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(f64::NAN),
        1 => Just(-0.0),
    ]
}

/// What may be logged.
pub(crate) fn values() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-10_i32..10).prop_map(f64::from),
        6 => -1e3..1e3,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
    ]
}

/// Points in the order in which they were logged, unsorted as often as not.
pub(crate) fn points() -> impl Strategy<Value = Vec<(f64, f64)>> {
    (prop::collection::vec((places(), values()), 0..60), any::<bool>()).prop_map(|(mut points, is_sorted)| {
        if is_sorted {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        points
    })
}

/// Curves of none, one and many points.
pub(crate) fn curves() -> impl Strategy<Value = Curve> {
    points().prop_map(|points| {
        let (x, y) = points.into_iter().unzip();
        Curve::new(x, y)
    })
}

/// Axes, ascending as often as not.
pub(crate) fn grids() -> impl Strategy<Value = Vec<f64>> {
    (prop::collection::vec(places(), 0..40), any::<bool>()).prop_map(|(mut grid, is_sorted)| {
        if is_sorted {
            grid.sort_by(f64::total_cmp);
        }
        grid
    })
}

/// Whether two values are the same, NaN and NaN too.
pub(crate) fn is_same(a: Option<f64>, b: Option<f64>) -> bool {
    a == b || (a.is_some_and(f64::is_nan) && b.is_some_and(f64::is_nan))
}

/// Whether two values are the same but for the last digits.
pub(crate) fn is_about(a: Option<f64>, b: Option<f64>) -> bool {
    let is_close = |(a, b): (f64, f64)| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
    is_same(a, b) || a.zip(b).is_some_and(is_close)
}

/// That there are the same values at all places.
pub(crate) fn same(found: &Aligned, expected: impl IntoIterator<Item = Option<f64>>) -> Result<(), TestCaseError> {
    all_places(found, expected, is_same)
}

/// That there are the same values at all places, but for the last digits.
pub(crate) fn same_about(found: &Aligned, expected: impl IntoIterator<Item = Option<f64>>) -> Result<(), TestCaseError> {
    all_places(found, expected, is_about)
}

fn all_places(
    found: &Aligned,
    expected: impl IntoIterator<Item = Option<f64>>,
    is_so: impl Fn(Option<f64>, Option<f64>) -> bool,
) -> Result<(), TestCaseError> {
    let (found, expected): (Vec<_>, Vec<_>) = (found.iter().collect(), expected.into_iter().collect());
    prop_assert_eq!(found.len(), expected.len());
    let is_all_so = found.iter().zip(&expected).all(|(a, b)| is_so(*a, *b));
    prop_assert!(is_all_so, "{:?} is not {:?}", found, expected);
    Ok(())
}
