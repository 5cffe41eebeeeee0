//! Curves on axes that they share: the axes, and the ways to bring a curve onto one.
//!
//! | to | use |
//! |---|---|
//! | have every place at which any curve has a point | [`union_of_x`] |
//! | have so many places at even distances | [`even_grid`] |
//! | take points that lie exactly there | [`exact`] |
//! | take the nearest point before, after, or on either side | [`as_of`] |
//! | draw straight lines between points | [`linear`] |
//! | reduce the points of each stretch of the axis to a number | [`buckets()`], and [`BucketSums`] for points that come in pieces |
//!
//! Where several points share an `x`, [`exact`], [`as_of`] and [`linear`] take the one that was logged last, always. Places may stand in
//! any order and repeat. Ascending ones cost one pass over points and places, others a binary search each. A place that is NaN has no
//! value.

mod as_of;
mod bucket_sums;
mod buckets;
mod exact;
mod grid;
mod linear;
mod search;
mod union;

pub use as_of::{AsOf, as_of};
pub use bucket_sums::BucketSums;
pub use buckets::{BucketValue, Buckets, buckets};
pub use exact::exact;
pub use grid::even_grid;
pub use linear::linear;
pub use union::union_of_x;
