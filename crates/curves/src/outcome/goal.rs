//! The best point, and when a value was reached.

use crate::Curve;

/// Which values are better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Goal {
    /// Lesser ones, as of a loss.
    #[default]
    Minimize,
    /// Greater ones, as of an accuracy.
    Maximize,
}

impl Goal {
    /// Whether `a` is better than `b`. NaN is no better than anything, and nothing than NaN.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        match self {
            Self::Minimize => a < b,
            Self::Maximize => a > b,
        }
    }
}

/// The index of the best point, the first of equal ones. Infinities take part. None when no value is a number.
///
/// ```
/// use runlake_curves::{Curve, outcome::{Goal, best}};
/// let curve = Curve::new(vec![0.0, 1.0, 2.0, 3.0], vec![0.9, f64::NAN, 0.2, 0.2]);
/// assert_eq!((best(&curve, Goal::Minimize), best(&curve, Goal::Maximize)), (Some(2), Some(0)));
/// ```
pub fn best(curve: &Curve, goal: Goal) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (at, y) in curve.y().iter().enumerate() {
        if !y.is_nan() && best.is_none_or(|best| goal.is_better(*y, curve.y()[best])) {
            best = Some(at);
        }
    }
    best
}

/// The index of the last point, of several at one `x` the last logged; NaN too. None when there are no points.
pub fn last(curve: &Curve) -> Option<usize> {
    curve.len().checked_sub(1)
}

/// The first `x` at which a value is as good as the threshold or better. None when there is none.
///
/// ```
/// use runlake_curves::{Curve, outcome::{Goal, time_to}};
/// let curve = Curve::new(vec![0.0, 10.0, 20.0], vec![0.9, 0.5, 0.2]);
/// assert_eq!(time_to(&curve, 0.5, Goal::Minimize), Some(10.0));
/// assert_eq!(time_to(&curve, 1.0, Goal::Maximize), None);
/// ```
pub fn time_to(curve: &Curve, threshold: f64, goal: Goal) -> Option<f64> {
    curve.points().find(|(_, y)| *y == threshold || goal.is_better(*y, threshold)).map(|(x, _)| x)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{curves, values};

    proptest! {
        #[test]
        fn nothing_is_better_than_the_best(curve in curves(), threshold in values(), goal in prop_oneof![Just(Goal::Minimize), Just(Goal::Maximize)]) {
            let numbers = || curve.y().iter().copied().filter(|y| !y.is_nan());
            let fold = |of: fn(f64, f64) -> f64| numbers().reduce(of);
            let expected = if goal == Goal::Minimize { fold(f64::min) } else { fold(f64::max) };
            prop_assert_eq!(best(&curve, goal), expected.and_then(|best| curve.y().iter().position(|y| *y == best)));
            let reaches = |y: f64| if goal == Goal::Minimize { y <= threshold } else { y >= threshold };
            prop_assert_eq!(time_to(&curve, threshold, goal), curve.points().filter(|(_, y)| reaches(*y)).map(|(x, _)| x).next());
            prop_assert_eq!(last(&curve), (0..curve.len()).last());
        }
    }
}
