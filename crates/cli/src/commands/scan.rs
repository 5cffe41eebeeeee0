//! `runlake scan`: every row of one run, never sampled.

use std::collections::BTreeSet;

use runlake_ingest::{Encoder, ErrorKind, KindPlan, RunScan, ScanOptions, Stream};
use runlake_types::{ColumnSet, HistoryKeys, Json, KeyPath, Object, RunPath, RunRecord, flatten, key_selects, near_names, unflatten};

use crate::arguments::Scan;
use crate::connection::connect;
use crate::exit_code;
use crate::format::print_history;
use crate::report::say;

/// Columns that every row keeps whatever keys are asked for.
const ALWAYS: [&str; 3] = ["_step", "_timestamp", "_runtime"];

pub(crate) async fn scan(options: &Scan) -> anyhow::Result<u8> {
    let path = RunPath::parse(&options.run)?;
    let format = options.print.format()?;
    let client = connect(&options.connection)?;
    let planned = client.plan_runs(&path.project_path(), std::slice::from_ref(&path.run_id)).await.pop();
    let Some(plan) = planned.transpose()? else { anyhow::bail!("the service did not answer for {path}") };
    refuse_unknown_keys(&plan.record, &options.keys)?;
    let mut kinds = KindPlan::default();
    if let Some(keys) = &plan.record.history_keys {
        kinds.add_history_keys(keys);
    }
    let mut encoder = Encoder::new(Stream::History, ColumnSet::new(), kinds);
    let mut batches = Vec::new();
    let mut scan = RunScan::start(client, plan, ScanOptions::default()).await?;
    while let Some(rows) = scan.next_rows().await? {
        let rows: Vec<Object> = rows.into_iter().filter_map(|row| select(row, options)).collect();
        if !rows.is_empty() {
            batches.push(encoder.encode(rows)?.batch);
        }
    }
    print_history(&batches, format, options.print.output())?;
    let report = scan.report();
    let rows: usize = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
    let through = report.last_step.map_or_else(String::new, |step| format!(" through step {step}"));
    say(&format!("{rows} of {} rows, {}{through}", report.rows, report.completeness.as_str()));
    if let Some(expected) = report.expected_rows.filter(|expected| report.rows < *expected) {
        say(&format!("warning: the service counts {expected} rows and gave {}", report.rows));
    }
    Ok(exit_code::OK)
}

/// A key that no row can have is an error, never an empty table.
fn refuse_unknown_keys(run: &RunRecord, keys: &[String]) -> anyhow::Result<()> {
    let known: BTreeSet<&str> = run.history_keys.iter().flat_map(HistoryKeys::keys).map(|(name, _)| name).chain(ALWAYS).collect();
    for key in keys {
        if !known.iter().any(|name| key_selects(key, name)) {
            let near = near_names(key, known.iter().copied()).into_iter().map(str::to_owned).collect();
            return Err(runlake_ingest::Error::from(ErrorKind::UnknownKey { key: key.clone(), near }).into());
        }
    }
    Ok(())
}

/// The part of a row that was asked for; `None` when that is nothing.
fn select(row: Object, options: &Scan) -> Option<Object> {
    let step = row.get("_step").and_then(Json::as_number).and_then(runlake_types::Number::as_i64)?;
    if options.min_step.is_some_and(|first| step < first) || options.max_step.is_some_and(|end| step >= end) {
        return None;
    }
    if options.keys.is_empty() {
        return Some(row);
    }
    let leaves: Vec<(KeyPath, Json)> = flatten(row);
    let has = |key: &String| leaves.iter().any(|(path, value)| *value != Json::Null && key_selects(key, &path.dotted()));
    let keep = if options.require_all { options.keys.iter().all(has) } else { options.keys.iter().any(has) };
    let wanted =
        |path: &KeyPath| ALWAYS.contains(&path.dotted().as_str()) || options.keys.iter().any(|key| key_selects(key, &path.dotted()));
    keep.then(|| unflatten(leaves.into_iter().filter(|(path, _)| wanted(path))))
}
