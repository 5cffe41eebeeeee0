//! One run's whole history from the service: its Parquet exports and its live tail joined by step, without gap or overlap.
//!
//! Exports are read first; the steps past them come from pages. Where both have a step the live row counts, since it is newer, and a
//! difference between the two is reported. The rows come in ascending order whatever the order of the sources.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use runlake_fetch::{Client, RunPlan};
use runlake_types::{Json, KeyPath, Object, RunRecord, flatten, key_selects, unflatten};

use crate::export::{ExportRows, export_rows};
use crate::live_pages::{LivePages, step_of};
use crate::schema::{RUNTIME, STEP, TIMESTAMP};
use crate::{Error, KindPlan, RowColumns, Stream};

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

/// A scan in progress. Pull rows with [`RunScan::next_rows`] until it gives `None`, then ask for the [`RunScan::report`].
#[derive(Debug)]
pub struct RunScan {
    client: Client,
    run: RunRecord,
    exports: VecDeque<ExportRows>,
    /// Exported rows that wait for their turn: those of exports that overlap, and those past the start of the live part.
    held: BTreeMap<i64, Object>,
    live: LivePages,
    live_start: i64,
    report: ScanReport,
    options: ScanOptions,
}

impl RunScan {
    /// Plans the scan and fetches the run's exports. `run` must be fresh: its last step and count bound the live part.
    ///
    /// # Errors
    /// When the service cannot be asked, or an export cannot be read.
    pub async fn start(client: Client, plan: RunPlan, options: ScanOptions) -> Result<Self, Error> {
        let run = plan.record;
        let (files, live_from) = fetch_exports(&client, &run).await?;
        let mut profiles = Vec::with_capacity(files.len());
        let mut rows_without_step = 0;
        for bytes in files {
            let profile = StepProfile::read(&run, &bytes)?;
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
        let expected_live =
            run.history_line_count.filter(|_| is_in_order && !overlaps).map(|count| count.saturating_sub(exported_before_live));
        let has_history = run.history_line_count != Some(0) && (run.history_keys.is_some() || run.history_line_count.is_some());
        let live = if has_history && expected_live != Some(0) {
            LivePages::new(live_start, max_step, expected_live)
        } else {
            LivePages::new(0, 0, None)
        };
        let mut scan = Self { client, exports: VecDeque::new(), held: BTreeMap::new(), live, live_start, report, run, options };
        for (_, bytes) in profiles {
            let rows = export_rows(&scan.run.path, bytes, scan.run.history_keys.as_ref())?;
            if is_in_order {
                scan.exports.push_back(rows);
            } else {
                for batch in rows {
                    scan.hold(batch?);
                }
            }
        }
        Ok(scan)
    }

    /// The next rows as columns.
    ///
    /// # Errors
    /// As [`RunScan::next_rows`].
    pub async fn next_columns(&mut self) -> Result<Option<RowColumns>, Error> {
        let Some(mut rows) = self.next_rows().await? else { return Ok(None) };
        if let Some(min_step) = self.options.min_step {
            let before = rows.len();
            rows.retain(|row| step_of(row) >= Some(min_step));
            self.report.rows -= (before - rows.len()) as u64;
        }
        if let Some(keys) = &self.options.keys {
            let before = rows.len();
            rows = rows.into_iter().filter_map(|row| with_keys(row, keys)).collect();
            self.report.rows -= (before - rows.len()) as u64;
        }
        Ok(Some(RowColumns::of_rows(Stream::History, rows, &self.options.kinds).0))
    }

    /// The next rows, ascending by step within and across calls; `None` at the end. May be empty in between.
    ///
    /// # Errors
    /// When a page cannot be fetched or a row cannot be read. The scan cannot go on after an error.
    pub async fn next_rows(&mut self) -> Result<Option<Vec<Object>>, Error> {
        while let Some(export) = self.exports.front_mut() {
            let Some(batch) = export.next() else {
                self.exports.pop_front();
                continue;
            };
            let (before_live, after) =
                batch?.into_iter().filter(|row| step_of(row).is_some()).partition(|row| step_of(row) < Some(self.live_start));
            self.hold(after);
            return Ok(Some(self.give(before_live)));
        }
        let page = self.live.next_page(&self.client, &self.run.path).await?;
        let (mut rows, border) = match page {
            Some(page) => (page.rows, page.max_step),
            None if self.held.is_empty() => {
                self.finish();
                return Ok(None);
            }
            None => (Vec::new(), i64::MAX),
        };
        if !self.held.is_empty() {
            let later = self.held.split_off(&border);
            let mut merged = std::mem::replace(&mut self.held, later);
            for (step, row) in rows {
                self.note_repeat(merged.insert(step, row.clone()).as_ref(), &row);
            }
            rows = merged.into_iter().collect();
        }
        Ok(Some(self.give(rows.into_iter().map(|(_, row)| row).collect())))
    }

    /// What was read so far; complete once [`RunScan::next_rows`] gave `None`.
    pub fn report(&self) -> &ScanReport {
        &self.report
    }

    /// The run as it was planned.
    pub fn run(&self) -> &RunRecord {
        &self.run
    }

    fn hold(&mut self, rows: Vec<Object>) {
        for row in rows {
            if let Some(step) = step_of(&row) {
                let previous = self.held.insert(step, row.clone());
                self.note_repeat(previous.as_ref(), &row);
            }
        }
    }

    fn note_repeat(&mut self, previous: Option<&Object>, row: &Object) {
        match previous {
            None => {}
            Some(previous) if without_nulls(previous) == without_nulls(row) => self.report.repeated_rows += 1,
            Some(_) => self.report.conflicting_rows += 1,
        }
    }

    fn give(&mut self, rows: Vec<Object>) -> Vec<Object> {
        self.report.rows += rows.len() as u64;
        self.report.last_step = rows.last().and_then(step_of).or(self.report.last_step);
        rows
    }

    fn finish(&mut self) {
        self.report.pages = self.live.requests();
        self.report.rows_without_step += self.live.rows_without_step();
        let has_all = self.options.keys.is_some() || self.report.expected_rows.is_none_or(|expected| self.report.rows >= expected);
        self.report.completeness = if has_all && !self.run.state.is_live() { Completeness::Complete } else { Completeness::Live };
    }
}

/// The members of a row that have one of these dotted names or stand below it, with the stamps; `None` when there are none.
fn with_keys(row: Object, keys: &[String]) -> Option<Object> {
    let is_wanted = |name: &str| keys.iter().any(|key| key_selects(key, name));
    let is_stamp = |path: &KeyPath| matches!(path.parts(), [key] if [STEP, TIMESTAMP, RUNTIME].contains(&key.as_str()));
    let (stamps, leaves): (Vec<_>, Vec<_>) = flatten(row).into_iter().partition(|(path, _)| is_stamp(path));
    let wanted: Vec<_> = leaves.into_iter().filter(|(path, value)| *value != Json::Null && is_wanted(&path.dotted())).collect();
    (!wanted.is_empty()).then(|| unflatten(stamps.into_iter().chain(wanted)))
}

/// A logged null and an absent key are the same to an export.
fn without_nulls(row: &Object) -> String {
    let leaves = flatten(row.clone()).into_iter().filter(|(_, value)| *value != Json::Null);
    Json::Object(unflatten(leaves)).to_canonical_text()
}

/// The exports of a run, whole, and the first step that is not exported. When an address expired meanwhile, all are asked for again,
/// since their order is not stable.
async fn fetch_exports(client: &Client, run: &RunRecord) -> Result<(Vec<Bytes>, Option<i64>), Error> {
    let mut plans = 0;
    'plan: loop {
        plans += 1;
        let history = client.parquet_history(&run.path).await?;
        let mut files = Vec::with_capacity(history.urls.len());
        for url in &history.urls {
            match client.signed_bytes(url).await {
                Ok(bytes) => files.push(bytes),
                Err(error) if plans < MAX_PLANS && matches!(error.kind(), runlake_fetch::ErrorKind::UrlExpired { .. }) => continue 'plan,
                Err(error) => return Err(error.into()),
            }
        }
        return Ok((files, history.live_from));
    }
}

/// The steps of an export.
struct StepProfile {
    first: i64,
    last: i64,
    rows: u64,
    is_sorted: bool,
    rows_without_step: u64,
}

impl StepProfile {
    fn read(run: &RunRecord, bytes: &Bytes) -> Result<Self, Error> {
        let mut profile = Self { first: i64::MAX, last: i64::MIN, rows: 0, is_sorted: true, rows_without_step: 0 };
        let mut rows = export_rows(&run.path, bytes.clone(), run.history_keys.as_ref())?;
        rows.keep_columns(&[STEP])?;
        for batch in rows {
            for row in batch? {
                let Some(step) = step_of(&row) else {
                    profile.rows_without_step += 1;
                    continue;
                };
                profile.is_sorted &= profile.rows == 0 || step > profile.last;
                profile.first = profile.first.min(step);
                profile.last = profile.last.max(step);
                profile.rows += 1;
            }
        }
        Ok(profile)
    }
}
