//! What came out of a run, and how runs compare.
//!
//! | to know | use |
//! |---|---|
//! | the best point, or the last | [`best`], [`last`] |
//! | when a value was reached | [`time_to`] |
//! | how much there was in all | [`area`] |
//! | where it stopped being a number, or got out of hand | [`first_non_finite`], [`divergence`] |
//! | how two quantities go together | [`pearson`], [`spearman`] |
//! | which runs are unlike the others | [`outliers`] |

mod area;
mod correlation;
mod divergence;
mod goal;
mod outliers;

pub use area::area;
pub use correlation::{pearson, spearman};
pub use divergence::{divergence, first_non_finite};
pub use goal::{Goal, best, last, time_to};
pub use outliers::{OutlierRule, outliers};
