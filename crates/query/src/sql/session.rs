//! Tables of a lake, and files of the user beside them, that statements of SQL are asked of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use polars::prelude::{DataFrame, DataType, Expr, IntoLazy as _, LazyFrame, NamedFrom as _, PolarsError, PolarsResult, SchemaRef, Series};
use polars::sql::SQLContext;
use runlake_ingest::without_panic;
use runlake_lake::{Lake, TableName};
use runlake_types::{ProjectPath, near_names};
use tokio::sync::OnceCell;

use crate::{Error, ErrorKind, Origin};

use super::diagnosis::Diagnosis;
use super::dialect;
use super::lake_table::{Reading, Table, lake_table};
use super::names::Names;
use super::problem::SqlProblem;
use super::query::SqlQuery;
use super::runs_frame::runs_frame;
use super::statement::{Asks, Statement};
use super::user_table::user_table;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlColumn {
    /// Its name.
    pub name: String,
    /// Its type, as Polars writes it: `str`, `i64`, `f64`, `bool`, `datetime[μs, UTC]`, `list[str]`.
    pub data_type: String,
}

/// SQL over some projects of a lake. Each table is read when the first statement needs it, at the version that it has then; the session goes
/// on with that version.
pub struct SqlSession {
    lake: Lake,
    projects: Vec<ProjectPath>,
    reading: Reading,
    lake_tables: BTreeMap<&'static str, LakeTable>,
    user_tables: BTreeMap<String, LazyFrame>,
}

struct LakeTable {
    name: TableName,
    table: OnceCell<Table>,
}

impl std::fmt::Debug for SqlSession {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("SqlSession");
        shown.field("lake", &self.lake).field("projects", &self.projects).field("tables", &self.tables()).finish_non_exhaustive()
    }
}

impl SqlSession {
    /// A session over these projects of the lake, or over all of them when none is named. Its tables are `runs`, `histories`,
    /// `system_metrics`, and `histories_long` where the lake has it.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use runlake_lake::import::{ImportOptions, import};
    /// use runlake_lake::{Lake, Location};
    /// use runlake_query::sql::SqlSession;
    ///
    /// let lake = Lake::open_or_create(Location::folder(folder.path())?).await?;
    /// # let logs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits");
    /// # import(&lake, &[logs], &ImportOptions::default(), &mut |_| {}).await?;
    /// let session = SqlSession::open(&lake, &[]).await?;
    /// let query = session.query("SELECT state, count(*) AS runs FROM runs GROUP BY state ORDER BY state").await?;
    /// let frame = query.collect().await?;
    /// assert_eq!(frame.get_column_names(), ["state", "runs"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The lake is seen as it is now, however long the session lasts.
    ///
    /// # Errors
    /// [`ErrorKind::Lake`] when the lake does not hold one of the projects, or cannot be read.
    pub async fn open(lake: &Lake, projects: &[ProjectPath]) -> Result<Self, Error> {
        let held = lake.projects().await?;
        for project in projects {
            if !held.contains(project) {
                return Err(lake.project_not_found(project).await?.into());
            }
        }
        let projects = if projects.is_empty() { held } else { projects.to_vec() };
        let names = lake.table_names().await?;
        let lake_tables = names.into_iter().map(|name| (name.as_str(), LakeTable { name, table: OnceCell::new() })).collect();
        let lake = lake.pinned(&[TableName::Runs, TableName::Histories, TableName::SystemMetrics]).await?;
        Ok(Self { reading: Reading::of(&lake), lake, projects, lake_tables, user_tables: BTreeMap::new() })
    }

    /// Reads part files through the lake's own readers, as for a lake in a bucket.
    #[cfg(test)]
    pub(super) fn through_the_lake(mut self) -> Self {
        self.reading = Reading::Lake;
        self
    }

    /// Adds a file as a table: CSV and TSV with a header, Parquet, JSON lines, a JSON list, or Arrow, by the ending of its name.
    ///
    /// The types of CSV columns fit all of their values; a column stays text where a number would change one of them, such as `0123`, and
    /// where its name is that of a text column of `runs`: `run_id` is always text.
    ///
    /// # Errors
    /// [`ErrorKind::TableFile`] when the file cannot be read as a table, or the name is taken or empty.
    pub fn add_table(&mut self, name: &str, path: &Path) -> Result<(), Error> {
        let refused = |reason: &str| {
            let (table, path, reason) = (name.to_owned(), path.display().to_string(), reason.to_owned());
            Error::from(ErrorKind::TableFile { table, path, reason })
        };
        if name.is_empty() {
            return Err(refused("the table needs a name"));
        }
        if self.lake_tables.contains_key(name) {
            return Err(refused("the lake has a table of this name"));
        }
        let frame = user_table(name, path)?;
        self.user_tables.insert(name.to_owned(), frame);
        Ok(())
    }

    /// The projects whose rows the tables have, in order.
    pub fn projects(&self) -> &[ProjectPath] {
        &self.projects
    }

    /// The names of the tables, in order.
    pub fn tables(&self) -> Vec<&str> {
        let all: BTreeSet<&str> = self.lake_tables.keys().copied().chain(self.user_tables.keys().map(String::as_str)).collect();
        all.into_iter().collect()
    }

    /// The columns of a table, in order.
    ///
    /// # Errors
    /// [`ErrorKind::Sql`] when there is no such table; [`ErrorKind::Lake`] when it cannot be read.
    pub async fn columns(&self, table: &str) -> Result<Vec<SqlColumn>, Error> {
        let schema = self.schema(table).await?.ok_or_else(|| self.unknown_table(table))?;
        let column = |(name, data_type): (&polars::prelude::PlSmallStr, &DataType)| SqlColumn {
            name: name.to_string(),
            data_type: data_type.to_string(),
        };
        Ok(schema.iter().map(column).collect())
    }

    /// Plans one statement: `SELECT`, `WITH … SELECT`, `VALUES`, `EXPLAIN SELECT`, `DESCRIBE table` or `SHOW TABLES`. No row is read yet,
    /// those of `runs` aside.
    ///
    /// # Errors
    /// [`ErrorKind::Sql`] with the place in the text when the statement is not as it should be; [`ErrorKind::Lake`] when a table cannot be
    /// read.
    pub async fn query(&self, sql: &str) -> Result<SqlQuery, Error> {
        let statement = match Statement::parse(sql, &[]) {
            Ok(statement) => statement,
            // Whether a word is a column tells more, and takes reading the runs.
            Err(_) => Statement::parse(sql, &self.all_columns().await?.iter().map(String::as_str).collect::<Vec<_>>())?,
        };
        let frames = self.frames_of(&statement).await?;
        let origin = Origin::of_lake(&self.lake).await?;
        let projects: Vec<String> = self.projects.iter().map(ToString::to_string).collect();
        let origin = origin.with("project", projects.join(", ")).with_question(&statement.text);
        match statement.asks {
            Asks::Tables => {
                let names = Series::new("table".into(), self.tables());
                return Ok(SqlQuery::of_frame(DataFrame::new(names.len(), vec![names.into()])?.lazy(), origin));
            }
            Asks::Columns => {
                let columns = match statement.words.relations.first() {
                    Some((table, _)) => self.columns(table).await?,
                    None => Vec::new(),
                };
                let names = Series::new("column".into(), columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>());
                let types = Series::new("type".into(), columns.iter().map(|column| column.data_type.as_str()).collect::<Vec<_>>());
                return Ok(SqlQuery::of_frame(DataFrame::new(names.len(), vec![names.into(), types.into()])?.lazy(), origin));
            }
            Asks::Rows | Asks::Plan => {}
        }
        let names = self.names_of(&frames).await?;
        let resolved = match &statement.query {
            Some(query) => {
                let mut query = names.resolve(&statement, query)?;
                dialect::adapt(&mut query, &statement.text)?;
                query
            }
            None => return Err(SqlProblem::new("there is no query").into()),
        };
        let asks = statement.asks;
        let diagnosis = Arc::new(Diagnosis { statement, names, resolved, frames });
        // Planning may open files, and a thread of the runtime is not for waiting.
        let planning = Arc::clone(&diagnosis);
        let plan = move || plan(&planning.resolved.to_string(), &planning.frames).map_err(|error| planning.problem(&error));
        let planned = tokio::task::spawn_blocking(plan).await;
        let planned = planned.map_err(|_stopped| SqlProblem::new("the statement cannot be planned"))??;
        let query = SqlQuery::new(planned, origin.clone(), diagnosis);
        if asks == Asks::Rows {
            return Ok(query);
        }
        let plan = query.explain().await?;
        let lines = Series::new("plan".into(), plan.lines().collect::<Vec<_>>());
        Ok(SqlQuery::of_frame(DataFrame::new(lines.len(), vec![lines.into()])?.lazy(), origin))
    }

    /// The tables that a statement reads.
    async fn frames_of(&self, statement: &Statement) -> Result<BTreeMap<String, LazyFrame>, Error> {
        let words = &statement.words;
        if let Some((function, place)) = words.table_functions.first() {
            let problem = SqlProblem::new(format!("`{function}` is no table")).at(&statement.text, Some(place.clone()));
            return Err(problem.with_hint("a file becomes a table with --table NAME=FILE").into());
        }
        for (common, place) in &words.common_tables {
            if self.tables().contains(&common.as_str()) {
                let problem = SqlProblem::new(format!("`{common}` is a table, and WITH gives the name to something else"));
                return Err(problem.at(&statement.text, Some(place.clone())).with_hint("choose another name after WITH").into());
            }
        }
        let mut frames = BTreeMap::new();
        for (table, place) in &words.relations {
            if let Some(frame) = self.frame(table).await? {
                frames.insert(table.clone(), frame);
            } else if !words.common_tables.iter().any(|(common, _)| common == table) && !words.table_aliases.contains(table) {
                return Err(self.unknown_table(table).at(&statement.text, Some(place.clone())).into());
            }
        }
        Ok(frames)
    }

    fn unknown_table(&self, table: &str) -> SqlProblem {
        let tables = self.tables();
        let problem = SqlProblem::new(format!("there is no table `{table}`")).with_near(near_names(table, tables.iter().copied()));
        problem.with_hint(format!("the tables are {}; a file becomes one with --table NAME=FILE", tables.join(", ")))
    }

    async fn names_of(&self, frames: &BTreeMap<String, LazyFrame>) -> Result<Names, Error> {
        let mut names = Names { has_runs: frames.contains_key(TableName::Runs.as_str()), ..Names::default() };
        for table in frames.keys() {
            if let Some(schema) = self.schema(table).await? {
                names.columns.extend(schema.iter_names().map(ToString::to_string));
            }
            if let Some(table) = self.lake_table(table).await? {
                names.renamed.extend(table.renamed.clone());
            }
        }
        if frames.contains_key(TableName::Histories.as_str()) {
            for column in self.lake.metric_columns().await?.columns() {
                if column.path.dotted() != column.name {
                    names.renamed.insert(column.path.dotted(), column.name.clone());
                }
            }
        }
        Ok(names)
    }

    async fn all_columns(&self) -> Result<BTreeSet<String>, Error> {
        let mut columns = BTreeSet::new();
        for table in self.tables() {
            columns.extend(self.columns(table).await?.into_iter().map(|column| column.name));
        }
        Ok(columns)
    }

    async fn schema(&self, table: &str) -> Result<Option<SchemaRef>, Error> {
        let Some(mut frame) = self.frame(table).await? else { return Ok(None) };
        let schema = tokio::task::spawn_blocking(move || frame.collect_schema()).await;
        Ok(Some(schema.map_err(|_stopped| SqlProblem::new(format!("the columns of `{table}` cannot be read")))??))
    }

    async fn frame(&self, table: &str) -> Result<Option<LazyFrame>, Error> {
        if let Some(frame) = self.user_tables.get(table) {
            return Ok(Some(fresh(frame)));
        }
        Ok(self.lake_table(table).await?.map(|table| fresh(&table.frame)))
    }

    async fn lake_table(&self, table: &str) -> Result<Option<&Table>, Error> {
        let Some(LakeTable { name, table }) = self.lake_tables.get(table) else { return Ok(None) };
        let read = async || match name {
            TableName::Runs => Ok(Table { frame: self.runs().await?, renamed: BTreeMap::new() }),
            rows => lake_table(&self.lake, *rows, &self.projects, self.reading).await,
        };
        Ok(Some(table.get_or_try_init(read).await?))
    }

    async fn runs(&self) -> Result<LazyFrame, Error> {
        let mut runs = Vec::new();
        for project in &self.projects {
            runs.extend(self.lake.runs(project).await?);
        }
        Ok(runs_frame(&runs)?.lazy())
    }
}

/// The same rows without what clones share: a lock, which a panic while planning would leave shut for all of them.
pub(super) fn fresh(frame: &LazyFrame) -> LazyFrame {
    LazyFrame::from(frame.logical_plan.clone())
}

/// Plans a statement over tables. Small integers, such as counts, become int64.
pub(super) fn plan(sql: &str, tables: &BTreeMap<String, LazyFrame>) -> PolarsResult<LazyFrame> {
    let plan = || {
        let mut context = SQLContext::new();
        for (name, frame) in tables {
            context.register(name, fresh(frame));
        }
        let mut frame = context.execute(sql)?;
        // The optimizer counts the rows of a union in integers of 128 bits, which this build of Polars does not have.
        if sql.contains("UNION") && frame.explain(true)?.contains("UInt128") {
            frame = frame.with_projection_pushdown(false);
        }
        let schema = frame.collect_schema()?;
        let is_small = |data_type: &DataType| {
            matches!(data_type, DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::Int8 | DataType::Int16 | DataType::Int32)
        };
        let small: Vec<_> = schema.iter().filter(|(_, data_type)| is_small(data_type)).map(|(name, _)| name.clone()).collect();
        Ok(if small.is_empty() {
            frame
        } else {
            frame.with_columns(small.into_iter().map(|name| Expr::Column(name).cast(DataType::Int64)).collect::<Vec<_>>())
        })
    };
    without_panic(plan).unwrap_or_else(|_panic| Err(PolarsError::SQLInterface("Polars does not know how to carry this out".into())))
}
