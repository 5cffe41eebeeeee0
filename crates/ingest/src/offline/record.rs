//! The messages of a log, with the fields that this reader needs; all other fields are skipped.
//!
//! Source: <https://github.com/wandb/wandb/blob/main/wandb/proto/wandb_internal.proto>, field numbers checked against the
//! descriptors of wandb 0.31.0.

use prost::{Message, Oneof};
use runlake_types::{Json, JsonError};

/// One record, decoded for the survey.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Record {
    #[prost(oneof = "RecordType", tags = "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27, 100")]
    pub(super) record_type: Option<RecordType>,
}

/// What a record is about. Those that are only counted are not decoded.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum RecordType {
    #[prost(message, tag = "2")]
    History(HistoryRecord),
    #[prost(message, tag = "3")]
    Summary(ChangeRecord),
    #[prost(message, tag = "4")]
    Output(Skipped),
    #[prost(message, tag = "5")]
    Config(ChangeRecord),
    #[prost(message, tag = "6")]
    Files(Skipped),
    #[prost(message, tag = "7")]
    Stats(StatsRecord),
    #[prost(message, tag = "8")]
    Artifact(Skipped),
    #[prost(message, tag = "9")]
    Tbrecord(Skipped),
    #[prost(message, tag = "10")]
    Alert(Skipped),
    #[prost(message, tag = "11")]
    Telemetry(Skipped),
    #[prost(message, tag = "12")]
    Metric(Skipped),
    #[prost(message, tag = "13")]
    OutputRaw(Skipped),
    #[prost(message, tag = "17")]
    Run(Box<RunRecord>),
    #[prost(message, tag = "18")]
    Exit(RunExitRecord),
    #[prost(message, tag = "20")]
    Final(Skipped),
    #[prost(message, tag = "21")]
    Header(Skipped),
    #[prost(message, tag = "22")]
    Footer(Skipped),
    #[prost(message, tag = "23")]
    Preempting(Skipped),
    #[prost(message, tag = "24")]
    NoopLinkArtifact(Skipped),
    #[prost(message, tag = "25")]
    UseArtifact(Skipped),
    #[prost(message, tag = "26")]
    Environment(EnvironmentRecord),
    #[prost(message, tag = "27")]
    OutputLogger(Skipped),
    #[prost(message, tag = "100")]
    Request(Skipped),
}

impl RecordType {
    /// The name of the field in the protocol.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::History(_) => "history",
            Self::Summary(_) => "summary",
            Self::Output(_) => "output",
            Self::Config(_) => "config",
            Self::Files(_) => "files",
            Self::Stats(_) => "stats",
            Self::Artifact(_) => "artifact",
            Self::Tbrecord(_) => "tbrecord",
            Self::Alert(_) => "alert",
            Self::Telemetry(_) => "telemetry",
            Self::Metric(_) => "metric",
            Self::OutputRaw(_) => "output_raw",
            Self::Run(_) => "run",
            Self::Exit(_) => "exit",
            Self::Final(_) => "final",
            Self::Header(_) => "header",
            Self::Footer(_) => "footer",
            Self::Preempting(_) => "preempting",
            Self::NoopLinkArtifact(_) => "noop_link_artifact",
            Self::UseArtifact(_) => "use_artifact",
            Self::Environment(_) => "environment",
            Self::OutputLogger(_) => "output_logger",
            Self::Request(_) => "request",
        }
    }
}

/// One record, decoded for the rows: everything but rows and the time of the start is skipped.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RowRecord {
    #[prost(message, optional, tag = "2")]
    pub(super) history: Option<HistoryRecord>,
    #[prost(message, optional, tag = "7")]
    pub(super) stats: Option<StatsRecord>,
    #[prost(message, optional, tag = "17")]
    pub(super) run: Option<RunStart>,
}

/// A message whose content does not matter here.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Skipped {}

/// One row of the history.
#[derive(Clone, PartialEq, Message)]
pub(super) struct HistoryRecord {
    #[prost(message, repeated, tag = "1")]
    pub(super) items: Vec<HistoryItem>,
    #[prost(message, optional, tag = "2")]
    pub(super) step: Option<HistoryStep>,
}

/// The step of a row.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct HistoryStep {
    #[prost(int64, tag = "1")]
    pub(super) num: i64,
}

/// One value of a row. The SDK writes `value_json`, a typed value, or both (`x_history_value_encoding`).
#[derive(Clone, PartialEq, Message)]
pub(super) struct HistoryItem {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) nested_key: Vec<String>,
    #[prost(oneof = "TypedValue", tags = "3, 4, 5, 6, 7, 8")]
    pub(super) value: Option<TypedValue>,
    #[prost(string, tag = "16")]
    pub(super) value_json: String,
}

/// A value that keeps its type: 1.0 is not 1 here.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum TypedValue {
    #[prost(int32, tag = "3")]
    None(i32),
    #[prost(bool, tag = "4")]
    Boolean(bool),
    #[prost(sint64, tag = "5")]
    Integer(i64),
    #[prost(double, tag = "6")]
    Number(f64),
    #[prost(string, tag = "7")]
    Text(String),
    #[prost(string, tag = "8")]
    Json(String),
}

impl HistoryItem {
    /// The value: the typed one where there is one, since it says most.
    pub(super) fn take_value(&mut self) -> Result<Json, JsonError> {
        Ok(match self.value.take() {
            None => Json::parse(&self.value_json)?,
            Some(TypedValue::None(_)) => Json::Null,
            Some(TypedValue::Boolean(value)) => Json::Bool(value),
            Some(TypedValue::Integer(value)) => Json::from(value),
            Some(TypedValue::Number(value)) => Json::from(value),
            Some(TypedValue::Text(value)) => Json::from(value),
            Some(TypedValue::Json(value)) => Json::parse(&value)?,
        })
    }
}

/// A change of the config or of the summary.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ChangeRecord {
    #[prost(message, repeated, tag = "1")]
    pub(super) update: Vec<ChangeItem>,
    #[prost(message, repeated, tag = "2")]
    pub(super) remove: Vec<ChangeItem>,
}

/// One key of a config or summary, and its new value as JSON.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ChangeItem {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) nested_key: Vec<String>,
    #[prost(string, tag = "16")]
    pub(super) value_json: String,
}

/// One row of system metrics.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StatsRecord {
    #[prost(message, optional, tag = "2")]
    pub(super) timestamp: Option<Instant>,
    #[prost(message, repeated, tag = "3")]
    pub(super) items: Vec<StatsItem>,
}

/// One system metric: its key without `system.`, and its value as JSON.
#[derive(Clone, PartialEq, Message)]
pub(super) struct StatsItem {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(string, tag = "16")]
    pub(super) value_json: String,
}

/// What a run is called and where it belongs.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RunRecord {
    #[prost(string, tag = "1")]
    pub(super) run_id: String,
    #[prost(string, tag = "2")]
    pub(super) entity: String,
    #[prost(string, tag = "3")]
    pub(super) project: String,
    #[prost(message, optional, tag = "4")]
    pub(super) config: Option<ChangeRecord>,
    #[prost(message, optional, tag = "5")]
    pub(super) summary: Option<ChangeRecord>,
    #[prost(string, tag = "6")]
    pub(super) run_group: String,
    #[prost(string, tag = "7")]
    pub(super) job_type: String,
    #[prost(string, tag = "8")]
    pub(super) display_name: String,
    #[prost(string, tag = "9")]
    pub(super) notes: String,
    #[prost(string, repeated, tag = "10")]
    pub(super) tags: Vec<String>,
    #[prost(string, tag = "12")]
    pub(super) sweep_id: String,
    #[prost(message, optional, tag = "17")]
    pub(super) start_time: Option<Instant>,
    #[prost(message, optional, tag = "21")]
    pub(super) git: Option<GitRepoRecord>,
}

/// When a run began: a [`RunRecord`] of which nothing else is read.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct RunStart {
    #[prost(message, optional, tag = "17")]
    pub(super) start_time: Option<Instant>,
}

/// The machine and program of a run.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct EnvironmentRecord {
    #[prost(message, optional, tag = "9")]
    pub(super) git: Option<GitRepoRecord>,
}

/// The git repository of a run.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct GitRepoRecord {
    #[prost(string, tag = "2")]
    pub(super) commit: String,
}

/// The end of a run. `runtime` is in whole seconds since the start.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct RunExitRecord {
    #[prost(int32, tag = "1")]
    pub(super) exit_code: i32,
    #[prost(int32, tag = "2")]
    pub(super) runtime: i32,
}

/// `google.protobuf.Timestamp`: since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Instant {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

impl Instant {
    /// Seconds since the Unix epoch, as the SDK computes them.
    #[expect(clippy::cast_precision_loss, reason = "seconds of this age are exact in float64")]
    pub(super) fn seconds(self) -> f64 {
        self.seconds as f64 + f64::from(self.nanos) / 1e9
    }

    /// Seconds from `start` to this instant, subtracted before they become a float.
    pub(super) fn seconds_since(self, start: Self) -> f64 {
        let nanos =
            (i128::from(self.seconds) - i128::from(start.seconds)) * 1_000_000_000 + i128::from(self.nanos) - i128::from(start.nanos);
        #[expect(clippy::cast_precision_loss, reason = "a run is shorter than 2^53 seconds, and the rest is below 1e9")]
        let (whole, rest) = ((nanos / 1_000_000_000) as f64, (nanos % 1_000_000_000) as f64);
        whole + rest / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lose_no_digits() {
        let start = Instant { seconds: 1_795_493_863, nanos: 150_510_000 };
        let later = Instant { seconds: 1_795_493_863, nanos: 187_958_934 };
        assert_eq!(later.seconds().to_string(), "1795493863.187959");
        assert_eq!(later.seconds_since(start).to_string(), "0.037448934");
        assert_eq!(start.seconds_since(later).to_string(), "-0.037448934");
    }

    #[test]
    fn a_typed_value_says_more_than_its_json() {
        let mut item = HistoryItem { value: Some(TypedValue::Number(-0.0)), value_json: "-0".to_owned(), ..HistoryItem::default() };
        assert_eq!(item.take_value().unwrap().to_string(), "-0.0");
        let mut item = HistoryItem { value: Some(TypedValue::Integer(i64::MIN)), ..HistoryItem::default() };
        assert_eq!(item.take_value().unwrap().to_string(), "-9223372036854775808");
        assert!(HistoryItem::default().take_value().is_err());
    }
}
