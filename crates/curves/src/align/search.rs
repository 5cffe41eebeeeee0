//! Finding places among the points of a curve, one after the other.

use std::borrow::Cow;

use crate::Curve;

/// The last logged point of each `x`: strictly ascending. Nothing is copied of a curve whose `x` do not repeat.
pub(super) fn last_logged(curve: &Curve) -> (Cow<'_, [f64]>, Cow<'_, [f64]>) {
    let (x, y) = (curve.x(), curve.y());
    // Counted rather than searched: without an early way out it takes several points at once.
    if x.array_windows().filter(|[a, b]| a == b).count() == 0 {
        return (Cow::Borrowed(x), Cow::Borrowed(y));
    }
    let (mut kept_x, mut kept_y) = (Vec::with_capacity(x.len()), Vec::with_capacity(x.len()));
    for (at, (x_at, y_at)) in curve.points().enumerate() {
        if x.get(at + 1) != Some(&x_at) {
            kept_x.push(x_at);
            kept_y.push(y_at);
        }
    }
    (Cow::Owned(kept_x), Cow::Owned(kept_y))
}

/// Counts points at or before a place, and remembers where it was.
#[derive(Debug)]
pub(super) struct Search<'x> {
    x: &'x [f64],
    passed: usize,
    place: f64,
}

impl<'x> Search<'x> {
    /// A search among ascending `x`.
    pub(super) fn new(x: &'x [f64]) -> Self {
        Self { x, passed: 0, place: f64::NEG_INFINITY }
    }

    /// How many points lie at or before `place`; none when it is NaN.
    #[inline]
    pub(super) fn up_to(&mut self, place: f64) -> usize {
        if place >= self.place {
            // The next point is nearly always within a few; where it is not, halving what is left is faster than walking it.
            for _ in 0..8 {
                match self.x.get(self.passed) {
                    Some(x) if *x <= place => self.passed += 1,
                    _ => {
                        self.place = place;
                        return self.passed;
                    }
                }
            }
            self.passed += self.x[self.passed..].partition_point(|x| *x <= place);
        } else {
            self.passed = self.x.partition_point(|x| *x <= place);
            if place.is_nan() {
                return 0;
            }
        }
        self.place = place;
        self.passed
    }
}
