//! The second pass over a log: its rows.

use std::fs::File;
use std::io::Read;
use std::iter::FusedIterator;
use std::path::Path;

use runlake_types::Object;

use super::damage::Damage;
use super::error::Error;
use super::log_reader::LogReader;
use super::record::RowRecord;
use super::row_builder::RowBuilder;

/// One row of a log.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A row of the history, nested dicts as they were logged. `_step` is always there, and an integer; `_timestamp`
    /// (seconds since the Unix epoch) and `_runtime` (seconds) are as the SDK wrote them.
    History(Object),
    /// A row of system metrics: `_timestamp`, `_runtime`, and `system.…` for each metric.
    System(Object),
}

/// The rows of a log in its order, one at a time. Steps need not ascend; [`Survey::is_sorted`](super::Survey) says
/// whether they do.
#[derive(Debug)]
pub struct Rows<R = File> {
    log: LogReader<R>,
    builder: RowBuilder,
    is_done: bool,
}

/// Opens a log for reading its rows. A live log may have more rows here than an earlier [`survey()`](super::survey()) saw.
///
/// # Errors
/// [`ErrorKind::Open`](super::ErrorKind) when the file cannot be opened, `NotALog` when it is something else. While
/// iterating: `Read`, once, after which the rows end. Damage is skipped, see [`Rows::damage`].
pub fn rows(path: &Path) -> Result<Rows, Error> {
    Ok(Rows::new(LogReader::open(path)?))
}

impl<R: Read> Rows<R> {
    /// Reads the rows of a log from anywhere; `path` is what errors call it.
    ///
    /// # Errors
    /// As [`rows()`].
    pub fn from_reader(source: R, path: &Path) -> Result<Self, Error> {
        Ok(Self::new(LogReader::new(source, path)?))
    }

    fn new(log: LogReader<R>) -> Self {
        Self { log, builder: RowBuilder::default(), is_done: false }
    }

    /// What was skipped so far. Parts of records that hold no rows are not looked at here; the survey has them.
    pub fn damage(&self) -> &Damage {
        self.log.damage()
    }

    fn next_row(&mut self) -> Result<Option<Row>, Error> {
        while let Some((place, record)) = self.log.next_message::<RowRecord>()? {
            if let Some(run) = record.run {
                self.builder.set_start(run.start_time);
            }
            let (built, row): (_, fn(Object) -> Row) = match record {
                RowRecord { history: Some(history), .. } => (self.builder.history_row(history), Row::History),
                RowRecord { stats: Some(stats), .. } => (self.builder.system_row(stats), Row::System),
                _ => continue,
            };
            if !built.is_whole {
                self.log.add_bad_value(place);
            }
            return Ok(Some(row(built.row)));
        }
        Ok(None)
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let next = self.next_row().transpose();
        self.is_done = !matches!(next, Some(Ok(_)));
        next
    }
}

impl<R: Read> FusedIterator for Rows<R> {}
