//! The error of this crate: a source that could not be turned into rows.

use runlake_types::JsonError;

/// What could not be read, from where, and what to do next. One pointer wide.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The service could not be asked, or did not answer as it should.
    #[error(transparent)]
    Fetch(#[from] runlake_fetch::Error),
    /// A history row that is not a JSON object.
    #[error("a history row of {run} is not a JSON object")]
    Row {
        /// The run's path.
        run: String,
        /// Where and why.
        source: JsonError,
    },
    /// A page of history that is not a list of texts.
    #[error("a page of history of {run} is not a list of rows")]
    Page {
        /// The run's path.
        run: String,
        /// Where and why.
        source: JsonError,
    },
    /// A Parquet export that cannot be read.
    #[error("a Parquet export of {run} cannot be read")]
    Export {
        /// The run's path.
        run: String,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// A record batch whose columns are not those of the data model.
    #[error("the column `{column}` is not what the data model says: {reason}")]
    Column {
        /// The column's name.
        column: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Columns of unequal length, or another fault in the arrays.
    #[error("the columns do not form a record batch")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A key that no run has.
    #[error("no run has a key `{key}`{}", near_text(.near))]
    UnknownKey {
        /// The key that was asked for.
        key: String,
        /// Keys like it.
        near: Vec<String>,
    },
}

fn near_text(near: &[String]) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!("; the nearest are {}", near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
    }
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// What to do next, when there is something.
    pub fn hint(&self) -> Option<String> {
        match self.kind() {
            ErrorKind::Fetch(error) => error.hint(),
            ErrorKind::Row { .. } | ErrorKind::Page { .. } | ErrorKind::Export { .. } => {
                Some("the service sent something that is no history; try again, and report it if it stays".to_owned())
            }
            ErrorKind::UnknownKey { .. } => {
                Some("keys are written with dots, such as val.acc; without --keys every key is shown".to_owned())
            }
            ErrorKind::Column { .. } | ErrorKind::Arrow(_) => None,
        }
    }

    pub(crate) fn column(column: &str, reason: impl Into<String>) -> Self {
        ErrorKind::Column { column: column.to_owned(), reason: reason.into() }.into()
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

impl From<runlake_fetch::Error> for Error {
    fn from(error: runlake_fetch::Error) -> Self {
        ErrorKind::Fetch(error).into()
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        ErrorKind::Arrow(error).into()
    }
}
