//! Rows in the format asked for, to stdout or to a file. A file appears whole or not at all.

use std::io::{IsTerminal as _, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use runlake::Histories;
use runlake_ingest::rows_of_batch;
use runlake_ingest::schema::{RESCUED, RUNTIME, STEP, TIMESTAMP};
use runlake_query::{BatchWriter, FileFormat, Origin, StagedFile};
use runlake_types::{Json, Object, object_text};

use crate::arguments::Format;
use crate::report::UsageError;
use crate::sheet::Sheet;
use crate::table;

/// Where output goes.
pub(crate) enum Output {
    Stdout(std::io::BufWriter<std::io::Stdout>),
    File(StagedFile),
}

impl Output {
    /// Stdout, or a file that takes its name once it is whole.
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        Ok(match path {
            None => Self::Stdout(std::io::BufWriter::new(std::io::stdout())),
            Some(path) => Self::File(StagedFile::create(path)?),
        })
    }

    /// [`Output::open`] for rows in a format, which a terminal may not be able to show.
    pub(crate) fn open_for(format: Format, path: Option<&Path>) -> anyhow::Result<Self> {
        refuse_terminal(format, path, std::io::stdout().is_terminal())?;
        Self::open(path)
    }

    /// A second way to the same place, for a thread of its own.
    pub(crate) fn handle(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Stdout(_) => Box::new(std::io::stdout()),
            Self::File(staged) => Box::new(staged.handle()?),
        })
    }

    /// Gives the file its name.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Stdout(mut stdout) => stdout.flush()?,
            Self::File(staged) => staged.finish()?,
        }
        Ok(())
    }
}

fn refuse_terminal(format: Format, path: Option<&Path>, is_terminal: bool) -> Result<(), UsageError> {
    if path.is_some() || !is_terminal || !matches!(format, Format::Parquet | Format::Arrow | Format::ArrowFile) {
        return Ok(());
    }
    Err(UsageError {
        message: "a terminal cannot show this format".to_owned(),
        hint: "name a file with --output, or send stdout to a file or a program".to_owned(),
    })
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(staged) => staged.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(staged) => staged.flush(),
        }
    }
}

/// Prints a listing.
pub(crate) fn print_sheet(sheet: &Sheet, format: Format, path: Option<&Path>) -> anyhow::Result<()> {
    let mut output = Output::open_for(format, path)?;
    match format {
        Format::Table => output.write_all(table::render(sheet).as_bytes())?,
        Format::Json => write_json_list(&mut output, sheet.objects())?,
        Format::Ndjson => sheet.objects().try_for_each(|object| writeln!(output, "{}", object_text(&object)))?,
        Format::Csv | Format::Parquet | Format::Arrow | Format::ArrowFile => write_columns(&mut output, &[sheet.to_batch()?], format)?,
    }
    output.finish()
}

/// Prints one object: as a table a line a member, as JSON the object itself, in columns one row.
pub(crate) fn print_object(object: &Object, format: Format, path: Option<&Path>) -> anyhow::Result<()> {
    let mut output = Output::open_for(format, path)?;
    match format {
        Format::Table => {
            let mut sheet = Sheet::new(&["field", "value"]);
            sheet.rows.extend(object.iter().map(|(name, value)| vec![Json::from(name.as_str()), value.clone()]));
            output.write_all(table::render_whole(&sheet).as_bytes())?;
        }
        Format::Json | Format::Ndjson => writeln!(output, "{}", object_text(object))?,
        Format::Csv | Format::Parquet | Format::Arrow | Format::ArrowFile => {
            let sheet = Sheet { columns: object.keys().cloned().collect(), rows: vec![object.values().cloned().collect()] };
            write_columns(&mut output, &[sheet.to_batch()?], format)?;
        }
    }
    output.finish()
}

/// Prints rows that come from no lake: as JSON as they were logged, and otherwise as columns.
pub(crate) fn print_rows(rows: &Histories, format: Format, path: Option<&Path>) -> anyhow::Result<()> {
    let mut output = Output::open_for(format, path)?;
    match format {
        Format::Json => write_json_list(&mut output, rows.rows())?,
        Format::Ndjson => rows.rows().try_for_each(|row| writeln!(output, "{}", object_text(&row)))?,
        Format::Table => output.write_all(table::render(&sheet_of(&[rows.to_record_batch()?])?).as_bytes())?,
        Format::Csv | Format::Parquet | Format::Arrow | Format::ArrowFile => {
            write_columns(&mut output, &[rows.to_record_batch()?], format)?;
        }
    }
    output.finish()
}

/// Prints history rows. As JSON they nest as they were logged; in columns they are as the lake has them.
pub(crate) fn print_history(batches: &[RecordBatch], format: Format, path: Option<&Path>) -> anyhow::Result<()> {
    let mut output = Output::open_for(format, path)?;
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
        Format::Csv | Format::Parquet | Format::Arrow | Format::ArrowFile => write_columns(&mut output, batches, format)?,
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
    if let Some(format) = format.of_files().filter(|format| *format != FileFormat::Parquet) {
        let mut writer = BatchWriter::start(format, &schema, &Origin::new(), output)?;
        batches.iter().try_for_each(|batch| writer.write(batch))?;
        return Ok(writer.finish()?);
    }
    // The names and kinds of metrics are metadata of the columns, which this writer keeps.
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = ArrowWriter::try_new(output, schema, Some(properties))?;
    batches.iter().try_for_each(|batch| writer.write(batch))?;
    writer.close()?;
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
    let schema = union_schema(batches);
    let batches = batches.iter().map(|batch| conform(batch, &schema)).collect::<anyhow::Result<Vec<_>>>()?;
    Sheet::of_batches(&schema, &batches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_do_not_go_to_a_terminal() {
        for format in [Format::Parquet, Format::Arrow, Format::ArrowFile] {
            assert!(refuse_terminal(format, None, true).is_err());
            assert!(refuse_terminal(format, None, false).is_ok());
            assert!(refuse_terminal(format, Some("rows".as_ref()), true).is_ok());
        }
        for format in [Format::Table, Format::Csv, Format::Json, Format::Ndjson] {
            assert!(refuse_terminal(format, None, true).is_ok());
        }
    }
}
