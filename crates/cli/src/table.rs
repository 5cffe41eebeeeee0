//! Rows for people: as wide as the terminal, numbers to the right with their points in line, long cells and long tables cut with a note.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use console::{measure_text_width, truncate_str};
use runlake_types::{Json, Number};

use crate::number_column::NumberColumn;
use crate::sheet::Sheet;
use crate::variables;

/// Rows shown before the table is cut.
pub(crate) const MAX_ROWS: usize = 50;
/// Places on a line where no terminal says how many it has.
const WIDTH: usize = 120;
/// Places shown of a cell, and of one when the line is narrow.
const MAX_CELL: [usize; 3] = [32, 24, 16];
/// Places shown of a cell that has the line to itself.
const MAX_WIDE_CELL: usize = 100;
/// What stands between two columns.
const GAP: &str = "  ";

/// The table as text, a line a row, with a last line that says what was cut.
pub(crate) fn render(sheet: &Sheet) -> String {
    render_head(sheet, sheet.rows.len())
}

/// The table of the first rows of `rows` in all.
pub(crate) fn render_head(sheet: &Sheet, rows: usize) -> String {
    render_in(sheet, rows, line_width())
}

/// The table with all of its rows, and cells as wide as a line, for the fields of one thing.
pub(crate) fn render_whole(sheet: &Sheet) -> String {
    let columns = columns(sheet, sheet.rows.len(), MAX_WIDE_CELL);
    lines(&columns, sheet.rows.len())
}

fn render_in(sheet: &Sheet, rows: usize, line_width: usize) -> String {
    let shown = sheet.rows.len().min(MAX_ROWS);
    // A column alone has the line to itself, such as the plan of a query.
    let max_cells = if sheet.columns.len() == 1 { [line_width.max(MAX_WIDE_CELL); 3] } else { MAX_CELL };
    let all = max_cells.map(|max_cell| columns(sheet, shown, max_cell));
    let [.., narrowest] = &all;
    let columns = all.iter().find(|columns| width(columns) <= line_width).unwrap_or(narrowest);
    let fitting = (1..=columns.len()).rev().find(|&count| width(&columns[..count]) <= line_width).unwrap_or(columns.len().min(1));
    let mut text = lines(&columns[..fitting], shown);
    let more = [(rows - shown, "row"), (columns.len() - fitting, "column")].map(|(count, noun)| match count {
        0 => None,
        1 => Some(format!("1 more {noun}")),
        _ => Some(format!("{count} more {noun}s")),
    });
    let more: Vec<String> = more.into_iter().flatten().collect();
    if !more.is_empty() {
        let more = more.join(" and ");
        writeln!(text, "… {more}: --format csv, json, ndjson, parquet or arrow has them all").expect("writing to a String cannot fail");
    }
    text
}

/// The places on a line: as `COLUMNS` says, as the terminal has, or [`WIDTH`].
pub(crate) fn line_width() -> usize {
    let given = std::env::var_os(variables::COLUMNS).and_then(|width| width.to_str()?.parse::<NonZeroUsize>().ok());
    let terminal = || console::Term::stdout().size_checked().map(|(_, width)| usize::from(width));
    given.map(NonZeroUsize::get).or_else(terminal).unwrap_or(WIDTH)
}

/// The cells of a column, the header first.
struct Column {
    cells: Vec<String>,
    is_number: bool,
    width: usize,
}

fn columns(sheet: &Sheet, rows: usize, max_cell: usize) -> Vec<Column> {
    let column = |index: usize| {
        let values: Vec<&Json> = sheet.rows[..rows].iter().map(|row| &row[index]).collect();
        let numbers: Vec<&Number> = values.iter().filter_map(|value| value.as_number()).collect();
        let form = NumberColumn::of(&numbers);
        let cell = |value: &&Json| match value {
            Json::Null => String::new(),
            Json::String(text) => shorten(text, max_cell),
            Json::Number(number) => form.text(number),
            other => shorten(&other.to_string(), max_cell),
        };
        let cells: Vec<String> = std::iter::once(shorten(&sheet.columns[index], max_cell)).chain(values.iter().map(cell)).collect();
        let width = cells.iter().map(|cell| measure_text_width(cell)).max().unwrap_or(0);
        let is_number = values.iter().all(|value| matches!(value, Json::Number(_) | Json::Null));
        Column { cells, is_number, width }
    };
    (0..sheet.columns.len()).map(column).collect()
}

fn width(columns: &[Column]) -> usize {
    columns.iter().map(|column| column.width).sum::<usize>() + GAP.len() * columns.len().saturating_sub(1)
}

/// The header and the rows, a line each.
fn lines(columns: &[Column], rows: usize) -> String {
    let line = |row: usize| {
        let padded = columns.iter().map(|column| {
            let text = &column.cells[row];
            let pad = " ".repeat(column.width - measure_text_width(text));
            if column.is_number { format!("{pad}{text}") } else { format!("{text}{pad}") }
        });
        padded.collect::<Vec<_>>().join(GAP).trim_end().to_owned() + "\n"
    };
    (0..=rows).map(line).collect()
}

/// The text on one line and cut. What would steer a terminal is shown as a space.
fn shorten(text: &str, places: usize) -> String {
    truncate_str(&text.replace(char::is_control, " "), places, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(columns: &[&str], rows: impl IntoIterator<Item = Vec<Json>>) -> Sheet {
        let mut sheet = Sheet::new(columns);
        sheet.rows.extend(rows);
        sheet
    }

    #[test]
    fn numbers_are_short_and_to_the_right() {
        let row = |name: Json, value: f64| vec![name, Json::from(value)];
        let rows = [row(Json::from("a"), 0.123_456_789), row(Json::from("long name"), 12.0), row(Json::Null, f64::NAN)];
        insta::assert_snapshot!(render_in(&sheet(&["run", "acc"], rows), 3, 80), @r"
        run            acc
        a           0.1235
        long name  12.0000
                       NaN
        ");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let rows = (0..60).map(|row| vec![Json::from(row), Json::from("a text that is longer than its cell may be"), Json::from("last")]);
        let text = render_in(&sheet(&["row", "text", "word"], rows), 1000, 24);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 52);
        assert_eq!(lines[..2], ["row  text", "  0  a text that is …"]);
        assert_eq!(lines[51], "… 950 more rows and 1 more column: --format csv, json, ndjson, parquet or arrow has them all");
    }

    #[test]
    fn wide_letters_take_two_places_and_none_steers_the_terminal() {
        let rows = [vec![Json::from("学習"), Json::from(1)], vec![Json::from("red\u{1b}[31m\n"), Json::from(2)]];
        insta::assert_snapshot!(render_in(&sheet(&["名前", "n"], rows), 2, 80), @r"
        名前       n
        学習       1
        red [31m   2
        ");
    }

    #[test]
    fn no_rows_and_no_columns() {
        assert_eq!(render_in(&sheet(&["run", "acc"], []), 0, 80), "run  acc\n");
        assert_eq!(render_in(&sheet(&[], []), 0, 80), "\n");
    }
}
