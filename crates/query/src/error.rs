//! The error of this crate: a question that could not be answered.

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
    /// Arrow memory that could not be handed over.
    #[error("a record batch could not be handed over")]
    Arrow(#[from] arrow::error::ArrowError),
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
            ErrorKind::UnknownKey { .. } => Some("keys are written with dots, such as val.acc".to_owned()),
            ErrorKind::Sql(problem) => problem.hint().map(str::to_owned),
            ErrorKind::TableFile { .. } => Some("a table is named and read from a file with NAME=FILE, such as labels=labels.csv".to_owned()),
            ErrorKind::Polars(_) | ErrorKind::DataType { .. } | ErrorKind::Arrow(_) => None,
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
        ErrorKind::Arrow(error).into()
    }
}
