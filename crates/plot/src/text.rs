//! Text in pictures: how wide it is in the font of this crate, and what is cut off when it is too wide.

use skrifa::{FontRef, GlyphId, MetadataProvider as _, charmap::Charmap, instance::LocationRef, metrics::GlyphMetrics};

/// The font, unmodified; see `fonts/README.md`.
pub(crate) const FONT: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
/// Its name.
pub(crate) const FAMILY: &str = "DejaVu Sans";

/// Measures text.
pub(crate) struct Ruler {
    /// Absent if the font could not be read; widths are then rough.
    font: Option<(Charmap<'static>, GlyphMetrics<'static>)>,
}

impl Ruler {
    pub(crate) fn new() -> Self {
        let font = FontRef::new(FONT).ok();
        Self { font: font.map(|font| (font.charmap(), font.glyph_metrics(skrifa::instance::Size::new(1.0), LocationRef::default()))) }
    }

    /// Whether the font has a picture of a character.
    pub(crate) fn has(&self, character: char) -> bool {
        self.font.as_ref().is_some_and(|(map, _)| map.map(character).is_some())
    }

    /// The width of a text in a font of `size` pixels.
    pub(crate) fn width(&self, text: &str, size: f64) -> f64 {
        text.chars().map(|character| self.advance(character)).sum::<f64>() * size
    }

    fn advance(&self, character: char) -> f64 {
        let known = self
            .font
            .as_ref()
            .and_then(|(map, metrics)| metrics.advance_width(map.map(character).unwrap_or(GlyphId::NOTDEF)).map(f64::from));
        known.unwrap_or(0.6)
    }

    /// The text, or as much of it as fits into `most` pixels, with an ellipsis for what was cut off.
    pub(crate) fn shortened(&self, text: &str, size: f64, most: f64) -> String {
        if self.width(text, size) <= most {
            return text.to_owned();
        }
        let mut left = most - self.width("…", size);
        let kept: String = text
            .chars()
            .take_while(|character| {
                left -= self.advance(*character) * size;
                left >= 0.0
            })
            .collect();
        format!("{}…", kept.trim_end())
    }
}

/// The text without what does not show: control characters, which would end a line or steer a terminal, and marks that turn the
/// direction of what follows.
pub(crate) fn visible(text: &str) -> String {
    let shows = |character: &char| !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}');
    text.chars().filter(shows).map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        let ruler = Ruler::new();
        assert!(ruler.font.is_some());
        assert!((ruler.width("0", 2048.0) - 1303.0).abs() < 0.01, "{}", ruler.width("0", 2048.0));
        assert!(ruler.width("ω", 10.0) > 5.0);
        assert!(ruler.has('ω') && !ruler.has('损'));
    }

    #[test]
    fn long_texts_are_cut_to_fit() {
        let ruler = Ruler::new();
        let cut = ruler.shortened("a name that is much too long", 12.0, 80.0);
        assert_eq!(cut, "a name th…");
        assert!(ruler.width(&cut, 12.0) <= 80.0);
        assert_eq!(ruler.shortened("short", 12.0, 80.0), "short");
    }

    #[test]
    fn what_would_steer_a_terminal_is_taken_out() {
        assert_eq!(visible("a\u{1b}[31mb\nc\u{202e}d"), "a [31mb cd");
    }
}
