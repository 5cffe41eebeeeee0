//! A Parquet export of a run's history into rows.
//!
//! Files may have no columns and no rows, `_step` anywhere and of type double, any nesting, and rows out of order; the facts are in the
//! official reader's tests (<https://github.com/wandb/wandb/tree/main/core/tests/files>).

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::schema::types::SchemaDescriptor;
use runlake_types::{HistoryKeys, Json, Object, RunPath};

use crate::arrow_value::json_at;
use crate::parquet_panics::without_panic;
use crate::projection::Projection;
use crate::text_meaning::TextMeanings;
use crate::{Error, ErrorKind};

/// Values read at once.
const BATCH_CELLS: usize = 400_000;

/// The rows of one export, a batch at a time. An error is the last.
#[derive(Debug)]
pub struct ExportRows {
    run: RunPath,
    reader: Option<ParquetRecordBatchReader>,
    texts: TextMeanings,
}

/// Opens an export that was fetched whole. `keys` tells which text columns hold JSON, because values of several types were logged under
/// their key.
///
/// # Errors
/// [`ErrorKind::Export`] when `bytes` are not Parquet.
pub fn export_rows(run: &RunPath, bytes: Bytes, wanted: &Projection, keys: Option<&HistoryKeys>) -> Result<ExportRows, Error> {
    let reader = open(run, bytes, wanted)?;
    Ok(ExportRows { run: run.clone(), reader, texts: TextMeanings::new(keys) })
}

/// A reader of the wanted columns; `None` for a file without rows.
pub(crate) fn open(run: &RunPath, bytes: Bytes, wanted: &Projection) -> Result<Option<ParquetRecordBatchReader>, Error> {
    let size = bytes.len() as u64;
    let build = || {
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, reader_options())?;
        check_chunks(builder.metadata(), size)?;
        if builder.metadata().file_metadata().num_rows() == 0 || builder.schema().fields().is_empty() {
            return Ok(None);
        }
        let mask = wanted.mask(builder.parquet_schema());
        let rows = batch_rows(&mask, builder.parquet_schema());
        builder.with_projection(mask).with_batch_size(rows).build().map(Some)
    };
    without_panic(build).and_then(|built| built).map_err(|source| export_error(run, source))
}

/// Rows read at once: a batch of wide rows stays within some megabytes, and one of narrow rows is worth its while.
pub(crate) fn batch_rows(mask: &ProjectionMask, schema: &SchemaDescriptor) -> usize {
    let columns = (0..schema.num_columns()).filter(|leaf| mask.leaf_included(*leaf)).count();
    (BATCH_CELLS / columns.max(1)).clamp(64, 32_768)
}

/// The Parquet schema says all that is needed of a file; the Arrow schema that a writer may have put beside it is foreign bytes for nothing.
pub(crate) fn reader_options() -> ArrowReaderOptions {
    ArrowReaderOptions::new().with_skip_arrow_metadata(true)
}

/// Refuses metadata whose columns stand outside a file of `size` bytes: the reader takes them on trust and would panic.
pub(crate) fn check_chunks(metadata: &ParquetMetaData, size: u64) -> Result<(), ParquetError> {
    let is_within = |chunk: &ColumnChunkMetaData| {
        let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
        let end = u64::try_from(start)
            .ok()
            .zip(u64::try_from(chunk.compressed_size()).ok())
            .and_then(|(start, length)| start.checked_add(length));
        end.is_some_and(|end| end <= size)
    };
    let mut groups = metadata.row_groups().iter();
    if groups.all(|group| group.num_rows() >= 0 && group.columns().iter().all(is_within)) {
        Ok(())
    } else {
        Err(ParquetError::General("its metadata name columns outside the file".to_owned()))
    }
}

pub(crate) fn export_error(run: &RunPath, source: ParquetError) -> Error {
    ErrorKind::Export { run: run.to_string(), source }.into()
}

/// The next batch of a file.
pub(crate) fn next_batch(run: &RunPath, reader: &mut ParquetRecordBatchReader) -> Option<Result<RecordBatch, Error>> {
    let next = match without_panic(|| reader.next()) {
        Ok(next) => next?.map_err(|error| ParquetError::ArrowError(error.to_string())),
        Err(damage) => Err(damage),
    };
    Some(next.map_err(|source| export_error(run, source)))
}

impl Iterator for ExportRows {
    type Item = Result<Vec<Object>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = next_batch(&self.run, self.reader.as_mut()?)?;
        let rows = batch.and_then(|batch| rows_of_columns(&batch, &self.texts));
        if rows.is_err() {
            // The reader of a spoilt file would say the same again without end.
            self.reader = None;
        }
        Some(rows)
    }
}

/// The rows of a batch, cell by cell; nulls are left out.
pub(crate) fn rows_of_columns(batch: &RecordBatch, texts: &TextMeanings) -> Result<Vec<Object>, Error> {
    let mut rows = vec![Object::new(); batch.num_rows()];
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let meaning = texts.of_column(column);
        for (row, members) in rows.iter_mut().enumerate() {
            let value = json_at(column, row, field.name(), &meaning)?;
            if value != Json::Null {
                members.insert(field.name().clone(), value);
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, StringArray, StructArray};
    use arrow::datatypes::{DataType, Field, Fields, Float64Type, Schema};
    use parquet::arrow::ArrowWriter;

    use super::*;

    fn parquet(columns: Vec<(&str, ArrayRef)>) -> Bytes {
        let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap();
        let mut out = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        out.into()
    }

    fn texts(bytes: Bytes, keys: Option<&str>) -> Vec<String> {
        let keys = keys.map(|keys| HistoryKeys::parse(keys).unwrap());
        let rows = export_rows(&RunPath::new("e", "p", "r"), bytes, &Projection::All, keys.as_ref()).unwrap();
        rows.flat_map(Result::unwrap).map(|row| Json::Object(row).to_canonical_text()).collect()
    }

    #[test]
    fn nested_columns_are_dicts_and_lists() {
        let b: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
        let a = StructArray::new(Fields::from(vec![Field::new("b", DataType::Float64, true)]), vec![b], None);
        let l = ListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(1.0), Some(f64::NAN)]), None]);
        let bytes = parquet(vec![
            ("a", Arc::new(a)),
            ("big", Arc::new(Int64Array::from(vec![9_007_199_254_740_993, 1]))),
            ("l", Arc::new(l)),
            ("_step", Arc::new(Float64Array::from(vec![0.0, 1.0]))),
        ]);
        assert_eq!(texts(bytes, None), [r#"{"_step":0,"a":{"b":1},"big":9007199254740993,"l":[1,"NaN"]}"#, r#"{"_step":1,"big":1}"#]);
    }

    #[test]
    fn text_is_json_only_where_types_were_mixed() {
        let columns = || -> Vec<(&str, ArrayRef)> {
            vec![
                ("mixed", Arc::new(StringArray::from(vec!["1.5", "\"text\""]))),
                ("plain", Arc::new(StringArray::from(vec!["1", "\"q\""]))),
            ]
        };
        let keys = r#"{"keys":{"mixed":{"typeCounts":[{"type":"number","count":1},{"type":"string","count":1}]},"plain":{"typeCounts":[{"type":"string","count":2}]}}}"#;
        assert_eq!(texts(parquet(columns()), Some(keys)), [r#"{"mixed":1.5,"plain":"1"}"#, r#"{"mixed":"text","plain":"\"q\""}"#]);
        let unlabelled = parquet(vec![("numbers as text", Arc::new(StringArray::from(vec!["1", "2"])))]);
        assert_eq!(texts(unlabelled, None), [r#"{"numbers as text":"1"}"#, r#"{"numbers as text":"2"}"#]);
    }

    #[test]
    fn a_file_without_columns_has_no_rows() {
        let batch = RecordBatch::new_empty(Arc::new(Schema::empty()));
        let mut out = Vec::new();
        ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap().close().unwrap();
        assert!(texts(out.into(), None).is_empty());
        assert!(export_rows(&RunPath::new("e", "p", "r"), Bytes::from_static(b"<html>expired</html>"), &Projection::All, None).is_err());
    }
}
