//! How much there was in all.

use crate::Curve;
use crate::arithmetic::sum;

/// The area between the curve and zero, below which it counts negative: the trapezoids between finite points, as `numpy.trapezoid`. One
/// point has no area; without any there is none. A point that is not finite is left out, and the line goes from its neighbour to its
/// neighbour.
///
/// Of several points at one `x` the first ends the line that comes from the left, and the last begins the one to the right.
///
/// ```
/// use runlake_curves::{Curve, outcome::area};
/// assert_eq!(area(&Curve::new(vec![0.0, 1.0, 2.0, 4.0], vec![1.0, 1.0, f64::NAN, 4.0])), Some(8.5));
/// assert_eq!(area(&Curve::new(vec![0.0], vec![f64::NAN])), None);
/// ```
pub fn area(curve: &Curve) -> Option<f64> {
    let mut finite = curve.points().filter(|(x, y)| x.is_finite() && y.is_finite());
    let mut before = finite.next()?;
    let trapezoids: Vec<f64> = finite
        .map(|point| {
            let trapezoid = (point.0 - before.0) * (before.1 / 2.0 + point.1 / 2.0);
            before = point;
            trapezoid
        })
        .collect();
    Some(sum(&trapezoids))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{curves, is_about};

    proptest! {
        #[test]
        fn the_sum_of_trapezoids(curve in curves()) {
            let finite: Vec<(f64, f64)> = curve.points().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
            let mut expected = 0.0;
            for pair in finite.windows(2) {
                expected += (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0;
            }
            prop_assert!(is_about(area(&curve), (!finite.is_empty()).then_some(expected)));
        }
    }
}
