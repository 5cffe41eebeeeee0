//! The options of `query` and `sql`.

use std::path::PathBuf;

use clap::Args;

use super::PrintOptions;

/// What statements are asked of.
#[derive(Args, Clone, Debug)]
pub(crate) struct Source {
    /// The lake.
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) lake: String,
    /// The project whose rows the tables have; may be given again [default: every project of the lake].
    #[arg(long = "project", value_name = "ENTITY/PROJECT")]
    pub(crate) projects: Vec<String>,
    /// A file as a table beside those of the lake, by the ending of its name: CSV, TSV, Parquet, JSON or Arrow; may be given again.
    #[arg(long = "table", value_name = "NAME=FILE", value_parser = name_and_file)]
    pub(crate) tables: Vec<(String, PathBuf)>,
}

/// Ask a lake in SQL: the tables `runs`, `histories` and `system_metrics`, and files beside them.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  runlake query 'SELECT run_id, config.lr, summary.acc FROM runs ORDER BY summary.acc DESC LIMIT 10' --lake lake
  runlake query 'SELECT run_id, max(\"val.acc\") AS best FROM histories GROUP BY run_id' --lake lake --output best.parquet
  runlake query 'SELECT * FROM runs JOIN labels USING (run_id)' --lake lake --table labels=labels.csv --format csv
  runlake query --file weekly.sql --lake s3://bucket/lake --project team/digits
  runlake query 'DESCRIBE runs' --lake lake
docs/sql.md tells the tables, their columns and what there is of SQL.")]
pub(crate) struct Query {
    /// One statement, or - to read it from stdin.
    #[arg(value_name = "SQL", required_unless_present = "file")]
    pub(crate) sql: Option<String>,
    /// Read the statement from a file.
    #[arg(long, value_name = "FILE", conflicts_with = "sql")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Say how the rows would be got: the files, the columns read of them, the conditions that rows must meet.
    #[arg(long)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) print: PrintOptions,
}

/// Ask a lake in SQL, statement after statement. Reads statements from stdin when that is no terminal.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake sql --lake lake\n  runlake sql --lake lake --project team/digits --table labels=labels.csv\n  runlake sql --lake lake < weekly.sql"
)]
pub(crate) struct Sql {
    #[command(flatten)]
    pub(crate) source: Source,
}

fn name_and_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("a table is NAME=FILE, such as labels=labels.csv".to_owned()),
    }
}
