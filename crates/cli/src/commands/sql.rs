//! `runlake sql`: statements of SQL asked of a lake, one after the other.

use std::io::{IsTerminal as _, Read as _};
use std::sync::Arc;

use anyhow::Context as _;

use crate::arguments::sql::Sql;
use crate::commands::query::open;
use crate::interrupt::ends_alone;
use crate::report::say;
use crate::shell::{History, Lines, Shell, Typed, Words};

/// The prompt for a new statement, and for the next line of one.
const PROMPTS: [&str; 2] = ["runlake> ", "    ...> "];

pub(crate) async fn sql(options: &Sql) -> anyhow::Result<u8> {
    let session = open(&options.source).await?;
    if std::io::stdin().is_terminal() {
        return interact(Shell::new(session)).await;
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("stdin is not text")?;
    let mut shell = Shell::new(session);
    for line in text.lines() {
        shell.line(line).await;
        if shell.is_over() {
            break;
        }
    }
    shell.end().await;
    Ok(shell.exit_code())
}

async fn interact(mut shell: Shell) -> anyhow::Result<u8> {
    let words = Arc::new(Words::of(shell.session()).await?);
    let mut lines = Lines::start(History::open(), words)?;
    say("A statement ends with a semicolon. .help tells more, Ctrl-D ends.");
    while !shell.is_over() {
        match lines.next(PROMPTS[usize::from(shell.is_inside_statement())]).await? {
            Typed::Line(line) => {
                if !ends_alone(shell.line(&line)).await? {
                    say("stopped");
                }
                if let Some(statement) = shell.take_statement() {
                    lines.remember(statement);
                }
            }
            Typed::Interrupt => shell.forget(),
            Typed::End => break,
        }
    }
    Ok(crate::exit_code::OK)
}
