//! The commands of the shell that are no SQL.

use std::path::PathBuf;

use clap::ValueEnum as _;
use runlake_types::near_names;

use crate::arguments::Format;
use crate::report::UsageError;

/// A command that begins with a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DotCommand {
    /// The names of the tables.
    Tables,
    /// The columns of a table, or of all.
    Schema(Option<String>),
    /// How the rows of a statement would be got.
    Explain(String),
    /// The format of results from now on; none is the default.
    Format(Option<Format>),
    /// The file that each result from now on is written to; none is stdout.
    Output(Option<PathBuf>),
    Help,
    Quit,
}

const NAMES: [&str; 7] = [".tables", ".schema", ".explain", ".format", ".output", ".help", ".quit"];

/// What `.help` says.
pub(super) const HELP: &str = "\
.tables            the tables
.schema [TABLE]    the columns of a table, or of all tables
.explain SQL       how the rows would be got: files, columns read of them, conditions
.format [FORMAT]   table, json, ndjson, csv, parquet, arrow or arrow-file
.output [FILE]     write each result to the file; without FILE to the terminal again
.help              this
.quit              the end, as Ctrl-D

A statement ends with a semicolon and may take several lines; Ctrl-C forgets what was typed of it.
Keys of configs and summaries are columns: config.lr, summary.\"best/acc\". docs/sql.md tells more.";

impl DotCommand {
    /// Reads a line that begins with a dot.
    pub(super) fn parse(line: &str) -> Result<Self, UsageError> {
        let line = line.trim();
        let (name, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(name, rest)| (name, rest.trim()));
        let rest = if name == ".explain" { rest } else { rest.trim_end_matches(';').trim_end() };
        let given = (!rest.is_empty()).then_some(rest);
        Ok(match (name, given) {
            (".tables", None) => Self::Tables,
            (".schema", table) => Self::Schema(table.map(str::to_owned)),
            (".explain", Some(statement)) => Self::Explain(statement.to_owned()),
            (".format", None) => Self::Format(None),
            (".format", Some(format)) => Self::Format(Some(read_format(format)?)),
            (".output", file) => Self::Output(file.map(PathBuf::from)),
            (".help", None) => Self::Help,
            (".quit" | ".exit", None) => Self::Quit,
            _ => {
                let near = near_names(name, NAMES);
                let message = if NAMES.contains(&name) {
                    format!("`{line}` is not how `{name}` is used")
                } else if near.is_empty() {
                    format!("there is no command `{name}`")
                } else {
                    format!("there is no command `{name}`; is it {}?", near.join(" or "))
                };
                return Err(UsageError { message, hint: ".help lists the commands".to_owned() });
            }
        })
    }
}

fn read_format(name: &str) -> Result<Format, UsageError> {
    Format::from_str(name, true).map_err(|_unknown| {
        let values = Format::value_variants().iter().filter_map(Format::to_possible_value);
        let known: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        UsageError { message: format!("there is no format `{name}`"), hint: format!("formats are {}", known.join(", ")) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let read = |line: &str| DotCommand::parse(line).map_err(|error| error.to_string());
        assert_eq!(read(".schema  runs;"), Ok(DotCommand::Schema(Some("runs".to_owned()))));
        assert_eq!(read(".format CSV"), Ok(DotCommand::Format(Some(Format::Csv))));
        assert_eq!(read(".output"), Ok(DotCommand::Output(None)));
        assert_eq!(read(".explain SELECT 1;"), Ok(DotCommand::Explain("SELECT 1;".to_owned())));
        assert_eq!(read(".table"), Err("there is no command `.table`; is it .tables?".to_owned()));
        assert_eq!(read(".explain"), Err("`.explain` is not how `.explain` is used".to_owned()));
        assert_eq!(read(".format xml"), Err("there is no format `xml`".to_owned()));
    }
}
