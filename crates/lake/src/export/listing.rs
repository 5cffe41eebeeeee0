//! The service's runs held against the lake's: which of them need something, and which are gone.

use std::collections::{BTreeMap, BTreeSet};

use runlake_fetch::{Client, ErrorKind as FetchError, RunPlan, RunsQuery, ServiceRun};
use runlake_ingest::{Completeness, KindPlan, RunScan, ScanOptions};
use runlake_types::{ProjectPath, RunPath, RunRecord, RunState, key_selects, near_names};

use super::need::{Need, StoredBefore};
use super::{ExportOptions, ExportedRun};
use crate::{Error, Lake, StoredRun};

/// A run that needs something.
#[derive(Debug)]
pub(super) struct Needed {
    pub(super) run_id: String,
    pub(super) need: Need,
    pub(super) state: RunState,
    /// Rows that the service counts.
    pub(super) rows: Option<u64>,
    pub(super) last_step: Option<i64>,
    /// Whether the service does not say which kinds of values the run's keys have.
    pub(super) kinds_unknown: bool,
    pub(super) stored: Option<StoredBefore>,
}

impl Needed {
    pub(super) fn would_be(self, project: &ProjectPath) -> ExportedRun {
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
pub(super) struct Listing {
    /// By run id.
    pub(super) needed: Vec<Needed>,
    pub(super) unchanged: usize,
    /// Every run that is ours.
    pub(super) listed: BTreeSet<String>,
    /// Runs that only the lake has.
    pub(super) gone: Vec<String>,
    pub(super) kinds: KindPlan,
}

/// Lists the project. What is kept of a run afterwards is small: its record is read again when its turn comes.
pub(super) async fn list(client: &Client, project: &ProjectPath, lake: &Lake, options: &ExportOptions) -> Result<Listing, Error> {
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
    let mut listing = Listing { needed: Vec::new(), unchanged: 0, listed: BTreeSet::new(), gone: Vec::new(), kinds: KindPlan::default() };
    let mut seen = BTreeSet::new();
    let query = RunsQuery { filter: options.filter.clone(), ..RunsQuery::default() };
    let visit = |run: ServiceRun| {
        let run = run.record;
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
    listing.listed = seen;
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
pub(super) async fn count_kinds(client: &Client, run: &RunPath, kinds: &mut KindPlan) -> Result<(), Error> {
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
