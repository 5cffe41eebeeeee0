//! The text of a number, which is most of the text of a history.

use crate::json::Number;
use crate::json_parser::JsonError;

/// So many digits fit into 64 bits.
const MAX_DIGITS: usize = 18;

/// Integers up to this one float64 holds exactly.
const MAX_EXACT: u64 = 1 << 53;

/// The powers of ten that float64 holds exactly.
const POWERS_OF_TEN: [f64; 23] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

/// Reads the JSON number that begins at `from`: itself, and the offset behind it. What comes then is not looked at.
///
/// ```
/// use runlake_types::{Number, read_number};
/// assert_eq!(read_number(b"[2.50,1]", 1)?, (Number::Float(2.5), 5));
/// # Ok::<(), runlake_types::JsonError>(())
/// ```
///
/// # Errors
/// [`JsonError`] where a digit is missing.
#[inline]
pub fn read_number(text: &[u8], from: usize) -> Result<(Number, usize), JsonError> {
    let is_negative = text.get(from) == Some(&b'-');
    let whole_from = from + usize::from(is_negative);
    let mut mantissa = 0_u64;
    let mut at = if text.get(whole_from) == Some(&b'0') { whole_from + 1 } else { read_digits(text, whole_from, &mut mantissa)? };
    let mut digits = at - whole_from;
    let (mut fraction_digits, mut has_exponent) = (0, false);
    if text.get(at) == Some(&b'.') {
        let end = read_digits(text, at + 1, &mut mantissa)?;
        fraction_digits = end - at - 1;
        digits += fraction_digits;
        at = end;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        has_exponent = true;
        let signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = read_digits(text, at + 1 + usize::from(signed), &mut 0)?;
    }
    let fits = digits <= MAX_DIGITS;
    let number = if fraction_digits == 0 && !has_exponent {
        match i64::try_from(mantissa).ok().filter(|_| fits) {
            Some(0) if is_negative => Number::Float(-0.0),
            Some(value) => Number::Integer(if is_negative { -value } else { value }),
            None => long_integer(&text[from..at]),
        }
    } else if fits
        && !has_exponent
        && mantissa <= MAX_EXACT
        && let Some(power) = POWERS_OF_TEN.get(fraction_digits)
    {
        #[expect(clippy::cast_precision_loss, reason = "it is exact, so the quotient is rounded once")]
        let value = mantissa as f64 / power;
        Number::Float(if is_negative { -value } else { value })
    } else {
        Number::Float(rounded(&text[from..at]).ok_or(JsonError { offset: from, expected: "a number" })?)
    };
    Ok((number, at))
}

/// The float64 that is nearest to a number. Out of line, since its buffers would lie on the stack for each level of nesting.
#[inline(never)]
fn rounded(text: &[u8]) -> Option<f64> {
    fast_float2::parse(text).ok()
}

/// An integer that may not fit into 64 bits.
#[cold]
fn long_integer(text: &[u8]) -> Number {
    let text = String::from_utf8_lossy(text);
    text.parse().map_or_else(|_too_long| Number::BigInteger(text.into()), Number::Integer)
}

/// Appends the digits at `from` to `mantissa`, which wraps around when they are too many; the offset behind them.
#[inline]
fn read_digits(text: &[u8], from: usize, mantissa: &mut u64) -> Result<usize, JsonError> {
    let mut at = from;
    while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    if at == from { Err(JsonError { offset: at, expected: "a digit" }) } else { Ok(at) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_kinds_of_numbers() {
        for (text, number, end) in [
            ("0", Number::Integer(0), 1),
            ("-0", Number::Float(-0.0), 2),
            ("-0.0,", Number::Float(-0.0), 4),
            ("01", Number::Integer(0), 1),
            ("-7}", Number::Integer(-7), 2),
            ("999999999999999999", Number::Integer(999_999_999_999_999_999), 18),
            ("9223372036854775807", Number::Integer(i64::MAX), 19),
            ("-9223372036854775808", Number::Integer(i64::MIN), 20),
            ("9223372036854775808", Number::BigInteger("9223372036854775808".into()), 19),
            ("-18446744073709551616", Number::BigInteger("-18446744073709551616".into()), 21),
            ("18446744073709551616", Number::BigInteger("18446744073709551616".into()), 20),
            ("1e2", Number::Float(100.0), 3),
            ("1E+2 ", Number::Float(100.0), 4),
            ("1e99999999999999999999", Number::Float(f64::INFINITY), 22),
            ("1e400", Number::Float(f64::INFINITY), 5),
            ("0.1", Number::Float(0.1), 3),
        ] {
            let read = read_number(text.as_bytes(), 0).unwrap();
            assert_eq!(format!("{read:?}"), format!("{:?}", (number, end)), "{text}");
        }
        for (text, offset) in [("", 0), ("-", 1), ("x", 0), ("1.", 2), ("1.x", 2), ("1e", 2), ("1e-", 3)] {
            assert_eq!(read_number(text.as_bytes(), 0).unwrap_err().offset, offset, "{text}");
        }
    }

    proptest! {
        #[test]
        fn floats_are_rounded_as_the_standard_library_does(text in r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?") {
            let (number, end) = read_number(text.as_bytes(), 0).unwrap();
            prop_assert_eq!(end, text.len());
            prop_assert_eq!(number.as_f64().to_bits(), text.parse::<f64>().unwrap().to_bits());
        }
    }
}
