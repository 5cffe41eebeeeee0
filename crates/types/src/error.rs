//! The error of this crate: input that is not what it should be.

/// What was wrong with a path, filter, order or time, and what to write instead.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A path that does not name a project or a run.
    #[error("`{path}` is not a path of the form {expected}")]
    Path {
        /// The text as given.
        path: String,
        /// The form that was expected.
        expected: &'static str,
    },
    /// A path that does not name an artifact.
    #[error("`{path}` is not a path of the form ENTITY/PROJECT/NAME:ALIAS")]
    ArtifactPath {
        /// The text as given.
        path: String,
    },
    /// A path that leaves out a part which has no default.
    #[error("`{path}` names no {what}, and there is no default")]
    PathPart {
        /// The text as given.
        path: String,
        /// The part that is left out.
        what: &'static str,
        /// The whole form.
        expected: &'static str,
    },
    /// A filter that is not JSON.
    #[error("the filter is not JSON")]
    FilterJson {
        /// Where and why.
        source: crate::JsonError,
    },
    /// A filter that is JSON, but not a filter.
    #[error("the filter is not valid at `{at}`: {reason}")]
    Filter {
        /// The path inside the filter, such as `$and[0].state`.
        at: String,
        /// What is wrong there.
        reason: String,
    },
    /// An order that names no sortable field.
    #[error("`{order}` is not an order: {reason}")]
    Order {
        /// The text as given.
        order: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A time that is not ISO 8601.
    #[error("`{text}` is not an ISO-8601 time")]
    Time {
        /// The text as given.
        text: String,
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
            ErrorKind::Path { .. } => {
                "a project is ENTITY/PROJECT and a run is ENTITY/PROJECT/RUN_ID, where RUN_ID is the last part of the run's address"
            }
            ErrorKind::ArtifactPath { .. } => {
                "an artifact is ENTITY/PROJECT/NAME:ALIAS, where ALIAS is `latest`, a version such as `v3`, or an alias"
            }
            ErrorKind::PathPart { .. } => {
                "write the whole path, or set WANDB_ENTITY and WANDB_PROJECT, or `entity` and `project` in the settings file"
            }
            ErrorKind::FilterJson { .. } => {
                r#"filters are JSON in Mongo's style, for example '{"state": "finished", "config.lr": {"$gte": 0.1}}'"#
            }
            ErrorKind::Filter { .. } => {
                "operators: $and $or $nor $not $eq $ne $gt $gte $lt $lte $in $nin $exists $regex; fields: state, name, displayName, group, jobType, tags, username, createdAt, heartbeatAt, duration, config.KEY, summary_metrics.KEY"
            }
            ErrorKind::Order { .. } => "an order is + or - and a field, for example `-created_at`, `+config.lr` or `-summary_metrics.acc`",
            ErrorKind::Time { .. } => "write a time such as 2026-11-24T09:30:00Z",
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
