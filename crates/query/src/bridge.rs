//! Arrow memory from arrow-rs to Polars and back, by the Arrow C data interface.
//!
//! Numbers and booleans change hands without a copy; strings keep their bytes and get new views. Only the dtypes that a lake has are let
//! through: some others make an implementation panic (<https://arrow.apache.org/docs/format/CDataInterface.html> is the contract).
#![expect(unsafe_code, reason = "the C data interface moves raw structs whose ownership the two crates hand over by convention")]

use std::mem::transmute;
use std::sync::Arc;

use arrow::array::{Array, NullArray, RecordBatch, RecordBatchOptions, make_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use polars::prelude::{Column, CompatLevel, DataFrame, SchemaExt as _, Series};
use polars_arrow::ffi as other;

use crate::{Error, ErrorKind};

// Both crates' structs are images of the same C structs.
const _: () = assert!(size_of::<FFI_ArrowArray>() == size_of::<other::ArrowArray>());
const _: () = assert!(size_of::<FFI_ArrowSchema>() == size_of::<other::ArrowSchema>());

/// A record batch as a Polars frame. Order and names of the columns stay; field metadata does not.
///
/// # Errors
/// [`ErrorKind::DataType`] for a dtype that no table of a lake has.
pub fn frame_of_batch(batch: &RecordBatch) -> Result<DataFrame, Error> {
    let column = |(field, array): (&Arc<Field>, &Arc<dyn Array>)| -> Result<Column, Error> {
        if !is_known(field.data_type()) {
            return Err(ErrorKind::DataType { column: field.name().clone(), data_type: field.data_type().to_string() }.into());
        }
        let (array, _) = to_ffi(&array.to_data())?;
        let schema = FFI_ArrowSchema::try_from(field.as_ref())?;
        // SAFETY: the structs have one layout, and a transmute moves them: `release` and `private_data` go along, and this side forgets them.
        let (array, schema) =
            unsafe { (transmute::<FFI_ArrowArray, other::ArrowArray>(array), transmute::<FFI_ArrowSchema, other::ArrowSchema>(schema)) };
        // SAFETY: `schema` and `array` came from an exporter that follows the interface, and describe each other.
        let (imported, values) = unsafe {
            let imported = other::import_field_from_c(&schema)?;
            let values = other::import_array_from_c(array, imported.dtype.clone())?;
            (imported, values)
        };
        Ok(Series::try_from((&imported, vec![values]))?.into())
    };
    let columns = batch.schema_ref().fields().iter().zip(batch.columns()).map(column).collect::<Result<Vec<_>, _>>()?;
    Ok(DataFrame::new(batch.num_rows(), columns)?)
}

fn is_known(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean
        | DataType::Int64
        | DataType::Float64
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Timestamp(_, _) => true,
        DataType::List(item) => is_known(item.data_type()),
        _ => false,
    }
}

/// A Polars frame as record batches, one for each of its chunks. Strings become `Utf8View`.
///
/// # Errors
/// [`ErrorKind::Arrow`] for a dtype that arrow-rs does not have.
pub fn batches_of_frame(frame: &mut DataFrame) -> Result<Vec<RecordBatch>, Error> {
    batches_at(frame, CompatLevel::newest())
}

/// [`batches_of_frame`], with strings as `LargeUtf8` at the oldest level.
pub(crate) fn batches_at(frame: &mut DataFrame, level: CompatLevel) -> Result<Vec<RecordBatch>, Error> {
    frame.align_chunks();
    let schema = schema_at(frame.schema(), level)?;
    let mut batches = Vec::new();
    for chunk in frame.iter_chunks(level, false) {
        let mut columns = Vec::with_capacity(chunk.arrays().len());
        for (column, values) in frame.columns().iter().zip(chunk.arrays()) {
            let field = column.field().to_arrow(level);
            if field.dtype == polars_arrow::datatypes::ArrowDataType::Null {
                // The one side exports it with a buffer, and the other expects none.
                columns.push(Arc::new(NullArray::new(values.len())) as Arc<dyn Array>);
                continue;
            }
            let (exported, array) = (other::export_field_to_c(&field), other::export_array_to_c(values.clone()));
            // SAFETY: as above, in the other direction.
            let (array, exported) = unsafe {
                (transmute::<other::ArrowArray, FFI_ArrowArray>(array), transmute::<other::ArrowSchema, FFI_ArrowSchema>(exported))
            };
            // SAFETY: Polars exported both, so they describe each other.
            columns.push(make_array(unsafe { from_ffi(array, &exported) }?));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(chunk.len()));
        batches.push(RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?);
    }
    Ok(batches)
}

/// The schema that [`batches_at`] gives a frame of these columns.
pub(crate) fn schema_at(columns: &polars::prelude::Schema, level: CompatLevel) -> Result<SchemaRef, Error> {
    let fields = columns.iter_fields().map(|field| {
        let exported = other::export_field_to_c(&field.to_arrow(level));
        // SAFETY: the structs have one layout, and a transmute moves them.
        Field::try_from(&unsafe { transmute::<other::ArrowSchema, FFI_ArrowSchema>(exported) })
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>, _>>()?)))
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, BooleanArray, Float64Array, Int64Array, StringArray};
    use arrow::datatypes::Float64Type;

    use super::*;

    #[test]
    fn a_batch_survives_the_way_there_and_back() {
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("_step", Arc::new(Int64Array::from(vec![0, 1, 2])) as Arc<dyn Array>, true),
            ("loss", Arc::new(Float64Array::from(vec![Some(f64::NAN), None, Some(f64::INFINITY)])), true),
            ("name", Arc::new(StringArray::from(vec![Some("short"), Some("long enough to need a buffer"), None])), true),
            ("ok", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])), true),
        ])
        .unwrap();
        let mut frame = frame_of_batch(&batch).unwrap();
        let back = batches_of_frame(&mut frame).unwrap().remove(0);
        assert_eq!(back["_step"].as_ref(), batch["_step"].as_ref());
        assert_eq!(back["ok"].as_ref(), batch["ok"].as_ref());
        let loss = back["loss"].as_primitive::<Float64Type>();
        assert!(loss.value(0).is_nan() && loss.is_null(1) && loss.value(2).is_infinite());
        assert_eq!(loss.values().as_ptr(), batch["loss"].as_primitive::<Float64Type>().values().as_ptr(), "numbers are not copied");
        assert_eq!(back["name"].as_string_view().iter().collect::<Vec<_>>(), batch["name"].as_string::<i32>().iter().collect::<Vec<_>>());
    }

    #[test]
    fn other_dtypes_are_an_error() {
        let batch = RecordBatch::try_from_iter([("x", Arc::new(arrow::array::Int8Array::from(vec![1])) as Arc<dyn Array>)]).unwrap();
        assert_eq!(frame_of_batch(&batch).unwrap_err().to_string(), "the column `x` has a dtype that Polars does not take: Int8");
    }
}
