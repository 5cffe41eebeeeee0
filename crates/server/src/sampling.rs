//! Which rows stand for many: evenly spaced, the first and the last among them.
//!
//! How the service samples is not known; this is what its replies look like.

/// `samples` of the indices below `len`, ascending; all of them when there are no more. A single sample is the last row.
pub(crate) fn even_indices(len: usize, samples: usize) -> impl Iterator<Item = usize> {
    let count = samples.min(len);
    (0..count).map(move |sample| {
        if count == len {
            sample
        } else if count == 1 {
            len - 1
        } else {
            // u128: the product of two counts of rows may pass 64 bits.
            let (last, gaps) = ((len - 1) as u128, (count - 1) as u128);
            usize::try_from((sample as u128 * last + gaps / 2) / gaps).unwrap_or(len - 1)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_even_and_keep_both_ends() {
        let sampled = |len, samples| even_indices(len, samples).collect::<Vec<_>>();
        assert_eq!(sampled(5, 9), [0, 1, 2, 3, 4]);
        assert_eq!(sampled(5, 5), [0, 1, 2, 3, 4]);
        assert_eq!(sampled(10, 4), [0, 3, 6, 9]);
        assert_eq!(sampled(10, 2), [0, 9]);
        assert_eq!(sampled(10, 1), [9]);
        assert_eq!(sampled(10, 0), [0; 0]);
        assert_eq!(sampled(0, 3), [0; 0]);
        for len in 1..60 {
            for samples in 2..=len {
                let indices = sampled(len, samples);
                assert_eq!((indices.len(), indices[0], *indices.last().unwrap()), (samples, 0, len - 1));
                assert!(indices.is_sorted_by(|a, b| a < b), "{len} {samples}");
            }
        }
    }
}
