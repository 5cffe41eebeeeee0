//! One run on the axis that all runs share, and what is kept of it in case the axis turns out to be another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use runlake_curves::{Aligned, Curve};

/// Points that are kept while the axis is a guess, 16 bytes each. Runs with more are read once more when it was wrong.
const KEPT_POINTS: u64 = 8 << 20;

/// A run on the axis.
#[derive(Debug)]
pub(crate) struct RunAligned {
    /// One for each key.
    pub(crate) aligned: Vec<Aligned>,
    /// The first and the last finite place of its points.
    pub(crate) bounds: Option<(f64, f64)>,
    /// Its curves, where they are kept.
    pub(crate) kept: Option<Vec<Curve>>,
}

/// Whether curves are kept, and how many points still may be.
#[derive(Clone, Debug)]
pub(crate) struct Keeping(Option<Arc<AtomicU64>>);

impl Keeping {
    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    /// What there is room for.
    pub(crate) fn few_points() -> Self {
        Self(Some(Arc::new(AtomicU64::new(0))))
    }

    fn has_room_for(&self, curves: &[Curve]) -> bool {
        let points: u64 = curves.iter().map(|curve| curve.len() as u64).sum();
        self.0.as_ref().is_some_and(|held| held.fetch_add(points, Ordering::Relaxed) + points <= KEPT_POINTS)
    }
}

impl RunAligned {
    /// Of each key its values, its bounds, and its curve where that is at hand.
    pub(crate) fn of_keys(keys: impl Iterator<Item = (Aligned, Option<(f64, f64)>, Option<Curve>)>, keeping: &Keeping) -> Self {
        let (mut aligned, mut all_bounds, mut kept) = (Vec::new(), None, Some(Vec::new()));
        for (values, bounds, curve) in keys {
            aligned.push(values);
            all_bounds = all_bounds.into_iter().chain(bounds).reduce(widest);
            kept = kept.zip(curve.filter(|_| keeping.0.is_some())).map(|(mut kept, curve)| {
                kept.push(curve);
                kept
            });
        }
        Self { aligned, bounds: all_bounds, kept: kept.filter(|curves| keeping.has_room_for(curves)) }
    }
}

/// The first and the last finite place of a curve.
pub(crate) fn bounds(curve: &Curve) -> Option<(f64, f64)> {
    let is_finite = |x: &&f64| x.is_finite();
    Some((*curve.x().iter().find(is_finite)?, *curve.x().iter().rev().find(is_finite)?))
}

/// The range that holds both.
pub(crate) fn widest(one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    (one.0.min(other.0), one.1.max(other.1))
}
