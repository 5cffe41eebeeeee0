//! What is known of the points of each bucket, when they come in pieces.

use super::buckets::{BucketValue, Buckets};
use crate::Aligned;
use crate::arithmetic::float;

/// Points that are put into buckets as they come, in any order, and of which no more is kept than the values of the buckets need.
///
/// Sums are compensated: what each addition loses is added up too, so that neither the number of pieces nor their order changes more than
/// the last digit. A sum beyond the range of floats is infinite.
///
/// ```
/// use runlake_curves::align::{BucketSums, BucketValue, Buckets};
/// let mut sums = BucketSums::new(&Buckets::over(0.0, 10.0, 2)?, BucketValue::Last);
/// sums.push(&[7.0, 1.0], &[0.5, 0.9]);
/// sums.push(&[2.0, 9.0, 11.0], &[0.7, 0.1, 0.3]);
/// assert!(sums.values().iter().eq([Some(0.7), Some(0.1)]));
/// assert_eq!(sums.bounds(), Some((1.0, 11.0)));
/// # Ok::<(), runlake_curves::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BucketSums {
    buckets: Buckets,
    value: BucketValue,
    sums: Vec<Sums>,
    bounds: Option<(f64, f64)>,
}

impl BucketSums {
    /// What a bucket takes, in bytes.
    pub const BUCKET_BYTES: usize = size_of::<Sums>();

    /// Buckets without points, of which this value is wanted.
    pub fn new(buckets: &Buckets, value: BucketValue) -> Self {
        Self { buckets: buckets.clone(), value, sums: vec![Sums::empty(value); buckets.count()], bounds: None }
    }

    /// The buckets that the points are put into.
    pub fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// Puts points in, in the order in which they were logged. The longer of two slices of unlike length is cut. What lies in no bucket
    /// shows in [`BucketSums::bounds`] alone.
    pub fn push(&mut self, x: &[f64], y: &[f64]) {
        let length = x.len().min(y.len());
        let (x, y) = (&x[..length], &y[..length]);
        let finite = |x: &&f64| x.is_finite();
        if is_ascending(x) {
            let bounds = x.iter().find(finite).zip(x.iter().rev().find(finite)).map(|(first, last)| (*first, *last));
            self.bounds = self.bounds.into_iter().chain(bounds).reduce(widest);
            self.push_ascending(x, y);
            return;
        }
        for (x, y) in x.iter().zip(y) {
            if let Some(bucket) = self.buckets.bucket_of(*x) {
                self.sums[bucket].add(self.value, *x, *y);
            }
        }
        let places = x.iter().filter(finite).map(|x| (*x, *x));
        self.bounds = self.bounds.into_iter().chain(places).reduce(widest);
    }

    /// Bucket by bucket.
    fn push_ascending(&mut self, x: &[f64], y: &[f64]) {
        let (mut start, mut length, mut next) = (x.partition_point(|x| *x < self.buckets.start()), 0, 0);
        while let Some(first) = x.get(start) {
            let is_next = self.buckets.left_edge(next) <= *first && *first < self.buckets.left_edge(next + 1);
            let Some(bucket) = (if is_next { Some(next) } else { self.buckets.bucket_of(*first) }) else { return };
            next = bucket + 1;
            // The last bucket has its right edge too.
            let right = if next == self.buckets.count() { self.buckets.end().next_up() } else { self.buckets.left_edge(next) };
            // Mostly as many points as in the bucket before.
            let mut end = (start + length).min(x.len());
            while end > start && x[end - 1] >= right {
                end -= 1;
            }
            while end < x.len() && x[end] < right {
                end += 1;
            }
            self.sums[bucket].add_all(self.value, &x[start..end], &y[start..end]);
            (start, length) = (end, end - start);
        }
    }

    /// The first and the last finite place of all points that were put in, those that lie in no bucket too.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        self.bounds
    }

    /// Puts in what others have of later points. Gives `false`, and changes nothing, when their buckets or their value are not the same.
    #[must_use = "buckets that are not the same are not merged"]
    pub fn merge(&mut self, later: &Self) -> bool {
        if self.buckets != later.buckets || self.value != later.value {
            return false;
        }
        for (sums, later) in self.sums.iter_mut().zip(&later.sums) {
            sums.merge(self.value, later);
        }
        self.bounds = self.bounds.into_iter().chain(later.bounds).reduce(widest);
        true
    }

    /// One number for the points of each bucket, by the rules of [`BucketValue`].
    pub fn values(&self) -> Aligned {
        self.sums.iter().map(|sums| sums.value(self.value)).collect()
    }
}

fn widest(one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    (one.0.min(other.0), one.1.max(other.1))
}

/// Whether no place is before the one that it follows, and none is NaN.
fn is_ascending(x: &[f64]) -> bool {
    // Whole strides, so that several places are compared at once.
    const STRIDE: usize = 64;
    let is_in_order = |part: &[f64]| part.iter().zip(&part[1..]).filter(|(x, next)| x <= next).count() + 1 == part.len();
    match x {
        [] => true,
        [only] => !only.is_nan(),
        _ => (0..x.len() - 1).step_by(STRIDE).all(|start| is_in_order(&x[start..x.len().min(start + STRIDE + 1)])),
    }
}

/// What is known of the points of one bucket, as far as the value that is wanted needs it.
#[derive(Clone, Copy, Debug)]
struct Sums {
    numbers: usize,
    nans: usize,
    /// The sum, for a mean; otherwise the value itself.
    value: f64,
    /// What the additions to the sum lost.
    lost: f64,
    /// Where the first or the last was logged.
    place: f64,
}

impl Sums {
    fn empty(wanted: BucketValue) -> Self {
        let (value, place) = match wanted {
            BucketValue::Mean | BucketValue::Count | BucketValue::Nan => (0.0, 0.0),
            BucketValue::Min => (f64::INFINITY, 0.0),
            BucketValue::Max => (f64::NEG_INFINITY, 0.0),
            BucketValue::First => (f64::NAN, f64::INFINITY),
            BucketValue::Last => (f64::NAN, f64::NEG_INFINITY),
        };
        Self { numbers: 0, nans: 0, value, lost: 0.0, place }
    }

    /// Adds points of one bucket.
    fn add_all(&mut self, wanted: BucketValue, x: &[f64], y: &[f64]) {
        if wanted == BucketValue::Mean {
            let mut sums = *self;
            for y in y {
                sums.add_to_sum(*y);
            }
            // One look at the sum, in place of one at each value: NaN among them makes it NaN.
            if !sums.value.is_nan() {
                sums.numbers += y.len();
                *self = sums;
                return;
            }
        }
        x.iter().zip(y).for_each(|(x, y)| self.add(wanted, *x, *y));
    }

    #[inline]
    fn add(&mut self, wanted: BucketValue, x: f64, y: f64) {
        let is_wanted = match wanted {
            BucketValue::First => x < self.place,
            BucketValue::Last => x >= self.place,
            _ => false,
        };
        if is_wanted {
            (self.place, self.value) = (x, y);
        }
        if y.is_nan() {
            self.nans += 1;
            return;
        }
        self.numbers += 1;
        match wanted {
            BucketValue::Mean => self.add_to_sum(y),
            BucketValue::Min if y < self.value => self.value = y,
            BucketValue::Max if y > self.value => self.value = y,
            _ => {}
        }
    }

    #[inline]
    fn add_to_sum(&mut self, y: f64) {
        let sum = self.value + y;
        let added = sum - self.value;
        self.lost += (self.value - (sum - added)) + (y - added);
        self.value = sum;
    }

    fn merge(&mut self, wanted: BucketValue, later: &Self) {
        self.numbers += later.numbers;
        self.nans += later.nans;
        match wanted {
            BucketValue::Mean => {
                self.add_to_sum(later.value);
                self.lost += later.lost;
            }
            BucketValue::Min => self.value = self.value.min(later.value),
            BucketValue::Max => self.value = self.value.max(later.value),
            BucketValue::First if later.place < self.place => (self.place, self.value) = (later.place, later.value),
            BucketValue::Last if later.place >= self.place => (self.place, self.value) = (later.place, later.value),
            _ => {}
        }
    }

    fn value(&self, wanted: BucketValue) -> Option<f64> {
        let of_numbers = |value: f64| if self.numbers == 0 { f64::NAN } else { value };
        let has_points = self.numbers + self.nans > 0;
        match wanted {
            BucketValue::Count => Some(float(self.numbers)),
            BucketValue::Nan => Some(float(self.nans)),
            BucketValue::Mean => has_points.then(|| of_numbers(self.sum() / float(self.numbers))),
            BucketValue::Min | BucketValue::Max => has_points.then(|| of_numbers(self.value)),
            BucketValue::First | BucketValue::Last => has_points.then_some(self.value),
        }
    }

    fn sum(&self) -> f64 {
        // Beside an infinite sum, what was lost is NaN and means nothing.
        if self.value.is_finite() { self.value + self.lost } else { self.value }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{points, same_about};
    use crate::{Curve, align};

    #[test]
    fn the_order_of_places() {
        let ascending: Vec<f64> = (0..300).map(f64::from).collect();
        assert!(is_ascending(&ascending) && is_ascending(&ascending[..1]) && is_ascending(&[]) && is_ascending(&[1.0, 1.0]));
        assert!(!is_ascending(&[f64::NAN]));
        for at in 1..300 {
            let mut x = ascending.clone();
            x[at] = x[at - 1] - 0.5;
            assert!(!is_ascending(&x), "{at}");
            x[at] = f64::NAN;
            assert!(!is_ascending(&x), "{at}");
        }
    }

    #[test]
    fn other_buckets_are_not_merged() {
        let new = |count, value| BucketSums::new(&Buckets::over(0.0, 1.0, count).unwrap(), value);
        let mut sums = new(2, BucketValue::Mean);
        assert!(!sums.merge(&new(3, BucketValue::Mean)));
        assert!(!sums.merge(&new(2, BucketValue::Max)));
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
            let mut sums = BucketSums::new(&buckets, value);
            sums.push(&x[..first], &y[..first]);
            sums.push(&x[first..second], &y[first..second]);
            let mut later = BucketSums::new(&buckets, value);
            later.push(&x[second..], &y[second..]);
            prop_assert!(sums.merge(&later));
            let finite = x.iter().copied().filter(|x| x.is_finite());
            prop_assert_eq!(sums.bounds(), finite.clone().reduce(f64::min).zip(finite.reduce(f64::max)));
            same_about(&sums.values(), align::buckets(&Curve::new(x, y), &buckets, value).iter())?;
        }
    }
}
