//! Some columns of one row group of a part file, cut into the rows of each run.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Int64Type};
use bytes::Bytes;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use runlake_ingest::schema::STEP;
use runlake_ingest::{
    TextStretches, dense_floats, is_dense_floats, is_flat_without_nulls, is_text_stretches, text_stretches, without_panic,
};

use crate::part_file::RUN_ID;

/// Rows for which the library takes memory at once; a damaged footer may claim any number.
const MOST_BATCH_ROWS: usize = 1 << 20;

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
            let metadata = ArrowReaderMetadata::try_new(footer, ArrowReaderOptions::default())?;
            let position = |name: &str| metadata.schema().fields().iter().position(|field| field.name() == name);
            let run_id = position(RUN_ID).ok_or_else(|| ParquetError::General(format!("it has no column `{RUN_ID}`")))?;
            let step = position(STEP);
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

    fn name(&self, column: usize) -> &str {
        self.schema.metadata.schema().field(column).name()
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
        let chunk = |column: usize| self.row_groups()[group].column(column);
        let only_run = self.runs_of(group).filter(|(first, last)| first == last && is_flat_without_nulls(chunk(self.schema.run_id)));
        let only_run = only_run.map(|(run, _)| run.to_owned());
        let ids = only_run.is_none().then_some(self.schema.run_id);
        let is_stretches = |column: &usize| is_text_stretches(chunk(*column)) && self.is_its_chunk(group, *column);
        let stretches = ids.filter(|column| is_stretches(column) && !self.wanted.contains(&Some(*column)));
        let is_dense = |column: &usize| is_dense_floats(chunk(*column)) && self.is_its_chunk(group, *column);
        let dense: BTreeSet<usize> = self.wanted.iter().flatten().copied().filter(is_dense).collect();
        let step = self.schema.step.filter(|_| with_steps);
        let all = self.wanted.iter().flatten().copied().chain(ids).chain(step);
        let roots: Vec<usize> = all.filter(|column| !dense.contains(column) && Some(*column) != stretches).collect();
        let rows = usize::try_from(self.row_groups()[group].num_rows()).unwrap_or(0);
        let build = || {
            let builder = ParquetPushDecoderBuilder::new_with_metadata(self.schema.metadata.clone());
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots.iter().copied());
            builder.with_row_groups(vec![group]).with_projection(mask).with_batch_size(rows.clamp(1, MOST_BATCH_ROWS)).build()
        };
        let others = if roots.is_empty() { None } else { Some(without_panic(build)??) };
        let dense = dense.into_iter().collect();
        Ok(RowGroupDecoder { dense, stretches, others, columns: Arc::clone(self), group, rows, only_run, with_steps: step.is_some() })
    }

    /// Whether the chunk of a column's number is that column's. Columns with members would have chunks of theirs before it.
    fn is_its_chunk(&self, group: usize, column: usize) -> bool {
        self.row_groups()[group].column(column).column_path().parts() == [self.name(column)]
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
    /// Columns that are floats without nulls.
    dense: Vec<usize>,
    /// The column of run ids, where it is read by [`text_stretches`].
    stretches: Option<usize>,
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
        let range_of = |column: &usize| {
            let (start, length) = self.chunk(*column).byte_range();
            start..start + length
        };
        let mut ranges: Vec<Range<u64>> = without_panic(|| self.dense.iter().chain(&self.stretches).map(range_of).collect())?;
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
    pub(crate) fn decode(mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<Vec<RunRows>, ParquetError> {
        let mut parts = ranges.into_iter().zip(bytes);
        let mut dense: Vec<(usize, ArrayRef)> = Vec::with_capacity(self.dense.len());
        for (column, (_, bytes)) in self.dense.iter().zip(parts.by_ref()) {
            dense.push((*column, Arc::new(Float64Array::from(dense_floats(self.chunk(*column), self.rows, bytes)?))));
        }
        let ids = match (self.stretches, &self.only_run) {
            (Some(column), _) => {
                let (_, bytes) = parts.next().ok_or_else(|| ParquetError::General("a column has no bytes".to_owned()))?;
                Some(text_stretches(self.chunk(column), self.rows, bytes)?)
            }
            (None, Some(run_id)) => Some(TextStretches::of(run_id, self.rows)),
            (None, None) => None,
        };
        let batch = match self.others.take() {
            Some(others) => Some(self.batch(others, parts.unzip())?),
            None => None,
        };
        let in_batch = |column: usize| batch.as_ref()?.column_by_name(self.columns.name(column)).cloned();
        let in_dense = |column: usize| dense.iter().find(|(dense, _)| *dense == column).map(|(_, values)| Arc::clone(values));
        let read = |column: usize| in_dense(column).or_else(|| in_batch(column));
        let ids = match ids {
            Some(ids) => ids,
            None => stretches_of(in_batch(self.columns.schema.run_id))?,
        };
        let columns: Vec<Option<ArrayRef>> = self.columns.wanted.iter().map(|column| read((*column)?)).collect();
        let steps = self.columns.schema.step.filter(|_| self.with_steps).and_then(read);
        let mut start = 0;
        let piece = |(run_id, rows): (&str, usize)| {
            let part = |column: &ArrayRef| column.slice(start, rows);
            let columns = columns.iter().map(|column| column.as_ref().map(part)).collect();
            let piece = RunRows { run_id: run_id.to_owned(), columns, steps: steps.as_ref().map(part), rows };
            start += rows;
            piece
        };
        Ok(ids.iter().map(piece).collect())
    }

    /// All rows of the columns that are left to the library.
    fn batch(&self, mut decoder: ParquetPushDecoder, (ranges, bytes): (Vec<Range<u64>>, Vec<Bytes>)) -> Result<RecordBatch, ParquetError> {
        let mut batches = without_panic(|| {
            decoder.push_ranges(ranges, bytes)?;
            let mut batches = Vec::new();
            loop {
                match decoder.try_decode()? {
                    DecodeResult::Data(batch) => batches.push(batch),
                    DecodeResult::Finished => return Ok(batches),
                    DecodeResult::NeedsData(_) => return Err(ParquetError::General("a column is longer than its file says".to_owned())),
                }
            }
        })??;
        let batch = match batches.len() {
            1 => batches.pop(),
            _ => batches.first().map(|first| concat_batches(first.schema_ref(), &batches)).transpose()?,
        };
        batch
            .filter(|batch| batch.num_rows() == self.rows)
            .ok_or_else(|| ParquetError::General("a row group has another number of rows than its file says".to_owned()))
    }

    fn chunk(&self, column: usize) -> &ColumnChunkMetaData {
        self.columns.row_groups()[self.group].column(column)
    }
}

/// The stretches of a column of run ids that the library read.
fn stretches_of(ids: Option<ArrayRef>) -> Result<TextStretches, ParquetError> {
    let foreign = || ParquetError::General(format!("`{RUN_ID}` is not text"));
    let ids = cast(&ids.ok_or_else(foreign)?, &DataType::Utf8)?;
    let mut stretches = TextStretches::default();
    for id in ids.as_string_opt::<i32>().ok_or_else(foreign)? {
        stretches.push(id.ok_or_else(foreign)?);
    }
    Ok(stretches)
}

#[expect(clippy::cast_precision_loss, reason = "an axis is of floats; steps beyond 2^53 have none of their own")]
fn as_float(step: i64) -> f64 {
    step as f64
}

/// The rows whose steps lie in `steps`; within a run they ascend.
pub(crate) fn within(steps: &dyn Array, range: &Range<i64>) -> Option<Range<usize>> {
    let steps = steps.as_primitive_opt::<Int64Type>()?.values();
    Some(steps.partition_point(|step| *step < range.start)..steps.partition_point(|step| *step < range.end))
}
