//! Columns out of a lake, run by run: the one way in which questions read it.
//!
//! Part files are read and decoded side by side; a run is handed over once all of its rows are there, also side by side. What is held is
//! what was made of the runs that are being read.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use futures::stream::FuturesUnordered;
use futures::{StreamExt as _, TryStreamExt as _};
use runlake_ingest::off_thread;
use runlake_lake::{ColumnScan, Lake, Piece, RowsOf, StoredRun};
use runlake_types::ProjectPath;

use crate::{Error, ErrorKind};

/// Keys of a question about many that are read at once: thousands would not fit.
pub(crate) const KEYS_AT_ONCE: usize = 64;

/// Runs that are being finished at once.
const FINISHING: usize = 16;

/// Which columns are read of each run.
#[derive(Clone, Debug)]
pub(crate) struct RunColumns {
    pub(crate) rows_of: RowsOf,
    pub(crate) columns: Vec<String>,
    pub(crate) steps: Option<Range<i64>>,
    /// The most points that may be held at once; see [`ErrorKind::TooLarge`].
    pub(crate) most_points: u64,
}

/// How much was read for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadBytes {
    /// Bytes that were read of part files, footers included.
    pub read: u64,
    /// Bytes that the projects' part files of the tables have.
    pub stored: u64,
}

impl ReadBytes {
    pub(crate) fn add(&mut self, other: Self) {
        self.read += other.read;
        self.stored += other.stored;
    }
}

/// The runs of each project, by the places that they have among all.
pub(crate) fn by_project(runs: &[StoredRun]) -> BTreeMap<ProjectPath, Vec<usize>> {
    let mut projects: BTreeMap<ProjectPath, Vec<usize>> = BTreeMap::new();
    for (place, run) in runs.iter().enumerate() {
        projects.entry(run.record.path.project_path()).or_default().push(place);
    }
    projects
}

/// What is made of the rows of a run that stand together, and how many points it holds.
pub(crate) trait Part: Send + 'static {
    fn points(&self) -> u64;
}

/// What became of a piece.
enum Read<P, T> {
    /// More of the run comes.
    Part(P),
    /// It was all of the run, which had so many points.
    Whole { points: u64, value: T },
}

/// Makes a part of each piece, and of the parts of each run, in the order of its rows, what `finish` makes of them; both on the threads that
/// compute. Gives the results in the order of `runs`; a run without rows has no parts.
///
/// # Errors
/// [`ErrorKind::Lake`] when a table cannot be read, [`ErrorKind::TooLarge`] when the runs that are being read do not fit.
pub(crate) async fn for_each_run<P: Part, T: Send + 'static>(
    lake: &Lake,
    runs: &[StoredRun],
    wanted: &RunColumns,
    make: impl Fn(usize, Piece) -> P + Clone + Send + Sync + 'static,
    finish: impl Fn(usize, Vec<P>) -> T + Send + Sync + 'static,
) -> Result<(Vec<T>, ReadBytes), Error> {
    let finish = Arc::new(finish);
    let mut made: Vec<Option<T>> = std::iter::repeat_with(|| None).take(runs.len()).collect();
    let mut bytes = ReadBytes::default();
    for (project, places) in by_project(runs) {
        let scan = ColumnScan {
            rows_of: wanted.rows_of,
            columns: wanted.columns.clone(),
            runs: places.iter().map(|place| runs[*place].record.path.run_id.clone()).collect(),
            steps: wanted.steps.clone(),
        };
        let (make, of_place, of_whole) = (make.clone(), places.clone(), Arc::clone(&finish));
        let read = move |piece: Piece| {
            let (place, is_whole) = (of_place[piece.run], piece.is_whole);
            let part = make(place, piece);
            // Finished by the thread that has it at hand.
            if is_whole { Read::Whole { points: part.points(), value: of_whole(place, vec![part]) } } else { Read::Part(part) }
        };
        let mut scanned = lake.scan_columns(&project, &scan, read).await?;
        let mut open: HashMap<usize, Vec<(Option<i64>, P)>> = HashMap::new();
        let mut points = 0_u64;
        let mut finishing = FuturesUnordered::new();
        while let Some(group) = scanned.groups.try_next().await? {
            for (run, first_step, read) in group.pieces {
                let held = match read {
                    Read::Part(part) => {
                        points += part.points();
                        open.entry(run).or_default().push((first_step, part));
                        points
                    }
                    Read::Whole { points: of_run, value } => {
                        made[places[run]] = Some(value);
                        points + of_run
                    }
                };
                if held > wanted.most_points {
                    return Err(ErrorKind::TooLarge { points: held, most: wanted.most_points }.into());
                }
            }
            for run in group.ended {
                if made[places[run]].is_some() {
                    continue;
                }
                let mut parts = open.remove(&run).unwrap_or_default();
                points -= parts.iter().map(|(_, part)| part.points()).sum::<u64>();
                parts.sort_by_key(|(first_step, _)| *first_step);
                let (parts, place, finish) = (parts.into_iter().map(|(_, part)| part).collect(), places[run], Arc::clone(&finish));
                finishing.push(off_thread(move || (place, finish(place, parts))));
                if finishing.len() >= FINISHING
                    && let Some((place, value)) = finishing.next().await
                {
                    made[place] = Some(value);
                }
            }
        }
        while let Some((place, value)) = finishing.next().await {
            made[place] = Some(value);
        }
        bytes.add(ReadBytes { read: scanned.bytes_read(), stored: scanned.bytes_stored });
    }
    Ok((made.into_iter().map(|value| value.expect("every run ends once")).collect(), bytes))
}
