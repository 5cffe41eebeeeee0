//! One file a command; each gives its exit code.

mod artifact;
mod compact;
mod demo;
mod export;
mod history;
mod import;
mod info;
mod join;
mod lake_question;
mod plot;
mod projects;
pub(crate) mod query;
mod questions;
mod run;
mod run_files;
mod runs;
mod scan;
mod serve;
mod sql;
mod verify;

use crate::arguments::{Arguments, Command};

/// Runs the command that the arguments name.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    match arguments.command {
        Command::Demo(options) => demo::demo(&options).await,
        Command::Import(options) => import::import(&options).await,
        Command::Serve(options) => serve::serve(&options).await,
        Command::Projects(options) => projects::projects(&options).await,
        Command::Runs(options) => runs::runs(&options).await,
        Command::Run(options) => run::run(&options).await,
        Command::History(options) => history::history(&options).await,
        Command::Histories(options) => history::histories(&options).await,
        Command::Artifact(options) => artifact::artifact(&options).await,
        Command::Scan(options) => scan::scan(&options).await,
        Command::Query(options) => query::query(&options).await,
        Command::Sql(options) => sql::sql(&options).await,
        Command::Export(options) => export::export(&options).await,
        Command::Stats(options) => questions::stats(&options).await,
        Command::Best(options) => questions::best(&options).await,
        Command::Compare(options) => questions::compare(&options).await,
        Command::Describe(options) => questions::describe(&options).await,
        Command::Correlate(options) => questions::correlate(&options).await,
        Command::Anomalies(options) => questions::anomalies(&options).await,
        Command::Join(options) => join::join(&options).await,
        Command::Plot(options) => plot::plot(&options).await,
        Command::Info(options) => info::info(&options).await,
        Command::Verify(options) => verify::verify(&options).await,
        Command::Compact(options) => compact::compact(&options).await,
        Command::Vacuum(options) => compact::vacuum(&options).await,
    }
}
