//! The error of this crate: a question that could not be answered.

use std::path::PathBuf;

/// What could not be answered, and what to do next. One pointer wide.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The lake could not be read.
    #[error(transparent)]
    Lake(#[from] runlake_lake::Error),
    /// Polars could not carry the query out.
    #[error("the query failed")]
    Polars(#[from] polars::error::PolarsError),
    /// A dtype that only one of the two Arrow implementations has.
    #[error("the column `{column}` has a dtype that Polars does not take: {data_type}")]
    DataType {
        /// The column.
        column: String,
        /// Its dtype.
        data_type: String,
    },
    /// A range, a statistic or another parameter of arithmetic that makes no sense.
    #[error(transparent)]
    Curves(#[from] runlake_curves::Error),
    /// Run ids that no project of the question has.
    #[error("there is no run `{run_id}`{}", near_text(.near))]
    UnknownRun {
        /// The id asked for.
        run_id: String,
        /// Ids like it.
        near: Vec<String>,
    },
    /// A selection that no run is in.
    #[error("none of the {runs} runs of {projects} passes the filter")]
    NoRuns {
        /// The projects asked.
        projects: String,
        /// How many runs they have.
        runs: usize,
    },
    /// A pattern of keys that cannot be read.
    #[error("`{pattern}` is not a regular expression")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        source: Box<regex::Error>,
    },
    /// A column of text where numbers are needed.
    #[error("`{key}` holds values of the kind {kind}, which have no place in arithmetic")]
    NotNumbers {
        /// The key.
        key: String,
        /// What it holds.
        kind: &'static str,
    },
    /// A field by which runs cannot be grouped.
    #[error("runs cannot be grouped by `{field}`: {reason}")]
    GroupBy {
        /// The field.
        field: String,
        /// Why not.
        reason: String,
    },
    /// A question to which nothing in the lake is an answer, though what it names is there.
    #[error("{question} has no answer: {reason}")]
    NoValues {
        /// What was asked.
        question: String,
        /// Why there is nothing.
        reason: String,
    },
    /// Something that was asked for makes no sense.
    #[error("{what} cannot be {value}: {reason}")]
    Argument {
        /// What was set.
        what: &'static str,
        /// To what.
        value: String,
        /// Why not.
        reason: String,
    },
    /// An answer for which more points would have to be held in memory than is allowed.
    #[error("more than {points} points would have to be held at once, and {most} may be")]
    TooLarge {
        /// Points that were held when it was given up.
        points: u64,
        /// The most that may be.
        most: u64,
    },
    /// Arrow memory that could not be handed over.
    #[error("a record batch could not be handed over")]
    Arrow(#[source] arrow::error::ArrowError),
    /// The thread of a query could not be started.
    #[error("the query could not be started")]
    Thread(#[source] std::io::Error),
    /// The engine broke down in the middle of a query.
    #[error("the query came to a sudden end: {message}")]
    Panicked {
        /// What it said last.
        message: String,
    },
    /// An output took no more bytes: a full disk, a closed pipe.
    #[error("the answer could not be written")]
    Write(#[source] std::io::Error),
    /// A file could not be made, or not get its name.
    #[error("cannot write to {path}")]
    Output {
        /// The file or its folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The folder for a partitioned answer has something in it already.
    #[error("{} is there already and not an empty folder", path.display())]
    OutputTaken {
        /// The folder.
        path: PathBuf,
    },
    /// A name of a folder that is not UTF-8.
    #[error("{} has no name in UTF-8", path.display())]
    OutputName {
        /// The folder.
        path: PathBuf,
    },
    /// A column that the answer does not have.
    #[error("the answer has no column `{column}`{}", near_text(.near))]
    UnknownColumn {
        /// The column asked for.
        column: String,
        /// Columns like it.
        near: Vec<String>,
    },
    /// Partitions that cannot be made.
    #[error("the answer cannot be partitioned by `{column}`: {reason}")]
    Partition {
        /// The column.
        column: String,
        /// Why.
        reason: &'static str,
    },
    /// A dtype that text has no form for, or a time beyond the calendar.
    #[error("a column has a value without a form as text: {data_type}")]
    NoText {
        /// The column's dtype.
        data_type: String,
    },
    /// Parquet, where batches are written one after the other.
    #[error("Parquet files are written from an answer, not from batches")]
    NotOfBatches,
    /// A statement of SQL that cannot be carried out.
    #[error(transparent)]
    Sql(#[from] crate::sql::SqlProblem),
    /// A file that was to be a table of SQL.
    #[error("{path} cannot be the table `{table}`: {reason}")]
    TableFile {
        /// The name of the table.
        table: String,
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A key that no run of the lake has.
    #[error("no run has a key `{key}`{}", near_text(.near))]
    UnknownKey {
        /// The key asked for.
        key: String,
        /// Keys like it.
        near: Vec<String>,
    },
}

fn near_text(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; the nearest are {}", near.join(", ")) }
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// What to do next, when there is something.
    pub fn hint(&self) -> Option<String> {
        match self.kind() {
            ErrorKind::Lake(error) => error.hint(),
            ErrorKind::Curves(error) => error.hint(),
            ErrorKind::UnknownKey { .. } => Some("keys are written with dots, such as val.acc".to_owned()),
            ErrorKind::UnknownRun { .. } => Some("`runlake query 'select run_id, display_name from runs'` lists them".to_owned()),
            ErrorKind::NoRuns { .. } => Some("a filter is written as for the service, such as {\"config.lr\": {\"$gte\": 0.1}}".to_owned()),
            ErrorKind::Pattern { .. } => Some("a glob such as train/* needs no regular expression".to_owned()),
            ErrorKind::NotNumbers { .. } => Some("text is read by `runlake query`, and by `histories` without alignment".to_owned()),
            ErrorKind::GroupBy { .. } => {
                Some("runs are grouped by config.KEY, summary.KEY, tags, group, sweep, job_type, state or username".to_owned())
            }
            ErrorKind::TooLarge { .. } => Some(
                "put the runs on buckets or a grid, choose fewer places, keys or steps, or write every row without alignment to a file"
                    .to_owned(),
            ),
            ErrorKind::Sql(problem) => problem.hint().map(str::to_owned),
            ErrorKind::TableFile { .. } => {
                Some("a table is named and read from a file with NAME=FILE, such as labels=labels.csv".to_owned())
            }
            ErrorKind::OutputTaken { .. } => Some("give the folder another name, or delete what is there".to_owned()),
            ErrorKind::Partition { .. } => Some("partitions are folders of Parquet files by columns such as run_id".to_owned()),
            ErrorKind::NoText { .. } => Some("write Parquet or Arrow, which keep every dtype".to_owned()),
            ErrorKind::Write(error) if error.kind() == std::io::ErrorKind::StorageFull => Some("make room on the disk".to_owned()),
            ErrorKind::NoValues { .. }
            | ErrorKind::Argument { .. }
            | ErrorKind::Polars(_)
            | ErrorKind::DataType { .. }
            | ErrorKind::Arrow(_)
            | ErrorKind::Thread(_)
            | ErrorKind::Panicked { .. }
            | ErrorKind::Write(_)
            | ErrorKind::Output { .. }
            | ErrorKind::OutputName { .. }
            | ErrorKind::UnknownColumn { .. }
            | ErrorKind::NotOfBatches => None,
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<runlake_lake::Error> for Error {
    fn from(error: runlake_lake::Error) -> Self {
        ErrorKind::Lake(error).into()
    }
}

impl From<crate::sql::SqlProblem> for Error {
    fn from(problem: crate::sql::SqlProblem) -> Self {
        ErrorKind::Sql(problem).into()
    }
}

impl From<polars::error::PolarsError> for Error {
    fn from(error: polars::error::PolarsError) -> Self {
        ErrorKind::Polars(error).into()
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        match error {
            arrow::error::ArrowError::IoError(_, source) => source.into(),
            error => ErrorKind::Arrow(error).into(),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        ErrorKind::Write(error).into()
    }
}

impl From<runlake_curves::Error> for Error {
    fn from(error: runlake_curves::Error) -> Self {
        ErrorKind::Curves(error).into()
    }
}
