//! The rows of many runs in one table: every row, as the query runs, or a sample by a rule that is named.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::take_record_batch;
use futures::TryStreamExt as _;
use polars::prelude::{Expr, IntoLazy as _, LazyFrame, NamedFrom as _, Series, col, lit};
use runlake_ingest::schema::{RESCUED, STEP};
use runlake_lake::{ColumnScan, Lake, Piece, RowsOf, StoredRun, TableName};
use runlake_types::{Kind, MetricColumn, ProjectPath, write_json_string};

use crate::aligned_curves::{PROJECT, RUN_ID};
use crate::bridge::frame_of_batch;
use crate::keys::{names_of, resolve_keys};
use crate::limits::checked_steps;
use crate::run_parts::{KEYS_AT_ONCE, by_project};
use crate::run_rows::{FIXED, RowPlan, rows_of_runs};
use crate::sampling::chosen_rows;
use crate::selection::RUNS_AND_ROWS;
use crate::sql::rows_of_lake;
use crate::{DEFAULT_MOST_POINTS, Error, ErrorKind, KeyPattern, Sampling, Selection};

/// Every history row of a project: `run_id`, `entity`, `project`, `_step`, `_timestamp`, `_runtime`, one column per metric, `_rescued_data`. One
/// row per run and step, by run id and step within each part file. A metric that a run did not log is null. Projections and predicates
/// reach the Parquet files.
///
/// # Errors
/// [`ErrorKind::Lake`] when the lake does not hold the project.
pub async fn histories(lake: &Lake, project: &ProjectPath) -> Result<LazyFrame, Error> {
    if lake.runs(project).await?.is_empty() {
        return Err(lake.project_not_found(project).await?.into());
    }
    Ok(rows_of_lake(lake, TableName::Histories, std::slice::from_ref(project)).await?.frame)
}

/// Keys of any kind, of many runs.
///
/// ```
/// # use runlake_lake::{Lake, Location, import::{ImportOptions, import}};
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let logs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits");
/// # let lake = Lake::open_or_create(Location::folder(folder.path())?).await?;
/// # import(&lake, &[logs], &ImportOptions::default(), &mut |_| {}).await?;
/// use runlake_query::{Answer, HistoriesQuery, KeyPattern, Origin, Selection};
///
/// let query = HistoriesQuery::new(Selection::of(lake.projects().await?.remove(0)), [KeyPattern::parse("val.*")?]);
/// let answer = Answer::new(query.plan(&lake).await?, Origin::of_lake(&lake).await?);
/// for batch in answer.batches()? {
///     assert_eq!(batch?.schema().field(0).name(), "run_id");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HistoriesQuery {
    selection: Selection,
    keys: Vec<KeyPattern>,
    sampling: Option<Sampling>,
    steps: Option<Range<i64>>,
    require_all: bool,
}

impl HistoriesQuery {
    /// Every row of these runs that has one of these keys; no keys are all.
    pub fn new(selection: Selection, keys: impl IntoIterator<Item = KeyPattern>) -> Self {
        Self { selection, keys: keys.into_iter().collect(), sampling: None, steps: None, require_all: false }
    }

    /// Only the rows that a rule chooses of each run. Where it chooses points of each metric, these are the rows that have a chosen point of
    /// any, with all keys.
    #[must_use]
    pub fn with_sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = Some(sampling);
        self
    }

    /// Only these steps.
    #[must_use]
    pub fn with_steps(mut self, steps: Range<i64>) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Only rows that have every key, as the official client's `keys` do.
    #[must_use]
    pub fn require_all(mut self) -> Self {
        self.require_all = true;
        self
    }

    /// The runs that it is about.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The query: `run_id`, `project` where there are several, `_step`, `_timestamp`, `_runtime`, and the keys by their dotted names, as they
    /// were logged. `_rescued_data` stands behind them when a row has a value of these keys that its column does not hold exactly: there it is,
    /// to the digit. Without sampling, rows are read as the query runs, by run and step within each part file; samples are read here, by run
    /// and step, of what the columns hold.
    ///
    /// # Errors
    /// Those of [`Selection::runs`] and of keys; [`ErrorKind::Argument`] for steps of which there are none; [`ErrorKind::NoValues`] when no run
    /// has such a row; [`ErrorKind::TooLarge`] for samples of more than fits.
    pub async fn plan(&self, lake: &Lake) -> Result<LazyFrame, Error> {
        checked_steps(self.steps.as_ref())?;
        let lake = &lake.pinned(&RUNS_AND_ROWS).await?;
        let runs = self.selection.runs(lake).await?;
        let keys = resolve_keys(&self.keys, &lake.metric_columns().await?)?;
        match self.sampling {
            None => self.every_row(lake, &runs, &keys).await,
            Some(sampling) => self.sample(lake, &runs, keys, sampling).await,
        }
    }

    async fn every_row(&self, lake: &Lake, runs: &[StoredRun], keys: &[MetricColumn]) -> Result<LazyFrame, Error> {
        if !self.has_row(lake, runs, keys).await? {
            return Err(self.no_rows(keys, runs.len()));
        }
        let rows = rows_of_lake(lake, TableName::Histories, self.selection.projects()).await?;
        let of_projects = by_project(runs).into_iter().map(|(project, places)| {
            let ids: Vec<&str> = places.iter().map(|place| runs[*place].record.path.run_id.as_str()).collect();
            let of_project = col("entity").eq(lit(project.entity)).and(col(PROJECT).eq(lit(project.project)));
            of_project.and(col(RUN_ID).is_in(lit(Series::new(RUN_ID.into(), ids)).implode(true), false))
        });
        let names = names_of(keys);
        let has_rescued = self.has_rescued(lake, runs, keys).await?;
        let is_there = keys.iter().map(|key| {
            let in_column = rows.column(&key.name).is_not_null();
            let in_rescued = || col(RESCUED).str().contains_literal(lit(mention_of(key))).fill_null(lit(false));
            if has_rescued { in_column.or(in_rescued()) } else { in_column }
        });
        let is_there: Vec<Expr> = is_there.collect();
        let with_keys = is_there.into_iter().reduce(|one, other| if self.require_all { one.and(other) } else { one.or(other) });
        let mut wanted = of_projects.reduce(Expr::or).unwrap_or_else(|| lit(false));
        if let Some(steps) = &self.steps {
            wanted = wanted.and(col(STEP).gt_eq(lit(steps.start))).and(col(STEP).lt(lit(steps.end)));
        }
        if let Some(with_keys) = with_keys {
            wanted = wanted.and(with_keys);
        }
        let mut columns = vec![col(RUN_ID)];
        if self.selection.projects().len() > 1 {
            columns.push(polars::prelude::concat_str([col("entity"), lit("/"), col(PROJECT)], "", false).alias(PROJECT));
        }
        columns.extend(FIXED.into_iter().map(col));
        columns.extend(keys.iter().zip(names).map(|(key, name)| rows.column(&key.name).alias(name)));
        if has_rescued && keys.iter().all(|key| key.name != RESCUED) {
            columns.push(col(RESCUED));
        }
        Ok(rows.frame.filter(wanted).select(columns))
    }

    async fn sample(&self, lake: &Lake, runs: &[StoredRun], keys: Vec<MetricColumn>, sampling: Sampling) -> Result<LazyFrame, Error> {
        let numbers: Vec<bool> = keys.iter().map(|key| matches!(key.kind, Kind::Number | Kind::Boolean)).collect();
        let plan = RowPlan { keys, steps: self.steps.clone(), require_all: self.require_all, most_points: DEFAULT_MOST_POINTS };
        let choose = move |_, rows: RecordBatch| Ok(take_record_batch(&rows, &chosen_rows(&rows, &numbers, sampling))?);
        let (batch, _) = rows_of_runs(lake, runs, &plan, choose).await?;
        if batch.num_rows() == 0 {
            return Err(self.no_rows(&plan.keys, runs.len()));
        }
        Ok(frame_of_batch(&batch)?.lazy())
    }

    /// Whether a run has a row as it is asked for. Reads no further than to the first.
    async fn has_row(&self, lake: &Lake, runs: &[StoredRun], keys: &[MetricColumn]) -> Result<bool, Error> {
        // A row with every key is found only where all are read; one with any, a few keys at a time.
        let at_once = if self.require_all { keys.len().max(1) } else { KEYS_AT_ONCE };
        let require_all = self.require_all;
        for block in keys.chunks(at_once) {
            let columns = block.iter().map(|key| key.name.clone()).collect();
            let is_wanted = move |piece: &Piece, row| {
                let mut has = piece.columns.iter().map(|column| column.as_ref().is_some_and(|column| column.is_valid(row)));
                if require_all { has.all(|has| has) } else { has.any(|has| has) }
            };
            if self.any_row(lake, runs, columns, is_wanted).await? {
                return Ok(true);
            }
        }
        self.has_rescued(lake, runs, keys).await
    }

    /// Whether a run has a value of one of these keys that its column does not hold exactly.
    async fn has_rescued(&self, lake: &Lake, runs: &[StoredRun], keys: &[MetricColumn]) -> Result<bool, Error> {
        let mentions: Arc<[String]> = keys.iter().map(mention_of).collect();
        let is_wanted = move |piece: &Piece, row| {
            let rescued = piece.columns.first().and_then(Option::as_ref).filter(|column| column.is_valid(row));
            let text = rescued.and_then(|column| column.as_string_opt::<i32>()).map_or("", |column| column.value(row));
            mentions.iter().any(|mention| text.contains(mention))
        };
        self.any_row(lake, runs, vec![RESCUED.to_owned()], is_wanted).await
    }

    /// Whether a row of these columns is wanted. Reads no further than to the first.
    async fn any_row<F>(&self, lake: &Lake, runs: &[StoredRun], columns: Vec<String>, is_wanted: F) -> Result<bool, Error>
    where
        F: Fn(&Piece, usize) -> bool + Clone + Send + Sync + 'static,
    {
        for (project, places) in by_project(runs) {
            let scan = ColumnScan {
                rows_of: RowsOf::Histories,
                columns: columns.clone(),
                runs: places.iter().map(|place| runs[*place].record.path.run_id.clone()).collect(),
                steps: self.steps.clone(),
            };
            let is_wanted = is_wanted.clone();
            let is_there = move |piece: Piece| (0..piece.rows).any(|row| is_wanted(&piece, row));
            let mut groups = lake.scan_columns(&project, &scan, is_there).await?.groups;
            while let Some(group) = groups.try_next().await? {
                if group.pieces.iter().any(|(_, _, is_there)| *is_there) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn no_rows(&self, keys: &[MetricColumn], runs: usize) -> Error {
        let every = if self.require_all { "every one of these keys" } else { "one of these keys" };
        let within = if self.steps.is_some() { ", or none within the steps" } else { "" };
        let reason = format!("none of the {runs} runs has a row with {every}{within}");
        ErrorKind::NoValues { question: names_of(keys).join(", "), reason }.into()
    }
}

/// How rescued data, which is JSON text with the dicts of a row, names a key.
fn mention_of(key: &MetricColumn) -> String {
    let name = key.path.parts().last().map_or("", String::as_str);
    let mut mention = String::new();
    write_json_string(name, &mut mention).expect("writing to a String cannot fail");
    mention + ":"
}
