//! Arithmetic on curves: what a metric of a run is along an axis, and what can be computed of it. Slices in, slices out: no tables, no files.
//!
//! | to find | look in |
//! |---|---|
//! | the points of one metric of one run | [`Curve`] |
//! | the same on an axis shared by many runs | [`Aligned`] |

mod aligned;
mod curve;

pub use aligned::Aligned;
pub use curve::Curve;
