//! Progress on stderr: a bar on a terminal, plain lines now and then elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use runlake_fetch::Client;
use runlake_lake::Event;

use crate::report::say;

/// How often a plain line is printed when stderr is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// The time left is a guess that is worth something only after a while.
const GUESS_AFTER: Duration = Duration::from_secs(2);

/// The progress of an import or an export.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    /// Whose bytes are counted.
    client: Option<Client>,
    runs: usize,
    runs_done: usize,
    rows: u64,
    rows_done: u64,
    started: Instant,
    last_line: Instant,
}

impl Progress {
    /// Progress of a job that is named by `verb`, such as "exporting".
    pub(crate) fn new(verb: &'static str, client: Option<&Client>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix} {bar:30} {msg}").unwrap_or_else(|_bad| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style).with_prefix(verb)
        });
        let now = Instant::now();
        Self { bar, client: client.cloned(), runs: 0, runs_done: 0, rows: 0, rows_done: 0, started: now, last_line: now }
    }

    /// Takes note of what happened.
    pub(crate) fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Planned { runs, rows } => {
                (self.runs, self.rows, self.started) = (*runs, *rows, Instant::now());
                if let Some(bar) = &self.bar {
                    bar.set_length((*rows).max(*runs as u64));
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
                bar.set_position(if self.rows > 0 { self.rows_done } else { self.runs_done as u64 });
                bar.set_message(self.words());
            }
            None if self.last_line.elapsed() >= PLAIN_INTERVAL => {
                self.last_line = Instant::now();
                say(&self.words());
            }
            None => {}
        }
    }

    /// Runs, rows, bytes, rate and time left.
    fn words(&self) -> String {
        let elapsed = self.started.elapsed();
        let mut words = vec![format!("{}/{} runs", self.runs_done, self.runs), format!("{} rows", HumanCount(self.rows_done))];
        words.extend(self.client.as_ref().map(|client| DecimalBytes(client.received_bytes()).to_string()));
        if elapsed >= GUESS_AFTER && self.rows_done > 0 {
            let elapsed_ms = elapsed.as_millis().max(1);
            let (done, to_come) = (u128::from(self.rows_done), u128::from(self.rows.saturating_sub(self.rows_done)));
            let whole = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
            words.push(format!("{} rows/s", HumanCount(whole(done * 1000 / elapsed_ms))));
            words.push(format!("{} left", HumanDuration(Duration::from_millis(whole(elapsed_ms * to_come / done)))));
        }
        words.join(", ")
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
