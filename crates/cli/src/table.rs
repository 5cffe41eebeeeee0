//! Rows for people: aligned columns, numbers to the right, six significant digits, long cells and long tables cut with a note.

use runlake_types::{Json, Number};

use crate::sheet::Sheet;

/// Rows shown before the table is cut.
const MAX_ROWS: usize = 50;
/// Columns shown before the table is cut.
const MAX_COLUMNS: usize = 14;
/// Characters shown of a cell.
const MAX_CELL: usize = 32;
/// Characters shown of a cell that has the line to itself.
const MAX_WIDE_CELL: usize = 100;

/// The table as text, a line a row, with a last line that says what was cut.
pub(crate) fn render(sheet: &Sheet) -> String {
    render_rows(sheet, MAX_ROWS, MAX_CELL)
}

/// The table with all of its rows, and cells as wide as a line, for the fields of one thing.
pub(crate) fn render_whole(sheet: &Sheet) -> String {
    render_rows(sheet, usize::MAX, MAX_WIDE_CELL)
}

fn render_rows(sheet: &Sheet, max_rows: usize, max_cell: usize) -> String {
    let (cell, shorten) = (|value: &Json| cell(value, max_cell), |text: &String| shorten(text, max_cell));
    let columns = sheet.columns.len().min(MAX_COLUMNS);
    let rows = &sheet.rows[..sheet.rows.len().min(max_rows)];
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row[..columns].iter().map(cell).collect()).collect();
    let header: Vec<String> = sheet.columns[..columns].iter().map(shorten).collect();
    let is_number: Vec<bool> =
        (0..columns).map(|column| rows.iter().all(|row| matches!(row[column], Json::Number(_) | Json::Null))).collect();
    let width = |column: usize| cells.iter().chain([&header]).map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().enumerate().map(|(column, text)| {
            let pad = " ".repeat(widths[column] - text.chars().count());
            if is_number[column] { format!("{pad}{text}") } else { format!("{text}{pad}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines: Vec<String> = std::iter::once(&header).chain(&cells).map(line).collect();
    let (more_rows, more_columns) = (sheet.rows.len() - rows.len(), sheet.columns.len() - columns);
    if more_rows + more_columns > 0 {
        lines.push(format!(
            "… {more_rows} more rows and {more_columns} more columns: --format csv, json, ndjson, parquet or arrow has them all"
        ));
    }
    lines.join("\n") + "\n"
}

fn cell(value: &Json, characters: usize) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => shorten(text, characters),
        Json::Number(number) => significant(number),
        other => shorten(&other.to_string(), characters),
    }
}

fn shorten(text: &str, characters: usize) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    if line.chars().count() <= characters { line } else { line.chars().take(characters - 1).chain(['…']).collect() }
}

fn significant(number: &Number) -> String {
    if let Number::Float(value) = number {
        let magnitude = value.abs();
        if value.is_finite() && magnitude != 0.0 && !(1e-4..1e15).contains(&magnitude) {
            return format!("{value:.5e}");
        }
        if value.is_finite() && value.fract() != 0.0 {
            let digits_before = if magnitude >= 1.0 { magnitude.log10().floor() + 1.0 } else { 0.0 };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 6")]
            let decimals = (6.0 - digits_before).clamp(0.0, 6.0) as usize;
            let fixed = format!("{value:.decimals$}");
            return if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').to_owned() } else { fixed };
        }
    }
    number.to_string().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_to_the_right() {
        let mut sheet = Sheet::new(&["run", "acc"]);
        sheet.rows.push(vec![Json::from("a"), Json::from(0.123_456_789)]);
        sheet.rows.push(vec![Json::from("long name"), Json::from(12.0)]);
        sheet.rows.push(vec![Json::Null, Json::from(f64::NAN)]);
        insta::assert_snapshot!(render(&sheet), @r"
        run             acc
        a          0.123457
        long name      12.0
                        NaN
        ");
    }
}
