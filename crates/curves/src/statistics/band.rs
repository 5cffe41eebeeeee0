//! Statistics over curves, at every place of the axis that they share.

use std::borrow::Borrow;

use super::statistic::Statistic;
use super::summariser::Summariser;
use crate::{Aligned, Error};

/// Places that are turned at a time: their values of a thousand curves fit the cache.
const BLOCK: usize = 32;

/// At each place, the statistics of the values that the curves have there: one result for each statistic, in their order, by the rules of
/// [`Statistic`]. Curves that have no value at a place take no part there. An axis is as long as the longest.
///
/// ```
/// use runlake_curves::{Aligned, statistics::{Statistic, band}};
/// let curves = [Aligned::all(vec![1.0, 2.0]), [Some(3.0), None].into_iter().collect()];
/// let band = band(&curves, &[Statistic::Mean, Statistic::Count])?;
/// assert!(band[0].iter().eq([Some(2.0), Some(2.0)]) && band[1].iter().eq([Some(2.0), Some(1.0)]));
/// # Ok::<(), runlake_curves::Error>(())
/// ```
///
/// # Errors
/// [`crate::ErrorKind::Parameter`] when a statistic has a number that it does not allow ([`Statistic::checked`]).
pub fn band<C: Borrow<Aligned>>(curves: &[C], statistics: &[Statistic]) -> Result<Vec<Aligned>, Error> {
    let mut summariser = Summariser::new(statistics)?;
    let places = curves.iter().map(|curve| curve.borrow().len()).max().unwrap_or(0);
    let mut results = vec![Aligned::none(places); statistics.len()];
    let mut rows = vec![0.0; BLOCK * curves.len()];
    for first in (0..places).step_by(BLOCK) {
        // Curves lie by curve and statistics go by place: a block is turned in the cache.
        let mut lengths = [0; BLOCK];
        for curve in curves.iter().map(Borrow::borrow) {
            let block = first.min(curve.len())..(first + BLOCK).min(curve.len());
            for (row, (value, is_there)) in curve.values()[block.clone()].iter().zip(&curve.is_there()[block]).enumerate() {
                // Written always and counted when it is there, which spares a branch that cannot be foreseen.
                rows[row * curves.len() + lengths[row]] = *value;
                lengths[row] += usize::from(*is_there);
            }
        }
        for (row, place) in (first..places.min(first + BLOCK)).enumerate() {
            let values = &rows[row * curves.len()..][..lengths[row]];
            let found = summariser.summarise(values, u64::try_from(place).unwrap_or(u64::MAX));
            for (result, value) in results.iter_mut().zip(found) {
                if let Some(value) = value {
                    result.set(place, *value);
                }
            }
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{same, values};
    use crate::statistics::Bootstrap;

    proptest! {
        #[test]
        fn each_place_by_itself(curves in prop::collection::vec(prop::collection::vec(prop::option::of(values()), 0..80), 0..9)) {
            let curves: Vec<Aligned> = curves.into_iter().map(|values| values.into_iter().collect()).collect();
            let interval = Bootstrap { resamples: 5, ..Bootstrap::default() };
            let statistics = [Statistic::Count, Statistic::Mean, Statistic::Std, Statistic::Median, Statistic::BootstrapLow(interval)];
            let band = band(&curves, &statistics).unwrap();
            let places = curves.iter().map(Aligned::len).max().unwrap_or(0);
            for (statistic, found) in statistics.into_iter().zip(&band) {
                let mut summariser = Summariser::new(&[statistic]).unwrap();
                let expected: Vec<Option<f64>> = (0..places).map(|place| {
                    let values: Vec<f64> = curves.iter().filter_map(|curve| curve.get(place)).collect();
                    summariser.summarise(&values, place as u64)[0]
                }).collect();
                same(found, expected)?;
            }
        }
    }
}
