//! The buckets of each run's curves, filled while row groups are decoded, so that no curve is ever held whole.

use std::mem::size_of;

use runlake_curves::Aligned;
use runlake_curves::align::{BucketSums, BucketValue, Buckets};
use runlake_lake::{Lake, Piece, StoredRun};

use crate::Error;
use crate::run_curves::{CurvePlan, Points, points_of};
use crate::run_parts::{Part, ReadBytes, for_each_run};

/// The curves of a run on the axis, one for each key, and the first and the last finite place of its points.
pub(crate) type RunAligned = (Vec<Aligned>, Option<(f64, f64)>);

/// Rows of one run that stand together.
enum BucketPart {
    /// In buckets already, by key.
    Sums(Vec<BucketSums>),
    /// Few points take less memory than all buckets do.
    Points(Points),
}

impl Part for BucketPart {
    fn points(&self) -> u64 {
        match self {
            Self::Sums(sums) => sums.iter().map(|sums| in_points(sums.buckets())).sum(),
            Self::Points(points) => points.points(),
        }
    }
}

/// How many points take as much memory as these buckets.
fn in_points(buckets: &Buckets) -> u64 {
    (buckets.count() * BucketSums::BUCKET_BYTES / size_of::<(f64, f64)>()) as u64
}

/// The buckets of each run, in the order of `runs`.
///
/// # Errors
/// As [`for_each_run`].
pub(crate) async fn buckets_of_runs(
    lake: &Lake,
    runs: &[StoredRun],
    plan: &CurvePlan,
    buckets: &Buckets,
    value: BucketValue,
) -> Result<(Vec<RunAligned>, ReadBytes), Error> {
    let keys = plan.keys.len();
    let (of_piece, of_run) = (buckets.clone(), buckets.clone());
    let make = move |_: usize, piece: Piece| {
        if (piece.rows as u64) < in_points(&of_piece) {
            return BucketPart::Points(Points::of(&piece));
        }
        BucketPart::Sums(points_of(&piece, |x, y| {
            let mut sums = BucketSums::new(&of_piece);
            sums.push(x, y);
            sums
        }))
    };
    let finish = move |_: usize, parts: Vec<BucketPart>| {
        let mut parts = parts.into_iter();
        let mut all = match parts.next() {
            Some(BucketPart::Sums(sums)) => sums,
            Some(first) => merged(vec![BucketSums::new(&of_run); keys], first),
            None => vec![BucketSums::new(&of_run); keys],
        };
        all = parts.fold(all, merged);
        let bounds = all.iter().filter_map(BucketSums::bounds).reduce(widest);
        (all.iter().map(|sums| sums.values(value)).collect(), bounds)
    };
    for_each_run(lake, runs, &plan.columns(), make, finish).await
}

/// Puts in the rows that come after those that are there.
fn merged(mut all: Vec<BucketSums>, later: BucketPart) -> Vec<BucketSums> {
    match later {
        BucketPart::Sums(sums) => {
            for (all, later) in all.iter_mut().zip(&sums) {
                assert!(all.merge(later), "all parts are in the same buckets");
            }
        }
        BucketPart::Points(Points(points)) => {
            for (all, (x, y)) in all.iter_mut().zip(&points) {
                all.push(x, y);
            }
        }
    }
    all
}

/// The range that holds both.
pub(crate) fn widest(one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    (one.0.min(other.0), one.1.max(other.1))
}
