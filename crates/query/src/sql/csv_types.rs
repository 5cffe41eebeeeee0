//! The types of columns that were read as text: chosen from all of their values, so that no value is lost or changed.

use polars::prelude::{
    BooleanChunked, Column, DataType, Float64Chunked, Int32Chunked, Int64Chunked, IntoColumn as _, NewChunkedArray as _, PolarsResult,
    StringChunked, TimeUnit, TimeZone,
};
use runlake_types::Timestamp;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The column with the first of these types that fits all of its values: int64, float64, boolean, date, timestamp in µs and UTC. It stays
/// text when none does, and when nothing is in it. `007` is text: as a number it would lose its zeros.
pub(super) fn typed(column: &Column) -> PolarsResult<Column> {
    let texts = column.str()?;
    let name = column.name().clone();
    if texts.null_count() == texts.len() {
        return Ok(column.clone());
    }
    if let Some(values) = all(texts, integer) {
        return Ok(Int64Chunked::from_slice_options(name, &values).into_column());
    }
    if let Some(values) = all(texts, number) {
        return Ok(Float64Chunked::from_slice_options(name, &values).into_column());
    }
    if let Some(values) = all(texts, boolean) {
        return Ok(BooleanChunked::from_slice_options(name, &values).into_column());
    }
    if let Some(values) = all(texts, days) {
        return Int32Chunked::from_slice_options(name, &values).into_column().cast(&DataType::Date);
    }
    if let Some(values) = all(texts, |text| Timestamp::parse(text).ok().map(Timestamp::micros)) {
        let time = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
        return Int64Chunked::from_slice_options(name, &values).into_column().cast(&time);
    }
    Ok(column.clone())
}

/// Every value, when `parse` reads them all.
fn all<T>(texts: &StringChunked, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<Option<T>>> {
    texts.iter().map(|text| text.map_or(Some(None), |text| parse(text).map(Some))).collect()
}

/// The digits after an optional minus, when they have no zero in front that a number would not keep.
fn plain_digits(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut bytes = digits.bytes();
    !matches!((bytes.next(), bytes.next()), (Some(b'0'), Some(b'0'..=b'9')))
}

fn integer(text: &str) -> Option<i64> {
    (plain_digits(text) && !text.starts_with('+') && text != "-0").then(|| text.parse().ok()).flatten()
}

fn number(text: &str) -> Option<f64> {
    // Digits that only integers beyond 64 bits have are an id rather than a number.
    let is_long = text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()) && integer(text).is_none();
    let is_word = text.bytes().any(|byte| byte.is_ascii_alphabetic() && byte != b'e' && byte != b'E');
    let is_special = ["nan", "inf", "-inf", "infinity", "-infinity"].contains(&text.to_ascii_lowercase().as_str());
    (plain_digits(text) && !is_long && (!is_word || is_special)).then(|| text.parse().ok()).flatten()
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn days(text: &str) -> Option<i32> {
    let is_date = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
    let micros = is_date.then(|| Timestamp::parse(text).ok()).flatten()?.micros();
    i32::try_from(micros.div_euclid(MICROS_PER_DAY)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &[Option<&str>]) -> String {
        let column = typed(&Column::new("x".into(), values)).unwrap();
        let cells: Vec<String> = (0..column.len()).map(|row| column.get(row).unwrap().to_string()).collect();
        format!("{} {}", column.dtype(), cells.join(" "))
    }

    #[test]
    fn the_type_fits_all_values() {
        for (values, wanted) in [
            (&[Some("1"), None, Some("-7")][..], "i64 1 null -7"),
            (&[Some("0123"), Some("4567")], r#"str "0123" "4567""#),
            (&[Some("1"), Some("2.5"), Some("1e3"), Some("NaN")], "f64 1.0 2.5 1000.0 NaN"),
            (&[Some("9223372036854775808")], r#"str "9223372036854775808""#),
            (&[Some("true"), Some("FALSE")], "bool true false"),
            (&[Some("2026-11-24"), None], "date 2026-11-24 null"),
            (&[Some("2026-11-24T09:30:00+01:00")], "datetime[μs, UTC] 2026-11-24 08:30:00 UTC"),
            (&[Some("1"), Some("x")], r#"str "1" "x""#),
            (&[None, None], "str null null"),
            (&[Some("5e3a"), Some("1e5")], r#"str "5e3a" "1e5""#),
        ] {
            assert_eq!(shown(values), wanted);
        }
    }
}
