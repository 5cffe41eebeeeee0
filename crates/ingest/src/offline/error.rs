//! The error of offline logs: a file or folder that cannot be read at all. Damage inside a log is no error, see
//! [`Damage`](super::Damage).

use std::io;
use std::path::{Path, PathBuf};

/// What could not be read, and what to do next. One pointer wide.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A log that cannot be opened.
    #[error("the run log {} cannot be opened", path.display())]
    Open {
        /// The log.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that is no run log, or one of a later format.
    #[error("{} is not a run log that can be read: {why}", path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
        /// What is wrong with its first bytes.
        why: String,
    },
    /// The medium failed in the middle of a log.
    #[error("the run log {} cannot be read on from byte {offset}", path.display())]
    Read {
        /// The log.
        path: PathBuf,
        /// How far reading came, in bytes from the start.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// A path that cannot be searched for logs.
    #[error("{} cannot be searched for run logs", path.display())]
    Search {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
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
            ErrorKind::Open { .. } => "check that the file exists and that you may read it",
            ErrorKind::NotALog { .. } => "a run log is the `run-ID.wandb` file in a `run-…` or `offline-run-…` folder",
            ErrorKind::Read { .. } => "check the disk or the network share, or copy the log to another place first",
            ErrorKind::Search { .. } => "give a `.wandb` file, a `run-…` or `offline-run-…` folder, or the `wandb` folder that holds them",
        }
    }

    pub(super) fn not_a_log(path: &Path, why: impl Into<String>) -> Self {
        ErrorKind::NotALog { path: path.to_owned(), why: why.into() }.into()
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
