//! A project of the service into a lake: the batch export, which is also how a lake is brought up to date.
//!
//! Runs that the lake has as the service has them cost a line of the listing and nothing else; of others only what is missing is read, and
//! runs that the service no longer has are taken out. Many runs are read at once; they are written in the order of their ids, so that the
//! lake is the same whatever came first. A run that cannot be read is reported, the lake keeps what it had of it, and the rest goes on.

mod need;
mod reading;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;

use runlake_fetch::{Client, ErrorKind as FetchError, RunPlan, RunsQuery};
use runlake_ingest::{Completeness, KindPlan, RunScan, ScanOptions, ScanReport};
use runlake_types::{Filter, ProjectPath, RunPath, RunRecord, RunState, Timestamp, key_selects, near_names};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

pub use need::Need;

use self::need::StoredBefore;
use self::reading::{Job, Piece, Reading, RunRead};
use crate::table::TableName;
use crate::{Error, Event, Lake, LakeWriter, Observer, StoredRun};

/// Runs committed together: few enough that little is done again after a kill, many enough that the Delta logs stay short.
const RUNS_PER_COMMIT: usize = 256;

/// Bytes of the records of runs that wait for a commit, at most: a record may have a config of megabytes.
const RECORD_BYTES_PER_COMMIT: usize = 32 << 20;

/// A commit is made after so long, however few runs it has.
const COMMIT_SECONDS: u64 = 30;

/// Runs that are read at once. How many requests they send is the client's own limit.
const RUNS_AHEAD: usize = 8;

/// Runs planned with one call.
const RUNS_PER_PLAN: usize = 16;

/// What an export takes.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// Which runs.
    pub filter: Filter,
    /// Only these keys, by their dotted names, and the rows that have one of them; every key when there are none.
    pub keys: Vec<String>,
    /// Which of several parts of the project, when it is shared out among machines.
    pub shard: Option<Shard>,
    /// Whether runs that the service no longer has stay in the lake.
    pub keep_deleted: bool,
    /// Whether every run is read anew, whatever the lake has.
    pub refresh: bool,
    /// Whether only the report is made of what would be done.
    pub dry_run: bool,
    /// Whether the lake has the histories in the long form, too: the table `histories_long`.
    pub with_long_form: bool,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            filter: Filter::everything(),
            keys: Vec::new(),
            shard: None,
            keep_deleted: false,
            refresh: false,
            dry_run: false,
            with_long_form: false,
        }
    }
}

/// One of several parts of a project, by a hash of the run ids, so that all machines agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1 to `count`.
    pub number: NonZeroU32,
    /// How many parts there are.
    pub count: NonZeroU32,
}

impl Shard {
    /// Reads `NUMBER/COUNT`, such as `1/4`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, count) = text.split_once('/')?;
        let shard = Self { number: number.parse().ok()?, count: count.parse().ok()? };
        (shard.number <= shard.count).then_some(shard)
    }

    /// Whether the run belongs to this part.
    pub fn contains(self, run_id: &str) -> bool {
        let digest = Sha256::digest(run_id.as_bytes());
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % self.count == self.number.get() - 1
    }
}

/// What an export did, or with `dry_run` would do.
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
    /// What was done for it.
    pub need: Need,
    /// Its state.
    pub state: RunState,
    /// The history rows that the lake has of it now.
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
    let mut report = ExportReport::default();
    let listing = list(client, project, lake, options).await?;
    report.unchanged = listing.unchanged;
    observer(Event::Planned { runs: listing.needed.len(), rows: listing.needed.iter().filter_map(|needed| needed.rows).sum() });
    if options.dry_run {
        report.removed = listing.gone.iter().map(|run_id| project.run(run_id)).collect();
        report.written = listing.needed.into_iter().map(|needed| needed.would_be(project)).collect();
        return Ok(report);
    }
    let mut kinds = listing.kinds;
    for needed in listing.needed.iter().filter(|needed| needed.kinds_unknown) {
        // A run that cannot be read is reported when its turn comes.
        count_kinds(client, &project.run(&needed.run_id), &mut kinds).await.unwrap_or_default();
    }
    // A lake that has the long form keeps it in line with the other, whether it is asked for or not.
    let with_long_form = options.with_long_form || lake.table_names().await?.contains(&TableName::HistoriesLong);
    let mut writer = if with_long_form { lake.writer_of_both_forms(project, kinds).await? } else { lake.writer(project, kinds).await? };
    for run_id in &listing.gone {
        writer.remove_run(run_id);
        report.removed.push(project.run(run_id));
    }
    let keys = (!options.keys.is_empty()).then(|| Arc::from(options.keys.clone()));
    let job = Job { client: client.clone(), lake: lake.clone(), kinds: Arc::clone(writer.plan()), keys };
    let mut queue = Queue::new(job, project.clone(), listing.needed);
    let mut committed_at = std::time::Instant::now();
    while let Some(mut reading) = queue.next().await? {
        observer(Event::RunStarted { run: &reading.run });
        match write_run(&mut reading, options, &mut writer, observer).await? {
            Ok(exported) => {
                observer(Event::RunFinished { run: &reading.run, rows: exported.rows, completeness: exported.completeness });
                report.written.push(exported);
            }
            Err(error) if is_gone(&error) => {
                writer.abandon_run();
                if !options.keep_deleted {
                    writer.remove_run(&reading.run.run_id);
                    report.removed.push(reading.run.clone());
                }
                observer(Event::Warning { text: format!("{}: it was deleted while the project was exported", reading.run) });
            }
            Err(error) => {
                writer.abandon_run();
                observer(Event::RunFailed { run: &reading.run, error: &error });
                let is_fatal = concerns_all(&error);
                report.failed.push((reading.run.clone(), error));
                if is_fatal && report.written.is_empty() {
                    // No other run would fare better, and each would be tried for minutes.
                    let (_, error) = report.failed.pop().expect("it was just pushed");
                    return Err(error);
                }
            }
        }
        if writer.uncommitted_runs() >= RUNS_PER_COMMIT
            || writer.uncommitted_record_bytes() >= RECORD_BYTES_PER_COMMIT
            || committed_at.elapsed().as_secs() >= COMMIT_SECONDS
        {
            writer.commit().await?;
            committed_at = std::time::Instant::now();
        }
    }
    writer.commit().await?;
    Ok(report)
}

/// Whether other runs would fail alike.
fn concerns_all(error: &Error) -> bool {
    let crate::ErrorKind::Fetch(error) = error.kind() else { return false };
    matches!(error.kind(), FetchError::Unauthenticated { .. } | FetchError::Connect { .. } | FetchError::ProjectNotFound { .. })
}

/// Whether the service no longer has the run.
fn is_gone(error: &Error) -> bool {
    let fetch = match error.kind() {
        crate::ErrorKind::Fetch(error) => error,
        crate::ErrorKind::Ingest(error) => match error.kind() {
            runlake_ingest::ErrorKind::Fetch(error) => error,
            _ => return false,
        },
        _ => return false,
    };
    matches!(fetch.kind(), FetchError::RunNotFound { .. })
}

/// A run that needs something.
#[derive(Debug)]
struct Needed {
    run_id: String,
    need: Need,
    state: RunState,
    /// Rows that the service counts.
    rows: Option<u64>,
    last_step: Option<i64>,
    /// Whether the service does not say which kinds of values the run's keys have.
    kinds_unknown: bool,
    stored: Option<StoredBefore>,
}

impl Needed {
    fn would_be(self, project: &ProjectPath) -> ExportedRun {
        let completeness = if self.state.is_live() { Completeness::Live } else { Completeness::Complete };
        ExportedRun {
            run: project.run(&self.run_id),
            need: self.need,
            state: self.state,
            rows: self.rows.unwrap_or_default(),
            completeness,
            last_step: self.last_step,
        }
    }
}

/// The service's runs held against the lake's.
struct Listing {
    /// By run id.
    needed: Vec<Needed>,
    unchanged: usize,
    /// Runs that only the lake has.
    gone: Vec<String>,
    kinds: KindPlan,
}

/// Lists the project. What is kept of a run afterwards is small: its record is read again when its turn comes.
async fn list(client: &Client, project: &ProjectPath, lake: &Lake, options: &ExportOptions) -> Result<Listing, Error> {
    let is_ours = |run_id: &str| options.shard.is_none_or(|shard| shard.contains(run_id));
    let mut stored: BTreeMap<String, StoredBefore> = BTreeMap::new();
    let keep = |run: StoredRun| {
        if is_ours(&run.record.path.run_id) {
            stored.insert(run.record.path.run_id.clone(), StoredBefore::of(&run));
        }
    };
    lake.visit_runs(project, keep).await?;
    let mut keys = options.keys.clone();
    keys.sort_unstable();
    let keys = (!keys.is_empty()).then_some(keys);
    let mut key_names: Option<BTreeSet<String>> = keys.is_some().then(BTreeSet::new);
    let in_long_form = if options.with_long_form { Some(lake.runs_in_long_form(project).await?) } else { None };
    let mut listing = Listing { needed: Vec::new(), unchanged: 0, gone: Vec::new(), kinds: KindPlan::default() };
    let mut seen = BTreeSet::new();
    let query = RunsQuery { filter: options.filter.clone(), ..RunsQuery::default() };
    let visit = |run: RunRecord| {
        let run_id = run.path.run_id.clone();
        if !is_ours(&run_id) || !seen.insert(run_id.clone()) {
            return;
        }
        match (&run.history_keys, &mut key_names) {
            (Some(keys), Some(names)) => names.extend(keys.keys().map(|(name, _)| name.to_owned())),
            // What a run without a list of keys has is not known before it is read.
            (None, names) if run.history_line_count != Some(0) => *names = None,
            _ => {}
        }
        let before = stored.get(&run_id);
        let has_rows = before.is_some_and(|before| before.rows != Some(0));
        let lacks_long_form = has_rows && in_long_form.as_ref().is_some_and(|runs| !runs.contains(&run_id));
        let need = if options.refresh || lacks_long_form { Need::Everything } else { Need::of(&run, before, keys.as_deref()) };
        if need == Need::Nothing {
            listing.unchanged += 1;
            return;
        }
        let kinds_unknown = need != Need::Record && add_kinds(&mut listing.kinds, &run);
        listing.needed.push(Needed {
            run_id,
            need,
            rows: run.history_line_count,
            last_step: run.last_step(),
            kinds_unknown,
            stored: before.cloned(),
            state: run.state,
        });
    };
    client.visit_runs(project, query, visit).await?;
    if let Some(names) = key_names {
        refuse_unknown_keys(&options.keys, &names)?;
    }
    listing.needed.sort_by(|a, b| a.run_id.cmp(&b.run_id));
    if !options.keep_deleted && options.filter.is_everything() {
        let not_listed = stored.into_keys().filter(|run_id| !seen.contains(run_id)).collect();
        listing.gone = really_gone(client, project, not_listed).await;
    }
    Ok(listing)
}

/// Those of `run_ids` that the service does not have. A listing can pass over a run, above all while others are deleted, so each is asked
/// for by its name before anything is taken out of the lake; where that fails, it stays.
async fn really_gone(client: &Client, project: &ProjectPath, run_ids: Vec<String>) -> Vec<String> {
    let plans = client.plan_runs(project, &run_ids).await;
    let is_gone = |plan: &Result<RunPlan, runlake_fetch::Error>| {
        plan.as_ref().is_err_and(|error| matches!(error.kind(), FetchError::RunNotFound { .. }))
    };
    run_ids.into_iter().zip(plans).filter(|(_, plan)| is_gone(plan)).map(|(run_id, _)| run_id).collect()
}

/// A key that no run has is an error, never an empty lake.
fn refuse_unknown_keys(keys: &[String], names: &BTreeSet<String>) -> Result<(), Error> {
    for key in keys {
        if !names.iter().any(|name| key_selects(key, name)) {
            let near = near_names(key, names.iter().map(String::as_str)).into_iter().map(str::to_owned).collect();
            return Err(runlake_ingest::Error::from(runlake_ingest::ErrorKind::UnknownKey { key: key.clone(), near }).into());
        }
    }
    Ok(())
}

/// Adds what the service knows of the run's keys; whether it knows too little.
fn add_kinds(kinds: &mut KindPlan, run: &RunRecord) -> bool {
    match &run.history_keys {
        Some(keys) if KindPlan::covers(Some(keys)) => {
            kinds.add_history_keys(keys);
            false
        }
        _ => run.history_line_count != Some(0),
    }
}

/// Counts kinds by reading the run, for services that do not count them.
async fn count_kinds(client: &Client, run: &RunPath, kinds: &mut KindPlan) -> Result<(), Error> {
    let planned = client.plan_runs(&run.project_path(), std::slice::from_ref(&run.run_id)).await.pop();
    let Some(plan) = planned.transpose()? else { return Ok(()) };
    let mut scan = RunScan::start(client.clone(), plan, ScanOptions::default()).await?;
    while let Some(rows) = scan.next_columns().await? {
        for metric in &rows.metrics {
            kinds.add_values(&metric.path, metric.kind, metric.values.as_ref());
        }
    }
    Ok(())
}

/// The runs of a job, each begun some time before its turn.
struct Queue {
    job: Job,
    project: ProjectPath,
    /// Runs that are not planned yet.
    waiting: VecDeque<Needed>,
    /// The plan that is being asked for.
    planning: Option<Planning>,
    planned: VecDeque<(Needed, Result<RunPlan, Error>)>,
    begun: VecDeque<Reading>,
}

/// Runs whose plan was asked for.
type Planning = (Vec<Needed>, JoinHandle<Vec<Result<RunPlan, runlake_fetch::Error>>>);

impl Queue {
    fn new(job: Job, project: ProjectPath, needed: Vec<Needed>) -> Self {
        Self { job, project, waiting: needed.into(), planning: None, planned: VecDeque::new(), begun: VecDeque::new() }
    }

    /// The next run in order, which may have been begun long ago; `None` at the end.
    async fn next(&mut self) -> Result<Option<Reading>, Error> {
        while self.begun.len() < RUNS_AHEAD {
            self.plan_ahead();
            if let Some((needed, planned)) = self.planned.pop_front() {
                let run = self.project.run(&needed.run_id);
                self.begun.push_back(self.job.read(run, planned, needed.need, needed.stored));
                continue;
            }
            // With a run at hand, its writer need not wait for the plan of the next ones.
            let is_ready = self.planning.as_ref().is_some_and(|(_, plan)| plan.is_finished());
            if !is_ready && !self.begun.is_empty() {
                break;
            }
            let Some((needed, plan)) = self.planning.take() else { break };
            let plans = plan.await.map_err(|stopped| Error::stopped(&stopped))?;
            self.planned.extend(needed.into_iter().zip(plans.into_iter().map(|plan| plan.map_err(Error::from))));
        }
        Ok(self.begun.pop_front())
    }

    fn plan_ahead(&mut self) {
        if self.planning.is_some() || self.waiting.is_empty() || self.planned.len() >= RUNS_PER_PLAN {
            return;
        }
        let needed: Vec<Needed> = self.waiting.drain(..RUNS_PER_PLAN.min(self.waiting.len())).collect();
        let run_ids: Vec<String> = needed.iter().map(|needed| needed.run_id.clone()).collect();
        let (client, project) = (self.job.client.clone(), self.project.clone());
        self.planning = Some((needed, tokio::spawn(async move { client.plan_runs(&project, &run_ids).await })));
    }
}

/// Writes a run as its pieces come. The outer error is the lake's and ends the job, the inner is the run's and does not.
async fn write_run(
    reading: &mut Reading,
    options: &ExportOptions,
    writer: &mut LakeWriter,
    observer: &mut Observer<'_>,
) -> Result<Result<ExportedRun, Error>, Error> {
    let run_id = reading.run.run_id.clone();
    let read = loop {
        match reading.pieces.recv().await {
            Some(Piece::Rows(rows)) => {
                observer(Event::Rows { rows: rows.len() as u64 });
                writer.push_columns(&run_id, *rows).await?;
            }
            Some(Piece::Again) => writer.abandon_run(),
            Some(Piece::End(read)) => break *read,
            Some(Piece::Failed(error)) => return Ok(Err(error)),
            None => return Ok(Err(crate::ErrorKind::Stopped { reason: format!("the reader of {}", reading.run) }.into())),
        }
    };
    let RunRead { record, report, events, done } = read;
    warn_of(&reading.run, &report, options, observer);
    let exported = ExportedRun {
        run: record.path.clone(),
        need: done,
        state: record.state.clone(),
        rows: report.rows,
        completeness: report.completeness,
        last_step: report.last_step,
    };
    let mut keys = options.keys.clone();
    keys.sort_unstable();
    let stored = StoredRun {
        record,
        synced_at: Timestamp::now(),
        completeness: report.completeness,
        synced_through_step: report.last_step,
        synced_rows: Some(report.rows),
        synced_keys: (!keys.is_empty()).then_some(keys),
    };
    if done == Need::Record {
        writer.update_run(stored);
        return Ok(Ok(exported));
    }
    writer.push_system(&run_id, events).await?;
    match done {
        Need::RowsFrom(step) => writer.append_run(stored, step).await,
        _ => writer.end_run(stored).await,
    }
    Ok(Ok(exported))
}

fn warn_of(run: &RunPath, report: &ScanReport, options: &ExportOptions, observer: &mut Observer<'_>) {
    if let Some(expected) = report.expected_rows.filter(|expected| report.rows < *expected && options.keys.is_empty()) {
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_run_is_in_one_shard() {
        let shards: Vec<Shard> = (1..=4).map(|number| Shard::parse(&format!("{number}/4")).unwrap()).collect();
        let mut sizes = HashMap::new();
        for run in 0..1000 {
            let run_id = format!("run{run}");
            let holders: Vec<_> = shards.iter().filter(|shard| shard.contains(&run_id)).collect();
            assert_eq!(holders.len(), 1);
            *sizes.entry(holders[0].number).or_insert(0) += 1;
        }
        assert!(sizes.values().all(|size| *size > 200), "{sizes:?}");
        for text in ["0/4", "5/4", "1", "1/0", "a/b", ""] {
            assert_eq!(Shard::parse(text), None, "{text}");
        }
    }
}
