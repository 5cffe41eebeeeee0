//! A page of history: never a panic, the columns are those of its rows read one by one, and the rows come back from a table, nulls aside.
//!
//! An input is tried as it is, and as the lines of a page, which lets mutations reach the rows.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use runlake_fuzz::{comparable, rows_of, sample_histories, write_seeds};
use runlake_ingest::schema::STEP;
use runlake_ingest::{Encoder, KindPlan, RowColumns, Stream, decode_page, rows_of_batch};
use runlake_types::{ColumnSet, Json, Number, Object, RunPath};

const STEPS: std::ops::Range<i64> = 0..1 << 40;

fn page_of<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    Json::Array(lines.map(Json::from).collect()).to_string()
}

fn seeds() -> Vec<Vec<u8>> {
    let lines = |rows: Vec<Object>| rows.into_iter().map(|row| Json::Object(row).to_string()).collect::<Vec<_>>().join("\n");
    let texts: Vec<String> = sample_histories(4).into_iter().map(lines).collect();
    let pages: Vec<String> = texts.iter().map(|text| page_of(text.lines())).collect();
    texts.into_iter().chain(pages).map(String::into_bytes).collect()
}

fuzz_target!(init: write_seeds(seeds), |text: &str| {
    let run = RunPath::new("entity", "project", "run");
    let plan = Arc::new(KindPlan::default());
    drop(decode_page(&run, text.as_bytes(), STEPS, &plan));

    let decoded = decode_page(&run, page_of(text.lines()).as_bytes(), STEPS, &plan);
    let rows: Result<Vec<Object>, _> = text.lines().map(Json::parse_object).collect();
    let (Ok(page), Ok(rows)) = (&decoded, &rows) else {
        assert!(decoded.is_err() && rows.is_err(), "{:?} of {rows:?}", decoded.map(|page| page.rows));
        return;
    };
    let kept = kept_rows(rows);
    let (columns, _) = RowColumns::of_rows(Stream::History, kept.clone(), &plan);
    assert_eq!(rows_of(&page.rows), rows_of(&columns));

    let mut encoder = Encoder::new(Stream::History, ColumnSet::new(), KindPlan::default());
    let batch = encoder.place(page.rows.clone()).expect("decoded rows have a place");
    let found = rows_of_batch(&batch).expect("a batch can be read back");
    assert_eq!(found.into_iter().map(comparable).collect::<Vec<_>>(), kept.into_iter().map(comparable).collect::<Vec<_>>());
});

/// The first row of each step of [`STEPS`], ascending, its step written as an integer.
fn kept_rows(rows: &[Object]) -> Vec<Object> {
    let mut kept = std::collections::BTreeMap::new();
    for row in rows {
        let step = row.get(STEP).and_then(Json::as_number).and_then(Number::as_i64);
        if let Some(step) = step.filter(|step| STEPS.contains(step)) {
            let mut row = row.clone();
            row.insert(STEP.to_owned(), Json::from(step));
            kept.entry(step).or_insert(row);
        }
    }
    kept.into_values().collect()
}
