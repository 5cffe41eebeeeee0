//! A project of the service into a lake: the batch export, which is also how a lake is brought up to date.
//!
//! Runs that the lake has as the service has them cost a line of the listing and nothing else; of others only what is missing is read, and
//! runs that the service no longer has are taken out. Many runs are read at once; they are written in the order of their ids, so that the
//! lake is the same whatever came first. A run that cannot be read is reported, the lake keeps what it had of it, and the rest goes on.

mod files;
mod listing;
mod need;
mod queue;
mod reading;

use std::num::NonZeroU32;
use std::sync::Arc;

use runlake_fetch::{Client, ErrorKind as FetchError};
use runlake_ingest::{Completeness, ScanReport};
use runlake_types::{Filter, ProjectPath, RunPath, RunState, Timestamp};
use sha2::{Digest as _, Sha256};

pub use need::Need;

use self::files::bring_files;
use self::listing::{count_kinds, list};
use self::queue::Queue;
use self::reading::{Job, Piece, Reading, RunRead};
use crate::{Error, Event, Lake, LakeWriter, Observer, StoredRun};

/// Runs committed together: few enough that little is done again after a kill, many enough that the Delta logs stay short.
const RUNS_PER_COMMIT: usize = 256;

/// Bytes of the records of runs that wait for a commit, at most: a record may have a config of megabytes.
const RECORD_BYTES_PER_COMMIT: usize = 32 << 20;

/// A commit is made after so long, however few runs it has.
const COMMIT_SECONDS: u64 = 30;

/// What an export takes.
#[expect(clippy::struct_excessive_bools, reason = "each says yes or no to one thing, in any combination")]
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
    /// Whether the runs' files are brought along, into `files/ENTITY/PROJECT/RUN_ID` of a lake on local disk.
    pub with_files: bool,
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
            with_files: false,
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
    if options.with_long_form {
        lake.add_long_form().await?;
    }
    let mut writer = lake.writer(project, kinds).await?;
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
    for run in &report.removed {
        lake.remove_files_of(run).await?;
    }
    if options.with_files {
        let runs = listing.listed.iter().map(|run_id| project.run(run_id)).filter(|run| !report.removed.contains(run)).collect();
        let brought = bring_files(client, lake, runs, options.keep_deleted).await;
        brought.left_out.into_iter().for_each(|text| observer(Event::Warning { text }));
        report.failed.extend(brought.failed);
    }
    Ok(report)
}

/// What the service said, if it is the service's error.
fn service_error(error: &Error) -> Option<&FetchError> {
    match error.kind() {
        crate::ErrorKind::Fetch(error) => Some(error.kind()),
        crate::ErrorKind::Ingest(error) => match error.kind() {
            runlake_ingest::ErrorKind::Fetch(error) => Some(error.kind()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether other runs would fail alike.
fn concerns_all(error: &Error) -> bool {
    let error = service_error(error);
    error.is_some_and(|kind| {
        matches!(kind, FetchError::Unauthenticated { .. } | FetchError::Connect { .. } | FetchError::ProjectNotFound { .. })
    })
}

/// Whether the service no longer has the run.
fn is_gone(error: &Error) -> bool {
    service_error(error).is_some_and(|kind| matches!(kind, FetchError::RunNotFound { .. }))
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
