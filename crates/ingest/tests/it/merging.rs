//! Pieces of a run put together, beside rows put into a map one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use runlake_ingest::{Encoder, KindPlan, Projection, RowColumns, Stream, decode_page, export_columns, merge};
use runlake_types::{ColumnSet, Json, Kind, KindCounts, Number, Object, RunPath, flatten, unflatten};

use crate::columns::shown;
use crate::history::{any_plan, any_rows};

fn step(row: &Object) -> Option<i64> {
    row.get("_step").and_then(Json::as_number).and_then(Number::as_i64)
}

fn text_without_nulls(row: &Object) -> String {
    let leaves = flatten(row.clone()).into_iter().filter(|(_, value)| *value != Json::Null);
    Json::Object(unflatten(leaves)).to_canonical_text()
}

/// Puts each row in the place of an earlier one of its step: the rows, and how many were the same and how many were not.
fn put_together(pieces: &[Vec<Object>]) -> (Vec<Object>, u64, u64) {
    let (mut held, mut repeated, mut conflicting) = (BTreeMap::new(), 0, 0);
    for row in pieces.iter().flatten() {
        let Some(step) = step(row) else { continue };
        match held.insert(step, row.clone()) {
            Some(previous) if text_without_nulls(&previous) == text_without_nulls(row) => repeated += 1,
            Some(_) => conflicting += 1,
            None => {}
        }
    }
    (held.into_values().collect(), repeated, conflicting)
}

/// A plan that knows every key of these rows.
fn plan_of(rows: &[Object]) -> KindPlan {
    let mut plan = KindPlan::default();
    for (path, value) in rows.iter().cloned().flat_map(flatten) {
        let mut counts = KindCounts::default();
        if let Some(kind) = Kind::of(&value) {
            counts.add(kind, 1);
        }
        plan.add_counts(&path, &counts);
    }
    plan
}

fn parsed(rows: &[String]) -> Vec<Object> {
    rows.iter().map(|row| Json::parse_object(row).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_newest_row_of_each_step_is_kept(pieces in prop::collection::vec(any_rows(), 1..4), plan in any_plan(), is_planned in any::<bool>()) {
        let pieces: Vec<Vec<Object>> = pieces.iter().map(|rows| parsed(rows)).collect();
        let plan = if is_planned { Arc::new(plan_of(&pieces.concat())) } else { plan };
        let (rows, repeated, conflicting) = put_together(&pieces);
        let columns: Vec<RowColumns> = pieces.iter().map(|rows| RowColumns::of_rows(Stream::History, rows.clone(), &plan).0).collect();
        let merged = merge(&columns, &plan).unwrap();
        prop_assert_eq!((merged.repeated_rows, merged.conflicting_rows), (repeated, conflicting));
        let texts: Vec<String> = merged.rows.to_rows().unwrap().iter().map(text_without_nulls).collect();
        let expected: Vec<String> = rows.iter().map(with_whole_step).map(|row| text_without_nulls(&row)).collect();
        prop_assert_eq!(texts, expected);
        if is_planned && (repeated > 0 || conflicting > 0) {
            prop_assert_eq!(shown(&merged.rows), shown(&RowColumns::of_rows(Stream::History, rows, &plan).0));
        }
    }

    #[test]
    fn any_split_of_a_history_gives_the_same_table(rows in any_rows(), parts in prop::collection::vec((0_usize..20, 1_usize..20, any::<bool>()), 0..5)) {
        // One row a step, in order, without what an export cannot hold: dicts are flat columns there.
        let (rows, _, _) = put_together(&[parsed(&rows)]);
        let flat = |row: Object| row.into_iter().filter(|(key, value)| key != "_type" && !matches!(value, Json::Object(_))).collect();
        let rows: Vec<Object> = rows.into_iter().map(flat).collect();
        // Printed once, since a bare NaN is printed as a string, which is another value in a column of strings.
        let rows = parsed(&rows.iter().map(runlake_types::object_text).collect::<Vec<_>>());
        let plan = Arc::new(plan_of(&rows));
        let expected = RowColumns::of_rows(Stream::History, rows.clone(), &plan).0;
        let whole = (0, rows.len(), false);
        let mut pieces = Vec::new();
        for (from, length, is_export) in parts.into_iter().chain([whole]) {
            let from = from.min(rows.len());
            let part = &rows[from..rows.len().min(from + length)];
            pieces.push(if is_export { through_export(part, &plan) } else { through_page(part, &plan) });
        }
        let merged = merge(&pieces, &plan).unwrap();
        prop_assert_eq!(merged.conflicting_rows, 0);
        prop_assert_eq!(shown(&merged.rows), shown(&expected));
    }
}

/// A row whose step is written as an integer.
fn with_whole_step(row: &Object) -> Object {
    let mut row = row.clone();
    row.insert("_step".to_owned(), Json::from(step(&row).unwrap()));
    row
}

fn through_page(rows: &[Object], plan: &Arc<KindPlan>) -> RowColumns {
    let lines: Vec<String> = rows.iter().map(|row| Json::from(runlake_types::object_text(row)).to_string()).collect();
    let text = format!("[{}]", lines.join(","));
    decode_page(&RunPath::new("e", "p", "r"), text.as_bytes(), i64::MIN..i64::MAX, plan).unwrap().rows
}

/// The rows as an export holds them when every value fits its column; as a page when one does not.
fn through_export(rows: &[Object], plan: &Arc<KindPlan>) -> RowColumns {
    let columns = RowColumns::of_rows(Stream::History, rows.to_vec(), plan).0;
    let has_json = columns.metrics.iter().any(|metric| metric.kind != Kind::Number && metric.kind != Kind::Boolean);
    if columns.rescued.is_some() || has_json {
        return through_page(rows, plan);
    }
    let mut encoder = Encoder::new(Stream::History, ColumnSet::new(), KindPlan::clone(plan));
    let batch = encoder.place(columns).unwrap();
    let rescued = batch.schema_ref().index_of("_rescued_data").unwrap();
    let batch = batch.project(&(0..batch.num_columns()).filter(|at| *at != rescued).collect::<Vec<_>>()).unwrap();
    if batch.schema_ref().fields().iter().any(|field| field.name().ends_with("_2") || field.name() == "_empty") {
        return through_page(rows, plan);
    }
    let mut out = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let parts = export_columns(&RunPath::new("e", "p", "r"), out.into(), &Projection::All, None, plan).unwrap();
    let parts: Vec<RowColumns> = parts.map(|part| part.unwrap().rows).collect();
    if parts.is_empty() { through_page(rows, plan) } else { merge(&parts, plan).unwrap().rows }
}
