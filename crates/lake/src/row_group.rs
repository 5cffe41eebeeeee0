//! Some columns of one row group of a part file, cut into the rows of each run.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use bytes::Bytes;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use runlake_ingest::schema::STEP;
use runlake_ingest::without_panic;

use crate::part_file::RUN_ID;

/// The footer of a part file as readers of rows want it.
#[derive(Debug)]
pub(crate) struct PartSchema {
    metadata: ArrowReaderMetadata,
    run_id: usize,
    step: Option<usize>,
}

impl PartSchema {
    pub(crate) fn new(footer: Arc<ParquetMetaData>) -> Result<Self, ParquetError> {
        without_panic(|| {
            let stored = ArrowReaderMetadata::try_new(Arc::clone(&footer), ArrowReaderOptions::default())?;
            // Ids repeat for thousands of rows: as a dictionary they are decoded as runs of one number.
            let with_dictionary = |field: &Arc<Field>| {
                let is_id = field.name() == RUN_ID;
                let dictionary = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                if is_id { Arc::new(field.as_ref().clone().with_data_type(dictionary())) } else { Arc::clone(field) }
            };
            let schema = Arc::new(Schema::new(stored.schema().fields().iter().map(with_dictionary).collect::<Vec<_>>()));
            let position = |name: &str| schema.fields().iter().position(|field| field.name() == name);
            let run_id = position(RUN_ID).ok_or_else(|| ParquetError::General(format!("it has no column `{RUN_ID}`")))?;
            let step = position(STEP);
            let metadata = ArrowReaderMetadata::try_new(footer, ArrowReaderOptions::new().with_schema(schema))?;
            Ok(Self { metadata, run_id, step })
        })?
    }

    /// What it takes in memory.
    pub(crate) fn size_bytes(&self) -> usize {
        self.metadata.metadata().memory_size()
    }
}

/// The columns of a part file that are read, and where they stand.
#[derive(Debug)]
pub(crate) struct FileColumns {
    schema: Arc<PartSchema>,
    /// For each wanted column its place in the file, which may not have it.
    wanted: Vec<Option<usize>>,
}

impl FileColumns {
    /// The columns of these names in the file of this schema.
    pub(crate) fn new(schema: Arc<PartSchema>, wanted: &[String]) -> Self {
        let fields = schema.metadata.schema().fields();
        let wanted = wanted.iter().map(|name| fields.iter().position(|field| field.name() == name)).collect();
        Self { schema, wanted }
    }

    pub(crate) fn row_groups(&self) -> &[RowGroupMetaData] {
        self.schema.metadata.metadata().row_groups()
    }

    /// The first and the last run of a row group, where its statistics tell.
    pub(crate) fn runs_of(&self, group: usize) -> Option<(&str, &str)> {
        match self.row_groups()[group].column(self.schema.run_id).statistics()? {
            Statistics::ByteArray(bounds) if bounds.min_is_exact() && bounds.max_is_exact() => {
                Some((std::str::from_utf8(bounds.min_opt()?.data()).ok()?, std::str::from_utf8(bounds.max_opt()?.data()).ok()?))
            }
            _ => None,
        }
    }

    /// The first and the last step of a row group, where its table has steps and its statistics tell.
    pub(crate) fn steps_of(&self, group: usize) -> Option<(i64, i64)> {
        match self.row_groups()[group].column(self.schema.step?).statistics()? {
            Statistics::Int64(bounds) => Some((*bounds.min_opt()?, *bounds.max_opt()?)),
            _ => None,
        }
    }

    /// The smallest and the largest number of a wanted column in a row group, where its statistics tell: within `steps`, when it is the step.
    pub(crate) fn bounds_of(&self, group: usize, wanted: usize, steps: Option<&Range<i64>>) -> Option<(f64, f64)> {
        let column = (*self.wanted.get(wanted)?)?;
        let bounds = match self.row_groups()[group].column(column).statistics()? {
            Statistics::Int64(bounds) => {
                let within = steps.filter(|_| self.schema.step == Some(column));
                let (first, last) = (*bounds.min_opt()?, *bounds.max_opt()?);
                let (first, last) = within.map_or((first, last), |steps| (first.max(steps.start), last.min(steps.end.saturating_sub(1))));
                (as_float(first), as_float(last))
            }
            // The format has them write a least zero as -0.0.
            Statistics::Double(bounds) => (*bounds.min_opt()? + 0.0, *bounds.max_opt()? + 0.0),
            Statistics::Boolean(bounds) => (f64::from(u8::from(*bounds.min_opt()?)), f64::from(u8::from(*bounds.max_opt()?))),
            _ => return None,
        };
        Some(bounds)
    }

    /// A decoder of one row group; `with_steps` when the pieces need them.
    pub(crate) fn decoder(self: &Arc<Self>, group: usize, with_steps: bool) -> Result<RowGroupDecoder, ParquetError> {
        let only_run = self.runs_of(group).filter(|(first, last)| first == last).map(|(run, _)| run.to_owned());
        let read_ids = only_run.is_none().then_some(self.schema.run_id);
        let read_step = self.schema.step.filter(|_| with_steps);
        let roots: Vec<usize> = self.wanted.iter().flatten().copied().chain(read_ids).chain(read_step).collect();
        let reads_nothing = roots.is_empty();
        let rows = usize::try_from(self.row_groups()[group].num_rows()).unwrap_or(0);
        let inner = without_panic(|| {
            let builder = ParquetPushDecoderBuilder::new_with_metadata(self.schema.metadata.clone());
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
            builder.with_row_groups(vec![group]).with_projection(mask).with_batch_size(rows.max(1)).build()
        })??;
        Ok(RowGroupDecoder { inner, columns: Arc::clone(self), rows, only_run, with_steps: read_step.is_some(), reads_nothing })
    }
}

/// Rows of one run that stand together, in the order of their steps.
#[derive(Debug)]
pub(crate) struct RunRows {
    pub(crate) run_id: String,
    /// The wanted columns, in the order asked for; `None` where the file does not have one.
    pub(crate) columns: Vec<Option<ArrayRef>>,
    /// The steps, when they were asked for and the table has them.
    pub(crate) steps: Option<ArrayRef>,
    pub(crate) rows: usize,
}

/// Decodes one row group from bytes that others fetch.
#[derive(Debug)]
pub(crate) struct RowGroupDecoder {
    inner: ParquetPushDecoder,
    columns: Arc<FileColumns>,
    rows: usize,
    only_run: Option<String>,
    with_steps: bool,
    reads_nothing: bool,
}

impl RowGroupDecoder {
    /// The bytes that it needs.
    pub(crate) fn needs(&mut self) -> Result<Vec<Range<u64>>, ParquetError> {
        if self.reads_nothing {
            return Ok(Vec::new());
        }
        match without_panic(|| self.inner.try_decode())?? {
            DecodeResult::NeedsData(ranges) => Ok(ranges),
            DecodeResult::Data(_) | DecodeResult::Finished => Err(ParquetError::General("a row group has no bytes".to_owned())),
        }
    }

    /// The rows of each run, given the bytes. Waits for the processor.
    pub(crate) fn decode(mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<Vec<RunRows>, ParquetError> {
        if let Some(run_id) = self.only_run.as_ref().filter(|_| self.reads_nothing) {
            let columns = vec![None; self.columns.wanted.len()];
            return Ok(vec![RunRows { run_id: run_id.clone(), columns, steps: None, rows: self.rows }]);
        }
        without_panic(|| {
            self.inner.push_ranges(ranges, bytes)?;
            let mut pieces = Vec::new();
            loop {
                match self.inner.try_decode()? {
                    DecodeResult::Data(batch) => self.cut(&batch, &mut pieces)?,
                    DecodeResult::Finished => return Ok(pieces),
                    DecodeResult::NeedsData(_) => return Err(ParquetError::General("a column is longer than its file says".to_owned())),
                }
            }
        })?
    }

    fn cut(&self, batch: &RecordBatch, pieces: &mut Vec<RunRows>) -> Result<(), ParquetError> {
        let name = |column: usize| self.columns.schema.metadata.schema().field(column).name();
        let read: Vec<Option<&ArrayRef>> = self.columns.wanted.iter().map(|column| batch.column_by_name(name((*column)?))).collect();
        let steps = self.columns.schema.step.filter(|_| self.with_steps).and_then(|column| batch.column_by_name(name(column)));
        let mut add = |run_id: &str, rows: Range<usize>| {
            let part = |column: &ArrayRef| column.slice(rows.start, rows.len());
            let columns = read.iter().map(|column| column.map(part)).collect();
            pieces.push(RunRows { run_id: run_id.to_owned(), columns, steps: steps.map(part), rows: rows.len() });
        };
        if let Some(run_id) = &self.only_run {
            add(run_id, 0..batch.num_rows());
            return Ok(());
        }
        let foreign = || ParquetError::General(format!("`{RUN_ID}` is not text"));
        let ids = batch.column_by_name(RUN_ID).and_then(|ids| ids.as_dictionary_opt::<Int32Type>()).ok_or_else(foreign)?;
        let names = ids.values().as_string_opt::<i32>().ok_or_else(foreign)?;
        let keys = ids.keys().values();
        let mut start = 0;
        while start < keys.len() {
            let end = end_of_stretch(keys, start);
            let name = usize::try_from(keys[start]).ok().filter(|key| ids.is_valid(start) && *key < names.len()).ok_or_else(foreign)?;
            add(names.value(name), start..end);
            start = end;
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "an axis is of floats; steps beyond 2^53 have none of their own")]
fn as_float(step: i64) -> f64 {
    step as f64
}

/// Where the keys equal to that at `start` end. They stand in long stretches, so strides come before single steps.
fn end_of_stretch(keys: &[i32], start: usize) -> usize {
    const STRIDE: usize = 64;
    let key = keys[start];
    let mut end = start;
    while keys.get(end..end + STRIDE).is_some_and(|stride| stride.iter().all(|other| *other == key)) {
        end += STRIDE;
    }
    end + keys[end..].iter().take_while(|other| **other == key).count()
}

/// The rows whose steps lie in `steps`; within a run they ascend.
pub(crate) fn within(steps: &dyn Array, range: &Range<i64>) -> Option<Range<usize>> {
    let steps = steps.as_primitive_opt::<Int64Type>()?.values();
    Some(steps.partition_point(|step| *step < range.start)..steps.partition_point(|step| *step < range.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_end_where_another_key_begins() {
        let keys: Vec<i32> = [(0, 1), (1, 200), (2, 64), (3, 63), (2, 130)].iter().flat_map(|(key, times)| vec![*key; *times]).collect();
        let mut ends = Vec::new();
        let mut at = 0;
        while at < keys.len() {
            at = end_of_stretch(&keys, at);
            ends.push(at);
        }
        assert_eq!(ends, [1, 201, 265, 328, 458]);
    }
}
