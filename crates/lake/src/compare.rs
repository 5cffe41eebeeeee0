//! Whether a lake has what the service has: every run, every row, every value.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use runlake_fetch::{Client, RunPlan, RunsQuery};
use runlake_ingest::{KindPlan, RunScan, ScanOptions, rows_of_batch};
use runlake_types::{ColumnSet, Json, Number, Object, ProjectPath, RunPath};

use crate::export::ExportOptions;
use crate::{Error, Lake, StoredRun};

/// Runs that are compared at once.
const RUNS_AT_ONCE: usize = 4;

/// What [`compare`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Runs compared.
    pub runs: usize,
    /// Rows compared.
    pub rows: u64,
    /// What differs, a line a run; empty when the lake has what the service has.
    pub differences: Vec<String>,
}

/// Reads every row of the project from the service and holds it against the lake's. Nothing is written.
///
/// Only what `options` ask for is compared. Of runs of which the lake keeps some keys only, the records are.
///
/// # Errors
/// When the project cannot be listed, or the lake not read. A run that cannot be read is a difference.
pub async fn compare(client: &Client, project: &ProjectPath, lake: &Lake, options: &ExportOptions) -> Result<Comparison, Error> {
    let is_ours = |run: &RunPath| options.shard.is_none_or(|shard| shard.contains(&run.run_id));
    let stored = lake.runs(project).await?.into_iter().filter(|run| is_ours(&run.record.path));
    let mut stored: BTreeMap<String, StoredRun> = stored.map(|run| (run.record.path.run_id.clone(), run)).collect();
    let listed = client.list_runs(project, RunsQuery { filter: options.filter.clone(), ..RunsQuery::default() }).await?;
    let mut comparison = Comparison::default();
    let mut both = Vec::new();
    for run in listed.into_iter().filter(|run| is_ours(&run.path)) {
        match stored.remove(&run.path.run_id) {
            None => comparison.differences.push(format!("{}: the lake does not have it", run.path)),
            Some(ours) => both.push((run.path.run_id, ours)),
        }
    }
    if options.filter.is_everything() && !options.keep_deleted {
        comparison.differences.extend(stored.into_values().map(|run| format!("{}: the service does not have it", run.record.path)));
    }
    let outcomes = stream::iter(both).map(|(run_id, ours)| compare_run(client, project, lake, run_id, ours)).buffered(RUNS_AT_ONCE);
    let outcomes: Vec<(u64, Option<String>)> = outcomes.collect().await;
    for (rows, difference) in outcomes {
        comparison.runs += 1;
        comparison.rows += rows;
        comparison.differences.extend(difference);
    }
    comparison.differences.sort();
    Ok(comparison)
}

/// How many rows of a run are alike, and what differs.
async fn compare_run(client: &Client, project: &ProjectPath, lake: &Lake, run_id: String, ours: StoredRun) -> (u64, Option<String>) {
    let run = project.run(&run_id);
    let mut rows = 0;
    let difference = match differences(client, lake, &run, ours, &mut rows).await {
        Ok(difference) => difference,
        Err(error) => Some(format!("it cannot be compared: {}", crate::verify::describe(&error))),
    };
    (rows, difference.map(|difference| format!("{run}: {difference}")))
}

async fn differences(client: &Client, lake: &Lake, run: &RunPath, ours: StoredRun, rows: &mut u64) -> Result<Option<String>, Error> {
    let planned = client.plan_runs(&run.project_path(), std::slice::from_ref(&run.run_id)).await.pop();
    let Some(plan) = planned.transpose()? else { return Ok(None) };
    if plan.record != ours.record {
        return Ok(Some("its record is another: it changed since the export".to_owned()));
    }
    if ours.synced_keys.is_some() {
        return Ok(None);
    }
    let (mut theirs, mut ours) = (service_rows(client, plan).await?, lake_rows(lake, run).await?);
    loop {
        let difference = match (theirs.try_next().await?, ours.try_next().await?) {
            (None, None) => return Ok(None),
            (Some(theirs), None) => format!("the lake ends before step {}", step_text(&theirs)),
            (None, Some(ours)) => format!("the lake has step {} and the service does not", step_text(&ours)),
            (Some(theirs), Some(ours)) if theirs == ours => {
                *rows += 1;
                continue;
            }
            (Some(theirs), Some(ours)) if theirs.get("_step") != ours.get("_step") => {
                format!("after {rows} equal rows the service has step {} and the lake step {}", step_text(&theirs), step_text(&ours))
            }
            (Some(theirs), Some(ours)) => {
                let keys = theirs.keys().chain(ours.keys()).find(|key| theirs.get(*key) != ours.get(*key));
                format!("at step {} the values of `{}` differ", step_text(&theirs), keys.map_or("", String::as_str))
            }
        };
        return Ok(Some(difference));
    }
}

fn step_text(row: &Object) -> String {
    row.get("_step").and_then(Json::as_number).and_then(Number::as_i64).map_or_else(|| "?".to_owned(), |step| step.to_string())
}

type Rows<'a> = BoxStream<'a, Result<Object, Error>>;

async fn service_rows(client: &Client, plan: RunPlan) -> Result<Rows<'static>, Error> {
    let mut kinds = KindPlan::default();
    if let Some(keys) = &plan.record.history_keys {
        kinds.add_history_keys(keys);
    }
    let scan = RunScan::start(client.clone(), plan, ScanOptions { kinds: Arc::new(kinds), ..ScanOptions::default() }).await?;
    let batches = stream::try_unfold((scan, ColumnSet::new()), |(mut scan, mut columns)| async move {
        let Some(rows) = scan.next_columns().await? else { return Ok::<_, Error>(None) };
        let rows = rows_of_batch(&rows.place(&mut columns)?)?;
        Ok(Some((rows, (scan, columns))))
    });
    Ok(batches.map_ok(|rows| stream::iter(rows).map(Ok)).try_flatten().boxed())
}

async fn lake_rows(lake: &Lake, run: &RunPath) -> Result<Rows<'static>, Error> {
    let batches = lake.history(run).await?;
    let rows = batches.map(|batch| Ok::<_, Error>(rows_of_batch(&batch?)?));
    Ok(rows.map_ok(|rows| stream::iter(rows).map(Ok)).try_flatten().boxed())
}
