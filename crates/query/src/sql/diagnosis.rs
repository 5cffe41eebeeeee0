//! What Polars says of a statement, in words about the statement: the place in its text, and the names that may have been meant.

use std::collections::BTreeMap;

use polars::prelude::{LazyFrame, PolarsError, PolarsResult};

use super::names::{Names, Resolved};
use super::problem::SqlProblem;
use super::session::plan;
use super::statement::Statement;

/// A statement with all that is known of it.
pub(super) struct Diagnosis {
    pub(super) statement: Statement,
    pub(super) names: Names,
    pub(super) resolved: Resolved,
    pub(super) frames: BTreeMap<String, LazyFrame>,
}

impl Diagnosis {
    /// Plans a statement over the tables of this one.
    pub(super) fn plan(&self, sql: &str) -> PolarsResult<LazyFrame> {
        plan(sql, &self.frames)
    }

    pub(super) fn problem(&self, error: &PolarsError) -> SqlProblem {
        SqlProblem::new(format!("RAW {error:?} // {error}"))
    }
}

pub(super) fn in_words(error: &PolarsError) -> String {
    error.to_string()
}
