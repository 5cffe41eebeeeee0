//! `runlake run …`: what can be asked of one run and done to it. `history`, `histories` and `projects` beside it.

use clap::{Args, Subcommand, ValueEnum};

use super::artifact::{Artifacts, DeleteFiles, Download, Files, LogArtifact, Upload, UseArtifact};
use super::questions::{Align, AxisPlaces};
use super::{Connection, Print, PrintOptions};

/// Show one run, change it, wait for it.
///
/// A run is `ENTITY/PROJECT/RUN_ID` or the address of its page; what is left out comes from `WANDB_ENTITY` and `WANDB_PROJECT`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake run show team/digits/abc123\n  runlake run update team/digits/abc123 --tags best,v2 --summary acc=0.93\n  runlake run wait team/digits/abc123 --timeout 3600\n  runlake run delete team/digits/abc123 --yes"
)]
pub(crate) struct Run {
    #[command(subcommand)]
    pub(crate) command: RunCommand,
}

/// What is done with a run.
#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Everything that the service says of the run.
    Show(OneRun),
    /// The config.
    Config(ConfigOf),
    /// The summary.
    Summary(OneRun),
    /// The keys of the history, with the kinds of their values.
    Keys(OneRun),
    /// Make a run.
    Create(Create),
    /// Change name, notes, tags, group, job type, config or summary. What is not named stays as it is.
    Update(Update),
    /// Requeue the run (pending) or give it up (failed).
    SetState(SetState),
    /// Ask the run's process to stop, and do not wait until it does.
    Stop(Place),
    /// Delete the run for good.
    Delete(Delete),
    /// Wait until the run has ended, and print its state.
    Wait(Wait),
    /// HTML with a frame that shows the run's page.
    Html(Html),
    /// What the run's process wrote to its console.
    Console(Console),
    /// The files of the run.
    Files(Files),
    /// Download files of the run.
    Download(Download),
    /// Upload files to the run.
    Upload(Upload),
    /// Delete files of the run for good.
    DeleteFiles(DeleteFiles),
    /// The artifacts that the run logged, or those that it uses.
    Artifacts(Artifacts),
    /// Log an artifact as made by the run.
    LogArtifact(LogArtifact),
    /// Say that the run uses an artifact.
    UseArtifact(UseArtifact),
}

/// A run, and how it is reached.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// `ENTITY/PROJECT/RUN_ID`, or the address of the run's page.
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args, Debug)]
pub(crate) struct OneRun {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) print: Print,
}

#[derive(Args, Debug)]
pub(crate) struct ConfigOf {
    #[command(flatten)]
    pub(crate) place: Place,
    /// With what the client keeps in the config under `_wandb`.
    #[arg(long)]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) print: Print,
}

/// What a run is given.
#[derive(Args, Debug)]
pub(crate) struct Fields {
    /// The name for people.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Notes for people; an empty text clears them.
    #[arg(long)]
    pub(crate) notes: Option<String>,
    /// The description; an empty text clears it.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// All tags; an empty text clears them.
    #[arg(long, value_name = "A,B")]
    pub(crate) tags: Option<String>,
    /// The group; an empty text clears it.
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// What the run does, such as train; an empty text clears it.
    #[arg(long, value_name = "TYPE")]
    pub(crate) job_type: Option<String>,
    /// A value of the config: JSON, or else a text as it stands. The rest of the config stays. May come several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) config: Vec<String>,
    /// A value of the summary, likewise.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) summary: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Create {
    /// `ENTITY/PROJECT` for a run with a random id, or `ENTITY/PROJECT/RUN_ID`. The project is made if need be.
    pub(crate) place: String,
    /// Pending, for a process to come, rather than running.
    #[arg(long)]
    pub(crate) pending: bool,
    #[command(flatten)]
    pub(crate) fields: Fields,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) print: Print,
}

#[derive(Args, Debug)]
pub(crate) struct Update {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) fields: Fields,
    /// Tags to add to those that are there.
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with = "tags")]
    pub(crate) add_tags: Vec<String>,
    /// Tags to take away.
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with = "tags")]
    pub(crate) remove_tags: Vec<String>,
    /// Keys to take out of the config.
    #[arg(long, value_name = "KEY")]
    pub(crate) unset_config: Vec<String>,
    /// Keys to take out of the summary.
    #[arg(long, value_name = "KEY")]
    pub(crate) unset_summary: Vec<String>,
    #[command(flatten)]
    pub(crate) print: Print,
}

/// The states that a run can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SettableState {
    /// From running, failed, crashed or preempted.
    Pending,
    /// From pending or running.
    Failed,
}

#[derive(Args, Debug)]
pub(crate) struct SetState {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The state.
    #[arg(value_enum)]
    pub(crate) state: SettableState,
}

#[derive(Args, Debug)]
pub(crate) struct Delete {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The artifacts that the run logged go with it.
    #[arg(long = "delete-artifacts")]
    pub(crate) with_artifacts: bool,
    /// Do not ask. Needed where nobody can answer.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Wait {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, allow_negative_numbers = true)]
    pub(crate) poll_interval: f64,
    /// Give up after so many seconds, with exit code 1 [default: never].
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) timeout: Option<f64>,
}

#[derive(Args, Debug)]
pub(crate) struct Html {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The height of the frame in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 420)]
    pub(crate) height: u32,
    /// A button stands in the place of the frame until it is pressed.
    #[arg(long)]
    pub(crate) hidden: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Console {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Only so many of the last lines.
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<u32>,
    /// Lines in one request.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) per_page: u32,
    /// As a table, the lines are printed as they were written; other formats have number, time, level and label too.
    #[command(flatten)]
    pub(crate) print: Print,
}

/// Which of a run's two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stream {
    /// The metrics that the run logged.
    Default,
    /// Those of its machine.
    System,
}

/// What is sampled.
#[derive(Args, Debug)]
pub(crate) struct Sample {
    /// The most rows of a run [default: 500].
    #[arg(long, value_name = "N")]
    pub(crate) samples: Option<u64>,
    /// Only rows that hold all of these keys, with nothing but these and the x axis.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) keys: Vec<String>,
    /// The key that stands for the x axis when keys are given.
    #[arg(long, value_name = "KEY", default_value = "_step")]
    pub(crate) x_axis: String,
    /// The metrics of the run, or those of its machine.
    #[arg(long, value_enum, default_value = "default")]
    pub(crate) stream: Stream,
}

/// Read a sample of one run's history, for a look. `scan` reads every row.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake history team/digits/abc123 --keys loss,val.acc\n  runlake history team/digits/abc123 --stream system --format csv"
)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) sample: Sample,
    #[command(flatten)]
    pub(crate) print: Print,
}

/// Read the histories of many runs into one table: from the service samples, or every row with `--all`; with `--lake` from a lake, every row
/// unless --sample says otherwise, or on one axis with --align.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake histories team/digits --keys loss --format csv\n  runlake histories team/digits --filters '{\"tags\": \"best\"}' --all --output best.parquet\n  runlake histories --lake lake --keys 'val.*' --output val.parquet\n  runlake histories --lake lake --keys loss --x-axis _runtime --align asof --wide --format csv"
)]
pub(crate) struct Histories {
    /// `ENTITY/PROJECT`, or the address of the project's page [with --lake, default: the lake's only project].
    #[arg(required_unless_present = "lake")]
    pub(crate) project: Option<String>,
    /// A filter in Mongo's style, as the SDK takes it.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) filters: String,
    /// + or - and a field.
    #[arg(long, default_value = "+created_at", allow_hyphen_values = true, conflicts_with = "lake")]
    pub(crate) order: String,
    /// Every row of every run instead of samples, as with --lake. With --keys, the rows that have one of the keys.
    #[arg(long, conflicts_with = "samples")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) sample: Sample,
    #[command(flatten)]
    pub(crate) of_lake: OfLake,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) print: PrintOptions,
}

/// Histories out of a lake.
#[derive(Args, Debug)]
#[command(next_help_heading = "From a lake")]
pub(crate) struct OfLake {
    /// Read a lake, a folder or an address such as `s3://bucket/lake`, in place of the service. Keys may then be globs, or re:EXPRESSION.
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) lake: Option<String>,
    /// Only these runs.
    #[arg(long, value_name = "RUN_ID,...", value_delimiter = ',', requires = "lake")]
    pub(crate) runs: Vec<String>,
    /// Only so many rows of each run, by a rule: even:N, lttb:N (keeps the shape of curves), minmax:N (keeps spikes).
    #[arg(long, value_name = "RULE:N", requires = "lake", conflicts_with = "align")]
    pub(crate) sample: Option<String>,
    /// Only rows that have every key, as the SDK's keys do; by default rows that have any.
    #[arg(long, requires = "lake", conflicts_with = "align")]
    pub(crate) require_all: bool,
    /// Only steps from here on.
    #[arg(long, value_name = "STEP", requires = "lake")]
    pub(crate) min_step: Option<i64>,
    /// Only steps before this one.
    #[arg(long, value_name = "STEP", requires = "lake")]
    pub(crate) max_step: Option<i64>,
    /// Bring the runs onto one axis.
    #[arg(long, value_enum, requires = "lake")]
    pub(crate) align: Option<Align>,
    /// A column for each run, in place of a line for each run and place.
    #[arg(long, requires = "align")]
    pub(crate) wide: bool,
    #[command(flatten)]
    pub(crate) places: AxisPlaces,
    /// Smooth each run: ema:WEIGHT (as the service's charts), rolling:POINTS or gaussian:POINTS.
    #[arg(long, value_name = "KIND:N", requires = "align")]
    pub(crate) smooth: Option<String>,
    /// Show how the rows would be read, and read none.
    #[arg(long, requires = "lake", conflicts_with = "align")]
    pub(crate) explain: bool,
}

/// List the projects of an entity.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  runlake projects\n  runlake projects team --format json")]
pub(crate) struct Projects {
    /// The user or team [default: `WANDB_ENTITY`, then the owner of the key].
    pub(crate) entity: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) print: Print,
}
