//! Several statistics of one set of values at once.

use super::bootstrap;
use super::order::sort;
use super::quantile::{quantile, quantile_of_unsorted};
use super::statistic::{Bootstrap, Statistic};
use crate::Error;
use crate::arithmetic::{float, mean, sum_of};

/// Computes the same statistics of one set of values after the other. It sorts a set once, when several of them need it, and allocates
/// nothing once it has seen the largest.
///
/// ```
/// use runlake_curves::statistics::{Statistic, Summariser};
/// let mut summariser = Summariser::new(&[Statistic::Count, Statistic::Mean, Statistic::Median, Statistic::Std])?;
/// let found = summariser.summarise(&[3.0, 1.0, f64::NAN, 2.0], 0);
/// assert_eq!(found, [Some(3.0), Some(2.0), Some(2.0), Some(1.0)]);
/// assert_eq!(summariser.summarise(&[5.0], 1), [Some(1.0), Some(5.0), Some(5.0), None]);
/// assert_eq!(summariser.summarise(&[], 2), [Some(0.0), None, None, None]);
/// # Ok::<(), runlake_curves::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Summariser {
    statistics: Vec<Statistic>,
    order: Order,
    /// The values that are not NaN.
    numbers: Vec<f64>,
    /// The same as integers.
    keys: Vec<i64>,
    /// Means of the bootstrap.
    means: Vec<f64>,
    found: Vec<Option<f64>>,
}

impl Summariser {
    /// Prepares to compute these.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Parameter`] when a statistic has a number that it does not allow ([`Statistic::checked`]).
    pub fn new(statistics: &[Statistic]) -> Result<Self, Error> {
        for statistic in statistics {
            statistic.checked()?;
        }
        let (statistics, order) = (statistics.to_vec(), Order::needed_by(statistics));
        Ok(Self { statistics, order, numbers: Vec::new(), keys: Vec::new(), means: Vec::new(), found: Vec::new() })
    }

    /// The statistics, in the order in which they were asked for.
    pub fn statistics(&self) -> &[Statistic] {
        &self.statistics
    }

    /// The statistics of these values, in the order in which they were asked for; by the rules of [`Statistic`], none where there is none.
    /// The place only tells the draws of the bootstrap apart.
    pub fn summarise(&mut self, values: &[f64], place: u64) -> &[Option<f64>] {
        self.numbers.clear();
        self.numbers.extend(values.iter().copied().filter(|value| !value.is_nan()));
        let nans = values.len() - self.numbers.len();
        self.summarise_numbers(nans, place)
    }

    /// The same of what is in `numbers` already.
    fn summarise_numbers(&mut self, nans: usize, place: u64) -> &[Option<f64>] {
        let Self { statistics, order, numbers, keys, means, found } = self;
        found.clear();
        if numbers.is_empty() {
            let nothing = (nans > 0).then_some(f64::NAN);
            found.extend(statistics.iter().map(|statistic| match statistic {
                Statistic::Count => Some(0.0),
                Statistic::Nan => Some(float(nans)),
                _ => nothing,
            }));
            return found;
        }
        // Summed before they are sorted, so that a mean does not depend on what else was asked.
        let mean_of_all = mean(numbers);
        let deviation = || standard_deviation(numbers, mean_of_all);
        found.extend(statistics.iter().map(|statistic| match statistic {
            Statistic::Count => Some(float(numbers.len())),
            Statistic::Nan => Some(float(nans)),
            Statistic::Mean => Some(mean_of_all),
            Statistic::Std => deviation(),
            Statistic::Sem => deviation().map(|deviation| deviation / float(numbers.len()).sqrt()),
            Statistic::Min => numbers.iter().copied().reduce(f64::min),
            Statistic::Max => numbers.iter().copied().reduce(f64::max),
            _ => None,
        }));
        match order {
            Order::Any => return found,
            Order::Quantile(share) => {
                let quantile = quantile_of_unsorted(numbers, *share, keys);
                for (_, found) in statistics.iter().zip(found.iter_mut()).filter(|(statistic, _)| statistic.share().is_some()) {
                    *found = Some(quantile);
                }
                return found;
            }
            Order::Ascending => sort(numbers, keys),
        }
        let mut drawn: Option<(Bootstrap, (f64, f64))> = None;
        for (statistic, found) in statistics.iter().zip(found.iter_mut()) {
            match statistic {
                Statistic::InterquartileMean => *found = Some(mean(&numbers[numbers.len() / 4..numbers.len() - numbers.len() / 4])),
                Statistic::BootstrapLow(asked) | Statistic::BootstrapHigh(asked) if numbers.len() > 1 => {
                    // Both bounds come of the same draws.
                    let (low, high) = match drawn {
                        Some((last, bounds)) if last == *asked => bounds,
                        _ => bootstrap::interval(numbers, *asked, place, means),
                    };
                    drawn = Some((*asked, (low, high)));
                    *found = Some(if matches!(statistic, Statistic::BootstrapLow(_)) { low } else { high });
                }
                _ => {
                    if let Some(share) = statistic.share() {
                        *found = Some(quantile(numbers, share));
                    }
                }
            }
        }
        found
    }
}

/// The order in which values must be for the statistics that do not take them as they come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    /// All take them as they come.
    Any,
    /// Only one quantile is asked for, which is found without sorting.
    Quantile(f64),
    /// They must be sorted.
    Ascending,
}

impl Order {
    fn needed_by(statistics: &[Statistic]) -> Self {
        use Statistic::{BootstrapHigh, BootstrapLow, InterquartileMean};
        statistics.iter().fold(Self::Any, |order, statistic| match (order, statistic.share()) {
            (Self::Any, Some(share)) => Self::Quantile(share),
            (Self::Quantile(other), Some(share)) if share != other => Self::Ascending,
            _ if matches!(statistic, InterquartileMean | BootstrapLow(_) | BootstrapHigh(_)) => Self::Ascending,
            _ => order,
        })
    }
}

/// The standard deviation of a sample with this mean. None of fewer than two values.
fn standard_deviation(values: &[f64], mean: f64) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let degrees = float(values.len() - 1);
    let squares = sum_of(values, &|value| (value - mean).powi(2));
    if squares.is_normal() || squares.is_nan() {
        return Some((squares / degrees).sqrt());
    }
    // Squares beyond the range of floats: of shares of the largest deviation they are within it.
    let largest = values.iter().map(|value| (value - mean).abs()).fold(0.0, f64::max);
    if largest == 0.0 || largest.is_infinite() {
        return Some(largest);
    }
    Some(largest * (sum_of(values, &|value| ((value - mean) / largest).powi(2)) / degrees).sqrt())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{is_about, is_same, values};

    /// One statistic at a time, as its definition reads.
    fn naive(all: &[f64], statistic: Statistic) -> Option<f64> {
        let mut numbers: Vec<f64> = all.iter().copied().filter(|value| !value.is_nan()).collect();
        numbers.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let variance = numbers.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (count - 1.0);
        let quantile = |share: f64| {
            let rank = (count - 1.0) * share;
            let (below, above) = (numbers[rank.floor() as usize], numbers[rank.ceil() as usize]);
            let share = rank.fract();
            if share == 0.0 { below } else { (1.0 - share) * below + share * above }
        };
        match statistic {
            Statistic::Count => return Some(count),
            Statistic::Nan => return Some((all.len() - numbers.len()) as f64),
            _ if all.is_empty() => return None,
            _ if numbers.is_empty() => return Some(f64::NAN),
            _ => {}
        }
        match statistic {
            Statistic::Mean => Some(mean),
            Statistic::Std => (count > 1.0).then(|| variance.sqrt()),
            Statistic::Sem => (count > 1.0).then(|| variance.sqrt() / count.sqrt()),
            Statistic::Min => numbers.first().copied(),
            Statistic::Max => numbers.last().copied(),
            Statistic::Median => Some(quantile(0.5)),
            Statistic::Quantile(share) => Some(quantile(share)),
            Statistic::InterquartileMean => {
                let cut = (count * 0.25) as usize;
                let middle = &numbers[cut..numbers.len() - cut];
                Some(middle.iter().sum::<f64>() / middle.len() as f64)
            }
            _ => None,
        }
    }

    const ALL: [Statistic; 12] = [
        Statistic::Count,
        Statistic::Nan,
        Statistic::Mean,
        Statistic::Std,
        Statistic::Sem,
        Statistic::Min,
        Statistic::Max,
        Statistic::Median,
        Statistic::Quantile(0.05),
        Statistic::Quantile(1.0),
        Statistic::Quantile(0.333),
        Statistic::InterquartileMean,
    ];

    #[test]
    fn numbers_at_the_ends_of_the_range() {
        let mut summariser = Summariser::new(&[Statistic::Mean, Statistic::Std]).unwrap();
        assert_eq!(summariser.summarise(&[1e308, 1.5e308, 1e308, 1.5e308], 0)[0], Some(1.25e308));
        let deviation = summariser.summarise(&[1e200, 3e200], 0)[1].unwrap();
        assert!((deviation / (2.0_f64.sqrt() * 1e200) - 1.0).abs() < 1e-15, "{deviation}");
        let deviation = summariser.summarise(&[1e-200, 3e-200], 0)[1].unwrap();
        assert!((deviation / (2.0_f64.sqrt() * 1e-200) - 1.0).abs() < 1e-15, "{deviation}");
        assert_eq!(summariser.summarise(&[4.0, 4.0], 0)[1], Some(0.0));
    }

    #[test]
    fn what_is_no_statistic_is_refused() {
        assert!(Summariser::new(&[Statistic::Quantile(-0.1)]).is_err());
        assert!(Summariser::new(&[Statistic::Quantile(f64::NAN)]).is_err());
        assert!(Summariser::new(&[Statistic::BootstrapLow(Bootstrap { resamples: 0, ..Bootstrap::default() })]).is_err());
    }

    proptest! {
        #[test]
        fn each_as_it_is_defined(values in prop::collection::vec(values(), 0..150)) {
            let mut summariser = Summariser::new(&ALL).unwrap();
            let found = summariser.summarise(&values, 0).to_vec();
            for (statistic, found) in ALL.into_iter().zip(found) {
                let expected = naive(&values, statistic);
                prop_assert!(is_about(found, expected), "{}: {:?} is not {:?}", statistic, found, expected);
                // What else is asked does not matter, nor that nothing is sorted for one alone.
                let alone = Summariser::new(&[statistic]).unwrap().summarise(&values, 0)[0];
                prop_assert!(is_same(alone, found), "{}: {:?} is not {:?}", statistic, alone, found);
            }
        }

        #[test]
        fn the_bootstrap_knows_no_order(mut values in prop::collection::vec(values(), 0..12), seed in any::<u64>(), place in any::<u64>()) {
            let interval = Bootstrap { confidence: 0.8, resamples: 50, seed };
            let mut summariser = Summariser::new(&[Statistic::BootstrapLow(interval), Statistic::BootstrapHigh(interval)]).unwrap();
            let found = summariser.summarise(&values, place).to_vec();
            values.reverse();
            let again = summariser.summarise(&values, place);
            prop_assert!(is_same(found[0], again[0]) && is_same(found[1], again[1]));
            if let [Some(low), Some(high)] = found[..] && !low.is_nan() {
                let numbers = || values.iter().copied().filter(|value| !value.is_nan());
                let (least, greatest) = (numbers().fold(f64::INFINITY, f64::min), numbers().fold(f64::NEG_INFINITY, f64::max));
                prop_assert!(low <= high);
                prop_assert!(least - 1e-9 <= low && high <= greatest + 1e-9);
            }
        }
    }
}
