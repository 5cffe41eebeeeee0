//! Exponential moving averages: what was, counts less the longer ago it is.

use crate::{Curve, Error};

/// The exponential moving average as `TensorBoard` draws it: `average = weight * average + (1 - weight) * value`, from zero on, divided by
/// `1 - weight^count` so that the zero does not show.
///
/// A value that is not finite is passed through, and the average goes on as if it were not there. A weight of zero changes nothing. A curve
/// that is the same everywhere stays so exactly, which the formula alone would not give.
///
/// The formula, and both exceptions, are those of `resmoothDataset` in
/// <https://github.com/tensorflow/tensorboard/blob/master/tensorboard/components/vz_line_chart2/line-chart.ts>.
///
/// # Errors
/// [`crate::ErrorKind::Parameter`] when the weight is not from 0 to below 1.
///
/// ```
/// use runlake_curves::smooth::ema;
/// assert_eq!(ema(&[1.0, f64::INFINITY, 3.0], 0.5)?, [1.0, f64::INFINITY, 7.0 / 3.0]);
/// # Ok::<(), runlake_curves::Error>(())
/// ```
pub fn ema(y: &[f64], weight: f64) -> Result<Vec<f64>, Error> {
    let weight = checked_weight(weight)?;
    if y.windows(2).all(|pair| pair[0] == pair[1]) {
        return Ok(y.to_vec());
    }
    // The power is kept as a product: what is left of the zero from which the average began.
    let (mut average, mut bias) = (0.0, 1.0);
    let smooth = |value: &f64| {
        if !value.is_finite() {
            return *value;
        }
        average = average * weight + (1.0 - weight) * value;
        bias *= weight;
        average / (1.0 - bias)
    };
    Ok(y.iter().map(smooth).collect())
}

/// The exponential moving average by distance along the axis, as W&B draws it by default: a value counts `weight^(distance / step)` times
/// as much as the newest, so that dense and sparse curves are smoothed alike.
///
/// `step` is the distance at which a value counts `weight` times as much. W&B takes the range of the chart's axis divided by a constant,
/// and for the weight the root of what its slider says, at most 0.999:
/// <https://docs.wandb.ai/guides/app/features/panels/line-plot/smoothing/>. A value that is not finite is passed through, and the average
/// goes on as if it were not there.
///
/// # Errors
/// [`crate::ErrorKind::Parameter`] when the weight is not from 0 to below 1, or the step not above 0.
///
/// ```
/// use runlake_curves::{Curve, smooth::time_weighted_ema};
/// let curve = Curve::new(vec![0.0, 1.0, 3.0], vec![1.0, 4.0, 0.0]);
/// // Two steps on, the values before count a quarter.
/// assert_eq!(time_weighted_ema(&curve, 0.5, 1.0)?, [1.0, 4.5 / 1.5, 4.5 / 4.0 / (1.0 + 1.5 / 4.0)]);
/// # Ok::<(), runlake_curves::Error>(())
/// ```
pub fn time_weighted_ema(curve: &Curve, weight: f64, step: f64) -> Result<Vec<f64>, Error> {
    let weight = checked_weight(weight)?;
    if !(step > 0.0 && step.is_finite()) {
        return Err(Error::parameter("the step of an average", step, "above 0"));
    }
    let (mut sum, mut weights, mut before) = (0.0, 0.0, f64::NEG_INFINITY);
    let smooth = |(x, y): (f64, f64)| {
        if !y.is_finite() {
            return y;
        }
        let distance = if x == before { 0.0 } else { x - before };
        let decay = weight.powf(distance / step);
        sum = sum * decay + y;
        weights = weights * decay + 1.0;
        before = x;
        sum / weights
    };
    Ok(curve.points().map(smooth).collect())
}

fn checked_weight(weight: f64) -> Result<f64, Error> {
    if (0.0..1.0).contains(&weight) { Ok(weight) } else { Err(Error::parameter("the weight of an average", weight, "from 0 to below 1")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{curves, is_about, values};

    #[test]
    fn weights_out_of_range_are_refused() {
        let told = |weight| ema(&[1.0, 2.0], weight).unwrap_err().to_string();
        insta::assert_snapshot!(told(1.0), @"the weight of an average cannot be 1.0: it must be from 0 to below 1");
        insta::assert_snapshot!(told(f64::NAN), @"the weight of an average cannot be NaN: it must be from 0 to below 1");
        let curve = Curve::new(vec![0.0], vec![0.0]);
        insta::assert_snapshot!(time_weighted_ema(&curve, 0.5, 0.0).unwrap_err().to_string(), @"the step of an average cannot be 0.0: it must be above 0");
    }

    #[test]
    fn what_is_the_same_stays_so() {
        assert_eq!(ema(&[0.1; 50], 0.9).unwrap(), [0.1; 50]);
    }

    proptest! {
        #[test]
        fn the_mean_by_powers_of_the_weight(y in prop::collection::vec(values(), 0..60), weight in 0.0..0.999) {
            let smooth = ema(&y, weight).unwrap();
            for at in 0..y.len() {
                let finite: Vec<f64> = y[..=at].iter().copied().filter(|value| value.is_finite()).rev().collect();
                let powers = || (0..finite.len()).map(|age| f64::powi(weight, age as i32));
                let mean = finite.iter().zip(powers()).map(|(value, power)| value * power).sum::<f64>() / powers().sum::<f64>();
                let expected = if y[at].is_finite() { mean } else { y[at] };
                prop_assert!((smooth[at] - expected).abs() <= 1e-6 || is_about(Some(smooth[at]), Some(expected)), "{} {}", smooth[at], expected);
            }
        }

        #[test]
        fn the_mean_by_distance(curve in curves(), weight in 0.0..0.999, step in 0.1..5.0) {
            let smooth = time_weighted_ema(&curve, weight, step).unwrap();
            prop_assert_eq!(smooth.len(), curve.len());
            for (at, (x, y)) in curve.points().enumerate() {
                let finite: Vec<(f64, f64)> = curve.points().take(at + 1).filter(|(_, y)| y.is_finite()).collect();
                let power = |other: f64| if other == x { 1.0 } else { f64::powf(weight, (x - other) / step) };
                let sum = |of: &dyn Fn(f64, f64) -> f64| finite.iter().map(|(x, y)| of(*x, *y)).sum::<f64>();
                let expected = if y.is_finite() { sum(&|x, y| power(x) * y) / sum(&|x, _| power(x)) } else { y };
                prop_assert!(is_about(Some(smooth[at]), Some(expected)), "{} {}", smooth[at], expected);
            }
        }
    }
}
