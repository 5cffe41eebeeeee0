//! Charts of curves with bands: SVG, PNG and terminal, the same bytes for the same data.
