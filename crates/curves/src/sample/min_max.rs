//! Points of which no spike is missing.

use super::part_start;

/// Of each of so many even parts of the rows, the first least and the first greatest finite value, and the first NaN, the first infinity and
/// the first negative infinity: at most five for a part, one where they are the same. So no spike is lost, and no divergence.
///
/// ```
/// use runlake_curves::sample::min_max;
/// let y = [1.0, 5.0, 3.0, 2.0, 7.0, f64::NAN, 7.0, f64::INFINITY];
/// assert_eq!(min_max(&y, 2), [0, 1, 4, 5, 7]);
/// assert_eq!(min_max(&y, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
/// assert!(min_max(&y, 0).is_empty());
/// ```
pub fn min_max(y: &[f64], parts: usize) -> Vec<usize> {
    if parts >= y.len() {
        return (0..y.len()).collect();
    }
    let mut kept = Vec::with_capacity(2 * parts);
    for part in 0..parts {
        let rows = part_start(y.len(), part, parts)..part_start(y.len(), part + 1, parts);
        let (mut least, mut greatest) = (None::<usize>, None::<usize>);
        // NaN, infinity and negative infinity.
        let mut odd = [None; 3];
        for at in rows {
            if !y[at].is_finite() {
                let kind = if y[at].is_nan() { 0 } else { 1 + usize::from(y[at] < 0.0) };
                odd[kind].get_or_insert(at);
                continue;
            }
            if least.is_none_or(|least| y[at] < y[least]) {
                least = Some(at);
            }
            if greatest.is_none_or(|greatest| y[at] > y[greatest]) {
                greatest = Some(at);
            }
        }
        let start = kept.len();
        kept.extend([least, greatest].into_iter().chain(odd).flatten());
        kept[start..].sort_unstable();
    }
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::values;

    proptest! {
        #[test]
        fn the_extremes_of_all_parts(y in prop::collection::vec(values(), 0..120), parts in 1_usize..40) {
            let kept = min_max(&y, parts);
            prop_assert!(kept.is_sorted_by(|a, b| a < b));
            prop_assert!(kept.len() <= (5 * parts).max(y.len().min(parts)));
            let range = |values: Vec<f64>| {
                let finite = || values.iter().copied().filter(|value| value.is_finite());
                let odd = [f64::is_nan, |value| value == f64::INFINITY, |value| value == f64::NEG_INFINITY];
                (finite().reduce(f64::min), finite().reduce(f64::max), odd.map(|is_odd| values.iter().any(|value| is_odd(*value))))
            };
            for part in 0..parts {
                let rows = part * y.len() / parts..(part + 1) * y.len() / parts;
                let all = range(y[rows.clone()].to_vec());
                let of_kept = range(kept.iter().filter(|at| rows.contains(at)).map(|at| y[*at]).collect());
                prop_assert_eq!(all, of_kept);
            }
        }
    }
}
