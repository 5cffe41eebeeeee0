//! Means by a bell curve.

use crate::Error;
use crate::arithmetic::float;

/// The widest bell, in points: wider ones would be millions of products for every point.
const WIDEST: f64 = 1e5;

/// The mean around each point, weighed by a normal distribution whose standard deviation is so many points:
/// `scipy.ndimage.gaussian_filter1d` with `mode="nearest"` and `truncate=4`.
///
/// The bell is cut at four standard deviations; beyond either end the curve goes on as its end value. NaN is left out of the mean, which is
/// NaN where there is nothing else; `scipy` spreads it. An infinity makes all within its reach infinite. Zero points change nothing. Costs
/// points times reach, and the reach never counts for more than the curve is long.
///
/// # Errors
/// [`crate::ErrorKind::Parameter`] when the standard deviation is not from 0 to 100,000.
///
/// ```
/// use runlake_curves::smooth::gaussian;
/// let smooth = gaussian(&[0.0, 0.0, 1.0, 0.0, 0.0], 1.0)?;
/// assert!((smooth[2] - 0.39894).abs() < 1e-5 && (smooth[1] - smooth[3]).abs() < 1e-15);
/// # Ok::<(), runlake_curves::Error>(())
/// ```
pub fn gaussian(y: &[f64], standard_deviation_points: f64) -> Result<Vec<f64>, Error> {
    if !(0.0..=WIDEST).contains(&standard_deviation_points) {
        return Err(Error::parameter("the standard deviation of a bell, in points,", standard_deviation_points, "from 0 to 100,000"));
    }
    let (Some(first), Some(last)) = (y.first(), y.last()) else { return Ok(Vec::new()) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and bounded by the widest")]
    let reach = (4.0 * standard_deviation_points + 0.5) as usize;
    if reach == 0 {
        return Ok(y.to_vec());
    }
    let bell: Vec<f64> = (0..=reach).map(|at| (-0.5 * (float(at) / standard_deviation_points).powi(2)).exp()).collect();
    // What the bell weighs from a distance on: the weight of an end value beyond its end.
    let mut tails = vec![0.0; reach + 2];
    for at in (0..=reach).rev() {
        tails[at] = tails[at + 1] + bell[at];
    }
    let tail = |distance: usize| tails.get(distance).copied().unwrap_or(0.0);
    let smooth = |at: usize| {
        let mut mean = Weighted::default();
        mean.add(*first, tail(at + 1));
        mean.add(*last, tail(y.len() - at));
        let (left, right) = (&y[at.saturating_sub(reach)..at], &y[at..y.len().min(at + reach + 1)]);
        for (value, weight) in left.iter().rev().zip(&bell[1..]).chain(right.iter().zip(&bell)) {
            mean.add(*value, *weight);
        }
        mean.sum / mean.weights
    };
    Ok((0..y.len()).map(smooth).collect())
}

/// A weighed sum of values that are not NaN.
#[derive(Debug, Default)]
struct Weighted {
    sum: f64,
    weights: f64,
}

impl Weighted {
    #[inline]
    fn add(&mut self, value: f64, weight: f64) {
        // No weight is nothing, also of an infinity.
        if !value.is_nan() && weight > 0.0 {
            self.sum += value * weight;
            self.weights += weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{is_about, values};

    #[test]
    fn bells_of_no_width_are_refused() {
        for width in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(gaussian(&[1.0], width).is_err());
        }
        assert_eq!(gaussian(&[1.0, 2.0], 0.0).unwrap(), [1.0, 2.0]);
    }

    proptest! {
        #[test]
        fn the_mean_of_a_curve_with_long_ends(y in prop::collection::vec(values(), 1..40), deviation in 0.13..12.0) {
            let smooth = gaussian(&y, deviation).unwrap();
            let reach = (4.0 * deviation + 0.5) as i64;
            for at in 0..y.len() {
                let (mut sum, mut weights) = (0.0, 0.0);
                for distance in -reach..=reach {
                    let value = y[(at as i64 + distance).clamp(0, y.len() as i64 - 1) as usize];
                    if !value.is_nan() {
                        let weight = f64::exp(-0.5 * (distance as f64 / deviation).powi(2));
                        sum += value * weight;
                        weights += weight;
                    }
                }
                prop_assert!(is_about(Some(smooth[at]), Some(sum / weights)), "{} {}", smooth[at], sum / weights);
            }
        }
    }
}
