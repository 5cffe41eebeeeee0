//! The value below which a share of the values lies.

use crate::arithmetic::{float, lerp};

/// The quantile of ascending values, of which there is at least one, on the straight line between the two nearest.
pub(crate) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let rank = float(ascending.len() - 1) * share;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank is not negative and below the length")]
    let below = rank as usize;
    let above = (below + 1).min(ascending.len() - 1);
    lerp(ascending[below], ascending[above], rank - rank.floor())
}
