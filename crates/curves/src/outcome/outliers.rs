//! Values that are unlike the others.

use crate::Error;
use crate::arithmetic::{float, sum};
use crate::statistics::quantile;

/// When a value is an outlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OutlierRule {
    /// When its modified z-score is farther from zero than this; 3.5 is usual. The score is `0.6745 * (value - median) / MAD`, where MAD is
    /// the median distance from the median. When more than half of the values are the same, MAD is zero, and the mean distance from the
    /// median times 1.2533 stands for `MAD / 0.6745`. (Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993.)
    ModifiedZScore(f64),
    /// When it lies below the first quartile or above the third by more than so many times the distance between them; 1.5 is usual.
    /// Quartiles are by the rule of [`crate::statistics::Statistic::Quantile`]. (Tukey, "Exploratory Data Analysis", 1977.)
    Fences(f64),
}

impl Default for OutlierRule {
    /// The modified z-score, beyond 3.5.
    fn default() -> Self {
        Self::ModifiedZScore(3.5)
    }
}

/// The indices of outliers, ascending.
///
/// What is usual is learnt from finite values. An infinity is an outlier beside any finite value; NaN never is one.
///
/// # Errors
/// [`crate::ErrorKind::Parameter`] when the limit of the rule is below zero or not finite.
///
/// ```
/// use runlake_curves::outcome::{OutlierRule, outliers};
/// let last_losses = [0.31, 0.29, 0.30, f64::NAN, 0.32, 2.5, 0.30];
/// assert_eq!(outliers(&last_losses, OutlierRule::default())?, [5]);
/// assert_eq!(outliers(&last_losses, OutlierRule::Fences(1.5))?, [5]);
/// # Ok::<(), runlake_curves::Error>(())
/// ```
pub fn outliers(values: &[f64], rule: OutlierRule) -> Result<Vec<usize>, Error> {
    let (OutlierRule::ModifiedZScore(limit) | OutlierRule::Fences(limit)) = rule;
    if !(limit >= 0.0 && limit.is_finite()) {
        return Err(Error::parameter("the limit of outliers", limit, "at least 0"));
    }
    let mut finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    if finite.is_empty() {
        return Ok(Vec::new());
    }
    finite.sort_unstable_by(f64::total_cmp);
    let usual = match rule {
        OutlierRule::ModifiedZScore(_) => {
            let median = quantile(&finite, 0.5);
            let spread = spread_around(median, &finite);
            median - limit * spread..=median + limit * spread
        }
        OutlierRule::Fences(_) => {
            let (first, third) = (quantile(&finite, 0.25), quantile(&finite, 0.75));
            first - limit * (third - first)..=third + limit * (third - first)
        }
    };
    let is_outlier = |value: f64| value.is_infinite() || (value.is_finite() && !usual.contains(&value));
    Ok((0..values.len()).filter(|at| is_outlier(values[*at])).collect())
}

/// What one of the modified z-score is worth.
fn spread_around(median: f64, values: &[f64]) -> f64 {
    let mut distances: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    distances.sort_unstable_by(f64::total_cmp);
    let typical = quantile(&distances, 0.5);
    if typical > 0.0 { typical / 0.6745 } else { 1.2533 * sum(&distances) / float(distances.len()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::values;

    #[test]
    fn limits_that_make_no_sense_are_refused() {
        for limit in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(outliers(&[1.0], OutlierRule::Fences(limit)).is_err());
        }
    }

    #[test]
    fn among_equal_values_another_is_an_outlier() {
        let mut values = [1.0; 30];
        values[7] = 1.5;
        assert_eq!(outliers(&values, OutlierRule::default()).unwrap(), [7]);
        assert_eq!(outliers(&values, OutlierRule::Fences(1.5)).unwrap(), [7]);
        assert!(outliers(&[1.0; 30], OutlierRule::default()).unwrap().is_empty());
        assert!(outliers(&[], OutlierRule::default()).unwrap().is_empty());
        assert_eq!(outliers(&[1.0, 1.0, f64::NEG_INFINITY], OutlierRule::default()).unwrap(), [2]);
    }

    proptest! {
        #[test]
        fn scores_and_fences(values in prop::collection::vec(values(), 0..40), limit in 0.0..5.0) {
            let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
            sorted.sort_by(f64::total_cmp);
            let at = |sorted: &[f64], share: f64| {
                let rank = (sorted.len() as f64 - 1.0) * share;
                sorted[rank.floor() as usize] * (1.0 - rank.fract()) + sorted[rank.ceil() as usize] * rank.fract()
            };
            let scores = outliers(&values, OutlierRule::ModifiedZScore(limit)).unwrap();
            let fences = outliers(&values, OutlierRule::Fences(limit)).unwrap();
            for (index, value) in values.iter().enumerate() {
                if !value.is_finite() || sorted.is_empty() {
                    prop_assert_eq!(scores.contains(&index), value.is_infinite() && !sorted.is_empty());
                    continue;
                }
                let median = at(&sorted, 0.5);
                let mut distances: Vec<f64> = sorted.iter().map(|value| (value - median).abs()).collect();
                distances.sort_by(f64::total_cmp);
                let mad = at(&distances, 0.5);
                let mean = distances.iter().sum::<f64>() / distances.len() as f64;
                let score = if mad > 0.0 { 0.6745 * (value - median).abs() / mad } else { (value - median).abs() / (1.2533 * mean) };
                // On the limit itself either answer is right.
                prop_assert!(scores.contains(&index) == (score > limit) || (score - limit).abs() < 1e-9);
                let (first, third) = (at(&sorted, 0.25), at(&sorted, 0.75));
                let beyond = (first - value).max(value - third) - limit * (third - first);
                prop_assert!(fences.contains(&index) == (beyond > 0.0) || beyond.abs() < 1e-9);
            }
        }
    }
}
