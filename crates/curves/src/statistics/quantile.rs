//! The value below which a share of the values lies.

use super::order::{key_of, value_of};
use crate::arithmetic::{float, lerp};

/// The quantile of ascending values, of which there is at least one, on the straight line between the two nearest.
pub(crate) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let (below, rest) = rank(ascending.len(), share);
    lerp(ascending[below], ascending[(below + 1).min(ascending.len() - 1)], rest)
}

/// The same of values in any order, none of them NaN: what lies beside it is not sorted. `keys` is scratch.
pub(super) fn quantile_of_unsorted(values: &[f64], share: f64, keys: &mut Vec<i64>) -> f64 {
    keys.clear();
    keys.extend(values.iter().copied().map(key_of));
    let (below, rest) = rank(keys.len(), share);
    let (_, below, above) = keys.select_nth_unstable(below);
    let above = above.iter().min().unwrap_or(below);
    lerp(value_of(*below), value_of(*above), rest)
}

/// The index of the value at or below a quantile, and how far it is on the way to the next.
fn rank(count: usize, share: f64) -> (usize, f64) {
    let rank = float(count - 1) * share;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank is not negative and below the count")]
    let below = rank as usize;
    (below, rank - rank.floor())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::values;

    proptest! {
        #[test]
        fn sorted_or_not(values in prop::collection::vec(values().prop_filter("a number", |value| !value.is_nan()), 1..60), share in 0.0..=1.0) {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let (found, expected) = (quantile_of_unsorted(&values, share, &mut Vec::new()), quantile(&sorted, share));
            prop_assert!(found == expected || (found.is_nan() && expected.is_nan()), "{} {}", found, expected);
        }
    }
}
