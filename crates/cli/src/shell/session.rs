//! What the lines of the shell do.

use std::io::Write as _;
use std::path::PathBuf;

use runlake_query::sql::{SqlSession, is_complete, statements};

use super::dot_command::{DotCommand, HELP};
use crate::arguments::{Format, PrintOptions};
use crate::commands::query::print_query;
use crate::exit_code;
use crate::report::{report, say};

/// Takes lines, and carries out the statements and commands in them. An error is told, and ends nothing.
#[derive(Debug)]
pub(crate) struct Shell {
    session: SqlSession,
    /// What was typed of a statement that has no end yet.
    begun: String,
    /// The last statement that was carried out, until it is asked for.
    done: Option<String>,
    format: Option<Format>,
    output: Option<PathBuf>,
    is_over: bool,
    exit_code: u8,
}

impl Shell {
    pub(crate) fn new(session: SqlSession) -> Self {
        Self { session, begun: String::new(), done: None, format: None, output: None, is_over: false, exit_code: exit_code::OK }
    }

    pub(crate) fn session(&self) -> &SqlSession {
        &self.session
    }

    /// Whether `.quit` was typed.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// That of the first error, or success.
    pub(crate) fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// Whether the next line goes on with a statement.
    pub(crate) fn is_inside_statement(&self) -> bool {
        !self.begun.is_empty()
    }

    /// Forgets what was typed of a statement.
    pub(crate) fn forget(&mut self) {
        self.begun.clear();
    }

    /// What was carried out last, whole.
    pub(crate) fn take_statement(&mut self) -> Option<String> {
        self.done.take()
    }

    /// Takes a line.
    pub(crate) async fn line(&mut self, line: &str) {
        let command = command_of(line).filter(|_| self.begun.is_empty());
        if let Some(command) = command {
            let outcome = self.command(command).await;
            self.done = Some(line.trim().to_owned());
            return self.note(outcome);
        }
        if self.begun.is_empty() && line.trim().is_empty() {
            return;
        }
        self.begun.push_str(line);
        self.begun.push('\n');
        if is_complete(&self.begun) {
            self.end().await;
        }
    }

    /// Carries out what was begun, whether it has a semicolon or not.
    pub(crate) async fn end(&mut self) {
        let text = std::mem::take(&mut self.begun);
        self.done = Some(text.trim().to_owned());
        match statements(&text) {
            Ok(statements) => {
                for statement in statements {
                    let outcome = self.statement(statement).await;
                    self.note(outcome);
                }
            }
            Err(error) => self.note(Err(error.into())),
        }
    }

    fn note(&mut self, outcome: anyhow::Result<()>) {
        if let Err(error) = outcome {
            let code = report(&error);
            if self.exit_code == exit_code::OK {
                self.exit_code = code;
            }
        }
    }

    async fn statement(&self, statement: &str) -> anyhow::Result<()> {
        let query = self.session.query(statement).await?;
        print_query(&query, &PrintOptions::new(self.format, self.output.clone())).await?;
        if let Some(file) = &self.output {
            say(&format!("written to {}", file.display()));
        }
        Ok(())
    }

    async fn command(&mut self, line: &str) -> anyhow::Result<()> {
        match DotCommand::parse(line)? {
            DotCommand::Tables => print(&self.session.tables().join("\n"))?,
            DotCommand::Schema(Some(table)) => self.schema(&table).await?,
            DotCommand::Schema(None) => {
                for table in self.session.tables() {
                    print(&format!("{table}:"))?;
                    self.schema(table).await?;
                }
            }
            DotCommand::Explain(statement) => {
                let plan = self.session.query(&statement).await?.explain().await?;
                print(&plan)?;
            }
            DotCommand::Format(format) => self.format = format,
            DotCommand::Output(file) => self.output = file,
            DotCommand::Help => print(HELP)?,
            DotCommand::Quit => self.is_over = true,
        }
        Ok(())
    }

    async fn schema(&self, table: &str) -> anyhow::Result<()> {
        let columns = self.session.columns(table).await?;
        let width = columns.iter().map(|column| column.name.chars().count()).max().unwrap_or(0).min(40);
        let lines = columns.iter().map(|column| format!("  {:width$}  {}", column.name, column.data_type));
        print(&lines.collect::<Vec<_>>().join("\n"))
    }
}

/// The command that a line is: one with a dot, or a word by which other shells end or help.
fn command_of(line: &str) -> Option<&str> {
    match line.trim().trim_end_matches(';').trim_end().to_lowercase().as_str() {
        "exit" | "quit" => Some(".quit"),
        "help" => Some(".help"),
        _ => Some(line).filter(|line| line.trim_start().starts_with('.')),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
