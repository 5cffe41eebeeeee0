//! SQL over a lake, answered by Polars: the tables `runs`, `histories` and `system_metrics`, and files of the user beside them.
//!
//! | to find | look in |
//! |---|---|
//! | tables, and statements asked of them | [`SqlSession`] |
//! | the rows of a statement, and how they are got | [`SqlQuery`] |
//! | what is wrong with a statement | [`SqlProblem`] |
//!
//! A statement is parsed here first, to find its names (`names`) and to refuse what does not read; where Polars would answer otherwise than
//! SQL says, it is rewritten or refused (`dialect`). Polars carries it out, and what Polars says of it is led back to the words of the
//! statement (`diagnosis`).

mod csv_types;
mod diagnosis;
mod dialect;
mod join_condition;
mod lake_scan;
mod lake_table;
mod leaf_column;
mod names;
mod problem;
mod query;
mod runs_frame;
mod session;
mod source;
mod statement;
#[cfg(test)]
mod tests;
mod user_table;

use runlake_lake::{Lake, TableName};
use runlake_types::ProjectPath;

pub(crate) use lake_table::Table;
pub use problem::SqlProblem;
pub use query::SqlQuery;
pub use session::{SqlColumn, SqlSession};
pub(crate) use user_table::user_table;

/// The statements of a text, without the semicolons between them and without those that say nothing.
///
/// ```
/// assert_eq!(runlake_query::sql::statements("SELECT ';' FROM runs; -- all\nSHOW TABLES;")?, ["SELECT ';' FROM runs", "-- all\nSHOW TABLES"]);
/// # Ok::<(), runlake_query::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Sql`](crate::ErrorKind::Sql) when a quote or a comment has no end.
pub fn statements(text: &str) -> Result<Vec<&str>, crate::Error> {
    Ok(statement::split(text)?)
}

/// Whether a text ends with the semicolon of its last statement, so that nothing more of it is to come. Not when it stands in a quote or a
/// comment.
///
/// ```
/// use runlake_query::sql::is_complete;
/// assert!(is_complete("SELECT 1; -- done"));
/// assert!(!is_complete("SELECT ';") && !is_complete("SELECT 1") && !is_complete(""));
/// ```
pub fn is_complete(text: &str) -> bool {
    statement::is_complete(text)
}

/// The words of SQL and the functions, in capitals and in small letters, for completion.
pub fn vocabulary() -> Vec<&'static str> {
    let mut words = polars::sql::keywords::all_keywords();
    words.retain(|word| !word.starts_with("read_") && !["CREATE", "DROP", "TRUNCATE"].contains(word));
    words.extend(["EXPLAIN", "DESCRIBE", "OVER", "PARTITION", "UNION", "END", "WHEN", "IS", "LIKE", "BETWEEN", "NULLS", "CAST"]);
    words.sort_unstable();
    words.dedup();
    words
}

/// Makes log lines of what Polars warns of, in the whole process, where it would print them to stderr: what is to change in Polars is no
/// news to who writes SQL. For programs; a library leaves it to them.
pub fn log_warnings_of_polars() {
    polars::error::set_warning_function(|message, kind| tracing::debug!(?kind, message, "Polars warns"));
}

/// The rows of a table of some projects, as SQL sees them.
pub(crate) async fn rows_of_lake(lake: &Lake, name: TableName, projects: &[ProjectPath]) -> Result<Table, crate::Error> {
    lake_table::lake_table(lake, name, projects, lake_table::Reading::of(lake)).await
}
