//! The error of this crate: what a layer below says, or what the objects of the API themselves find wrong.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use runlake_types::{RunPath, RunState};

/// Why a call on [`Api`](crate::Api), [`Runs`](crate::Runs) or [`Run`](crate::Run) failed.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The service could not be asked, or refused; [`Error::fetch_kind`] says how.
    #[error(transparent)]
    Fetch(runlake_fetch::Error),
    /// A path, filter or order is not valid.
    #[error(transparent)]
    Types(runlake_types::Error),
    /// Logged rows could not be read.
    #[error(transparent)]
    Ingest(runlake_ingest::Error),
    /// Rows could not be made into columns.
    #[error("could not make columns of the rows")]
    Columns {
        /// Why it failed.
        source: arrow::error::ArrowError,
    },
    /// An argument that cannot be right.
    #[error("{message}")]
    InvalidArgument {
        /// What is wrong with it.
        message: String,
    },
    /// The history is not exported as a whole yet.
    #[error("the history of {path} is not exported as a whole yet")]
    IncompleteHistory {
        /// The run.
        path: RunPath,
    },
    /// A run that was waited for has not ended in time.
    #[error("run {path} is still {state} after {:.0} s", waited.as_secs_f64())]
    StillRunning {
        /// The run.
        path: RunPath,
        /// Where it stands.
        state: RunState,
        /// For how long it was waited for.
        waited: Duration,
    },
    /// A file could not be written.
    #[error("could not write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The runtime of the blocking objects could not be made.
    #[error("could not start the threads of the blocking API")]
    Runtime {
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// What the service or the way to it had against the call, if that is what failed.
    pub fn fetch_kind(&self) -> Option<&runlake_fetch::ErrorKind> {
        match self.kind() {
            ErrorKind::Fetch(error) => Some(error.kind()),
            _ => None,
        }
    }

    /// Whether the run, project, file or artifact that was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        use runlake_fetch::ErrorKind as Fetch;
        matches!(
            self.fetch_kind(),
            Some(
                Fetch::RunNotFound { .. }
                    | Fetch::ProjectNotFound { .. }
                    | Fetch::FileNotFound { .. }
                    | Fetch::ArtifactNotFound { .. }
                    | Fetch::NotFound { .. }
            )
        )
    }

    /// What to do next, in one line.
    pub fn hint(&self) -> Option<String> {
        match self.kind() {
            ErrorKind::Fetch(error) => error.hint(),
            ErrorKind::Types(error) => Some(error.hint().to_owned()),
            ErrorKind::Ingest(error) => error.hint(),
            ErrorKind::IncompleteHistory { .. } => Some(
                "scan the history instead, which joins exports and live rows, or do without the rows that are not exported yet".to_owned(),
            ),
            ErrorKind::StillRunning { .. } => Some("wait for longer, or ask the run to stop".to_owned()),
            ErrorKind::Write { .. } => Some("check the space and the permissions of the folder".to_owned()),
            ErrorKind::Columns { .. } => Some("read fewer runs or fewer keys at once, or export the runs to a lake".to_owned()),
            ErrorKind::InvalidArgument { .. } | ErrorKind::Runtime { .. } => None,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        ErrorKind::InvalidArgument { message: message.into() }.into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
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

impl From<runlake_types::Error> for Error {
    fn from(error: runlake_types::Error) -> Self {
        ErrorKind::Types(error).into()
    }
}

impl From<runlake_ingest::Error> for Error {
    fn from(error: runlake_ingest::Error) -> Self {
        ErrorKind::Ingest(error).into()
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(source: arrow::error::ArrowError) -> Self {
        ErrorKind::Columns { source }.into()
    }
}
