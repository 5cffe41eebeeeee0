//! Record batches back into the rows that were logged: the inverse of [`Encoder`](crate::Encoder).

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use runlake_types::{Json, KeyPath, Kind, Object, flatten, unflatten};

use crate::Error;
use crate::cells::{json_of_text, number, value_at};
use crate::schema::{RESCUED, RUNTIME, STEP, TIMESTAMP, metric_column};

/// The history rows of a batch, value for value: columns are put back at their true paths, and what was rescued replaces what its column holds.
///
/// Columns that are neither a metric's nor `_step`, `_timestamp`, `_runtime` or `_rescued_data` are ignored. Integral floats come back as integers, which is how clients log them.
///
/// # Errors
/// [`ErrorKind::Column`](crate::ErrorKind::Column) when a column's dtype is not what its metadata says, or a JSON column holds other text.
pub fn rows_of_batch(batch: &RecordBatch) -> Result<Vec<Object>, Error> {
    let mut leaves_of_rows: Vec<Vec<(KeyPath, Json)>> = vec![Vec::new(); batch.num_rows()];
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let Some(reader) = Reader::of(field)? else { continue };
        for (row, leaves) in leaves_of_rows.iter_mut().enumerate() {
            if array.is_valid(row) {
                reader.read(field.name(), array, row, leaves)?;
            }
        }
    }
    Ok(leaves_of_rows.into_iter().map(unflatten).collect())
}

/// The rows of the events stream of a batch, with keys such as `system.cpu`.
///
/// # Errors
/// As [`rows_of_batch`].
pub fn system_rows_of_batch(batch: &RecordBatch) -> Result<Vec<Object>, Error> {
    rows_of_batch(batch)
}

/// How a column's cells become leaves.
enum Reader {
    Step,
    Seconds(&'static str),
    Metric(KeyPath, Kind),
    Rescued,
}

impl Reader {
    fn of(field: &Field) -> Result<Option<Self>, Error> {
        let (reader, expected) = match field.name().as_str() {
            STEP => (Self::Step, DataType::Int64),
            TIMESTAMP => (Self::Seconds(TIMESTAMP), DataType::Float64),
            RUNTIME => (Self::Seconds(RUNTIME), DataType::Float64),
            RESCUED => (Self::Rescued, DataType::Utf8),
            _ => match metric_column(field) {
                Some(column) => {
                    let expected = crate::schema::data_type(column.kind);
                    (Self::Metric(column.path, column.kind), expected)
                }
                None => return Ok(None),
            },
        };
        if *field.data_type() != expected {
            return Err(Error::column(field.name(), format!("it is {}, not {expected}", field.data_type())));
        }
        Ok(Some(reader))
    }

    fn read(&self, name: &str, array: &dyn Array, row: usize, leaves: &mut Vec<(KeyPath, Json)>) -> Result<(), Error> {
        match self {
            Self::Step => leaves.push((KeyPath::top_level(STEP), Json::from(array.as_primitive::<Int64Type>().value(row)))),
            Self::Seconds(key) => leaves.push((KeyPath::top_level(*key), number(array.as_primitive::<Float64Type>().value(row)))),
            Self::Metric(path, kind) => {
                leaves.push((path.clone(), value_at(*kind, name, array, row)?));
            }
            Self::Rescued => match json_of_text(name, array.as_string::<i32>().value(row))? {
                Json::Object(rescued) => leaves.extend(flatten(rescued)),
                _ => return Err(Error::column(name, "it holds something other than an object")),
            },
        }
        Ok(())
    }
}
