//! How runs come onto one axis, as it is asked for.

use runlake_curves::align::{AsOf, BucketValue, Buckets, as_of, buckets, even_grid, exact, linear};
use runlake_curves::{Aligned, Curve};

use crate::Error;

/// Places of an axis when nobody says how many: what a chart shows.
pub const DEFAULT_PLACES: usize = 1000;

/// The way onto the shared axis. What each does with repeated, unsorted and infinite places and with NaN is said in
/// [`runlake_curves::align`].
#[derive(Clone, Debug, PartialEq)]
pub enum Alignment {
    /// Every place at which any run has a point; a run has a value where it has a point itself: the outer join.
    Exact,
    /// The nearest point of each run before, after or on either side of each place.
    AsOf {
        /// Where the point may lie.
        direction: AsOf,
        /// How far away it may lie, in units of the axis, inclusive; `None` is any distance.
        tolerance: Option<f64>,
        /// The places.
        places: Places,
    },
    /// Straight lines between the points of each run; nothing before its first and after its last.
    Linear {
        /// The places.
        places: Places,
    },
    /// Stretches of the axis, each with one number for the points that a run has in it.
    Buckets {
        /// Which number.
        value: BucketValue,
        /// How many stretches.
        count: usize,
    },
}

/// The places of an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Places {
    /// So many at even distances, both ends of the range among them.
    Even(usize),
    /// These, in the order given.
    At(Vec<f64>),
    /// Every place at which any run has a point.
    Every,
}

impl Alignment {
    /// Buckets with the mean of their points, as many as a chart shows.
    pub fn mean_of_buckets() -> Self {
        Self::Buckets { value: BucketValue::Mean, count: DEFAULT_PLACES }
    }

    /// Whether the places come of the points themselves, so that all curves must be there before one is aligned.
    pub(crate) fn needs_every_curve(&self) -> bool {
        matches!(self, Self::Exact | Self::AsOf { places: Places::Every, .. } | Self::Linear { places: Places::Every })
    }

    /// Whether the places come of the range of the axis.
    pub(crate) fn needs_range(&self) -> bool {
        matches!(self, Self::Buckets { .. } | Self::AsOf { places: Places::Even(_), .. } | Self::Linear { places: Places::Even(_) })
    }

    /// How many places there are, where that is asked for.
    pub(crate) fn count(&self) -> Option<usize> {
        match self {
            Self::Buckets { count, .. } => Some(*count),
            Self::AsOf { places, .. } | Self::Linear { places } => match places {
                Places::Even(count) => Some(*count),
                Places::At(places) => Some(places.len()),
                Places::Every => None,
            },
            Self::Exact => None,
        }
    }

    /// How far away a point may lie, where that is asked for.
    pub(crate) fn tolerance(&self) -> Option<f64> {
        if let Self::AsOf { tolerance, .. } = self { *tolerance } else { None }
    }

    /// The way onto the places of a range, or onto `every` place, whichever the alignment is about.
    pub(crate) fn onto(&self, range: Option<(f64, f64)>, every: impl FnOnce() -> Vec<f64>) -> Result<Onto, Error> {
        let (first, last) = range.unwrap_or_default();
        let grid = |places: &Places| match places {
            Places::Even(count) => Ok(even_grid(first, last, if first < last { *count } else { 1 })?),
            Places::At(places) => Ok(places.clone()),
            Places::Every => Ok::<_, Error>(every()),
        };
        Ok(match self {
            Self::Exact => Onto::Exact(grid(&Places::Every)?),
            Self::AsOf { direction, tolerance, places } => Onto::AsOf { grid: grid(places)?, direction: *direction, tolerance: *tolerance },
            Self::Linear { places } => Onto::Linear(grid(places)?),
            Self::Buckets { value, count } => Onto::Buckets { buckets: Buckets::over(first, last, *count)?, value: *value },
        })
    }
}

/// A shared axis whose places are known.
#[derive(Clone, Debug)]
pub(crate) enum Onto {
    Exact(Vec<f64>),
    AsOf { grid: Vec<f64>, direction: AsOf, tolerance: Option<f64> },
    Linear(Vec<f64>),
    Buckets { buckets: Buckets, value: BucketValue },
}

impl Onto {
    /// The places; of buckets their centres.
    pub(crate) fn places(&self) -> Vec<f64> {
        match self {
            Self::Exact(grid) | Self::AsOf { grid, .. } | Self::Linear(grid) => grid.clone(),
            Self::Buckets { buckets, .. } => buckets.centres(),
        }
    }

    pub(crate) fn align(&self, curve: &Curve) -> Aligned {
        match self {
            Self::Exact(grid) => exact(curve, grid),
            Self::AsOf { grid, direction, tolerance } => as_of(curve, grid, *direction, *tolerance),
            Self::Linear(grid) => linear(curve, grid),
            Self::Buckets { buckets: over, value } => buckets(curve, over, *value),
        }
    }
}
