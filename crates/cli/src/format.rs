//! Rows in the format asked for, to stdout or to a file. A file appears whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use runlake_ingest::rows_of_batch;
use runlake_ingest::schema::{RESCUED, RUNTIME, STEP, TIMESTAMP};
use runlake_types::{Json, Object, object_text};

use crate::arguments::Format;
use crate::sheet::Sheet;
use crate::table;

/// Where output goes.
pub(crate) enum Output {
    Stdout(std::io::BufWriter<std::io::Stdout>),
    File { staged: tempfile::NamedTempFile, target: PathBuf },
}

impl Output {
    /// Stdout, or a file that takes its name once it is whole.
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::Stdout(std::io::BufWriter::new(std::io::stdout()))) };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let staged = tempfile::NamedTempFile::new_in(folder).with_context(|| format!("cannot write to {}", folder.display()))?;
        Ok(Self::File { staged, target: path.to_owned() })
    }

    /// Gives the file its name.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Stdout(mut stdout) => stdout.flush()?,
            Self::File { mut staged, target } => {
                staged.flush()?;
                staged.as_file().sync_all()?;
                staged.persist(&target).with_context(|| format!("cannot write {}", target.display()))?;
            }
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File { staged, .. } => staged.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File { staged, .. } => staged.flush(),
        }
    }
}

/// Prints a listing.
pub(crate) fn print_sheet(sheet: &Sheet, format: Format, path: Option<&Path>) -> anyhow::Result<()> {
    let mut output = Output::open(path)?;
    match format {
        Format::Table => output.write_all(table::render(sheet).as_bytes())?,
        Format::Json => write_json_list(&mut output, sheet.objects())?,
        Format::Ndjson => sheet.objects().try_for_each(|object| writeln!(output, "{}", object_text(&object)))?,
        Format::Csv | Format::Parquet | Format::Arrow => write_columns(&mut output, &[sheet.to_batch()?], format)?,
    }
    output.finish()
}

/// Prints one object: as a table a line a member, as JSON the object itself, in columns one row.
pub(crate) fn print_object(object: &Object, format: Format, path: Option<&Path>) -> anyhow::Result<()> {
    let mut output = Output::open(path)?;
    match format {
        Format::Table => {
            let mut sheet = Sheet::new(&["field", "value"]);
            sheet.rows.extend(object.iter().map(|(name, value)| vec![Json::from(name.as_str()), value.clone()]));
            output.write_all(table::render_whole(&sheet).as_bytes())?;
        }
        Format::Json | Format::Ndjson => writeln!(output, "{}", object_text(object))?,
        Format::Csv | Format::Parquet | Format::Arrow => {
            let sheet = Sheet { columns: object.keys().cloned().collect(), rows: vec![object.values().cloned().collect()] };
            write_columns(&mut output, &[sheet.to_batch()?], format)?;
        }
    }
    output.finish()
}

/// Prints rows that come from no lake: as JSON as they were logged, and otherwise as the columns that `to_batch` makes of them.
pub(crate) fn print_rows(
    rows: &[Object],
    to_batch: impl FnOnce() -> anyhow::Result<RecordBatch>,
    format: Format,
    path: Option<&Path>,
) -> anyhow::Result<()> {
    let mut output = Output::open(path)?;
    match format {
        Format::Json => write_json_list(&mut output, rows.iter().cloned())?,
        Format::Ndjson => rows.iter().try_for_each(|row| writeln!(output, "{}", object_text(row)))?,
        Format::Table => output.write_all(table::render(&sheet_of(&[to_batch()?])?).as_bytes())?,
        Format::Csv | Format::Parquet | Format::Arrow => write_columns(&mut output, &[to_batch()?], format)?,
    }
    output.finish()
}

/// Prints history rows. As JSON they nest as they were logged; in columns they are as the lake has them.
pub(crate) fn print_history(batches: &[RecordBatch], format: Format, path: Option<&Path>) -> anyhow::Result<()> {
    let mut output = Output::open(path)?;
    match format {
        Format::Json => {
            let rows = batches.iter().map(rows_of_batch).collect::<Result<Vec<_>, _>>()?;
            write_json_list(&mut output, rows.into_iter().flatten())?;
        }
        Format::Ndjson => {
            for batch in batches {
                rows_of_batch(batch)?.iter().try_for_each(|row| writeln!(output, "{}", object_text(row)))?;
            }
        }
        Format::Table => output.write_all(table::render(&sheet_of(batches)?).as_bytes())?,
        Format::Csv | Format::Parquet | Format::Arrow => write_columns(&mut output, batches, format)?,
    }
    output.finish()
}

fn write_json_list(output: &mut Output, rows: impl Iterator<Item = Object>) -> std::io::Result<()> {
    output.write_all(b"[")?;
    for (index, row) in rows.enumerate() {
        let separator = if index > 0 { ",\n " } else { "" };
        write!(output, "{separator}{}", object_text(&row))?;
    }
    output.write_all(b"]\n")
}

fn write_columns(output: &mut Output, batches: &[RecordBatch], format: Format) -> anyhow::Result<()> {
    let schema = union_schema(batches);
    let batches = batches.iter().map(|batch| conform(batch, &schema)).collect::<anyhow::Result<Vec<_>>>()?;
    match format {
        Format::Parquet => {
            let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
            let mut writer = ArrowWriter::try_new(output, schema, Some(properties))?;
            batches.iter().try_for_each(|batch| writer.write(batch))?;
            writer.close()?;
        }
        Format::Arrow => {
            let mut writer = arrow::ipc::writer::StreamWriter::try_new(output, &schema)?;
            batches.iter().try_for_each(|batch| writer.write(batch))?;
            writer.finish()?;
        }
        _ => {
            let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(output);
            if batches.is_empty() {
                writer.write(&RecordBatch::new_empty(schema))?;
            }
            batches.iter().try_for_each(|batch| writer.write(batch))?;
        }
    }
    Ok(())
}

/// The fixed columns, then the metrics in order of first appearance, then the rescued data.
fn union_schema(batches: &[RecordBatch]) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = Vec::new();
    for field in batches.iter().flat_map(|batch| batch.schema_ref().fields()) {
        if !fields.iter().any(|known| known.name() == field.name()) {
            fields.push(Arc::clone(field));
        }
    }
    let rank = |field: &Arc<Field>| match field.name().as_str() {
        STEP | TIMESTAMP | RUNTIME => 0,
        RESCUED => 2,
        _ => 1,
    };
    fields.sort_by_key(rank);
    Arc::new(Schema::new(fields))
}

fn conform(batch: &RecordBatch, schema: &SchemaRef) -> anyhow::Result<RecordBatch> {
    let column = |field: &Arc<Field>| -> ArrayRef {
        batch.column_by_name(field.name()).cloned().unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
    };
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), schema.fields().iter().map(column).collect(), &options)?)
}

fn sheet_of(batches: &[RecordBatch]) -> anyhow::Result<Sheet> {
    use arrow::array::{Array as _, AsArray as _};
    let schema = union_schema(batches);
    let mut sheet = Sheet { columns: schema.fields().iter().map(|field| field.name().clone()).collect(), rows: Vec::new() };
    for batch in batches {
        let batch = conform(batch, &schema)?;
        for row in 0..batch.num_rows() {
            let value = |column: &ArrayRef| match column.data_type() {
                _ if column.is_null(row) => Json::Null,
                DataType::Int64 => Json::from(column.as_primitive::<arrow::datatypes::Int64Type>().value(row)),
                DataType::Float64 => Json::from(column.as_primitive::<arrow::datatypes::Float64Type>().value(row)),
                DataType::Boolean => Json::from(column.as_boolean().value(row)),
                _ => Json::from(column.as_string::<i32>().value(row)),
            };
            sheet.rows.push(batch.columns().iter().map(value).collect());
        }
    }
    Ok(sheet)
}
