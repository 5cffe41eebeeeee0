//! The numbers that limit a question: where an axis begins and ends, which steps are read, how far away a point may lie. A slip of the pen
//! here would be an answer without rows.

use std::ops::Range;

use crate::{Error, ErrorKind};

fn wrong(what: &'static str, value: String, reason: &str) -> Error {
    ErrorKind::Argument { what, value, reason: reason.to_owned() }.into()
}

/// That an axis does not end before it begins, and that its ends are numbers.
pub(crate) fn checked_ends((first, last): (Option<f64>, Option<f64>)) -> Result<(), Error> {
    if let Some(end) = [first, last].into_iter().flatten().find(|end| end.is_nan()) {
        return Err(wrong("an end of the axis", format!("{end:?}"), "it must be a number"));
    }
    match (first, last) {
        (Some(first), Some(last)) if first > last => {
            Err(wrong("the axis", format!("from {first:?} to {last:?}"), "it would end before it begins"))
        }
        _ => Ok(()),
    }
}

/// That an axis has places.
pub(crate) fn checked_places(places: Option<usize>) -> Result<(), Error> {
    if places == Some(0) { Err(wrong("the number of places", "0".to_owned(), "an axis has at least one")) } else { Ok(()) }
}

/// That there are steps in a range.
pub(crate) fn checked_steps(steps: Option<&Range<i64>>) -> Result<(), Error> {
    match steps {
        Some(steps) if steps.is_empty() => {
            let reason = "there are none: the first must be less than the one before which they end";
            Err(wrong("the steps", format!("from {} to before {}", steps.start, steps.end), reason))
        }
        _ => Ok(()),
    }
}

/// That a distance is one, in units of the axis.
pub(crate) fn checked_tolerance(tolerance: Option<f64>) -> Result<(), Error> {
    match tolerance {
        Some(distance) if distance.is_nan() || distance < 0.0 => {
            Err(wrong("the tolerance", format!("{distance:?}"), "it must be at least 0"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_told() {
        let told = |checked: Result<(), Error>| checked.unwrap_err().to_string();
        insta::assert_snapshot!(told(checked_ends((Some(3.0), Some(1.0)))), @"the axis cannot be from 3.0 to 1.0: it would end before it begins");
        insta::assert_snapshot!(told(checked_ends((None, Some(f64::NAN)))), @"an end of the axis cannot be NaN: it must be a number");
        insta::assert_snapshot!(
            told(checked_steps(Some(&(4..4)))),
            @"the steps cannot be from 4 to before 4: there are none: the first must be less than the one before which they end"
        );
        insta::assert_snapshot!(told(checked_tolerance(Some(-1.0))), @"the tolerance cannot be -1.0: it must be at least 0");
        insta::assert_snapshot!(told(checked_places(Some(0))), @"the number of places cannot be 0: an axis has at least one");
        assert!(
            checked_ends((Some(1.0), Some(1.0))).is_ok() && checked_steps(None).is_ok() && checked_tolerance(Some(f64::INFINITY)).is_ok()
        );
    }
}
