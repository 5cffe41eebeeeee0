//! The colours and dashes of series: told apart by the colour-blind, and in grey once colours run out.

use crate::Series;

/// A colour of the palette, by its place: 0 is blue. Places beyond the last begin again at the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub usize);

/// How a line is dashed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dash {
    /// Not at all.
    #[default]
    Solid,
    /// Long dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// A dash, a dot.
    DashDotted,
}

/// The palette of Okabe and Ito (<https://jfly.uni-koeln.de/color/>), made to be told apart with any colour vision. Its yellow is left
/// out, since a thin yellow line is invisible on white; its black is a little lighter.
const COLOURS: [Shade; 7] = [
    Shade { hex: "#0072b2", ansi: 32, ansi_faint: 24 },   // blue
    Shade { hex: "#d55e00", ansi: 202, ansi_faint: 130 }, // vermilion
    Shade { hex: "#009e73", ansi: 36, ansi_faint: 29 },   // bluish green
    Shade { hex: "#cc79a7", ansi: 175, ansi_faint: 132 }, // reddish purple
    Shade { hex: "#e69f00", ansi: 214, ansi_faint: 136 }, // orange
    Shade { hex: "#56b4e9", ansi: 117, ansi_faint: 67 },  // sky blue
    Shade { hex: "#333333", ansi: 246, ansi_faint: 240 }, // black: grey in a terminal, whose background is not known
];

const DASHES: [Dash; 4] = [Dash::Solid, Dash::Dashed, Dash::Dotted, Dash::DashDotted];

/// One colour, in a picture and in a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shade {
    /// As SVG writes it.
    pub(crate) hex: &'static str,
    /// The nearest of the 256 colours of terminals.
    pub(crate) ansi: u8,
    /// A darker one for what stays behind.
    pub(crate) ansi_faint: u8,
}

/// The colour of the series at a place among all.
pub(crate) fn shade_of(series: &Series, place: usize) -> Shade {
    COLOURS[series.colour.map_or(place, |colour| colour.0) % COLOURS.len()]
}

/// How the series at a place among all is dashed: each time round the colours, differently.
pub(crate) fn dash_of(series: &Series, place: usize) -> Dash {
    series.dash.unwrap_or(if series.colour.is_some() { Dash::Solid } else { DASHES[place / COLOURS.len() % DASHES.len()] })
}

impl Dash {
    /// The lengths of strokes and gaps, in widths of the line; none for a solid line.
    pub(crate) fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[5.0, 3.0],
            Self::Dotted => &[1.2, 2.2],
            Self::DashDotted => &[6.0, 2.5, 1.2, 2.5],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_of_the_first_twenty_eight_series_look_alike() {
        let looks: std::collections::BTreeSet<(&str, &[u64])> = (0..28)
            .map(|place| {
                let series = Series::new("a");
                let dash: &[u64] = match dash_of(&series, place) {
                    Dash::Solid => &[],
                    Dash::Dashed => &[1],
                    Dash::Dotted => &[2],
                    Dash::DashDotted => &[3],
                };
                (shade_of(&series, place).hex, dash)
            })
            .collect();
        assert_eq!(looks.len(), 28);
    }
}
