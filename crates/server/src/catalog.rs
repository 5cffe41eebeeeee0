//! The projects and runs as one request sees them: those of the lake, read once for each of its versions, with what was written through
//! the API laid over them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use runlake_types::{Filter, Order, ProjectPath, RunPath, RunRecord, RunState, Timestamp};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::cursor::{Cursor, listing_digest};
use crate::source::{Source, SourceError, SourceRun};
use crate::state::{ProjectChange, RunChange, State};
use crate::{Error, ErrorKind};

/// Hands out the newest [`Snapshot`].
pub(crate) struct Catalog {
    source: Arc<dyn Source>,
    state: Arc<State>,
    refresh_after: Duration,
    current: Mutex<Option<Known>>,
}

/// The newest snapshot, and when the source was last found to be at its version.
struct Known {
    snapshot: Arc<Snapshot>,
    source_seen_at: Instant,
}

/// The lake at one version, and what was written up to one moment.
pub(crate) struct Snapshot {
    lake: Arc<LakeView>,
    state: Arc<State>,
    state_version: u64,
    runs: Mutex<HashMap<ProjectPath, Arc<OnceCell<Arc<Project>>>>>,
}

/// The lake at one version: what outlives writes through the API.
struct LakeView {
    source: Arc<dyn Source>,
    version: u64,
    projects: OnceCell<Vec<ProjectPath>>,
    runs: Mutex<HashMap<ProjectPath, Arc<OnceCell<LakeRuns>>>>,
}

/// A project's runs in the lake, in its order.
type LakeRuns = Arc<Vec<Arc<CatalogRun>>>;

/// A run as clients see it.
#[derive(Clone, Debug)]
pub(crate) struct CatalogRun {
    pub(crate) record: RunRecord,
    /// As of [`SourceRun`]; 0 for a run that the source does not have.
    pub(crate) revision: u64,
    /// As of [`SourceRun`].
    pub(crate) stored_through_step: Option<i64>,
    /// Whether the source has the run, and with it rows and files.
    pub(crate) is_in_source: bool,
    /// Whether the run was asked to stop.
    pub(crate) is_stopped: bool,
    /// The machine that the run is on.
    pub(crate) host: Option<String>,
}

/// One project and its runs.
pub(crate) struct Project {
    pub(crate) path: ProjectPath,
    /// When the project was made through the API.
    made_at: Option<Timestamp>,
    pub(crate) description: Option<String>,
    runs: Vec<Arc<CatalogRun>>,
    by_id: HashMap<String, usize>,
    /// The listings that were asked for last, so that each page need not filter and sort anew.
    listings: Mutex<VecDeque<(String, Arc<Listing>)>>,
}

/// The runs that pass a filter, in an order.
pub(crate) struct Listing {
    digest: String,
    order: Order,
    runs: Vec<Arc<CatalogRun>>,
}

/// A page of a [`Listing`].
pub(crate) struct RunPage {
    pub(crate) runs: Vec<(Arc<CatalogRun>, String)>,
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
    pub(crate) fn new(source: Arc<dyn Source>, state: Arc<State>, refresh_after: Duration) -> Self {
        Self { source, state, refresh_after, current: Mutex::new(None) }
    }

    /// What there is now: of the lake as it is or was a moment ago, and all that was written before the call.
    pub(crate) async fn snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        let (asked_at, state_version) = (Instant::now(), self.state.version());
        let known_lake = {
            let mut current = self.lock();
            match current.as_mut() {
                Some(known) if asked_at.duration_since(known.source_seen_at) < self.refresh_after => {
                    if known.snapshot.state_version >= state_version {
                        return Ok(Arc::clone(&known.snapshot));
                    }
                    Some(Arc::clone(&known.snapshot.lake))
                }
                _ => None,
            }
        };
        if let Some(lake) = known_lake {
            return Ok(self.put(lake, state_version, None));
        }
        let version = self.source.version().await.map_err(source_error("the version"))?;
        let known_lake = self.lock().as_ref().map(|known| Arc::clone(&known.snapshot.lake)).filter(|lake| lake.version == version);
        let lake = known_lake.unwrap_or_else(|| Arc::new(LakeView::new(Arc::clone(&self.source), version)));
        Ok(self.put(lake, state_version, Some(asked_at)))
    }

    /// Makes the snapshot the newest, unless one that is as new is there already.
    fn put(&self, lake: Arc<LakeView>, state_version: u64, source_seen_at: Option<Instant>) -> Arc<Snapshot> {
        let mut current = self.lock();
        if let Some(known) = current.as_mut().filter(|known| known.snapshot.is_as_new_as(&lake, state_version)) {
            known.source_seen_at = source_seen_at.unwrap_or(known.source_seen_at).max(known.source_seen_at);
            return Arc::clone(&known.snapshot);
        }
        let snapshot = Arc::new(Snapshot { lake, state: Arc::clone(&self.state), state_version, runs: Mutex::default() });
        let seen_before = current.as_ref().map(|known| known.source_seen_at);
        // Without a time of its own, the snapshot is of the lake of the one before.
        if let Some(source_seen_at) = source_seen_at.or(seen_before) {
            *current = Some(Known { snapshot: Arc::clone(&snapshot), source_seen_at });
        }
        snapshot
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LakeView {
    fn new(source: Arc<dyn Source>, version: u64) -> Self {
        Self { source, version, projects: OnceCell::new(), runs: Mutex::default() }
    }

    /// Every project of the lake, sorted.
    async fn projects(&self) -> Result<&[ProjectPath], Error> {
        let read = async {
            let mut projects = self.source.projects().await.map_err(source_error("the projects"))?;
            projects.sort();
            projects.dedup();
            Ok(projects)
        };
        self.projects.get_or_try_init(|| read).await.map(Vec::as_slice)
    }

    /// The runs that the lake has of a project; `None` when it does not have the project.
    async fn runs(&self, path: &ProjectPath) -> Result<Option<LakeRuns>, Error> {
        if self.projects().await?.binary_search(path).is_err() {
            return Ok(None);
        }
        let cell = Arc::clone(self.runs.lock().unwrap_or_else(PoisonError::into_inner).entry(path.clone()).or_default());
        let read = async {
            let runs = self.source.runs(path).await.map_err(source_error(format!("the runs of {path}")))?;
            Ok(Arc::new(runs.into_iter().map(|run| Arc::new(CatalogRun::from_source(run))).collect()))
        };
        cell.get_or_try_init(|| read).await.map(|runs| Some(Arc::clone(runs)))
    }
}

impl Snapshot {
    fn is_as_new_as(&self, lake: &LakeView, state_version: u64) -> bool {
        self.lake.version == lake.version && self.state_version >= state_version
    }

    /// Every project, sorted.
    pub(crate) async fn projects(&self) -> Result<Vec<ProjectPath>, Error> {
        let mut projects = self.lake.projects().await?.to_vec();
        projects.extend(self.state.project_paths());
        projects.sort();
        projects.dedup();
        Ok(projects)
    }

    /// The entity of what names none: the first that has a project, or `local`.
    pub(crate) async fn default_entity(&self) -> Result<String, Error> {
        Ok(self.projects().await?.into_iter().next().map_or_else(|| "local".to_owned(), |path| path.entity))
    }

    /// A project with its runs; `None` when there is no such project.
    pub(crate) async fn project(&self, path: &ProjectPath) -> Result<Option<Arc<Project>>, Error> {
        let change = self.state.project(path);
        let Some(runs) = self.lake.runs(path).await?.or_else(|| change.is_some().then(Arc::default)) else { return Ok(None) };
        let cell = Arc::clone(self.runs.lock().unwrap_or_else(PoisonError::into_inner).entry(path.clone()).or_default());
        let make = async || Arc::new(Project::new(path.clone(), &runs, change.as_deref()));
        Ok(Some(Arc::clone(cell.get_or_init(make).await)))
    }

    /// The run of a storage id, wherever it is.
    pub(crate) async fn run_by_storage_id(&self, storage_id: &str) -> Result<Option<Arc<CatalogRun>>, Error> {
        let has_id = |run: &&Arc<CatalogRun>| run.record.storage_id == storage_id;
        if let Some(path) = path_in_storage_id(storage_id)
            && let Some(project) = self.project(&path.project_path()).await?
            && let Some(run) = project.run(&path.run_id).filter(has_id)
        {
            return Ok(Some(Arc::clone(run)));
        }
        // An id that a service gave to a run, which may have been moved since.
        for path in self.projects().await? {
            if let Some(project) = self.project(&path).await?
                && let Some(run) = project.runs.iter().find(has_id)
            {
                return Ok(Some(Arc::clone(run)));
            }
        }
        Ok(None)
    }
}

/// The storage id of a run that no service gave one to, in the service's form.
pub(crate) fn storage_id(path: &RunPath) -> String {
    BASE64_STANDARD.encode(format!("Run:v1:{}:{}:{}", path.run_id, path.project, path.entity))
}

/// The run that a storage id in the service's form speaks of.
fn path_in_storage_id(storage_id: &str) -> Option<RunPath> {
    let text = String::from_utf8(BASE64_STANDARD.decode(storage_id).ok()?).ok()?;
    let (run_id, rest) = text.strip_prefix("Run:v1:")?.split_once(':')?;
    let (project, entity) = rest.split_once(':')?;
    Some(RunPath::new(entity, project, run_id))
}

impl CatalogRun {
    fn from_source(run: SourceRun) -> Self {
        let SourceRun { mut record, revision, stored_through_step } = run;
        if record.storage_id.is_empty() {
            record.storage_id = storage_id(&record.path);
        }
        Self { record, revision, stored_through_step, is_in_source: true, is_stopped: false, host: None }
    }

    /// A run that was made through the API.
    fn made(path: RunPath) -> Self {
        let mut record = RunRecord::new(path, String::new());
        record.storage_id = storage_id(&record.path);
        record.history_line_count = Some(0);
        record.state = RunState::Running;
        record.read_only = Some(false);
        Self { record, revision: 0, stored_through_step: None, is_in_source: false, is_stopped: false, host: None }
    }

    fn lay_over(&mut self, change: &RunChange) {
        change.apply(&mut self.record);
        self.is_stopped = change.stop_requested_at.is_some();
        self.host.clone_from(&change.host);
    }
}

impl Project {
    fn new(path: ProjectPath, lake_runs: &[Arc<CatalogRun>], change: Option<&ProjectChange>) -> Self {
        let mut runs = Vec::with_capacity(lake_runs.len());
        for run in lake_runs {
            match change.and_then(|change| change.runs.get(&run.record.path.run_id)) {
                None => runs.push(Arc::clone(run)),
                Some(change) if change.deleted_at.is_some() => {}
                Some(change) => {
                    let mut run = (**run).clone();
                    run.lay_over(change);
                    runs.push(Arc::new(run));
                }
            }
        }
        let in_lake: HashSet<&str> = lake_runs.iter().map(|run| run.record.path.run_id.as_str()).collect();
        let is_made = |(id, change): &(&String, &Arc<RunChange>)| {
            change.created_at.is_some() && change.deleted_at.is_none() && !in_lake.contains(id.as_str())
        };
        for (id, change) in change.iter().flat_map(|change| &change.runs).filter(is_made) {
            let mut run = CatalogRun::made(path.run(id));
            run.lay_over(change);
            runs.push(Arc::new(run));
        }
        let by_id = runs.iter().enumerate().map(|(index, run)| (run.record.path.run_id.clone(), index)).collect();
        let (made_at, description) = change.map_or((None, None), |change| (change.created_at, change.description.clone()));
        Self { path, made_at, description, runs, by_id, listings: Mutex::default() }
    }

    /// The run of this id.
    pub(crate) fn run(&self, run_id: &str) -> Option<&Arc<CatalogRun>> {
        self.by_id.get(run_id).map(|index| &self.runs[*index])
    }

    /// Every run.
    pub(crate) fn runs(&self) -> &[Arc<CatalogRun>] {
        &self.runs
    }

    /// The ids of the sweeps that runs name, sorted.
    pub(crate) fn sweep_ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.runs.iter().filter_map(|run| run.record.sweep_id.as_deref()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// When the project came to be, as far as is known.
    pub(crate) fn created_at(&self) -> Timestamp {
        let first_run = || self.runs.iter().filter_map(|run| run.record.created_at).min();
        self.made_at.or_else(first_run).unwrap_or(Timestamp::from_micros(0))
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
        let mut runs: Vec<Arc<CatalogRun>> = self.runs.iter().filter(|run| filter.matches(&run.record)).cloned().collect();
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
    use super::*;

    fn project(ids: &[&str], state: &RunState) -> Project {
        let path = ProjectPath::new("e", "p");
        let run = |id: &&str| {
            let mut record = RunRecord::new(path.run(*id), String::new());
            record.state = state.clone();
            Arc::new(CatalogRun::from_source(SourceRun { record, revision: 0, stored_through_step: None }))
        };
        Project::new(path.clone(), &ids.iter().map(run).collect::<Vec<_>>(), None)
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
    fn storage_ids_lead_to_their_runs() {
        let path = RunPath::new("my team", "größe 1", "r1");
        assert_eq!(path_in_storage_id(&storage_id(&path)), Some(path));
        for other in ["", "UnVuOjE=", "####"] {
            assert_eq!(path_in_storage_id(other), None, "{other}");
        }
    }

    #[test]
    fn written_runs_lie_over_those_of_the_lake() {
        let lake = project(&["a", "b"], &RunState::Running);
        let at = Some(Timestamp::from_micros(9));
        let change = |made: bool, deleted: bool, state: &str| {
            let state = Some(RunState::from_name(state));
            Arc::new(RunChange { created_at: at.filter(|_| made), deleted_at: at.filter(|_| deleted), state, ..RunChange::default() })
        };
        let runs = [
            ("a", change(false, false, "failed")),
            ("b", change(false, true, "failed")),
            ("c", change(true, false, "pending")),
            ("d", change(true, true, "pending")),
            ("not in the lake any more", change(false, false, "failed")),
        ];
        let runs = runs.into_iter().map(|(id, change)| (id.to_owned(), change)).collect();
        let change = ProjectChange { runs, ..ProjectChange::default() };
        let project = Project::new(lake.path.clone(), &lake.runs, Some(&change));
        let seen: Vec<_> = project.runs.iter().map(|run| (run.record.path.run_id.as_str(), run.record.state.as_str())).collect();
        assert_eq!(seen, [("a", "failed"), ("c", "pending")]);
        assert_eq!((project.run("a").unwrap().is_in_source, project.run("c").unwrap().is_in_source), (true, false));
        assert_eq!((project.created_at(), project.run("b").is_none()), (Timestamp::from_micros(9), true));
    }

    #[test]
    fn internal_ids_are_numbers_that_fit_an_int() {
        let id = project(&[], &RunState::Running).internal_id();
        assert!(i32::try_from(id).is_ok());
        assert_eq!(id, project(&["a"], &RunState::Running).internal_id());
    }
}
