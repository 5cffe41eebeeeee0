//! The benches' own program: `table` compares whole jobs with the official SDK, and calls itself for the backend and for each job.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program says what it found")]

use std::time::Instant;

use clap::{Parser, Subcommand};
use runlake_benches::jobs::Job;
use runlake_benches::outcome::Outcome;
use runlake_benches::{report, server, table};

#[derive(Debug, Parser)]
#[command(about = "Whole jobs of runlake beside the official SDK.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do every job on both sides and print the table as Markdown.
    Table(table::Options),
    /// The backend; `table` starts it.
    Serve(server::Serve),
    /// One job of runlake; `table` starts it.
    Job {
        #[command(subcommand)]
        job: Job,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Table(options) => {
            let started = Instant::now();
            let say = |words: &str| eprintln!("[{:4} s] {words}", started.elapsed().as_secs());
            let lines = table::run(&options, &say)?;
            print!("{}", report::markdown(&lines));
            Ok(())
        }
        Command::Serve(serve) => tokio::runtime::Runtime::new()?.block_on(server::serve(&serve)),
        Command::Job { job } => {
            let outcome = tokio::runtime::Runtime::new()?.block_on(Outcome::of(&job))?;
            println!("{}", outcome.to_line());
            Ok(())
        }
    }
}
