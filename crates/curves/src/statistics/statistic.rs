//! Which statistics there are, and their names.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::error::ErrorKind;

/// A number that says something about a set of values.
///
/// NaN is left out of all but [`Statistic::Nan`], which counts it. Of a set without values, the counts are zero and there are no others;
/// where all values are NaN, the others are NaN. Infinities take part: the mean of one is infinite, of both signs NaN, and a standard
/// deviation with one NaN.
///
/// Sums are pairwise, and means of finite values are finite. What is counted, picked or interpolated does not depend on the order of values
/// at all, a sum in its last digits.
///
/// Names are parsed and printed:
///
/// ```
/// use runlake_curves::statistics::{Bootstrap, Statistic};
/// for name in ["count", "nan", "mean", "std", "sem", "min", "max", "median", "p05", "q0.333", "iqm", "ci95.low", "ci99.9.high"] {
///     assert_eq!(name.parse::<Statistic>()?.to_string(), name);
/// }
/// assert_eq!("p99.9".parse::<Statistic>()?, Statistic::Quantile(0.999));
/// assert_eq!("ci95.low".parse::<Statistic>()?, Statistic::BootstrapLow(Bootstrap::default()));
/// assert_eq!("meen".parse::<Statistic>().unwrap_err().to_string(), "there is no statistic `meen`; the nearest is `mean`");
/// # Ok::<(), runlake_curves::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// How many values are not NaN.
    Count,
    /// How many values are NaN.
    Nan,
    /// The arithmetic mean.
    Mean,
    /// The standard deviation of a sample: squares are divided by one less than the count. None of fewer than two values.
    Std,
    /// The standard error of the mean: [`Statistic::Std`] divided by the root of the count. None of fewer than two values.
    Sem,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The middle value, or the middle between the two middle ones.
    Median,
    /// The value below which such a share of the values lies, between 0 and 1. Between two values it is on the straight line: the rule
    /// called linear in `numpy` and `pandas`, `quantile_cont` in `duckdb`, and type 7 by Hyndman and Fan.
    Quantile(f64),
    /// The mean of the middle half: a quarter of the count, rounded down, is left out at either end, as `scipy.stats.trim_mean(values,
    /// 0.25)` does.
    InterquartileMean,
    /// The lower bound of an interval of confidence for the mean. None of fewer than two values.
    BootstrapLow(Bootstrap),
    /// The upper bound of the same interval.
    BootstrapHigh(Bootstrap),
}

/// How an interval of confidence for the mean is drawn: the percentile bootstrap.
///
/// As many values as there are, are drawn with replacement, and their mean is taken; so many times. The bounds are the quantiles of these
/// means (by the rule of [`Statistic::Quantile`]) that leave half of what is not in confidence on either side. The generator is
/// `SplitMix64`, started from the seed and the place, and the values are drawn from in ascending order: the same values at the same place
/// have the same interval, whatever their order, on every machine and in every thread. Costs as many draws as there are values times
/// resamples, at each place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// The probability that the interval is to hold the mean with, between 0 and 1. By default 0.95.
    pub confidence: f64,
    /// How many means are drawn, at least one. By default 1,000. Not part of the name.
    pub resamples: u32,
    /// Where the generator starts. By default 0. Not part of the name.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { confidence: 0.95, resamples: 1_000, seed: 0 }
    }
}

/// The statistics whose names are words, and the names.
const WORDS: [(Statistic, &str); 9] = [
    (Statistic::Count, "count"),
    (Statistic::Nan, "nan"),
    (Statistic::Mean, "mean"),
    (Statistic::Std, "std"),
    (Statistic::Sem, "sem"),
    (Statistic::Min, "min"),
    (Statistic::Max, "max"),
    (Statistic::Median, "median"),
    (Statistic::InterquartileMean, "iqm"),
];

impl Statistic {
    /// That its numbers are ones that can be computed with.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] when a quantile is not between 0 and 1, a confidence not between 0 and 1 without either, or resamples are
    /// zero.
    pub fn checked(self) -> Result<Self, Error> {
        match self {
            Self::Quantile(share) if !(0.0..=1.0).contains(&share) => Err(Error::parameter("a quantile", share, "between 0 and 1")),
            Self::BootstrapLow(Bootstrap { confidence, .. }) | Self::BootstrapHigh(Bootstrap { confidence, .. })
                if !(confidence > 0.0 && confidence < 1.0) =>
            {
                Err(Error::parameter("a confidence", confidence, "between 0 and 1, and neither"))
            }
            Self::BootstrapLow(Bootstrap { resamples: 0, .. }) | Self::BootstrapHigh(Bootstrap { resamples: 0, .. }) => {
                Err(Error::parameter("the number of resamples", 0.0, "at least one"))
            }
            _ => Ok(self),
        }
    }

    /// Which share of the values lies below it, when it is a quantile.
    pub(super) fn share(self) -> Option<f64> {
        match self {
            Self::Median => Some(0.5),
            Self::Quantile(share) => Some(share),
            _ => None,
        }
    }
}

impl FromStr for Statistic {
    type Err = Error;

    /// Reads a name.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownStatistic`] when no statistic has it, with the nearest names; [`ErrorKind::Parameter`] when its number is out of
    /// range.
    fn from_str(name: &str) -> Result<Self, Error> {
        let word = WORDS.iter().find(|(_, word)| *word == name).map(|(statistic, _)| *statistic);
        let confidence = |text| percents(text).map(|confidence| Bootstrap { confidence, ..Bootstrap::default() });
        let bound = || {
            let interval = name.strip_prefix("ci")?;
            let low = || interval.strip_suffix(".low").and_then(confidence).map(Self::BootstrapLow);
            low().or_else(|| interval.strip_suffix(".high").and_then(confidence).map(Self::BootstrapHigh))
        };
        let percentile = || name.strip_prefix('p').and_then(percents).map(Self::Quantile);
        let quantile = || name.strip_prefix('q').and_then(number).map(Self::Quantile);
        match word.or_else(bound).or_else(percentile).or_else(quantile) {
            Some(statistic) => statistic.checked(),
            None => Err(ErrorKind::UnknownStatistic { name: name.to_owned(), nearest: nearest(name) }.into()),
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (interval, bound) = match self {
            Self::Quantile(share) => {
                return match percents_text(*share) {
                    Some(percents) if !percents.contains('.') => write!(formatter, "p{percents:0>2}"),
                    _ => write!(formatter, "q{share}"),
                };
            }
            Self::BootstrapLow(interval) => (interval, "low"),
            Self::BootstrapHigh(interval) => (interval, "high"),
            word => {
                let name = WORDS.iter().find(|(statistic, _)| statistic == word).map_or("", |(_, name)| name);
                return formatter.write_str(name);
            }
        };
        match percents_text(interval.confidence) {
            Some(percents) => write!(formatter, "ci{percents}.{bound}"),
            None => write!(formatter, "ci{}.{bound}", interval.confidence * 100.0),
        }
    }
}

/// The name that shares most letters with another at its beginning and end, when it shares at least half of its own; of several the
/// shortest.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let shared = |other: &str| {
        let most = name.len().min(other.len());
        let head = name.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        let tail = name.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
        (head + tail).min(most)
    };
    let names = WORDS.iter().map(|(_, word)| *word).chain(["p05", "q0.05", "ci95.low", "ci95.high"]);
    let scored = names.map(|known| (shared(known), known)).filter(|(shared, known)| 2 * shared >= known.len());
    scored.min_by_key(|(shared, known)| (std::cmp::Reverse(*shared), known.len())).map(|(_, known)| known)
}

/// A number written with digits, and at most one point among them.
fn number(text: &str) -> Option<f64> {
    let is_plain = text.starts_with(|first: char| first.is_ascii_digit()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_plain.then(|| text.parse().ok())?
}

/// The share that is so many percents, rounded once: `99.9` is the float that is written `0.999`.
fn percents(text: &str) -> Option<f64> {
    number(text)?;
    format!("{text}e-2").parse().ok()
}

/// So many percents, with at most two digits after the point, when that is the share exactly.
fn percents_text(share: f64) -> Option<String> {
    let texts = (0..=2).map(|digits| format!("{:.digits$}", share * 100.0));
    texts.into_iter().find(|text| percents(text) == Some(share))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(name: &str) -> String {
        name.parse::<Statistic>().unwrap_err().to_string()
    }

    #[test]
    fn names_that_are_none_are_told_the_nearest() {
        insta::assert_snapshot!(told("averge"), @"there is no statistic `averge`");
        insta::assert_snapshot!(told("Mean"), @"there is no statistic `Mean`; the nearest is `mean`");
        insta::assert_snapshot!(told("ci95"), @"there is no statistic `ci95`; the nearest is `ci95.low`");
        insta::assert_snapshot!(told("p"), @"there is no statistic `p`");
        insta::assert_snapshot!(told(""), @"there is no statistic ``");
        insta::assert_snapshot!(told("q1e-3"), @"there is no statistic `q1e-3`");
        insta::assert_snapshot!(told("p101"), @"a quantile cannot be 1.01: it must be between 0 and 1");
        insta::assert_snapshot!(told("q1.5"), @"a quantile cannot be 1.5: it must be between 0 and 1");
        insta::assert_snapshot!(told("ci100.low"), @"a confidence cannot be 1.0: it must be between 0 and 1, and neither");
        insta::assert_snapshot!(told("ci0.high"), @"a confidence cannot be 0.0: it must be between 0 and 1, and neither");
    }

    #[test]
    fn short_names() {
        for (statistic, name) in [
            (Statistic::Quantile(0.05), "p05"),
            (Statistic::Quantile(0.5), "p50"),
            (Statistic::Quantile(0.005), "q0.005"),
            (Statistic::Quantile(1.0), "p100"),
            (Statistic::Quantile(1.0 / 3.0), "q0.3333333333333333"),
            (Statistic::BootstrapHigh(Bootstrap { confidence: 0.9, ..Bootstrap::default() }), "ci90.high"),
        ] {
            assert_eq!(statistic.to_string(), name);
            assert_eq!(name.parse::<Statistic>().unwrap(), statistic);
        }
    }

    proptest! {
        #[test]
        fn quantiles_are_read_as_they_are_printed(share in 0.0..=1.0_f64) {
            prop_assert_eq!(Statistic::Quantile(share).to_string().parse::<Statistic>().unwrap(), Statistic::Quantile(share));
        }

        #[test]
        fn no_name_panics(name in "[pqci.0-9el owhigmean]{0,12}") {
            if let Ok(statistic) = name.parse::<Statistic>() {
                prop_assert_eq!(statistic.to_string().parse::<Statistic>().unwrap(), statistic);
            }
        }
    }
}
