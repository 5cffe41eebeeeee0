//! The error of this crate: a lake that could not be read or written.

use deltalake::DeltaTableError;

/// What could not be done with a lake, and what to do next. One pointer wide.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An address that names no place for a lake.
    #[error("`{location}` is not a place for a lake: {reason}")]
    Location {
        /// The address as given.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A place that holds no lake.
    #[error("there is no lake at {location}")]
    NoLake {
        /// Where it was looked for.
        location: String,
    },
    /// A place that holds something else.
    #[error("{location} is not empty and holds no lake")]
    NotALake {
        /// Where a lake was to be made.
        location: String,
    },
    /// A lake that another version of runlake wrote.
    #[error("the lake at {location} has format version {found}, and this runlake reads version {supported}")]
    FormatVersion {
        /// The lake.
        location: String,
        /// Its version, as its `runlake.json` says.
        found: String,
        /// The version that this crate reads and writes.
        supported: u32,
    },
    /// Files of runs into a lake that cannot have them.
    #[error("files of runs are kept in lakes on local disk, and the lake is at {location}")]
    FilesNeedDisk {
        /// The lake.
        location: String,
    },
    /// A project that the lake does not hold.
    #[error("the lake has no project {project}{}", known_text(.known))]
    ProjectNotFound {
        /// The project asked for.
        project: String,
        /// The projects that it holds.
        known: Vec<String>,
    },
    /// A run that the lake does not hold.
    #[error("the lake has no run {run}{}", known_text(.near))]
    RunNotFound {
        /// The run asked for.
        run: String,
        /// Runs of the project whose ids are alike.
        near: Vec<String>,
    },
    /// The Delta log could not be read or written.
    #[error("the Delta table `{table}` could not be {action}")]
    Delta {
        /// The table's name.
        table: &'static str,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: Box<DeltaTableError>,
    },
    /// Another writer changed the table at the same time.
    #[error("another writer changed the table `{table}` meanwhile")]
    Conflict {
        /// The table's name.
        table: &'static str,
        /// What the Delta log says of it.
        source: Box<DeltaTableError>,
    },
    /// A part file could not be read or written.
    #[error("{path} could not be {action}")]
    Store {
        /// The object.
        path: String,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: object_store::Error,
    },
    /// A part file that is no Parquet, or not that of a lake.
    #[error("the part file {path} cannot be read")]
    PartFile {
        /// The file.
        path: String,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// A table whose columns are not those of a lake.
    #[error("the table `{table}` is not as runlake wrote it: {reason}")]
    Table {
        /// The table's name.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Rows could not be made or read.
    #[error(transparent)]
    Ingest(#[from] runlake_ingest::Error),
    /// An offline log could not be read.
    #[error(transparent)]
    Offline(#[from] runlake_ingest::offline::Error),
    /// The service could not be asked.
    #[error(transparent)]
    Fetch(#[from] runlake_fetch::Error),
    /// A folder in which no offline log was found.
    #[error("there is no offline run log in {path}")]
    NoLogs {
        /// The folder.
        path: String,
    },
    /// A log that does not say which project its run belongs to.
    #[error("{path} does not say which project its run belongs to")]
    NoProject {
        /// The log.
        path: String,
    },
    /// Work in the background ended without a result.
    #[error("work in the background stopped: {reason}")]
    Stopped {
        /// What the runtime says of it.
        reason: String,
    },
    /// A file of a run could not be listed or copied.
    #[error("the files of a run could not be listed or copied")]
    Copy(#[source] std::io::Error),
}

fn known_text(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; it has {}", known.join(", ")) }
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    pub(crate) fn stopped(error: &tokio::task::JoinError) -> Self {
        ErrorKind::Stopped { reason: error.to_string() }.into()
    }

    /// What to do next, when there is something.
    pub fn hint(&self) -> Option<String> {
        let hint = match self.kind() {
            ErrorKind::Location { .. } => "a lake is a folder, or an address such as s3://bucket/lake",
            ErrorKind::NoLake { .. } => "`runlake export ENTITY/PROJECT --lake DIR` or `runlake import WANDB_DIR --lake DIR` makes one",
            ErrorKind::FilesNeedDisk { .. } => "export without --files, or into a folder",
            ErrorKind::NotALake { .. } => "choose an empty or a new folder",
            ErrorKind::FormatVersion { .. } => "use the runlake that wrote it, or export again into a new folder",
            ErrorKind::ProjectNotFound { .. } | ErrorKind::RunNotFound { .. } => "`runlake info --lake DIR` lists what it holds",
            ErrorKind::Conflict { .. } => "nothing was lost: run the same command again",
            ErrorKind::Store { source: object_store::Error::PermissionDenied { .. }, .. } => {
                "the folder or bucket must be writable for you"
            }
            ErrorKind::Delta { action: "made" | "written" | "changed", .. } | ErrorKind::Store { .. } => {
                "check that the disk has room and may be written, then run the same command again: it goes on where it stopped"
            }
            ErrorKind::PartFile { .. } => "`runlake verify --lake DIR` names every damaged file; export again to replace them",
            ErrorKind::NoLogs { .. } => "name a `wandb` folder, one of its run-* or offline-run-* folders, or a .wandb file",
            ErrorKind::NoProject { .. } => "say it with --project NAME",
            ErrorKind::Ingest(error) => return error.hint(),
            ErrorKind::Offline(error) => return Some(error.hint().to_owned()),
            ErrorKind::Fetch(error) => return error.hint(),
            ErrorKind::Stopped { .. } => "nothing was lost: run the same command again, and report this as a fault of runlake",
            ErrorKind::Delta { .. } => "check that the lake is whole and may be read; a copy of it may lack files of a `_delta_log`",
            ErrorKind::Table { .. } | ErrorKind::Copy(_) => return None,
        };
        Some(hint.to_owned())
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

impl From<runlake_ingest::Error> for Error {
    fn from(error: runlake_ingest::Error) -> Self {
        ErrorKind::Ingest(error).into()
    }
}

impl From<runlake_ingest::offline::Error> for Error {
    fn from(error: runlake_ingest::offline::Error) -> Self {
        ErrorKind::Offline(error).into()
    }
}

impl From<runlake_fetch::Error> for Error {
    fn from(error: runlake_fetch::Error) -> Self {
        ErrorKind::Fetch(error).into()
    }
}
