//! The answers as they come over the wire. Private: each is turned into a public type beside the call that reads it.
//!
//! Members that a server leaves out or sets to null are `None`; members that this version does not know are passed over.

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Deserialize)]
pub(crate) struct ViewerData {
    pub(crate) viewer: Option<WireViewer>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireViewer {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) admin: Option<bool>,
    pub(crate) entity: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) teams: Option<Connection<WireName>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireName {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ProjectsData {
    pub(crate) models: Option<Connection<WireProject>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireProject {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) entity_name: Option<String>,
    pub(crate) created_at: Option<String>,
}

/// What `project(name:, entityName:)` holds, by what was asked of it.
#[derive(Debug, Deserialize)]
pub(crate) struct ProjectData<T> {
    pub(crate) project: Option<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunsOfProject {
    pub(crate) run_count: Option<u64>,
    pub(crate) runs: Option<Connection<WireRun>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CountOfProject {
    pub(crate) run_count: u64,
}

/// What `run(name:)` holds, by what was asked of it.
#[derive(Debug, Deserialize)]
pub(crate) struct RunOfProject<T> {
    pub(crate) run: Option<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection<T> {
    pub(crate) edges: Option<Vec<Edge<T>>>,
    pub(crate) page_info: Option<PageInfo>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Edge<T> {
    pub(crate) node: Option<T>,
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    pub(crate) end_cursor: Option<String>,
    pub(crate) has_next_page: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireRun {
    pub(crate) id: String,
    pub(crate) name: String,
    /// A numeric string, or a number.
    pub(crate) project_id: Option<serde_json::Value>,
    pub(crate) display_name: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) group: Option<String>,
    pub(crate) job_type: Option<String>,
    pub(crate) sweep_name: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) read_only: Option<bool>,
    pub(crate) created_at: Option<String>,
    pub(crate) heartbeat_at: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) history_line_count: Option<i64>,
    pub(crate) user: Option<WireUser>,
    /// JSON text in a string, or now and then the object itself, as are the two below.
    pub(crate) config: Option<Box<RawValue>>,
    pub(crate) summary_metrics: Option<Box<RawValue>>,
    pub(crate) system_metrics: Option<Box<RawValue>>,
    /// The object itself, or now and then JSON text in a string.
    pub(crate) history_keys: Option<Box<RawValue>>,
    /// Asked for by plans only.
    pub(crate) parquet_history: Option<WireParquetHistory>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireUser {
    pub(crate) name: Option<String>,
    pub(crate) username: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct HistoryOfRun {
    pub(crate) history: Option<Vec<String>>,
}

/// [`HistoryOfRun`] as it stands in the reply.
#[derive(Debug, Deserialize)]
pub(crate) struct RawHistoryOfRun<'a> {
    #[serde(borrow)]
    pub(crate) history: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EventsOfRun {
    pub(crate) events: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SampledHistoryOfRun<'a> {
    /// For each spec its rows, as the list stands in the reply.
    #[serde(borrow)]
    pub(crate) sampled_history: Option<Vec<Option<&'a RawValue>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParquetHistoryOfRun {
    pub(crate) parquet_history: Option<WireParquetHistory>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireParquetHistory {
    pub(crate) parquet_urls: Option<Vec<String>>,
    pub(crate) live_data: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StateOfRun {
    pub(crate) state: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HistoryKeysOfRun {
    pub(crate) history_keys: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FilesOfRun {
    pub(crate) files: Option<Connection<WireFileUrl>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireFileUrl {
    pub(crate) name: String,
    pub(crate) url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsoleOfRun {
    pub(crate) log_line_count: Option<u64>,
    pub(crate) log_lines: Option<Connection<WireLogLine>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireLogLine {
    pub(crate) number: Option<u64>,
    pub(crate) timestamp: Option<String>,
    pub(crate) level: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) line: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SweepOfProject {
    pub(crate) sweep: Option<WireSweep>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireSweep {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) best_loss: Option<f64>,
    pub(crate) config: Option<String>,
    pub(crate) created_at: Option<String>,
    pub(crate) updated_at: Option<String>,
    pub(crate) run_count: Option<u64>,
    pub(crate) run_count_expected: Option<u64>,
}

/// What `upsertBucket` answers, by what was asked of the run.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpsertedRun<T> {
    pub(crate) upsert_bucket: Option<Bucket<T>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Bucket<T> {
    pub(crate) bucket: Option<T>,
    pub(crate) inserted: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireMadeRun {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) project: Option<WireProjectAndEntity>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireProjectAndEntity {
    pub(crate) name: String,
    pub(crate) entity: Option<WireName>,
}

/// What a mutation answers that only says whether it was done. `null` is a refusal.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Done {
    #[serde(alias = "deleteRun", alias = "updateRunState", alias = "stopRun")]
    pub(crate) done: Option<Success>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Success {
    pub(crate) success: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpsertedProject {
    pub(crate) upsert_model: Option<MadeProject>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MadeProject {
    pub(crate) project: Option<WireProject>,
    pub(crate) inserted: Option<bool>,
}
