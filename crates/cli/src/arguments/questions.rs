//! Questions across the runs of a lake.

use clap::{Args, ValueEnum};

use super::PrintOptions;

/// Which runs of which lake.
#[derive(Args, Clone, Debug)]
pub(crate) struct LakeRuns {
    /// The lake, a folder or an address such as `s3://bucket/lake`.
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) lake: String,
    /// ENTITY/PROJECT, several times for several [default: the lake's only project].
    #[arg(long, value_name = "ENTITY/PROJECT")]
    pub(crate) project: Vec<String>,
    /// Only runs that pass this filter, in the language of the service.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) filters: String,
    /// Only these runs.
    #[arg(long, value_name = "RUN_ID,...", value_delimiter = ',')]
    pub(crate) runs: Vec<String>,
}

/// How runs come onto one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Align {
    /// Every place at which any run has a point: an outer join.
    Exact,
    /// The nearest point of each run before each place, or as --direction says.
    Asof,
    /// Straight lines between the points of each run.
    Linear,
    /// A number for the points in each stretch of the axis, as --value says.
    Buckets,
}

/// Where the nearest point may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Direction {
    /// Before the place, or on it.
    Backward,
    /// After the place, or on it.
    Forward,
    /// On either side.
    Nearest,
}

/// The number for the points in a stretch of the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BucketValue {
    Mean,
    Min,
    Max,
    First,
    Last,
    Count,
}

/// The axis, and how runs come onto it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "The axis")]
pub(crate) struct OnAxis {
    /// The x axis: _step, _runtime, _timestamp or a logged metric.
    #[arg(long, value_name = "KEY", default_value = "_step")]
    pub(crate) x_axis: String,
    /// How runs come onto it.
    #[arg(long, value_enum, default_value = "buckets")]
    pub(crate) align: Align,
    #[command(flatten)]
    pub(crate) places: AxisPlaces,
    /// Metrics of the machine, such as `system.gpu.0.gpu`, in place of what was logged; the axis is then _runtime or _timestamp.
    #[arg(long)]
    pub(crate) system: bool,
}

/// The places of an axis, and what a run has there.
#[derive(Args, Clone, Debug)]
pub(crate) struct AxisPlaces {
    /// How many even places or stretches; with exact, and with 0 for asof and linear, it is every place at which any run has a point.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) places: usize,
    /// Where the nearest point may lie, with --align asof.
    #[arg(long, value_enum, default_value = "backward")]
    pub(crate) direction: Direction,
    /// How far away the nearest point may lie, in units of the axis [default: any distance].
    #[arg(long, value_name = "DISTANCE")]
    pub(crate) tolerance: Option<f64>,
    /// The number for the points in a stretch, with --align buckets.
    #[arg(long, value_enum, default_value = "mean")]
    pub(crate) value: BucketValue,
    /// Where the places begin [default: the first place of any run].
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub(crate) from: Option<f64>,
    /// Where they end [default: the last place of any run].
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub(crate) to: Option<f64>,
}

/// Statistics over groups of runs, on one axis.
#[derive(Args, Debug)]
#[command(
    after_help = "Statistics: count, nan, mean, std, sem, min, max, median, p05 (any percentile), iqm (interquartile mean), ci95.low and ci95.high (bootstrap).\n\nExamples:\n  runlake stats val.acc --lake lake --group-by config.lr --statistics mean,p10,p90\n  runlake stats 'train/*' --lake lake --group-by config.optimizer --x-axis _runtime --align asof --places 200 --format csv"
)]
pub(crate) struct Stats {
    /// Keys: names, globs such as 'train/*', or re:EXPRESSION.
    #[arg(required = true, value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// Fields whose equal values make a group: config.KEY, summary.KEY, tags, group, sweep, `job_type`, state, username.
    #[arg(long, value_name = "FIELD,...", value_delimiter = ',')]
    pub(crate) group_by: Vec<String>,
    /// What is computed at each place.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', default_value = "mean,std,min,max,count")]
    pub(crate) statistics: Vec<String>,
    /// Smooth each run before: ema:WEIGHT (as the service's charts), rolling:POINTS or gaussian:POINTS.
    #[arg(long, value_name = "KIND:N")]
    pub(crate) smooth: Option<String>,
    /// The seed of bootstraps.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// How many times a bootstrap draws.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) resamples: u32,
    #[command(flatten)]
    pub(crate) axis: OnAxis,
    #[command(flatten)]
    pub(crate) runs: LakeRuns,
    #[command(flatten)]
    pub(crate) print: PrintOptions,
}

/// Which value of a run counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Goal {
    /// The greatest.
    Max,
    /// The least.
    Min,
    /// The last that was logged.
    Last,
}

/// The best value of each run, with everything else at that step; the best run first.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake best val.acc --lake lake\n  runlake best train/loss --goal min --with 'val.*' --threshold 0.5 --area --lake lake --format csv"
)]
pub(crate) struct Best {
    /// The metric.
    pub(crate) key: String,
    /// Which value is best.
    #[arg(long, value_enum, default_value = "max")]
    pub(crate) goal: Goal,
    /// Keys whose values at that step stand beside: names, globs, re:EXPRESSION. None with ''.
    #[arg(long, value_name = "KEY,...", value_delimiter = ',', default_value = "re:.*")]
    pub(crate) with: Vec<String>,
    /// Also when the metric was first at this value or better; with --goal last, at it or below.
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) threshold: Option<f64>,
    /// Also the area under the curve.
    #[arg(long)]
    pub(crate) area: bool,
    /// The axis of --threshold and --area.
    #[arg(long, value_name = "KEY", default_value = "_step")]
    pub(crate) x_axis: String,
    #[command(flatten)]
    pub(crate) runs: LakeRuns,
    #[command(flatten)]
    pub(crate) print: PrintOptions,
}

/// Show in what runs differ: config, summary and the rest.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake compare abc123 def456 --lake lake\n  runlake compare --filters '{\"tags\": \"best\"}' --all --lake lake --format csv"
)]
pub(crate) struct Compare {
    /// The ids of the runs [default: all that pass the filter].
    #[arg(value_name = "RUN_ID")]
    pub(crate) run_ids: Vec<String>,
    /// Also what they have in common.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) runs: LakeRuns,
    #[command(flatten)]
    pub(crate) print: PrintOptions,
}

/// Show what is in each key: values, nulls, NaN, bounds, last value, first and last step.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  runlake describe --lake lake\n  runlake describe 'val.*' --per-run --lake lake --format csv")]
pub(crate) struct Describe {
    /// Keys: names, globs, re:EXPRESSION [default: all].
    #[arg(value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// A line for each run and key, in place of one for each key.
    #[arg(long)]
    pub(crate) per_run: bool,
    #[command(flatten)]
    pub(crate) runs: LakeRuns,
    #[command(flatten)]
    pub(crate) print: PrintOptions,
}

/// Show which config keys moved a metric: correlation of numbers, share of variance of categories; the strongest first.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake correlate val.acc --lake lake\n  runlake correlate train/loss --goal last --lake lake --format json"
)]
pub(crate) struct Correlate {
    /// The metric that is the outcome.
    pub(crate) key: String,
    /// Which value of each run is its outcome.
    #[arg(long, value_enum, default_value = "max")]
    pub(crate) goal: Goal,
    #[command(flatten)]
    pub(crate) runs: LakeRuns,
    #[command(flatten)]
    pub(crate) print: PrintOptions,
}

/// Show which runs went wrong, and when: NaN, infinity, curves that blew up, and runs unlike the others.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake anomalies train/loss --lake lake\n  runlake anomalies val.acc --goal max --outlier 3 --lake lake"
)]
pub(crate) struct Anomalies {
    /// Keys: names, globs, re:EXPRESSION [default: all that hold numbers].
    #[arg(value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// Which values are better: a curve blows up when it gets worse [default: min where keys are named; else no curve is looked at so].
    #[arg(long, value_enum)]
    pub(crate) goal: Option<Goal>,
    /// By how many typical steps a value must be worse than the best before it.
    #[arg(long, value_name = "N", default_value_t = 20.0)]
    pub(crate) steps: f64,
    /// How far from zero the modified z-score of a run's last value must be.
    #[arg(long, value_name = "SCORE", default_value_t = 3.5)]
    pub(crate) outlier: f64,
    #[command(flatten)]
    pub(crate) runs: LakeRuns,
    #[command(flatten)]
    pub(crate) print: PrintOptions,
}

/// Put history rows beside something else: the machine's metrics, another project, or a table of your own.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake join train/loss --with system --keys-of-other 'system.gpu*' --tolerance 30 --lake lake\n  runlake join val.acc --with costs.csv --on run_id --lake lake\n  runlake join val.acc --with team/digits-v2 --on config.seed --lake lake"
)]
pub(crate) struct Join {
    /// Keys: names, globs, re:EXPRESSION.
    #[arg(required = true, value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// `system`, a file (.csv, .parquet, .ndjson, .arrow), or ENTITY/PROJECT of the same lake.
    #[arg(long, value_name = "OTHER")]
    pub(crate) with: String,
    /// What must be equal: columns of the file, such as `run_id`; or fields of the runs of both projects, such as config.seed. With another
    /// project, points at the same place of --x-axis are put together.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) on: Vec<String>,
    /// Keys of the other side [default: all metrics of the machine; the same keys of the other project].
    #[arg(long, value_name = "KEY,...", value_delimiter = ',')]
    pub(crate) keys_of_other: Vec<String>,
    /// The axis along which two projects are joined.
    #[arg(long, value_name = "KEY", default_value = "_step")]
    pub(crate) x_axis: String,
    /// Where a reading of the machine may lie in time.
    #[arg(long, value_enum, default_value = "nearest")]
    pub(crate) direction: Direction,
    /// How many seconds away it may lie.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub(crate) tolerance: f64,
    #[command(flatten)]
    pub(crate) runs: LakeRuns,
    #[command(flatten)]
    pub(crate) print: PrintOptions,
}

/// Draw curves of runs, or of groups of runs with bands: in the terminal, or as SVG or PNG.
///
/// Without --group-by, each run is a line; more than twelve are thin lines of one colour.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake plot val.acc --lake lake\n  runlake plot val.acc --group-by config.lr --around p10-p90 --lake lake --output acc.svg\n  runlake plot train/loss --log-y --smooth ema:0.9 --x-axis _runtime --lake lake --output loss.png"
)]
pub(crate) struct Plot {
    /// Keys: names, globs, re:EXPRESSION.
    #[arg(required = true, value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// Fields whose equal values make a group: config.KEY, summary.KEY, tags, group, sweep, `job_type`, state, username. ALL is one group of all.
    #[arg(long, value_name = "FIELD,...", value_delimiter = ',')]
    pub(crate) group_by: Vec<String>,
    /// The line of a group: mean, median, iqm, min, max or any percentile, such as p90.
    #[arg(long, value_name = "STATISTIC", default_value = "mean")]
    pub(crate) middle: String,
    /// The band around it: std, sem, minmax, iqr, ci95, two statistics such as p10-p90, or none.
    #[arg(long, value_name = "BAND", default_value = "std")]
    pub(crate) around: String,
    /// Smooth the lines, with the raw ones faintly behind: ema:WEIGHT (as the service's charts), rolling:POINTS or gaussian:POINTS.
    #[arg(long, value_name = "KIND:N")]
    pub(crate) smooth: Option<String>,
    /// A logarithmic x axis.
    #[arg(long)]
    pub(crate) log_x: bool,
    /// A logarithmic y axis.
    #[arg(long)]
    pub(crate) log_y: bool,
    /// Where the y axis begins [default: below the least value].
    #[arg(long, value_name = "Y", allow_hyphen_values = true)]
    pub(crate) y_from: Option<f64>,
    /// Where it ends [default: above the greatest value].
    #[arg(long, value_name = "Y", allow_hyphen_values = true)]
    pub(crate) y_to: Option<f64>,
    /// A title above the picture.
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// The picture's size in pixels; a PNG has twice as many for sharp letters. In the terminal, columns and lines.
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    pub(crate) size: Option<String>,
    /// The file, ending in .svg or .png [default: the terminal].
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub(crate) axis: OnAxis,
    #[command(flatten)]
    pub(crate) runs: LakeRuns,
}
