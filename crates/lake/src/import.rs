//! Offline run logs into a lake.
//!
//! Each log is read twice: once for what it says of its run and for counts of kinds, once for its rows. Logs of one run, as a resumed run
//! leaves them, become one run. One log that cannot be read is reported and the rest goes on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use runlake_ingest::offline::{self, Row, Survey};
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
struct Group {
    logs: Vec<(PathBuf, Survey)>,
}

/// Imports every log found below `paths`.
///
/// # Errors
/// [`ErrorKind::NoLogs`] when there is none, or when the lake cannot be written. Logs that cannot be read are in the report.
pub async fn import(lake: &Lake, paths: &[PathBuf], options: &ImportOptions, observer: &mut Observer<'_>) -> Result<ImportReport, Error> {
    let mut report = ImportReport::default();
    let mut projects: BTreeMap<ProjectPath, BTreeMap<String, Group>> = BTreeMap::new();
    for path in paths {
        let logs = offline::find_logs(path)?;
        if logs.is_empty() {
            return Err(ErrorKind::NoLogs { path: path.display().to_string() }.into());
        }
        for log in logs {
            match survey(&log, options) {
                Ok(survey) => {
                    let run = survey.record.path.clone();
                    let group =
                        projects.entry(run.project_path()).or_default().entry(run.run_id).or_insert_with(|| Group { logs: Vec::new() });
                    group.logs.push((log, survey));
                }
                Err(error) => {
                    observer(Event::Warning { text: format!("{}: {error}", log.display()) });
                    report.failed.push((log, error));
                }
            }
        }
    }
    let groups = || projects.values().flat_map(BTreeMap::values);
    let rows = groups().flat_map(|group| &group.logs).map(|(_, survey)| survey.rows).sum();
    observer(Event::Planned { runs: groups().count(), rows });
    for (project, groups) in projects {
        let mut plan = KindPlan::default();
        for (path, counts) in groups.values().flat_map(|group| &group.logs).flat_map(|(_, survey)| &survey.kinds) {
            plan.add_counts(path, counts);
        }
        let mut writer = lake.writer(&project, plan).await?;
        for group in groups.into_values() {
            let merged = merge(group.logs, options);
            let run = merged.stored.record.path.clone();
            observer(Event::RunStarted { run: &run });
            let rows = write_run(&mut writer, &merged, observer).await?;
            observer(Event::RunFinished { run: &run, rows, completeness: merged.stored.completeness });
            if options.with_files {
                for (log, _) in &merged.logs {
                    if let Some(files) = log.parent().map(|folder| folder.join("files")).filter(|files| files.is_dir()) {
                        lake.copy_files(&run, &files).await?;
                    }
                }
            }
            let damage =
                merged.logs.into_iter().filter(|(_, survey)| !survey.damage.is_clean()).map(|(log, survey)| (log, survey.damage)).collect();
            report.runs.push(ImportedRun { run, state: merged.stored.record.state.clone(), rows, damage });
            writer.end_run(StoredRun { synced_rows: Some(rows), ..merged.stored }).await;
        }
        writer.commit().await?;
    }
    Ok(report)
}

/// Reads a log once, and puts the run where the options or its own word say.
fn survey(log: &Path, options: &ImportOptions) -> Result<Survey, Error> {
    let mut survey = offline::survey(log)?;
    let path = &mut survey.record.path;
    if let Some(entity) = &options.entity {
        path.entity.clone_from(entity);
    } else if path.entity.is_empty() {
        DEFAULT_ENTITY.clone_into(&mut path.entity);
    }
    if let Some(project) = &options.project {
        path.project.clone_from(project);
    }
    if path.project.is_empty() {
        return Err(ErrorKind::NoProject { path: log.display().to_string() }.into());
    }
    Ok(survey)
}

/// A run put together from its logs.
struct MergedRun {
    stored: StoredRun,
    logs: Vec<(PathBuf, Survey)>,
    /// Whether the logs, read one after the other, give each step once and in order.
    is_in_order: bool,
}

/// The latest log has the last word on everything but what adds up.
fn merge(mut logs: Vec<(PathBuf, Survey)>, options: &ImportOptions) -> MergedRun {
    logs.sort_by(|(a_path, a), (b_path, b)| (a.record.created_at, a_path).cmp(&(b.record.created_at, b_path)));
    let is_in_order = logs.iter().all(|(_, survey)| survey.is_sorted)
        && logs.windows(2).all(|pair| pair[1].1.first_step.is_none() || pair[0].1.last_step < pair[1].1.first_step);
    let (_, last) = logs.last().expect("a group has at least one log");
    let mut record = last.record.clone();
    if !last.is_finished {
        let is_silent = record.heartbeat_at.is_none_or(|at| Timestamp::now().seconds() - at.seconds() > HEARTBEAT_LIMIT_SECONDS);
        let by_heartbeat = if is_silent { RunState::Crashed } else { RunState::Running };
        record.state = options.unfinished_state.clone().unwrap_or(by_heartbeat);
    }
    record.created_at = logs.iter().filter_map(|(_, survey)| survey.record.created_at).min();
    record.storage_id = storage_id(&record.path);
    if logs.len() > 1 {
        merge_history_keys(&mut record, &logs);
        let mut summary = Object::new();
        for (_, survey) in &logs {
            summary.extend(survey.record.summary.clone());
        }
        record.summary = summary;
    }
    let completeness = if record.state.is_live() { Completeness::Live } else { Completeness::Complete };
    let synced_through_step = logs.iter().filter_map(|(_, survey)| survey.last_step).max();
    MergedRun {
        stored: StoredRun { record, synced_at: Timestamp::now(), completeness, synced_through_step, synced_rows: None, synced_keys: None },
        logs,
        is_in_order,
    }
}

fn merge_history_keys(record: &mut runlake_types::RunRecord, logs: &[(PathBuf, Survey)]) {
    let mut counts: BTreeMap<String, KindCounts> = BTreeMap::new();
    for (name, more) in logs.iter().filter_map(|(_, survey)| survey.record.history_keys.as_ref()).flat_map(HistoryKeys::keys) {
        counts.entry(name.to_owned()).or_default().merge(&more);
    }
    if let Some(last_step) = logs.iter().filter_map(|(_, survey)| survey.last_step).max() {
        record.history_keys = Some(HistoryKeys::from_counts(&counts, last_step));
    }
    record.history_line_count = Some(logs.iter().map(|(_, survey)| survey.rows).sum());
}

/// The id that the service gives a run at this path, so that a run has one id wherever it was read.
fn storage_id(path: &RunPath) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("Run:v1:{}:{}:{}", path.run_id, path.project, path.entity))
}

/// Gives the run's rows to the writer; the number that it took.
async fn write_run(writer: &mut LakeWriter, merged: &MergedRun, observer: &mut Observer<'_>) -> Result<u64, Error> {
    let run_id = &merged.stored.record.path.run_id;
    let (mut history, mut system) = (Vec::new(), Vec::new());
    let mut by_step: BTreeMap<i64, Object> = BTreeMap::new();
    let mut written = 0;
    for (log, _) in &merged.logs {
        for row in offline::rows(log)? {
            match row? {
                Row::System(row) => system.push(row),
                Row::History(row) if merged.is_in_order => history.push(row),
                Row::History(row) => {
                    // A step that was logged again adds to the row: the later value of a key counts, as on the service.
                    if let Some(step) = row.get("_step").and_then(Json::as_number).and_then(Number::as_i64) {
                        by_step.entry(step).or_default().extend(row);
                    }
                }
            }
            if history.len() >= CHUNK_ROWS {
                written += push_history(writer, run_id, std::mem::take(&mut history), observer).await?;
            }
            if system.len() >= CHUNK_ROWS {
                writer.push_system(run_id, std::mem::take(&mut system)).await?;
            }
        }
    }
    history.extend(by_step.into_values());
    written += push_history(writer, run_id, history, observer).await?;
    writer.push_system(run_id, system).await?;
    Ok(written)
}

async fn push_history(writer: &mut LakeWriter, run_id: &str, rows: Vec<Object>, observer: &mut Observer<'_>) -> Result<u64, Error> {
    let rows_read = rows.len() as u64;
    let without_step = writer.push_history(run_id, rows).await?;
    observer(Event::Rows { rows: rows_read });
    Ok(rows_read - without_step)
}
