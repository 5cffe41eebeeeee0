//! Drawing with replacement: the interval of confidence for a mean.

use super::quantile::quantile;
use super::statistic::Bootstrap;
use crate::arithmetic::float;

/// Both bounds of the interval for the mean of ascending values, of which there are at least two. `means` is scratch.
pub(super) fn interval(values: &[f64], bootstrap: Bootstrap, place: u64, means: &mut Vec<f64>) -> (f64, f64) {
    let mut random = SplitMix64::new(bootstrap.seed, place);
    let count = float(values.len());
    let choices = u64::try_from(values.len()).unwrap_or(u64::MAX);
    means.clear();
    means.extend((0..bootstrap.resamples).map(|_| {
        let sum: f64 = (0..choices).map(|_| values[random.below(choices)]).sum();
        sum / count
    }));
    if means.iter().any(|mean| mean.is_nan()) {
        return (f64::NAN, f64::NAN);
    }
    means.sort_unstable_by(f64::total_cmp);
    let outside = (1.0 - bootstrap.confidence) / 2.0;
    (quantile(means, outside), quantile(means, 1.0 - outside))
}

/// The generator of Steele, Lea and Flood (<https://doi.org/10.1145/2714064.2660195>). Small, and the same for ever: libraries of
/// generators change what comes out of a seed.
struct SplitMix64(u64);

impl SplitMix64 {
    /// Starts from a seed at a place: neighbouring places, and seeds, draw unlike numbers.
    fn new(seed: u64, place: u64) -> Self {
        Self(Self(seed).next() ^ Self(!place).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `choices`, each as likely as the others to within one in 2⁶⁴ per choice.
    #[expect(clippy::cast_possible_truncation, reason = "below `choices`, which counts the values of a slice")]
    fn below(&mut self, choices: u64) -> usize {
        ((u128::from(self.next()) * u128::from(choices)) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        let mut random = SplitMix64(1_234_567);
        assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn the_interval_covers_the_mean_as_often_as_it_says() {
        // Means of twenty draws from an even distribution over 0 to 1: the interval of 90 % holds 0.5 about nine times in ten.
        let mut random = SplitMix64::new(7, 7);
        let mut means = Vec::new();
        let covered = (0..400_u64).filter(|place| {
            let mut values: Vec<f64> = (0..20).map(|_| float(random.below(1_000_000)) / 1e6).collect();
            values.sort_by(f64::total_cmp);
            let (low, high) = interval(&values, Bootstrap { confidence: 0.9, resamples: 200, seed: 1 }, *place, &mut means);
            low <= 0.5 && 0.5 <= high
        });
        let covered = covered.count();
        assert!((330..375).contains(&covered), "{covered}");
    }
}
