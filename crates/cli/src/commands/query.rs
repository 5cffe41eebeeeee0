//! `runlake query`: one statement of SQL asked of a lake.

use std::io::Read as _;

use anyhow::Context as _;
use runlake_lake::{Lake, Location};
use runlake_query::sql::{SqlQuery, SqlSession};
use runlake_types::ProjectPath;

use crate::answer::print_answer;
use crate::arguments::PrintOptions;
use crate::arguments::sql::{Query, Source};
use crate::exit_code;
use crate::format::Output;

pub(crate) async fn query(options: &Query) -> anyhow::Result<u8> {
    let session = open(&options.source).await?;
    let query = session.query(&text(options)?).await?;
    if options.explain {
        let plan = query.explain().await?;
        let mut output = Output::open(options.print.output())?;
        std::io::Write::write_all(&mut output, format!("{plan}\n").as_bytes())?;
        output.finish()?;
    } else {
        print_query(&query, &options.print).await?;
    }
    Ok(exit_code::OK)
}

/// The tables that the options name.
pub(crate) async fn open(options: &Source) -> anyhow::Result<SqlSession> {
    let projects = options.projects.iter().map(|project| ProjectPath::parse(project)).collect::<Result<Vec<_>, _>>()?;
    let lake = Lake::open(Location::parse(&options.lake)?).await?;
    let mut session = SqlSession::open(&lake, &projects).await?;
    for (name, file) in &options.tables {
        session.add_table(name, file)?;
    }
    Ok(session)
}

/// Prints the rows of a statement. What goes wrong is told with its place in the statement.
pub(crate) async fn print_query(query: &SqlQuery, options: &PrintOptions) -> anyhow::Result<()> {
    print_answer(&query.answer(), options).await.map_err(|error| match error.downcast::<runlake_query::Error>() {
        Ok(error) => query.located(error).into(),
        Err(other) => other,
    })
}

fn text(options: &Query) -> anyhow::Result<String> {
    match (&options.file, options.sql.as_deref()) {
        (Some(file), _) => Ok(fs_err::read_to_string(file)?),
        (None, Some("-")) => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("stdin is not text")?;
            Ok(text)
        }
        (None, sql) => Ok(sql.unwrap_or_default().to_owned()),
    }
}
