//! One run as users meet it: its properties, and the ways to change it and to read its rows.

mod artifacts;
mod console;
mod exports;
mod files;
mod history;
mod page;
mod scan;
mod write;

use std::fmt;
use std::sync::Arc;

use runlake_fetch::{Detail, MadeRun, RunUpdate, ServiceRun, Sweep, wire_config};
use runlake_types::{HistoryKeys, Json, Object, RunPath, RunRecord, RunState, Timestamp};
use tokio::sync::OnceCell;

pub use console::ConsoleOptions;
pub use exports::HistoryExports;
pub use history::{HistoryOptions, HistoryStream};
pub use scan::{HistoryScan, ScanOptions};
pub use write::WaitOptions;

use crate::siblings::Siblings;
use crate::{Api, Error};

/// One run. What is set on it is kept here until [`Run::update`] writes it.
///
/// Of a run that comes from a lazy listing, config, summary, system metrics and history keys are fetched when one of them is first asked for,
/// together with those of the other runs of its page.
///
/// ```no_run
/// # async fn example(api: runlake::Api) -> Result<(), runlake::Error> {
/// let mut run = api.run("team/digits/r1").await?;
/// run.set_tags(["best", "v2"]);
/// run.config_mut().await?.insert("checked".to_owned(), true.into());
/// run.summary_mut().await?.insert("acc".to_owned(), 0.93.into());
/// run.update().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Run {
    // Large parts are boxed: runs are passed about by value, through futures that would grow by them.
    api: Api,
    /// The light part; what [`Details`] hold is empty in it.
    record: Box<RunRecord>,
    project_internal_id: Option<String>,
    details: OnceCell<Box<Details>>,
    /// Those that are loaded together with this run.
    siblings: Option<Arc<Siblings>>,
    sweep: OnceCell<Option<Box<Sweep>>>,
    metadata: OnceCell<Option<Object>>,
    edited: Box<Edited>,
}

/// The part of a run that may be large.
#[derive(Clone, Debug, Default)]
struct Details {
    config: Object,
    config_internal: Option<Json>,
    summary: Object,
    summary_internal: Option<Json>,
    system_metrics: Object,
    history_keys: Option<HistoryKeys>,
}

/// What was set and not written yet. The config and the summary are in [`Details`] as they are to be.
#[derive(Clone, Debug, Default)]
struct Edited {
    fields: RunUpdate,
    config: bool,
    summary: bool,
}

impl Run {
    pub(crate) fn from_light(api: Api, run: ServiceRun, siblings: Option<Arc<Siblings>>) -> Self {
        Self { project_internal_id: run.project_internal_id, ..Self::from_record(api, run.record, siblings) }
    }

    fn from_record(api: Api, record: RunRecord, siblings: Option<Arc<Siblings>>) -> Self {
        let (details, sweep, metadata) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { api, record: Box::new(record), project_internal_id: None, details, siblings, sweep, metadata, edited: Box::default() }
    }

    pub(crate) fn from_full(api: Api, mut run: ServiceRun) -> Self {
        let details = Details::split_off(&mut run);
        Self { details: OnceCell::new_with(Some(Box::new(details))), ..Self::from_light(api, run, None) }
    }

    /// A run that was made just now. One that was there before is loaded when more of it is asked for.
    pub(crate) fn made(api: Api, made: MadeRun) -> Self {
        let mut record = RunRecord::new(made.path, made.storage_id);
        record.state = made.state;
        let details = if made.inserted == Some(true) { OnceCell::new_with(Some(Box::default())) } else { OnceCell::new() };
        Self { details, ..Self::from_record(api, record, None) }
    }

    /// Where the run is.
    pub fn run_path(&self) -> &RunPath {
        &self.record.path
    }

    /// Entity, project and id, each percent-encoded.
    pub fn path(&self) -> [String; 3] {
        self.record.path.encoded_parts()
    }

    /// The run's id, the last part of its path.
    pub fn id(&self) -> &str {
        &self.record.path.run_id
    }

    /// The service's opaque id.
    pub fn storage_id(&self) -> &str {
        &self.record.storage_id
    }

    /// The name for people; [`set_name`](Self::set_name) changes it.
    pub fn name(&self) -> Option<&str> {
        self.edited.fields.display_name.as_deref().or(self.record.display_name.as_deref())
    }

    /// The user or team that the run belongs to.
    pub fn entity(&self) -> &str {
        &self.record.path.entity
    }

    /// The entity, under a name that the official client keeps for old programs.
    #[deprecated = "it is the entity and not a user: say `entity`, or `user` for who made the run"]
    pub fn username(&self) -> &str {
        self.entity()
    }

    /// The project's name.
    pub fn project(&self) -> &str {
        &self.record.path.project
    }

    /// The service's number for the project; `None` when it does not say.
    pub fn project_internal_id(&self) -> Option<i64> {
        self.project_internal_id.as_ref()?.parse().ok()
    }

    /// Where the run stood when it was fetched.
    pub fn state(&self) -> &RunState {
        &self.record.state
    }

    /// The tags, in the service's order.
    pub fn tags(&self) -> &[String] {
        self.edited.fields.tags.as_ref().unwrap_or(&self.record.tags)
    }

    /// The group that the run belongs to.
    pub fn group(&self) -> Option<&str> {
        shown(self.edited.fields.group.as_ref(), self.record.group.as_ref())
    }

    /// What the run does, such as `train`.
    pub fn job_type(&self) -> Option<&str> {
        shown(self.edited.fields.job_type.as_ref(), self.record.job_type.as_ref())
    }

    /// Notes for people.
    pub fn notes(&self) -> Option<&str> {
        shown(self.edited.fields.notes.as_ref(), self.record.notes.as_ref())
    }

    /// The description, which older clients use for notes.
    pub fn description(&self) -> Option<&str> {
        shown(self.edited.fields.description.as_ref(), self.record.description.as_ref())
    }

    /// When the run was made, UTC.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.record.created_at
    }

    /// When the run last sent anything, UTC.
    pub fn heartbeat_at(&self) -> Option<Timestamp> {
        self.record.heartbeat_at
    }

    /// The git commit.
    pub fn commit(&self) -> Option<&str> {
        self.record.commit.as_deref()
    }

    /// Who made the run.
    pub fn user(&self) -> Option<&str> {
        self.record.username.as_deref()
    }

    /// Whether the key may not change the run; `None` when the service does not say.
    pub fn read_only(&self) -> Option<bool> {
        self.record.read_only
    }

    /// How many history rows the service counts; `None` when it does not say.
    pub fn history_line_count(&self) -> Option<u64> {
        self.record.history_line_count
    }

    /// The id of the sweep that made the run.
    pub fn sweep_name(&self) -> Option<&str> {
        self.record.sweep_id.as_deref()
    }

    /// The sweep that made the run, fetched once; `None` for a run without one, and when the service does not keep it.
    ///
    /// # Errors
    /// As every call.
    pub async fn sweep(&self) -> Result<Option<&Sweep>, Error> {
        let Some(sweep_id) = self.sweep_name() else { return Ok(None) };
        let project = self.record.path.project_path();
        let fetch = async || self.api.client().sweep(&project, sweep_id).await.map(|sweep| sweep.map(Box::new));
        Ok(self.sweep.get_or_try_init(fetch).await?.as_deref())
    }

    /// The config as the user set it.
    ///
    /// # Errors
    /// When the run was deleted meanwhile ([`Error::is_not_found`]), and as every call.
    pub async fn config(&self) -> Result<&Object, Error> {
        Ok(&self.details().await?.config)
    }

    /// The config with what the client keeps in it under `_wandb`, without the wrappers of the wire.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn rawconfig(&self) -> Result<Object, Error> {
        let details = self.details().await?;
        let mut raw = details.config.clone();
        raw.extend(details.config_internal.clone().map(|internal| ("_wandb".to_owned(), internal)));
        Ok(raw)
    }

    /// The config as JSON text in the form of the wire, each value in a wrapper.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn json_config(&self) -> Result<String, Error> {
        let details = self.details().await?;
        Ok(wire_config(&details.config, details.config_internal.as_ref()))
    }

    /// The summary: a map of JSON values.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn summary(&self) -> Result<&Object, Error> {
        Ok(&self.details().await?.summary)
    }

    /// The summary with what the client keeps in it under `_wandb`.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn summary_metrics(&self) -> Result<Object, Error> {
        let details = self.details().await?;
        let mut raw = details.summary.clone();
        raw.extend(details.summary_internal.clone().map(|internal| ("_wandb".to_owned(), internal)));
        Ok(raw)
    }

    /// The latest value of each system metric.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn system_metrics(&self) -> Result<&Object, Error> {
        Ok(&self.details().await?.system_metrics)
    }

    /// The keys of the history with their types; `None` for a run without a history.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn history_keys(&self) -> Result<Option<&HistoryKeys>, Error> {
        Ok(self.details().await?.history_keys.as_ref())
    }

    /// The last step of the history as of now, asked for anew each time; `None` for a run without one, where the official client says -1.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn last_history_step(&self) -> Result<Option<i64>, Error> {
        Ok(self.api.client().history_keys(&self.record.path).await?.and_then(|keys| keys.last_step()))
    }

    /// What the run's machine was: the contents of `wandb-metadata.json`, fetched once; `None` for a run without it.
    ///
    /// # Errors
    /// When the file is no JSON object, and as every call.
    pub async fn metadata(&self) -> Result<Option<&Object>, Error> {
        let fetch = || self.api.client().run_metadata(&self.record.path);
        Ok(self.metadata.get_or_try_init(fetch).await?.as_ref())
    }

    /// Everything that the service says of the run, in one record. What was set and not written yet is not in it, config and summary aside.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn full_record(&self) -> Result<RunRecord, Error> {
        let mut record = (*self.record).clone();
        self.details().await?.clone().put_into(&mut record);
        Ok(record)
    }

    /// Fetches the run anew when `force` is set, or when nothing but its path is known. What was set and not written is lost by that.
    ///
    /// # Errors
    /// When the run was deleted meanwhile ([`Error::is_not_found`]), and as every call.
    pub async fn load(&mut self, force: bool) -> Result<(), Error> {
        let is_known = self.record.created_at.is_some() || self.details.initialized();
        if !force && is_known {
            return Ok(());
        }
        let detail = if self.details.initialized() { Detail::Full } else { Detail::Light };
        self.fetch(detail).await
    }

    /// Fetches config, summary and the like unless they are there, or anew when `force` is set. What was set and not written is lost by
    /// that.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub async fn load_full_data(&mut self, force: bool) -> Result<(), Error> {
        if force {
            return self.fetch(Detail::Full).await;
        }
        self.details().await.map(|_loaded| ())
    }

    async fn fetch(&mut self, detail: Detail) -> Result<(), Error> {
        let mut run = self.api.client().run_with(&self.record.path, detail).await?;
        self.api.forget(&run.record.path);
        self.details = match detail {
            Detail::Full => OnceCell::new_with(Some(Box::new(Details::split_off(&mut run)))),
            Detail::Light => OnceCell::new(),
        };
        self.siblings = None;
        *self.record = run.record;
        self.project_internal_id = run.project_internal_id;
        *self.edited = Edited::default();
        Ok(())
    }

    async fn details(&self) -> Result<&Details, Error> {
        let load = async || {
            let client = self.api.client();
            let loaded = match &self.siblings {
                Some(siblings) => siblings.take(client, self.id()).await,
                None => client.run_with(&self.record.path, Detail::Full).await,
            };
            loaded.map(|mut run| Box::new(Details::split_off(&mut run)))
        };
        Ok(self.details.get_or_try_init(load).await?)
    }

    async fn details_mut(&mut self) -> Result<&mut Details, Error> {
        self.details().await?;
        Ok(self.details.get_mut().expect("the details were just loaded"))
    }

    pub(crate) fn know_sweep(&mut self, sweep: Option<Sweep>) {
        self.sweep = OnceCell::new_with(Some(sweep.map(Box::new)));
    }
}

/// What was set, where an empty text clears, or else what was there.
fn shown<'a>(set: Option<&'a String>, there: Option<&'a String>) -> Option<&'a str> {
    set.or(there).map(String::as_str).filter(|text| !text.is_empty())
}

impl Details {
    /// Takes the large part out of a run.
    fn split_off(run: &mut ServiceRun) -> Self {
        let ServiceRun { record, summary_internal, .. } = run;
        Self {
            config: std::mem::take(&mut record.config),
            config_internal: record.config_internal.take(),
            summary: std::mem::take(&mut record.summary),
            summary_internal: summary_internal.take(),
            system_metrics: std::mem::take(&mut record.system_metrics),
            history_keys: record.history_keys.take(),
        }
    }

    fn put_into(self, record: &mut RunRecord) {
        let Self { config, config_internal, summary, system_metrics, history_keys, .. } = self;
        (record.config, record.config_internal) = (config, config_internal);
        (record.summary, record.system_metrics, record.history_keys) = (summary, system_metrics, history_keys);
    }
}

/// As the official client shows it: the path and the state.
impl fmt::Debug for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<Run {} ({})>", self.path().join("/"), self.state())
    }
}
