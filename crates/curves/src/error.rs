//! The error of this crate: a request that has no answer.

/// What was asked that has no answer, and what to ask instead. One pointer wide.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

/// The kinds of [`Error`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Ends between which no even places can be laid.
    #[error("{count} even places cannot be laid from {first:?} to {last:?}")]
    Range {
        /// Where they should begin.
        first: f64,
        /// Where they should end.
        last: f64,
        /// How many were asked for.
        count: usize,
    },
    /// A name that no statistic has.
    #[error("there is no statistic `{name}`{}", nearest_text(*.nearest))]
    UnknownStatistic {
        /// The name asked for.
        name: String,
        /// The name most like it.
        nearest: Option<&'static str>,
    },
    /// A number that its parameter does not allow.
    #[error("{parameter} cannot be {value:?}: it must be {allowed}")]
    Parameter {
        /// Which parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
        /// What it allows, in words.
        allowed: &'static str,
    },
}

fn nearest_text(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; the nearest is `{nearest}`")).unwrap_or_default()
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// What to do next, when there is something.
    pub fn hint(&self) -> Option<String> {
        match self.kind() {
            ErrorKind::Range { .. } => Some("give finite ends, the lesser first, and at least one place".to_owned()),
            ErrorKind::UnknownStatistic { .. } => Some(
                "statistics are count, nan, mean, std, sem, min, max, median, iqm, percentiles such as p05, quantiles such as q0.333, \
                 and bounds of confidence such as ci95.low and ci95.high"
                    .to_owned(),
            ),
            ErrorKind::Parameter { .. } => None,
        }
    }

    /// That a parameter is not what it must be.
    pub(crate) fn parameter(parameter: &'static str, value: f64, allowed: &'static str) -> Self {
        ErrorKind::Parameter { parameter, value, allowed }.into()
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
