//! The runs of a project: fetched page by page as they are asked for, and kept.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use runlake_fetch::{Detail, RunPage, ServiceRun, Sweep};
use runlake_types::{Filter, Order, ProjectPath};
use tokio::sync::Mutex;

use crate::siblings::Siblings;
use crate::{Api, Error, Run, RunsOptions};

/// The runs of a project that pass a filter, in an order. Cloning is cheap, and clones share what was fetched.
///
/// ```no_run
/// # async fn example(api: runlake::Api) -> Result<(), Box<dyn std::error::Error>> {
/// use futures::TryStreamExt as _;
/// use runlake::RunsOptions;
/// use runlake::types::{Condition, Order};
///
/// let filter = (Condition::field("state").equals("finished") & Condition::has_tag("best")).into_filter()?;
/// let options = RunsOptions { filter, order: Order::parse("-summary_metrics.acc")?, ..RunsOptions::default() };
/// let runs = api.runs("team/digits", options).await?;
/// let best = runs.get(0).await?;
/// let mut each = std::pin::pin!(runs.stream());
/// while let Some(run) = each.try_next().await? {
///     println!("{} {:?}", run.id(), run.config().await?.get("lr"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Runs(Arc<Shared>);

struct Shared {
    api: Api,
    project: ProjectPath,
    options: RunsOptions,
    is_full: AtomicBool,
    listing: Mutex<Listing>,
}

/// What was fetched so far.
#[derive(Default)]
struct Listing {
    runs: Vec<Run>,
    seen: HashSet<String>,
    /// How many runs the service counts.
    total: Option<u64>,
    pages: Pages,
    sweeps: HashMap<String, Option<Sweep>>,
}

#[derive(Default)]
enum Pages {
    #[default]
    NotStarted,
    Started(Detail, BoxStream<'static, Result<RunPage, runlake_fetch::Error>>),
    Ended,
}

impl Runs {
    pub(crate) fn new(api: Api, project: ProjectPath, options: RunsOptions) -> Self {
        let is_full = AtomicBool::new(!options.lazy);
        Self(Arc::new(Shared { api, project, options, is_full, listing: Mutex::default() }))
    }

    /// The project.
    pub fn project(&self) -> &ProjectPath {
        &self.0.project
    }

    /// Which runs.
    pub fn filter(&self) -> &Filter {
        &self.0.options.filter
    }

    /// In which order.
    pub fn order(&self) -> &Order {
        &self.0.options.order
    }

    /// Runs per request.
    pub fn per_page(&self) -> u32 {
        self.0.options.per_page
    }

    pub(crate) fn api(&self) -> &Api {
        &self.0.api
    }

    /// How many runs there are: what the service counted when the first page was fetched.
    ///
    /// # Errors
    /// When there is no such project ([`Error::is_not_found`]), and as every call.
    pub async fn len(&self) -> Result<u64, Error> {
        let mut listing = self.0.listing.lock().await;
        if listing.total.is_none() {
            self.fetch_page(&mut listing).await?;
        }
        match listing.total {
            Some(total) => Ok(total),
            None => Ok(self.0.api.client().run_count(&self.0.project, &self.0.options.filter).await?),
        }
    }

    /// Whether there is none. As [`len`](Self::len).
    ///
    /// # Errors
    /// As [`len`](Self::len).
    pub async fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len().await? == 0)
    }

    /// The run at `index`, counted from 0; `None` behind the last. Pages up to it are fetched.
    ///
    /// # Errors
    /// When there is no such project ([`Error::is_not_found`]), and as every call.
    pub async fn get(&self, index: usize) -> Result<Option<Run>, Error> {
        let mut listing = self.0.listing.lock().await;
        while listing.runs.len() <= index && self.fetch_page(&mut listing).await? {}
        Ok(listing.runs.get(index).cloned())
    }

    /// Every run from the first on, each page fetched when it is reached. An error ends the stream; a new stream goes on from what is there.
    pub fn stream(&self) -> impl Stream<Item = Result<Run, Error>> + Send + use<> {
        stream::try_unfold((self.clone(), 0), |(runs, index)| async move {
            let run = runs.get(index).await?;
            Ok(run.map(|run| (run, (runs, index + 1))))
        })
    }

    /// Every run. When nothing was fetched before, runs that are made or deleted meanwhile are noticed, and the listing is made anew.
    ///
    /// # Errors
    /// When there is no such project ([`Error::is_not_found`]), and as every call.
    pub async fn all(&self) -> Result<Vec<Run>, Error> {
        let mut listing = self.0.listing.lock().await;
        if matches!(listing.pages, Pages::NotStarted) {
            let detail = self.detail();
            let query = self.0.options.query(detail);
            let records = self.0.api.client().list_service_runs(&self.0.project, query).await?;
            listing.total = u64::try_from(records.len()).ok();
            listing.pages = Pages::Ended;
            let per_page = usize::try_from(self.0.options.per_page.max(1)).unwrap_or(usize::MAX);
            let mut records = records.into_iter().peekable();
            while records.peek().is_some() {
                let page = records.by_ref().take(per_page).collect();
                self.add_page(&mut listing, page, detail).await?;
            }
        }
        while self.fetch_page(&mut listing).await? {}
        Ok(listing.runs.clone())
    }

    /// Loads config, summary and the like of every run fetched so far, many in a request, and those of later pages as they come.
    ///
    /// # Errors
    /// As every call. A run that was deleted meanwhile is no error here; its own calls say so.
    pub async fn upgrade_to_full(&self) -> Result<(), Error> {
        let mut listing = self.0.listing.lock().await;
        if self.0.is_full.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        load_all(&mut listing.runs).await
    }

    fn detail(&self) -> Detail {
        if self.0.is_full.load(Ordering::Relaxed) { Detail::Full } else { Detail::Light }
    }

    /// Fetches the next page; `false` when there is none.
    async fn fetch_page(&self, listing: &mut Listing) -> Result<bool, Error> {
        if matches!(listing.pages, Pages::NotStarted) {
            let detail = self.detail();
            let query = self.0.options.query(detail);
            listing.pages = Pages::Started(detail, self.0.api.client().run_pages(&self.0.project, &query).boxed());
        }
        let Pages::Started(detail, pages) = &mut listing.pages else { return Ok(false) };
        let detail = *detail;
        match pages.try_next().await {
            Ok(Some(page)) => {
                listing.total = listing.total.or(page.total);
                self.add_page(listing, page.runs, detail).await?;
                Ok(true)
            }
            Ok(None) => {
                listing.pages = Pages::Ended;
                Ok(false)
            }
            Err(error) => {
                // Asked again, the listing begins anew; the runs that are there already are passed over.
                listing.pages = Pages::NotStarted;
                Err(error.into())
            }
        }
    }

    /// Adds a page that was fetched with this detail, which is less than wanted when the listing was upgraded meanwhile.
    async fn add_page(&self, listing: &mut Listing, page: Vec<ServiceRun>, detail: Detail) -> Result<(), Error> {
        let page: Vec<ServiceRun> = page.into_iter().filter(|run| listing.seen.insert(run.record.storage_id.clone())).collect();
        let run_ids = page.iter().map(|run| run.record.path.run_id.clone()).collect();
        let siblings = Arc::new(Siblings::new(self.0.project.clone(), run_ids));
        let make = |run| match detail {
            Detail::Full => Run::from_full(self.0.api.clone(), run),
            Detail::Light => Run::from_light(self.0.api.clone(), run, Some(Arc::clone(&siblings))),
        };
        let mut runs: Vec<Run> = page.into_iter().map(make).collect();
        if self.detail() == Detail::Full {
            load_all(&mut runs).await?;
        }
        if self.0.options.include_sweeps {
            self.add_sweeps(listing, &mut runs).await?;
        }
        listing.runs.extend(runs);
        Ok(())
    }

    /// Fetches the sweeps of runs, each once.
    async fn add_sweeps(&self, listing: &mut Listing, runs: &mut [Run]) -> Result<(), Error> {
        for run in runs {
            let Some(sweep_id) = run.sweep_name().map(str::to_owned) else { continue };
            if !listing.sweeps.contains_key(&sweep_id) {
                let sweep = self.0.api.client().sweep(&self.0.project, &sweep_id).await?;
                listing.sweeps.insert(sweep_id.clone(), sweep);
            }
            run.know_sweep(listing.sweeps[&sweep_id].clone());
        }
        Ok(())
    }
}

async fn load_all(runs: &mut [Run]) -> Result<(), Error> {
    for run in runs {
        match run.load_full_data(false).await {
            Err(error) if error.is_not_found() => tracing::debug!(run = %run.run_path(), "the run was deleted meanwhile"),
            loaded => loaded?,
        }
    }
    Ok(())
}

impl fmt::Debug for Runs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Runs").field("project", &self.0.project).field("options", &self.0.options).finish_non_exhaustive()
    }
}
