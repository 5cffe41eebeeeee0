//! Logs at full speed: the survey and the columns of the history from one reading on all cores.

use std::iter::FusedIterator;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{iter, mem, vec};

use runlake_types::{Json, Object};

use super::batch::BATCH_BYTES;
use super::damage::Damage;
use super::error::Error;
use super::in_order::{InOrder, Next};
use super::piece::Piece;
use super::row_builder::RowBuilder;
use super::rows::{Row, Rows, rows};
use super::survey::{Survey, Surveyor, survey};
use crate::{KindPlan, RowColumns, Stream};

/// How much memory decoded rows may take until the kinds of their columns are known. A log beyond is decoded again.
const KEPT_BYTES: usize = 256 << 20;
/// Rows encoded at once when they are read record by record.
const CHUNK_ROWS: usize = 8192;

/// How much is done at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) batch_bytes: usize,
    pub(super) kept_bytes: usize,
}

const LIMITS: Limits = Limits { batch_bytes: BATCH_BYTES, kept_bytes: KEPT_BYTES };

/// The rows of a log, decoded as far as is possible without the kinds of its columns, or to be decoded again.
#[derive(Debug)]
pub struct Pieces {
    path: PathBuf,
    content: Content,
    limits: Limits,
}

#[derive(Debug)]
enum Content {
    /// Pieces of the history, each with the rows of system metrics of the same stretch.
    Kept(Vec<(Piece, Vec<Object>)>),
    /// There was no room to keep them.
    Dropped,
    /// The log can only be read record by record.
    Unusual,
}

/// Rows of a stretch of a log.
#[derive(Debug)]
pub struct LogRows {
    /// Rows of the history in the order of the log, as [`RowColumns::of_rows`] makes them from those of [`rows()`].
    pub history: RowColumns,
    /// Rows of system metrics in the order of the log, as [`rows()`] gives them.
    pub system: Vec<Object>,
}

/// Reads all of a log: what [`survey()`] says of it, and its rows.
///
/// # Errors
/// As [`survey()`].
pub fn scan(path: &Path) -> Result<(Survey, Pieces), Error> {
    scan_with(iter::once(path.to_owned()), LIMITS).remove(0)
}

/// Reads all of many logs, on all cores: for each, in the order given, what [`scan`] gives. Decoded rows are kept of as many logs as fit
/// into 256 MB together; [`Pieces::into_columns`] reads the others again.
pub fn scan_logs(paths: Vec<PathBuf>) -> Vec<Result<(Survey, Pieces), Error>> {
    scan_with(paths.into_iter(), LIMITS)
}

pub(super) fn scan_with(paths: impl Iterator<Item = PathBuf> + Clone, limits: Limits) -> Vec<Result<(Survey, Pieces), Error>> {
    let mut scanned = Vec::new();
    let mut logs = InOrder::new(paths.clone(), limits.batch_bytes);
    let mut kept_bytes = 0;
    for path in paths {
        let log = scan_next(&mut logs, path, limits, &mut kept_bytes);
        scanned.push(log);
    }
    scanned
}

fn scan_next(
    logs: &mut InOrder<impl Iterator<Item = PathBuf>>,
    path: PathBuf,
    limits: Limits,
    kept_bytes: &mut usize,
) -> Result<(Survey, Pieces), Error> {
    let mut surveyor = Surveyor::default();
    let mut damage = Damage::default();
    let mut content = Content::Kept(Vec::new());
    let mut bytes = 0;
    while let Some(next) = logs.next() {
        match next {
            Next::Begin(header) => damage = header,
            Next::Failed(error) => return Err(error),
            Next::End => break,
            Next::Batch(batch, mut decoded) => {
                if decoded.is_ambiguous {
                    content = Content::Unusual;
                }
                let system = surveyor.add_batch(&batch, &mut decoded, &mut damage);
                if let Content::Kept(pieces) = &mut content {
                    bytes += decoded.piece.bytes() + system.iter().map(system_row_bytes).sum::<usize>();
                    if *kept_bytes + bytes > limits.kept_bytes {
                        content = Content::Dropped;
                    } else {
                        pieces.push((mem::take(&mut decoded.piece), system));
                    }
                }
                logs.recycle(batch);
            }
        }
    }
    let survey = match content {
        Content::Unusual => survey(&path)?,
        Content::Kept(_) => {
            *kept_bytes += bytes;
            surveyor.finish(damage)
        }
        Content::Dropped => surveyor.finish(damage),
    };
    Ok((survey, Pieces { path, content, limits }))
}

fn system_row_bytes(row: &Object) -> usize {
    // A node of the map has room for more members than it has.
    row.keys().map(|key| 2 * size_of::<(String, Json)>() + key.capacity()).sum()
}

impl Pieces {
    /// The rows in the columns that `plan` says, piece by piece in the order of the log. When the pieces were not kept, the log is read
    /// again, some pieces ahead; a live log may have more rows then than its survey saw.
    ///
    /// # Errors
    /// While iterating, when the log must be read again and cannot: as [`rows()`], once, after which the rows end.
    pub fn into_columns(self, plan: Arc<KindPlan>) -> LogColumns {
        let source = match self.content {
            Content::Kept(pieces) => Source::Kept(pieces.into_iter()),
            Content::Dropped => {
                Source::Again(Box::new((InOrder::new(iter::once(self.path), self.limits.batch_bytes), RowBuilder::default())))
            }
            Content::Unusual => Source::RowByRow(self.path, None),
        };
        LogColumns { source, plan }
    }
}

/// The rows of a log, see [`Pieces::into_columns`].
#[derive(Debug)]
pub struct LogColumns {
    source: Source,
    plan: Arc<KindPlan>,
}

#[derive(Debug)]
enum Source {
    Kept(vec::IntoIter<(Piece, Vec<Object>)>),
    Again(Box<(InOrder<iter::Once<PathBuf>>, RowBuilder)>),
    RowByRow(PathBuf, Option<Box<Rows>>),
    Ended,
}

impl LogColumns {
    fn next_rows(&mut self) -> Result<Option<LogRows>, Error> {
        match &mut self.source {
            Source::Kept(pieces) => Ok(pieces.next().map(|(piece, system)| LogRows { history: piece.into_columns(&self.plan), system })),
            Source::Again(again) => {
                let (log, builder) = &mut **again;
                while let Some(next) = log.next() {
                    match next {
                        Next::Begin(_) | Next::End => {}
                        Next::Failed(error) => return Err(error),
                        Next::Batch(batch, mut decoded) => {
                            log.recycle(batch);
                            decoded.join_rows(builder);
                            let system = decoded.take_system_rows();
                            return Ok(Some(LogRows { history: decoded.piece.into_columns(&self.plan), system }));
                        }
                    }
                }
                Ok(None)
            }
            Source::RowByRow(path, open) => {
                let log = match open {
                    Some(log) => log,
                    None => open.insert(Box::new(rows(path)?)),
                };
                let (mut history, mut system) = (Vec::new(), Vec::new());
                for row in log.by_ref().take(CHUNK_ROWS) {
                    match row? {
                        Row::History(row) => history.push(row),
                        Row::System(row) => system.push(row),
                    }
                }
                if history.is_empty() && system.is_empty() {
                    return Ok(None);
                }
                // Rows of a log always have steps.
                let (history, _rows_without_step) = RowColumns::of_rows(Stream::History, history, &self.plan);
                Ok(Some(LogRows { history, system }))
            }
            Source::Ended => Ok(None),
        }
    }
}

impl Iterator for LogColumns {
    type Item = Result<LogRows, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_rows().transpose();
        if !matches!(next, Some(Ok(_))) {
            self.source = Source::Ended;
        }
        next
    }
}

impl FusedIterator for LogColumns {}
