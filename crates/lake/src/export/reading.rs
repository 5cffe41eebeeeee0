//! One run on its way from the service: read by a task of its own, piece by piece, through a channel that holds few of them.

use std::sync::Arc;

use futures::TryStreamExt;
use runlake_fetch::{Client, RunPlan};
use runlake_ingest::{Completeness, KindPlan, RowColumns, RunScan, ScanOptions, ScanReport, rows_of_batch};
use runlake_types::{Json, Object, RunPath, RunRecord};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::need::{HistoryMarks, Need, StoredBefore};
use crate::{Error, Lake};

/// Pieces that wait for the writer.
const PIECES_AHEAD: usize = 2;

/// What is on its way or waiting of one run, about; as many runs as are read at once have as much.
const BYTES_AHEAD: u64 = 16 << 20;

/// Events asked for per run. The service samples the stream, and this is more than any run is known to give.
const EVENT_SAMPLES: u64 = 1_000_000;

/// What comes of a run.
pub(super) enum Piece {
    /// History rows, ascending by step.
    Rows(Box<RowColumns>),
    /// What came so far does not count: the lake's rows are no beginning of the run's. Every row follows.
    Again,
    /// The run is whole.
    End(Box<RunRead>),
    /// The run cannot be read.
    Failed(Error),
}

/// A run that was read.
pub(super) struct RunRead {
    pub(super) record: RunRecord,
    pub(super) report: ScanReport,
    pub(super) events: Vec<Object>,
    /// What was done: more than was needed by the listing when the run changed since.
    pub(super) done: Need,
}

impl RunRead {
    /// A run whose rows the lake has.
    fn of_record(record: RunRecord, stored: &StoredBefore) -> Self {
        let mut report = ScanReport::of_nothing(&record);
        report.rows = stored.rows.unwrap_or_default();
        report.last_step = stored.through_step;
        report.completeness = match stored.completeness {
            _ if record.state.is_live() => Completeness::Live,
            _ if record.history_line_count == Some(report.rows) => Completeness::Complete,
            before => before,
        };
        Self { record, report, events: Vec::new(), done: Need::Record }
    }
}

/// A run that is being read.
pub(super) struct Reading {
    pub(super) run: RunPath,
    pub(super) pieces: mpsc::Receiver<Piece>,
    task: JoinHandle<()>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What all runs of a job share.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) client: Client,
    pub(super) lake: Lake,
    pub(super) kinds: Arc<KindPlan>,
    pub(super) keys: Option<Arc<[String]>>,
}

impl Job {
    /// Begins to read a run.
    pub(super) fn read(&self, run: RunPath, planned: Result<RunPlan, Error>, need: Need, stored: Option<StoredBefore>) -> Reading {
        let (send, pieces) = mpsc::channel(PIECES_AHEAD);
        let job = self.clone();
        let task = tokio::spawn(async move {
            let last = match job.read_all(planned, need, stored, &send).await {
                Ok(read) => Piece::End(Box::new(read)),
                Err(error) => Piece::Failed(error),
            };
            // Nobody listens any more when the job was stopped.
            drop(send.send(last).await);
        });
        Reading { run, pieces, task }
    }

    async fn read_all(
        &self,
        planned: Result<RunPlan, Error>,
        need: Need,
        stored: Option<StoredBefore>,
        pieces: &mpsc::Sender<Piece>,
    ) -> Result<RunRead, Error> {
        let plan = planned?;
        let run = plan.record.path.clone();
        // The plan is newer than the listing: rows may have come since, and a record that counts them must not stand without them.
        if let Some(stored) = stored.as_ref().filter(|stored| need == Need::Record && stored.marks == HistoryMarks::of(&plan.record)) {
            return Ok(RunRead::of_record(plan.record, stored));
        }
        let events = tokio::spawn({
            let (client, run) = (self.client.clone(), run.clone());
            async move { events(&client, &run).await }
        });
        let mut read = None;
        if let (Need::RowsFrom(step), Some(stored)) = (need, stored) {
            read = self
                .read_tail(plan.clone(), step, stored.rows.unwrap_or_default(), pieces)
                .await?
                .map(|(record, report)| (record, report, need));
            if read.is_none() {
                tracing::debug!(%run, "the lake's rows are no beginning of the run's: it is read whole");
                drop(pieces.send(Piece::Again).await);
            }
        }
        let (record, report, done) = if let Some(read) = read {
            read
        } else {
            let (record, report) = self.read_whole(plan, pieces).await?;
            (record, report, Need::Everything)
        };
        let events = events.await.map_err(|stopped| Error::stopped(&stopped))??;
        Ok(RunRead { record, report, events, done })
    }

    fn scan_options(&self) -> ScanOptions {
        ScanOptions { kinds: Arc::clone(&self.kinds), bytes_ahead: BYTES_AHEAD, ..ScanOptions::default() }
    }

    /// Every row. When they are fewer than the service counts, all are read once more in small pages, as from a server that cuts pages
    /// without a rule that can be seen.
    async fn read_whole(&self, plan: RunPlan, pieces: &mpsc::Sender<Piece>) -> Result<(RunRecord, ScanReport), Error> {
        let options = ScanOptions { keys: self.keys.clone(), ..self.scan_options() };
        let (record, report) = self.read_with(plan, options.clone(), pieces).await?;
        let seen = report.rows + report.rows_without_step;
        if self.keys.is_some() || report.expected_rows.is_none_or(|expected| seen >= expected) {
            return Ok((record, report));
        }
        tracing::debug!(run = %record.path, seen, expected = report.expected_rows, "rows are missing: the run is read again");
        drop(pieces.send(Piece::Again).await);
        let project = record.path.project_path();
        let planned = self.client.plan_runs(&project, std::slice::from_ref(&record.path.run_id)).await.pop();
        let Some(plan) = planned.transpose()? else { return Ok((record, report)) };
        self.read_with(plan, ScanOptions { small_pages: true, ..options }, pieces).await
    }

    async fn read_with(&self, plan: RunPlan, options: ScanOptions, pieces: &mpsc::Sender<Piece>) -> Result<(RunRecord, ScanReport), Error> {
        let mut scan = RunScan::start(self.client.clone(), plan, options).await?;
        while let Some(rows) = scan.next_columns().await? {
            if pieces.send(Piece::Rows(Box::new(rows))).await.is_err() {
                break;
            }
        }
        Ok((scan.run().clone(), scan.report().clone()))
    }

    /// The rows after `step`; `None` when the row of that step, or the number of rows, shows that the lake's rows are not those of the run.
    async fn read_tail(
        &self,
        plan: RunPlan,
        step: i64,
        stored_rows: u64,
        pieces: &mpsc::Sender<Piece>,
    ) -> Result<Option<(RunRecord, ScanReport)>, Error> {
        let Some(ours) = self.stored_row(&plan.record.path, step).await? else { return Ok(None) };
        // The row of the step itself is read once more.
        let rows_before = stored_rows.checked_sub(1);
        let options = ScanOptions { min_step: Some(step), rows_before, ..self.scan_options() };
        let mut scan = RunScan::start(self.client.clone(), plan, options).await?;
        let mut is_first = true;
        while let Some(mut rows) = scan.next_columns().await? {
            if rows.is_empty() {
                continue;
            }
            if std::mem::take(&mut is_first) {
                if first_row(&rows)? != ours {
                    return Ok(None);
                }
                rows = rows.slice(1, rows.len() - 1);
            }
            if !rows.is_empty() && pieces.send(Piece::Rows(Box::new(rows))).await.is_err() {
                break;
            }
        }
        let mut report = scan.report().clone();
        // The first row is one that the lake has.
        report.rows = stored_rows + report.rows.saturating_sub(1);
        let has_all = report.expected_rows.is_none_or(|expected| report.rows >= expected);
        report.completeness = if has_all && !scan.run().state.is_live() { Completeness::Complete } else { Completeness::Live };
        let is_continuation = !is_first && has_all;
        Ok(is_continuation.then(|| (scan.run().clone(), report)))
    }

    /// The row that the lake has at this step.
    async fn stored_row(&self, run: &RunPath, step: i64) -> Result<Option<Object>, Error> {
        let mut batches = self.lake.history_from(run, step).await?;
        while let Some(batch) = batches.try_next().await? {
            if batch.num_rows() > 0 {
                return Ok(rows_of_batch(&batch.slice(0, 1))?.pop());
            }
        }
        Ok(None)
    }
}

/// The first of these rows as the lake would give it back.
fn first_row(rows: &RowColumns) -> Result<Object, Error> {
    let batch = rows.slice(0, 1).place(&mut runlake_types::ColumnSet::new())?;
    Ok(rows_of_batch(&batch)?.pop().unwrap_or_default())
}

async fn events(client: &Client, run: &RunPath) -> Result<Vec<Object>, Error> {
    let lines = client.events(run, EVENT_SAMPLES).await?;
    let parse = |line: &String| {
        Json::parse_object(line)
            .map_err(|source| runlake_ingest::Error::from(runlake_ingest::ErrorKind::Row { run: run.to_string(), source }).into())
    };
    lines.iter().map(parse).collect()
}
