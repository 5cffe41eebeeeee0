//! Record batches as CSV, JSON or Arrow IPC, one after the other.

use std::io::{BufWriter, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::writer::{FileWriter, StreamWriter};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use runlake_types::write_json_string;

use super::{CellText, FileFormat, Origin};
use crate::{Error, ErrorKind};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 18;
/// Rows that one thread turns into text at once.
const TEXT_ROWS: usize = 4096;
/// What stands between two rows of a JSON list.
const BETWEEN: &str = ",\n ";

/// Writes record batches of one schema in any [`FileFormat`] but Parquet, whose files an [`Answer`](super::Answer) writes.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
/// use runlake_query::{BatchWriter, FileFormat, Origin};
/// let batch = RecordBatch::try_from_iter([
///     ("name", Arc::new(StringArray::from(vec![Some("a,b"), Some(""), None])) as ArrayRef),
///     ("loss", Arc::new(Float64Array::from(vec![0.5, f64::NAN, 1e-9]))),
/// ])?;
/// let mut text = Vec::new();
/// let mut writer = BatchWriter::start(FileFormat::Csv, &batch.schema(), &Origin::new(), &mut text)?;
/// writer.write(&batch)?;
/// writer.finish()?;
/// assert_eq!(String::from_utf8(text)?, "name,loss\n\"a,b\",0.5\n\"\",NaN\n,1e-9\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BatchWriter<W: Write>(Form<W>);

enum Form<W: Write> {
    Csv(BufWriter<W>),
    Json { output: BufWriter<W>, is_empty: bool },
    Ndjson(BufWriter<W>),
    ArrowFile(FileWriter<BufWriter<W>>),
    ArrowStream(StreamWriter<BufWriter<W>>),
}

impl<W: Write> BatchWriter<W> {
    /// Begins: with the header, the schema, or the bracket of a list. The origin goes into the metadata of formats that have any.
    ///
    /// # Errors
    /// [`ErrorKind::Write`] when `output` takes no bytes, [`ErrorKind::NotOfBatches`] for Parquet.
    pub fn start(format: FileFormat, schema: &SchemaRef, origin: &Origin, output: W) -> Result<Self, Error> {
        let mut output = BufWriter::with_capacity(BUFFER_BYTES, output);
        let with_origin = || {
            let metadata = schema.metadata().clone().into_iter().chain(origin.entries().iter().cloned()).collect();
            Schema::new_with_metadata(schema.fields().clone(), metadata)
        };
        let form = match format {
            FileFormat::Csv => {
                let mut header = String::new();
                for (index, field) in schema.fields().iter().enumerate() {
                    header.push_str(if index > 0 { "," } else { "" });
                    push_csv(field.name(), &mut header);
                }
                header.push('\n');
                output.write_all(header.as_bytes())?;
                Form::Csv(output)
            }
            FileFormat::Json => Form::Json { output, is_empty: true },
            FileFormat::Ndjson => Form::Ndjson(output),
            FileFormat::ArrowFile => Form::ArrowFile(FileWriter::try_new(output, &with_origin())?),
            FileFormat::ArrowStream => Form::ArrowStream(StreamWriter::try_new(output, &with_origin())?),
            FileFormat::Parquet => return Err(ErrorKind::NotOfBatches.into()),
        };
        Ok(Self(form))
    }

    /// Writes the rows of a batch.
    ///
    /// # Errors
    /// [`ErrorKind::Write`] when the output takes no more, [`ErrorKind::NoText`] for a dtype that has no form as text.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        match &mut self.0 {
            Form::Csv(output) => write_texts(batch, output, csv_rows),
            Form::Ndjson(output) => write_texts(batch, output, |part| json_rows(part, "", "\n")),
            Form::Json { output, is_empty } => {
                for text in texts(batch, |part| json_rows(part, BETWEEN, ""))? {
                    // The first row follows the bracket, not another row.
                    let text = if std::mem::take(is_empty) { text.replacen(BETWEEN, "[", 1) } else { text };
                    output.write_all(text.as_bytes())?;
                }
                Ok(())
            }
            Form::ArrowFile(writer) => Ok(writer.write(batch)?),
            Form::ArrowStream(writer) => Ok(writer.write(batch)?),
        }
    }

    /// Ends the output and flushes it.
    ///
    /// # Errors
    /// [`ErrorKind::Write`] when the output takes no more.
    pub fn finish(self) -> Result<(), Error> {
        match self.0 {
            Form::Csv(mut output) | Form::Ndjson(mut output) => output.flush()?,
            Form::Json { mut output, is_empty } => {
                output.write_all(if is_empty { b"[]\n" } else { b"]\n" })?;
                output.flush()?;
            }
            Form::ArrowFile(mut writer) => writer.finish()?,
            Form::ArrowStream(mut writer) => writer.finish()?,
        }
        Ok(())
    }
}

impl<W: Write> std::fmt::Debug for BatchWriter<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let format = match self.0 {
            Form::Csv(_) => FileFormat::Csv,
            Form::Json { .. } => FileFormat::Json,
            Form::Ndjson(_) => FileFormat::Ndjson,
            Form::ArrowFile(_) => FileFormat::ArrowFile,
            Form::ArrowStream(_) => FileFormat::ArrowStream,
        };
        formatter.debug_tuple("BatchWriter").field(&format).finish()
    }
}

fn write_texts(
    batch: &RecordBatch,
    output: &mut impl Write,
    rows: impl Fn(&RecordBatch) -> Result<String, Error> + Sync,
) -> Result<(), Error> {
    for text in texts(batch, rows)? {
        output.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// The text of a batch, part by part in order, made on all cores.
fn texts(batch: &RecordBatch, rows: impl Fn(&RecordBatch) -> Result<String, Error> + Sync) -> Result<Vec<String>, Error> {
    let parts = (0..batch.num_rows()).step_by(TEXT_ROWS).collect::<Vec<_>>().into_par_iter();
    parts.map(|at| rows(&batch.slice(at, TEXT_ROWS.min(batch.num_rows() - at)))).collect()
}

fn csv_rows(batch: &RecordBatch) -> Result<String, Error> {
    let columns = batch.columns().iter().map(|column| CellText::of(column)).collect::<Result<Vec<_>, _>>()?;
    let (mut out, mut cell) = (String::new(), String::new());
    for row in 0..batch.num_rows() {
        for (index, column) in columns.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            if column.is_null(row) {
                // An empty line would be skipped by readers, and the row be lost.
                out.push_str(if columns.len() == 1 { "\"\"" } else { "" });
                continue;
            }
            cell.clear();
            column.write_plain(row, &mut cell)?;
            push_csv(&cell, &mut out);
        }
        out.push('\n');
    }
    Ok(out)
}

/// Appends a value, in quotes where readers would take it apart or for null.
fn push_csv(text: &str, out: &mut String) {
    if !text.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        out.push_str(text);
        return;
    }
    out.push('"');
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

fn json_rows(batch: &RecordBatch, before: &str, after: &str) -> Result<String, Error> {
    let schema = batch.schema_ref();
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let mut name = String::from(if columns.is_empty() { "" } else { "," });
        write_json_string(field.name(), &mut name).expect("writing to a String cannot fail");
        name.push(':');
        columns.push((name, CellText::of(column)?));
    }
    let mut out = String::new();
    for row in 0..batch.num_rows() {
        out.push_str(before);
        out.push('{');
        for (name, column) in &columns {
            out.push_str(name);
            column.write_json(row, &mut out)?;
        }
        out.push('}');
        out.push_str(after);
    }
    Ok(out)
}
