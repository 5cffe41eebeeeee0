//! Progress on stderr: a bar on a terminal, plain lines now and then elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use runlake_lake::Event;

use crate::report::say;

/// How often a plain line is printed when stderr is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// The progress of an import or an export.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    runs: usize,
    runs_done: usize,
    rows_done: u64,
    last_line: Instant,
}

impl Progress {
    /// Progress of a job that is named by `verb`, such as "exporting".
    pub(crate) fn new(verb: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} runs  {msg}  {elapsed}")
                .unwrap_or_else(|_bad| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style).with_prefix(verb)
        });
        Self { bar, runs: 0, runs_done: 0, rows_done: 0, last_line: Instant::now() }
    }

    /// Takes note of what happened.
    pub(crate) fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Planned { runs, .. } => {
                self.runs = *runs;
                if let Some(bar) = &self.bar {
                    bar.set_length(*runs as u64);
                }
            }
            Event::Rows { rows } => self.rows_done += rows,
            Event::RunFinished { .. } => self.runs_done += 1,
            Event::RunFailed { run, error } => {
                self.runs_done += 1;
                self.line(&format!("warning: {run} could not be read: {error}"));
            }
            Event::Warning { text } => self.line(&format!("warning: {text}")),
            _ => {}
        }
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.runs_done as u64);
                bar.set_message(format!("{} rows", self.rows_done));
            }
            None if self.last_line.elapsed() >= PLAIN_INTERVAL => {
                self.last_line = Instant::now();
                say(&format!("{}/{} runs, {} rows", self.runs_done, self.runs, self.rows_done));
            }
            None => {}
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
