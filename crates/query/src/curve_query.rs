//! Metrics of many runs on one axis: the question. The answer is [`AlignedCurves`].

use std::borrow::Cow;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use runlake_curves::align::union_of_x;
use runlake_curves::{Aligned, Curve};
use runlake_ingest::off_thread;
use runlake_lake::{ColumnScan, Lake, RowsOf, StoredRun, TableName};
use runlake_types::MetricColumn;

use crate::alignment::Onto;
use crate::keys::{names_of, resolve_number_keys};
use crate::limits::{checked_ends, checked_places, checked_steps, checked_tolerance};
use crate::run_aligned::{Keeping, RunAligned, bounds, widest};
use crate::run_buckets::buckets_of_runs;
use crate::run_curves::{CurvePlan, curves_of_runs};
use crate::run_parts::by_project;
use crate::{AlignedCurves, Alignment, Axis, Error, ErrorKind, KeyPattern, ReadBytes, Selection, Smoothing};

/// Points that may be held at once, 16 bytes each, when nobody says how many.
pub const DEFAULT_MOST_POINTS: u64 = 128 << 20;

/// Runs, keys and an axis, and how the runs come onto it.
///
/// By default the axis is the step, and each run has the mean of its values in each of 1,000 stretches of it.
///
/// ```
/// # use runlake_lake::{Lake, Location, import::{ImportOptions, import}};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let logs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits");
/// # let lake = Lake::open_or_create(Location::folder(folder.path())?).await?;
/// # import(&lake, &[logs], &ImportOptions::default(), &mut |_| {}).await?;
/// use runlake_curves::statistics::Statistic;
/// use runlake_query::{CurveQuery, GroupBy, KeyPattern, Selection};
///
/// let project = lake.projects().await?.remove(0);
/// let curves = CurveQuery::new(Selection::of(project), [KeyPattern::parse("val.acc")?]).read(&lake).await?;
/// let means = curves.statistics(&GroupBy::parse(["config.lr"])?, &[Statistic::Mean, Statistic::Count])?;
/// assert_eq!(means.get_column_names(), ["config.lr", "_step", "mean", "count"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CurveQuery {
    selection: Selection,
    keys: Vec<KeyPattern>,
    rows_of: RowsOf,
    axis: Axis,
    alignment: Alignment,
    steps: Option<Range<i64>>,
    range: (Option<f64>, Option<f64>),
    smoothing: Option<Smoothing>,
    most_points: u64,
}

impl CurveQuery {
    /// These keys of these runs; no keys are all that hold numbers.
    pub fn new(selection: Selection, keys: impl IntoIterator<Item = KeyPattern>) -> Self {
        Self {
            selection,
            keys: keys.into_iter().collect(),
            rows_of: RowsOf::Histories,
            axis: Axis::default(),
            alignment: Alignment::mean_of_buckets(),
            steps: None,
            range: (None, None),
            smoothing: None,
            most_points: DEFAULT_MOST_POINTS,
        }
    }

    /// Keys of the events stream, such as `system.gpu.0.gpu`, in place of what was logged. It has no steps: the axis becomes the seconds since
    /// the run began.
    #[must_use]
    pub fn of_system_metrics(mut self) -> Self {
        self.rows_of = RowsOf::SystemMetrics;
        if self.axis == Axis::Step {
            self.axis = Axis::Runtime;
        }
        self
    }

    /// The axis, by default the step.
    #[must_use]
    pub fn with_axis(mut self, axis: Axis) -> Self {
        self.axis = axis;
        self
    }

    /// How runs come onto the axis, by default [`Alignment::mean_of_buckets`].
    #[must_use]
    pub fn with_alignment(mut self, alignment: Alignment) -> Self {
        self.alignment = alignment;
        self
    }

    /// Only these steps, by default all. Row groups outside are not read.
    #[must_use]
    pub fn with_steps(mut self, steps: Range<i64>) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Where even places and buckets begin and end, by default with the first and the last point of the keys in any run. With
    /// [`Alignment::Exact`] and [`crate::Places::Every`], places outside are left out.
    #[must_use]
    pub fn with_range(mut self, first: Option<f64>, last: Option<f64>) -> Self {
        self.range = (first, last);
        self
    }

    /// Smooths the curve of each run before it is aligned.
    #[must_use]
    pub fn with_smoothing(mut self, smoothing: Smoothing) -> Self {
        self.smoothing = Some(smoothing);
        self
    }

    /// The most points that may be held at once, by default [`DEFAULT_MOST_POINTS`]: those of the runs that are being read, where a bucket
    /// counts as two and a half, those of the answer, and with [`Alignment::Exact`] and [`crate::Places::Every`] those of all runs.
    #[must_use]
    pub fn with_most_points(mut self, points: u64) -> Self {
        self.most_points = points;
        self
    }

    /// Reads the lake.
    ///
    /// # Errors
    /// Those of [`Selection::runs`] and [`crate::resolve_number_keys`]; [`ErrorKind::NoValues`] when no run has a value on the axis;
    /// [`ErrorKind::Argument`] and [`ErrorKind::Curves`] for a range or parameter that makes no sense; [`ErrorKind::TooLarge`].
    pub async fn read(&self, lake: &Lake) -> Result<AlignedCurves, Error> {
        checked_ends(self.range)?;
        checked_steps(self.steps.as_ref())?;
        checked_tolerance(self.alignment.tolerance())?;
        checked_places(self.alignment.count())?;
        let lake = &lake.pinned(&[TableName::Runs, self.rows_of.table()]).await?;
        let runs = self.selection.runs(lake).await?;
        let columns = match self.rows_of {
            RowsOf::Histories => lake.metric_columns().await?,
            RowsOf::SystemMetrics => lake.system_metric_columns().await?,
        };
        let keys = resolve_number_keys(&self.keys, &columns)?;
        if let Some(places) = self.alignment.count() {
            let points = [places, runs.len(), keys.len()].into_iter().map(|count| count as u64).fold(1, u64::saturating_mul);
            if points > self.most_points {
                return Err(ErrorKind::TooLarge { points, most: self.most_points }.into());
            }
        }
        let plan = CurvePlan {
            rows_of: self.rows_of,
            axis: self.axis.column(&columns)?,
            keys: keys.iter().map(|column| column.name.clone()).collect(),
            steps: self.steps.clone(),
            most_points: self.most_points,
        };
        let ReadAligned { places, by_run, bytes, .. } = match (self.alignment.needs_every_curve(), self.alignment.needs_range(), self.range)
        {
            (true, ..) => self.read_all(lake, &runs, &plan).await?,
            (false, true, (Some(first), Some(last))) => self.read_each(lake, &runs, &plan, Some((first, last)), Keeping::nothing()).await?,
            (false, true, _) => self.read_within_bounds(lake, &runs, &plan, &keys).await?,
            (false, false, _) => self.read_each(lake, &runs, &plan, None, Keeping::nothing()).await?,
        };
        if by_run.iter().flatten().all(Aligned::is_all_none) {
            return Err(self.no_values(&keys, &runs));
        }
        // By key and then by run, as statistics over runs want them.
        let mut curves: Vec<Vec<Aligned>> = keys.iter().map(|_| Vec::with_capacity(runs.len())).collect();
        for of_run in by_run {
            for (of_key, curve) in curves.iter_mut().zip(of_run) {
                of_key.push(curve);
            }
        }
        let has_whole_places = self.axis == Axis::Step && self.alignment == Alignment::Exact;
        let names = names_of(&keys);
        Ok(AlignedCurves { runs, keys, names, axis: self.axis.clone(), places, curves, bytes, has_whole_places })
    }

    /// Aligns each run as soon as it is there, on places of a range that is known.
    async fn read_each(
        &self,
        lake: &Lake,
        runs: &[StoredRun],
        plan: &CurvePlan,
        range: Option<(f64, f64)>,
        keeping: Keeping,
    ) -> Result<ReadAligned, Error> {
        let onto = self.alignment.onto(range, Vec::new)?;
        let (places, smoothing) = (onto.places(), self.smoothing);
        let (read, bytes) = match &onto {
            // What is smoothed needs its whole curve.
            Onto::Buckets { buckets, value } if smoothing.is_none() => buckets_of_runs(lake, runs, plan, buckets, *value, keeping).await?,
            _ => {
                let align = move |_: usize, curves: Vec<Curve>| -> Result<RunAligned, Error> {
                    let aligned: Vec<Aligned> =
                        curves.iter().map(|curve| Ok(onto.align(smoothed(curve, smoothing)?.as_ref()))).collect::<Result<_, Error>>()?;
                    let keys = aligned.into_iter().zip(curves).map(|(aligned, curve)| (aligned, bounds(&curve), Some(curve)));
                    Ok(RunAligned::of_keys(keys, &keeping))
                };
                let (read, bytes) = curves_of_runs(lake, runs, plan, align).await?;
                (read.into_iter().collect::<Result<_, _>>()?, bytes)
            }
        };
        let range = read.iter().filter_map(|run| run.bounds).reduce(widest);
        let (by_run, kept): (Vec<Vec<Aligned>>, Vec<Option<Vec<Curve>>>) = read.into_iter().map(|run| (run.aligned, run.kept)).unzip();
        Ok(ReadAligned { places, by_run, range, kept: kept.into_iter().collect(), bytes })
    }

    /// Aligns runs on places between the first and the last of their points. Statistics often tell where these are. Where they do not, since
    /// other runs in the same files reach further or the first and last rows lack the keys, it shows when the points are there: they are
    /// aligned again, and where they were too many to be kept, read again.
    async fn read_within_bounds(
        &self,
        lake: &Lake,
        runs: &[StoredRun],
        plan: &CurvePlan,
        keys: &[MetricColumn],
    ) -> Result<ReadAligned, Error> {
        let (guess, guess_bytes) = bounds_by_statistics(lake, runs, plan).await?;
        let asked_for = |(first, last): (f64, f64)| (self.range.0.unwrap_or(first), self.range.1.unwrap_or(last));
        let is_range = |(first, last): (f64, f64)| (last - first).is_finite() && first <= last;
        // A range of nothing shows all bounds as well.
        let guess = guess.map(asked_for).filter(|guess| is_range(*guess)).unwrap_or_default();
        let mut read = self.read_each(lake, runs, plan, Some(guess), Keeping::few_points()).await?;
        read.bytes.read += guess_bytes;
        let Some(range) = read.range.map(asked_for) else { return Err(self.no_values(keys, runs)) };
        // One end was asked for, beyond everything that there is.
        if range.0 > range.1 {
            return Err(self.no_values(keys, runs));
        }
        if range == guess {
            return Ok(read);
        }
        let Some(curves) = read.kept else {
            let mut again = self.read_each(lake, runs, plan, Some(range), Keeping::nothing()).await?;
            again.bytes.read += read.bytes.read;
            return Ok(again);
        };
        let (onto, smoothing) = (self.alignment.onto(Some(range), Vec::new)?, self.smoothing);
        let aligned = off_thread(move || {
            let align = |curves: &Vec<Curve>| curves.iter().map(|curve| Ok(onto.align(smoothed(curve, smoothing)?.as_ref()))).collect();
            let by_run: Result<Vec<Vec<Aligned>>, Error> = in_parallel(&curves, align).into_iter().collect();
            Ok::<_, Error>((onto.places(), by_run?))
        });
        let (places, by_run) = aligned.await?;
        Ok(ReadAligned { places, by_run, range: Some(range), kept: None, bytes: read.bytes })
    }

    /// Aligns runs once all are there.
    async fn read_all(&self, lake: &Lake, runs: &[StoredRun], plan: &CurvePlan) -> Result<ReadAligned, Error> {
        let (smoothing, most) = (self.smoothing, self.most_points);
        let held = AtomicU64::new(0);
        let keep = move |_: usize, curves: Vec<Curve>| -> Result<Vec<Curve>, Error> {
            let points: u64 = curves.iter().map(|curve| curve.len() as u64).sum();
            let held = held.fetch_add(points, Ordering::Relaxed) + points;
            // Nothing more is kept once there is too much, so that reading on takes no memory.
            if held > most {
                return Err(ErrorKind::TooLarge { points: held, most }.into());
            }
            match smoothing {
                Some(smoothing) => curves.iter().map(|curve| smoothing.of_curve(curve)).collect(),
                None => Ok(curves),
            }
        };
        let (curves, bytes) = curves_of_runs(lake, runs, plan, keep).await?;
        let curves = curves.into_iter().collect::<Result<Vec<Vec<Curve>>, Error>>()?;
        let alignment = self.alignment.clone();
        let (first, last) = (self.range.0.unwrap_or(f64::NEG_INFINITY), self.range.1.unwrap_or(f64::INFINITY));
        let aligned = off_thread(move || {
            let every = || union_of_x(curves.iter().flatten()).into_iter().filter(|place| (first..=last).contains(place)).collect();
            let onto = alignment.onto(None, every)?;
            let align = |curves: &Vec<Curve>| curves.iter().map(|curve| onto.align(curve)).collect();
            Ok::<_, Error>((onto.places(), in_parallel(&curves, align)))
        });
        let (places, by_run) = aligned.await?;
        Ok(ReadAligned { places, by_run, range: None, kept: None, bytes })
    }

    fn no_values(&self, keys: &[MetricColumn], runs: &[StoredRun]) -> Error {
        let names = names_of(keys).join(", ");
        let within = if self.steps.is_some() || self.range != (None, None) || matches!(self.alignment, Alignment::AsOf { .. }) {
            ", or none where it was asked for"
        } else {
            ""
        };
        let reason = match &self.axis {
            Axis::Metric(axis) => format!("no row of the {} runs has both `{axis}` and one of these keys{within}", runs.len()),
            axis => format!("none of the {} runs has values of it along `{axis}`{within}", runs.len()),
        };
        ErrorKind::NoValues { question: names, reason }.into()
    }
}

/// Where the axis begins and ends, as the statistics of the files have it, and the bytes that were read to know.
async fn bounds_by_statistics(lake: &Lake, runs: &[StoredRun], plan: &CurvePlan) -> Result<(Option<(f64, f64)>, u64), Error> {
    let (mut range, mut bytes_read) = (None, 0);
    for (project, places) in by_project(runs) {
        let scan = ColumnScan {
            rows_of: plan.rows_of,
            columns: vec![plan.axis.clone()],
            runs: places.iter().map(|place| runs[*place].record.path.run_id.clone()).collect(),
            steps: plan.steps.clone(),
        };
        let bounds = lake.column_bounds(&project, &scan).await?;
        range = range.into_iter().chain(bounds.range).reduce(widest);
        bytes_read += bounds.bytes_read;
    }
    Ok((range, bytes_read))
}

/// Runs on an axis.
struct ReadAligned {
    places: Vec<f64>,
    /// By run, then by key.
    by_run: Vec<Vec<Aligned>>,
    /// The first and the last finite place of any point, where they were looked for.
    range: Option<(f64, f64)>,
    /// The curves, by run and then by key, where all were kept.
    kept: Option<Vec<Vec<Curve>>>,
    bytes: ReadBytes,
}

fn smoothed(curve: &Curve, smoothing: Option<Smoothing>) -> Result<Cow<'_, Curve>, Error> {
    match smoothing {
        Some(smoothing) => smoothing.of_curve(curve).map(Cow::Owned),
        None => Ok(Cow::Borrowed(curve)),
    }
}

/// What `make` makes of each item, on all cores, in their order.
pub(crate) fn in_parallel<I: Sync, T: Send>(items: &[I], make: impl Fn(&I) -> T + Send + Sync) -> Vec<T> {
    use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
    items.par_iter().map(make).collect()
}
