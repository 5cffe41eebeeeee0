//! The way in: a server, a key, and the runs and projects behind them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runlake_fetch::{Client, Detail, Environment, NewRun, Project, RunsQuery, Sweep, Viewer};
use runlake_types::{Filter, Order, PathDefaults, ProjectPath, RunPath};
use tokio::sync::OnceCell;

use crate::{Error, Run, Runs};

/// The project of paths that name none, as in the official client.
const DEFAULT_PROJECT: &str = "uncategorized";

/// A W&B server as seen with one key. Cloning is cheap, and clones share what was fetched.
///
/// Runs and listings that were asked for once are given back as they were then; [`Api::flush`] forgets them. What is changed through a
/// [`Run`] is forgotten by itself.
///
/// ```no_run
/// # async fn example() -> Result<(), runlake::Error> {
/// use runlake::{Api, RunsOptions};
///
/// let api = Api::from_environment()?;
/// let runs = api.runs("team/digits", RunsOptions::default()).await?;
/// println!("{} runs", runs.len().await?);
/// for run in runs.all().await? {
///     println!("{}: {:?}", run.id(), run.summary().await?.get("val/acc"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Api(Arc<Shared>);

struct Shared {
    client: Client,
    viewer: OnceCell<Viewer>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    runs: HashMap<RunPath, Run>,
    listings: HashMap<(ProjectPath, String), Runs>,
    projects: HashMap<String, Vec<Project>>,
}

/// Which runs to list, and how.
#[derive(Clone, Debug)]
pub struct RunsOptions {
    /// The runs to list. Default: all.
    pub filter: Filter,
    /// Their order. Default: by creation, the oldest first.
    pub order: Order,
    /// Runs per request. Default: 50.
    pub per_page: u32,
    /// Whether each run's sweep is fetched with it. Default: no.
    pub include_sweeps: bool,
    /// Whether config, summary and the like are fetched only when they are asked for, then for a page of runs at once. Default: yes.
    pub lazy: bool,
}

impl Default for RunsOptions {
    fn default() -> Self {
        Self { filter: Filter::everything(), order: Order::default(), per_page: 50, include_sweeps: false, lazy: true }
    }
}

/// What a path leads to: [`Api::from_path`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Place {
    /// A project.
    Project(Project),
    /// A run.
    Run(Box<Run>),
    /// A sweep.
    Sweep(Box<Sweep>),
}

impl Api {
    /// The server and key that the usual variables and files name: `WANDB_BASE_URL`, `WANDB_API_KEY`, netrc, the settings files.
    ///
    /// # Errors
    /// When there is no key, or a file cannot be read. Nothing is sent.
    pub fn from_environment() -> Result<Self, Error> {
        Ok(Self::new(runlake_fetch::ClientBuilder::from_environment(&Environment::from_process()).build()?))
    }

    /// A server and key given outright. Defaults of paths still come from the environment.
    ///
    /// # Errors
    /// When the address or the key cannot be one. Nothing is sent.
    pub fn connect(base_url: &str, api_key: runlake_fetch::SecretString) -> Result<Self, Error> {
        let builder = runlake_fetch::ClientBuilder::from_environment(&Environment::from_process());
        Ok(Self::new(builder.with_base_url(base_url).with_api_key(api_key).build()?))
    }

    /// The API over a client that was built elsewhere.
    pub fn new(client: Client) -> Self {
        Self(Arc::new(Shared { client, viewer: OnceCell::new(), cache: Mutex::default() }))
    }

    /// The client, for calls that the objects here do not have.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The owner of the key, asked for once.
    ///
    /// # Errors
    /// As every call; an unknown key is [`runlake_fetch::ErrorKind::Unauthenticated`].
    pub async fn viewer(&self) -> Result<&Viewer, Error> {
        Ok(self.0.viewer.get_or_try_init(|| self.0.client.viewer()).await?)
    }

    /// The entity of what names none: that of `WANDB_ENTITY` or a settings file, or else the viewer's own. `None` when there is none.
    ///
    /// # Errors
    /// As [`viewer`](Self::viewer).
    pub async fn default_entity(&self) -> Result<Option<&str>, Error> {
        match self.0.client.default_entity() {
            Some(entity) => Ok(Some(entity)),
            None => Ok(self.viewer().await?.entity.as_deref()),
        }
    }

    /// The address of the server's pages for people, without a slash at the end: `https://wandb.ai` for `https://api.wandb.ai`, `app.` for
    /// other hosts that begin with `api.`, and otherwise the API's own.
    ///
    /// The rule is the official client's: <https://github.com/wandb/wandb/blob/main/wandb/util.py> (`api_to_app_url`).
    pub fn pages_url(&self) -> String {
        let base_url = self.0.client.base_url().as_str().trim_end_matches('/');
        if base_url.contains("://api.wandb.") && !base_url.contains("://api.wandb.test") {
            base_url.replacen("://api.", "://", 1)
        } else {
            base_url.replacen("://api.", "://app.", 1)
        }
    }

    /// The runs of a project: `entity/project`, `project`, the address of a page, or an empty text for the default project. Nothing is
    /// asked for before the runs are.
    ///
    /// # Errors
    /// When the path is not one, or leaves out the entity and there is no default.
    pub async fn runs(&self, path: &str, options: RunsOptions) -> Result<Runs, Error> {
        let path = self.project_path(path).await?;
        let key = format!("{} {} {}", options.filter, options.order, options.include_sweeps);
        let known = self.cache().listings.get(&(path.clone(), key.clone())).cloned();
        if let Some(known) = known {
            if !options.lazy {
                known.upgrade_to_full().await?;
            }
            return Ok(known);
        }
        let runs = Runs::new(self.clone(), path.clone(), options);
        self.cache().listings.insert((path, key), runs.clone());
        Ok(runs)
    }

    /// A run with all of its fields: `entity/project/run_id`, with `runs/` or a colon before the id, the address of its page, or
    /// `project/run_id` and `run_id` where there are defaults.
    ///
    /// # Errors
    /// When the path is not one, or there is no such run ([`Error::is_not_found`]).
    pub async fn run(&self, path: &str) -> Result<Run, Error> {
        let path = self.run_path(path).await?;
        if let Some(run) = self.cache().runs.get(&path) {
            return Ok(run.clone());
        }
        let run = Run::from_full(self.clone(), self.0.client.run_with(&path, Detail::Full).await?);
        self.cache().runs.insert(path, run.clone());
        Ok(run)
    }

    /// Makes a run. The entity is the default one when none is given, and the project `WANDB_PROJECT`'s or `uncategorized`.
    ///
    /// # Errors
    /// As [`Client::create_run`].
    pub async fn create_run(&self, mut new: NewRun) -> Result<Run, Error> {
        if new.entity.is_none() {
            new.entity = self.default_entity().await?.map(str::to_owned);
        }
        if new.project.is_none() {
            new.project = Some(self.0.client.default_project().unwrap_or(DEFAULT_PROJECT).to_owned());
        }
        let made = self.0.client.create_run(new).await?;
        self.forget(&made.path);
        Ok(Run::made(self.clone(), made))
    }

    /// The projects of an entity, or of the default one, in the service's order.
    ///
    /// # Errors
    /// When no entity is given and there is no default, and as every call.
    pub async fn projects(&self, entity: Option<&str>) -> Result<Vec<Project>, Error> {
        let entity = match entity {
            Some(entity) => entity.to_owned(),
            None => self.needed_entity().await?,
        };
        if let Some(known) = self.cache().projects.get(&entity) {
            return Ok(known.clone());
        }
        let projects = self.0.client.projects(&entity).await?;
        self.cache().projects.insert(entity, projects.clone());
        Ok(projects)
    }

    /// One project, by the same paths as [`runs`](Self::runs).
    ///
    /// # Errors
    /// When the path is not one, or there is no such project ([`Error::is_not_found`]).
    pub async fn project(&self, path: &str) -> Result<Project, Error> {
        Ok(self.0.client.project(&self.project_path(path).await?).await?)
    }

    /// Makes a project; one that is there is given back.
    ///
    /// # Errors
    /// As [`Client::create_project`].
    pub async fn create_project(&self, path: &str) -> Result<Project, Error> {
        let path = self.project_path(path).await?;
        let project = self.0.client.create_project(&path).await?;
        self.cache().projects.remove(&path.entity);
        Ok(project)
    }

    /// What a path leads to: a project (`project`, `entity/project`), a run (`entity/project/run_id`, `entity/project/runs/run_id`) or a
    /// sweep (`entity/project/sweeps/sweep_id`).
    ///
    /// # Errors
    /// When it leads nowhere, or to a report, which this library does not read.
    pub async fn from_path(&self, path: &str) -> Result<Place, Error> {
        let parts: Vec<&str> = path.trim_matches(['/', ' ']).split('/').collect();
        match parts.as_slice() {
            [_] | [_, _] => Ok(Place::Project(self.project(path.trim_matches(['/', ' '])).await?)),
            [entity, project, kind, sweep_id] if kind.starts_with("sweep") => {
                let project = ProjectPath::new(*entity, *project);
                let sweep = self.0.client.sweep(&project, sweep_id).await?;
                let missing = || Error::invalid(format!("there is no sweep `{sweep_id}` in {project}"));
                Ok(Place::Sweep(Box::new(sweep.ok_or_else(missing)?)))
            }
            [_, _, kind, _] if kind.starts_with("report") => Err(Error::invalid("reports are not read by this library")),
            _ => Ok(Place::Run(Box::new(self.run(path).await?))),
        }
    }

    /// Forgets runs, listings and projects that were fetched, so that they are asked for anew.
    pub fn flush(&self) {
        *self.cache() = Cache::default();
    }

    /// The whole path of a run, with what it leaves out taken from the defaults.
    ///
    /// # Errors
    /// When it is not one, or leaves out what has no default.
    pub async fn run_path(&self, path: &str) -> Result<RunPath, Error> {
        let project = self.0.client.default_project();
        // The viewer is asked only when the path needs them.
        let given = PathDefaults { entity: self.0.client.default_entity(), project };
        match RunPath::parse_with(path, given) {
            Err(error) if is_without_entity(&error) => {
                Ok(RunPath::parse_with(path, PathDefaults { entity: self.default_entity().await?, project })?)
            }
            parsed => Ok(parsed?),
        }
    }

    /// The whole path of a project, with what it leaves out taken from the defaults.
    ///
    /// # Errors
    /// When it is not one, or leaves out the entity and there is no default.
    pub async fn project_path(&self, path: &str) -> Result<ProjectPath, Error> {
        let project = Some(self.0.client.default_project().unwrap_or(DEFAULT_PROJECT));
        let given = PathDefaults { entity: self.0.client.default_entity(), project };
        match ProjectPath::parse_with(path, given) {
            Err(error) if is_without_entity(&error) => {
                Ok(ProjectPath::parse_with(path, PathDefaults { entity: self.default_entity().await?, project })?)
            }
            parsed => Ok(parsed?),
        }
    }

    async fn needed_entity(&self) -> Result<String, Error> {
        let entity = self.default_entity().await?.map(str::to_owned);
        entity.ok_or_else(|| Error::invalid("no entity was given, and there is no default: set WANDB_ENTITY"))
    }

    /// Forgets what a change has made stale.
    pub(crate) fn forget(&self, path: &RunPath) {
        let mut cache = self.cache();
        cache.runs.remove(path);
        let project = path.project_path();
        cache.listings.retain(|(listed, _), _| *listed != project);
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_without_entity(error: &runlake_types::Error) -> bool {
    matches!(error.kind(), runlake_types::ErrorKind::PathPart { what: "entity", .. })
}

impl RunsOptions {
    /// The same as the client takes it.
    pub(crate) fn query(&self, detail: Detail) -> RunsQuery {
        RunsQuery { filter: self.filter.clone(), order: self.order.clone(), per_page: self.per_page, detail }
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Api").field("client", &self.0.client).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_beside_the_api() {
        for (api, pages) in [
            ("https://api.wandb.ai", "https://wandb.ai"),
            ("https://api.wandb.test/", "https://app.wandb.test"),
            ("https://api.example.org/prefix", "https://app.example.org/prefix"),
            ("http://localhost:8080", "http://localhost:8080"),
        ] {
            assert_eq!(Api::connect(api, "k".repeat(40).into()).unwrap().pages_url(), pages);
        }
    }
}
