//! Record batches of a Parquet export into columns, array by array.
//!
//! A column of numbers, booleans or strings becomes a metric as it stands, and the members of a struct one metric each. What Parquet
//! holds in another form, or what has another kind in the plan, is put cell by cell. What comes out is what [`RowColumns::of_rows`]
//! makes of the same rows.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Float64Builder, Int64Array, RecordBatch, StringArray};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Fields, Float64Type, Int64Type};
use runlake_types::{HistoryKeys, Json, KeyPath, Kind, Number};

use crate::arrow_value::json_at;
use crate::cells::fit_number;
use crate::export::rows_of_columns;
use crate::growing_columns::GrowingColumns;
use crate::row_columns::{MetricValues, RowColumns};
use crate::schema::{RUNTIME, STEP, TIMESTAMP};
use crate::text_meaning::{TextMeaning, TextMeanings};
use crate::{Error, KindPlan, Stream};

/// Decodes the batches of one run's exports.
#[derive(Debug)]
pub struct ExportDecoder {
    texts: TextMeanings,
    columns: GrowingColumns,
    /// Metrics whose arrays are taken as they are.
    ready: Vec<MetricValues>,
}

/// A part of an export in columns.
#[derive(Clone, Debug)]
pub struct DecodedExport {
    /// The rows that have a step, in the order of the file.
    pub rows: RowColumns,
    /// Rows left out since they have no step.
    pub rows_without_step: u64,
}

impl ExportDecoder {
    /// A decoder whose columns get the kinds that `plan` says. `keys` tells which text columns hold JSON, because values of several
    /// types were logged under their key.
    pub fn new(keys: Option<&HistoryKeys>, plan: Arc<KindPlan>) -> Self {
        Self { texts: TextMeanings::new(keys), columns: GrowingColumns::new(plan), ready: Vec::new() }
    }

    /// Decodes one batch.
    ///
    /// # Errors
    /// [`ErrorKind::Column`](crate::ErrorKind::Column) when a column holds what no history holds.
    pub fn decode(&mut self, batch: &RecordBatch) -> Result<DecodedExport, Error> {
        if !has_unique_names(batch.schema_ref().fields()) {
            // Which of two values counts depends on the row.
            let rows = rows_of_columns(batch, &self.texts)?;
            let (rows, rows_without_step) = RowColumns::of_rows(Stream::History, rows, self.columns.plan());
            return Ok(DecodedExport { rows, rows_without_step });
        }
        self.columns.clear();
        self.ready.clear();
        let steps = self.steps(batch)?;
        let kept = BooleanArray::from(steps.iter().map(Option::is_some).collect::<Vec<_>>());
        let steps: Int64Array = steps.into_iter().flatten().map(Some).collect();
        let rows_without_step = kept.len().saturating_sub(steps.len()) as u64;
        let whole = batch;
        let batch = if rows_without_step == 0 { batch.clone() } else { filter_record_batch(batch, &kept)? };
        let mut seconds = [Float64Array::new_null(steps.len()), Float64Array::new_null(steps.len())];
        for ((field, column), whole) in batch.schema_ref().fields().iter().zip(batch.columns()).zip(whole.columns()) {
            let reader = ColumnReader { texts: &self.texts, whole };
            match field.name().as_str() {
                STEP => {}
                TIMESTAMP => seconds[0] = reader.seconds(TIMESTAMP, column, &mut self.columns)?,
                RUNTIME => seconds[1] = reader.seconds(RUNTIME, column, &mut self.columns)?,
                name => reader.read(&mut vec![name.to_owned()], name, column, None, &mut self.columns, &mut self.ready)?,
            }
        }
        let (metrics, misfits) = self.columns.finish(steps.len());
        self.ready.extend(metrics);
        let [timestamps, runtimes] = seconds;
        let rows = RowColumns::assemble(steps, timestamps, runtimes, std::mem::take(&mut self.ready), misfits);
        Ok(DecodedExport { rows, rows_without_step })
    }

    /// The step of each row, from nothing but the column `_step`.
    pub(crate) fn steps(&self, batch: &RecordBatch) -> Result<Vec<Option<i64>>, Error> {
        let Some(column) = batch.column_by_name(STEP) else { return Ok(vec![None; batch.num_rows()]) };
        match column.data_type() {
            DataType::Int64 => Ok(column.as_primitive::<Int64Type>().iter().collect()),
            DataType::Float64 => {
                Ok(column.as_primitive::<Float64Type>().iter().map(|step| step.and_then(|step| Number::Float(step).as_i64())).collect())
            }
            _ => {
                let meaning = self.texts.of_column(column);
                let step = |row| Ok(json_at(column, row, STEP, &meaning)?.as_number().and_then(Number::as_i64));
                (0..column.len()).map(step).collect()
            }
        }
    }
}

/// Whether no struct and no batch has two members of one name.
fn has_unique_names(fields: &Fields) -> bool {
    let mut names = HashSet::with_capacity(fields.len());
    fields.iter().all(|field| {
        names.insert(field.name())
            && match field.data_type() {
                DataType::Struct(members) => has_unique_names(members),
                _ => true,
            }
    })
}

/// Reads one top-level column.
struct ColumnReader<'a> {
    texts: &'a TextMeanings,
    /// The column with the rows that have no step: they tell what a text is, too.
    whole: &'a ArrayRef,
}

impl ColumnReader<'_> {
    fn seconds(&self, key: &str, column: &ArrayRef, columns: &mut GrowingColumns) -> Result<Float64Array, Error> {
        if let Some(seconds) = column.as_primitive_opt::<Float64Type>() {
            return Ok(seconds.clone());
        }
        let (meaning, path) = (self.texts.of_column(self.whole), Arc::new(KeyPath::top_level(key)));
        let mut seconds = Float64Builder::with_capacity(column.len());
        for row in 0..column.len() {
            let value = json_at(column, row, key, &meaning)?;
            let (number, misfit) = if value == Json::Null { (None, None) } else { fit_number(value) };
            seconds.append_option(number);
            if let Some(misfit) = misfit {
                columns.rescue(row, Arc::clone(&path), misfit);
            }
        }
        Ok(seconds.finish())
    }

    /// Reads `array`, which stands at `path` and is called `name`; where `parents` are null it has no value.
    fn read(
        &self,
        path: &mut Vec<String>,
        name: &str,
        array: &ArrayRef,
        parents: Option<&NullBuffer>,
        columns: &mut GrowingColumns,
        ready: &mut Vec<MetricValues>,
    ) -> Result<(), Error> {
        match array.data_type() {
            // A struct that may have a type is a dict in some rows and a value of its own in others.
            DataType::Struct(fields) if !fields.iter().any(|field| field.name() == "_type") => {
                let nulls = NullBuffer::union(parents, array.nulls());
                for (field, member) in fields.iter().zip(array.as_struct().columns()) {
                    path.push(field.name().clone());
                    self.read(path, &format!("{name}.{}", field.name()), member, nulls.as_ref(), columns, ready)?;
                    path.pop();
                }
                Ok(())
            }
            DataType::Dictionary(_, values) if has_natural_kind(values) => {
                self.read(path, name, &cast(array, values)?, parents, columns, ready)
            }
            _ => self.read_leaf(path, name, array, parents, columns, ready),
        }
    }

    fn read_leaf(
        &self,
        path: &mut Vec<String>,
        name: &str,
        array: &ArrayRef,
        parents: Option<&NullBuffer>,
        columns: &mut GrowingColumns,
        ready: &mut Vec<MetricValues>,
    ) -> Result<(), Error> {
        let nulls = NullBuffer::union(parents, array.nulls());
        if nulls.as_ref().is_some_and(|nulls| nulls.null_count() == nulls.len()) || array.is_empty() {
            return Ok(());
        }
        let meaning = self.texts.of_column(self.whole);
        let key = KeyPath::new(path.clone());
        let planned = columns.plan().kind(&key);
        let natural = natural_kind(array.data_type(), || meaning(name));
        if let Some(kind) = natural.filter(|natural| planned.is_none_or(|planned| planned == *natural)) {
            let path = Arc::new(key);
            if let Some(integers) = array.as_primitive_opt::<Int64Type>() {
                let is_inexact = |row: &usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row)) && !is_exact(integers.value(*row));
                for row in (0..integers.len()).filter(is_inexact) {
                    columns.rescue(row, Arc::clone(&path), Json::from(integers.value(row)));
                }
            }
            ready.push(MetricValues { path, kind, values: values_of_kind(kind, array, nulls)? });
            return Ok(());
        }
        for row in (0..array.len()).filter(|row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row))) {
            columns.put_leaves(path, row, json_at(array, row, name, &meaning)?);
        }
        Ok(())
    }
}

fn is_exact(integer: i64) -> bool {
    integer.unsigned_abs() <= 1 << 53 || Number::Integer(integer).is_exact_f64()
}

fn has_natural_kind(data_type: &DataType) -> bool {
    natural_kind(data_type, || TextMeaning::Raw).is_some()
}

/// The kind that all values of a column have because of its dtype; `None` when they must be looked at.
fn natural_kind(data_type: &DataType, meaning: impl FnOnce() -> TextMeaning) -> Option<Kind> {
    match data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64 => Some(Kind::Number),
        DataType::Boolean => Some(Kind::Boolean),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => (meaning() == TextMeaning::Raw).then_some(Kind::String),
        _ => None,
    }
}

/// The array in the dtype of its natural kind, without values where `nulls` says so.
fn values_of_kind(kind: Kind, array: &ArrayRef, nulls: Option<NullBuffer>) -> Result<ArrayRef, Error> {
    let array = cast(array, &crate::schema::data_type(kind))?;
    Ok(match kind {
        Kind::Number => Arc::new(Float64Array::new(array.as_primitive::<Float64Type>().values().clone(), nulls)),
        Kind::Boolean => Arc::new(BooleanArray::new(array.as_boolean().values().clone(), nulls)),
        Kind::String | Kind::Json => {
            let texts = array.as_string::<i32>();
            Arc::new(StringArray::new(texts.offsets().clone(), texts.values().clone(), nulls))
        }
    })
}
