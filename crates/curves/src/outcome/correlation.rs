//! How two quantities go together.

use crate::arithmetic::{float, mean, sum, sum_of};

/// Pearson's correlation of the pairs of which neither is NaN, from −1 to 1: how near they lie to a straight line.
///
/// None of fewer than two pairs, when one side is the same everywhere, and when a value is infinite. The longer of two slices of unlike
/// length is cut.
///
/// ```
/// use runlake_curves::outcome::pearson;
/// assert_eq!(pearson(&[1.0, 2.0, f64::NAN, 3.0], &[3.0, 2.0, 9.0, 1.0]), Some(-1.0));
/// assert_eq!(pearson(&[1.0, 2.0], &[5.0, 5.0]), None);
/// ```
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = pairs(a, b);
    of_pairs(&a, &b)
}

/// Spearman's correlation of the pairs of which neither is NaN, from −1 to 1: how near one comes to rise whenever the other does. It is
/// Pearson's, of ranks; equal values share the mean of their ranks, and infinities have ranks like any other.
///
/// None of fewer than two pairs, and when one side is the same everywhere. The longer of two slices of unlike length is cut.
///
/// ```
/// use runlake_curves::outcome::spearman;
/// assert_eq!(spearman(&[1.0, 2.0, 3.0], &[1.0, 10.0, f64::INFINITY]), Some(1.0));
/// ```
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = pairs(a, b);
    of_pairs(&ranks(&a), &ranks(&b))
}

/// The pairs of which neither is NaN.
fn pairs(a: &[f64], b: &[f64]) -> (Vec<f64>, Vec<f64>) {
    a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan()).unzip()
}

fn of_pairs(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (scaled_deviations(a)?, scaled_deviations(b)?);
    let products: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a * b).collect();
    let squares = |of: &[f64]| sum_of(of, &|deviation| deviation * deviation);
    Some((sum(&products) / (squares(&a) * squares(&b)).sqrt()).clamp(-1.0, 1.0))
}

/// The deviations from the mean, as shares of the largest, so that no square is out of range. None of no values, of infinite ones, and when
/// all are the same.
fn scaled_deviations(values: &[f64]) -> Option<Vec<f64>> {
    let first = values.first()?;
    // Asked of the values, since rounding may leave deviations from the mean of equal ones.
    if values.iter().all(|value| value == first) || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mean = mean(values);
    // Halved, since the difference of finite values may be infinite.
    let deviations: Vec<f64> = values.iter().map(|value| value / 2.0 - mean / 2.0).collect();
    let largest = deviations.iter().fold(0.0, |largest: f64, deviation| largest.max(deviation.abs()));
    (largest > 0.0).then(|| deviations.iter().map(|deviation| deviation / largest).collect())
}

/// The rank of each value, from one on; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    // Adding zero makes `-0.0` into `0.0`: they are equal.
    order.sort_unstable_by(|a, b| (values[*a] + 0.0).total_cmp(&(values[*b] + 0.0)));
    let mut ranks = vec![0.0; values.len()];
    let mut passed = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = float(2 * passed + equal.len() + 1) / 2.0;
        for at in equal {
            ranks[*at] = rank;
        }
        passed += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{is_about, values};

    /// By the sums of the textbook, of numbers small enough for them.
    fn naive(a: &[f64], b: &[f64]) -> Option<f64> {
        let count = a.len() as f64;
        let (mean_a, mean_b) = (a.iter().sum::<f64>() / count, b.iter().sum::<f64>() / count);
        let of = |c: &[f64], mean_c: f64, d: &[f64], mean_d: f64| c.iter().zip(d).map(|(c, d)| (c - mean_c) * (d - mean_d)).sum::<f64>();
        let is_flat = |values: &[f64]| values.iter().all(|value| *value == values[0]);
        if a.is_empty() || is_flat(a) || is_flat(b) {
            return None;
        }
        Some(of(a, mean_a, b, mean_b) / (of(a, mean_a, a, mean_a) * of(b, mean_b, b, mean_b)).sqrt())
    }

    #[test]
    fn values_at_the_ends_of_the_range() {
        assert_eq!(pearson(&[-f64::MAX, f64::MAX], &[1e-300, 2e-300]), Some(1.0));
        assert_eq!(pearson(&[0.1; 3], &[1.0, 2.0, 3.0]), None);
        assert_eq!(pearson(&[1.0, f64::INFINITY], &[1.0, 2.0]), None);
        assert_eq!(pearson(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn as_they_are_defined(pairs in prop::collection::vec((values(), values()), 0..50)) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let (kept_a, kept_b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().filter(|(a, b)| !(a + b * 0.0).is_nan() && !(a * 0.0 + b).is_nan()).unzip();
            let is_infinite = pairs.iter().any(|(a, b)| !a.is_nan() && !b.is_nan() && (a.is_infinite() || b.is_infinite()));
            let expected = if is_infinite { None } else { naive(&kept_a, &kept_b) };
            prop_assert!(is_about(pearson(&a, &b), expected), "{:?} {:?}", pearson(&a, &b), expected);

            let numbers: Vec<(f64, f64)> = pairs.into_iter().filter(|(a, b)| !a.is_nan() && !b.is_nan()).collect();
            let rank = |values: Vec<f64>| -> Vec<f64> {
                let below = |value: f64| values.iter().filter(|other| **other < value).count() as f64;
                let equal = |value: f64| values.iter().filter(|other| **other == value).count() as f64;
                values.iter().map(|value| below(*value) + f64::midpoint(equal(*value), 1.0)).collect()
            };
            let expected = naive(&rank(numbers.iter().map(|pair| pair.0).collect()), &rank(numbers.iter().map(|pair| pair.1).collect()));
            prop_assert!(is_about(spearman(&a, &b), expected), "{:?} {:?}", spearman(&a, &b), expected);
        }
    }
}
