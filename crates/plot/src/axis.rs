//! An axis: what it is called, how its values are spread, and where it begins and ends.

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences have equal lengths.
    #[default]
    Linear,
    /// Equal ratios have equal lengths. Values ≤ 0 have no place: they are left out, and the chart's note says how many.
    Log,
}

/// One axis of a chart.
///
/// ```
/// use runlake_plot::{Axis, Scale};
///
/// let loss = Axis::new("val.loss").with_scale(Scale::Log).with_high(10.0);
/// assert_eq!(loss.low, None); // as far down as the data go
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Axis {
    /// What the axis shows, with its unit. Empty by default: nothing is written.
    pub label: String,
    /// How values are spread. Linear by default.
    pub scale: Scale,
    /// Where the axis begins. By default just below the least value.
    pub low: Option<f64>,
    /// Where the axis ends. By default just above the greatest value.
    pub high: Option<f64>,
}

impl Axis {
    /// A linear axis that is as long as its values need.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// The same axis with another scale.
    #[must_use]
    pub fn with_scale(self, scale: Scale) -> Self {
        Self { scale, ..self }
    }

    /// The same axis with a fixed beginning. What lies below is cut off.
    #[must_use]
    pub fn with_low(self, low: f64) -> Self {
        Self { low: Some(low), ..self }
    }

    /// The same axis with a fixed end. What lies above is cut off.
    #[must_use]
    pub fn with_high(self, high: f64) -> Self {
        Self { high: Some(high), ..self }
    }
}
