//! Instants: microseconds since the Unix epoch in UTC, printed as ISO 8601.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

use crate::{Error, ErrorKind};

/// An instant in microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `micros` microseconds after the Unix epoch.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant `seconds` after the Unix epoch, to the nearest microsecond; `None` beyond what 64 bits hold.
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let micros = (seconds * 1e6).round();
        #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
        (micros.abs() < 9.2e18).then_some(Self(micros as i64))
    }

    /// The current instant.
    pub fn now() -> Self {
        Self(Utc::now().timestamp_micros())
    }

    /// Microseconds since the Unix epoch.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Seconds since the Unix epoch.
    #[expect(clippy::cast_precision_loss, reason = "float64 holds microseconds of this age exactly until the year 2255")]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Parses ISO 8601: a date, or a date and time with an optional fraction and offset. Without an offset it is UTC,
    /// as in the service's replies.
    ///
    /// # Errors
    /// [`ErrorKind::Time`] when `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let instant = DateTime::parse_from_rfc3339(text)
            .map(|instant| instant.with_timezone(&Utc))
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").map(|instant| instant.with_timezone(&Utc)))
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|naive| naive.and_utc()))
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").map(|naive| naive.and_utc()))
            .or_else(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|date| date.and_time(chrono::NaiveTime::MIN).and_utc()));
        instant.map(|instant| Self(instant.timestamp_micros())).map_err(|_no_form_fits| ErrorKind::Time { text: text.to_owned() }.into())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp_micros(self.0) {
            Some(instant) => formatter.write_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            None => write!(formatter, "{} µs since 1970", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_same_instant() {
        for text in [
            "2026-11-24T09:30:00Z",
            "2026-11-24T09:30:00",
            "2026-11-24T10:30:00+01:00",
            "2026-11-24T10:30:00+0100",
            "2026-11-24 09:30:00",
            "2026-11-24T09:30:00.000000Z",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), "2026-11-24T09:30:00Z", "{text}");
        }
        assert_eq!(Timestamp::parse("2026-11-24T09:30:00.25").unwrap().to_string(), "2026-11-24T09:30:00.250Z");
        assert!(Timestamp::parse("yesterday").is_err());
    }
}
