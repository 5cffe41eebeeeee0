//! One run's whole history from the service: its Parquet exports and its live tail joined by step, without gap or overlap.
//!
//! Exports are read first; the steps past them come from pages, which are asked for meanwhile. Where both have a step the live row counts,
//! since it is newer, and a difference between the two is reported. The rows come in ascending order whatever the order of the sources.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::Float64Array;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use runlake_fetch::{Client, RunPlan, SignedUrl};
use runlake_types::{HistoryKeys, Object, RunRecord};

use crate::export_file::ExportFile;
use crate::export_reader::ExportReader;
use crate::live_pages::{LivePages, LivePart};
use crate::merge::merge;
use crate::off_thread::off_thread;
use crate::projection::Projection;
use crate::ranged_file::END_BYTES;
use crate::scan_report::{Completeness, ScanReport};
use crate::step_profile::StepProfile;
use crate::windows::PageShape;
use crate::{Error, KindPlan, RowColumns};

/// No service has steps beyond what its JSON numbers hold; asked for when the last step is not known.
const STEP_LIMIT: i64 = 1 << 53;

/// Exports of one run that are opened at once.
const EXPORTS_AT_ONCE: usize = 4;

/// What a scan takes.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Of which kinds the columns are. Keys that it does not know get the kind of the majority of the rows at hand.
    pub kinds: Arc<KindPlan>,
    /// Only these keys, by their dotted names, and the rows that have one of them; of exports only their columns are fetched. Default:
    /// every key and row.
    pub keys: Option<Arc<[String]>>,
    /// Whether `_timestamp` and `_runtime` are read beside `keys`; without them fewer bytes of exports are fetched, and both columns are
    /// null. Default: yes.
    pub with_stamps: bool,
    /// Only rows from this step on.
    pub min_step: Option<i64>,
    /// How many rows the run has before `min_step`. Saves requests; a wrong number shows in the report as rows that are missing.
    pub rows_before: Option<u64>,
    /// About how many bytes of the run may be on their way or waiting. Default: 64 MiB.
    pub bytes_ahead: u64,
    /// Whether pages are a tenth of their usual length: for a server that gave fewer rows than it counts. Default: no.
    pub small_pages: bool,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            kinds: Arc::default(),
            keys: None,
            with_stamps: true,
            min_step: None,
            rows_before: None,
            bytes_ahead: 64 << 20,
            small_pages: false,
        }
    }
}

impl ScanOptions {
    fn projection(&self) -> Projection {
        match &self.keys {
            Some(keys) => Projection::Keys { keys: Arc::clone(keys), with_stamps: self.with_stamps },
            None => Projection::All,
        }
    }

    /// How much of the end of each of `files` exports is fetched at once: all of a small one, unless only a part of it is wanted.
    fn export_bytes(&self, files: usize) -> u64 {
        let wants_all = self.keys.is_none() && self.min_step.is_none();
        if wants_all { (self.bytes_ahead / (files as u64).max(1)).max(END_BYTES) } else { END_BYTES }
    }
}

/// A scan in progress. Pull rows with [`RunScan::next_columns`] until it gives `None`, then ask for the [`RunScan::report`].
#[derive(Debug)]
pub struct RunScan {
    run: RunRecord,
    options: ScanOptions,
    exports: VecDeque<ExportFile>,
    /// The export at hand.
    reader: Option<ExportReader>,
    /// Exported rows that wait for their turn: those of exports that overlap, and those past the start of the live part. The pieces
    /// ascend and share no step.
    held: VecDeque<RowColumns>,
    live: LivePages,
    live_start: i64,
    report: ScanReport,
}

impl RunScan {
    /// Opens the exports of a planned run, and asks for its first pages. The plan must be fresh: its last step and count bound the live
    /// part. The scan spawns tasks of tokio, which end when it is dropped.
    ///
    /// # Errors
    /// When the service cannot be asked, or an export cannot be read.
    pub async fn start(client: Client, plan: RunPlan, options: ScanOptions) -> Result<Self, Error> {
        let run = plan.record;
        let exports = Exports::open(&client, &run, plan.exports.urls, &options).await?;
        let border = exports.border(plan.exports.live_from);
        let live_start = options.min_step.map_or(border.live_start, |min_step| border.live_start.max(min_step));
        let rows_before_live = match options.min_step {
            Some(min_step) if min_step >= border.live_start => options.rows_before,
            _ => border.rows_before,
        };
        let expected_rows = run.history_line_count.zip(rows_before_live).map(|(count, before)| count.saturating_sub(before));
        let has_history = run.history_line_count != Some(0) && (run.history_keys.is_some() || run.history_line_count.is_some());
        let max_step = run.last_step().map_or(STEP_LIMIT, |last| last.saturating_add(1));
        let part = LivePart {
            steps: if has_history && expected_rows != Some(0) { live_start..max_step } else { 0..0 },
            expected_rows: expected_rows.filter(|_| run.last_step().is_some()),
            shape: PageShape::new(run.history_keys.as_ref().map_or(0, HistoryKeys::len), options.small_pages),
            bytes_ahead: options.bytes_ahead,
        };
        let live = LivePages::start(&client, &run.path, &options.kinds, part);
        let report = ScanReport {
            exports: exports.files.len() as u64,
            rows_without_step: exports.rows_without_step,
            ..ScanReport::of_nothing(&run)
        };
        let is_in_order = exports.is_in_order();
        let is_wanted = |profile: &StepProfile| options.min_step.is_none_or(|min_step| profile.last >= min_step);
        let files = exports.files.into_iter().filter(|(profile, _)| is_wanted(profile)).map(|(_, file)| file).collect();
        let mut scan = Self { options, exports: files, reader: None, held: VecDeque::new(), live, live_start, report, run };
        if !is_in_order {
            let mut pieces = Vec::new();
            while let Some(rows) = scan.next_exported().await? {
                pieces.push(rows);
            }
            scan.hold_merged(pieces).await?;
        }
        Ok(scan)
    }

    async fn hold_merged(&mut self, pieces: Vec<RowColumns>) -> Result<(), Error> {
        if !pieces.is_empty() {
            let merged = self.merged(pieces).await?;
            self.held.push_back(merged);
        }
        Ok(())
    }

    /// Pieces put together, of which later ones are newer.
    async fn merged(&mut self, pieces: Vec<RowColumns>) -> Result<RowColumns, Error> {
        let plan = Arc::clone(&self.options.kinds);
        let merged = off_thread(move || merge(&pieces, &plan)).await?;
        self.report.repeated_rows += merged.repeated_rows;
        self.report.conflicting_rows += merged.conflicting_rows;
        Ok(merged.rows)
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
        let Some(page) = self.live.next_page().await? else {
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
        let rows = self.merged(pieces).await?;
        self.give(&rows).map(Some)
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
        loop {
            if let Some(reader) = &mut self.reader
                && let Some(part) = reader.next().await?
            {
                return Ok(Some(part.rows));
            }
            self.reader = None;
            let Some(file) = self.exports.pop_front() else { return Ok(None) };
            let keys = self.run.history_keys.as_ref();
            self.reader = Some(file.columns(&self.options.projection(), keys, &self.options.kinds).await?);
        }
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
        self.report.last_step = rows.step_values().last().copied().or(self.report.last_step);
        Ok(rows)
    }

    /// The rows that were asked for.
    fn selected(&self, rows: &RowColumns) -> Result<RowColumns, Error> {
        let from = self.options.min_step.map_or(0, |min_step| rows_before(rows, min_step));
        let rows = rows.slice(from, rows.len() - from);
        match &self.options.keys {
            Some(keys) => {
                let mut rows = rows.with_keys(keys)?;
                if !self.options.with_stamps {
                    // Pages have them all the same; a row does not depend on where it came from.
                    rows.timestamps = Float64Array::new_null(rows.len());
                    rows.runtimes = rows.timestamps.clone();
                }
                Ok(rows)
            }
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

/// How many of ascending rows stand below a step.
fn rows_before(rows: &RowColumns, step: i64) -> usize {
    rows.step_values().partition_point(|at| *at < step)
}

/// The exports of a run that have rows, ascending by step as far as that can be.
#[derive(Debug)]
struct Exports {
    files: Vec<(StepProfile, ExportFile)>,
    rows_without_step: u64,
}

/// Where the live part begins.
#[derive(Debug)]
struct Border {
    live_start: i64,
    /// Rows before it; `None` when exports overlap each other or the live part.
    rows_before: Option<u64>,
}

impl Exports {
    async fn open(client: &Client, run: &RunRecord, urls: Vec<SignedUrl>, options: &ScanOptions) -> Result<Self, Error> {
        let length = options.export_bytes(urls.len());
        let open = |url| async move {
            let mut file = ExportFile::open(client, &run.path, url, length).await?;
            let profile = file.profile(run.history_keys.as_ref()).await?;
            Ok::<_, Error>((profile, file))
        };
        let opened: Vec<(StepProfile, ExportFile)> = stream::iter(urls).map(open).buffered(EXPORTS_AT_ONCE).try_collect().await?;
        let rows_without_step = opened.iter().map(|(profile, _)| profile.rows_without_step).sum();
        let mut files: Vec<_> = opened.into_iter().filter(|(profile, _)| profile.rows > 0).collect();
        files.sort_by_key(|(profile, _)| (profile.first, profile.last));
        Ok(Self { files, rows_without_step })
    }

    /// Whether each step is higher than the one before, through all files.
    fn is_in_order(&self) -> bool {
        self.files.iter().all(|(profile, _)| profile.is_sorted) && self.files.windows(2).all(|pair| pair[0].0.last < pair[1].0.first)
    }

    /// `live_from` is the first step that the service says is not exported.
    fn border(&self, live_from: Option<i64>) -> Border {
        let Some(last) = self.files.iter().map(|(profile, _)| profile.last).max() else {
            return Border { live_start: live_from.unwrap_or(0).min(0), rows_before: Some(0) };
        };
        let live_start = live_from.unwrap_or(i64::MAX).min(last.saturating_add(1));
        let rows = self.files.iter().map(|(profile, _)| profile.rows).sum();
        Border { live_start, rows_before: (self.is_in_order() && live_start > last).then_some(rows) }
    }
}
