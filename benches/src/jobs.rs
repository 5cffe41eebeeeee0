//! What runlake does in each row of the table. The only file here that calls the client side of the library.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use arrow::array::RecordBatch;
use futures::{StreamExt as _, TryStreamExt as _};
use runlake_fetch::{Client, RunsQuery, StepWindow};
use runlake_ingest::offline;
use runlake_ingest::{Encoder, KindPlan, RunScan, ScanOptions, Stream};
use runlake_lake::export::{ExportOptions, export};
use runlake_lake::{Lake, Location};
use runlake_types::{ColumnSet, ProjectPath, RunPath};
use secrecy::SecretString;

use crate::compare;
use crate::server::KEY;

/// Runs that are warmed at once.
const WARMED_AT_ONCE: usize = 4;

/// One job.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Job {
    /// One run's rows from a backend to record batches.
    Scan {
        /// The backend.
        base_url: String,
        /// ENTITY/PROJECT/RUN.
        run: String,
        /// Only these metrics.
        #[arg(long, value_delimiter = ',')]
        keys: Vec<String>,
        /// Where the rows are written as Parquet once the time is taken.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// A project from a backend into a new lake.
    Export {
        /// The backend.
        base_url: String,
        /// ENTITY/PROJECT.
        project: String,
        /// Where the lake is made.
        lake: PathBuf,
    },
    /// An offline log to record batches.
    Log {
        /// The `.wandb` file.
        log: PathBuf,
    },
}

/// What a job did.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// How long it took.
    pub seconds: f64,
    /// How many rows it made.
    pub rows: u64,
    /// Bytes read of files; 0 where they are not counted.
    pub read_bytes: u64,
}

impl Job {
    /// The arguments from which this program makes this job again.
    pub fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Scan { base_url, run, keys, output } => {
                let mut arguments: Vec<OsString> = vec!["job".into(), "scan".into(), base_url.into(), run.into()];
                if !keys.is_empty() {
                    arguments.extend(["--keys".into(), keys.join(",").into()]);
                }
                if let Some(output) = output {
                    arguments.extend(["--output".into(), output.into()]);
                }
                arguments
            }
            Self::Export { base_url, project, lake } => vec!["job".into(), "export".into(), base_url.into(), project.into(), lake.into()],
            Self::Log { log } => vec!["job".into(), "log".into(), log.into()],
        }
    }

    /// Does the job.
    ///
    /// # Errors
    /// When any part of it fails; a run that cannot be exported fails the job.
    pub async fn run(&self) -> anyhow::Result<Done> {
        match self {
            Self::Scan { base_url, run, keys, output } => scan(base_url, run, keys, output.as_deref()).await,
            Self::Export { base_url, project, lake } => export_project(base_url, project, lake).await,
            Self::Log { log } => read_log(log),
        }
    }
}

fn client(base_url: &str) -> anyhow::Result<Client> {
    Ok(Client::builder().with_base_url(base_url).with_api_key(SecretString::from(KEY)).build()?)
}

async fn scan(base_url: &str, run: &str, keys: &[String], output: Option<&Path>) -> anyhow::Result<Done> {
    let path = RunPath::parse(run)?;
    let client = client(base_url)?;
    let started = Instant::now();
    let planned = client.plan_runs(&path.project_path(), std::slice::from_ref(&path.run_id)).await.pop();
    let run_plan = planned.context("the backend did not answer for the run")??;
    let mut kinds = KindPlan::default();
    if let Some(counted) = &run_plan.record.history_keys {
        kinds.add_history_keys(counted);
    }
    let mut encoder = Encoder::new(Stream::History, ColumnSet::new(), kinds);
    let wanted = (!keys.is_empty()).then(|| keys.to_vec().into());
    let options = ScanOptions { kinds: Arc::clone(encoder.plan()), with_stamps: wanted.is_none(), keys: wanted, ..ScanOptions::default() };
    let mut scan = RunScan::start(client, run_plan, options).await?;
    let mut batches = Vec::new();
    while let Some(rows) = scan.next_columns().await? {
        batches.push(encoder.place(rows)?);
    }
    let seconds = started.elapsed().as_secs_f64();
    if let Some(output) = output {
        compare::write(&batches, output)?;
    }
    Ok(Done { seconds, rows: row_count(&batches), read_bytes: 0 })
}

fn row_count(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.num_rows() as u64).sum()
}

async fn export_project(base_url: &str, project: &str, folder: &Path) -> anyhow::Result<Done> {
    let project = ProjectPath::parse(project)?;
    let client = client(base_url)?;
    let started = Instant::now();
    let lake = Lake::open_or_create(Location::folder(folder)?).await?;
    let report = export(&client, &project, &lake, &ExportOptions::default(), &mut |_event| {}).await?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some((run, error)) = report.failed.into_iter().next() {
        return Err(anyhow::Error::from(error).context(format!("export {run}")));
    }
    Ok(Done { seconds, rows: report.written.iter().map(|run| run.rows).sum(), read_bytes: 0 })
}

fn read_log(log: &Path) -> anyhow::Result<Done> {
    let started = Instant::now();
    let (survey, pieces) = offline::scan(log)?;
    let mut plan = KindPlan::default();
    for (path, counts) in &survey.kinds {
        plan.add_counts(path, counts);
    }
    let mut encoder = Encoder::new(Stream::History, ColumnSet::new(), plan);
    let mut batches = Vec::new();
    for rows in pieces.into_columns(Arc::clone(encoder.plan())) {
        batches.push(encoder.place(rows?.history)?);
    }
    Ok(Done { seconds: started.elapsed().as_secs_f64(), rows: row_count(&batches), read_bytes: 0 })
}

/// Asks for every run's rows and exports once, so that the backend has them at hand. Gives the bytes of all exports.
///
/// # Errors
/// When the backend does not answer.
pub async fn warm(base_url: &str, project: &ProjectPath) -> anyhow::Result<u64> {
    let client = client(base_url)?;
    let runs = client.list_runs(project, RunsQuery::default()).await?;
    let warmed = futures::stream::iter(runs).map(|run| {
        let client = client.clone();
        async move {
            client.history_page(&run.path, StepWindow { min_step: 0, max_step: 1, samples: 1 }).await?;
            let mut bytes = 0;
            for url in client.parquet_history(&run.path).await?.urls {
                bytes += client.signed_bytes(&url).await?.len() as u64;
            }
            anyhow::Ok(bytes)
        }
    });
    warmed.buffer_unordered(WARMED_AT_ONCE).try_fold(0, |sum, bytes| async move { Ok(sum + bytes) }).await
}

/// How many bytes the column chunks of these columns take in a run's exports.
///
/// # Errors
/// When the backend does not answer, or has no exports.
pub async fn chunk_bytes(base_url: &str, run: &RunPath, columns: &[String]) -> anyhow::Result<u64> {
    let client = client(base_url)?;
    let mut sum = 0;
    for url in client.parquet_history(run).await?.urls {
        sum += compare::chunk_bytes(client.signed_bytes(&url).await?, columns)?;
    }
    (sum > 0).then_some(sum).context("there are no exports of these columns")
}
