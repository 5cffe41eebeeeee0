//! A Parquet export: never a panic, and column by column it gives the rows that it gives cell by cell.
#![no_main]

use std::sync::Arc;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use parquet::arrow::ArrowWriter;
use runlake_fuzz::{pass_over_caught_panics, rows_of, sample_histories, write_seeds};
use runlake_ingest::{Encoder, KindPlan, Projection, RowColumns, Stream, export_columns, export_rows};
use runlake_types::{ColumnSet, RunPath};

/// Parts after which an input is given up: run lengths can claim any number of rows in a few bytes.
const MOST_PARTS: usize = 4;

/// Rows beyond which a part is read and not compared, since text is made of each value.
const MOST_COMPARED_ROWS: usize = 2000;

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

fn prepare() {
    pass_over_caught_panics();
    write_seeds(seeds);
}

fuzz_target!(init: prepare(), |bytes: &[u8]| {
    let run = RunPath::new("entity", "project", "run");
    let (bytes, plan) = (Bytes::copy_from_slice(bytes), Arc::new(KindPlan::default()));
    for wanted in [Projection::Steps, Projection::Keys { keys: Arc::from(["train/loss".to_owned()]), with_stamps: true }] {
        if let Ok(parts) = export_columns(&run, bytes.clone(), &wanted, None, &plan) {
            drop(parts.take(MOST_PARTS).collect::<Vec<_>>());
        }
    }
    let by_column = export_columns(&run, bytes.clone(), &Projection::All, None, &plan);
    let by_cell = export_rows(&run, bytes, &Projection::All, None);
    let (Ok(by_column), Ok(by_cell)) = (by_column, by_cell) else { return };
    for (columns, cells) in by_column.zip(by_cell).take(MOST_PARTS) {
        // What only one of the two notices, such as text that is no UTF-8 in a column of rows without a step, is no difference.
        let (Ok(columns), Ok(cells)) = (columns, cells) else { return };
        if cells.len() > MOST_COMPARED_ROWS {
            return;
        }
        let (expected, rows_without_step) = RowColumns::of_rows(Stream::History, cells, &plan);
        assert_eq!((rows_of(&columns.rows), columns.rows_without_step), (rows_of(&expected), rows_without_step));
    }
});
