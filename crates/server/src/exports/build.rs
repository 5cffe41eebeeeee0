//! Rows into a Parquet file of the shape that the service's exports have: snappy, several row groups, statistics, nested types as they are.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, NullArray, RecordBatch, RecordBatchOptions, StringArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use runlake_types::{Json, Number, Object};
use tempfile::NamedTempFile;

use super::Export;
use super::infer::{Columns, Shape, struct_fields};
use crate::Error;
use crate::history::parse_row;
use crate::options::ExportPolicy;
use crate::rows::Rows;

/// Rows that are turned into arrays at once.
const BATCH_ROWS: usize = 2048;

/// Writes `range` of `rows` to a file in `folder`. Reads the rows twice: for their types, then for their values. Blocks.
pub(crate) fn build(rows: &Rows, range: Range<usize>, policy: &ExportPolicy, folder: &Path) -> Result<(Export, u64), Error> {
    let mut columns = Columns::default();
    rows.visit(range.clone(), |_, line| {
        columns.see(&parse_row(line)?);
        Ok(())
    })?;
    let columns = columns.finish(policy.column_order, policy.step_as_double);
    let fields: Vec<Field> = columns.iter().map(|(name, shape)| Field::new(name, shape.data_type(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(policy.rows_per_group.max(1)))
        .build();
    let file = NamedTempFile::new_in(folder).map_err(Error::io("make a file in the temporary folder"))?;
    let mut writer = ArrowWriter::try_new(file.as_file(), Arc::clone(&schema), Some(properties))?;
    let mut batch = Vec::with_capacity(BATCH_ROWS);
    let until = range.end;
    rows.visit(range, |row, line| {
        batch.push(parse_row(line)?);
        if batch.len() == BATCH_ROWS || row + 1 == until {
            write_batch(&mut writer, &schema, &columns, &batch)?;
            batch.clear();
        }
        Ok(())
    })?;
    writer.close()?;
    let size = file.as_file().metadata().map_err(Error::io("look at an export"))?.len();
    Ok((Export { path: file.into_temp_path() }, size))
}

fn write_batch(writer: &mut ArrowWriter<&File>, schema: &Arc<Schema>, columns: &[(String, Shape)], rows: &[Object]) -> Result<(), Error> {
    let arrays = columns.iter().map(|(name, shape)| {
        let values: Vec<Option<&Json>> = rows.iter().map(|row| row.get(name)).collect();
        array(shape, &values)
    });
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema), arrays.collect(), &options).map_err(ParquetError::from)?;
    Ok(writer.write(&batch)?)
}

/// The values as an array of `shape`, which holds them all: inference saw each of them.
fn array(shape: &Shape, values: &[Option<&Json>]) -> ArrayRef {
    match shape {
        Shape::Null => Arc::new(NullArray::new(values.len())),
        Shape::Bool => Arc::new(
            values.iter().map(|value| if let Some(Json::Bool(value)) = value { Some(*value) } else { None }).collect::<BooleanArray>(),
        ),
        Shape::Int { .. } => {
            Arc::new(values.iter().map(|value| value.and_then(Json::as_number).and_then(Number::as_i64)).collect::<Int64Array>())
        }
        Shape::Float | Shape::SpecialFloat => Arc::new(values.iter().map(|value| value.and_then(float)).collect::<Float64Array>()),
        Shape::Text => Arc::new(values.iter().map(|value| value.and_then(Json::as_str)).collect::<StringArray>()),
        Shape::Mixed => Arc::new(
            values.iter().map(|value| value.filter(|value| **value != Json::Null).map(ToString::to_string)).collect::<StringArray>(),
        ),
        Shape::List(item_shape) => {
            let mut items = Vec::new();
            let mut lengths = Vec::with_capacity(values.len());
            let mut valid = Vec::with_capacity(values.len());
            for value in values {
                let before = items.len();
                if let Some(Json::Array(listed)) = value {
                    items.extend(listed.iter().map(Some));
                }
                lengths.push(items.len() - before);
                valid.push(matches!(value, Some(Json::Array(_))));
            }
            let item_shape = if **item_shape == Shape::Null { &Shape::Float } else { item_shape };
            let item_field = item_shape.item_field();
            Arc::new(ListArray::new(
                item_field,
                OffsetBuffer::from_lengths(lengths),
                array(item_shape, &items),
                Some(NullBuffer::from(valid)),
            ))
        }
        Shape::Struct(members) => struct_array(members, values),
    }
}

fn struct_array(members: &BTreeMap<String, Shape>, values: &[Option<&Json>]) -> ArrayRef {
    let objects: Vec<Option<&Object>> = values.iter().map(|value| value.and_then(Json::as_object)).collect();
    let arrays = members.iter().map(|(key, shape)| {
        let values: Vec<Option<&Json>> = objects.iter().map(|object| object.and_then(|object| object.get(key))).collect();
        array(shape, &values)
    });
    let valid = objects.iter().map(Option::is_some).collect::<NullBuffer>();
    Arc::new(StructArray::new(struct_fields(members), arrays.collect(), Some(valid)))
}

fn float(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => Some(number.as_f64()),
        Json::String(text) => Json::special_float(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::rows::tests::spooled;

    fn column_texts(batches: &[RecordBatch], name: &str) -> Vec<String> {
        let options = FormatOptions::default().with_null("-");
        let texts = |batch: &RecordBatch| {
            let column = batch.column_by_name(name).unwrap();
            let formatter = ArrayFormatter::try_new(column, &options).unwrap();
            (0..batch.num_rows()).map(|row| formatter.value(row).to_string()).collect::<Vec<_>>()
        };
        batches.iter().flat_map(texts).collect()
    }

    #[test]
    fn every_kind_of_value_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let lines = [
            r#"{"_step":0,"f":1.5,"i":9007199254740993,"b":true,"t":"x","l":[1,null],"d":{"a":1,"n":{"z":"q"}},"m":1,"none":null}"#,
            r#"{"_step":1,"f":"NaN","i":1,"t":"NaN","l":[],"d":{"b":[{"c":1}]},"m":"1"}"#,
            r#"{"_step":2,"f":"-Infinity","b":false,"d":{"a":2.5},"m":[1,"x"]}"#,
            r#"{"_step":3}"#,
        ];
        let rows = spooled(&lines.map(str::to_owned), folder.path());
        let policy = ExportPolicy { rows_per_group: 2, ..ExportPolicy::default() };
        let (export, size) = build(&rows, 0..4, &policy, folder.path()).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(export.path()).unwrap()).unwrap();
        assert!(size > 0);
        assert_eq!(builder.metadata().num_row_groups(), 2);
        assert!(builder.metadata().row_group(0).column(0).statistics().is_some());
        let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
        for (name, expected) in [
            ("_step", ["0", "1", "2", "3"]),
            ("f", ["1.5", "NaN", "-inf", "-"]),
            ("i", ["9007199254740993", "1", "-", "-"]),
            ("b", ["true", "-", "false", "-"]),
            ("t", ["x", "NaN", "-", "-"]),
            ("l", ["[1, -]", "[]", "-", "-"]),
            ("d", ["{a: 1.0, b: -, n: {z: q}}", "{a: -, b: [{c: 1}], n: -}", "{a: 2.5, b: -, n: -}", "-"]),
            ("m", ["1", "\"1\"", "[1,\"x\"]", "-"]),
            ("none", ["-", "-", "-", "-"]),
        ] {
            assert_eq!(column_texts(&batches, name), expected, "{name}");
        }
        let path = export.path().to_owned();
        drop(export);
        assert!(!path.exists());
    }
}
