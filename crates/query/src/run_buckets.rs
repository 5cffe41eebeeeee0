//! The buckets of each run's curves, filled while row groups are decoded: a key with many points is never held whole.

use std::mem::{size_of, take};

use runlake_curves::align::{BucketSums, BucketValue, Buckets, buckets as in_buckets};
use runlake_curves::{Aligned, Curve};
use runlake_lake::{Lake, Piece, StoredRun};

use crate::Error;
use crate::run_aligned::{Keeping, RunAligned, bounds};
use crate::run_curves::{CurvePlan, points_of};
use crate::run_parts::{Part, ReadBytes, for_each_run};

/// Rows of one run that stand together, by key.
struct BucketPart(Vec<KeyPart>);

/// Points of one key.
enum KeyPart {
    /// In buckets already.
    Sums(BucketSums),
    /// Few points take less memory than all buckets do.
    Points(Vec<f64>, Vec<f64>),
}

impl Default for KeyPart {
    fn default() -> Self {
        Self::Points(Vec::new(), Vec::new())
    }
}

impl Part for BucketPart {
    fn points(&self) -> u64 {
        let points = |part: &KeyPart| match part {
            KeyPart::Sums(sums) => in_points(sums.buckets()),
            KeyPart::Points(x, _) => x.len(),
        };
        self.0.iter().map(|part| points(part) as u64).sum()
    }
}

/// How many points take as much memory as these buckets.
fn in_points(buckets: &Buckets) -> usize {
    buckets.count() * BucketSums::BUCKET_BYTES / size_of::<(f64, f64)>()
}

/// Each run in buckets, in the order of `runs`.
///
/// # Errors
/// As [`for_each_run`].
pub(crate) async fn buckets_of_runs(
    lake: &Lake,
    runs: &[StoredRun],
    plan: &CurvePlan,
    buckets: &Buckets,
    value: BucketValue,
    keeping: Keeping,
) -> Result<(Vec<RunAligned>, ReadBytes), Error> {
    let keys = plan.keys.len();
    let (of_piece, of_run) = (buckets.clone(), buckets.clone());
    let make = move |_: usize, piece: Piece| {
        BucketPart(points_of(&piece, |x, y| {
            if x.len() < in_points(&of_piece) {
                return KeyPart::Points(x.to_vec(), y.to_vec());
            }
            let mut sums = BucketSums::new(&of_piece, value);
            sums.push(x, y);
            KeyPart::Sums(sums)
        }))
    };
    let finish = move |_: usize, mut parts: Vec<BucketPart>| {
        // Key by key, since the buckets of thousands of keys would not fit at once.
        let of_key = |key: usize| aligned(parts.iter_mut().map(|part| take(&mut part.0[key])).collect(), &of_run, value);
        RunAligned::of_keys((0..keys).map(of_key), &keeping)
    };
    for_each_run(lake, runs, &plan.columns(), make, finish).await
}

/// One key of one run: its buckets, its bounds, and its points where there are few.
fn aligned(parts: Vec<KeyPart>, buckets: &Buckets, value: BucketValue) -> (Aligned, Option<(f64, f64)>, Option<Curve>) {
    if parts.iter().all(|part| matches!(part, KeyPart::Points(..))) {
        let mut points = (Vec::new(), Vec::new());
        for part in parts {
            if let KeyPart::Points(x, y) = part {
                points.0.extend(x);
                points.1.extend(y);
            }
        }
        let curve = Curve::new(points.0, points.1);
        return (in_buckets(&curve, buckets, value), bounds(&curve), Some(curve));
    }
    let mut parts = parts.into_iter();
    // What the first part has is gone on with: mostly it is the only one.
    let mut sums = match parts.next() {
        Some(KeyPart::Sums(sums)) => sums,
        first => merged(BucketSums::new(buckets, value), first.unwrap_or_default()),
    };
    sums = parts.fold(sums, merged);
    (sums.values(), sums.bounds(), None)
}

/// Puts in the points that come after those that are there.
fn merged(mut sums: BucketSums, later: KeyPart) -> BucketSums {
    match later {
        KeyPart::Sums(later) => assert!(sums.merge(&later), "all parts are in the same buckets"),
        KeyPart::Points(x, y) => sums.push(&x, &y),
    }
    sums
}
