//! How runlake answers each question of the table, one function a row. The only file here that calls the query layer.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use runlake::{Api, HistoriesOptions, HistoryOptions, RunsOptions};
use runlake_curves::align::AsOf;
use runlake_curves::statistics::Statistic;
use runlake_lake::{Lake, Location};
use runlake_query::{Alignment, Answer, Axis, CurveQuery, FileFormat, GroupBy, KeyPattern, Origin, Places, Selection, WriteOptions};
use runlake_types::ProjectPath;
use secrecy::SecretString;

use crate::jobs::Done;
use crate::server::KEY;

/// Samples of each run that are asked for over the API.
const SAMPLES: u64 = 500;

/// One question.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Question {
    /// Mean and quantiles over the runs of each group, at a thousand places.
    Band {
        /// What is asked about.
        #[command(flatten)]
        of: Of,
        /// A metric that was asked for before, in the same process.
        #[arg(long)]
        before: Option<String>,
    },
    /// The last value of each run at even places of `_runtime`, a column for each run.
    AsOf {
        /// What is asked about.
        #[command(flatten)]
        of: Of,
        /// Where the places end.
        #[arg(long)]
        last: f64,
        /// How many places.
        #[arg(long)]
        places: u32,
    },
    /// One metric of one run, when another run was asked for before.
    OneKey {
        /// What is asked about.
        #[command(flatten)]
        of: Of,
        /// The run.
        #[arg(long)]
        run: String,
        /// The run that was asked for before.
        #[arg(long)]
        before: String,
    },
    /// Every curve of every run.
    AllCurves {
        /// What is asked about; every metric is read.
        #[command(flatten)]
        of: Of,
    },
    /// Samples of every run over the API.
    Histories {
        /// The backend.
        base_url: String,
        /// ENTITY/PROJECT.
        project: String,
        /// The metrics.
        #[arg(long, value_delimiter = ',')]
        keys: Vec<String>,
    },
}

/// A metric of a project in a lake.
#[derive(Clone, Debug, clap::Args)]
pub struct Of {
    /// The lake.
    pub lake: PathBuf,
    /// ENTITY/PROJECT.
    pub project: String,
    /// The metric.
    pub key: String,
    /// Where the answer is written as Parquet once the time is taken.
    #[arg(long)]
    pub output: Option<PathBuf>,
}

impl Question {
    /// The arguments from which this program makes this question again.
    pub fn arguments(&self) -> Vec<OsString> {
        let words = |name: &str, of: &Of, more: &[(&str, &str)]| {
            let mut words: Vec<OsString> = ["ask", name].map(OsString::from).into();
            words.extend([of.lake.clone().into_os_string(), OsString::from(&of.project), OsString::from(&of.key)]);
            words.extend(of.output.iter().flat_map(|output| [OsString::from("--output"), output.clone().into_os_string()]));
            words.extend(more.iter().flat_map(|(option, value)| [OsString::from(option), OsString::from(value)]));
            words
        };
        match self {
            Self::Band { of, before } => words("band", of, before.as_deref().map(|key| ("--before", key)).as_slice()),
            Self::AsOf { of, last, places } => words("as-of", of, &[("--last", &last.to_string()), ("--places", &places.to_string())]),
            Self::OneKey { of, run, before } => words("one-key", of, &[("--run", run), ("--before", before)]),
            Self::AllCurves { of } => words("all-curves", of, &[]),
            Self::Histories { base_url, project, keys } => {
                ["ask", "histories", base_url, project, "--keys", &keys.join(",")].map(OsString::from).into()
            }
        }
    }

    /// Asks it.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn ask(&self) -> anyhow::Result<Done> {
        match self {
            Self::Band { of, before } => band(of, before.as_deref()).await,
            Self::AsOf { of, last, places } => as_of(of, *last, *places).await,
            Self::OneKey { of, run, before } => one_key(of, run, before).await,
            Self::AllCurves { of } => all_curves(of).await,
            Self::Histories { base_url, project, keys } => histories(base_url, project, keys).await,
        }
    }
}

impl Of {
    async fn open(&self) -> anyhow::Result<Lake> {
        Ok(Lake::open(Location::folder(&self.lake)?).await?)
    }

    fn selection(&self) -> anyhow::Result<Selection> {
        Ok(Selection::of(ProjectPath::parse(&self.project)?))
    }

    fn query(&self) -> anyhow::Result<CurveQuery> {
        Ok(CurveQuery::new(self.selection()?, [KeyPattern::exact(&self.key)]))
    }

    fn write(&self, answer: &Answer) -> anyhow::Result<()> {
        if let Some(output) = &self.output {
            answer.write_path(&WriteOptions::new(FileFormat::Parquet), output)?;
        }
        Ok(())
    }
}

async fn band(of: &Of, before: Option<&str>) -> anyhow::Result<Done> {
    let mut started = Instant::now();
    let lake = of.open().await?;
    if let Some(key) = before {
        bands(of, key, &lake).await?;
        started = Instant::now();
    }
    let (answer, rows, read_bytes) = bands(of, &of.key, &lake).await?;
    let done = Done { seconds: started.elapsed().as_secs_f64(), rows, read_bytes };
    of.write(&answer)?;
    Ok(done)
}

/// The answer, its rows and the bytes that were read for it.
async fn bands(of: &Of, key: &str, lake: &Lake) -> anyhow::Result<(Answer, u64, u64)> {
    let curves = CurveQuery::new(of.selection()?, [KeyPattern::exact(key)]).read(lake).await?;
    let wanted = [Statistic::Mean, Statistic::Quantile(0.1), Statistic::Quantile(0.5), Statistic::Quantile(0.9)];
    let table = curves.statistics(&GroupBy::parse(["config.group"])?, &wanted)?;
    let rows = table.height() as u64;
    Ok((Answer::of_frame(table, Origin::new()), rows, curves.bytes().read))
}

async fn as_of(of: &Of, last: f64, places: u32) -> anyhow::Result<Done> {
    let started = Instant::now();
    // Between the times of rows, so that no rounding decides which row comes before a place.
    let places = Places::At((0..places).map(|place| (f64::from(place) + 0.5) * last / f64::from(places)).collect());
    let alignment = Alignment::AsOf { direction: AsOf::Backward, tolerance: None, places };
    let curves = of.query()?.with_axis(Axis::Runtime).with_alignment(alignment).read(&of.open().await?).await?;
    let table = curves.to_wide()?;
    let done = Done { seconds: started.elapsed().as_secs_f64(), rows: table.height() as u64, read_bytes: curves.bytes().read };
    of.write(&Answer::of_frame(table, Origin::new()))?;
    Ok(done)
}

async fn one_key(of: &Of, run: &str, before: &str) -> anyhow::Result<Done> {
    let lake = of.open().await?;
    let query = |run: &str| -> anyhow::Result<CurveQuery> {
        Ok(CurveQuery::new(of.selection()?.with_runs([run]), [KeyPattern::exact(&of.key)]).with_alignment(Alignment::Exact))
    };
    query(before)?.read(&lake).await?;
    let started = Instant::now();
    let curves = query(run)?.read(&lake).await?;
    let table = curves.to_long()?;
    let done = Done { seconds: started.elapsed().as_secs_f64(), rows: table.height() as u64, read_bytes: curves.bytes().read };
    of.write(&Answer::of_frame(table, Origin::new()))?;
    Ok(done)
}

async fn all_curves(of: &Of) -> anyhow::Result<Done> {
    let started = Instant::now();
    let curves = CurveQuery::new(of.selection()?, []).with_alignment(Alignment::Exact).read(&of.open().await?).await?;
    let points: usize = (0..curves.keys().len()).flat_map(|key| curves.curves(key)).map(|curve| curve.values().len()).sum();
    Ok(Done { seconds: started.elapsed().as_secs_f64(), rows: points as u64, read_bytes: curves.bytes().read })
}

async fn histories(base_url: &str, project: &str, keys: &[String]) -> anyhow::Result<Done> {
    let api = Api::connect(base_url, SecretString::from(KEY))?;
    let started = Instant::now();
    let history = HistoryOptions { samples: SAMPLES, keys: keys.to_vec(), ..HistoryOptions::default() };
    let runs = api.runs(project, RunsOptions::default()).await?;
    let rows = runs.histories(&HistoriesOptions { history, ..HistoriesOptions::default() }).await?;
    let table = rows.to_record_batch().context("the rows as a table")?;
    Ok(Done { seconds: started.elapsed().as_secs_f64(), rows: table.num_rows() as u64, read_bytes: 0 })
}
