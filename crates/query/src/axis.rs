//! The axis along which runs are laid side by side.

use std::fmt;

use runlake_ingest::schema::{RUNTIME, STEP, TIMESTAMP};
use runlake_types::ColumnSet;

use crate::keys::{KeyPattern, resolve_number_keys};
use crate::{Error, ErrorKind};

/// What stands on the x axis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Axis {
    /// The step, an integer that each logged row has.
    #[default]
    Step,
    /// Seconds since the run began.
    Runtime,
    /// Seconds since the Unix epoch.
    Timestamp,
    /// A logged metric, such as `epoch`. A point is a row that has both the axis and the metric.
    Metric(String),
}

impl Axis {
    /// Reads `_step`, `_runtime`, `_timestamp`, or the name of a key.
    pub fn from_name(name: &str) -> Self {
        match name {
            STEP => Self::Step,
            RUNTIME => Self::Runtime,
            TIMESTAMP => Self::Timestamp,
            key => Self::Metric(key.to_owned()),
        }
    }

    /// The name as it was logged, which heads the column of answers.
    pub fn name(&self) -> &str {
        match self {
            Self::Step => STEP,
            Self::Runtime => RUNTIME,
            Self::Timestamp => TIMESTAMP,
            Self::Metric(key) => key,
        }
    }

    /// The column of a lake that holds it.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownKey`] for a metric that the lake does not have, [`ErrorKind::NotNumbers`] for one that is text.
    pub(crate) fn column(&self, columns: &ColumnSet) -> Result<String, Error> {
        match self {
            Self::Metric(key) => {
                let found = resolve_number_keys(&[KeyPattern::exact(key)], columns)?;
                found
                    .into_iter()
                    .next()
                    .map(|column| column.name)
                    .ok_or_else(|| ErrorKind::UnknownKey { key: key.clone(), near: Vec::new() }.into())
            }
            fixed => Ok(fixed.name().to_owned()),
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
