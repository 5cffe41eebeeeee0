//! The rows of the table of questions: what is asked, of which data, and of which engines beside runlake.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use runlake_lake::compact::vacuum;
use runlake_lake::{Lake, Location};

use crate::answers::{Of, Question};
use crate::backend::Backend;
use crate::compare;
use crate::generate::{self, ENTITY, Workload};
use crate::jobs;
use crate::outcome::Outcome;
use crate::report::{Asked, Measured, megabytes};
use crate::sdk::Python;
use crate::table::{median, target_folder};

/// How the questions are asked.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Small data, once each: whether everything works, not how fast it is.
    #[arg(long)]
    pub quick: bool,
    /// Only these rows of the table.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3,4,5")]
    pub rows: Vec<u8>,
    /// Leave the other engines out.
    #[arg(long)]
    pub no_peers: bool,
    /// How often each question is asked; the medians count.
    #[arg(long, default_value_t = 3)]
    pub repeat: usize,
    /// A Python that has the packages of tests/python/requirements.txt [default: one is set up in the target folder].
    #[arg(long)]
    pub python: Option<PathBuf>,
}

/// The metric that is asked for.
const KEY: u32 = 0;
/// Places of the grid of row 2.
const PLACES: u32 = 10_000;
/// The latency of the far backend in row 4.
const LATENCY_MS: u64 = 50;
/// Metrics that are sampled in row 4.
const SAMPLED: u32 = 5;

/// What the rows share.
struct Bench<'a> {
    options: &'a Options,
    say: &'a dyn Fn(&str),
    /// Aligned, joined and searched.
    many: Workload,
    /// Read whole.
    curves: Workload,
    /// Sampled over the API.
    sampled: Workload,
    /// Kept from call to call.
    lake: PathBuf,
    /// Removed at the end.
    work: tempfile::TempDir,
    python: Option<Python>,
    runtime: tokio::runtime::Runtime,
}

/// Asks all questions and gives the table's lines. `say` is told what is going on.
///
/// # Errors
/// When an engine fails, or has another answer than runlake.
pub fn run(options: &Options, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Asked>> {
    let (runs, rows, whole, sampled) = if options.quick { (20, 1_000, 5, 10) } else { (1_000, 10_000, 100, 200) };
    let many = Workload { project: "query", runs, rows, metrics: 10 };
    let (curves, sampled) =
        (Workload { project: "curves", runs: whole, ..many }, Workload { project: "sampled", runs: sampled, rows: rows / 2, ..many });
    let cache = target_folder()?.join("runlake-benches");
    fs_err::create_dir_all(&cache)?;
    let python = if options.no_peers {
        None
    } else {
        say("setting up Python");
        Some(Python::prepare(options.python.clone(), &cache)?)
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let lake = cache.join(format!("questions-{runs}x{rows}"));
    if !lake.exists() {
        say("making the lake, which is kept");
        // Under another name until it is whole.
        let staged = tempfile::tempdir_in(&cache)?;
        runtime.block_on(generate::fill(staged.path(), &[many, curves, sampled]))?;
        // Engines that list folders would take files for rows that later commits put together.
        runtime.block_on(async { vacuum(&Lake::open(Location::folder(staged.path())?).await?, Duration::ZERO, false).await })?;
        fs_err::rename(staged.keep(), &lake)?;
    }
    Bench { options, say, many, curves, sampled, lake, work: tempfile::tempdir()?, python, runtime }.lines()
}

impl Bench<'_> {
    fn lines(&self) -> anyhow::Result<Vec<Asked>> {
        let mut lines = Vec::new();
        for row in &self.options.rows {
            match row {
                1 => lines.extend([self.band(true)?, self.band(false)?]),
                2 => lines.push(self.as_of()?),
                3 => lines.push(self.one_key()?),
                4 => {
                    lines.push(self.histories(0, "10x")?);
                    lines.push(self.histories(LATENCY_MS, "20x")?);
                }
                5 => lines.push(self.all_curves()?),
                other => anyhow::bail!("the table has no row {other}"),
            }
        }
        Ok(lines)
    }

    /// As the first question of a process, or after another of its kind about another metric.
    fn band(&self, is_first: bool) -> anyhow::Result<Asked> {
        let Workload { runs, rows, metrics, .. } = self.many;
        let when = if is_first { "first question" } else { "second question" };
        let work = format!("mean, p10, p50 and p90 over 5 groups of {runs} runs x {rows} rows x {metrics} metrics, at 1000 places, {when}");
        let (ours, before) = (self.file("band.parquet"), (!is_first).then(|| Workload::metric(KEY + 1)));
        let runlake = self.runlake(&work, &Question::Band { of: self.of(&self.many, Some(&ours)), before: before.clone() })?;
        let wanted = ["mean", "p10", "p50", "p90"].map(str::to_owned);
        let engines = [("DuckDB", "band-duckdb"), ("Polars", "band-polars"), ("pandas", "band-pandas")];
        let more: Vec<&str> = before.iter().flat_map(|key| ["--before", key]).collect();
        let peers = self
            .peers(&work, &engines, &more, |theirs| compare::close(&compare::of_parquet(theirs)?, &compare::of_parquet(&ours)?, &wanted))?;
        Ok(Asked { work, peers, runlake, must: "the fastest; 20x pandas; below 1 GB", note: self.stored()? })
    }

    fn as_of(&self) -> anyhow::Result<Asked> {
        let work = format!("one metric of {} runs as of {PLACES} places of `_runtime`, a column a run", self.many.runs);
        let ours = self.file("as-of.parquet");
        let of = self.of(&self.many, Some(&ours));
        let runlake = self.runlake(&work, &Question::AsOf { of, last: self.many.last_runtime(), places: PLACES })?;
        let wanted: Vec<String> = (0..self.many.runs).map(|number| self.many.run(number).run_id).collect();
        let peers = self.peers(&work, &[("DuckDB", "as-of-duckdb"), ("Polars", "as-of-polars")], &[], |theirs| {
            compare::same(&compare::of_parquet(theirs)?, &compare::of_parquet(&ours)?, &wanted)
        })?;
        Ok(Asked { work, peers, runlake, must: "the fastest; below 1 GB", note: String::new() })
    }

    fn one_key(&self) -> anyhow::Result<Asked> {
        let work = "one metric of one run out of the lake, warm".to_owned();
        let (ours, run) = (self.file("one-key.parquet"), self.many.run(self.many.runs / 2).run_id);
        let of = self.of(&self.many, Some(&ours));
        let runlake = self.runlake(&work, &Question::OneKey { of, run: run.clone(), before: self.many.run(1).run_id })?;
        let wanted = ["_step".to_owned(), Workload::metric(KEY)];
        let peers = self.peers(&work, &[("DuckDB", "one-key-duckdb")], &["--run", &run], |theirs| {
            compare::same(&compare::of_parquet(theirs)?, &compare::of_parquet(&ours)?, &wanted)
        })?;
        Ok(Asked { work, peers, runlake, must: "30 ms; 1 % of the bytes", note: self.stored()? })
    }

    fn all_curves(&self) -> anyhow::Result<Asked> {
        let Workload { runs, rows, metrics, .. } = self.curves;
        let work = format!("all curves of {runs} runs x {rows} rows x {metrics} metrics, cold process");
        let runlake = self.runlake(&work, &Question::AllCurves { of: self.of(&self.curves, None) })?;
        Ok(Asked { work, peers: Vec::new(), runlake, must: "1 s", note: format!("{} points", runlake.rows) })
    }

    fn histories(&self, latency_ms: u64, must: &'static str) -> anyhow::Result<Asked> {
        (self.say)("warming the backend");
        let backend = Backend::start(&self.lake, false, latency_ms)?;
        self.runtime.block_on(jobs::warm(&backend.base_url(), &self.sampled.path()))?;
        let work = format!("`Runs.histories`, {} runs x 500 samples x {SAMPLED} keys, {latency_ms} ms latency", self.sampled.runs);
        let keys: Vec<String> = (0..SAMPLED).map(Workload::metric).collect();
        let (project, listed) = (self.sampled.path().to_string(), keys.join(","));
        let question = Question::Histories { base_url: backend.base_url(), project: project.clone(), keys };
        // Sampling is the backend's work: it keeps what it was asked for once, so neither side waits for it.
        Outcome::of_child(question.arguments())?;
        let runlake = self.runlake(&work, &question)?;
        let forms = [("SDK", "histories-default"), ("SDK, `polars`", "histories-polars"), ("SDK, `pandas`", "histories-pandas")];
        let mut peers = Vec::new();
        if let Some(python) = &self.python {
            for (name, job) in forms {
                let what = format!("{work}, {name}");
                let measured = self.measure(&what, || python.run("query.py", &[job, &project, "--key", &listed], Some(&backend)))?;
                ensure!(measured.rows == runlake.rows, "{what} has {} rows, runlake {}", measured.rows, runlake.rows);
                peers.push((name, measured));
            }
        }
        Ok(Asked { work, peers, runlake, must, note: format!("{} rows", runlake.rows) })
    }

    fn of(&self, load: &Workload, output: Option<&Path>) -> Of {
        Of { lake: self.lake.clone(), project: load.path().to_string(), key: Workload::metric(KEY), output: output.map(Path::to_owned) }
    }

    fn runlake(&self, work: &str, question: &Question) -> anyhow::Result<Measured> {
        self.measure(&format!("{work}, runlake"), || Outcome::of_child(question.arguments()))
    }

    /// Asks other engines, and has each of their answers checked.
    fn peers(
        &self,
        work: &str,
        engines: &[(&'static str, &str)],
        more: &[&str],
        check: impl Fn(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<Vec<(&'static str, Measured)>> {
        let Some(python) = &self.python else { return Ok(Vec::new()) };
        let (lake, rows) = (text(&self.lake)?, self.many.rows.to_string());
        let (project, key) = (self.many.path().to_string(), Workload::metric(KEY));
        let mut peers = Vec::new();
        for (name, job) in engines {
            let (what, output) = (format!("{work}, {name}"), self.file("peer.parquet"));
            let mut arguments = vec![*job, lake, "--project", &project, "--key", &key, "--rows", &rows, "--output", text(&output)?];
            arguments.extend(more);
            let measured = self.measure(&what, || python.run("query.py", &arguments, None))?;
            check(&output).with_context(|| what.clone())?;
            peers.push((*name, measured));
        }
        Ok(peers)
    }

    fn measure(&self, what: &str, job: impl Fn() -> anyhow::Result<Outcome>) -> anyhow::Result<Measured> {
        let repeats = if self.options.quick { 1 } else { self.options.repeat.max(1) };
        let (mut seconds, mut measured) = (Vec::new(), Measured::default());
        for _ in 0..repeats {
            let outcome = job().with_context(|| what.to_owned())?;
            (self.say)(&format!("{what}: {:.3} s, {} rows, {}", outcome.seconds, outcome.rows, megabytes(outcome.peak_bytes)));
            seconds.push(outcome.seconds);
            measured.rows = outcome.rows;
            measured.peak_bytes = measured.peak_bytes.max(outcome.peak_bytes);
            measured.read_bytes = outcome.read_bytes;
        }
        measured.seconds = median(seconds);
        Ok(measured)
    }

    /// How large the histories are.
    fn stored(&self) -> anyhow::Result<String> {
        let folder = self.lake.join("histories").join(format!("entity={ENTITY}")).join(format!("project={}", self.many.project));
        let sizes = fs_err::read_dir(folder)?.map(|file| Ok(file?.metadata()?.len())).collect::<anyhow::Result<Vec<u64>>>()?;
        Ok(format!("the histories are {}", megabytes(sizes.iter().sum())))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("the folder has a name in UTF-8")
}
