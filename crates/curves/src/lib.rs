//! Arithmetic on curves: what a metric of a run is along an axis, and what can be computed of it. Slices in, slices out: no tables, no
//! files.
//!
//! | to find | look in |
//! |---|---|
//! | the points of one metric of one run | [`Curve`] |
//! | the same on an axis shared by many runs | [`Aligned`] |
//! | the axis, and the ways onto it | [`align`] |
//! | what a group of them is at each place | [`statistics`] |
//! | fewer points that look like all | [`sample`] |
//! | smoother values | [`smooth`] |
//! | what came out: the best, when it was reached, what diverged, what is unlike the others | [`outcome`] |
//!
//! One rule holds everywhere: what is null is no point; NaN is a point without a number, left out of statistics and counted apart, and
//! where there is only NaN the answer is NaN; ±Infinity is a number and takes part.

#![expect(clippy::float_cmp, reason = "places are equal when they are the same float: definitions here are exact")]
#![cfg_attr(
    test,
    expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        reason = "tests count to small numbers"
    )
)]

pub mod align;
mod aligned;
mod arithmetic;
mod curve;
mod error;
pub mod outcome;
pub mod sample;
#[cfg(test)]
mod samples;
pub mod smooth;
pub mod statistics;

pub use aligned::Aligned;
pub use curve::Curve;
pub use error::{Error, ErrorKind};
