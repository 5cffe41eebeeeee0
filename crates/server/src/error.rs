//! The error of this crate.

use std::error::Error as StdError;
use std::fmt;

/// Why the backend could not start or answer.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The lake could not be read.
    #[error("could not read {what} from the lake")]
    Source {
        /// What was read.
        what: String,
        /// Why it failed.
        source: crate::SourceError,
    },
    /// A file of the backend's own, or of a run, could not be read or written.
    #[error("could not {operation}")]
    Io {
        /// What was being done.
        operation: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A Parquet export could not be written.
    #[error("could not write a Parquet export")]
    Parquet {
        /// Why it failed.
        source: parquet::errors::ParquetError,
    },
    /// A filter, order or time in a request is not valid.
    #[error("the request is not valid")]
    Request {
        /// What is wrong with it.
        source: runlake_types::Error,
    },
    /// A cursor that this backend did not make, or made for another listing.
    #[error("the cursor `{cursor}` is not one of this listing")]
    Cursor {
        /// The cursor as given.
        cursor: String,
    },
    /// A spec of `sampledHistory` that is not valid.
    #[error("the history spec is not valid: {reason}")]
    Spec {
        /// What is wrong with it.
        reason: String,
    },
    /// A reply that would be larger than one reply may be.
    #[error("the rows asked for hold {bytes} bytes and one reply may hold {limit}; ask for fewer steps at once")]
    TooLarge {
        /// What the rows hold.
        bytes: u64,
        /// What a reply may hold.
        limit: u64,
    },
    /// A task of the backend was cancelled or panicked.
    #[error("a task of the backend stopped")]
    Task {
        /// How it stopped.
        source: tokio::task::JoinError,
    },
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// What to do next, in one line.
    pub fn hint(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Source { .. } => "check the lake with `runlake verify --lake DIR`",
            ErrorKind::Io { .. } | ErrorKind::Parquet { .. } => {
                "check the space and the permissions of the temporary folder, which TMPDIR names"
            }
            ErrorKind::Request { .. } | ErrorKind::Spec { .. } => "correct the request",
            ErrorKind::Cursor { .. } => "start the listing again without a cursor",
            ErrorKind::TooLarge { .. } => "ask for fewer steps at once",
            ErrorKind::Task { .. } => "ask again",
        }
    }

    /// Whether the request was at fault rather than the backend.
    pub(crate) fn is_of_request(&self) -> bool {
        match self.kind() {
            ErrorKind::Request { .. } | ErrorKind::Cursor { .. } | ErrorKind::Spec { .. } | ErrorKind::TooLarge { .. } => true,
            ErrorKind::Source { .. } | ErrorKind::Io { .. } | ErrorKind::Parquet { .. } | ErrorKind::Task { .. } => false,
        }
    }

    /// The error and its causes in one line.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }

    pub(crate) fn io(operation: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| ErrorKind::Io { operation, source }.into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<runlake_types::Error> for Error {
    fn from(source: runlake_types::Error) -> Self {
        ErrorKind::Request { source }.into()
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(source: parquet::errors::ParquetError) -> Self {
        ErrorKind::Parquet { source }.into()
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(source: tokio::task::JoinError) -> Self {
        ErrorKind::Task { source }.into()
    }
}
