//! A project of the service into a lake: the batch export.
//!
//! Runs that the lake has as the service has them are left alone; every other is read whole and replaces what the lake has of it. Runs
//! that the service no longer has are taken out. A run that cannot be read is reported, the lake keeps what it had of it, and the rest
//! goes on.

use std::collections::{BTreeMap, BTreeSet};

use runlake_fetch::{Client, RunsQuery};
use runlake_ingest::{Completeness, KindPlan, RunScan};
use runlake_types::{Filter, Json, Kind, KindCounts, Object, ProjectPath, RunPath, RunRecord, RunState, Timestamp, flatten};

use crate::{Error, Event, Lake, LakeWriter, Observer, StoredRun};

/// Runs committed together: few enough that little is done again after a kill, many enough that the Delta logs stay short.
const RUNS_PER_COMMIT: usize = 64;

/// Events asked for per run. The service samples the stream, and this is more than any run is known to give.
const EVENT_SAMPLES: u64 = 1_000_000;

/// What an export takes.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// Which runs.
    pub filter: Filter,
    /// Whether runs that the service no longer has stay in the lake.
    pub keep_deleted: bool,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self { filter: Filter::everything(), keep_deleted: false }
    }
}

/// What an export did.
#[derive(Debug, Default)]
pub struct ExportReport {
    /// Runs that were read and written.
    pub written: Vec<ExportedRun>,
    /// Runs that the lake had already as they are.
    pub unchanged: usize,
    /// Runs taken out of the lake, since the service no longer has them.
    pub removed: Vec<RunPath>,
    /// Runs that could not be read, and why.
    pub failed: Vec<(RunPath, Error)>,
}

/// A run that was exported.
#[derive(Debug)]
pub struct ExportedRun {
    /// Which.
    pub run: RunPath,
    /// Its state.
    pub state: RunState,
    /// Its history rows.
    pub rows: u64,
    /// How complete they are.
    pub completeness: Completeness,
    /// The last step; `None` without rows.
    pub last_step: Option<i64>,
}

/// Brings the lake in line with the project on the service.
///
/// # Errors
/// When the project cannot be listed, or the lake cannot be written. Runs that cannot be read are in the report.
pub async fn export(
    client: &Client,
    project: &ProjectPath,
    lake: &Lake,
    options: &ExportOptions,
    observer: &mut Observer<'_>,
) -> Result<ExportReport, Error> {
    let query = RunsQuery { filter: options.filter.clone(), ..RunsQuery::default() };
    let listed = client.list_runs(project, query).await?;
    let stored: BTreeMap<String, StoredRun> =
        lake.runs(project).await?.into_iter().map(|run| (run.record.path.run_id.clone(), run)).collect();
    let mut report = ExportReport::default();
    let listed_ids: BTreeSet<String> = listed.iter().map(|run| run.path.run_id.clone()).collect();
    let mut to_read: Vec<RunRecord> = listed.into_iter().filter(|run| !is_current(run, stored.get(&run.path.run_id))).collect();
    report.unchanged = listed_ids.len() - to_read.len();
    // By id, so that the lake is the same whatever the order of the listing.
    to_read.sort_by(|a, b| a.path.run_id.cmp(&b.path.run_id));
    observer(Event::Planned { runs: to_read.len(), rows: to_read.iter().filter_map(|run| run.history_line_count).sum() });

    let mut plan = KindPlan::default();
    for run in &to_read {
        match &run.history_keys {
            Some(keys) if KindPlan::covers(Some(keys)) => plan.add_history_keys(keys),
            // A run that cannot be read is reported when its turn comes.
            _ if run.history_line_count != Some(0) => count_kinds(client, run, &mut plan).await.unwrap_or_default(),
            _ => {}
        }
    }

    let mut writer = lake.writer(project, plan).await?;
    if !options.keep_deleted && options.filter.is_everything() {
        for run_id in stored.keys().filter(|run_id| !listed_ids.contains(*run_id)) {
            writer.remove_run(run_id);
            report.removed.push(project.run(run_id));
        }
    }
    for run in to_read {
        let path = run.path.clone();
        observer(Event::RunStarted { run: &path });
        match read_run(client, run, &mut writer, observer).await? {
            Ok(exported) => {
                observer(Event::RunFinished { run: &path, rows: exported.rows, completeness: exported.completeness });
                report.written.push(exported);
            }
            Err(error) => {
                writer.abandon_run();
                observer(Event::RunFailed { run: &path, error: &error });
                report.failed.push((path, error));
            }
        }
        if writer.uncommitted_runs() >= RUNS_PER_COMMIT {
            writer.commit().await?;
        }
    }
    writer.commit().await?;
    Ok(report)
}

/// Whether the lake has the run as the service has it. Rows of a live run may have come without a trace in its record.
fn is_current(listed: &RunRecord, stored: Option<&StoredRun>) -> bool {
    stored.is_some_and(|stored| stored.completeness == Completeness::Complete && stored.record == *listed)
}

/// Counts kinds by reading the run, for services that do not count them.
async fn count_kinds(client: &Client, run: &RunRecord, plan: &mut KindPlan) -> Result<(), Error> {
    let mut scan = RunScan::start(client.clone(), run.clone()).await?;
    while let Some(rows) = scan.next_rows().await? {
        for (path, value) in rows.into_iter().flat_map(flatten) {
            if let Some(kind) = Kind::of(&value) {
                let mut counts = KindCounts::default();
                counts.add(kind, 1);
                plan.add_counts(&path, &counts);
            }
        }
    }
    Ok(())
}

/// Reads a run into the writer. The outer error is the lake's and ends the job, the inner is the run's and does not.
async fn read_run(
    client: &Client,
    run: RunRecord,
    writer: &mut LakeWriter,
    observer: &mut Observer<'_>,
) -> Result<Result<ExportedRun, Error>, Error> {
    let run_id = run.path.run_id.clone();
    let mut scan = match RunScan::start(client.clone(), run).await {
        Ok(scan) => scan,
        Err(error) => return Ok(Err(error.into())),
    };
    loop {
        match scan.next_rows().await {
            Ok(Some(rows)) => {
                observer(Event::Rows { rows: rows.len() as u64 });
                writer.push_history(&run_id, rows).await?;
            }
            Ok(None) => break,
            Err(error) => return Ok(Err(error.into())),
        }
    }
    let events = match events(client, &scan.run().path).await {
        Ok(events) => events,
        Err(error) => return Ok(Err(error)),
    };
    writer.push_system(&run_id, events).await?;
    let report = scan.report().clone();
    warn_of(&scan.run().path, &report, observer);
    let record = scan.run().clone();
    let exported = ExportedRun {
        run: record.path.clone(),
        state: record.state.clone(),
        rows: report.rows,
        completeness: report.completeness,
        last_step: report.last_step,
    };
    let stored =
        StoredRun { record, synced_at: Timestamp::now(), completeness: report.completeness, synced_through_step: report.last_step };
    writer.end_run(stored).await?;
    Ok(Ok(exported))
}

fn warn_of(run: &RunPath, report: &runlake_ingest::ScanReport, observer: &mut Observer<'_>) {
    if let Some(expected) = report.expected_rows.filter(|expected| report.rows < *expected) {
        observer(Event::Warning {
            text: format!("{run}: the service counts {expected} rows and gave {}; it is stored as not complete", report.rows),
        });
    }
    if report.conflicting_rows > 0 {
        observer(Event::Warning {
            text: format!("{run}: {} steps differ between two sources; the newer was taken", report.conflicting_rows),
        });
    }
    if report.rows_without_step > 0 {
        observer(Event::Warning { text: format!("{run}: {} rows have no _step and were left out", report.rows_without_step) });
    }
}

async fn events(client: &Client, run: &RunPath) -> Result<Vec<Object>, Error> {
    let lines = client.events(run, EVENT_SAMPLES).await?;
    let parse = |line: &String| {
        Json::parse_object(line)
            .map_err(|source| runlake_ingest::Error::from(runlake_ingest::ErrorKind::Row { run: run.to_string(), source }).into())
    };
    lines.iter().map(parse).collect()
}
