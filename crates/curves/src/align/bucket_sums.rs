//! What is known of the points of each bucket, when they come in pieces.

use super::buckets::{BucketValue, Buckets};
use crate::Aligned;
use crate::arithmetic::float;

/// Points that are put into buckets as they come, in any order, and of which no more is kept than the buckets' values need.
///
/// Sums are compensated: what each addition loses is added up too, so that neither the number of pieces nor their order changes more than
/// the last digit. A sum beyond the range of floats is infinite.
///
/// ```
/// use runlake_curves::align::{BucketSums, BucketValue, Buckets};
/// let mut sums = BucketSums::new(Buckets::over(0.0, 10.0, 2)?);
/// sums.push(&[7.0, 1.0], &[0.5, 0.9]);
/// sums.push(&[2.0, 9.0], &[0.7, 0.1]);
/// assert!(sums.values(BucketValue::Last).iter().eq([Some(0.7), Some(0.1)]));
/// # Ok::<(), runlake_curves::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BucketSums {
    buckets: Buckets,
    sums: Vec<Sums>,
}

impl BucketSums {
    /// Buckets without points.
    pub fn new(buckets: Buckets) -> Self {
        Self { buckets, sums: vec![Sums::EMPTY; buckets.count()] }
    }

    /// The buckets that the points are put into.
    pub fn buckets(&self) -> Buckets {
        self.buckets
    }

    /// Puts points in, in the order in which they were logged. The longer of two slices of unlike length is cut. What lies in no bucket is
    /// passed over.
    pub fn push(&mut self, x: &[f64], y: &[f64]) {
        // Neighbours are mostly in one bucket: its edges and sums are kept at hand.
        let (mut bucket, mut left, mut right) = (0, 0.0, 0.0);
        let mut sums = self.sums[bucket];
        for (x, y) in x.iter().zip(y) {
            if !(left <= *x && *x < right) {
                let Some(found) = self.buckets.bucket_of(*x) else { continue };
                self.sums[bucket] = sums;
                (bucket, left, right) = (found, self.buckets.left_edge(found), self.buckets.left_edge(found + 1));
                sums = self.sums[bucket];
            }
            sums.add(*x, *y);
        }
        self.sums[bucket] = sums;
    }

    /// Puts in what others have of later points. Gives `false`, and changes nothing, when their buckets are not the same.
    #[must_use = "buckets that are not the same are not merged"]
    pub fn merge(&mut self, later: &Self) -> bool {
        if self.buckets != later.buckets {
            return false;
        }
        for (sums, later) in self.sums.iter_mut().zip(&later.sums) {
            sums.merge(later);
        }
        true
    }

    /// One number for the points of each bucket, by the rules of [`BucketValue`].
    pub fn values(&self, value: BucketValue) -> Aligned {
        self.sums.iter().map(|sums| sums.value(value)).collect()
    }
}

/// What is known of the points of one bucket.
#[derive(Clone, Copy, Debug)]
struct Sums {
    numbers: usize,
    nans: usize,
    sum: f64,
    /// What the additions to `sum` lost.
    lost: f64,
    min: f64,
    max: f64,
    first: (f64, f64),
    last: (f64, f64),
}

impl Sums {
    const EMPTY: Self = Self {
        numbers: 0,
        nans: 0,
        sum: 0.0,
        lost: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        first: (f64::INFINITY, f64::NAN),
        last: (f64::NEG_INFINITY, f64::NAN),
    };

    #[inline]
    fn add(&mut self, x: f64, y: f64) {
        if x < self.first.0 {
            self.first = (x, y);
        }
        if x >= self.last.0 {
            self.last = (x, y);
        }
        if y.is_nan() {
            self.nans += 1;
            return;
        }
        self.numbers += 1;
        self.add_to_sum(y);
        self.min = if y < self.min { y } else { self.min };
        self.max = if y > self.max { y } else { self.max };
    }

    #[inline]
    fn add_to_sum(&mut self, y: f64) {
        let sum = self.sum + y;
        let added = sum - self.sum;
        self.lost += (self.sum - (sum - added)) + (y - added);
        self.sum = sum;
    }

    fn merge(&mut self, later: &Self) {
        if later.first.0 < self.first.0 {
            self.first = later.first;
        }
        if later.last.0 >= self.last.0 {
            self.last = later.last;
        }
        self.numbers += later.numbers;
        self.nans += later.nans;
        self.add_to_sum(later.sum);
        self.lost += later.lost;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
    }

    fn value(&self, value: BucketValue) -> Option<f64> {
        let of_numbers = |value: f64| if self.numbers == 0 { f64::NAN } else { value };
        let has_points = self.numbers + self.nans > 0;
        match value {
            BucketValue::Count => Some(float(self.numbers)),
            BucketValue::Nan => Some(float(self.nans)),
            BucketValue::Mean => has_points.then(|| of_numbers(self.sum() / float(self.numbers))),
            BucketValue::Min => has_points.then(|| of_numbers(self.min)),
            BucketValue::Max => has_points.then(|| of_numbers(self.max)),
            BucketValue::First => has_points.then_some(self.first.1),
            BucketValue::Last => has_points.then_some(self.last.1),
        }
    }

    fn sum(&self) -> f64 {
        // Beside an infinite sum, what was lost is NaN and means nothing.
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{points, same_about};
    use crate::{Curve, align};

    #[test]
    fn other_buckets_are_not_merged() {
        let mut sums = BucketSums::new(Buckets::over(0.0, 1.0, 2).unwrap());
        assert!(!sums.merge(&BucketSums::new(Buckets::over(0.0, 1.0, 3).unwrap())));
    }

    proptest! {
        #[test]
        fn pieces_make_the_whole(points in points(), cuts in (0_usize..60, 0_usize..60), value in prop::sample::select(vec![
            BucketValue::Mean, BucketValue::Min, BucketValue::Max, BucketValue::First, BucketValue::Last, BucketValue::Count, BucketValue::Nan,
        ])) {
            let buckets = Buckets::over(-1.0, 6.0, 5).unwrap();
            let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
            let (first, second) = (cuts.0.min(x.len()), cuts.1.min(x.len()));
            let (first, second) = (first.min(second), first.max(second));
            let mut sums = BucketSums::new(buckets);
            sums.push(&x[..first], &y[..first]);
            sums.push(&x[first..second], &y[first..second]);
            let mut later = BucketSums::new(buckets);
            later.push(&x[second..], &y[second..]);
            prop_assert!(sums.merge(&later));
            same_about(&sums.values(value), align::buckets(&Curve::new(x, y), &buckets, value).iter())?;
        }
    }
}
