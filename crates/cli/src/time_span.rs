//! How long, and since when, as people write it.

use std::time::Duration;

use runlake_types::Timestamp;

use crate::report::UsageError;

/// Reads `7d`, `12h`, `30m` or `45s`.
pub(crate) fn parse_span(text: &str) -> Result<Duration, UsageError> {
    let invalid = || UsageError { message: format!("`{text}` is no length of time"), hint: "write it as 7d, 12h, 30m or 45s".to_owned() };
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(invalid)?;
    let seconds: u64 = match unit {
        "d" => 86_400,
        "h" => 3600,
        "m" => 60,
        "s" => 1,
        _ => return Err(invalid()),
    };
    let number: u64 = number.parse().map_err(|_not_a_number| invalid())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(invalid)
}

/// Reads a time, or how long ago it was.
pub(crate) fn parse_since(text: &str) -> Result<Timestamp, UsageError> {
    if let Ok(time) = Timestamp::parse(text) {
        return Ok(time);
    }
    let span = parse_span(text).map_err(|_no_span| UsageError {
        message: format!("`{text}` is no time"),
        hint: "write a time such as 2026-11-24T09:30:00Z, or how long ago it was, such as 7d, 12h or 30m".to_owned(),
    })?;
    let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Ok(Timestamp::from_micros(Timestamp::now().micros().saturating_sub(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(parse_span("7d").unwrap(), Duration::from_hours(168));
        assert_eq!(parse_span("0s").unwrap(), Duration::ZERO);
        for text in ["", "d", "7", "7w", "-1d", "1.5h", "99999999999999999999d", "7д"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn since_is_a_time_or_a_span() {
        assert_eq!(parse_since("2026-11-24T09:30:00Z").unwrap().to_string(), "2026-11-24T09:30:00Z");
        assert!(parse_since("1h").unwrap() < Timestamp::now());
        assert!(parse_since("yesterday").is_err());
    }
}
