//! Straight lines between the points of a curve.

use super::search::{Search, last_logged};
use crate::arithmetic::lerp;
use crate::{Aligned, Curve};

/// The value at each place on the straight line between its neighbours, and none before the first point and after the last.
///
/// Exact where a point lies, and never beyond the two values between which it is drawn. Of several points at one `x` the last logged is the
/// end of the lines on both sides. Points at infinite `x` take no part. NaN makes NaN up to both neighbours; ±Infinity makes itself, and
/// NaN towards the other infinity.
///
/// ```
/// use runlake_curves::{Curve, align};
/// let curve = Curve::new(vec![0.0, 2.0, 4.0], vec![1.0, 2.0, f64::NAN]);
/// let aligned = align::linear(&curve, &[-1.0, 0.0, 1.0, 2.0, 3.0, 5.0]);
/// assert!(aligned.iter().take(4).eq([None, Some(1.0), Some(1.5), Some(2.0)]));
/// assert!(aligned.get(4).is_some_and(f64::is_nan) && aligned.get(5).is_none());
/// ```
pub fn linear(curve: &Curve, grid: &[f64]) -> Aligned {
    let (x, y) = last_logged(curve);
    let finite = x.partition_point(|x| *x == f64::NEG_INFINITY)..x.partition_point(|x| *x < f64::INFINITY);
    let (x, y) = (&x[finite.clone()], &y[finite]);
    if x == grid {
        return Aligned::all(y.to_vec());
    }
    let mut aligned = Aligned::none(grid.len());
    let mut search = Search::new(x);
    for (at, place) in grid.iter().enumerate() {
        let next = search.up_to(*place);
        let Some(last) = next.checked_sub(1) else { continue };
        if x[last] == *place {
            aligned.set(at, y[last]);
        } else if let Some(next_x) = x.get(next) {
            aligned.set(at, lerp(y[last], y[next], share(x[last], *next_x, *place)));
        }
    }
    aligned
}

/// How far `place` is on the way from `from` to `to`, also where the way is longer than a float can say.
fn share(from: f64, to: f64, place: f64) -> f64 {
    let way = to - from;
    if way.is_finite() { (place - from) / way } else { (place / 2.0 - from / 2.0) / (to / 2.0 - from / 2.0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{curves, grids, same_about};

    /// By looking for both neighbours of every place, and weighing them.
    fn naive(curve: &Curve, place: f64) -> Option<f64> {
        let finite = || curve.points().filter(|(x, _)| x.is_finite());
        let before = finite().filter(|(x, _)| *x <= place).last()?;
        let after_x = finite().map(|(x, _)| x).find(|x| *x >= place)?;
        let after = finite().filter(|(x, _)| *x == after_x).last()?;
        if before.0 == place {
            return Some(before.1);
        }
        let share = (place - before.0) / (after.0 - before.0);
        Some((1.0 - share) * before.1 + share * after.1)
    }

    #[test]
    fn huge_values_do_not_overflow() {
        let curve = Curve::new(vec![-f64::MAX, f64::MAX], vec![-f64::MAX, f64::MAX]);
        assert_eq!(linear(&curve, &[0.0]).get(0), Some(0.0));
    }

    proptest! {
        #[test]
        fn on_the_line_between_neighbours(curve in curves(), grid in grids()) {
            same_about(&linear(&curve, &grid), grid.iter().map(|place| naive(&curve, *place)))?;
        }
    }
}
