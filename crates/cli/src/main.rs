//! The `runlake` command: arguments, progress, output formats, exit codes. The only crate that prints.

mod answer;
mod arguments;
mod commands;
mod connection;
mod exit_code;
mod format;
mod interrupt;
mod number_column;
mod progress;
mod report;
mod sheet;
mod shell;
mod table;
mod time_span;
mod variables;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::interrupt::{Interrupt, has_given_up};

/// Pages and columns of megabytes come and go all the time; this allocator does not give each of them back to the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whether the outcome is known, and what still runs is given up.
static HAS_ENDED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(report::report(&error)),
    }
}

fn run() -> anyhow::Result<u8> {
    show_only_panics_that_matter();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let entered = runtime.enter();
    // Before anything else, so that Ctrl-C ends the process alike from its first moments on.
    let interrupt = Interrupt::listen()?;
    let arguments = Arguments::parse();
    start_log(arguments.verbose);
    runlake_query::sql::log_warnings_of_polars();
    let outcome = runtime.block_on(interrupt.or_end_of(commands::run(arguments)));
    HAS_ENDED.store(true, Ordering::Relaxed);
    drop(entered);
    if has_given_up() {
        // A query in the middle of its work would be waited for.
        runtime.shutdown_background();
    }
    outcome
}

/// A damaged Parquet file is an error, which is shown; the panic by which its library says so need not be. Nor need those of work that was
/// given up: the Delta kernel waits on a thread for a task, and panics when the task ends with the runtime.
fn show_only_panics_that_matter() {
    let show = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_given_up = HAS_ENDED.load(Ordering::Relaxed) && std::thread::current().name() != Some("main");
        if !runlake_ingest::panic_is_caught() && !is_given_up {
            show(panic);
        }
    }));
}

/// Log lines go to stderr: warnings by default, more with `-v`, or as `RUNLAKE_LOG` says.
fn start_log(verbose: u8) {
    let default = match verbose {
        // What the table library calls an error is tried again, or reported as an error of ours.
        0 => "error,deltalake_core=off",
        1 => "warn,runlake=info",
        2 => "info,runlake=debug",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env(variables::RUNLAKE_LOG)
        .unwrap_or_else(|_unset| tracing_subscriber::EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
}
