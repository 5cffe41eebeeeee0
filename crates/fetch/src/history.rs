//! The logged rows of one run: pages of history, samples of it, system events, and where the exports are.
//!
//! What the arguments mean on the wire is read from the official client: pages in
//! <https://github.com/wandb/wandb/tree/main/core/internal/runhistoryreader>, samples in
//! <https://github.com/wandb/wandb/blob/main/wandb/apis/public/runs.py>.

use bytes::Bytes;
use runlake_types::{HistoryKeys, Json, JsonError, Number, RunPath};
use serde::Deserialize;
use serde_json::json;

use crate::error::{Error, ErrorKind};
use crate::graphql::{Reply, decode_borrowed, graphql_int, read_tracking};
use crate::retry::Retry;
use crate::run_record::embedded_object;
use crate::runs::failed;
use crate::signed_url::SignedUrl;
use crate::wire::{
    EventsOfRun, HistoryKeysOfRun, HistoryOfRun, ParquetHistoryOfRun, ProjectData, RawHistoryOfRun, RunOfProject, WireParquetHistory,
};
use crate::{Client, documents};

/// The rows from `min_step` up to and without `max_step`, `samples` of them at most: a server that has more leaves rows out without
/// saying so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepWindow {
    /// The first step.
    pub min_step: i64,
    /// The step after the last.
    pub max_step: i64,
    /// The most rows that may come.
    pub samples: u64,
}

/// Where the exported part of a run's history is, and where the rest begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParquetHistory {
    /// The Parquet files, whose order may differ from call to call.
    pub urls: Vec<SignedUrl>,
    /// The smallest step that the service says is not exported; `None` when it names no such row.
    pub live_from: Option<i64>,
}

impl Client {
    /// What the service knows of a run's history now: its keys, their types and the last step. `None` for a run without one.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`], and as every call.
    pub async fn history_keys(&self, run: &RunPath) -> Result<Option<HistoryKeys>, Error> {
        let operation = "ask for the keys of the history";
        let data: HistoryKeysOfRun = self.query_run(operation, documents::HISTORY_KEYS, run, json!({})).await?;
        let keys = embedded_object(data.history_keys.as_deref());
        let keys =
            keys.map_err(|source| failed(operation, ErrorKind::InvalidValue { path: format!("the history keys of {run}"), source }))?;
        Ok((!keys.is_empty()).then(|| HistoryKeys::from_object(&keys)))
    }

    /// The rows of a window of steps, each as JSON text, in the service's order, which is by `_step`. The text may hold bare `NaN`,
    /// `Infinity` and `-Infinity`. An empty window gives no rows and sends no request.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`], and as every call.
    pub async fn history_page(&self, run: &RunPath, window: StepWindow) -> Result<Vec<String>, Error> {
        if window.min_step >= window.max_step {
            return Ok(Vec::new());
        }
        let variables = json!({ "minStep": window.min_step, "maxStep": window.max_step, "samples": graphql_int(window.samples) });
        let data: HistoryOfRun = self.query_run("read a page of history", documents::HISTORY_PAGE, run, variables).await?;
        Ok(data.history.unwrap_or_default())
    }

    /// As [`history_page`](Self::history_page), but the page as it stands in the reply: the JSON text of a list of strings, or of null.
    ///
    /// It is a slice of the reply's body and costs no copy, for those who read many rows.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`], and as every call.
    pub async fn history_page_raw(&self, run: &RunPath, window: StepWindow) -> Result<Bytes, Error> {
        if window.min_step >= window.max_step {
            return Ok(Bytes::from_static(b"[]"));
        }
        let operation = "read a page of history";
        let variables = json!({
            "entity": run.entity, "project": run.project, "run": run.run_id,
            "minStep": window.min_step, "maxStep": window.max_step, "samples": graphql_int(window.samples),
        });
        let retry = Retry::new(&self.inner().retry, operation);
        let page = self.send_until_read(retry, documents::HISTORY_PAGE, |_failed| variables.clone(), raw_history).await?;
        page.ok_or_else(|| failed(operation, ErrorKind::RunNotFound { path: run.clone() }))
    }

    /// At most `samples` rows from the whole history, each as JSON text, chosen by the service.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`], and as every call.
    pub async fn history_sampled(&self, run: &RunPath, samples: u64) -> Result<Vec<String>, Error> {
        let variables = json!({ "samples": graphql_int(samples) });
        let data: HistoryOfRun = self.query_run("read a sample of history", documents::HISTORY_SAMPLED, run, variables).await?;
        Ok(data.history.unwrap_or_default())
    }

    /// At most `samples` rows of the system metrics, each as JSON text, chosen by the service, which may give fewer.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`], and as every call.
    pub async fn events(&self, run: &RunPath, samples: u64) -> Result<Vec<String>, Error> {
        let variables = json!({ "samples": graphql_int(samples) });
        let data: EventsOfRun = self.query_run("read system metrics", documents::EVENTS, run, variables).await?;
        Ok(data.events.unwrap_or_default())
    }

    /// The run's Parquet exports, with addresses signed for a limited time. A run without exports has no addresses.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`], [`ErrorKind::InvalidUrl`], and as every call.
    pub async fn parquet_history(&self, run: &RunPath) -> Result<ParquetHistory, Error> {
        let operation = "ask for the exports";
        let variables = json!({ "liveKeys": ["_step"] });
        let data: ParquetHistoryOfRun = self.query_run(operation, documents::PARQUET_HISTORY, run, variables).await?;
        parquet_history(self, run, data.parquet_history).map_err(|kind| failed(operation, kind))
    }
}

/// The text of the field `history` within a reply; `None` when there is no such run.
fn raw_history(body: &Bytes) -> Result<Option<Bytes>, ErrorKind> {
    let (page, errors) = decode_borrowed(body, |body| {
        let Reply { data, errors } = read_tracking::<Reply<ProjectData<RunOfProject<RawHistoryOfRun<'_>>>>>(body)?;
        let slice = |run: RawHistoryOfRun<'_>| match run.history {
            Some(history) => body.slice_ref(history.get().as_bytes()),
            None => Bytes::from_static(b"null"),
        };
        Ok((data.map(|data| data.project.and_then(|project| project.run).map(slice)), errors))
    })?;
    Reply { data: page, errors }.complete()
}

/// Reads what the service says of a run's exports. A run without them has no addresses.
pub(crate) fn parquet_history(client: &Client, run: &RunPath, wire: Option<WireParquetHistory>) -> Result<ParquetHistory, ErrorKind> {
    let Some(wire) = wire else { return Ok(ParquetHistory { urls: Vec::new(), live_from: None }) };
    let urls = wire.parquet_urls.into_iter().flatten().map(|url| SignedUrl::read(&url, Some(client.base_url())));
    let live_from = wire.live_data.map_or(Ok(None), |rows| smallest_step(rows.get()));
    let live_from = live_from.map_err(|source| ErrorKind::InvalidValue { path: format!("a row of the live data of {run}"), source })?;
    Ok(ParquetHistory { urls: urls.collect::<Result<_, _>>()?, live_from })
}

/// The smallest step of the live data: a list with an object for each row that is not exported yet, so there may be many.
fn smallest_step(rows: &str) -> Result<Option<i64>, JsonError> {
    #[derive(Deserialize)]
    struct LiveRow {
        #[serde(rename = "_step")]
        step: i64,
    }
    if let Ok(rows) = serde_json::from_str::<Vec<LiveRow>>(rows) {
        return Ok(rows.iter().map(|row| row.step).min());
    }
    // Steps may be floats, and rows may be JSON text.
    let Json::Array(rows) = Json::parse(rows)? else { return Ok(None) };
    let mut smallest = None;
    for row in rows {
        let step = step_of(row)?;
        smallest = Some(smallest.map_or(step, |smallest: i64| smallest.min(step)));
    }
    Ok(smallest)
}

/// The `_step` of a row, which may be written as a float.
fn step_of(row: Json) -> Result<i64, JsonError> {
    let row = match row {
        Json::String(text) => Json::parse(&text)?,
        row => row,
    };
    let step = row.as_object().and_then(|row| row.get("_step")).and_then(Json::as_number);
    step.and_then(Number::as_i64).ok_or(JsonError { offset: 0, expected: "an object with an integral `_step`" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_step_is_found_however_rows_are_written() {
        assert_eq!(smallest_step("[]"), Ok(None));
        assert_eq!(smallest_step("null"), Ok(None));
        assert_eq!(smallest_step(r#"[{"_step":31},{"_step":30,"x":1}]"#), Ok(Some(30)));
        assert_eq!(smallest_step(r#"[{"_step":31},{"_step":30.0,"x":NaN},"{\"_step\":32}"]"#), Ok(Some(30)));
        for row in ["{}", r#"{"_step":"30"}"#, r#"{"_step":1.5}"#, "3"] {
            assert!(smallest_step(&format!("[{row}]")).is_err(), "{row}");
        }
    }
}
