//! Opening, making and reading a lake.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use runlake_ingest::KindPlan;
use runlake_ingest::schema::{RESCUED, RUNTIME, STEP, TIMESTAMP};
use runlake_types::{ColumnSet, ProjectPath, RunPath, near_names};

use crate::footers::Footers;
use crate::long_rows::long_fields;
use crate::part_file::{PartFile, RUN_ID, run_ids, store_error};
use crate::reader::{first_step_of, read_columns, read_run};
use crate::runs_table::RUNS_SCHEMA;
use crate::table::{Table, TableName, join};
use crate::{Error, ErrorKind, LakeWriter, Location, StoredRun};

/// The version of the layout that this crate reads and writes, kept in `runlake.json`.
pub const FORMAT_VERSION: u32 = 1;

const MARKER: &str = "runlake.json";

/// A lake. Cheap to clone; every call reads the newest version, save for those of [`Lake::pinned`].
#[derive(Clone, Debug)]
pub struct Lake {
    location: Arc<Location>,
    /// Tables at the versions at which they are read.
    pinned: Vec<Table>,
    /// Tables that were opened before. Looking for newer commits costs a listing; opening a table anew costs reading its whole log.
    opened: Arc<Mutex<Vec<Table>>>,
    footers: Arc<Footers>,
}

impl Lake {
    /// Opens the lake at `location`.
    ///
    /// # Errors
    /// [`ErrorKind::NoLake`] when there is none, [`ErrorKind::FormatVersion`] when another version of runlake wrote it.
    pub async fn open(location: Location) -> Result<Self, Error> {
        let (store, path) = location.store()?;
        let marker = join(&path, MARKER);
        let bytes = match store.get(&marker).await {
            Ok(found) => found.bytes().await.map_err(|source| store_error(&location.shown(MARKER), "read", source))?,
            Err(object_store::Error::NotFound { .. }) => return Err(ErrorKind::NoLake { location: location.to_string() }.into()),
            Err(source) => return Err(store_error(&location.shown(MARKER), "read", source)),
        };
        let parsed: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
        let found = parsed.as_ref().and_then(|marker| marker.get("format_version"));
        if found.and_then(serde_json::Value::as_u64) != Some(u64::from(FORMAT_VERSION)) {
            let found = found.map_or_else(|| "no".to_owned(), ToString::to_string);
            return Err(ErrorKind::FormatVersion { location: location.to_string(), found, supported: FORMAT_VERSION }.into());
        }
        Ok(Self { location: Arc::new(location), pinned: Vec::new(), opened: Arc::default(), footers: Arc::default() })
    }

    /// Opens the lake at `location`, or makes one where nothing is.
    ///
    /// # Errors
    /// [`ErrorKind::NotALake`] when something else is there; otherwise as [`Lake::open`].
    pub async fn open_or_create(location: Location) -> Result<Self, Error> {
        match Self::open(location.clone()).await {
            Err(error) if matches!(error.kind(), ErrorKind::NoLake { .. }) => {}
            opened => return opened,
        }
        let (store, path) = location.store()?;
        let is_table = |found: &ObjectPath| {
            found
                .prefix_match(&path)
                .and_then(|mut rest| rest.next().map(|part| TableName::ALWAYS.iter().any(|table| part.as_ref() == table.as_str())))
        };
        if let Some(first) = store.list(Some(&path)).try_next().await.map_err(|source| store_error(path.as_ref(), "listed", source))? {
            // A creation that was cut off leaves tables without the marker: it is carried on.
            if is_table(&first.location) != Some(true) {
                return Err(ErrorKind::NotALake { location: location.to_string() }.into());
            }
        }
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let seconds = |name: &str| Field::new(name, DataType::Float64, true);
        let run_id = || Field::new(RUN_ID, DataType::Utf8, false);
        let runs: Vec<Field> = RUNS_SCHEMA.fields().iter().map(|field| field.as_ref().clone()).collect();
        Table::create(&location, TableName::Runs, &runs).await?;
        let history = [run_id(), Field::new(STEP, DataType::Int64, false), seconds(TIMESTAMP), seconds(RUNTIME), text(RESCUED)];
        Table::create(&location, TableName::Histories, &history).await?;
        Table::create(&location, TableName::SystemMetrics, &[run_id(), seconds(TIMESTAMP), seconds(RUNTIME)]).await?;
        // Last, so that a lake with a marker is whole.
        let (marker, shown) = (join(&path, MARKER), location.shown(MARKER));
        let text = format!("{{\"format_version\": {FORMAT_VERSION}}}\n");
        match store.put_opts(&marker, PutPayload::from(text.into_bytes()), PutMode::Create.into()).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Self::open(location).await,
            Err(source) => Err(store_error(&shown, "written", source)),
        }
    }

    /// Where the lake lies.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The lake as it is now: of these tables, whatever is committed later does not show. A question that looks at one several times, or at
    /// several, is answered from one state, in which the rows of every run are there. [`TableName::Runs`] belongs first.
    ///
    /// # Errors
    /// When a Delta log cannot be read.
    pub async fn pinned(&self, tables: &[TableName]) -> Result<Self, Error> {
        // Side by side, since a log takes long to read for the first time, and each to its end, whatever becomes of the other: the kernel
        // panics on a thread of its own when a log is given up and the runtime ends.
        let known = tables.iter().map(|name| {
            let (lake, name) = (self.clone(), *name);
            tokio::spawn(async move { lake.known_table(name).await })
        });
        let known = futures::future::join_all(known).await;
        let mut pinned = self.pinned.clone();
        for (name, known) in tables.iter().zip(known) {
            let (table, is_newest) = known.map_err(|stopped| Error::stopped(&stopped))??;
            if pinned.iter().any(|table| table.name() == *name) {
                continue;
            }
            // One after the other, since rows are committed before their runs: whoever looks later sees the rows of all runs. Only the first
            // is late enough as it was read just now.
            let is_late_enough = is_newest && pinned.is_empty();
            pinned.push(if is_late_enough { table } else { self.table(*name).await? });
        }
        Ok(Self { pinned, ..self.clone() })
    }

    pub(crate) fn footers(&self) -> &Arc<Footers> {
        &self.footers
    }

    /// A number that grows with every commit to any table.
    ///
    /// # Errors
    /// When a Delta log cannot be read.
    pub async fn version(&self) -> Result<u64, Error> {
        let mut version = 0;
        for name in self.table_names().await? {
            version += self.table(name).await?.version();
        }
        Ok(version)
    }

    /// The projects that have runs in the lake, in order.
    ///
    /// # Errors
    /// When a Delta log cannot be read.
    pub async fn projects(&self) -> Result<Vec<ProjectPath>, Error> {
        let files = self.table(TableName::Runs).await?.part_files(None)?;
        Ok(files.into_iter().map(|file| file.project).collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// The runs of a project, by run id. Empty for a project that the lake does not hold.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn runs(&self, project: &ProjectPath) -> Result<Vec<StoredRun>, Error> {
        self.read_runs(project).await
    }

    /// Those of the runs with these ids that the project has, by run id. The records of others are not parsed.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn runs_by_id(&self, project: &ProjectPath, run_ids: &BTreeSet<String>) -> Result<Vec<StoredRun>, Error> {
        let mut runs = Vec::new();
        self.visit_runs_of(project, Some(run_ids), |run| runs.push(run)).await?;
        runs.sort_by(|a, b| a.record.path.run_id.cmp(&b.record.path.run_id));
        Ok(runs)
    }

    /// One run.
    ///
    /// # Errors
    /// [`ErrorKind::ProjectNotFound`] or [`ErrorKind::RunNotFound`] with what the lake does hold.
    pub async fn run(&self, path: &RunPath) -> Result<StoredRun, Error> {
        let project = path.project_path();
        let runs = self.runs(&project).await?;
        if runs.is_empty() {
            return Err(self.project_not_found(&project).await?);
        }
        let near =
            near_names(&path.run_id, runs.iter().map(|run| run.record.path.run_id.as_str())).into_iter().map(str::to_owned).collect();
        runs.into_iter().find(|run| run.record.path == *path).ok_or_else(|| ErrorKind::RunNotFound { run: path.to_string(), near }.into())
    }

    /// The error that a project is not there, naming those that are.
    ///
    /// # Errors
    /// When the projects cannot be listed.
    pub async fn project_not_found(&self, project: &ProjectPath) -> Result<Error, Error> {
        let known = self.projects().await?.iter().map(ToString::to_string).collect();
        Ok(ErrorKind::ProjectNotFound { project: project.to_string(), known }.into())
    }

    /// The history of a run: `_step` int64, `_timestamp` and `_runtime` float64, the metrics, `_rescued_data`, ascending by `_step`. Columns
    /// may differ between batches, and metrics that the run does not have may be among them, all null.
    ///
    /// # Errors
    /// When the table cannot be read. A run that the lake does not hold has no rows.
    pub async fn history(&self, run: &RunPath) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
        self.read_rows(TableName::Histories, run, None).await
    }

    /// The rows of [`Lake::history`] from a step on.
    ///
    /// # Errors
    /// As [`Lake::history`].
    pub async fn history_from(&self, run: &RunPath, min_step: i64) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
        self.read_rows(TableName::Histories, run, Some(min_step)).await
    }

    /// The history of a run in the long form, a row for each value: `_step` int64, `_timestamp` float64, `key`, `kind`, `number` float64 and
    /// `text`, in the order of step and key. Empty when the lake does not have that form.
    ///
    /// # Errors
    /// As [`Lake::history`].
    pub async fn history_in_long_form(&self, run: &RunPath) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
        if Table::exists(&self.location, TableName::HistoriesLong).await? {
            self.read_rows(TableName::HistoriesLong, run, None).await
        } else {
            Ok(futures::stream::empty().boxed())
        }
    }

    /// The events stream of a run: `_timestamp` and `_runtime` float64, `system.*` float64, in the order logged.
    ///
    /// # Errors
    /// As [`Lake::history`].
    pub async fn system_metrics(&self, run: &RunPath) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
        self.read_rows(TableName::SystemMetrics, run, None).await
    }

    /// The metric columns of the histories, in table order.
    ///
    /// # Errors
    /// When the Delta log cannot be read.
    pub async fn metric_columns(&self) -> Result<ColumnSet, Error> {
        Ok(self.table(TableName::Histories).await?.metric_columns())
    }

    /// The columns of the events streams, in table order: numbers, named as they were logged.
    ///
    /// # Errors
    /// When the Delta log cannot be read.
    pub async fn system_metric_columns(&self) -> Result<ColumnSet, Error> {
        Ok(self.table(TableName::SystemMetrics).await?.metric_columns())
    }

    /// The addresses of the histories' part files of a project, for engines that read Parquet themselves.
    ///
    /// # Errors
    /// When the Delta log cannot be read.
    pub async fn history_files(&self, project: &ProjectPath) -> Result<Vec<String>, Error> {
        let files = self.table(TableName::Histories).await?.part_files(Some(project))?;
        Ok(files.iter().map(|file| self.address(TableName::Histories, file)).collect())
    }

    /// A writer of runs of `project`; `plan` decides the kinds of columns that the lake does not have yet.
    ///
    /// # Errors
    /// When a Delta log cannot be read.
    pub async fn writer(&self, project: &ProjectPath, plan: KindPlan) -> Result<LakeWriter, Error> {
        let names = self.table_names().await?;
        LakeWriter::new(self.clone(), project.clone(), plan, names.contains(&TableName::HistoriesLong)).await
    }

    /// Makes the table of the long form, unless it is there: from then on every writer keeps it in line with the other.
    pub(crate) async fn add_long_form(&self) -> Result<(), Error> {
        Table::create(&self.location, TableName::HistoriesLong, &long_fields()).await
    }

    /// The tables that this lake has.
    ///
    /// # Errors
    /// When the lake cannot be listed.
    pub async fn table_names(&self) -> Result<Vec<TableName>, Error> {
        let has_long = Table::exists(&self.location, TableName::HistoriesLong).await?;
        Ok(TableName::ALWAYS.into_iter().chain(has_long.then_some(TableName::HistoriesLong)).collect())
    }

    /// The runs of a project that have rows in the long form.
    pub(crate) async fn runs_in_long_form(&self, project: &ProjectPath) -> Result<BTreeSet<String>, Error> {
        let mut runs = BTreeSet::new();
        if Table::exists(&self.location, TableName::HistoriesLong).await? {
            let table = self.table(TableName::HistoriesLong).await?;
            for file in table.part_files(Some(project))? {
                let mut batches = read_columns(table.store(), &file, &[RUN_ID]).await?;
                while let Some(batch) = batches.try_next().await? {
                    for run_id in run_ids(&batch) {
                        if !runs.contains(run_id) {
                            runs.insert(run_id.to_owned());
                        }
                    }
                }
            }
        }
        Ok(runs)
    }

    /// A table at its newest version, or at the one at which it is pinned.
    pub(crate) async fn table(&self, name: TableName) -> Result<Table, Error> {
        if let Some(pinned) = self.pinned.iter().find(|table| table.name() == name) {
            return Ok(pinned.clone());
        }
        let (mut table, is_newest) = self.known_table(name).await?;
        // A table that was deleted and made anew has another log, which the known one does not go on in.
        if !is_newest && (!table.has_same_log().await || table.refresh().await.is_err()) {
            table = Table::open(&self.location, name).await?;
        }
        self.keep(table.clone());
        Ok(table)
    }

    /// A table at the version that is known, or, read just now, at the newest.
    async fn known_table(&self, name: TableName) -> Result<(Table, bool), Error> {
        let known = self.opened().iter().find(|table| table.name() == name).cloned();
        if let Some(table) = known {
            return Ok((table, false));
        }
        let table = Table::open(&self.location, name).await?;
        self.keep(table.clone());
        Ok((table, true))
    }

    fn keep(&self, table: Table) {
        let mut opened = self.opened();
        opened.retain(|other| other.name() != table.name());
        opened.push(table);
    }

    fn opened(&self) -> MutexGuard<'_, Vec<Table>> {
        // Nothing panics while it is held.
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_runs(&self, project: &ProjectPath) -> Result<Vec<StoredRun>, Error> {
        let mut runs = Vec::new();
        self.visit_runs(project, |run| runs.push(run)).await?;
        runs.sort_by(|a, b| a.record.path.run_id.cmp(&b.record.path.run_id));
        Ok(runs)
    }

    async fn read_rows(
        &self,
        name: TableName,
        run: &RunPath,
        min_step: Option<i64>,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
        let table = self.table(name).await?;
        let mut files: Vec<PartFile> = table.part_files(Some(&run.project_path()))?;
        files.retain(|file| file.may_hold(&run.run_id) && min_step.is_none_or(|min| file.last_step.is_none_or(|last| last >= min)));
        // A file that the run shares may begin with steps of other runs.
        if files.len() > 1 {
            let mut of_run: Vec<(Option<i64>, PartFile)> = Vec::with_capacity(files.len());
            for file in files {
                if let Some(first_step) = first_step_of(table.store(), &file, &run.run_id).await? {
                    of_run.push((first_step, file));
                }
            }
            of_run.sort_by_key(|(first_step, _)| *first_step);
            files = of_run.into_iter().map(|(_, file)| file).collect();
        }
        let (store, run_id) = (table.store(), run.run_id.clone());
        let streams = futures::stream::iter(files).then(move |file| {
            let (store, run_id) = (Arc::clone(&store), run_id.clone());
            async move { read_run(store, &file, &run_id, min_step).await }
        });
        Ok(streams.try_flatten().boxed())
    }
}
