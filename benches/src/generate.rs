//! Synthetic histories in a lake, the same on every machine: random walks with about 15 significant digits, as losses are logged.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use arrow::array::{ArrayRef, Float64Array, Int64Array};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use runlake_ingest::{Completeness, KindPlan, MetricValues, RowColumns};
use runlake_lake::{Lake, Location, StoredRun};
use runlake_types::{HistoryKeys, Json, KeyPath, Kind, KindCounts, ProjectPath, RunPath, RunRecord, RunState, Timestamp};

/// The entity of all synthetic projects.
pub const ENTITY: &str = "bench";

/// Rows written at once.
const CHUNK_ROWS: usize = 8192;

/// Runs committed together.
const RUNS_PER_COMMIT: usize = 64;

/// Runs have `config.group` from 0 to this, in turn.
const GROUPS: u32 = 5;

/// Seconds from row to row.
const SECONDS_PER_ROW: f64 = 0.37;

/// The first row's time: 2026-01-01.
const FIRST_TIMESTAMP: f64 = 1_767_225_600.0;

/// One synthetic project: runs of the same shape.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// The project's name.
    pub project: &'static str,
    /// How many runs it has.
    pub runs: u32,
    /// How many rows each run has.
    pub rows: u32,
    /// How many metrics each row has, besides `_step`, `_timestamp` and `_runtime`.
    pub metrics: u32,
}

impl Workload {
    /// The project.
    pub fn path(&self) -> ProjectPath {
        ProjectPath::new(ENTITY, self.project)
    }

    /// The run of this number.
    pub fn run(&self, number: u32) -> RunPath {
        self.path().run(format!("run{number:04}"))
    }

    /// The name of the metric of this number.
    pub fn metric(number: u32) -> String {
        format!("metric_{number:04}")
    }

    /// The `_runtime` of the last row of each run, to a microsecond.
    pub fn last_runtime(&self) -> f64 {
        f64::from(self.rows.saturating_sub(1)) * SECONDS_PER_ROW
    }

    /// How many rows all runs have.
    pub fn all_rows(&self) -> u64 {
        u64::from(self.runs) * u64::from(self.rows)
    }
}

/// Makes a lake in `folder` that holds these projects.
///
/// # Errors
/// When the lake cannot be written.
pub async fn fill(folder: &Path, workloads: &[Workload]) -> anyhow::Result<()> {
    let lake = Lake::open_or_create(Location::folder(folder)?).await?;
    for workload in workloads {
        let counts = KindCounts { number: u64::from(workload.rows), ..KindCounts::default() };
        let keys: BTreeMap<String, KindCounts> = (0..workload.metrics).map(|metric| (Workload::metric(metric), counts)).collect();
        let keys = HistoryKeys::from_counts(&keys, i64::from(workload.rows) - 1);
        let mut plan = KindPlan::default();
        plan.add_history_keys(&keys);
        let mut writer = lake.writer(&workload.path(), plan).await?;
        for number in 0..workload.runs {
            let path = workload.run(number);
            let mut run = Walks::new(workload, number);
            let mut first = 0;
            while first < workload.rows {
                let rows = CHUNK_ROWS.min(usize::try_from(workload.rows - first)?);
                writer.push_columns(&path.run_id, run.next_rows(first, rows)).await?;
                first += u32::try_from(rows)?;
            }
            writer.end_run(stored(path, workload, number, keys.clone(), &run.values)).await;
            if writer.uncommitted_runs() >= RUNS_PER_COMMIT {
                writer.commit().await?;
            }
        }
        writer.commit().await.with_context(|| format!("write {}", workload.path()))?;
    }
    Ok(())
}

fn stored(path: RunPath, workload: &Workload, number: u32, keys: HistoryKeys, last: &[f64]) -> StoredRun {
    let mut record = RunRecord::new(path, String::new());
    record.state = RunState::Finished;
    record.created_at = Some(Timestamp::from_micros(1_767_225_600_000_000));
    record.heartbeat_at = Some(Timestamp::from_micros(1_767_229_200_000_000));
    record.history_line_count = Some(u64::from(workload.rows));
    record.config.insert("lr".to_owned(), Json::from(0.001));
    record.config.insert("group".to_owned(), Json::from(i64::from(number % GROUPS)));
    record.summary = (0..).map(Workload::metric).zip(last.iter().map(|value| Json::from(*value))).collect();
    record.history_keys = Some(keys);
    let last_step = Some(i64::from(workload.rows) - 1);
    StoredRun {
        record,
        synced_at: Timestamp::now(),
        completeness: Completeness::Complete,
        synced_through_step: last_step,
        synced_rows: Some(u64::from(workload.rows)),
        synced_keys: None,
    }
}

/// The metrics of one run as they wander.
struct Walks {
    random: StdRng,
    paths: Vec<Arc<KeyPath>>,
    values: Vec<f64>,
}

impl Walks {
    fn new(workload: &Workload, number: u32) -> Self {
        Self {
            random: StdRng::seed_from_u64(u64::from(number)),
            paths: (0..workload.metrics).map(|metric| Arc::new(KeyPath::top_level(Workload::metric(metric)))).collect(),
            values: vec![1.0; workload.metrics as usize],
        }
    }

    fn next_rows(&mut self, first: u32, rows: usize) -> RowColumns {
        let steps = || (first..).take(rows);
        let runtimes: Vec<f64> = steps().map(|step| rounded(f64::from(step) * SECONDS_PER_ROW, 1e6)).collect();
        let mut metrics = Vec::with_capacity(self.paths.len());
        for (path, value) in self.paths.iter().zip(&mut self.values) {
            let walk: Vec<f64> = (0..rows)
                .map(|_| {
                    *value = rounded((*value + self.random.random_range(-0.01..0.01)).clamp(-9.0, 9.0), 1e14);
                    *value
                })
                .collect();
            let values: ArrayRef = Arc::new(Float64Array::from(walk));
            metrics.push(MetricValues { path: Arc::clone(path), kind: Kind::Number, values });
        }
        RowColumns {
            steps: Some(Int64Array::from_iter_values(steps().map(i64::from))),
            timestamps: runtimes.iter().map(|runtime| Some(rounded(FIRST_TIMESTAMP + runtime, 1e6))).collect(),
            runtimes: Float64Array::from(runtimes),
            metrics,
            rescued: None,
        }
    }
}

fn rounded(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale
}
