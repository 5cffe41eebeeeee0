//! Points at even distances.

use super::part_start;

/// So many indices of `rows`, at distances that differ by one at most, both ends among them. One sample is the first.
///
/// ```
/// use runlake_curves::sample::even;
/// assert_eq!(even(10, 4), [0, 3, 6, 9]);
/// assert_eq!(even(3, 4), [0, 1, 2]);
/// assert_eq!(even(3, 1), [0]);
/// assert!(even(0, 4).is_empty());
/// ```
pub fn even(rows: usize, samples: usize) -> Vec<usize> {
    if samples >= rows {
        return (0..rows).collect();
    }
    if samples < 2 {
        return (0..samples).collect();
    }
    (0..samples).map(|at| part_start(rows - 1, at, samples - 1)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_many_as_asked_and_even(rows in 0_usize..400, samples in 2_usize..200) {
            let kept = even(rows, samples);
            prop_assert_eq!(kept.len(), rows.min(samples));
            prop_assert_eq!(kept.first().copied(), (rows > 0).then_some(0));
            prop_assert_eq!(kept.last().copied(), rows.checked_sub(1));
            let distances: Vec<usize> = kept.windows(2).map(|pair| pair[1] - pair[0]).collect();
            prop_assert!(distances.iter().max().unwrap_or(&1) - distances.iter().min().unwrap_or(&1) <= 1);
            prop_assert!(distances.iter().all(|distance| *distance > 0));
        }
    }
}
