//! Some columns of one row group of a part file, cut into the rows of each run.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch};
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
use runlake_ingest::{dense_floats, is_dense_floats, without_panic};

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
        let is_dense = |column: &usize| self.is_dense(group, *column);
        let dense: Vec<usize> = self.wanted.iter().flatten().copied().filter(is_dense).collect();
        let others = self.wanted.iter().flatten().copied().filter(|column| !dense.contains(column));
        let roots: Vec<usize> = others.chain(read_ids).chain(read_step).collect();
        let rows = usize::try_from(self.row_groups()[group].num_rows()).unwrap_or(0);
        let build = || {
            let builder = ParquetPushDecoderBuilder::new_with_metadata(self.schema.metadata.clone());
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots.iter().copied());
            builder.with_row_groups(vec![group]).with_projection(mask).with_batch_size(rows.max(1)).build()
        };
        let others = if roots.is_empty() { None } else { Some(without_panic(build)??) };
        Ok(RowGroupDecoder { dense, others, columns: Arc::clone(self), group, rows, only_run, with_steps: read_step.is_some() })
    }

    /// Whether a column of a row group is read by [`dense_floats`].
    fn is_dense(&self, group: usize, column: usize) -> bool {
        let chunk = self.row_groups()[group].column(column);
        // A column with members would have chunks of theirs, and the number of a column would not be that of its chunk.
        let is_its_chunk = || chunk.column_path().parts() == [self.schema.metadata.schema().field(column).name().as_str()];
        is_dense_floats(chunk) && is_its_chunk()
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
    /// Columns of the file that are floats without nulls.
    dense: Vec<usize>,
    /// Of all other columns.
    others: Option<ParquetPushDecoder>,
    columns: Arc<FileColumns>,
    group: usize,
    rows: usize,
    only_run: Option<String>,
    with_steps: bool,
}

impl RowGroupDecoder {
    /// The bytes that it needs.
    pub(crate) fn needs(&mut self) -> Result<Vec<Range<u64>>, ParquetError> {
        let group = &self.columns.row_groups()[self.group];
        let range_of = |column: &usize| {
            let (start, length) = group.column(*column).byte_range();
            start..start + length
        };
        let mut ranges: Vec<Range<u64>> = without_panic(|| self.dense.iter().map(range_of).collect())?;
        if let Some(others) = &mut self.others {
            match without_panic(|| others.try_decode())?? {
                DecodeResult::NeedsData(needed) => ranges.extend(needed),
                DecodeResult::Data(_) | DecodeResult::Finished => {
                    return Err(ParquetError::General("a row group has no bytes".to_owned()));
                }
            }
        }
        Ok(ranges)
    }

    /// The rows of each run, given the bytes. Waits for the processor.
    pub(crate) fn decode(mut self, mut ranges: Vec<Range<u64>>, mut bytes: Vec<Bytes>) -> Result<Vec<RunRows>, ParquetError> {
        let mut columns: Vec<(usize, ArrayRef)> = Vec::with_capacity(self.dense.len());
        ranges.drain(..self.dense.len());
        for (column, bytes) in self.dense.iter().zip(bytes.drain(..self.dense.len())) {
            let values = dense_floats(self.columns.row_groups()[self.group].column(*column), self.rows, bytes)?;
            columns.push((*column, Arc::new(Float64Array::from(values))));
        }
        let mut pieces = Vec::new();
        let Some(mut others) = self.others.take() else {
            self.cut(0..self.rows, &columns, None, &mut pieces)?;
            return Ok(pieces);
        };
        without_panic(|| {
            others.push_ranges(ranges, bytes)?;
            let mut start = 0;
            loop {
                match others.try_decode()? {
                    DecodeResult::Data(batch) if start + batch.num_rows() <= self.rows => {
                        let end = start + batch.num_rows();
                        self.cut(start..end, &columns, Some(&batch), &mut pieces)?;
                        start = end;
                    }
                    DecodeResult::Finished if start == self.rows => return Ok(pieces),
                    DecodeResult::Data(_) | DecodeResult::Finished => {
                        return Err(ParquetError::General("a row group has another number of rows than its file says".to_owned()));
                    }
                    DecodeResult::NeedsData(_) => return Err(ParquetError::General("a column is longer than its file says".to_owned())),
                }
            }
        })?
    }

    /// Cuts rows into those of each run: `dense` columns are of the whole row group, those of `batch` of these rows.
    fn cut(
        &self,
        rows: Range<usize>,
        dense: &[(usize, ArrayRef)],
        batch: Option<&RecordBatch>,
        pieces: &mut Vec<RunRows>,
    ) -> Result<(), ParquetError> {
        let in_batch = |column: usize| batch?.column_by_name(self.columns.schema.metadata.schema().field(column).name()).cloned();
        let in_dense = |column: usize| {
            let (_, values) = dense.iter().find(|(dense, _)| *dense == column)?;
            Some(values.slice(rows.start, rows.len()))
        };
        let read = |column: usize| in_dense(column).or_else(|| in_batch(column));
        let columns: Vec<Option<ArrayRef>> = self.columns.wanted.iter().map(|column| read((*column)?)).collect();
        let steps = self.columns.schema.step.filter(|_| self.with_steps).and_then(read);
        let mut add = |run_id: &str, rows: Range<usize>| {
            let part = |column: &ArrayRef| column.slice(rows.start, rows.len());
            let columns = columns.iter().map(|column| column.as_ref().map(part)).collect();
            pieces.push(RunRows { run_id: run_id.to_owned(), columns, steps: steps.as_ref().map(part), rows: rows.len() });
        };
        if let Some(run_id) = &self.only_run {
            add(run_id, 0..rows.len());
            return Ok(());
        }
        let foreign = || ParquetError::General(format!("`{RUN_ID}` is not text"));
        let ids = in_batch(self.columns.schema.run_id).ok_or_else(foreign)?;
        let ids = ids.as_dictionary_opt::<Int32Type>().ok_or_else(foreign)?;
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
