//! One job in a process of its own: how long it took by its own clock, and the most memory it held.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::jobs::Done;

/// What a process says of its job in the last line of its output.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// How long the job took.
    pub seconds: f64,
    /// How many rows it made.
    pub rows: u64,
    /// The most memory that the process held; 0 when it was not looked at.
    pub peak_bytes: u64,
    /// Bytes read of files; 0 when they were not counted.
    pub read_bytes: u64,
}

impl Outcome {
    /// Does a job in this process.
    ///
    /// # Errors
    /// When the job fails.
    pub async fn of(work: impl Future<Output = anyhow::Result<Done>>) -> anyhow::Result<Self> {
        let done = work.await?;
        Ok(Self { seconds: done.seconds, rows: done.rows, peak_bytes: peak_bytes()?, read_bytes: done.read_bytes })
    }

    /// Does a job in a process of this program, which makes it again from these arguments.
    ///
    /// # Errors
    /// When the job fails.
    pub fn of_child(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments);
        Self::of_command(&mut command)
    }

    /// Runs a program whose last line of output is an outcome.
    ///
    /// # Errors
    /// When it ends with anything but 0, or says something else.
    pub fn of_command(command: &mut Command) -> anyhow::Result<Self> {
        let output = command.stdin(Stdio::null()).output().with_context(|| format!("start {command:?}"))?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{command:?} ended with {}\n{words}", output.status);
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.trim_end().lines().next_back().unwrap_or_default();
        Self::from_line(last).with_context(|| format!("{command:?} said `{last}`"))
    }

    /// The line that says it.
    pub fn to_line(self) -> String {
        json!({"seconds": self.seconds, "rows": self.rows, "peak_bytes": self.peak_bytes, "read_bytes": self.read_bytes}).to_string()
    }

    fn from_line(line: &str) -> anyhow::Result<Self> {
        let value: Value = serde_json::from_str(line)?;
        Ok(Self {
            seconds: value["seconds"].as_f64().context("no seconds")?,
            rows: value["rows"].as_u64().context("no rows")?,
            peak_bytes: value["peak_bytes"].as_u64().context("no peak")?,
            read_bytes: value["read_bytes"].as_u64().unwrap_or_default(),
        })
    }
}

/// The most memory that this process has held, as Linux counts it.
fn peak_bytes() -> anyhow::Result<u64> {
    let status = fs_err::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the system does not say")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}
