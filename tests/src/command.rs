//! A call of the `runlake` binary as a new user makes it: an empty home, no key, no settings.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use regex::Regex;
use tempfile::TempDir;

use crate::binary::runlake;

/// A call that is not made yet.
#[derive(Debug)]
pub struct Runlake {
    command: Command,
    /// Home and working directory, deleted with the call.
    home: TempDir,
}

/// What a call answered.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; `None` when a signal ended the process.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: String,
    /// How long it took.
    pub elapsed: Duration,
}

/// A command whose environment holds nothing but where programs are found and an empty home.
pub fn clean_command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).current_dir(home).stdin(Stdio::null());
    for name in ["PATH", "TMPDIR", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

impl Runlake {
    /// `runlake` with these arguments.
    pub fn new<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let home = tempfile::tempdir().expect("the temporary folder is writable");
        let mut command = clean_command(runlake(), home.path());
        command.args(arguments);
        Self { command, home }
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// With more arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// With an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// In this working directory, rather than in an empty one.
    #[must_use]
    pub fn current_dir(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Makes the call and waits for its end.
    pub fn run(mut self) -> Outcome {
        let started = Instant::now();
        let output = self.command.output().expect("the binary starts");
        let outcome = Outcome {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
            elapsed: started.elapsed(),
        };
        drop(self.home);
        outcome
    }

    /// Makes the call and expects exit code 0.
    pub fn succeed(self) -> Outcome {
        let arguments = format!("{:?}", self.command.get_args().collect::<Vec<_>>());
        let outcome = self.run();
        assert_eq!(outcome.code, Some(0), "runlake {arguments} failed; stderr:\n{}\nstdout:\n{}", outcome.stderr, outcome.text());
        outcome
    }

    /// The command itself, for callers that want pipes of their own, and the home that must outlive it.
    pub fn into_parts(self) -> (Command, TempDir) {
        (self.command, self.home)
    }
}

impl Outcome {
    /// Stdout as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The exit code, stdout when there is any, and stderr, for snapshots. Each `(found, shown)` of `names` replaces what differs from
    /// call to call, such as a folder; times, ports and random names are replaced always.
    pub fn report(&self, names: &[(&str, &str)]) -> String {
        let code = self.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        let mut report = format!("exit code {code}\n");
        for (name, text) in [("stdout", self.text()), ("stderr", self.stderr.clone())] {
            if !text.is_empty() {
                writeln!(report, "--- {name}\n{}", text.trim_end()).expect("writing to a String cannot fail");
            }
        }
        for (found, shown) in names {
            report = report.replace(found, shown);
        }
        for (pattern, shown) in [
            (r"\b\d+(\.\d+)? (ms|µs|s)\b", "[TIME]"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
            (r"(/tmp/)?\.tmp[0-9A-Za-z]{6}", "[TEMPORARY]"),
        ] {
            report = Regex::new(pattern).expect("the pattern is valid").replace_all(&report, shown).into_owned();
        }
        report
    }
}
