//! Ticks: which values an axis names, and how they are written.
//!
//! A tick is a whole number times a power of ten, so that its label is exact and short.

use crate::{Scale, view::Span};

/// A value that an axis names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// The ticks of one axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ticks {
    /// Those with labels, in ascending order.
    pub(crate) major: Vec<Tick>,
    /// Values in between that only have a line, such as 2 to 9 between powers of ten.
    pub(crate) minor: Vec<f64>,
}

const LEAST_FLOAT: f64 = 5e-324;

/// `digits` × 10^`exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    digits: i64,
    exponent: i32,
}

impl Ticks {
    /// At most `most` ticks, and fewer if their labels would not keep a distance of `gap` from one another on an axis of `length`.
    /// `extent` measures a label along the axis.
    pub(crate) fn fitting(span: &Span, most: usize, length: f64, gap: f64, extent: impl Fn(&str) -> f64) -> Self {
        let fits = |ticks: &Self| {
            ticks.major.windows(2).all(|pair| {
                let distance = (span.fraction(pair[1].value).unwrap_or(0.0) - span.fraction(pair[0].value).unwrap_or(0.0)) * length;
                distance >= f64::midpoint(extent(&pair[0].label), extent(&pair[1].label)) + gap
            })
        };
        (2..=most.max(2)).rev().map(|most| Self::of(span, most)).find(fits).unwrap_or_else(|| Self { major: Vec::new(), minor: Vec::new() })
    }

    /// The same ticks; none if a label is wider than `most`, since the curves would have no room beside it: twenty digits in a small
    /// picture.
    pub(crate) fn unless_wider(self, most: f64, width: impl Fn(&str) -> f64) -> Self {
        if self.major.iter().any(|tick| width(&tick.label) > most) { Self { major: Vec::new(), ..self } } else { self }
    }

    fn of(span: &Span, most: usize) -> Self {
        let ticks = match span.scale {
            Scale::Linear => None,
            Scale::Log => log(span, most),
        };
        ticks.unwrap_or_else(|| linear(span, most))
    }
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear(span: &Span, most: usize) -> Ticks {
    let least_step = (span.high / count(most) - span.low / count(most)).max(LEAST_FLOAT);
    let magnitude = floor(least_step.log10());
    let steps = (magnitude - 1..=magnitude + 1).flat_map(|exponent| [1, 2, 5].map(|digits| Decimal { digits, exponent }));
    let decimals = steps.into_iter().find_map(|step| {
        let (first, last) = ((span.low / step.value()).ceil(), (span.high / step.value()).floor());
        // Beyond this, neighbouring multiples are the same float.
        let is_exact = first.abs() < 1e15 && last.abs() < 1e15;
        if !is_exact || last - first > count(most) {
            return None;
        }
        // One more at each end: the quotients may be off by a rounding, the values of multiples are not.
        let multiples = floor_i64(first) - 1..=floor_i64(last) + 1;
        let decimals = multiples.map(|multiple| Decimal { digits: multiple * step.digits, exponent: step.exponent });
        let decimals: Vec<_> = decimals.filter(|decimal| (span.low..=span.high).contains(&decimal.value())).collect();
        (decimals.len() <= most).then_some(decimals)
    });
    let decimals = decimals.unwrap_or_default();
    let write = writer(&decimals);
    Ticks { major: decimals.iter().map(|decimal| Tick { value: decimal.value(), label: write(*decimal) }).collect(), minor: Vec::new() }
}

/// Powers of ten, each or every so many; 1, 2 and 5 times them if there are few. None if there are too few even so.
fn log(span: &Span, most: usize) -> Option<Ticks> {
    let (first, last) = (floor(span.low.log10()), floor(span.high.log10()));
    let inside = |decimal: &Decimal| (span.low..=span.high).contains(&decimal.value());
    let times = |digits: &'static [i64]| {
        (first..=last)
            .flat_map(|exponent| digits.iter().map(move |digits| Decimal { digits: *digits, exponent }))
            .filter(inside)
            .collect::<Vec<_>>()
    };
    let powers = times(&[1]);
    let stride = [1, 2, 3, 5, 10, 20, 50, 100, 200].into_iter().find(|stride| powers.len().div_ceil(*stride) <= most)?;
    let mut minor = Vec::new();
    let major: Vec<Decimal> = if powers.len() >= 3 {
        let by = i32::try_from(stride).unwrap_or(1);
        powers.into_iter().filter(|power| power.exponent % by == 0).collect()
    } else {
        [&[1, 2, 5][..], &[1, 3]].into_iter().map(times).find(|major| major.len() <= most).filter(|major| major.len() >= 3)?
    };
    if stride == 1 && last - first <= 8 {
        minor = times(&[2, 3, 4, 5, 6, 7, 8, 9]).into_iter().filter(|decimal| !major.contains(decimal)).map(Decimal::value).collect();
    }
    Some(Ticks { major: major.into_iter().map(|decimal| Tick { value: decimal.value(), label: decimal.by_size() }).collect(), minor })
}

/// The way of writing that suits all ticks of a linear axis.
fn writer(decimals: &[Decimal]) -> fn(Decimal) -> String {
    let Some(greatest) = decimals.iter().filter(|decimal| decimal.digits != 0).map(|decimal| decimal.power()).max() else {
        return Decimal::plain;
    };
    let most_digits = decimals.iter().map(|decimal| decimal.trimmed().digits.abs().to_string().len()).max().unwrap_or(0);
    match greatest {
        ..=-4 | 16.. => Decimal::scientific,
        4.. if most_digits <= 4 => Decimal::suffixed,
        _ => Decimal::plain,
    }
}

impl Decimal {
    /// The nearest float, which the standard library's parser finds without the errors of a product.
    fn value(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// The power of ten of the first digit.
    fn power(self) -> i32 {
        self.exponent + i32::try_from(self.digits.abs().to_string().len()).unwrap_or(0) - 1
    }

    /// The same without zeros at the end.
    fn trimmed(mut self) -> Self {
        while self.digits != 0 && self.digits % 10 == 0 {
            self = Self { digits: self.digits / 10, exponent: self.exponent + 1 };
        }
        self
    }

    fn sign(self) -> &'static str {
        if self.digits < 0 { "−" } else { "" }
    }

    /// `0.25`, `1,700,000`: as many decimals as the step between ticks has.
    fn plain(self) -> String {
        if self.digits == 0 {
            return "0".to_owned();
        }
        let digits = self.digits.abs().to_string();
        let decimals = usize::try_from(-self.exponent).unwrap_or(0);
        if decimals == 0 {
            let zeros = usize::try_from(self.exponent).unwrap_or(0);
            return format!("{}{}", self.sign(), with_separators(&format!("{digits}{}", "0".repeat(zeros))));
        }
        let padded = format!("{digits:0>width$}", width = decimals + 1);
        let (whole, fraction) = padded.split_at(padded.len() - decimals);
        format!("{}{}.{fraction}", self.sign(), with_separators(whole))
    }

    /// `10k`, `1.5M`.
    fn suffixed(self) -> String {
        let group = self.power().clamp(0, 15) / 3 * 3;
        let suffix = ["", "k", "M", "G", "T", "P"][usize::try_from(group / 3).unwrap_or(0)];
        let trimmed = self.trimmed();
        format!("{}{}", Self { exponent: trimmed.exponent - group, ..trimmed }.plain(), if self.digits == 0 { "" } else { suffix })
    }

    /// `1e-4`, `2.5e20`.
    fn scientific(self) -> String {
        if self.digits == 0 {
            return "0".to_owned();
        }
        let digits = self.trimmed().digits.abs().to_string();
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        format!("{}{first}{point}{rest}e{}", self.sign(), self.power())
    }

    /// The shortest that is still plain: for log axes, whose ticks have many sizes.
    fn by_size(self) -> String {
        match self.power() {
            -3..=3 => self.trimmed().plain(),
            4..=14 => self.suffixed(),
            _ => self.scientific(),
        }
    }
}

/// The digits of a whole number, with a comma before each three of them if there are five or more.
pub(crate) fn with_separators(digits: &str) -> String {
    if digits.len() < 5 {
        return digits.to_owned();
    }
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

#[expect(clippy::cast_possible_truncation, reason = "logarithms of floats are small, and `as` stops at the ends")]
fn floor(value: f64) -> i32 {
    value.floor() as i32
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be below 1e15")]
fn floor_i64(value: f64) -> i64 {
    value.floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, low: f64, high: f64, most: usize) -> String {
        let ticks = Ticks::of(&Span::new(scale, low, high), most);
        ticks.major.into_iter().map(|tick| tick.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn linear_labels_are_short_and_exact() {
        let labels = |low, high| labels(Scale::Linear, low, high, 6);
        insta::assert_snapshot!(labels(0.0, 1.0), @"0 0.2 0.4 0.6 0.8 1.0");
        insta::assert_snapshot!(labels(-1.0, 1.0), @"−1.0 −0.5 0 0.5 1.0");
        insta::assert_snapshot!(labels(0.0, 1234.0), @"0 500 1000");
        insta::assert_snapshot!(labels(0.0, 50_000.0), @"0 10k 20k 30k 40k 50k");
        insta::assert_snapshot!(labels(0.0, 1_200_000.0), @"0 500k 1M");
        insta::assert_snapshot!(labels(0.0, 3e9), @"0 1G 2G 3G");
        insta::assert_snapshot!(labels(1_700_000_000.0, 1_700_001_000.0), @"1,700,000,000 1,700,000,200 1,700,000,400 1,700,000,600 1,700,000,800 1,700,001,000");
        insta::assert_snapshot!(labels(0.0, 4e-4), @"0 1e-4 2e-4 3e-4 4e-4");
        insta::assert_snapshot!(labels(0.9991, 0.9999), @"0.9992 0.9994 0.9996 0.9998");
        insta::assert_snapshot!(labels(-1e300, 1e300), @"−1e300 −5e299 0 5e299 1e300");
        insta::assert_snapshot!(labels(0.0, 5e-324), @"0 5e-324");
        insta::assert_snapshot!(labels(f64::MIN, f64::MAX), @"−1e308 0 1e308");
    }

    #[test]
    fn log_labels_are_powers_of_ten_where_there_are_enough() {
        let labels = |low, high| labels(Scale::Log, low, high, 6);
        insta::assert_snapshot!(labels(1e-5, 1.0), @"1e-5 1e-4 0.001 0.01 0.1 1");
        insta::assert_snapshot!(labels(1.0, 1e9), @"1 100 10k 1M 100M");
        insta::assert_snapshot!(labels(1e-300, 1e300), @"1e-200 1 1e200");
        insta::assert_snapshot!(labels(0.3, 4.0), @"0.5 1 2");
        insta::assert_snapshot!(labels(1.0, 1.5), @"1.0 1.1 1.2 1.3 1.4 1.5");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn ticks_lie_within_the_axis_and_ascend(low in proptest::num::f64::NORMAL, high in proptest::num::f64::NORMAL, most in 2_usize..12, is_log: bool) {
            let scale = if is_log { Scale::Log } else { Scale::Linear };
            let (low, high) = if is_log { (low.abs(), high.abs()) } else { (low, high) };
            let span = Span::new(scale, low.min(high), low.max(high));
            proptest::prop_assume!(span.high / 2.0 - span.low / 2.0 > span.high.abs().max(span.low.abs()) * 1e-11);
            let ticks = Ticks::of(&span, most);
            proptest::prop_assert!(!ticks.major.is_empty());
            proptest::prop_assert!(ticks.major.iter().all(|tick| (span.low..=span.high).contains(&tick.value)));
            proptest::prop_assert!(ticks.major.is_sorted_by(|left, right| left.value < right.value));
            proptest::prop_assert!(ticks.major.len() <= most);
        }
    }
}
