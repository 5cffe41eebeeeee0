//! A buffer of cells as text, with or without the escape sequences that colour it.

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
    text::Span,
};

/// The buffer as lines, each ended by a line feed, without blanks at their ends.
pub(crate) fn text_of(buffer: &Buffer, colour: bool) -> String {
    let width = usize::from(buffer.area().width).max(1);
    let mut text = String::new();
    for row in buffer.content().chunks(width) {
        let length = row.iter().rposition(|cell| cell.symbol() != " ").map_or(0, |last| last + 1);
        let mut style = String::new();
        let mut covered = 0_usize;
        for cell in &row[..length] {
            // A wide character covers the cells after its own.
            if covered > 0 {
                covered -= 1;
                continue;
            }
            covered = Span::raw(cell.symbol()).width().saturating_sub(1);
            // A blank looks the same in any style.
            let next = if cell.symbol() == " " || !colour { style.clone() } else { sequence(cell) };
            if next != style {
                if !style.is_empty() {
                    text.push_str(RESET);
                }
                text.push_str(&next);
                style = next;
            }
            text.push_str(cell.symbol());
        }
        if !style.is_empty() {
            text.push_str(RESET);
        }
        text.push('\n');
    }
    text
}

const RESET: &str = "\u{1b}[0m";

/// What turns the style of a cell on; empty for plain text.
fn sequence(cell: &Cell) -> String {
    let mut codes = Vec::new();
    if cell.modifier.contains(Modifier::BOLD) {
        codes.push("1".to_owned());
    }
    if cell.modifier.contains(Modifier::DIM) {
        codes.push("2".to_owned());
    }
    if let Color::Indexed(index) = cell.fg {
        codes.push(format!("38;5;{index}"));
    }
    if codes.is_empty() { String::new() } else { format!("\u{1b}[{}m", codes.join(";")) }
}
