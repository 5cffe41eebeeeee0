//! Even stretches of an axis, and one number for the points in each.

use std::sync::Arc;

use super::bucket_sums::BucketSums;
use super::grid::even_grid;
use crate::arithmetic::float;
use crate::error::ErrorKind;
use crate::{Aligned, Curve, Error};

/// So many stretches of equal width, one after the other.
///
/// Each has its left edge and not its right one, which is the left edge of the next; the last has both. Bucket and edges agree exactly: a
/// point is in a bucket when its `x` lies between the edges that are shown. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    /// Ascending, one more than there are buckets. Kept, since each is asked for once for every run.
    edges: Arc<[f64]>,
}

impl Buckets {
    /// `count` buckets from `first` to `last`. When these are the same place, there is one bucket, which holds that place alone.
    ///
    /// # Errors
    /// [`ErrorKind::Range`] when an end, or their distance, is not finite; when `last` is before `first`; when `count` is zero, or more than
    /// there is memory for.
    ///
    /// ```
    /// use runlake_curves::align::Buckets;
    /// let buckets = Buckets::over(0.0, 10.0, 4)?;
    /// assert_eq!(buckets.edges(), [0.0, 2.5, 5.0, 7.5, 10.0]);
    /// assert_eq!(buckets.centres(), [1.25, 3.75, 6.25, 8.75]);
    /// assert_eq!((buckets.bucket_of(2.5), buckets.bucket_of(10.0), buckets.bucket_of(10.1)), (Some(1), Some(3), None));
    /// # Ok::<(), runlake_curves::Error>(())
    /// ```
    pub fn over(first: f64, last: f64, count: usize) -> Result<Self, Error> {
        let no_buckets = || Error::from(ErrorKind::Range { first, last, count });
        let edges = if first == last { 2 } else { count.checked_add(1).ok_or_else(no_buckets)? };
        if count == 0 {
            return Err(no_buckets());
        }
        let edges = even_grid(first, last, edges).map_err(|_of_edges| no_buckets())?;
        Ok(Self { edges: edges.into() })
    }

    /// Where the first bucket begins.
    pub fn start(&self) -> f64 {
        self.edges[0]
    }

    /// Where the last bucket ends.
    pub fn end(&self) -> f64 {
        self.left_edge(self.count())
    }

    /// How wide each bucket is. Zero when the first place is the last.
    pub fn width(&self) -> f64 {
        (self.end() - self.start()) / float(self.count())
    }

    /// How many buckets there are, at least one.
    pub fn count(&self) -> usize {
        self.edges.len() - 1
    }

    /// Where a bucket begins; the end for the bucket after the last, and beyond.
    #[inline]
    pub fn left_edge(&self, bucket: usize) -> f64 {
        self.edges[bucket.min(self.count())]
    }

    /// The middle of a bucket.
    pub fn centre(&self, bucket: usize) -> f64 {
        let left = self.left_edge(bucket);
        left + (self.left_edge(bucket + 1) - left) / 2.0
    }

    /// The edges of all buckets: one more than there are buckets, ascending.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// The middles of all buckets, ascending: the axis on which [`buckets()`] puts its values.
    pub fn centres(&self) -> Vec<f64> {
        (0..self.count()).map(|bucket| self.centre(bucket)).collect()
    }

    /// The bucket that a place is in. None of what lies outside and of NaN.
    #[inline]
    pub fn bucket_of(&self, x: f64) -> Option<usize> {
        let (first, last, count) = (self.start(), self.end(), self.count());
        if !(first <= x && x <= last) {
            return None;
        }
        let guess = (x - first) / (last - first) * float(count);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a guess between zero and the count; NaN, of no width, is zero"
        )]
        let mut bucket = (guess as usize).min(count - 1);
        // The guess is rounded; the edges decide.
        while bucket > 0 && x < self.edges[bucket] {
            bucket -= 1;
        }
        while bucket + 1 < count && x >= self.edges[bucket + 1] {
            bucket += 1;
        }
        Some(bucket)
    }
}

/// What the points of a bucket become.
///
/// NaN is left out and counted apart: a bucket that has only NaN has a count of zero and is NaN otherwise. A bucket without points has no
/// value, save for the counts, which are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BucketValue {
    /// The mean of what is not NaN. Of infinities of both signs it is NaN.
    #[default]
    Mean,
    /// The least that is not NaN.
    Min,
    /// The greatest that is not NaN.
    Max,
    /// What was logged at the least `x`, first of several there; NaN too.
    First,
    /// What was logged at the greatest `x`, last of several there; NaN too.
    Last,
    /// How many points are not NaN.
    Count,
    /// How many points are NaN.
    Nan,
}

/// One number for the points of a curve in each bucket, in the order of buckets. Points outside, and at infinite `x`, are in none.
///
/// ```
/// use runlake_curves::{Curve, align::{BucketValue, Buckets, buckets}};
/// let curve = Curve::new(vec![0.0, 1.0, 2.0, 6.0], vec![3.0, 5.0, f64::NAN, 1.0]);
/// let three = Buckets::over(0.0, 9.0, 3)?;
/// assert!(buckets(&curve, &three, BucketValue::Mean).iter().eq([Some(4.0), None, Some(1.0)]));
/// assert!(buckets(&curve, &three, BucketValue::Count).iter().eq([Some(2.0), Some(0.0), Some(1.0)]));
/// assert!(buckets(&curve, &three, BucketValue::Last).get(0).is_some_and(f64::is_nan));
/// # Ok::<(), runlake_curves::Error>(())
/// ```
pub fn buckets(curve: &Curve, buckets: &Buckets, value: BucketValue) -> Aligned {
    let mut sums = BucketSums::new(buckets, value);
    sums.push(curve.x(), curve.y());
    sums.values()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{curves, same_about};

    fn naive(curve: &Curve, left: f64, right: f64, is_last: bool, value: BucketValue) -> Option<f64> {
        let all: Vec<f64> =
            curve.points().filter(|(x, _)| *x >= left && (*x < right || (is_last && *x == right))).map(|(_, y)| y).collect();
        let numbers: Vec<f64> = all.iter().copied().filter(|y| !y.is_nan()).collect();
        match value {
            BucketValue::Count => return Some(numbers.len() as f64),
            BucketValue::Nan => return Some((all.len() - numbers.len()) as f64),
            BucketValue::First => return all.first().copied(),
            BucketValue::Last => return all.last().copied(),
            _ => {}
        }
        if all.is_empty() {
            return None;
        }
        match value {
            BucketValue::Min => Some(numbers.into_iter().reduce(f64::min).unwrap_or(f64::NAN)),
            BucketValue::Max => Some(numbers.into_iter().reduce(f64::max).unwrap_or(f64::NAN)),
            _ => Some(numbers.iter().sum::<f64>() / numbers.len() as f64),
        }
    }

    #[test]
    fn ends_that_hold_no_buckets() {
        assert!(Buckets::over(0.0, 1.0, 0).is_err());
        assert!(Buckets::over(1.0, 0.0, 3).is_err());
        assert!(Buckets::over(0.0, f64::INFINITY, 3).is_err());
        let one = Buckets::over(2.0, 2.0, 3).unwrap();
        assert_eq!((one.count(), one.bucket_of(2.0), one.bucket_of(2.1), one.centre(0)), (1, Some(0), None, 2.0));
    }

    fn all_values() -> impl Strategy<Value = BucketValue> {
        use BucketValue::{Count, First, Last, Max, Mean, Min, Nan};
        prop::sample::select(vec![Mean, Min, Max, First, Last, Count, Nan])
    }

    proptest! {
        #[test]
        fn the_points_between_the_edges(
            curve in curves(), first in -4_i32..5, way in 0_i32..12, count in 1_usize..9, value in all_values()
        ) {
            let cut = Buckets::over(f64::from(first), f64::from(first + way), count).unwrap();
            let edges = cut.edges();
            let expected = (0..cut.count()).map(|at| naive(&curve, edges[at], edges[at + 1], at + 1 == cut.count(), value));
            same_about(&buckets(&curve, &cut, value), expected)?;
        }

        #[test]
        fn edges_and_buckets_agree(first in -1e3..1e3, way in 1e-3..1e3, count in 1_usize..200, share in 0.0..=1.0) {
            let cut = Buckets::over(first, first + way, count).unwrap();
            let edges = cut.edges();
            prop_assert!(edges.is_sorted_by(|a, b| a < b));
            for (at, edge) in edges.iter().enumerate() {
                prop_assert_eq!(cut.bucket_of(*edge), Some(at.min(count - 1)));
            }
            let x = f64::min(first + way * share, cut.end());
            let bucket = cut.bucket_of(x).unwrap();
            prop_assert!(edges[bucket] <= x && x <= edges[bucket + 1]);
        }
    }
}
