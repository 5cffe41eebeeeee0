//! The command line: every command, option and example that `--help` shows.

pub(crate) mod artifact;
pub(crate) mod print;
pub(crate) mod questions;
pub(crate) mod run;
pub(crate) mod sql;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use print::{Format, Print, PrintOptions};

use crate::{exit_code, variables};

/// Run histories of Weights & Biases as columns: exact, complete, fast, in open formats.
#[derive(Debug, Parser)]
#[command(name = "runlake", version, about, after_help = help_tail(), max_term_width = 120)]
pub(crate) struct Arguments {
    /// More words on stderr; twice for more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

fn help_tail() -> String {
    format!("{}\n\n{}", exit_code::HELP, variables::HELP)
}

/// The form of histories in a lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// The table `histories`: a column for each metric.
    Wide,
    /// The table `histories_long` beside it: a row for each value, in seven columns. A lake that has it once keeps it.
    Long,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(Demo),
    Import(Import),
    Serve(Serve),
    Projects(run::Projects),
    Runs(Runs),
    Run(run::Run),
    History(run::History),
    Histories(run::Histories),
    Artifact(artifact::Artifact),
    Scan(Scan),
    Query(sql::Query),
    Sql(sql::Sql),
    Export(Export),
    Stats(questions::Stats),
    Best(questions::Best),
    Compare(questions::Compare),
    Describe(questions::Describe),
    Correlate(questions::Correlate),
    Anomalies(questions::Anomalies),
    Join(questions::Join),
    Plot(questions::Plot),
    Info(Info),
    Verify(Verify),
    Compact(Compact),
    Vacuum(Vacuum),
}

/// How the service is reached.
#[derive(Args, Clone, Debug)]
pub(crate) struct Connection {
    /// The service, such as <https://api.wandb.ai> [default: `WANDB_BASE_URL`, then the SDK's settings files].
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// The API key [default: `WANDB_API_KEY`, then netrc by the exact host].
    #[arg(long, value_name = "KEY", hide_default_value = true)]
    pub(crate) api_key: Option<String>,
    /// The most requests at once. Fewer are sent while the service is overloaded.
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub(crate) concurrency: u16,
}

/// Show the whole way on sample data: import logs, serve them, export them through the API, compare runs.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  runlake demo\n  runlake demo --lake /tmp/lake --data data/digits")]
pub(crate) struct Demo {
    /// Where the exported lake goes.
    #[arg(long, value_name = "DIR", default_value = "runlake-demo")]
    pub(crate) lake: String,
    /// The offline run logs to start from.
    #[arg(long, value_name = "DIR", default_value = "data/digits")]
    pub(crate) data: PathBuf,
    /// The metric that the table at the end compares runs by.
    #[arg(long, value_name = "KEY", default_value = "val.acc")]
    pub(crate) metric: String,
}

/// Read offline run logs into a lake, without network.
///
/// Logs of running, killed and damaged runs are read as far as they go, before and after the damage.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake import wandb/ --lake lake\n  runlake import offline-run-20261124_093000-abc/run-abc.wandb --lake lake --project digits"
)]
pub(crate) struct Import {
    /// `wandb` folders, run folders in them, or .wandb files.
    #[arg(required = true, value_name = "WANDB_DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// The lake; it is made when there is none.
    #[arg(long, value_name = "DIR")]
    pub(crate) lake: String,
    /// The entity, in place of what the logs say.
    #[arg(long)]
    pub(crate) entity: Option<String>,
    /// The project, in place of what the logs say.
    #[arg(long)]
    pub(crate) project: Option<String>,
    /// The state of runs whose log has no end [default: crashed, or running when it grew within the last 5 minutes].
    #[arg(long, value_name = "STATE", value_parser = ["running", "crashed", "failed", "killed", "finished"])]
    pub(crate) unfinished: Option<String>,
    /// Bring the files beside the logs along.
    #[arg(long)]
    pub(crate) files: bool,
    /// How the summary of runs is printed.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// Answer the W&B API from a lake, so that the official SDK reads it with `WANDB_BASE_URL` alone.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake serve --lake lake\n  RUNLAKE_SERVER_KEY=$(openssl rand -hex 20) runlake serve --lake lake --port 8080 --port-file port"
)]
pub(crate) struct Serve {
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub(crate) lake: String,
    /// The address to listen on. Anything but loopback lets other machines in.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// The port; 0 picks a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Where the port is written once the server answers.
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
    /// Where what is written through the API is kept: runs made and changed, and files. The lake itself is only read. By default the folder
    /// `backend` in the lake's own folder; with a lake in a bucket a temporary one, which ends with the server.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Let nothing be written. Without --state, what was written before is not shown either.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Ask for no key. Whoever reaches the port reads the lake, and writes to the state.
    #[arg(long)]
    pub(crate) no_key: bool,
    /// Which runs have Parquet exports: those that ended, the older part of running ones too, none, or all.
    #[arg(long, value_enum, default_value = "ended")]
    pub(crate) exports: Exports,
    #[command(flatten)]
    pub(crate) stand_in: StandIn,
}

/// What `serve` takes on of a service that it stands in for.
#[derive(Args, Debug)]
#[command(next_help_heading = "To try out clients")]
pub(crate) struct StandIn {
    /// Send each answer so many milliseconds later than it could be.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) latency_ms: u64,
    /// For how many seconds an address of a file is good.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub(crate) url_lifetime: u64,
    /// Refuse requests beyond so many in a second, with HTTP 429 and `Retry-After`.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate_limit: Option<u32>,
    /// The most rows of one page of a history, whatever was asked for; a window with more is sampled without a word.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) page_rows_cap: usize,
    /// Pages of a history leave out the steps that are exported; otherwise they have every step.
    #[arg(long)]
    pub(crate) no_live_overlap: bool,
    /// The most rows of one Parquet export; a run with more has several.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub(crate) rows_per_file: usize,
    /// The order of the columns of exports.
    #[arg(long, value_enum, default_value = "scalars-first")]
    pub(crate) parquet_order: ParquetOrder,
    /// The type of `_step` in exports.
    #[arg(long, value_enum, default_value = "int")]
    pub(crate) step_type: StepType,
}

/// In which order an export has its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ParquetOrder {
    /// By name.
    Alpha,
    /// Numbers, booleans and strings, then dicts and lists, each by name.
    ScalarsFirst,
}

/// How an export has its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StepType {
    /// Integers of 64 bits.
    Int,
    /// Doubles, as in old files of the service.
    Double,
}

/// Which runs `serve` gives as Parquet exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Exports {
    /// Runs that ended; running ones are all live.
    Ended,
    /// Runs that ended, and all but the last tenth of running ones.
    LiveTail,
    /// None: every row comes in live pages.
    Never,
    /// Every row of every run.
    Always,
}

/// List the runs of a project.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake runs team/digits\n  runlake runs team/digits --filters '{\"config.lr\": {\"$gte\": 0.1}}' --order=-summary_metrics.acc --columns run_id,config.lr,summary.acc --format csv"
)]
pub(crate) struct Runs {
    /// ENTITY/PROJECT, or the address of the project's page.
    pub(crate) project: String,
    /// A filter in Mongo's style, as the SDK takes it.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) filters: String,
    /// + or - and a field.
    #[arg(long, default_value = "+created_at", allow_hyphen_values = true)]
    pub(crate) order: String,
    /// Columns: fields of the `runs` table, config.KEY and summary.KEY.
    #[arg(long, value_name = "A,B", value_delimiter = ',', default_value = "run_id,display_name,state,created_at,history_line_count,tags")]
    pub(crate) columns: Vec<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) print: Print,
}

/// Read every row of one run's history, never sampled.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake scan team/digits/abc123 --format ndjson\n  runlake scan team/digits/abc123 --keys loss,val.acc --output abc123.parquet --format parquet"
)]
pub(crate) struct Scan {
    /// `ENTITY/PROJECT/RUN_ID`, or the address of the run's page.
    pub(crate) run: String,
    /// Only these keys, by their names with dots; rows that have none of them are left out.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) keys: Vec<String>,
    /// Only rows that have every key, as the SDK's `scan_history(keys`=…) gives.
    #[arg(long, requires = "keys")]
    pub(crate) require_all: bool,
    /// The first step, inclusive.
    #[arg(long, value_name = "STEP")]
    pub(crate) min_step: Option<i64>,
    /// The last step, exclusive.
    #[arg(long, value_name = "STEP")]
    pub(crate) max_step: Option<i64>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) print: Print,
}

/// Bring a lake in line with a project of the service: every run, every row. Run it again to resume, or to stay in sync.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake export team/digits --lake lake\n  runlake export team/digits --lake s3://bucket/lake --shard 1/4\n  runlake export team/digits --lake lake --filters '{\"state\": \"finished\"}' --since 7d --format ndjson"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Export {
    /// ENTITY/PROJECT, or the address of the project's page.
    pub(crate) project: String,
    /// The lake, a folder or an address such as `s3://bucket/lake`; it is made when there is none.
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) lake: String,
    /// Only runs that pass this filter; the lake keeps what it has of the others.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) filters: String,
    /// Only runs that sent something since then: a time such as 2026-11-24T09:30:00Z, or how long ago, such as 7d, 12h, 30m.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only these keys, by their names with dots, and the rows that have one of them.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) keys: Vec<String>,
    /// One part of several, when machines share a project out: 1/4 to 4/4.
    #[arg(long, value_name = "N/COUNT")]
    pub(crate) shard: Option<String>,
    /// Keep runs that the service no longer has.
    #[arg(long)]
    pub(crate) keep_deleted: bool,
    /// Read every run again, whatever the lake has of it.
    #[arg(long)]
    pub(crate) refresh: bool,
    /// Bring the runs' files along, into a lake on local disk.
    #[arg(long)]
    pub(crate) files: bool,
    /// In which form the lake has the histories.
    #[arg(long, value_enum, default_value = "wide")]
    pub(crate) layout: Layout,
    /// Say what would be done, and do nothing.
    #[arg(long, conflicts_with = "verify")]
    pub(crate) dry_run: bool,
    /// Afterwards read everything from the service once more and hold it against the lake.
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// How the summary of runs is printed.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// Say what a lake holds.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  runlake info --lake lake\n  runlake info --lake lake --format json")]
pub(crate) struct Info {
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub(crate) lake: String,
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

/// Read every row of a lake and check it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  runlake verify --lake lake")]
pub(crate) struct Verify {
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub(crate) lake: String,
}

/// Put small part files together into large ones, which readers open faster. No row changes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  runlake compact --lake lake")]
pub(crate) struct Compact {
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub(crate) lake: String,
}

/// Delete part files that no version of the last days needs: those that exports replaced, and those that killed exports left.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  runlake vacuum --lake lake --dry-run\n  runlake vacuum --lake lake --keep 2d")]
pub(crate) struct Vacuum {
    /// The lake.
    #[arg(long, value_name = "DIR")]
    pub(crate) lake: String,
    /// How old a file must be that nothing needs: longer than any reader or writer takes.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub(crate) keep: String,
    /// Name the files, and delete nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How the names are printed.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}
