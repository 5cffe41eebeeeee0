//! A Parquet export: never a panic, and no more rows than the file can hold.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use parquet::arrow::ArrowWriter;
use runlake_fuzz::{sample_histories, write_seeds};
use runlake_ingest::{Encoder, KindPlan, Stream, export_rows};
use runlake_types::{ColumnSet, RunPath};

/// Batches after which an input is given up: run lengths can claim any number of rows in a few bytes.
const MOST_BATCHES: usize = 100;

fn seeds() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for rows in sample_histories(20) {
        let mut encoder = Encoder::new(Stream::History, ColumnSet::new(), KindPlan::default());
        let batch = encoder.encode(rows).expect("rows can be encoded").batch;
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).expect("the schema is that of a lake");
        writer.write(&batch).expect("memory can be written");
        writer.close().expect("memory can be written");
        files.push(file);
    }
    files
}

fuzz_target!(init: write_seeds(seeds), |bytes: &[u8]| {
    let run = RunPath::new("entity", "project", "run");
    if let Ok(rows) = export_rows(&run, Bytes::copy_from_slice(bytes), None) {
        for batch in rows.take(MOST_BATCHES) {
            if batch.is_err() {
                break;
            }
        }
    }
});
