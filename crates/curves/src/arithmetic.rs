//! The few sums that everything here is made of, written so that they neither drift nor overflow where the answer would not.

/// How many, as a float. Exact up to 2⁵³, which no slice reaches.
#[expect(clippy::cast_precision_loss, reason = "slices are shorter than 2^53")]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}

/// Floats that are added one after the other before pairs of such sums are: few enough for a small error, enough to be fast.
const RUN: usize = 64;

/// The sum, pairwise: its error grows with the logarithm of the length, as that of `numpy.sum`.
pub(crate) fn sum(values: &[f64]) -> f64 {
    sum_of(values, &|value| value)
}

/// The sum of a function of each value, pairwise.
pub(crate) fn sum_of(values: &[f64], of: &impl Fn(f64) -> f64) -> f64 {
    if values.len() <= RUN {
        // Four lanes, so that additions do not wait for one another.
        let mut lanes = [0.0; 4];
        let (quads, rest) = values.as_chunks::<4>();
        for quad in quads {
            for (lane, value) in lanes.iter_mut().zip(quad) {
                *lane += of(*value);
            }
        }
        let rest: f64 = rest.iter().map(|value| of(*value)).sum();
        return ((lanes[0] + lanes[2]) + (lanes[1] + lanes[3])) + rest;
    }
    let half = (values.len() / 2).next_multiple_of(RUN).min(values.len() - 1);
    let (low, high) = values.split_at(half);
    sum_of(low, of) + sum_of(high, of)
}

/// The mean; of finite values always finite. NaN of none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let count = float(values.len());
    let sum = sum(values);
    if sum.is_infinite() && values.iter().all(|value| value.is_finite()) { sum_of(values, &|value| value / count) } else { sum / count }
}

/// The value at `share` of the way from `a` to `b`, `share` between 0 and 1.
///
/// Exact at both ends, never beyond them, and finite when both are. An infinite end wins everywhere between; two of unlike sign give NaN.
pub(crate) fn lerp(a: f64, b: f64, share: f64) -> f64 {
    if share <= 0.0 {
        return a;
    }
    if share >= 1.0 {
        return b;
    }
    if !(a.is_finite() && b.is_finite()) {
        return a + b;
    }
    // The difference of values of one sign cannot overflow, and of unlike sign neither product can.
    let between = if (a < 0.0) == (b < 0.0) { a + share * (b - a) } else { share * b + (1.0 - share) * a };
    between.clamp(a.min(b), a.max(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_are_accurate() {
        let tenths = vec![0.1; 1_000_000];
        assert!((sum(&tenths) - 100_000.0).abs() < 1e-9);
        assert!((mean(&tenths) - 0.1).abs() < 1e-16);
        assert_eq!(mean(&[f64::MAX, f64::MAX]), f64::MAX);
        assert!(mean(&[]).is_nan() && mean(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(mean(&[f64::INFINITY, 1.0]), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn the_sum_is_that_of_integers(values in prop::collection::vec(-1_000_000_i32..1_000_000, 0..1_000)) {
            let floats: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
            let expected: i64 = values.iter().map(|value| i64::from(*value)).sum();
            prop_assert_eq!(sum(&floats).to_string(), (expected as f64).to_string());
        }

        #[test]
        fn lerp_is_exact_at_the_ends_monotone_and_between(
            a in prop::num::f64::NORMAL | prop::num::f64::ZERO, b in prop::num::f64::NORMAL, s in 0.0..=1.0, t in 0.0..=1.0
        ) {
            prop_assert_eq!(lerp(a, b, 0.0), a);
            prop_assert_eq!(lerp(a, b, 1.0), b);
            let (low, high) = (lerp(a, b, f64::min(s, t)), lerp(a, b, f64::max(s, t)));
            let (first, second) = if a <= b { (low, high) } else { (high, low) };
            prop_assert!(a.min(b) <= first && first <= second && second <= a.max(b));
        }
    }
}
