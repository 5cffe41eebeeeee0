//! How an answer is written, and the writing of it.

use std::io::Write;
use std::path::Path;

use polars::prelude::{CompatLevel, LazyFrame, SortMultipleOptions};
use runlake_types::near_names;

use super::parquet::{write_parquet, write_parquet_folder};
use super::{Answer, BatchWriter, FileFormat, StagedFile};
use crate::{Error, ErrorKind};

/// Rows of a Parquet row group, when nothing else is asked for: large enough for statistics to be small, and skipped in useful pieces.
const ROW_GROUP_ROWS: usize = 131_072;

/// How an answer is written.
///
/// ```
/// use runlake_query::{FileFormat, WriteOptions};
/// let options = WriteOptions::new(FileFormat::Parquet).with_sort_by(["run_id", "_step"]).with_partition_by(["run_id"]);
/// # let _ = options;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    pub(super) format: FileFormat,
    pub(super) sort_by: Vec<String>,
    pub(super) partition_by: Vec<String>,
    pub(super) row_group_rows: usize,
}

impl WriteOptions {
    /// In this format, in the order of the answer, row groups of 131,072 rows.
    pub fn new(format: FileFormat) -> Self {
        Self { format, sort_by: Vec::new(), partition_by: Vec::new(), row_group_rows: ROW_GROUP_ROWS }
    }

    /// Sorts the rows by these columns, smallest first, null last; equal rows keep their order. Sorting needs memory for all rows.
    #[must_use]
    pub fn with_sort_by(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.sort_by = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Makes a folder of Parquet files below `COLUMN=VALUE/`, of these columns in this order, in the place of one file. The values are
    /// percent-encoded where a path needs it; null is `__HIVE_DEFAULT_PARTITION__`. The columns are not in the files again.
    #[must_use]
    pub fn with_partition_by(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.partition_by = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Rows of a Parquet row group, at least one.
    #[must_use]
    pub fn with_row_group_rows(mut self, rows: usize) -> Self {
        self.row_group_rows = rows.max(1);
        self
    }
}

impl Answer {
    /// Writes the answer to `output` while the query runs: memory does not grow with the rows, unless the query itself gathers them.
    /// Waits, and so does not belong on the threads of an async runtime.
    ///
    /// ```
    /// use polars::df;
    /// use polars::prelude::IntoLazy as _;
    /// use runlake_query::{Answer, FileFormat, Origin, WriteOptions};
    /// let answer = Answer::new(df!("run" => ["a", "b"], "loss" => [0.5, f64::NAN])?.lazy(), Origin::new());
    /// let mut text = Vec::new();
    /// answer.write(&WriteOptions::new(FileFormat::Ndjson), &mut text)?;
    /// assert_eq!(String::from_utf8(text)?, "{\"run\":\"a\",\"loss\":0.5}\n{\"run\":\"b\",\"loss\":\"NaN\"}\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Write`] when `output` takes no more, [`ErrorKind::Polars`] when the query fails, [`ErrorKind::UnknownColumn`] and
    /// [`ErrorKind::Partition`] for options that do not fit the answer: several files need [`Answer::write_path`].
    pub fn write(&self, options: &WriteOptions, output: &mut dyn Write) -> Result<(), Error> {
        if let Some(column) = options.partition_by.first() {
            return Err(ErrorKind::Partition { column: column.clone(), reason: "one stream of bytes holds one file" }.into());
        }
        let query = self.query(options)?;
        if options.format == FileFormat::Parquet {
            return write_parquet(query, options, self.origin(), output);
        }
        // Strings as one buffer with offsets are read by every release of every reader; views are not.
        let batches = super::Batches::start(query, CompatLevel::oldest())?;
        let mut writer = BatchWriter::start(options.format, &batches.schema(), self.origin(), output)?;
        for batch in batches {
            writer.write(&batch?)?;
        }
        writer.finish()
    }

    /// Writes the answer to the file `path`, or with partitions to the folder `path`. It appears whole or not at all: a file that is there
    /// is replaced at the end, a folder must not be there or be empty.
    ///
    /// # Errors
    /// As [`Answer::write`]; [`ErrorKind::Output`] when the place takes no file, [`ErrorKind::OutputTaken`] for a folder that is not empty.
    pub fn write_path(&self, options: &WriteOptions, path: &Path) -> Result<(), Error> {
        if options.partition_by.is_empty() {
            let mut staged = StagedFile::create(path)?;
            self.write(options, &mut staged)?;
            return staged.finish();
        }
        self.check_partitions(options)?;
        write_parquet_folder(self.query(options)?, options, self.origin(), path)
    }

    fn query(&self, options: &WriteOptions) -> Result<LazyFrame, Error> {
        self.check_columns(&options.sort_by)?;
        let query = self.frame().clone();
        if options.sort_by.is_empty() {
            return Ok(query);
        }
        let order = SortMultipleOptions::default().with_nulls_last(true).with_maintain_order(true);
        Ok(query.sort(options.sort_by.iter().map(String::as_str).collect::<Vec<_>>(), order))
    }

    fn check_columns(&self, columns: &[String]) -> Result<(), Error> {
        if columns.is_empty() {
            return Ok(());
        }
        let schema = self.schema()?;
        let known = || schema.fields().iter().map(|field| field.name().as_str());
        match columns.iter().find(|column| !known().any(|name| name == *column)) {
            Some(column) => {
                let near = near_names(column, known()).into_iter().map(str::to_owned).collect();
                Err(ErrorKind::UnknownColumn { column: column.clone(), near }.into())
            }
            None => Ok(()),
        }
    }

    fn check_partitions(&self, options: &WriteOptions) -> Result<(), Error> {
        self.check_columns(&options.partition_by)?;
        let refuse = |column: &str, reason| Err(ErrorKind::Partition { column: column.to_owned(), reason }.into());
        let schema = self.schema()?;
        let [first, ..] = options.partition_by.as_slice() else { return Ok(()) };
        if options.format != FileFormat::Parquet {
            return refuse(first, "only Parquet is written in partitions");
        }
        if schema.fields().iter().all(|field| options.partition_by.contains(field.name())) {
            return refuse(first, "no column would be left for the files");
        }
        for (index, column) in options.partition_by.iter().enumerate() {
            if options.partition_by[..index].contains(column) {
                return refuse(column, "it is named twice");
            }
            if column.contains(['/', '\\', '=']) {
                return refuse(column, "its name does not fit into that of a folder");
            }
            if schema.field_with_name(column)?.data_type().is_nested() {
                return refuse(column, "its values do not fit into the name of a folder");
            }
        }
        Ok(())
    }
}
