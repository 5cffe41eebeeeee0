//! A run: its latest state and the ways to its rows and files.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use bytes::Bytes;
use runlake_types::{Json, Object as JsonObject, RunPath, RunRecord, object_text};

use super::artifact::ArtifactConnection;
use super::file::{File, FileConnection, FileEdge, LogLine, LogLineConnection, LogLineEdge};
use super::project::Project;
use super::scalars::{DateTime, Int64, JsonString, JsonStrings, PlainJson};
use super::viewer::User;
use super::{PageInfo, Request, Result, int, page_size};
use crate::backend::{RowStream, blocking};
use crate::catalog::{self, CatalogRun};
use crate::console::{self, OUTPUT_FILE, Wanted};
use crate::cursor::{Cursor, listing_digest};
use crate::exports::{self, ExportKey};
use crate::files;
use crate::history::{self, Spec};
use crate::rows::Rows;
use crate::signing::Purpose;
use crate::splice::Text;
use crate::state::Role;

pub(super) struct Run {
    project: Arc<catalog::Project>,
    run: Arc<CatalogRun>,
}

/// The exported part of a history by URL, and what the live part holds.
#[derive(SimpleObject)]
struct ParquetHistory {
    parquet_urls: Vec<String>,
    /// A list of objects, one for each row that is not exported.
    live_data: PlainJson,
}

/// How many sampled rows are meant when the client does not say.
const DEFAULT_SAMPLES: usize = 500;

/// The most lines of one page of console output.
const MAX_LOG_LINES: usize = 10_000;

impl Run {
    pub(super) fn new(project: Arc<catalog::Project>, run: Arc<CatalogRun>) -> Self {
        Self { project, run }
    }

    fn record(&self) -> &RunRecord {
        &self.run.record
    }

    fn path(&self) -> &RunPath {
        &self.run.record.path
    }

    /// The last step that is stored or that the service spoke of; `None` when neither says.
    fn last_step(&self) -> Option<i64> {
        self.run.stored_through_step.max(self.record().last_step())
    }

    async fn rows(&self, context: &Context<'_>, which: RowStream) -> Result<Arc<Rows>> {
        Ok(Request::of(context).backend.rows(&self.run, which).await?)
    }

    /// How many of the first rows are exported.
    fn exported_rows(&self, context: &Context<'_>, rows: &Rows) -> usize {
        let policy = &Request::of(context).backend.options.exports;
        policy.runs.exported_rows(&self.record().state, rows.len())
    }

    async fn output_log(&self, context: &Context<'_>) -> Result<Option<crate::SourceFile>> {
        let files = Request::of(context).backend.files(self.path()).await?;
        Ok(files.into_iter().find(|file| file.name == OUTPUT_FILE))
    }
}

#[Object]
impl Run {
    /// The storage id.
    async fn id(&self) -> ID {
        ID::from(&self.record().storage_id)
    }

    /// The number of the run's project, as a string.
    async fn project_id(&self) -> ID {
        ID::from(self.project.internal_id())
    }

    async fn project(&self) -> Project {
        Project::new(Arc::clone(&self.project))
    }

    /// The run id.
    async fn name(&self) -> &str {
        &self.path().run_id
    }

    async fn display_name(&self) -> Option<&str> {
        self.record().display_name.as_deref()
    }

    async fn description(&self) -> Option<&str> {
        self.record().description.as_deref()
    }

    async fn notes(&self) -> Option<&str> {
        self.record().notes.as_deref()
    }

    async fn tags(&self) -> &[String] {
        &self.record().tags
    }

    async fn state(&self) -> &str {
        self.record().state.as_str()
    }

    async fn group(&self) -> Option<&str> {
        self.record().group.as_deref()
    }

    async fn job_type(&self) -> Option<&str> {
        self.record().job_type.as_deref()
    }

    async fn commit(&self) -> Option<&str> {
        self.record().commit.as_deref()
    }

    /// A lake does not keep it.
    async fn host(&self) -> Option<&str> {
        self.run.host.as_deref()
    }

    /// That of a backend that only reads, or else what the lake has from the service, so that an export of a lake gives the same lake.
    async fn read_only(&self, context: &Context<'_>) -> Option<bool> {
        Request::of(context).backend.options.read_only.then_some(true).or(self.record().read_only)
    }

    /// Whether the run was asked to stop, which its process looks at from time to time.
    async fn stopped(&self) -> Option<bool> {
        Some(self.run.is_stopped)
    }

    async fn sweep_name(&self) -> Option<&str> {
        self.record().sweep_id.as_deref()
    }

    async fn created_at(&self) -> Option<DateTime> {
        self.record().created_at.map(DateTime)
    }

    async fn heartbeat_at(&self) -> Option<DateTime> {
        self.record().heartbeat_at.map(DateTime)
    }

    async fn updated_at(&self) -> Option<DateTime> {
        self.record().heartbeat_at.map(DateTime)
    }

    async fn user(&self) -> User {
        User::of_run(self.record().username.as_deref())
    }

    /// Each value in a wrapper, `_wandb` among them.
    async fn config(&self) -> JsonString {
        JsonString(wire_config(self.record()))
    }

    async fn summary_metrics(&self) -> JsonString {
        JsonString(object_text(&self.record().summary))
    }

    async fn system_metrics(&self) -> JsonString {
        JsonString(object_text(&self.record().system_metrics))
    }

    /// Null for a run without a history. `lastStep` is an integer always: the SDK stops at it.
    async fn history_keys(&self, context: &Context<'_>) -> Result<Option<PlainJson>> {
        let mut keys = match (&self.record().history_keys, self.record().history_line_count) {
            (Some(keys), _) => keys.to_object(),
            (None, Some(0)) => return Ok(None),
            (None, _) => {
                let rows = self.rows(context, RowStream::History).await?;
                match blocking(move || history::history_keys(&rows)).await? {
                    Some(keys) => keys.to_object(),
                    None => return Ok(None),
                }
            }
        };
        if let Some(last_step) = self.last_step() {
            keys.insert("lastStep".to_owned(), Json::from(last_step));
        }
        Ok(Some(PlainJson::from_text(object_text(&keys))))
    }

    async fn history_line_count(&self) -> Option<i32> {
        self.record().history_line_count.map(|count| i32::try_from(count).unwrap_or(i32::MAX))
    }

    async fn events_line_count(&self, context: &Context<'_>) -> Result<Option<i32>> {
        Ok(Some(int(self.rows(context, RowStream::Events).await?.len())))
    }

    /// The rows as JSON strings: those from `minStep` on and before `maxStep`, or `samples` of them when there are more.
    async fn history(
        &self,
        context: &Context<'_>,
        min_step: Option<Int64>,
        max_step: Option<Int64>,
        samples: Option<i32>,
    ) -> Result<Option<JsonStrings>> {
        let backend = &Request::of(context).backend;
        let rows = self.rows(context, RowStream::History).await?;
        let mut window = rows.between_steps(min_step.map(|step| step.0), max_step.map(|step| step.0));
        if max_step.is_some() && !backend.options.history_includes_exported {
            window.start = window.start.max(self.exported_rows(context, &rows)).min(window.end);
        }
        let (samples, limits) = (samples.map(|samples| usize::try_from(samples).unwrap_or(0)), backend.limits());
        let page = blocking(move || history::page(&rows, window, samples, limits)).await?;
        Ok(Some(JsonStrings::spliced(Request::of(context), page)))
    }

    /// For each spec the rows that hold all its keys, sampled.
    async fn sampled_history(&self, context: &Context<'_>, specs: Vec<JsonString>) -> Result<Vec<PlainJson>> {
        let backend = &Request::of(context).backend;
        let specs = specs.iter().map(|spec| Spec::parse(&spec.0)).collect::<std::result::Result<Vec<_>, _>>()?;
        let rows = self.rows(context, RowStream::History).await?;
        let first_served = if backend.options.history_includes_exported { 0 } else { self.exported_rows(context, &rows) };
        let samples = specs.into_iter().map(|spec| {
            let mut window = rows.between_steps(spec.min_step, spec.end_step);
            if spec.end_step.is_some() {
                window.start = window.start.max(first_served).min(window.end);
            }
            backend.samples(&self.run, Arc::clone(&rows), window, spec)
        });
        let samples = futures::future::try_join_all(samples).await?;
        let spliced = |sample: Arc<Bytes>| PlainJson::spliced(Request::of(context), Text::Bytes(Bytes::clone(&sample)));
        Ok(samples.into_iter().map(spliced).collect())
    }

    /// The system metrics as JSON strings.
    async fn events(&self, context: &Context<'_>, samples: Option<i32>) -> Result<Option<JsonStrings>> {
        let rows = self.rows(context, RowStream::Events).await?;
        let samples = samples.map_or(DEFAULT_SAMPLES, |samples| usize::try_from(samples).unwrap_or(0));
        let limits = Request::of(context).backend.limits();
        let page = blocking(move || history::page(&rows, 0..rows.len(), Some(samples), limits)).await?;
        Ok(Some(JsonStrings::spliced(Request::of(context), page)))
    }

    async fn parquet_history(&self, context: &Context<'_>, live_keys: Vec<String>) -> Result<ParquetHistory> {
        let request = Request::of(context);
        let rows = self.rows(context, RowStream::History).await?;
        let files = exports::plan(&request.backend.options.exports, &self.record().state, rows.len());
        let live = files.last().map_or(0, |last| last.end)..rows.len();
        let url_of = |rows| {
            let key = ExportKey { run: self.path().clone(), revision: self.run.revision, rows };
            request.signed_url(Purpose::Read, &key.url_path())
        };
        let parquet_urls = files.into_iter().map(url_of).collect();
        let limits = request.backend.limits();
        let live_data = blocking(move || history::live_data(&rows, live, &live_keys, limits)).await?;
        Ok(ParquetHistory { parquet_urls, live_data: PlainJson::from_text(live_data) })
    }

    /// Of all files, whatever a listing asks for.
    async fn file_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(Request::of(context).backend.files(self.path()).await?.len()))
    }

    async fn files(
        &self,
        context: &Context<'_>,
        names: Option<Vec<Option<String>>>,
        after: Option<String>,
        first: Option<i32>,
        pattern: Option<String>,
    ) -> Result<Option<FileConnection>> {
        let names: Vec<String> = names.into_iter().flatten().flatten().collect();
        let all = Request::of(context).backend.files(self.path()).await?;
        let first = page_size(first).min(catalog::MAX_PAGE_RUNS);
        let page = files::page(all, self.path(), &names, pattern.as_deref(), first, after.as_deref())?;
        let with_run = |(file, cursor)| FileEdge { node: File::of_run(self.path(), file), cursor };
        let edges: Vec<FileEdge> = page.files.into_iter().map(with_run).collect();
        let end_cursor = edges.last().map(|edge| edge.cursor.clone());
        Ok(Some(FileConnection { edges, page_info: PageInfo { end_cursor, has_next_page: page.has_next }, total_count: None }))
    }

    async fn log_line_count(&self, context: &Context<'_>) -> Result<Option<i32>> {
        match self.output_log(context).await? {
            Some(file) => Ok(Some(int(blocking(move || console::count(&file.path)).await?))),
            None => Ok(Some(0)),
        }
    }

    async fn log_lines(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        last: Option<i32>,
        after: Option<String>,
        #[graphql(name = "useImprovedPagination")] _improved: Option<bool>,
    ) -> Result<Option<LogLineConnection>> {
        let Some(file) = self.output_log(context).await? else { return Ok(Some(LogLineConnection::default())) };
        let digest = listing_digest(&["log", &self.path().to_string()]);
        let wanted = if let Some(last) = last {
            Wanted::Last(usize::try_from(last).unwrap_or(0).min(MAX_LOG_LINES))
        } else {
            let from = after.map(|after| Cursor::parse(&after, &digest)).transpose()?.map_or(0, |after| after.index + 1);
            Wanted::Numbers { from, most: first.map_or(MAX_LOG_LINES, |_| page_size(first)).min(MAX_LOG_LINES) }
        };
        let lines = blocking(move || console::read(&file.path, wanted)).await?;
        let has_next_page = lines.first + lines.texts.len() < lines.total && !lines.texts.is_empty();
        let edge = |(number, line)| LogLineEdge {
            node: LogLine { number: int(number), timestamp: None, level: None, label: None, line },
            cursor: Cursor::new(&digest, "", number).to_text(),
        };
        let edges: Vec<LogLineEdge> = (lines.first..).zip(lines.texts).map(edge).collect();
        let end_cursor = edges.last().map(|edge| edge.cursor.clone());
        Ok(Some(LogLineConnection { edges, page_info: PageInfo { end_cursor, has_next_page } }))
    }

    async fn output_artifacts(&self, context: &Context<'_>, after: Option<String>, first: Option<i32>) -> Result<ArtifactConnection> {
        self.artifacts(context, Role::Output, first, after.as_deref()).await
    }

    async fn input_artifacts(&self, context: &Context<'_>, after: Option<String>, first: Option<i32>) -> Result<ArtifactConnection> {
        self.artifacts(context, Role::Input, first, after.as_deref()).await
    }
}

impl Run {
    async fn artifacts(&self, context: &Context<'_>, role: Role, first: Option<i32>, after: Option<&str>) -> Result<ArtifactConnection> {
        let artifacts = Request::of(context).backend.state.artifacts_of_run(self.path(), role).await?;
        let listing = [if role == Role::Output { "output artifacts" } else { "input artifacts" }, &self.path().to_string()];
        ArtifactConnection::page(artifacts, &listing, first, after)
    }
}

/// The config as the wire has it: `{"lr": {"desc": null, "value": 0.1}}`.
fn wire_config(record: &RunRecord) -> String {
    let wrapped = |value: &Json| Json::Object(JsonObject::from([("desc".to_owned(), Json::Null), ("value".to_owned(), value.clone())]));
    let mut config: JsonObject = record.config.iter().map(|(key, value)| (key.clone(), wrapped(value))).collect();
    if let Some(internal) = &record.config_internal {
        config.insert("_wandb".to_owned(), wrapped(internal));
    }
    object_text(&config)
}
