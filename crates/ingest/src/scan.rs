//! One run's whole history from the service: its Parquet exports and its live tail joined by step, without gap or overlap.
//!
//! Exports are read first; the steps past them come from pages. Where both have a step the live row counts, since it is newer, and a
//! difference between the two is reported. The rows come in ascending order whatever the order of the sources.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use runlake_fetch::{Client, ParquetHistory, RunPlan};
use runlake_types::{Object, RunRecord};

use crate::export_columns::{ExportColumns, export_columns};
use crate::live_pages::LivePages;
use crate::merge::merge;
use crate::off_thread::off_thread;
use crate::step_profile::StepProfile;
use crate::{Error, KindPlan, RowColumns};

/// How often a scan asks for new addresses when those of the exports expired.
const MAX_PLANS: u32 = 3;

/// No service has steps beyond what its JSON numbers hold; asked for when the last step is not known.
const STEP_LIMIT: i64 = 1 << 53;

/// How complete the rows of a scan are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Every row, and no more will come.
    Complete,
    /// Every row up to a step; more may come, or the service counts rows that it does not give.
    Live,
    /// Some of the rows, since a sample was asked for.
    Sampled,
}

impl Completeness {
    /// The name in the `runs` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Live => "live",
            Self::Sampled => "sampled",
        }
    }

    /// Reads what [`Completeness::as_str`] wrote.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Complete, Self::Live, Self::Sampled].into_iter().find(|completeness| completeness.as_str() == name)
    }
}

/// What a scan did, once it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanReport {
    /// Rows given out.
    pub rows: u64,
    /// Rows that the service says there are, when it keeps a count.
    pub expected_rows: Option<u64>,
    /// The last step given out; `None` without rows.
    pub last_step: Option<i64>,
    /// How complete the rows are.
    pub completeness: Completeness,
    /// Parquet exports read.
    pub exports: u64,
    /// Pages asked for.
    pub pages: u64,
    /// Steps that two sources gave alike.
    pub repeated_rows: u64,
    /// Steps that two sources gave differently; the live row, or the later export's, was taken.
    pub conflicting_rows: u64,
    /// Rows left out because they have no step.
    pub rows_without_step: u64,
}

impl ScanReport {
    /// The report of a scan of `run` before it began.
    pub fn of_nothing(run: &RunRecord) -> Self {
        Self {
            rows: 0,
            expected_rows: run.history_line_count,
            last_step: None,
            completeness: Completeness::Live,
            exports: 0,
            pages: 0,
            repeated_rows: 0,
            conflicting_rows: 0,
            rows_without_step: 0,
        }
    }
}

/// What a scan takes.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// Of which kinds the columns are. Keys that it does not know get the kind of the majority of the rows at hand.
    pub kinds: Arc<KindPlan>,
    /// Only these keys, by their dotted names, and the rows that have one of them. Default: every key and row.
    pub keys: Option<Arc<[String]>>,
    /// Only rows from this step on.
    pub min_step: Option<i64>,
}

/// A scan in progress. Pull rows with [`RunScan::next_columns`] until it gives `None`, then ask for the [`RunScan::report`].
#[derive(Debug)]
pub struct RunScan {
    client: Client,
    run: RunRecord,
    options: ScanOptions,
    exports: VecDeque<ExportColumns>,
    /// Exported rows that wait for their turn: those of exports that overlap, and those past the start of the live part. The pieces
    /// ascend and share no step.
    held: VecDeque<RowColumns>,
    live: LivePages,
    live_start: i64,
    report: ScanReport,
}

impl RunScan {
    /// Fetches the exports of a planned run. The plan must be fresh: its last step and count bound the live part.
    ///
    /// # Errors
    /// When the service cannot be asked, or an export cannot be read.
    pub async fn start(client: Client, plan: RunPlan, options: ScanOptions) -> Result<Self, Error> {
        let run = plan.record;
        let (files, live_from) = fetch_exports(&client, &run, plan.exports).await?;
        let mut profiles = Vec::with_capacity(files.len());
        let mut rows_without_step = 0;
        for bytes in files {
            let profile = StepProfile::read(&run.path, bytes.clone(), run.history_keys.as_ref())?;
            rows_without_step += profile.rows_without_step;
            if profile.rows > 0 {
                profiles.push((profile, bytes));
            }
        }
        profiles.sort_by_key(|(profile, _)| (profile.first, profile.last));
        let last_exported = profiles.iter().map(|(profile, _)| profile.last).max();
        let live_start = match last_exported {
            Some(last) => live_from.unwrap_or(i64::MAX).min(last.saturating_add(1)),
            None => live_from.unwrap_or(0).min(0),
        };
        let exported_before_live: u64 = profiles.iter().map(|(profile, _)| profile.rows).sum();
        let is_in_order =
            profiles.iter().all(|(profile, _)| profile.is_sorted) && profiles.windows(2).all(|pair| pair[0].0.last < pair[1].0.first);
        let report = ScanReport { exports: profiles.len() as u64, rows_without_step, ..ScanReport::of_nothing(&run) };
        let max_step = run.last_step().map_or(STEP_LIMIT, |last| last.saturating_add(1));
        let overlaps = last_exported.is_some_and(|last| live_start <= last);
        // How many rows there are from a step on is not known.
        let is_whole = options.min_step.is_none();
        let live_start = options.min_step.map_or(live_start, |min_step| live_start.max(min_step));
        let expected_live =
            run.history_line_count.filter(|_| is_whole && is_in_order && !overlaps).map(|count| count.saturating_sub(exported_before_live));
        let has_history = run.history_line_count != Some(0) && (run.history_keys.is_some() || run.history_line_count.is_some());
        let live = if has_history && expected_live != Some(0) {
            LivePages::new(&options.kinds, live_start, max_step, expected_live)
        } else {
            LivePages::new(&options.kinds, 0, 0, None)
        };
        let mut scan = Self { client, options, exports: VecDeque::new(), held: VecDeque::new(), live, live_start, report, run };
        for (_, bytes) in profiles {
            scan.exports.push_back(export_columns(&scan.run.path, bytes, scan.run.history_keys.as_ref(), &scan.options.kinds)?);
        }
        if !is_in_order {
            let mut pieces = Vec::new();
            while let Some(rows) = scan.next_exported().await? {
                pieces.push(rows);
            }
            let plan = Arc::clone(&scan.options.kinds);
            let merged = off_thread(move || merge(&pieces, &plan)).await?;
            scan.report.repeated_rows += merged.repeated_rows;
            scan.report.conflicting_rows += merged.conflicting_rows;
            scan.held.push_back(merged.rows);
        }
        Ok(scan)
    }

    /// The next rows, ascending by step within and across calls; `None` at the end. May be empty in between.
    ///
    /// # Errors
    /// When a page cannot be fetched or a row cannot be read. The scan cannot go on after an error.
    pub async fn next_columns(&mut self) -> Result<Option<RowColumns>, Error> {
        if let Some(rows) = self.next_exported().await? {
            let border = rows_before(&rows, self.live_start);
            let (before_live, after) = (rows.slice(0, border), rows.slice(border, rows.len() - border));
            self.held.extend(Some(after).filter(|rows| !rows.is_empty()));
            return self.give(&before_live).map(Some);
        }
        let Some(page) = self.live.next_page(&self.client, &self.run.path).await? else {
            let rest = self.held.pop_front();
            if rest.is_none() {
                self.finish();
            }
            return rest.map(|rows| self.give(&rows)).transpose();
        };
        let mut pieces = self.release_before(page.max_step);
        if pieces.is_empty() {
            return self.give(&page.rows).map(Some);
        }
        pieces.push(page.rows);
        let plan = Arc::clone(&self.options.kinds);
        let merged = off_thread(move || merge(&pieces, &plan)).await?;
        self.report.repeated_rows += merged.repeated_rows;
        self.report.conflicting_rows += merged.conflicting_rows;
        self.give(&merged.rows).map(Some)
    }

    /// As [`RunScan::next_columns`], row by row, which takes much longer. Nulls are left out, integral floats are integers.
    ///
    /// # Errors
    /// As [`RunScan::next_columns`].
    pub async fn next_rows(&mut self) -> Result<Option<Vec<Object>>, Error> {
        self.next_columns().await?.map(|rows| rows.to_rows()).transpose()
    }

    /// The next part of the exports.
    async fn next_exported(&mut self) -> Result<Option<RowColumns>, Error> {
        while let Some(mut export) = self.exports.pop_front() {
            let (export, part) = off_thread(move || {
                let part = export.next();
                (export, part)
            })
            .await;
            if let Some(part) = part {
                self.exports.push_front(export);
                return Ok(Some(part?.rows));
            }
        }
        Ok(None)
    }

    /// The held rows below a step.
    fn release_before(&mut self, step: i64) -> Vec<RowColumns> {
        let mut released = Vec::new();
        while let Some(rows) = self.held.pop_front() {
            let border = rows_before(&rows, step);
            if border > 0 {
                released.push(rows.slice(0, border));
            }
            if border < rows.len() {
                self.held.push_front(rows.slice(border, rows.len() - border));
                break;
            }
        }
        released
    }

    /// What was read so far; complete once [`RunScan::next_columns`] gave `None`.
    pub fn report(&self) -> &ScanReport {
        &self.report
    }

    /// The run as it was planned.
    pub fn run(&self) -> &RunRecord {
        &self.run
    }

    fn give(&mut self, rows: &RowColumns) -> Result<RowColumns, Error> {
        let rows = self.selected(rows)?;
        self.report.rows += rows.len() as u64;
        self.report.last_step = steps_of(&rows).last().copied().or(self.report.last_step);
        Ok(rows)
    }

    /// The rows that were asked for.
    fn selected(&self, rows: &RowColumns) -> Result<RowColumns, Error> {
        let from = self.options.min_step.map_or(0, |min_step| rows_before(rows, min_step));
        let rows = rows.slice(from, rows.len() - from);
        match &self.options.keys {
            Some(keys) => rows.with_keys(keys, &self.options.kinds),
            None => Ok(rows),
        }
    }

    fn finish(&mut self) {
        self.report.pages = self.live.requests();
        self.report.rows_without_step += self.live.rows_without_step();
        let has_all = self.options.keys.is_some() || self.report.expected_rows.is_none_or(|expected| self.report.rows >= expected);
        self.report.completeness = if has_all && !self.run.state.is_live() { Completeness::Complete } else { Completeness::Live };
    }
}

fn steps_of(rows: &RowColumns) -> &[i64] {
    rows.steps.as_ref().map(|steps| steps.values().as_ref()).unwrap_or_default()
}

/// How many of ascending rows stand below a step.
fn rows_before(rows: &RowColumns, step: i64) -> usize {
    steps_of(rows).partition_point(|at| *at < step)
}

/// The exports of a run, whole, and the first step that is not exported. When an address expired meanwhile, all are asked for again,
/// since their order is not stable.
async fn fetch_exports(client: &Client, run: &RunRecord, planned: ParquetHistory) -> Result<(Vec<Bytes>, Option<i64>), Error> {
    let mut history = planned;
    let mut plans = 1;
    'plan: loop {
        let mut files = Vec::with_capacity(history.urls.len());
        for url in &history.urls {
            match client.signed_bytes(url).await {
                Ok(bytes) => files.push(bytes),
                Err(error) if plans < MAX_PLANS && matches!(error.kind(), runlake_fetch::ErrorKind::UrlExpired { .. }) => {
                    plans += 1;
                    history = client.parquet_history(&run.path).await?;
                    continue 'plan;
                }
                Err(error) => return Err(error.into()),
            }
        }
        return Ok((files, history.live_from));
    }
}
