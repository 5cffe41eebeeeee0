//! The projects and runs of the lake as one request sees them: read once for each version of the lake, and kept until it changes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use runlake_types::{Filter, Order, ProjectPath, Timestamp};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::cursor::{Cursor, listing_digest};
use crate::source::{Source, SourceError, SourceRun};
use crate::{Error, ErrorKind};

/// Hands out the newest [`Snapshot`].
pub(crate) struct Catalog {
    source: Arc<dyn Source>,
    refresh_after: Duration,
    /// The newest snapshot, and when it was known to be that.
    current: Mutex<Option<(Arc<Snapshot>, Instant)>>,
}

/// The lake at one version.
pub(crate) struct Snapshot {
    source: Arc<dyn Source>,
    version: u64,
    projects: OnceCell<Vec<ProjectPath>>,
    runs: Mutex<HashMap<ProjectPath, Arc<OnceCell<Arc<Project>>>>>,
}

/// One project and its runs.
pub(crate) struct Project {
    pub(crate) path: ProjectPath,
    runs: Vec<Arc<SourceRun>>,
    by_id: HashMap<String, usize>,
    /// The listings that were asked for last, so that each page need not filter and sort anew.
    listings: Mutex<VecDeque<(String, Arc<Listing>)>>,
}

/// The runs that pass a filter, in an order.
pub(crate) struct Listing {
    digest: String,
    order: Order,
    runs: Vec<Arc<SourceRun>>,
}

/// A page of a [`Listing`].
pub(crate) struct RunPage {
    pub(crate) runs: Vec<(Arc<SourceRun>, String)>,
    pub(crate) has_next: bool,
}

/// The most runs of one page.
pub(crate) const MAX_PAGE_RUNS: usize = 1000;

/// How many listings of a project are kept.
const KEPT_LISTINGS: usize = 16;

fn source_error(what: impl Into<String>) -> impl FnOnce(SourceError) -> Error {
    let what = what.into();
    move |source| ErrorKind::Source { what, source }.into()
}

impl Catalog {
    pub(crate) fn new(source: Arc<dyn Source>, refresh_after: Duration) -> Self {
        Self { source, refresh_after, current: Mutex::new(None) }
    }

    /// The lake as it is now, or was a moment ago.
    pub(crate) async fn snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        let asked_at = Instant::now();
        if let Some((snapshot, known_at)) = self.lock().as_ref()
            && asked_at.duration_since(*known_at) < self.refresh_after
        {
            return Ok(Arc::clone(snapshot));
        }
        let version = self.source.version().await.map_err(source_error("the version"))?;
        let mut current = self.lock();
        if let Some((snapshot, known_at)) = current.as_mut().filter(|(snapshot, _)| snapshot.version == version) {
            *known_at = asked_at;
            return Ok(Arc::clone(snapshot));
        }
        let source = Arc::clone(&self.source);
        let snapshot = Arc::new(Snapshot { source, version, projects: OnceCell::new(), runs: Mutex::default() });
        *current = Some((Arc::clone(&snapshot), asked_at));
        Ok(snapshot)
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Arc<Snapshot>, Instant)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    /// Every project, sorted.
    pub(crate) async fn projects(&self) -> Result<&[ProjectPath], Error> {
        let read = async {
            let mut projects = self.source.projects().await.map_err(source_error("the projects"))?;
            projects.sort();
            projects.dedup();
            Ok(projects)
        };
        self.projects.get_or_try_init(|| read).await.map(Vec::as_slice)
    }

    /// A project with its runs; `None` when there is no such project.
    pub(crate) async fn project(&self, path: &ProjectPath) -> Result<Option<Arc<Project>>, Error> {
        if self.projects().await?.binary_search(path).is_err() {
            return Ok(None);
        }
        let cell = {
            let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(runs.entry(path.clone()).or_default())
        };
        let read = async {
            let runs = self.source.runs(path).await.map_err(source_error(format!("the runs of {path}")))?;
            Ok(Arc::new(Project::new(path.clone(), runs)))
        };
        cell.get_or_try_init(|| read).await.map(|project| Some(Arc::clone(project)))
    }
}

impl Project {
    fn new(path: ProjectPath, runs: Vec<SourceRun>) -> Self {
        let runs: Vec<Arc<SourceRun>> = runs.into_iter().map(Arc::new).collect();
        let by_id = runs.iter().enumerate().map(|(index, run)| (run.record.path.run_id.clone(), index)).collect();
        Self { path, runs, by_id, listings: Mutex::default() }
    }

    /// The run of this id.
    pub(crate) fn run(&self, run_id: &str) -> Option<&Arc<SourceRun>> {
        self.by_id.get(run_id).map(|index| &self.runs[*index])
    }

    /// When the project came to be, as far as its runs tell.
    pub(crate) fn created_at(&self) -> Timestamp {
        self.runs.iter().filter_map(|run| run.record.created_at).min().unwrap_or(Timestamp::from_micros(0))
    }

    /// A number for the project, which clients want as a numeric string: the same in every process, from the project's path.
    pub(crate) fn internal_id(&self) -> u32 {
        let digest = Sha256::digest(self.path.to_string());
        u32::from_be_bytes([digest[0] & 0x7f, digest[1], digest[2], digest[3]])
    }

    /// How many runs pass `filters`.
    pub(crate) fn count(&self, filters: Option<&str>) -> Result<usize, Error> {
        let filter = Filter::parse(filters.unwrap_or(""))?;
        Ok(if filter.is_everything() { self.runs.len() } else { self.runs.iter().filter(|run| filter.matches(&run.record)).count() })
    }

    /// The runs that pass `filters`, in `order`; both are texts as clients send them.
    pub(crate) fn listing(&self, filters: Option<&str>, order: Option<&str>) -> Result<Arc<Listing>, Error> {
        let (filter, order) = (Filter::parse(filters.unwrap_or(""))?, Order::parse(order.unwrap_or(""))?);
        let digest = listing_digest(&["runs", &self.path.to_string(), &filter.to_string(), &order.to_string()]);
        let lock = || self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, listing)) = lock().iter().find(|(known, _)| *known == digest) {
            return Ok(Arc::clone(listing));
        }
        let mut runs: Vec<Arc<SourceRun>> = self.runs.iter().filter(|run| filter.matches(&run.record)).cloned().collect();
        runs.sort_by(|a, b| order.compare(&a.record, &b.record));
        let listing = Arc::new(Listing { digest: digest.clone(), order, runs });
        let mut listings = lock();
        listings.truncate(KEPT_LISTINGS - 1);
        listings.push_front((digest, Arc::clone(&listing)));
        Ok(listing)
    }

    /// The first `first` runs of `listing` behind the cursor `after`, each with its own cursor.
    pub(crate) fn page(&self, listing: &Listing, first: usize, after: Option<&str>) -> Result<RunPage, Error> {
        let start = match after {
            None => 0,
            Some(after) => {
                let cursor = Cursor::parse(after, &listing.digest)?;
                match self.run(&cursor.key) {
                    // Found by the order even when it no longer passes the filter; the order of equal runs is by id, hence total.
                    Some(last) => listing.runs.partition_point(|run| listing.order.compare(&run.record, &last.record).is_le()),
                    None => cursor.index.min(listing.runs.len()),
                }
            }
        };
        let end = (start + first.min(MAX_PAGE_RUNS)).min(listing.runs.len());
        let cursor = |index: usize| Cursor::new(&listing.digest, &listing.runs[index].record.path.run_id, index).to_text();
        let runs = (start..end).map(|index| (Arc::clone(&listing.runs[index]), cursor(index))).collect();
        Ok(RunPage { runs, has_next: end < listing.runs.len() })
    }
}

impl Listing {
    pub(crate) fn len(&self) -> usize {
        self.runs.len()
    }
}

#[cfg(test)]
mod tests {
    use runlake_types::{RunRecord, RunState};

    use super::*;

    fn project(ids: &[&str], state: &RunState) -> Project {
        let path = ProjectPath::new("e", "p");
        let run = |id: &&str| {
            let mut record = RunRecord::new(path.run(*id), String::new());
            record.state = state.clone();
            SourceRun { record, revision: 0, stored_through_step: None }
        };
        Project::new(path.clone(), ids.iter().map(run).collect())
    }

    fn ids(page: &RunPage) -> Vec<&str> {
        page.runs.iter().map(|(run, _)| run.record.path.run_id.as_str()).collect()
    }

    #[test]
    fn a_page_goes_on_behind_its_cursor_whatever_happened_before_it() {
        let filter = Some(r#"{"state":"running"}"#);
        let before = project(&["a", "b", "c", "d"], &RunState::Running);
        let first = before.page(&before.listing(filter, Some("+name")).unwrap(), 2, None).unwrap();
        assert_eq!((ids(&first), first.has_next), (vec!["a", "b"], true));
        let cursor = Some(first.runs[1].1.as_str());

        let next = |project: &Project| {
            let page = project.page(&project.listing(filter, Some("+name")).unwrap(), 2, cursor).unwrap();
            ids(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(next(&before), ["c", "d"]);
        assert_eq!(next(&project(&["Z", "a", "aa", "b", "c", "d"], &RunState::Running)), ["c", "d"], "runs came before it");
        assert_eq!(next(&project(&["a", "c", "d"], &RunState::Running)), ["c", "d"], "its run is gone: the index stands in");
        let mut ended = project(&["a", "b", "c", "d"], &RunState::Running);
        Arc::make_mut(&mut ended.runs[1]).record.state = RunState::Finished;
        assert_eq!(next(&ended), ["c", "d"], "its run no longer passes");
        assert!(before.page(&before.listing(None, Some("+name")).unwrap(), 2, cursor).is_err(), "another listing");
    }

    #[test]
    fn internal_ids_are_numbers_that_fit_an_int() {
        let id = project(&[], &RunState::Running).internal_id();
        assert!(i32::try_from(id).is_ok());
        assert_eq!(id, project(&["a"], &RunState::Running).internal_id());
    }
}
