//! The benches' own program: `table` compares whole jobs with the official SDK, `query` questions with other engines, and both call it
//! again for the backend and for each job.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program says what it found")]

use std::path::PathBuf;
use std::time::Instant;

use clap::{Parser, Subcommand};
use runlake_benches::answers::Question;
use runlake_benches::generate::{self, Workload};
use runlake_benches::jobs::Job;
use runlake_benches::outcome::Outcome;
use runlake_benches::{questions, report, server, table};

/// That of the `runlake` program, too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(about = "Whole jobs of runlake beside the official SDK, and questions beside other engines.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do every job on both sides and print the table as Markdown.
    Table(table::Options),
    /// Ask the same questions of runlake and of other engines, over the same lake, and print the table as Markdown.
    Query(questions::Options),
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
    /// One question asked of runlake; `query` starts it.
    Ask {
        #[command(subcommand)]
        question: Question,
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
        Command::Query(options) => {
            let started = Instant::now();
            let say = |words: &str| eprintln!("[{:4} s] {words}", started.elapsed().as_secs());
            print!("{}", report::markdown_of_questions(&questions::run(&options, &say)?));
            Ok(())
        }
        Command::Ask { question } => {
            let outcome = tokio::runtime::Runtime::new()?.block_on(Outcome::of(question.ask()))?;
            println!("{}", outcome.to_line());
            Ok(())
        }
        Command::Generate { lake, project, runs, rows, metrics } => {
            let workload = Workload { project: project.leak(), runs, rows, metrics };
            tokio::runtime::Runtime::new()?.block_on(generate::fill(&lake, &[workload]))
        }
        Command::Serve(serve) => tokio::runtime::Runtime::new()?.block_on(server::serve(&serve)),
        Command::Job { job } => {
            let outcome = tokio::runtime::Runtime::new()?.block_on(Outcome::of(job.run()))?;
            println!("{}", outcome.to_line());
            Ok(())
        }
    }
}
