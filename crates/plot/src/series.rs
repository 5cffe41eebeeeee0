//! A series: what has one name and one colour in a chart, such as a run or a group of runs.

use crate::{Colour, Dash};

/// Points joined by straight lines, in the order in which they stand.
///
/// A NaN breaks the line. So does an infinite y, which leaves a small mark at the edge. A point without neighbours is a dot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    /// Where the points are along the x axis. As many as `y`.
    pub x: Vec<f64>,
    /// Where the points are along the y axis.
    pub y: Vec<f64>,
}

impl Line {
    /// A line through these points.
    pub fn new(x: impl Into<Vec<f64>>, y: impl Into<Vec<f64>>) -> Self {
        Self { x: x.into(), y: y.into() }
    }
}

/// The area between two curves, such as a mean ± a deviation, or two quantiles.
///
/// A NaN in any of the three breaks the band. On a log axis, what is ≤ 0 of `low` is below the lower edge of the picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Band {
    /// Where the points are along the x axis, in ascending order.
    pub x: Vec<f64>,
    /// The lower edge. As many as `x`.
    pub low: Vec<f64>,
    /// The upper edge. As many as `x`.
    pub high: Vec<f64>,
}

impl Band {
    /// A band between these edges.
    pub fn new(x: impl Into<Vec<f64>>, low: impl Into<Vec<f64>>, high: impl Into<Vec<f64>>) -> Self {
        Self { x: x.into(), low: low.into(), high: high.into() }
    }
}

/// What has one name and one colour: a run, or a group of runs.
///
/// ```
/// use runlake_plot::{Band, Line, Series};
///
/// let steps = [0.0, 100.0, 200.0];
/// let group = Series::new("adam")
///     .with_line(Line::new(steps, [2.3, 0.9, 0.6]))
///     .with_band(Band::new(steps, [2.2, 0.7, 0.5], [2.4, 1.1, 0.7]));
/// assert_eq!(group.lines.len(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// The name in the legend. Series without a name are drawn and not listed.
    pub name: String,
    /// The curves: one, or one for each run of a group. The more lines a chart has, the thinner and fainter they are.
    pub lines: Vec<Line>,
    /// Curves drawn faintly behind `lines`, such as the raw values behind the smoothed.
    pub raw: Vec<Line>,
    /// An area drawn behind all lines.
    pub band: Option<Band>,
    /// The colour. By default that of the place among the series.
    pub colour: Option<Colour>,
    /// How `lines` are dashed. By default not at all, until there are more series than colours.
    pub dash: Option<Dash>,
}

impl Series {
    /// A series without any line yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same series with one more curve.
    #[must_use]
    pub fn with_line(mut self, line: Line) -> Self {
        self.lines.push(line);
        self
    }

    /// The same series with one more faint curve behind.
    #[must_use]
    pub fn with_raw(mut self, line: Line) -> Self {
        self.raw.push(line);
        self
    }

    /// The same series with this band, in place of the one it had.
    #[must_use]
    pub fn with_band(self, band: Band) -> Self {
        Self { band: Some(band), ..self }
    }

    /// The same series in a colour of choice.
    #[must_use]
    pub fn with_colour(self, colour: Colour) -> Self {
        Self { colour: Some(colour), ..self }
    }

    /// The same series, dashed or not.
    #[must_use]
    pub fn with_dash(self, dash: Dash) -> Self {
        Self { dash: Some(dash), ..self }
    }
}
