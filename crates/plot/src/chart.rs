//! The chart: two axes and the series drawn over them, and the three ways to draw it.

use std::collections::BTreeSet;

use crate::text::{Ruler, visible};
use crate::{Axis, Error, Series, Size, layout::Layout, png, svg, terminal, view::View};

/// A chart of curves: plain data, which is checked when it is drawn.
///
/// The same chart gives the same text and the same pixels each time: fonts, times and the order of hashes have no part in it.
///
/// ```
/// use runlake_plot::{Axis, Chart, Line, Series, Size};
///
/// let chart = Chart::new(Axis::new("step"), Axis::new("loss"))
///     .with_title("Two runs")
///     .with_series(Series::new("fast").with_line(Line::new([0.0, 50.0, 100.0], [2.0, 0.9, 0.5])))
///     .with_series(Series::new("slow").with_line(Line::new([0.0, 50.0, 100.0], [2.1, 1.6, 1.2])));
///
/// let svg = chart.to_svg(Size::default())?;
/// assert!(svg.starts_with("<svg") && svg.contains("Two runs"));
/// let png = chart.to_png(Size::default(), 2.0)?;
/// assert!(png.starts_with(b"\x89PNG"));
/// # Ok::<(), runlake_plot::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chart {
    /// What stands above the picture. Nothing by default.
    pub title: Option<String>,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, the last on top.
    pub series: Vec<Series>,
    /// What stands below the picture in small print. What the picture leaves out is said there too.
    pub note: Option<String>,
}

impl Chart {
    /// A chart without any series yet.
    pub fn new(x: Axis, y: Axis) -> Self {
        Self { x, y, ..Self::default() }
    }

    /// The same chart with a title.
    #[must_use]
    pub fn with_title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// The same chart with one more series.
    #[must_use]
    pub fn with_series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// The same chart with a note.
    #[must_use]
    pub fn with_note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// Draws the chart as SVG.
    ///
    /// Lines are thinned out to what the pixels can show, without losing a spike, so the text stays small however long the curves are.
    ///
    /// # Errors
    /// [`ErrorKind::NoPoint`](crate::ErrorKind::NoPoint) when there is nothing to draw, [`Lengths`](crate::ErrorKind::Lengths) when a
    /// point lacks a coordinate, [`Bounds`](crate::ErrorKind::Bounds) when an axis has no length, and
    /// [`Size`](crate::ErrorKind::Size) outside of 320 × 200 to 8,192 × 8,192.
    pub fn to_svg(&self, size: Size) -> Result<String, Error> {
        size.check()?;
        let view = View::of(self)?;
        Ok(svg::draw(self, &view, &Layout::of(self, &view, size)))
    }

    /// The characters of the chart's texts that the font of PNGs has no picture of, in order: boxes stand for them there. An SVG has the
    /// text itself, which whatever shows it draws with its own fonts.
    ///
    /// ```
    /// use runlake_plot::{Axis, Chart};
    /// assert_eq!(Chart::new(Axis::new("étape"), Axis::new("损失 1")).characters_without_picture(), ['失', '损']);
    /// ```
    pub fn characters_without_picture(&self) -> Vec<char> {
        let ruler = Ruler::new();
        let names = self.series.iter().map(|series| series.name.as_str());
        let texts = [self.title.as_deref(), Some(self.x.label.as_str()), Some(self.y.label.as_str()), self.note.as_deref()];
        let shown = texts.into_iter().flatten().chain(names).map(visible).collect::<String>();
        let missing: BTreeSet<char> = shown.chars().filter(|character| !ruler.has(*character)).collect();
        missing.into_iter().collect()
    }

    /// Draws the chart as PNG, with `scale` pixels to each unit of `size`: 2 is crisp on most screens and in print.
    ///
    /// The only font is the one in this crate; the fonts of the machine are not looked at.
    ///
    /// # Errors
    /// As [`to_svg`](Self::to_svg); also [`PngScale`](crate::ErrorKind::PngScale) for a scale outside of 0.1 to 16, and
    /// [`Size`](crate::ErrorKind::Size) for more than 64 million pixels.
    pub fn to_png(&self, size: Size, scale: f64) -> Result<Vec<u8>, Error> {
        let pixels = size.scaled(scale)?;
        png::draw(&self.to_svg(size)?, scale, pixels)
    }

    /// Draws the chart as text of `rows` lines, each of at most `columns` characters, and each ended by a line feed.
    ///
    /// With `colour`, series differ by the 256 colours of terminals, and each line that has colours ends by resetting them. Without,
    /// they differ by the character that they are drawn with; a single series is drawn in braille.
    ///
    /// ```
    /// use runlake_plot::{Axis, Chart, Line, Series};
    ///
    /// let chart = Chart::new(Axis::new("step"), Axis::new("acc")).with_series(Series::new("").with_line(Line::new([0.0, 10.0], [0.0, 1.0])));
    /// let text = chart.to_terminal(40, 10, false)?;
    /// assert_eq!(text.lines().count(), 10);
    /// # Ok::<(), runlake_plot::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`to_svg`](Self::to_svg), with [`Size`](crate::ErrorKind::Size) outside of 24 × 8 to 1,000 × 1,000 characters.
    pub fn to_terminal(&self, columns: u16, rows: u16, colour: bool) -> Result<String, Error> {
        terminal::check(columns, rows)?;
        Ok(terminal::draw(self, &View::of(self)?, columns, rows, colour))
    }
}
