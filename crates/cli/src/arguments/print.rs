//! The options that say how results are printed, and where to.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use runlake_query::FileFormat;

use crate::report::UsageError;

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people; long tables are cut with a note.
    Table,
    /// One JSON list of objects.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated values with a header.
    Csv,
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
    /// An Arrow IPC file, which can be read at random.
    ArrowFile,
}

impl Format {
    /// The format of files; none for tables.
    pub(crate) fn of_files(self) -> Option<FileFormat> {
        Some(match self {
            Self::Table => return None,
            Self::Json => FileFormat::Json,
            Self::Ndjson => FileFormat::Ndjson,
            Self::Csv => FileFormat::Csv,
            Self::Parquet => FileFormat::Parquet,
            Self::Arrow => FileFormat::ArrowStream,
            Self::ArrowFile => FileFormat::ArrowFile,
        })
    }

    fn of_file(path: &Path) -> Option<Self> {
        if path.extension().is_some_and(|extension| extension == "txt") {
            return Some(Self::Table);
        }
        Self::value_variants().iter().copied().find(|format| format.of_files().is_some() && format.of_files() == FileFormat::of_name(path))
    }
}

/// How what is found is printed.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Print {
    /// How it is printed [default: what the extension of --output says, else table].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to a file instead of stdout: it appears whole or not at all.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Print {
    /// The format asked for, or that of the file's extension.
    ///
    /// # Errors
    /// [`UsageError`] when the extension says nothing.
    pub(crate) fn format(&self) -> Result<Format, UsageError> {
        match (self.format, &self.output) {
            (Some(format), _) => Ok(format),
            (None, None) => Ok(Format::Table),
            (None, Some(path)) => Format::of_file(path).ok_or_else(|| UsageError {
                message: format!("the name of {} does not say its format", path.display()),
                hint: "end it with .parquet, .arrow, .csv, .json, .ndjson or .txt, or name the format with --format".to_owned(),
            }),
        }
    }

    /// The file, when it is not stdout.
    pub(crate) fn output(&self) -> Option<&Path> {
        self.output.as_deref()
    }
}

/// How the answer to a question is printed.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PrintOptions {
    #[command(flatten)]
    print: Print,
    /// Write Parquet files below OUTPUT/COLUMN=VALUE/, by the values of these columns.
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',', requires = "output")]
    partition_by: Vec<String>,
}

impl PrintOptions {
    /// As `format`, or as the extension says, to `output` or stdout; not in partitions.
    pub(crate) fn new(format: Option<Format>, output: Option<PathBuf>) -> Self {
        Self { print: Print { format, output }, partition_by: Vec::new() }
    }

    /// As [`Print::format`]; Parquet for an answer in partitions.
    ///
    /// # Errors
    /// As [`Print::format`].
    pub(crate) fn format(&self) -> Result<Format, UsageError> {
        if self.partition_by.is_empty() { self.print.format() } else { Ok(self.print.format.unwrap_or(Format::Parquet)) }
    }

    /// The file or folder, when it is not stdout.
    pub(crate) fn output(&self) -> Option<&Path> {
        self.print.output()
    }

    /// The columns whose values name folders.
    pub(crate) fn partition_by(&self) -> &[String] {
        &self.partition_by
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_says_the_format() {
        let format = |name: &str| Print { format: None, output: Some(name.into()) }.format().ok();
        assert_eq!(format("a/runs.csv"), Some(Format::Csv));
        assert_eq!(format("runs.PARQUET"), Some(Format::Parquet));
        assert_eq!(format("runs.feather"), Some(Format::ArrowFile));
        assert_eq!(format("runs.arrows"), Some(Format::Arrow));
        assert_eq!(format("runs.jsonl"), Some(Format::Ndjson));
        assert_eq!(format("runs.txt"), Some(Format::Table));
        assert_eq!(format("runs"), None);
        assert_eq!(Print { format: Some(Format::Json), output: Some("runs.csv".into()) }.format().unwrap(), Format::Json);
    }
}
