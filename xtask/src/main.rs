//! The project's own commands, behind the cargo alias `cargo xtask`.
//!
//! `test` is what a newcomer and CI run: formatting, lints, documentation, unit tests, end-to-end tests and the conformance suite. What
//! the tests need from `PyPI` they install themselves, into a virtual environment in the target folder. Fuzzing is in `fuzz`.
#![expect(clippy::print_stderr, reason = "it talks to a developer at a terminal")]

mod fuzz;

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};

/// The checkout.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Clone, Debug, Subcommand)]
enum Task {
    /// Everything that CI checks, in the order in which it fails fastest.
    Test {
        /// Repeats what is up to chance often enough to find what is rare: half an hour more.
        #[arg(long)]
        slow: bool,
    },
    /// Only formatting, lints and documentation.
    Lint,
    /// Hold runlake against the official SDK, member by member; print the table and write it to docs/members.md.
    Members,
    /// Licences, sources and duplicate dependencies, with cargo-deny, which is installed when it is not there.
    Deny,
    /// Builds every fuzz target and runs each of them, from seeds that are made of the sample data.
    Fuzz {
        /// How long each target runs, in seconds.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// The targets; all of them by default.
        targets: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Test { slow } => lint().and_then(|()| test(slow)),
        Task::Lint => lint(),
        Task::Members => members(),
        Task::Deny => deny(),
        Task::Fuzz { seconds, targets } => fuzz::fuzz(seconds, &targets),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn lint() -> anyhow::Result<()> {
    run("cargo", &["fmt", "--all", "--check"], &[])?;
    run("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], &[])?;
    run("cargo", &["doc", "--workspace", "--no-deps", "--locked"], &[("RUSTDOCFLAGS", "-D warnings")])
}

fn test(slow: bool) -> anyhow::Result<()> {
    let variables: &[(&str, &str)] = if slow { &[("RUNLAKE_SLOW_TESTS", "1")] } else { &[] };
    // Plain `cargo test` runs the same tests where nextest is not installed.
    if Command::new("cargo").args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success()) {
        run("cargo", &["nextest", "run", "--workspace", "--locked", "--no-fail-fast"], variables)?;
    } else {
        run("cargo", &["test", "--workspace", "--locked", "--no-fail-fast", "--all-targets"], variables)?;
    }
    run("cargo", &["test", "--workspace", "--locked", "--doc"], &[])
}

fn members() -> anyhow::Result<()> {
    let test = "members::every_member_answers_as_the_official_sdk_does";
    // The whole workspace, so that nothing is compiled with other features.
    let arguments = ["test", "--workspace", "--locked", "--test", "it", "--", "--exact", test, "--nocapture"];
    run("cargo", &arguments, &[("RUNLAKE_WRITE_MEMBERS", "1")])
}

fn deny() -> anyhow::Result<()> {
    if !Command::new("cargo").args(["deny", "--version"]).output().is_ok_and(|output| output.status.success()) {
        run("cargo", &["install", "--locked", "cargo-deny"], &[])?;
    }
    run("cargo", &["deny", "--offline", "check", "bans", "licenses", "sources"], &[])
}

/// Runs a command in the project's folder, says what and how long, and fails when it fails.
fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<()> {
    let line = format!("{program} {}", arguments.join(" "));
    eprintln!("› {line}");
    let started = Instant::now();
    let mut command = Command::new(program);
    // `cargo run` set these for this process; with them, build scripts that look at them would run again, and minutes of compiling follow.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    let status = command
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(ROOT)
        .status()
        .with_context(|| format!("cannot start `{program}`"))?;
    if !status.success() {
        bail!("`{line}` failed");
    }
    eprintln!("  {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}
