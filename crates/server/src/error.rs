//! The error of this crate.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;

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
    /// A run, project or the like that is not there.
    #[error("there is no {what}")]
    NotFound {
        /// What was looked for, such as `run acme/demo/r1`.
        what: String,
    },
    /// An argument of a mutation that cannot be taken.
    #[error("{message}")]
    Invalid {
        /// What is wrong with it.
        message: String,
    },
    /// A change that what is there does not allow.
    #[error("{message}")]
    Conflict {
        /// What stands against it.
        message: String,
    },
    /// A change on a backend that only reads.
    #[error("permission denied: this server was started read-only, so nothing can be changed or logged through it")]
    ReadOnly,
    /// The folder of the state could not be made or locked.
    #[error("could not use the state folder `{}`", folder.display())]
    StateFolder {
        /// The folder.
        folder: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Another backend uses the folder of the state.
    #[error("the state folder `{}` is in use by another backend", folder.display())]
    StateInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The state was written by a newer version.
    #[error("the state holds `{tables}`, which this version does not know")]
    StateIsNewer {
        /// The tables that are not known.
        tables: String,
    },
    /// The state holds something that was not written by this program.
    #[error("{what} in the state is damaged: {reason}")]
    StateDamaged {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The embedded database failed.
    #[error("the state could not be read or written")]
    Database {
        /// Why it failed.
        source: rusqlite::Error,
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
            ErrorKind::Request { .. } | ErrorKind::Spec { .. } | ErrorKind::Invalid { .. } => "correct the request",
            ErrorKind::NotFound { .. } => "check the spelling, and whether it was deleted",
            ErrorKind::Conflict { .. } => "look at what is there, and decide anew",
            ErrorKind::ReadOnly => "start the backend without --read-only",
            ErrorKind::StateFolder { .. } => "name a folder that can be written to with --state DIR",
            ErrorKind::StateInUse { .. } => "stop the other backend, or give this one a folder of its own with --state DIR",
            ErrorKind::StateIsNewer { .. } => "use the version of runlake that wrote the state, or name another folder with --state DIR",
            ErrorKind::StateDamaged { .. } => "restore the folder of the state from a copy, or name another one with --state DIR",
            ErrorKind::Database { .. } => "check the space and the permissions of the folder of the state",
            ErrorKind::Cursor { .. } => "start the listing again without a cursor",
            ErrorKind::TooLarge { .. } => "ask for fewer steps at once",
            ErrorKind::Task { .. } => "ask again",
        }
    }

    /// What kind of fault of the request it is, in a word for programs; `None` for faults of the backend.
    pub(crate) fn code(&self) -> Option<&'static str> {
        match self.kind() {
            ErrorKind::NotFound { .. } => Some("NOT_FOUND"),
            ErrorKind::Conflict { .. } => Some("CONFLICT"),
            ErrorKind::ReadOnly => Some("PERMISSION_DENIED"),
            _ => self.is_of_request().then_some("INVALID_ARGUMENT"),
        }
    }

    /// Whether the request was at fault rather than the backend.
    pub(crate) fn is_of_request(&self) -> bool {
        match self.kind() {
            ErrorKind::Request { .. }
            | ErrorKind::Cursor { .. }
            | ErrorKind::Spec { .. }
            | ErrorKind::NotFound { .. }
            | ErrorKind::Invalid { .. }
            | ErrorKind::Conflict { .. }
            | ErrorKind::ReadOnly
            | ErrorKind::TooLarge { .. } => true,
            ErrorKind::Source { .. }
            | ErrorKind::Io { .. }
            | ErrorKind::Parquet { .. }
            | ErrorKind::StateFolder { .. }
            | ErrorKind::StateInUse { .. }
            | ErrorKind::StateIsNewer { .. }
            | ErrorKind::StateDamaged { .. }
            | ErrorKind::Database { .. }
            | ErrorKind::Task { .. } => false,
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

impl From<rusqlite::Error> for Error {
    fn from(source: rusqlite::Error) -> Self {
        ErrorKind::Database { source }.into()
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(source: tokio::task::JoinError) -> Self {
        ErrorKind::Task { source }.into()
    }
}
