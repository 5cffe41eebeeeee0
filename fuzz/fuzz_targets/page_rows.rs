//! A page of history, a row a line: never a panic, and the rows come back from their columns, nulls aside.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runlake_fuzz::{comparable, sample_histories, write_seeds};
use runlake_ingest::{Encoder, KindPlan, RowColumns, Stream, rows_of_batch};
use runlake_types::{ColumnSet, Json, Object};

fn seeds() -> Vec<Vec<u8>> {
    let page = |rows: Vec<Object>| rows.into_iter().map(|row| Json::Object(row).to_string()).collect::<Vec<_>>().join("\n");
    sample_histories(4).into_iter().map(page).map(String::into_bytes).collect()
}

fuzz_target!(init: write_seeds(seeds), |page: &str| {
    let rows: Vec<Object> = page.lines().filter_map(|line| Json::parse_object(line).ok()).collect();
    let mut encoder = Encoder::new(Stream::History, ColumnSet::new(), KindPlan::default());
    let given: Vec<String> = rows.iter().cloned().map(comparable).collect();
    let (columns, rows_without_step) = RowColumns::of_rows(Stream::History, rows, encoder.plan());
    let batch = encoder.place(columns).expect("rows can be encoded");
    let found = rows_of_batch(&batch).expect("a batch can be read back");
    assert_eq!(found.len() as u64 + rows_without_step, given.len() as u64);
    if rows_without_step == 0 {
        for (found, given) in found.into_iter().zip(given) {
            assert_eq!(comparable(found), given);
        }
    }
});
