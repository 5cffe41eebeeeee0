//! Lists of runs, and single ones.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering as AtomicOrdering};

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use runlake_types::{Filter, Order, ProjectPath, RunPath, RunRecord};
use serde_json::json;

use crate::Client;
use crate::documents;
use crate::error::{Error, ErrorKind};
use crate::graphql::graphql_int;
use crate::pagination::{Page, pages};
use crate::run_record::{ServiceRun, service_run};
use crate::wire::{CountOfProject, ProjectData, RunOfProject, RunsOfProject, WireRun};

/// How often a project is listed when runs come and go meanwhile.
const LISTINGS: u32 = 4;
/// The page size below which a slow server is not helped any more.
const SMALLEST_PAGE: u32 = 10;

/// How much is fetched of each run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// All but config, summary, system metrics and history keys, which may be large: these are empty.
    Light,
    /// Everything.
    #[default]
    Full,
}

/// A page of a listing.
#[derive(Clone, Debug)]
pub struct RunPage {
    /// The runs, in the order that was asked for. Runs that are made meanwhile may push one onto a second page.
    pub runs: Vec<ServiceRun>,
    /// How many runs match in all, at the time of the page; `None` when the service does not say.
    pub total: Option<u64>,
}

/// Which runs to list, in which order, and how many in one request.
#[derive(Clone, Debug)]
pub struct RunsQuery {
    /// The runs to list. Default: all.
    pub filter: Filter,
    /// Their order. Default: the oldest first, in which new runs come last and cannot push others to another page.
    pub order: Order,
    /// Runs per request. Default: 100, twice that of the official client, since requests and not bytes are what a listing waits for. It
    /// shrinks for the rest of the listing when the server fails on a page.
    pub per_page: u32,
    /// How much of each run. Default: everything.
    pub detail: Detail,
}

impl Default for RunsQuery {
    fn default() -> Self {
        Self { filter: Filter::everything(), order: Order::default(), per_page: 100, detail: Detail::default() }
    }
}

impl Client {
    /// All runs that match, page after page, each run once, with all of their fields. An error ends the stream.
    ///
    /// Runs that are made or deleted meanwhile may be missing; [`visit_runs`](Self::visit_runs) notices that.
    ///
    /// ```no_run
    /// # async fn example(client: runlake_fetch::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures::TryStreamExt as _;
    /// use runlake_fetch::RunsQuery;
    /// use runlake_types::{Filter, ProjectPath};
    ///
    /// let query = RunsQuery { filter: Filter::parse(r#"{"state": "finished"}"#)?, ..RunsQuery::default() };
    /// let mut runs = std::pin::pin!(client.runs(&ProjectPath::new("team", "digits"), query));
    /// while let Some(run) = runs.try_next().await? {
    ///     println!("{}", run.path);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "a query is made for one listing, as in `list_runs`")]
    pub fn runs(&self, project: &ProjectPath, query: RunsQuery) -> impl Stream<Item = Result<RunRecord, Error>> + Send + use<> {
        let mut seen = HashSet::new();
        let is_new = move |run: &RunRecord| std::future::ready(seen.insert(run.storage_id.clone()));
        self.pages_of_runs(project, &query)
            .map_ok(|page| stream::iter(page.items).map(|run| Ok(run.record)))
            .try_flatten()
            .try_filter(is_new)
    }

    /// The pages of a listing, each fetched when it is asked for. An error ends the stream.
    pub fn run_pages(&self, project: &ProjectPath, query: &RunsQuery) -> impl Stream<Item = Result<RunPage, Error>> + Send + use<> {
        self.pages_of_runs(project, query).map_ok(|page| RunPage { runs: page.items, total: page.total })
    }

    /// All runs that match, as [`visit_runs`](Self::visit_runs) finds them; those that were deleted meanwhile are left out.
    ///
    /// # Errors
    /// [`ErrorKind::ProjectNotFound`], [`ErrorKind::RepeatedCursor`], and as every call.
    pub async fn list_runs(&self, project: &ProjectPath, query: RunsQuery) -> Result<Vec<RunRecord>, Error> {
        let runs = self.list_service_runs(project, query).await?;
        Ok(runs.into_iter().map(|run| run.record).collect())
    }

    /// As [`list_runs`](Self::list_runs), with what only the service knows of the runs.
    ///
    /// # Errors
    /// As there.
    pub async fn list_service_runs(&self, project: &ProjectPath, query: RunsQuery) -> Result<Vec<ServiceRun>, Error> {
        let mut runs = HashMap::new();
        let listed = self.visit_runs(project, query, |run| drop(runs.insert(run.record.storage_id.clone(), run))).await?;
        Ok(listed.iter().filter_map(|storage_id| runs.remove(storage_id)).collect())
    }

    /// Gives each run that matches to `visit`, once, and holds no more than a page of them. When their number is not what the service says
    /// at the end, because runs were made or deleted meanwhile, or when a page leads back to an earlier one, the project is listed again,
    /// up to three times. After that the last listing stands, with a warning in the log, or the circle is an error. Gives the storage ids
    /// of the last listing in its order, which a run that was deleted meanwhile is not among.
    ///
    /// # Errors
    /// [`ErrorKind::ProjectNotFound`], [`ErrorKind::RepeatedCursor`], and as every call.
    pub async fn visit_runs(
        &self,
        project: &ProjectPath,
        query: RunsQuery,
        mut visit: impl FnMut(ServiceRun),
    ) -> Result<Vec<String>, Error> {
        let mut visited = HashSet::new();
        let mut listing = 1;
        loop {
            let (mut listed, mut seen) = (Vec::new(), HashSet::new());
            let visit_new = |run: ServiceRun| {
                if seen.insert(run.record.storage_id.clone()) {
                    listed.push(run.record.storage_id.clone());
                }
                if visited.insert(run.record.storage_id.clone()) {
                    visit(run);
                }
            };
            let total = match self.list_once(project, &query, visit_new).await {
                Err(error) if listing < LISTINGS && matches!(error.kind(), ErrorKind::RepeatedCursor { .. }) => {
                    tracing::debug!(%project, "a page of the listing led back: listing the project again");
                    listing += 1;
                    continue;
                }
                listed => listed?,
            };
            let settled = total.is_none_or(|total| u64::try_from(listed.len()).is_ok_and(|listed| listed == total));
            if settled {
                return Ok(listed);
            }
            if listing == LISTINGS {
                tracing::warn!(%project, listed = listed.len(), counted = total, "the runs of the project keep changing while they are listed");
                return Ok(listed);
            }
            tracing::debug!(%project, listed = listed.len(), counted = total, "the project changed while it was listed: listing it again");
            listing += 1;
        }
    }

    /// Gives the runs of one listing to `visit`; how many there are by the service's count.
    async fn list_once(&self, project: &ProjectPath, query: &RunsQuery, mut visit: impl FnMut(ServiceRun)) -> Result<Option<u64>, Error> {
        let mut total = None;
        let mut pages = std::pin::pin!(self.pages_of_runs(project, query));
        while let Some(page) = pages.try_next().await? {
            page.items.into_iter().for_each(&mut visit);
            // The count that came with the last page is of the same moment as that page.
            total = page.total;
        }
        Ok(total)
    }

    /// How many runs match.
    ///
    /// # Errors
    /// [`ErrorKind::ProjectNotFound`], and as every call.
    pub async fn run_count(&self, project: &ProjectPath, filter: &Filter) -> Result<u64, Error> {
        let operation = "count runs";
        let variables = json!({ "entity": project.entity, "project": project.project, "filters": filter.to_string() });
        let data: ProjectData<CountOfProject> = self.query(operation, documents::RUN_COUNT, variables).await?;
        Ok(found_project(operation, project, data)?.run_count)
    }

    /// One run with all of its fields.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`] when there is no such run or no such project, and as every call.
    pub async fn run(&self, path: &RunPath) -> Result<RunRecord, Error> {
        self.run_with(path, Detail::Full).await.map(|run| run.record)
    }

    /// One run with as many of its fields as are wanted.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_with(&self, path: &RunPath, detail: Detail) -> Result<ServiceRun, Error> {
        let document = match detail {
            Detail::Light => documents::LIGHT_RUN,
            Detail::Full => documents::RUN,
        };
        let wire: WireRun = self.query_run("read the run", document, path, json!({})).await?;
        service_run(&path.project_path(), wire).map_err(|kind| failed("read the run", kind))
    }

    fn pages_of_runs(
        &self,
        project: &ProjectPath,
        query: &RunsQuery,
    ) -> impl Stream<Item = Result<Page<ServiceRun>, Error>> + Send + use<> {
        let operation = "list runs";
        let (client, project) = (self.clone(), project.clone());
        let (filters, order) = (query.filter.to_string(), wire_order(&query.order));
        let per_page = Arc::new(AtomicU32::new(query.per_page.max(1)));
        let document = match query.detail {
            Detail::Light => documents::LIGHT_RUNS,
            Detail::Full => documents::RUNS,
        };
        pages(operation, move |cursor| {
            let (client, project, per_page) = (client.clone(), project.clone(), Arc::clone(&per_page));
            let (filters, order) = (filters.clone(), order.clone());
            async move {
                let full = per_page.load(AtomicOrdering::Relaxed);
                let variables = |failed: u32| {
                    let size = shrunk(full, failed);
                    per_page.store(size, AtomicOrdering::Relaxed);
                    json!({
                        "entity": project.entity, "project": project.project, "cursor": cursor,
                        "perPage": graphql_int(size.into()), "order": order, "filters": filters,
                    })
                };
                let data: ProjectData<RunsOfProject> = client.query_adapting(operation, document, variables).await?;
                let RunsOfProject { run_count, runs } = found_project(operation, &project, data)?;
                let page = Page::of_connection(runs, run_count).map_err(|kind| failed(operation, kind))?;
                let records = page.items.into_iter().map(|wire| service_run(&project, wire)).collect::<Result<_, _>>();
                Ok(Page { items: records.map_err(|kind| failed(operation, kind))?, next: page.next, total: page.total })
            }
        })
    }
}

/// The page size after so many failures: halved after every second one.
fn shrunk(per_page: u32, failed: u32) -> u32 {
    per_page.checked_shr(failed / 2).unwrap_or(0).max(SMALLEST_PAGE.min(per_page))
}

/// The order as the service documents it: `created_at` and `heartbeat_at`, which in filters are spelt `createdAt` and `heartbeatAt`.
fn wire_order(order: &Order) -> String {
    let spelt = |key: &str| match key.split_at_checked(1) {
        Some((sign, "createdAt")) => format!("{sign}created_at"),
        Some((sign, "heartbeatAt")) => format!("{sign}heartbeat_at"),
        _ => key.to_owned(),
    };
    order.to_string().split(',').map(spelt).collect::<Vec<_>>().join(",")
}

pub(crate) fn found_project<T>(operation: &'static str, project: &ProjectPath, data: ProjectData<T>) -> Result<T, Error> {
    data.project.ok_or_else(|| failed(operation, ErrorKind::ProjectNotFound { path: project.clone() }))
}

/// A failure after a good answer.
pub(crate) fn failed(operation: &'static str, kind: ErrorKind) -> Error {
    Error::new(operation, 1, std::time::Duration::ZERO, kind)
}

impl Client {
    /// Asks for something of one run. `more` are the variables besides the run's path.
    pub(crate) async fn query_run<T>(
        &self,
        operation: &'static str,
        document: &str,
        run: &RunPath,
        mut more: serde_json::Value,
    ) -> Result<T, Error>
    where
        T: serde::de::DeserializeOwned + Send,
    {
        more["entity"] = json!(run.entity);
        more["project"] = json!(run.project);
        more["run"] = json!(run.run_id);
        let data: ProjectData<RunOfProject<T>> = self.query(operation, document, more).await?;
        data.project.and_then(|project| project.run).ok_or_else(|| failed(operation, ErrorKind::RunNotFound { path: run.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_shrink_with_failures() {
        let sizes: Vec<u32> = (0..10).map(|failed| shrunk(100, failed)).collect();
        assert_eq!(sizes, [100, 100, 50, 50, 25, 25, 12, 12, 10, 10]);
        assert_eq!(shrunk(4, 99), 4);
    }

    #[test]
    fn orders_are_spelt_as_documented() {
        let order = |text: &str| wire_order(&Order::parse(text).unwrap());
        assert_eq!(order(""), "+created_at");
        assert_eq!(order("-heartbeatAt,+summary_metrics.acc"), "-heartbeat_at,+summary_metrics.acc");
    }
}
