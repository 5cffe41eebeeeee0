//! The benches' own program: `table` compares whole jobs with the official SDK, and calls itself for the backend and for each job.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program says what it found")]

use std::path::PathBuf;
use std::time::Instant;

use clap::{Parser, Subcommand};
use runlake_benches::generate::{self, Workload};
use runlake_benches::jobs::Job;
use runlake_benches::outcome::Outcome;
use runlake_benches::{report, server, table};

/// That of the `runlake` program, too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// A lake of synthetic runs in project `bench/PROJECT`, to profile with.
    Generate {
        /// Where the lake is made.
        lake: PathBuf,
        /// The project.
        project: String,
        /// How many runs.
        runs: u32,
        /// Rows of each run.
        rows: u32,
        /// Metrics of each row.
        metrics: u32,
    },
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
        Command::Generate { lake, project, runs, rows, metrics } => {
            let workload = Workload { project: project.leak(), runs, rows, metrics };
            tokio::runtime::Runtime::new()?.block_on(generate::fill(&lake, &[workload]))
        }
        Command::Serve(serve) => tokio::runtime::Runtime::new()?.block_on(server::serve(&serve)),
        Command::Job { job } => {
            let outcome = tokio::runtime::Runtime::new()?.block_on(Outcome::of(&job))?;
            println!("{}", outcome.to_line());
            Ok(())
        }
    }
}
