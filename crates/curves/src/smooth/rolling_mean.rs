//! The mean of the last few values.

use crate::Error;
use crate::arithmetic::float;

/// The mean of each value and those before it, `window` in all, fewer at the beginning: `rolling(window, min_periods=1).mean()` of
/// `pandas`.
///
/// NaN counts as one of the window and is left out of its mean; where there is only NaN the mean is NaN. An infinity takes part as long as
/// it is in the window, and leaves no trace. Costs the same for any window: no value leaves a sum by subtraction, so no error builds up.
///
/// # Errors
/// [`crate::ErrorKind::Parameter`] when the window is zero.
///
/// ```
/// use runlake_curves::smooth::rolling_mean;
/// assert_eq!(rolling_mean(&[1.0, 3.0, f64::NAN, 5.0], 2)?, [1.0, 2.0, 3.0, 5.0]);
/// # Ok::<(), runlake_curves::Error>(())
/// ```
pub fn rolling_mean(y: &[f64], window: usize) -> Result<Vec<f64>, Error> {
    if window == 0 {
        return Err(Error::parameter("a window", 0.0, "at least one value"));
    }
    // In blocks as long as the window, each window is the end of a block and the beginning of the next. Ends are summed from the right.
    let window = window.min(y.len().max(1));
    let mut means = Vec::with_capacity(y.len());
    let mut ends = vec![Sum::default(); window];
    for block in y.chunks(window) {
        let mut beginning = Sum::default();
        for (at, value) in block.iter().enumerate() {
            beginning = beginning.and(*value);
            means.push(ends.get(at + 1).copied().unwrap_or_default().join(beginning).mean());
        }
        let mut end = Sum::default();
        for (sum, value) in ends.iter_mut().zip(block).rev() {
            end = end.and(*value);
            *sum = end;
        }
    }
    Ok(means)
}

/// A sum of values that are not NaN, and how many they are.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    count: usize,
}

impl Sum {
    fn and(self, value: f64) -> Self {
        if value.is_nan() { self } else { Self { sum: self.sum + value, count: self.count + 1 } }
    }

    fn join(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, count: self.count + other.count }
    }

    fn mean(self) -> f64 {
        self.sum / float(self.count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{is_about, values};

    #[test]
    fn no_window_is_refused() {
        insta::assert_snapshot!(rolling_mean(&[1.0], 0).unwrap_err().to_string(), @"a window cannot be 0.0: it must be at least one value");
    }

    proptest! {
        #[test]
        fn the_mean_of_every_window(y in prop::collection::vec(values(), 0..60), window in prop_oneof![1_usize..70, Just(usize::MAX)]) {
            let means = rolling_mean(&y, window).unwrap();
            prop_assert_eq!(means.len(), y.len());
            for at in 0..y.len() {
                let numbers: Vec<f64> = y[(at + 1).saturating_sub(window)..=at].iter().copied().filter(|value| !value.is_nan()).collect();
                let expected = numbers.iter().sum::<f64>() / numbers.len() as f64;
                prop_assert!(is_about(Some(means[at]), Some(expected)), "{} {}", means[at], expected);
            }
        }
    }
}
