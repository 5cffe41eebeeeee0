//! Offline run logs into a lake.
//!
//! All logs are read and decoded side by side, and what they say of kinds is counted; then their rows get their columns. Logs of one run,
//! as a resumed run leaves them, become one run. One log that cannot be read is reported and the rest goes on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use runlake_ingest::offline::{self, Pieces, Row, Survey};
use runlake_ingest::{Completeness, KindPlan};
use runlake_types::{HistoryKeys, Json, KindCounts, Number, Object, ProjectPath, RunPath, RunState, Timestamp};

use crate::{Error, ErrorKind, Event, Lake, LakeWriter, Observer, StoredRun};

/// Rows encoded at once.
const CHUNK_ROWS: usize = 8192;

/// After so long without a sign of life the service calls a run crashed
/// (<https://docs.wandb.ai/models/runs/run-states>).
const HEARTBEAT_LIMIT_SECONDS: f64 = 300.0;

/// The entity of runs whose log names none.
const DEFAULT_ENTITY: &str = "local";

/// What an import does beyond the logs' own word.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The entity, in place of what the logs say.
    pub entity: Option<String>,
    /// The project, in place of what the logs say.
    pub project: Option<String>,
    /// The state of runs whose log has no end; by default crashed, or running when the log grew within the last five minutes.
    pub unfinished_state: Option<RunState>,
    /// Whether the files beside the logs are brought along.
    pub with_files: bool,
}

/// What an import did.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// Runs imported, with their rows.
    pub runs: Vec<ImportedRun>,
    /// Logs that could not be imported, and why.
    pub failed: Vec<(PathBuf, Error)>,
}

/// A run that was imported.
#[derive(Debug)]
pub struct ImportedRun {
    /// Which.
    pub run: RunPath,
    /// Its state.
    pub state: RunState,
    /// Its history rows in the lake.
    pub rows: u64,
    /// What of its logs could not be read.
    pub damage: Vec<(PathBuf, offline::Damage)>,
}

/// The logs of one run.
#[derive(Default)]
struct Group {
    logs: Vec<Log>,
}

/// A log that was read.
struct Log {
    path: PathBuf,
    survey: Survey,
    pieces: Pieces,
}

/// Imports every log found below `paths`.
///
/// # Errors
/// [`ErrorKind::NoLogs`] when there is none, or when the lake cannot be written. Logs that cannot be read are in the report.
pub async fn import(lake: &Lake, paths: &[PathBuf], options: &ImportOptions, observer: &mut Observer<'_>) -> Result<ImportReport, Error> {
    let mut report = ImportReport::default();
    let mut projects: BTreeMap<ProjectPath, BTreeMap<String, Group>> = BTreeMap::new();
    for (path, scanned) in scan(paths).await? {
        match scanned.map_err(Error::from).and_then(|(survey, pieces)| placed(path.clone(), survey, pieces, options)) {
            Ok(log) => {
                let run = log.survey.record.path.clone();
                projects.entry(run.project_path()).or_default().entry(run.run_id).or_default().logs.push(log);
            }
            Err(error) => {
                observer(Event::Warning { text: format!("{}: {error}", path.display()) });
                report.failed.push((path, error));
            }
        }
    }
    let groups = || projects.values().flat_map(BTreeMap::values);
    let rows = groups().flat_map(|group| &group.logs).map(|log| log.survey.rows).sum();
    observer(Event::Planned { runs: groups().count(), rows });
    for (project, groups) in projects {
        let mut plan = KindPlan::default();
        for (path, counts) in groups.values().flat_map(|group| &group.logs).flat_map(|log| &log.survey.kinds) {
            plan.add_counts(path, counts);
        }
        let mut writer = lake.writer(&project, plan).await?;
        for group in groups.into_values() {
            let merged = merge(group.logs, options);
            let run = merged.stored.record.path.clone();
            let paths: Vec<PathBuf> = merged.logs.iter().map(|log| log.path.clone()).collect();
            observer(Event::RunStarted { run: &run });
            let Written { rows, damage } = write_run(&mut writer, merged.logs, merged.is_in_order, &run.run_id, observer).await?;
            observer(Event::RunFinished { run: &run, rows, completeness: merged.stored.completeness });
            if options.with_files {
                for path in &paths {
                    if let Some(files) = path.parent().map(|folder| folder.join("files")).filter(|files| files.is_dir()) {
                        lake.copy_files(&run, &files).await?;
                    }
                }
            }
            report.runs.push(ImportedRun { run, state: merged.stored.record.state.clone(), rows, damage });
            writer.end_run(StoredRun { synced_rows: Some(rows), ..merged.stored }).await;
        }
        writer.commit().await?;
    }
    Ok(report)
}

/// Reads every log below `paths`.
async fn scan(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Result<(Survey, Pieces), offline::Error>)>, Error> {
    let mut logs = Vec::new();
    for path in paths {
        let found = offline::find_logs(path)?;
        if found.is_empty() {
            return Err(ErrorKind::NoLogs { path: path.display().to_string() }.into());
        }
        logs.extend(found);
    }
    let scan = move || {
        let scanned = offline::scan_logs(logs.clone());
        logs.into_iter().zip(scanned).collect()
    };
    tokio::task::spawn_blocking(scan).await.map_err(|stopped| Error::stopped(&stopped))
}

/// Puts the run where the options or its log's own word say.
fn placed(path: PathBuf, mut survey: Survey, pieces: Pieces, options: &ImportOptions) -> Result<Log, Error> {
    let run = &mut survey.record.path;
    if let Some(entity) = &options.entity {
        run.entity.clone_from(entity);
    } else if run.entity.is_empty() {
        DEFAULT_ENTITY.clone_into(&mut run.entity);
    }
    if let Some(project) = &options.project {
        run.project.clone_from(project);
    }
    if run.project.is_empty() {
        return Err(ErrorKind::NoProject { path: path.display().to_string() }.into());
    }
    Ok(Log { path, survey, pieces })
}

/// A run put together from its logs.
struct MergedRun {
    stored: StoredRun,
    logs: Vec<Log>,
    /// Whether the logs, read one after the other, give each step once and in order.
    is_in_order: bool,
}

/// The latest log has the last word on everything but what adds up.
fn merge(mut logs: Vec<Log>, options: &ImportOptions) -> MergedRun {
    logs.sort_by(|a, b| (a.survey.record.created_at, &a.path).cmp(&(b.survey.record.created_at, &b.path)));
    let is_in_order = logs.iter().all(|log| log.survey.is_sorted)
        && logs.windows(2).all(|pair| pair[1].survey.first_step.is_none() || pair[0].survey.last_step < pair[1].survey.first_step);
    let last = &logs.last().expect("a group has at least one log").survey;
    let mut record = last.record.clone();
    if !last.is_finished {
        let is_silent = record.heartbeat_at.is_none_or(|at| Timestamp::now().seconds() - at.seconds() > HEARTBEAT_LIMIT_SECONDS);
        let by_heartbeat = if is_silent { RunState::Crashed } else { RunState::Running };
        record.state = options.unfinished_state.clone().unwrap_or(by_heartbeat);
    }
    record.created_at = logs.iter().filter_map(|log| log.survey.record.created_at).min();
    record.storage_id = storage_id(&record.path);
    if logs.len() > 1 {
        merge_history_keys(&mut record, &logs);
        let mut summary = Object::new();
        for log in &logs {
            summary.extend(log.survey.record.summary.clone());
        }
        record.summary = summary;
    }
    let completeness = if record.state.is_live() { Completeness::Live } else { Completeness::Complete };
    let synced_through_step = logs.iter().filter_map(|log| log.survey.last_step).max();
    MergedRun {
        stored: StoredRun { record, synced_at: Timestamp::now(), completeness, synced_through_step, synced_rows: None, synced_keys: None },
        logs,
        is_in_order,
    }
}

fn merge_history_keys(record: &mut runlake_types::RunRecord, logs: &[Log]) {
    let mut counts: BTreeMap<String, KindCounts> = BTreeMap::new();
    for (name, more) in logs.iter().filter_map(|log| log.survey.record.history_keys.as_ref()).flat_map(HistoryKeys::keys) {
        counts.entry(name.to_owned()).or_default().merge(&more);
    }
    if let Some(last_step) = logs.iter().filter_map(|log| log.survey.last_step).max() {
        record.history_keys = Some(HistoryKeys::from_counts(&counts, last_step));
    }
    record.history_line_count = Some(logs.iter().map(|log| log.survey.rows).sum());
}

/// The id that the service gives a run at this path, so that a run has one id wherever it was read.
fn storage_id(path: &RunPath) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("Run:v1:{}:{}:{}", path.run_id, path.project, path.entity))
}

/// What became of a run's logs.
struct Written {
    rows: u64,
    damage: Vec<(PathBuf, offline::Damage)>,
}

/// Gives the run's rows to the writer.
async fn write_run(
    writer: &mut LakeWriter,
    logs: Vec<Log>,
    is_in_order: bool,
    run_id: &str,
    observer: &mut Observer<'_>,
) -> Result<Written, Error> {
    let mut written = Written { rows: 0, damage: Vec::new() };
    let mut system = Vec::new();
    let mut by_step: BTreeMap<i64, Object> = BTreeMap::new();
    for Log { path, survey, pieces } in logs {
        if is_in_order {
            for rows in pieces.into_columns(Arc::clone(writer.plan())) {
                let rows = rows?;
                let count = rows.history.len() as u64;
                writer.push_columns(run_id, rows.history).await?;
                observer(Event::Rows { rows: count });
                written.rows += count;
                system.extend(rows.system);
                push_system(writer, run_id, &mut system, CHUNK_ROWS).await?;
            }
        } else {
            drop(pieces);
            for row in offline::rows(&path)? {
                match row? {
                    Row::System(row) => system.push(row),
                    Row::History(row) => {
                        // A step that was logged again adds to the row: the later value of a key counts, as on the service.
                        if let Some(step) = row.get("_step").and_then(Json::as_number).and_then(Number::as_i64) {
                            by_step.entry(step).or_default().extend(row);
                        }
                    }
                }
                push_system(writer, run_id, &mut system, CHUNK_ROWS).await?;
            }
        }
        if !survey.damage.is_clean() {
            written.damage.push((path, survey.damage));
        }
    }
    let mut history = by_step.into_values();
    loop {
        let rows: Vec<Object> = history.by_ref().take(CHUNK_ROWS).collect();
        let count = rows.len() as u64;
        if count == 0 {
            break;
        }
        let without_step = writer.push_history(run_id, rows).await?;
        observer(Event::Rows { rows: count });
        written.rows += count - without_step;
    }
    push_system(writer, run_id, &mut system, 1).await?;
    Ok(written)
}

/// Gives rows of system metrics to the writer once there are so many.
async fn push_system(writer: &mut LakeWriter, run_id: &str, rows: &mut Vec<Object>, enough: usize) -> Result<(), Error> {
    if rows.len() >= enough {
        writer.push_system(run_id, std::mem::take(rows)).await?;
    }
    Ok(())
}
