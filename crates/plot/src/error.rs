//! The error of this crate: a chart that could not be drawn.

use crate::Scale;

/// What could not be drawn, and what to do next. One pointer wide.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// What the functions of this crate give.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Coordinates that do not belong together.
    #[error("the {part} of the series `{series}` has {x} values of x and {y} of {of}")]
    Lengths {
        /// The name of the series.
        series: String,
        /// `line`, `raw line` or `band`.
        part: &'static str,
        /// How many values of x there are.
        x: usize,
        /// How many values there are of the other coordinate.
        y: usize,
        /// The other coordinate.
        of: &'static str,
    },
    /// Ends of an axis that leave nothing between them.
    #[error("the {axis} axis cannot go from {low} to {high}{}", if *.scale == Scale::Log { " on a log scale" } else { "" })]
    Bounds {
        /// `x` or `y`.
        axis: &'static str,
        /// Where the axis was to begin.
        low: f64,
        /// Where it was to end.
        high: f64,
        /// The scale of the axis.
        scale: Scale,
    },
    /// No point of the chart has a place.
    #[error("the chart has nothing to draw: {}", nothing(*.series, *.points, *.not_positive))]
    NoPoint {
        /// How many series there are.
        series: usize,
        /// How many points these have.
        points: usize,
        /// How many of the points have a value ≤ 0 for a log axis; the others are NaN or infinite.
        not_positive: usize,
    },
    /// A picture or terminal that is too small or too large.
    #[error("a chart of {width} × {height} {unit} cannot be drawn")]
    Size {
        /// The width that was asked for.
        width: u64,
        /// The height that was asked for.
        height: u64,
        /// `pixels`, or `columns and rows`.
        unit: &'static str,
        /// What is possible.
        possible: String,
    },
    /// A scale of a PNG outside of 0.1 to 16.
    #[error("a picture cannot be scaled by {scale}")]
    PngScale {
        /// The scale that was asked for.
        scale: f64,
    },
    /// The SVG could not be read again for the PNG.
    #[error("the chart could not be turned into pixels")]
    Pixels(#[source] resvg::usvg::Error),
    /// The pixels could not be encoded as PNG.
    #[error("the picture could not be encoded as PNG: {reason}")]
    Png {
        /// What the encoder said.
        reason: String,
    },
}

fn nothing(series: usize, points: usize, not_positive: usize) -> String {
    match (series, points, not_positive) {
        (0, ..) => "it has no series".to_owned(),
        (_, 0, _) => format!("none of its {series} series has a point"),
        (_, _, 0) => format!("all of its {points} points are NaN or infinite"),
        (..) if points == not_positive => format!("all of its {points} points are ≤ 0 on a log axis"),
        _ => format!("of its {points} points, {not_positive} are ≤ 0 on a log axis, and the others NaN or infinite"),
    }
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// What to do next, when there is something.
    pub fn hint(&self) -> Option<String> {
        match self.kind() {
            ErrorKind::Lengths { .. } => Some("each point needs all of its coordinates; NaN makes a gap".to_owned()),
            ErrorKind::Bounds { scale: Scale::Log, .. } => Some("a log axis begins above 0 and ends above its beginning".to_owned()),
            ErrorKind::Bounds { scale: Scale::Linear, .. } => Some("an axis ends above its beginning, and both are finite".to_owned()),
            ErrorKind::NoPoint { not_positive: 1.., .. } => Some("a linear axis shows values ≤ 0".to_owned()),
            ErrorKind::Size { possible, .. } => Some(possible.clone()),
            ErrorKind::PngScale { .. } => Some("from 0.1 to 16: 1 gives the pixels of the size, 2 twice as many each way".to_owned()),
            ErrorKind::NoPoint { .. } | ErrorKind::Pixels(_) | ErrorKind::Png { .. } => None,
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}
