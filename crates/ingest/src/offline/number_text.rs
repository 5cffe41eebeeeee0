//! JSON numbers straight from their text, for those that float64 holds exactly.

use runlake_types::{Json, Number, read_number};

/// The float that [`Json::parse`] would find in `text`; `None` when the text is anything but a plain number, `NaN` or an infinity, or
/// when float64 does not hold it exactly. `None` is no verdict on the text.
#[inline]
pub(super) fn exact_float(text: &[u8]) -> Option<f64> {
    match read_number(text, 0) {
        Ok((number, end)) if end == text.len() && number.is_exact_f64() => Some(number.as_f64()),
        _ => special(text),
    }
}

fn special(text: &[u8]) -> Option<f64> {
    match text {
        b"NaN" => Some(f64::NAN),
        b"Infinity" => Some(f64::INFINITY),
        b"-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The float that holds `value` exactly, when it is a number and there is one.
pub(super) fn exact_float_of(value: &Json) -> Option<f64> {
    value.as_number().filter(|number| number.is_exact_f64()).map(Number::as_f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is found is what the parser finds.
    fn agrees(text: &str) -> Result<(), TestCaseError> {
        if let Some(float) = exact_float(text.as_bytes()) {
            let parsed = Json::parse(text).map_err(|error| TestCaseError::fail(format!("{text:?} is not JSON: {error}")))?;
            let expected = exact_float_of(&parsed);
            prop_assert_eq!(Some(float.to_bits()), expected.map(f64::to_bits), "{}", text);
        }
        Ok(())
    }

    #[test]
    fn usual_numbers_are_found() {
        for text in ["0", "-0", "7", "-7", "12345678", "0.1", "-1.5e-300", "1e5", "1E+5", "NaN", "Infinity", "-Infinity", "1e999"] {
            assert!(exact_float(text.as_bytes()).is_some(), "{text}");
            agrees(text).unwrap();
        }
        for text in [
            "",
            "-",
            "01",
            "-01",
            "1.",
            "1.e5",
            ".5",
            "+1",
            "inf",
            "-inf",
            "nan",
            "1e",
            "1e+",
            "0x1",
            "1 ",
            " 1",
            "1_0",
            "9007199254740993",
        ] {
            assert_eq!(exact_float(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

        #[test]
        fn any_float_is_the_parsers(value in any::<f64>(), precision in 0..20_usize) {
            agrees(&format!("{value:?}"))?;
            agrees(&format!("{value:e}"))?;
            agrees(&format!("{value:.precision$e}"))?;
        }

        #[test]
        fn any_integer_is_the_parsers(value in any::<i64>(), shift in 0..63_u32) {
            agrees(&(value >> shift).to_string())?;
        }

        #[test]
        fn anything_like_a_number_is_the_parsers(text in "[-+0-9.eEINa]{0,9}") {
            agrees(&text)?;
        }
    }
}
