//! The text of a statement: where the parser's lines and columns lie in it, and the line that an error shows.

use std::fmt::Write as _;
use std::ops::Range;

use sqlparser::tokenizer::{Location, Span};

/// Characters shown of a long line.
const MOST_CHARACTERS: usize = 110;

/// Characters shown of a long line before the word that is meant.
const CHARACTERS_BEFORE: usize = 40;

/// The byte at which the parser's line and column lie; the end for what lies beyond it, `None` for no place at all.
pub(super) fn byte_at(text: &str, location: Location) -> Option<usize> {
    let (line, column) = (usize::try_from(location.line).ok()?.checked_sub(1)?, usize::try_from(location.column).ok()?.checked_sub(1)?);
    let start = if line == 0 { 0 } else { text.match_indices('\n').nth(line - 1).map_or(text.len(), |(at, _)| at + 1) };
    let rest = &text[start..];
    Some(start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
}

/// The bytes of the parser's span.
pub(super) fn bytes_of(text: &str, span: Span) -> Option<Range<usize>> {
    let (start, end) = (byte_at(text, span.start)?, byte_at(text, span.end)?);
    (start < end).then_some(start..end)
}

/// The line with the bytes of `place`, and carets below them:
///
/// ```text
/// 1 | SELECT lrr FROM runs
///   |        ^^^
/// ```
pub(super) fn excerpt(text: &str, place: &Range<usize>) -> String {
    let start = place.start.min(text.len());
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let number = text[..start].matches('\n').count() + 1;
    let characters: Vec<char> =
        text[line_start..line_end].trim_end().chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let before = text[line_start..start].chars().count();
    let width = text[start..place.end.clamp(start, line_end)].chars().count().max(1);
    let from = if characters.len() > MOST_CHARACTERS { before.saturating_sub(CHARACTERS_BEFORE) } else { 0 };
    let shown: String = characters.iter().skip(from).take(MOST_CHARACTERS).collect();
    let (left, right) = (if from > 0 { "…" } else { "" }, if characters.len() > from + MOST_CHARACTERS { "…" } else { "" });
    let indent = before - from + left.chars().count();
    let gutter = number.to_string().len();
    let mut out = String::new();
    let carets = width.min(MOST_CHARACTERS + 1 - (before - from).min(MOST_CHARACTERS));
    write!(out, "{number} | {left}{shown}{right}\n{:gutter$} | {:indent$}{}", "", "", "^".repeat(carets)).expect("a String takes all");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_line_and_column() {
        let text = "SELECT 'é', lr\nFROM runz";
        assert_eq!(bytes_of(text, Span::new(Location::new(2, 6), Location::new(2, 10))).map(|range| &text[range]), Some("runz"));
        assert_eq!(bytes_of(text, Span::new(Location::new(1, 13), Location::new(1, 15))).map(|range| &text[range]), Some("lr"));
        assert_eq!(byte_at(text, Location::new(9, 9)), Some(text.len()));
        assert_eq!(bytes_of(text, Span::empty()), None);
    }

    #[test]
    fn an_excerpt_shows_the_line_and_the_word() {
        insta::assert_snapshot!(excerpt("SELECT 1\n\tFROM é, runz", &(19..23)), @r"
        2 |  FROM é, runz
          |          ^^^^
        ");
        let long = format!("SELECT {} lrr {} FROM runs", "a, ".repeat(60), "b, ".repeat(60));
        let at = long.find("lrr").unwrap();
        insta::assert_snapshot!(excerpt(&long, &(at..at + 3)), @"
        1 | …a, a, a, a, a, a, a, a, a, a, a, a, a,  lrr b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, …
          |                                          ^^^
        ");
        insta::assert_snapshot!(excerpt("SELECT", &(6..6)), @r"
        1 | SELECT
          |       ^
        ");
    }
}
