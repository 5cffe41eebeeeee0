//! The rows of the table: which job, on which data, against which backend, on both sides.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::backend::Backend;
use crate::compare;
use crate::floor::{self, Floor};
use crate::generate::{self, Workload};
use crate::jobs::{self, Job};
use crate::outcome::Outcome;
use crate::report::{Line, Measured, megabytes};
use crate::sdk::Python;

/// How the comparison is run.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Small data, once each: whether everything works, not how fast it is.
    #[arg(long)]
    pub quick: bool,
    /// Only these rows of the table.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3,4,5,6,7,8")]
    pub rows: Vec<u8>,
    /// Leave the official SDK out.
    #[arg(long)]
    pub no_sdk: bool,
    /// How often each job is done; the medians count.
    #[arg(long, default_value_t = 3)]
    pub repeat: usize,
    /// A Python that has the packages of tests/python/requirements.txt [default: one is set up in the target folder].
    #[arg(long)]
    pub python: Option<PathBuf>,
}

/// The latency of the far backends in row 7.
const LATENCY_MS: u64 = 50;

/// Where the rows of both sides come from.
struct Origin {
    name: &'static str,
    /// The page size with which the SDK is fastest.
    page_rows: &'static str,
    floor: fn(u16, &Workload) -> anyhow::Result<Floor>,
}

const LIVE: Origin = Origin { name: "live pages", page_rows: "10000", floor: floor::of_pages };
const EXPORTED: Origin = Origin { name: "Parquet exports", page_rows: "100000", floor: floor::of_exports };
const FAR_LIVE: Origin = Origin { name: "live pages, 50 ms latency", ..LIVE };
const FAR_EXPORTED: Origin = Origin { name: "Parquet exports, 50 ms latency", ..EXPORTED };

/// The sizes of everything.
struct Sizes {
    one: Workload,
    many: Workload,
    log_rows: u32,
}

/// What the rows share.
struct Bench<'a> {
    options: &'a Options,
    say: &'a dyn Fn(&str),
    sizes: Sizes,
    /// Kept from call to call.
    cache: PathBuf,
    /// Removed at the end.
    work: tempfile::TempDir,
    python: Option<Python>,
    runtime: tokio::runtime::Runtime,
}

/// Does all jobs and gives the table's lines. `say` is told what is going on.
///
/// # Errors
/// When a job fails on either side, or both sides got different rows.
pub fn run(options: &Options, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Line>> {
    let (one, many) = if options.quick { (20_000, (5, 2_000)) } else { (100_000, (50, 10_000)) };
    let sizes = Sizes {
        one: Workload { project: "one", runs: 1, rows: one, metrics: 10 },
        many: Workload { project: "many", runs: many.0, rows: many.1, metrics: 10 },
        log_rows: one,
    };
    let cache = target_folder()?.join("runlake-benches");
    fs_err::create_dir_all(&cache)?;
    let python = if options.no_sdk {
        None
    } else {
        say("setting up Python");
        Some(Python::prepare(options.python.clone(), &cache)?)
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let bench = Bench { options, say, sizes, cache, work: tempfile::tempdir()?, python, runtime };
    bench.lines()
}

/// Cargo's target folder, in which this program lies as `TARGET/PROFILE/runlake-benches`.
pub(crate) fn target_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.ancestors().nth(2).context("the program lies in cargo's target folder")?.to_owned())
}

impl Bench<'_> {
    fn lines(&self) -> anyhow::Result<Vec<Line>> {
        let mut lines = Vec::new();
        let Sizes { one, many, .. } = &self.sizes;
        if [1, 2, 3, 4, 5, 7].iter().any(|row| self.wants(*row)) {
            let lake = self.work.path().join("lake");
            (self.say)("making the data");
            self.runtime.block_on(generate::fill(&lake, &[*one, *many]))?;
            let (live, exported) = (self.backend(&lake, false, 0)?, self.backend(&lake, true, 0)?);
            if self.wants(1) {
                lines.push(self.scan(&live, &LIVE, "30x")?);
            }
            if self.wants(2) {
                lines.push(self.scan(&exported, &EXPORTED, "60x")?);
            }
            if self.wants(3) {
                lines.push(self.scan_of_two(&exported)?);
            }
            if self.wants(4) {
                lines.push(self.export(&live, &LIVE, "25x")?);
            }
            if self.wants(5) {
                lines.push(self.export(&exported, &EXPORTED, "1x")?);
                lines.extend(self.downloads(&exported)?);
            }
            drop((live, exported));
            if self.wants(7) {
                let (live, exported) = (self.backend(&lake, false, LATENCY_MS)?, self.backend(&lake, true, LATENCY_MS)?);
                let limit = "twice the time without";
                lines.push(self.scan(&live, &FAR_LIVE, limit)?);
                lines.push(self.scan(&exported, &FAR_EXPORTED, limit)?);
                lines.push(self.export(&live, &FAR_LIVE, limit)?);
            }
        }
        if self.wants(6) {
            lines.push(self.offline()?);
        }
        if self.wants(8) && !self.options.quick {
            let large = Workload { project: "large", runs: 500, rows: 20_000, metrics: 20 };
            let wide = Workload { project: "wide", runs: 100, rows: 20, metrics: 10_000 };
            lines.push(self.memory(&large, "below 512 MB")?);
            lines.push(self.memory(&wide, "below 1 GB")?);
        }
        Ok(lines)
    }

    fn wants(&self, row: u8) -> bool {
        self.options.rows.contains(&row)
    }

    /// A backend that has the rows of both projects at hand.
    fn backend(&self, lake: &Path, exports: bool, latency_ms: u64) -> anyhow::Result<Backend> {
        (self.say)(if exports { "warming the backend with exports" } else { "warming the backend with live pages" });
        let backend = Backend::start(lake, exports, latency_ms)?;
        for workload in [&self.sizes.one, &self.sizes.many] {
            self.runtime.block_on(jobs::warm(&backend.base_url(), &workload.path()))?;
        }
        Ok(backend)
    }

    fn measure(&self, what: &str, backend: Option<&Backend>, job: impl Fn() -> anyhow::Result<Outcome>) -> anyhow::Result<Measured> {
        let repeats = if self.options.quick { 1 } else { self.options.repeat.max(1) };
        let (mut seconds, mut server_seconds, mut measured) = (Vec::new(), Vec::new(), Measured::default());
        for _ in 0..repeats {
            let before = backend.map(Backend::effort).transpose()?.unwrap_or_default();
            let outcome = job().with_context(|| what.to_owned())?;
            let effort = backend.map(Backend::effort).transpose()?.unwrap_or_default().since(before);
            (self.say)(&format!("{what}: {:.3} s, {} rows", outcome.seconds, outcome.rows));
            seconds.push(outcome.seconds);
            server_seconds.push(effort.cpu_seconds);
            measured.rows = outcome.rows;
            measured.peak_bytes = measured.peak_bytes.max(outcome.peak_bytes);
            measured.sent_bytes = effort.sent_bytes;
        }
        measured.seconds = median(seconds);
        measured.server_seconds = median(server_seconds);
        Ok(measured)
    }

    fn sdk(&self, what: &str, backend: Option<&Backend>, job: &[&str]) -> anyhow::Result<Option<Measured>> {
        let Some(python) = &self.python else { return Ok(None) };
        self.measure(&format!("{what}, official SDK"), backend, || python.run("sdk.py", job, backend)).map(Some)
    }

    fn runlake(&self, what: &str, backend: Option<&Backend>, job: &Job) -> anyhow::Result<Measured> {
        self.measure(&format!("{what}, runlake"), backend, || {
            // A lake that is there would be brought up to date, which is no work.
            if let Job::Export { lake, .. } = job
                && lake.exists()
            {
                fs_err::remove_dir_all(lake)?;
            }
            Outcome::of_child(job.arguments())
        })
    }

    fn scan(&self, backend: &Backend, origin: &Origin, must: &'static str) -> anyhow::Result<Line> {
        let load = &self.sizes.one;
        let work = format!("scan {} rows x {} metrics from {}", load.rows, load.metrics, origin.name);
        let (theirs, ours) = (self.file("sdk.parquet"), self.file("runlake.parquet"));
        let run = load.run(0).to_string();
        let sdk = self.sdk(&work, Some(backend), &["scan", &run, "--page-size", origin.page_rows, "--output", text(&theirs)?])?;
        let job = Job::Scan { base_url: backend.base_url(), run, keys: Vec::new(), output: Some(ours.clone()) };
        let runlake = self.runlake(&work, Some(backend), &job)?;
        if sdk.is_some() {
            compare::same(&compare::of_parquet(&theirs)?, &compare::of_parquet(&ours)?, &[]).with_context(|| work.clone())?;
        }
        let floor_seconds = Some(best_floor(|| (origin.floor)(backend.port(), load))?);
        let note = format!("{} sent", megabytes(runlake.sent_bytes));
        Ok(Line { work, sdk, runlake, must, floor_seconds, note })
    }

    fn scan_of_two(&self, backend: &Backend) -> anyhow::Result<Line> {
        let load = &self.sizes.one;
        let work = format!("scan 2 of {} metrics of {} rows from a remote export", load.metrics, load.rows);
        let (theirs, ours) = (self.file("sdk2.parquet"), self.file("runlake2.parquet"));
        let (run, keys) = (load.run(0), vec![Workload::metric(0), Workload::metric(1)]);
        let (path, listed) = (run.to_string(), keys.join(","));
        let sdk = self.sdk(
            &work,
            Some(backend),
            &["scan", &path, "--keys", &listed, "--page-size", "100000", "--no-cache", "--output", text(&theirs)?],
        )?;
        let job = Job::Scan { base_url: backend.base_url(), run: path, keys: keys.clone(), output: Some(ours.clone()) };
        let runlake = self.runlake(&work, Some(backend), &job)?;
        if sdk.is_some() {
            compare::same(&compare::of_parquet(&theirs)?, &compare::of_parquet(&ours)?, &keys).with_context(|| work.clone())?;
        }
        let mut columns = keys;
        columns.push("_step".to_owned());
        let chunks = self.runtime.block_on(jobs::chunk_bytes(&backend.base_url(), &run, &columns))?;
        let sdk_sent = sdk.map_or_else(|| "–".to_owned(), |sdk| megabytes(sdk.sent_bytes));
        let note = format!("sent: SDK {sdk_sent}, runlake {}; the chunks are {}", megabytes(runlake.sent_bytes), megabytes(chunks));
        Ok(Line { work, sdk, runlake, must: "30x, sent at most 1.2 times the chunks", floor_seconds: None, note })
    }

    fn export(&self, backend: &Backend, origin: &Origin, must: &'static str) -> anyhow::Result<Line> {
        let load = &self.sizes.many;
        let work = format!("export {} runs x {} rows x {} metrics from {}", load.runs, load.rows, load.metrics, origin.name);
        let (theirs, lake) = (self.file("sdk-export"), self.file("runlake-export"));
        let project = load.path().to_string();
        let sdk = self.sdk(&work, Some(backend), &["export", &project, "--page-size", origin.page_rows, "--output", text(&theirs)?])?;
        let job = Job::Export { base_url: backend.base_url(), project, lake: lake.clone() };
        let runlake = self.runlake(&work, Some(backend), &job)?;
        if sdk.is_some() {
            for run in (0..load.runs).map(|number| load.run(number)) {
                let (theirs, ours) = (theirs.join(format!("{}.parquet", run.run_id)), compare::of_lake(&lake, &run));
                let ours = self.runtime.block_on(ours)?;
                compare::same(&compare::of_parquet(&theirs)?, &ours, &[]).with_context(|| format!("{work}: {run}"))?;
            }
        }
        let floor_seconds = Some(best_floor(|| (origin.floor)(backend.port(), load))?);
        let note = format!("{} sent", megabytes(runlake.sent_bytes));
        Ok(Line { work, sdk, runlake, must, floor_seconds, note })
    }

    /// The fastest way that the SDK has: whole files, and Polars.
    fn downloads(&self, backend: &Backend) -> anyhow::Result<Option<Line>> {
        let load = &self.sizes.many;
        let work = format!("the same, beside `download_history_exports` and Polars, {} runs", load.runs);
        let (theirs, lake) = (self.file("sdk-downloads"), self.file("runlake-export"));
        let project = load.path().to_string();
        let Some(sdk) = self.sdk(&work, Some(backend), &["download", &project, "--output", text(&theirs)?])? else { return Ok(None) };
        let runlake = self.runlake(&work, Some(backend), &Job::Export { base_url: backend.base_url(), project, lake })?;
        let note = if sdk.rows == runlake.rows { "as many rows".to_owned() } else { format!("the SDK has {} rows", sdk.rows) };
        Ok(Some(Line { work, sdk: Some(sdk), runlake, must: "1x", floor_seconds: None, note }))
    }

    /// The log is made by the SDK once and kept.
    fn offline(&self) -> anyhow::Result<Line> {
        let (rows, metrics) = (self.sizes.log_rows.to_string(), "25");
        let work = format!("offline log of {rows} rows x {metrics} metrics to record batches");
        let folder = self.cache.join(format!("log-{rows}-{metrics}"));
        let log = || runlake_ingest::offline::find_logs(&folder).ok()?.into_iter().next();
        if log().is_none() {
            (self.say)("logging a run offline; the log is kept");
            let python = self.python.as_ref().context("there is no log yet, and only the SDK can make one")?;
            python.run("sdk.py", &["log", text(&folder)?, "--rows", &rows, "--metrics", metrics], None)?;
        }
        let log = log().context("the SDK made no log")?;
        let sdk = self.sdk(&work, None, &["offline", text(&log)?])?;
        let runlake = self.runlake(&work, None, &Job::Log { log: log.clone() })?;
        let note = format!("a log of {}; the SDK side is a reader of 20 lines in Python", megabytes(fs_err::metadata(log)?.len()));
        Ok(Line { work, sdk, runlake, must: "60x", floor_seconds: None, note })
    }

    fn memory(&self, load: &Workload, must: &'static str) -> anyhow::Result<Line> {
        let work = format!("memory: export {} runs x {} rows x {} metrics from live pages", load.runs, load.rows, load.metrics);
        let (source, lake) = (self.file(load.project), self.file("runlake-memory"));
        (self.say)("making the data and warming the backend");
        self.runtime.block_on(generate::fill(&source, &[*load]))?;
        let backend = Backend::start(&source, false, 0)?;
        self.runtime.block_on(jobs::warm(&backend.base_url(), &load.path()))?;
        let job = Job::Export { base_url: backend.base_url(), project: load.path().to_string(), lake: lake.clone() };
        let outcome = Outcome::of_child(job.arguments())?;
        (self.say)(&format!("{work}: {:.1} s, {}", outcome.seconds, megabytes(outcome.peak_bytes)));
        fs_err::remove_dir_all(lake)?;
        fs_err::remove_dir_all(source)?;
        let effort = backend.effort()?;
        let runlake = Measured {
            seconds: outcome.seconds,
            rows: outcome.rows,
            peak_bytes: outcome.peak_bytes,
            server_seconds: effort.cpu_seconds,
            sent_bytes: effort.sent_bytes,
            read_bytes: 0,
        };
        let note = "the server's share holds its warming".to_owned();
        Ok(Line { work, sdk: None, runlake, must, floor_seconds: None, note })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }
}

/// The best of three: whatever made the others slower was no part of the limit.
fn best_floor(measure: impl Fn() -> anyhow::Result<Floor>) -> anyhow::Result<f64> {
    let floors = (0..3).map(|_| measure().map(Floor::seconds)).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(floors.into_iter().fold(f64::INFINITY, f64::min))
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("the temporary folder has a name in UTF-8")
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
