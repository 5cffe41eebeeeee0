//! Some columns of many runs, row group by row group: what questions across runs are answered from.
//!
//! Only part files and row groups that may hold wanted runs and steps are touched, and of them only the chunks of the wanted columns. A few
//! row groups are on their way at once; they are decoded on all cores and handed over in the order of the files, so memory does not grow
//! with the lake.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Int64Type;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore as _;
use parquet::errors::ParquetError;
use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};
use runlake_types::ProjectPath;

use crate::footers::Footers;
use crate::part_file::{PartFile, parquet_error, store_error};
use crate::part_store::PartStore;
use crate::row_group::{FileColumns, RunRows, within};
use crate::table::TableName;
use crate::wanted_rows::WantedRows;
use crate::{Error, Lake};

/// Row groups that are on their way or being decoded.
const GROUPS_AHEAD: usize = 6;

/// Runs of a row group that are worked on one after the other, so that few are not handed over for nothing.
const RUNS_TOGETHER: usize = 8;

/// Footers that are read ahead.
pub(crate) const FOOTERS_AHEAD: usize = 8;

/// Which stream of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsOf {
    /// What was logged, a row for each step.
    Histories,
    /// The events stream.
    SystemMetrics,
}

impl RowsOf {
    /// The table that holds them.
    pub fn table(self) -> TableName {
        match self {
            Self::Histories => TableName::Histories,
            Self::SystemMetrics => TableName::SystemMetrics,
        }
    }
}

/// What is read.
#[derive(Clone, Debug)]
pub struct ColumnScan {
    /// Of which stream.
    pub rows_of: RowsOf,
    /// The columns by the names that the table has for them.
    pub columns: Vec<String>,
    /// The ids of the runs, in any order. Others are passed over.
    pub runs: Vec<String>,
    /// The steps; `None` is all. System metrics have none, and are not cut.
    pub steps: Option<Range<i64>>,
}

/// Rows of one run that stand together in a part file.
#[derive(Debug)]
pub struct Piece {
    /// Whose rows: a place in [`ColumnScan::runs`].
    pub run: usize,
    /// The columns asked for, in that order: float64, boolean, int64 or utf8, as the table has them. `None` where the part file has no such
    /// column: nothing was logged.
    pub columns: Vec<Option<ArrayRef>>,
    /// How many rows there are.
    pub rows: usize,
    /// Whether these are surely all rows of the run that are wanted.
    pub is_whole: bool,
}

/// The run, as a place in [`ColumnScan::runs`], the first step where it is known, and what was made of rows.
pub type Made<T> = (usize, Option<i64>, T);

/// One row group's worth of results.
#[derive(Debug)]
pub struct ScannedGroup<T> {
    /// Whose rows, their first step where it is known, and what was made of them, in the order of the rows. Where a run has rows in several
    /// part files, these may come in any order; each then tells its first step.
    pub pieces: Vec<Made<T>>,
    /// The runs of which nothing more comes. Every run ends once, those without rows too.
    pub ended: Vec<usize>,
}

/// What a scan gives.
pub struct Scanned<T> {
    /// The results, in the order of the part files.
    pub groups: BoxStream<'static, Result<ScannedGroup<T>, Error>>,
    bytes_read: Arc<AtomicU64>,
    /// How many bytes the table has for the project.
    pub bytes_stored: u64,
}

impl<T> Scanned<T> {
    /// The bytes that were read from the store until now, footers included.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }
}

impl<T> std::fmt::Debug for Scanned<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Scanned").field("bytes_read", &self.bytes_read()).finish_non_exhaustive()
    }
}

impl Lake {
    /// Reads columns of many runs of a project. `make` sees each piece on one of the threads that decode, so what can be done there is done
    /// side by side.
    ///
    /// # Errors
    /// When the table cannot be read; what comes of the stream ends with its first error.
    pub async fn scan_columns<T: Send + 'static>(
        &self,
        project: &ProjectPath,
        scan: &ColumnScan,
        make: impl Fn(Piece) -> T + Send + Sync + 'static,
    ) -> Result<Scanned<T>, Error> {
        let table = self.table(scan.rows_of.table()).await?;
        let mut files = table.part_files(Some(project))?;
        let bytes_stored = files.iter().map(|file| file.size_bytes).sum();
        let wanted = WantedRows::of(scan);
        files.retain(|file| !wanted.in_file(file).is_empty());
        let mut last_file = vec![None; wanted.runs().len()];
        let (mut is_shared, mut is_spread) = (vec![false; files.len()], vec![false; wanted.runs().len()]);
        for (index, file) in files.iter().enumerate() {
            for run in wanted.in_file(file) {
                if let Some(earlier) = last_file[run].replace(index) {
                    is_shared[index] = true;
                    is_shared[earlier] = true;
                    is_spread[run] = true;
                }
            }
        }
        let without_files: Vec<usize> =
            wanted.runs().iter().zip(&last_file).filter(|(_, last)| last.is_none()).map(|((_, run), _)| *run).collect();
        let bytes_read = Arc::new(AtomicU64::new(0));
        let job = Arc::new(Job {
            store: table.part_store(),
            footers: Arc::clone(self.footers()),
            columns: scan.columns.clone(),
            wanted,
            last_file,
            is_spread,
            bytes_read: Arc::clone(&bytes_read),
            make,
        });
        let nothing = ScannedGroup { pieces: Vec::new(), ended: without_files };
        let opened = Arc::clone(&job);
        let groups = stream::iter(files.into_iter().zip(is_shared).enumerate())
            .map(move |(index, (file, is_shared))| Arc::clone(&opened).open(index, file, is_shared))
            .buffered(FOOTERS_AHEAD)
            .map_ok(|groups| stream::iter(groups.into_iter().map(Ok::<_, Error>)))
            .try_flatten()
            .map(move |group| {
                let job = Arc::clone(&job);
                async move { job.read(group?).await }
            })
            .buffered(GROUPS_AHEAD);
        Ok(Scanned { groups: stream::iter([Ok(nothing)]).chain(groups).boxed(), bytes_read, bytes_stored })
    }
}

struct Job<F> {
    store: PartStore,
    footers: Arc<Footers>,
    columns: Vec<String>,
    wanted: WantedRows,
    /// For each of the wanted runs the last file that may hold it.
    last_file: Vec<Option<usize>>,
    /// For each of them whether several files may hold it.
    is_spread: Vec<bool>,
    bytes_read: Arc<AtomicU64>,
    make: F,
}

/// A row group that may hold wanted rows.
struct Group {
    file: Arc<PartFile>,
    columns: Arc<FileColumns>,
    /// `None`: nothing is read, and runs end.
    number: Option<usize>,
    with_steps: bool,
    /// Which of the runs, in their order, no other row group of the file may hold.
    whole: Range<usize>,
    ended: Vec<usize>,
}

impl<T: Send + 'static, F: Fn(Piece) -> T + Send + Sync + 'static> Job<F> {
    /// The row groups of a file that may hold wanted rows.
    async fn open(self: Arc<Self>, index: usize, file: PartFile, is_shared: bool) -> Result<Vec<Group>, Error> {
        let footer = self.footers.of(&self.store, &file, &self.bytes_read).await?;
        let (columns, file) = (Arc::new(FileColumns::new(footer, &self.columns)), Arc::new(file));
        let mut groups: Vec<(Group, Range<usize>)> = Vec::new();
        let mut held_before = 0;
        for number in 0..columns.row_groups().len() {
            let runs = self.wanted.in_group(&columns, number);
            if runs.is_empty() || columns.row_groups()[number].num_rows() == 0 {
                continue;
            }
            let with_steps = is_shared || self.wanted.steps().is_some();
            let (file, columns) = (Arc::clone(&file), Arc::clone(&columns));
            let whole = runs.start.max(held_before)..runs.end;
            held_before = held_before.max(runs.end);
            groups.push((Group { file, columns, number: Some(number), with_steps, whole, ended: Vec::new() }, runs));
        }
        let mut held_after = usize::MAX;
        for (group, runs) in groups.iter_mut().rev() {
            group.whole.end = group.whole.end.min(held_after);
            held_after = held_after.min(runs.start);
        }
        // A run ends with the last row group that may hold it, or with the file when none does.
        let mut rest = Vec::new();
        for run in self.wanted.in_file(&file).filter(|run| self.last_file[*run] == Some(index)) {
            let ended = self.wanted.runs()[run].1;
            match groups.iter_mut().rev().find(|(_, runs)| runs.contains(&run)) {
                Some((group, _)) => group.ended.push(ended),
                None => rest.push(ended),
            }
        }
        let mut groups: Vec<Group> = groups.into_iter().map(|(group, _)| group).collect();
        if !rest.is_empty() {
            groups.push(Group { file, columns, number: None, with_steps: false, whole: 0..0, ended: rest });
        }
        Ok(groups)
    }

    async fn read(self: Arc<Self>, group: Group) -> Result<ScannedGroup<T>, Error> {
        let Group { file, columns, number, with_steps, whole, ended } = group;
        let Some(number) = number else { return Ok(ScannedGroup { pieces: Vec::new(), ended }) };
        let mut decoder = columns.decoder(number, with_steps).map_err(|source| parquet_error(file.path.as_ref(), source))?;
        let ranges = decoder.needs().map_err(|source| parquet_error(file.path.as_ref(), source))?;
        // Before memory is taken for what a damaged footer says.
        if ranges.iter().any(|range| range.start > range.end || range.end > file.size_bytes) {
            return Err(parquet_error(file.path.as_ref(), ParquetError::General("a column lies outside of the file".to_owned())));
        }
        let job = Arc::clone(&self);
        let path = file.path.clone();
        let read = async move {
            let bytes = job.store.store.get_ranges(&file.path, &ranges).await;
            let bytes = bytes.map_err(|source| store_error(file.path.as_ref(), "read", source))?;
            job.bytes_read.fetch_add(bytes.iter().map(|bytes| bytes.len() as u64).sum(), Ordering::Relaxed);
            Ok((ranges, bytes))
        };
        let job = Arc::clone(&self);
        let decode = move |(ranges, bytes)| {
            let rows = decoder.decode(ranges, bytes).map_err(|source| parquet_error(path.as_ref(), source))?;
            // Runs that ascend stand together, each of them once.
            let are_together = rows.is_sorted_by(|rows, next| rows.run_id < next.run_id);
            let whole = if are_together { whole } else { 0..0 };
            // Many of them on all cores, since all that is asked for may lie in one row group.
            Ok(rows.into_par_iter().with_min_len(RUNS_TOGETHER).filter_map(|rows| job.piece(rows, &whole)).collect())
        };
        Ok(ScannedGroup { pieces: self.store.read_and_work(read, decode).await?, ended })
    }

    /// What is made of rows, when they are of a wanted run and of wanted steps. `whole` are runs that have no rows elsewhere.
    fn piece(&self, rows: RunRows, whole: &Range<usize>) -> Option<Made<T>> {
        let at = self.wanted.find(&rows.run_id)?;
        let within = self.wanted.steps().and_then(|steps| within(rows.steps.as_deref()?, steps)).unwrap_or(0..rows.rows);
        if within.is_empty() {
            return None;
        }
        let first_step = rows.steps.as_ref().and_then(|steps| steps.as_primitive_opt::<Int64Type>()).map(|steps| steps.value(within.start));
        let part = |column: ArrayRef| if within.len() == rows.rows { column } else { column.slice(within.start, within.len()) };
        let columns = rows.columns.into_iter().map(|column| column.map(part)).collect();
        let run = self.wanted.runs()[at].1;
        let is_whole = whole.contains(&at) && !self.is_spread[at];
        Some((run, first_step, (self.make)(Piece { run, columns, rows: within.len(), is_whole })))
    }
}
