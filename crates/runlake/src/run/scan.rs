//! Every row of the run, never sampled: exports and live rows joined by the scan of `runlake_ingest`.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::Stream;
use futures::stream;
use runlake_ingest::{ErrorKind as IngestErrorKind, RunScan, ScanReport};
use runlake_types::{HistoryKeys, Json, KeyPath, Number, Object, flatten, key_selects, near_names, unflatten};

use super::Run;
use crate::Error;

/// Keys that every row keeps whatever is asked for.
const ALWAYS: [&str; 3] = ["_step", "_timestamp", "_runtime"];

/// Which rows and keys are scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanOptions {
    /// Only these keys, by their dotted names, and the rows that hold one of them. Default: every key and row.
    pub keys: Vec<String>,
    /// Only rows that hold all of `keys`, as the official client has it for rows that are not exported yet. Default: no.
    pub require_all: bool,
    /// The most rows of one [`HistoryScan::next_page`]. How much is asked for at once is found out by the scan itself. Default: 1000.
    pub page_size: usize,
    /// The first step. Default: the run's first.
    pub min_step: Option<i64>,
    /// The step after the last. Default: the run's end.
    pub max_step: Option<i64>,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { keys: Vec::new(), require_all: false, page_size: 1000, min_step: None, max_step: None }
    }
}

/// A scan in progress.
#[derive(Debug)]
pub struct HistoryScan {
    scan: RunScan,
    options: ScanOptions,
    waiting: VecDeque<Object>,
    has_ended: bool,
}

impl Run {
    /// Begins a scan of the run's rows as they are now, in the order of the steps.
    ///
    /// # Errors
    /// When a key is asked for that no row has, with names that are like it; when the run was deleted; and as every call.
    pub async fn scan_history(&self, options: ScanOptions) -> Result<HistoryScan, Error> {
        if options.page_size == 0 {
            return Err(Error::invalid("a page has one row at least"));
        }
        let client = self.api.client();
        let path = &self.record.path;
        let planned = client.plan_runs(&path.project_path(), std::slice::from_ref(&path.run_id)).await.pop();
        let Some(plan) = planned.transpose()? else { return Err(Error::invalid(format!("nothing was answered for {path}"))) };
        refuse_unknown_keys(plan.record.history_keys.as_ref(), &options.keys)?;
        let keys = (!options.keys.is_empty()).then(|| Arc::from(options.keys.as_slice()));
        let of_scan = runlake_ingest::ScanOptions { keys, min_step: options.min_step, ..runlake_ingest::ScanOptions::default() };
        let scan = RunScan::start(client.clone(), plan, of_scan).await?;
        Ok(HistoryScan { scan, options, waiting: VecDeque::new(), has_ended: false })
    }
}

impl HistoryScan {
    /// The next rows; `None` at the end.
    ///
    /// # Errors
    /// As every call. After an error the scan has ended.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Object>>, Error> {
        while self.waiting.is_empty() && !self.has_ended {
            let rows = self.scan.next_rows().await.inspect_err(|_| self.has_ended = true)?;
            let Some(rows) = rows else {
                self.has_ended = true;
                break;
            };
            for row in rows {
                let Some(step) = row.get("_step").and_then(Json::as_number).and_then(Number::as_i64) else { continue };
                if self.options.max_step.is_some_and(|end| step >= end) {
                    self.has_ended = true;
                    break;
                }
                if self.options.min_step.is_none_or(|first| step >= first) {
                    self.waiting.extend(select(row, &self.options));
                }
            }
        }
        let page: Vec<Object> = self.waiting.drain(..self.waiting.len().min(self.options.page_size)).collect();
        Ok((!page.is_empty()).then_some(page))
    }

    /// The rows one by one. An error ends the stream.
    pub fn into_rows(self) -> impl Stream<Item = Result<Object, Error>> + Send {
        stream::try_unfold((self, VecDeque::new()), |(mut scan, mut page)| async move {
            if page.is_empty() {
                page = scan.next_page().await?.map(VecDeque::from).unwrap_or_default();
            }
            Ok(page.pop_front().map(|row| (row, (scan, page))))
        })
    }

    /// Every row that is left.
    ///
    /// # Errors
    /// As [`next_page`](Self::next_page).
    pub async fn all(mut self) -> Result<Vec<Object>, Error> {
        let mut rows = Vec::new();
        while let Some(page) = self.next_page().await? {
            rows.extend(page);
        }
        Ok(rows)
    }

    /// What the scan did, once it has ended: how many rows there were, and whether they are all.
    pub fn report(&self) -> &ScanReport {
        self.scan.report()
    }
}

/// A key that no row can have is an error, never an empty result.
fn refuse_unknown_keys(known: Option<&HistoryKeys>, keys: &[String]) -> Result<(), Error> {
    let known: Vec<&str> = known.into_iter().flat_map(HistoryKeys::keys).map(|(name, _)| name).chain(ALWAYS).collect();
    match keys.iter().find(|key| !known.iter().any(|name| key_selects(key, name))) {
        None => Ok(()),
        Some(key) => {
            let near = near_names(key, known.iter().copied()).into_iter().map(str::to_owned).collect();
            Err(runlake_ingest::Error::from(IngestErrorKind::UnknownKey { key: key.clone(), near }).into())
        }
    }
}

/// The part of a row that was asked for; `None` when that is nothing.
fn select(row: Object, options: &ScanOptions) -> Option<Object> {
    if options.keys.is_empty() {
        return Some(row);
    }
    let leaves: Vec<(KeyPath, Json)> = flatten(row);
    let has = |key: &String| leaves.iter().any(|(path, value)| *value != Json::Null && key_selects(key, &path.dotted()));
    let keep = if options.require_all { options.keys.iter().all(has) } else { options.keys.iter().any(has) };
    let is_wanted = |path: &KeyPath| {
        let name = path.dotted();
        ALWAYS.contains(&name.as_str()) || options.keys.iter().any(|key| key_selects(key, &name))
    };
    keep.then(|| unflatten(leaves.into_iter().filter(|(path, _)| is_wanted(path))))
}
