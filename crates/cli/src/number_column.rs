//! How the numbers of one column are shown: short, and alike.

use runlake_types::Number;

/// Digits that the largest value of a column has.
const DIGITS: i32 = 6;
/// Digits that the smallest value of a column keeps, if all have the same decimals.
const FEWEST_DIGITS: i32 = 3;
/// Decimals beyond which values are shown each in its own way.
const MAX_DECIMALS: i32 = 9;

/// The form of the numbers of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberColumn {
    /// Floats with so many decimals, so that the points stand in line.
    Decimals(usize),
    /// Each by itself: integers, and floats of too many magnitudes.
    Each,
}

impl NumberColumn {
    /// The form that shows all of `numbers`: six digits of the largest, three at least of the smallest.
    pub(crate) fn of(numbers: &[&Number]) -> Self {
        let floats = numbers.iter().filter_map(|number| if let Number::Float(value) = number { Some(value.abs()) } else { None });
        let floats: Vec<f64> = floats.filter(|value| value.is_finite() && *value != 0.0).collect();
        let (Some(largest), Some(smallest)) = (floats.iter().copied().reduce(f64::max), floats.iter().copied().reduce(f64::min)) else {
            return Self::Each;
        };
        let decimals = (DIGITS - 1 - exponent(largest)).max(FEWEST_DIGITS - 1 - exponent(smallest));
        if largest >= 1e15 || decimals > MAX_DECIMALS {
            return Self::Each;
        }
        let decimals = usize::try_from(decimals.max(1)).unwrap_or(1);
        // Zeros that all values end with tell nothing.
        let needed = floats.iter().map(|value| {
            let text = format!("{value:.decimals$}");
            text.trim_end_matches('0').rsplit_once('.').map_or(0, |(_, fraction)| fraction.len())
        });
        Self::Decimals(needed.max().unwrap_or(1).max(1))
    }

    /// The number in this form.
    pub(crate) fn text(self, number: &Number) -> String {
        match (self, number) {
            (Self::Decimals(decimals), Number::Float(value)) if value.is_finite() => format!("{value:.decimals$}"),
            (_, Number::Float(value)) => by_itself(*value),
            _ => number.to_string(),
        }
    }
}

/// The power of ten of a number that is not zero.
fn exponent(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "exponents of floats lie between -324 and 308")]
    let exponent = value.log10().floor() as i32;
    exponent
}

/// Six digits, without zeros at the end; with an exponent what is very large or small.
fn by_itself(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        return Number::Float(value).to_string().trim_matches('"').to_owned();
    }
    if magnitude != 0.0 && !(1e-4..1e15).contains(&magnitude) {
        return format!("{value:.5e}");
    }
    if value.fract() == 0.0 {
        return format!("{value:?}");
    }
    let decimals = usize::try_from((DIGITS - 1 - exponent(magnitude)).clamp(0, MAX_DECIMALS)).unwrap_or(0);
    let fixed = format!("{value:.decimals$}");
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').to_owned() } else { fixed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[f64]) -> Vec<String> {
        let numbers: Vec<Number> = values.iter().copied().map(Number::Float).collect();
        let form = NumberColumn::of(&numbers.iter().collect::<Vec<_>>());
        numbers.iter().map(|number| form.text(number)).collect()
    }

    #[test]
    fn decimals_are_those_of_the_column() {
        assert_eq!(texts(&[0.123_456_789, 12.0, 0.0]), ["0.1235", "12.0000", "0.0000"]);
        assert_eq!(texts(&[0.5, 0.25, -1.0]), ["0.50", "0.25", "-1.00"]);
        assert_eq!(texts(&[1.0, 2.0]), ["1.0", "2.0"]);
        assert_eq!(texts(&[1_764_148_800.123_4, 1_764_148_801.9]), ["1764148800.1", "1764148801.9"]);
        assert_eq!(texts(&[0.5, f64::NAN, f64::NEG_INFINITY]), ["0.5", "NaN", "-Infinity"]);
    }

    #[test]
    fn magnitudes_apart_are_shown_each_by_itself() {
        assert_eq!(texts(&[1e-12, 123.456, 5.0]), ["1.00000e-12", "123.456", "5.0"]);
        assert_eq!(texts(&[1e300, 0.5]), ["1.00000e300", "0.5"]);
    }

    #[test]
    fn integers_keep_every_digit() {
        let number = Number::Integer(9_007_199_254_740_993);
        assert_eq!(NumberColumn::of(&[&number]).text(&number), "9007199254740993");
    }
}
