//! A planned statement: its rows, when they are asked for, and how they would be got.

use std::sync::Arc;

use polars::prelude::{DataFrame, LazyFrame, PolarsError};
use runlake_ingest::without_panic;

use crate::{Answer, Error, ErrorKind, Origin};

use super::diagnosis::Diagnosis;
use super::problem::SqlProblem;

/// A planned statement. Nothing is read until its rows are asked for.
#[derive(Clone)]
pub struct SqlQuery {
    frame: LazyFrame,
    origin: Origin,
    diagnosis: Option<Arc<Diagnosis>>,
}

impl std::fmt::Debug for SqlQuery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SqlQuery").field("statement", &self.diagnosis.as_ref().map(|it| &it.statement.text)).finish_non_exhaustive()
    }
}

impl SqlQuery {
    pub(super) fn new(frame: LazyFrame, origin: Origin, diagnosis: Arc<Diagnosis>) -> Self {
        Self { frame, origin, diagnosis: Some(diagnosis) }
    }

    /// Rows that no statement has to be planned for.
    pub(super) fn of_frame(frame: LazyFrame, origin: Origin) -> Self {
        Self { frame, origin, diagnosis: None }
    }

    /// The rows, not read yet: to be written, or to be read in batches when memory does not hold them. What goes wrong then is told by
    /// [`SqlQuery::located`].
    pub fn answer(&self) -> Answer {
        Answer::new(self.frame.clone(), self.origin.clone())
    }

    /// The rows, in memory.
    ///
    /// # Errors
    /// [`ErrorKind::Sql`](crate::ErrorKind::Sql) when the values do not allow what the statement does with them.
    pub async fn collect(&self) -> Result<DataFrame, Error> {
        let frame = self.frame.clone();
        let collected = tokio::task::spawn_blocking(move || without_panic(|| frame.collect())).await;
        match collected {
            Ok(Ok(frame)) => frame.map_err(|error| self.problem(&error)),
            _ => Err(SqlProblem::new("the statement cannot be carried out").into()),
        }
    }

    /// How the rows would be got: the optimized plan of Polars, with the files, the columns read of them, and the conditions that rows and row
    /// groups must meet.
    ///
    /// # Errors
    /// [`ErrorKind::Sql`](crate::ErrorKind::Sql) when there is no plan.
    pub async fn explain(&self) -> Result<String, Error> {
        let frame = self.frame.clone();
        let explained = tokio::task::spawn_blocking(move || without_panic(|| frame.explain(true))).await;
        match explained {
            Ok(Ok(plan)) => plan.map(|plan| without_estimates(&plan)).map_err(|error| self.problem(&error)),
            _ => Err(SqlProblem::new("the statement has no plan").into()),
        }
    }

    /// An error of [`SqlQuery::answer`] with its place in the statement, when it is about the statement.
    #[must_use]
    pub fn located(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::Polars(polars) => self.problem(polars),
            _ => error,
        }
    }

    fn problem(&self, error: &PolarsError) -> Error {
        match &self.diagnosis {
            Some(diagnosis) => diagnosis.problem(error).into(),
            None => SqlProblem::new(super::diagnosis::in_words(error)).into(),
        }
    }
}

/// Polars does not know how many rows there will be, and says so with a number.
fn without_estimates(plan: &str) -> String {
    plan.lines().filter(|line| !line.trim_start().starts_with("ESTIMATED ROWS")).collect::<Vec<_>>().join("\n")
}
