//! The columns of a lake's part files that are decoded without the Parquet library: never a panic, and the values that the library reads.
//!
//! An input is one byte that chooses a file, and bytes in place of that file's column chunk, whose footer stays as it is.
#![no_main]

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array as _, ArrayRef, AsArray as _, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Float64Type};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Encoding;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use runlake_fuzz::{pass_over_caught_panics, write_seeds};
use runlake_ingest::{dense_floats, is_dense_floats, is_text_stretches, text_stretches, without_panic};

/// Rows of each file: more than one page.
const ROWS: usize = 200;

struct File {
    bytes: Bytes,
    footer: ParquetMetaData,
    /// Where its only column chunk stands.
    chunk: Range<usize>,
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let floats = (0..ROWS).map(|row| Some((row as f64).sqrt())).collect::<Float64Array>();
    let ids = StringArray::from_iter_values((0..ROWS).map(|row| format!("run{}", if row < 100 { row / 40 } else { row / 3 })));
    let columns: [ArrayRef; 2] = [Arc::new(floats), Arc::new(ids)];
    let ways = [(false, WriterVersion::PARQUET_1_0), (true, WriterVersion::PARQUET_1_0), (true, WriterVersion::PARQUET_2_0)];
    columns.iter().flat_map(|column| ways.map(|(nullable, version)| file(column, nullable, version))).collect()
});

fn file(column: &ArrayRef, nullable: bool, version: WriterVersion) -> File {
    let mut properties = WriterProperties::builder().set_writer_version(version).set_data_page_row_count_limit(90).set_write_batch_size(30);
    if *column.data_type() == DataType::Float64 {
        let name = ColumnPath::from("column");
        properties = properties.set_column_dictionary_enabled(name.clone(), false).set_column_encoding(name, Encoding::BYTE_STREAM_SPLIT);
    }
    let batch = RecordBatch::try_from_iter_with_nullable([("column", Arc::clone(column), nullable)]).expect("it is one column");
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.build())).expect("the schema can be written");
    writer.write(&batch).expect("memory can be written");
    writer.close().expect("memory can be written");
    let bytes = Bytes::from(bytes);
    let footer = ParquetMetaDataReader::new().parse_and_finish(&bytes).expect("it was just written");
    let (start, length) = footer.row_group(0).column(0).byte_range();
    let place = |byte: u64| usize::try_from(byte).expect("the file is in memory");
    File { bytes, footer, chunk: place(start)..place(start + length) }
}

fn seeds() -> Vec<Vec<u8>> {
    let seed = |(number, file): (u8, &File)| [&[number], &file.bytes[file.chunk.clone()]].concat();
    (0..).zip(FILES.iter()).map(seed).collect()
}

fn prepare() {
    pass_over_caught_panics();
    write_seeds(seeds);
}

/// What the library reads of the file with these bytes in place of its chunk.
fn by_library(file: &File, chunk: &[u8]) -> Option<ArrayRef> {
    let mut bytes = file.bytes.to_vec();
    if chunk.len() != file.chunk.len() {
        return None;
    }
    bytes[file.chunk.clone()].copy_from_slice(chunk);
    let read = || {
        let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).ok()?;
        let mut batches = builder.with_batch_size(ROWS).build().ok()?;
        let batch = batches.next()?.ok()?;
        Some(Arc::clone(batch.column(0))).filter(|column| column.len() == ROWS && column.null_count() == 0)
    };
    without_panic(read).ok()?
}

fuzz_target!(init: prepare(), |input: &[u8]| {
    let Some((which, chunk)) = input.split_first() else { return };
    let file = &FILES[usize::from(*which) % FILES.len()];
    let (column, bytes) = (file.footer.row_group(0).column(0), Bytes::copy_from_slice(chunk));
    if is_dense_floats(column) {
        let Ok(found) = dense_floats(column, ROWS, bytes) else { return };
        assert_eq!(found.len(), ROWS);
        if let Some(expected) = by_library(file, chunk) {
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&found), bits(expected.as_primitive::<Float64Type>().values()));
        }
    } else {
        assert!(is_text_stretches(column), "each file is decoded here");
        let Ok(found) = text_stretches(column, ROWS, bytes) else { return };
        let rows: Vec<&str> = found.iter().flat_map(|(text, rows)| std::iter::repeat_n(text, rows)).collect();
        assert_eq!(rows.len(), ROWS);
        if let Some(expected) = by_library(file, chunk) {
            assert!(rows.into_iter().map(Some).eq(expected.as_string::<i32>()));
        }
    }
});
