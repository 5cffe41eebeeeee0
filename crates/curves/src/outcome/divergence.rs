//! Where a curve stopped being a number, or got out of hand.

use super::goal::Goal;
use crate::statistics::quantile;
use crate::{Curve, Error};

/// The index of the first point that is NaN or infinite. None when all are finite.
///
/// ```
/// use runlake_curves::{Curve, outcome::first_non_finite};
/// assert_eq!(first_non_finite(&Curve::new(vec![0.0, 1.0, 2.0], vec![0.9, f64::INFINITY, f64::NAN])), Some(1));
/// ```
pub fn first_non_finite(curve: &Curve) -> Option<usize> {
    curve.y().iter().position(|y| !y.is_finite())
}

/// The index of the first point that is not finite, or that is worse than the best before it by more than so many typical steps. None when
/// there is none.
///
/// A typical step is the median change from one finite value to the next, over the whole curve, whatever its direction: how noisy the curve
/// is. Of a curve most of whose values are the same it is zero, and any change for the worse is a divergence. Twenty steps find what an eye
/// would call a blow-up.
///
/// # Errors
/// [`crate::ErrorKind::Parameter`] when `steps` is below zero or NaN.
///
/// ```
/// use runlake_curves::{Curve, outcome::{Goal, divergence}};
/// let x = (0..6).map(f64::from).collect();
/// let curve = Curve::new(x, vec![2.0, 1.0, 0.5, 0.6, 30.0, 90.0]);
/// assert_eq!(divergence(&curve, Goal::Minimize, 20.0)?, Some(4));
/// # Ok::<(), runlake_curves::Error>(())
/// ```
pub fn divergence(curve: &Curve, goal: Goal, steps: f64) -> Result<Option<usize>, Error> {
    if steps.is_nan() || steps < 0.0 {
        return Err(Error::parameter("the number of steps of a divergence", steps, "at least 0"));
    }
    let finite: Vec<f64> = curve.y().iter().copied().filter(|y| y.is_finite()).collect();
    let mut changes: Vec<f64> = finite.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    changes.sort_unstable_by(f64::total_cmp);
    let step = if changes.is_empty() { 0.0 } else { quantile(&changes, 0.5) };
    let limit = steps * step;
    let mut best: Option<f64> = None;
    Ok(curve.y().iter().position(|y| {
        let is_worse = best.is_some_and(|best| goal.is_better(best, *y) && (y - best).abs() > limit);
        best = Some(best.filter(|best| !goal.is_better(*y, *best)).unwrap_or(*y));
        !y.is_finite() || is_worse
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::curves;

    #[test]
    fn steps_below_zero_are_refused() {
        insta::assert_snapshot!(
            divergence(&Curve::default(), Goal::Minimize, -1.0).unwrap_err().to_string(),
            @"the number of steps of a divergence cannot be -1.0: it must be at least 0"
        );
    }

    proptest! {
        #[test]
        fn the_first_that_is_far_from_the_best(curve in curves(), steps in 0.0..4.0, goal in prop_oneof![Just(Goal::Minimize), Just(Goal::Maximize)]) {
            let y = curve.y();
            let mut changes: Vec<f64> = Vec::new();
            let finite: Vec<f64> = y.iter().copied().filter(|y| y.is_finite()).collect();
            for at in 1..finite.len() {
                changes.push((finite[at] - finite[at - 1]).abs());
            }
            changes.sort_by(f64::total_cmp);
            let middle = changes.len() / 2;
            let step = match changes.len() {
                0 => 0.0,
                odd if odd % 2 == 1 => changes[middle],
                _ => f64::midpoint(changes[middle - 1], changes[middle]),
            };
            let expected = (0..y.len()).find(|at| {
                let best = y[..*at].iter().copied().reduce(|a, b| if goal == Goal::Minimize { a.min(b) } else { a.max(b) });
                let worse = best.map(|best| if goal == Goal::Minimize { y[*at] - best } else { best - y[*at] });
                !y[*at].is_finite() || worse.is_some_and(|worse| worse > 0.0 && worse > steps * step)
            });
            prop_assert_eq!(divergence(&curve, goal, steps).unwrap(), expected);
            prop_assert_eq!(first_non_finite(&curve), (0..y.len()).find(|at| y[*at].is_nan() || y[*at].is_infinite()));
        }
    }
}
