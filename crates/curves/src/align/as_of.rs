//! The value that a curve has as of a place: that of the nearest point before, after, or on either side.

use super::search::{Search, last_logged};
use crate::{Aligned, Curve};

/// Which point [`as_of`] takes when none lies exactly at the place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AsOf {
    /// The last before the place: what was known there.
    #[default]
    Backward,
    /// The first after the place. Of several at that `x` the last logged, as everywhere; `pandas.merge_asof` takes the first.
    Forward,
    /// The nearer of the two; at equal distances the one before.
    Nearest,
}

/// The value at each place, else that of the nearest point in a direction, else none. Of several points at one `x` the last logged.
///
/// A point farther away than `tolerance` is not taken; one at exactly that distance is. Without a tolerance no distance is too far, that of
/// infinite `x` neither. A tolerance below zero or NaN allows none, so that only points exactly at the place are taken.
///
/// ```
/// use runlake_curves::{Curve, align::{AsOf, as_of}};
/// let curve = Curve::new(vec![0.0, 10.0], vec![0.9, 0.1]);
/// let grid = [-1.0, 0.0, 4.0, 5.0, 6.0];
/// assert!(as_of(&curve, &grid, AsOf::Backward, None).iter().eq([None, Some(0.9), Some(0.9), Some(0.9), Some(0.9)]));
/// assert!(as_of(&curve, &grid, AsOf::Forward, Some(5.0)).iter().eq([Some(0.9), Some(0.9), None, Some(0.1), Some(0.1)]));
/// assert!(as_of(&curve, &grid, AsOf::Nearest, None).iter().eq([Some(0.9), Some(0.9), Some(0.9), Some(0.9), Some(0.1)]));
/// ```
pub fn as_of(curve: &Curve, grid: &[f64], direction: AsOf, tolerance: Option<f64>) -> Aligned {
    let (x, y) = last_logged(curve);
    if *x == *grid {
        return Aligned::all(y.into_owned());
    }
    let is_near = |distance: f64| tolerance.is_none_or(|tolerance| distance <= tolerance);
    let mut aligned = Aligned::none(grid.len());
    let mut search = Search::new(&x);
    for (at, place) in grid.iter().enumerate() {
        if place.is_nan() {
            continue;
        }
        let after = search.up_to(*place);
        let before = after.checked_sub(1);
        if let Some(before) = before
            && x[before] == *place
        {
            aligned.set(at, y[before]);
            continue;
        }
        let before = before.map(|before| (place - x[before], before));
        let after = x.get(after).map(|next| (next - place, after));
        let taken = match direction {
            AsOf::Backward => before,
            AsOf::Forward => after,
            AsOf::Nearest => match (before, after) {
                (Some(before), Some(after)) => Some(if after.0 < before.0 { after } else { before }),
                (before, after) => before.or(after),
            },
        };
        if let Some((distance, point)) = taken
            && is_near(distance)
        {
            aligned.set(at, y[point]);
        }
    }
    aligned
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{curves, grids, same};

    /// By looking at every point for every place.
    fn naive(curve: &Curve, place: f64, direction: AsOf, tolerance: Option<f64>) -> Option<f64> {
        let last_at = |x: f64| curve.points().filter(|(other, _)| *other == x).last();
        let before = curve.x().iter().copied().filter(|x| *x <= place).reduce(f64::max).and_then(last_at);
        let after = curve.x().iter().copied().filter(|x| *x >= place).reduce(f64::min).and_then(last_at);
        let distance = |(x, _): (f64, f64)| if x == place { 0.0 } else { (x - place).abs() };
        let taken = match direction {
            AsOf::Backward => before,
            AsOf::Forward => after,
            AsOf::Nearest => {
                let mut both: Vec<_> = [before, after].into_iter().flatten().collect();
                both.sort_by(|a, b| distance(*a).total_cmp(&distance(*b)));
                both.first().copied()
            }
        }?;
        (taken.0 == place || tolerance.is_none_or(|tolerance| distance(taken) <= tolerance)).then_some(taken.1)
    }

    proptest! {
        #[test]
        fn the_nearest_in_the_direction(
            curve in curves(),
            grid in grids(),
            direction in prop_oneof![Just(AsOf::Backward), Just(AsOf::Forward), Just(AsOf::Nearest)],
            tolerance in prop::option::of(prop_oneof![(-1_i32..6).prop_map(f64::from), Just(f64::NAN), Just(f64::INFINITY)]),
        ) {
            let expected = grid.iter().map(|place| naive(&curve, *place, direction, tolerance));
            same(&as_of(&curve, &grid, direction, tolerance), expected)?;
        }
    }
}
