//! The histories of many runs in one table: runs that differ in columns and types never fail, and nothing is cut to fit.

use std::panic::resume_unwind;
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use runlake_fetch::{Client, Sample};
use runlake_types::{Object, ProjectPath};
use tokio_util::task::AbortOnDropHandle;

use crate::logged_batch::record_batch;
use crate::logged_columns::LoggedColumns;
use crate::{Error, HistoryOptions, HistoryStream, Run, Runs, ScanOptions};

/// The column with the run's id.
pub const RUN_ID: &str = "run_id";

/// Requests for samples, or scans of whole runs, at once. The client's own limit on requests in flight stands above it.
const AT_ONCE: usize = 8;

/// What is read of each run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoriesOptions {
    /// What is sampled.
    pub history: HistoryOptions,
    /// Every row instead of a sample. `keys` then chooses the rows that hold one of them, and `samples` and `x_axis` say nothing. Runs that
    /// lack a key are passed over. All rows are held in memory: a project that is too large for it is exported to a lake instead.
    pub all: bool,
}

/// Rows of many runs, each with its `run_id`, in the order of the runs and then of the steps. They are held as columns, to the digit.
#[derive(Clone, Debug, Default)]
pub struct Histories {
    /// Rows that came together.
    parts: Vec<LoggedColumns>,
}

impl Runs {
    /// The history of every run, with a `run_id` in each row: a sample of 500 rows unless the options say otherwise. Runs are fetched side
    /// by side, several in a request. A run that was deleted meanwhile has no rows.
    ///
    /// # Errors
    /// When keys, or every row, of the system metrics are asked for, and as every call.
    pub async fn histories(&self, options: &HistoriesOptions) -> Result<Histories, Error> {
        let sample = options.history.sample()?;
        if options.all && options.history.stream == HistoryStream::System {
            return Err(Error::invalid("the service gives system metrics as samples only"));
        }
        let runs = self.all().await?;
        if options.all {
            return whole_histories(runs, &options.history.keys).await;
        }
        let run_ids: Vec<String> = runs.iter().map(|run| run.id().to_owned()).collect();
        let sample = Arc::new(sample);
        let ask = |run_ids: &[String]| {
            let (client, project) = (self.api().client().clone(), self.project().clone());
            // On a task each, since answers are long and reading them keeps a core busy.
            AbortOnDropHandle::new(tokio::spawn(sampled(client, project, run_ids.to_vec(), Arc::clone(&sample))))
        };
        let mut answers = stream::iter(run_ids.chunks(sample.runs_of_a_request())).map(ask).buffered(AT_ONCE);
        let mut histories = Histories::default();
        while let Some(part) = answers.next().await {
            // Tasks are stopped by panics alone while somebody waits for them.
            histories.parts.push(part.unwrap_or_else(|stopped| resume_unwind(stopped.into_panic()))?);
        }
        Ok(histories)
    }
}

/// Samples of these runs.
async fn sampled(client: Client, project: ProjectPath, run_ids: Vec<String>, sample: Arc<Sample>) -> Result<LoggedColumns, Error> {
    let answers = client.sample_histories(&project, &run_ids, &sample).await;
    let mut columns = LoggedColumns::default();
    for (answer, run_id) in answers.into_iter().zip(run_ids) {
        match answer.map_err(Error::from) {
            Ok(rows) => {
                columns.begin_run(run_id);
                rows.read(&mut columns)?;
            }
            Err(error) if error.is_not_found() => tracing::debug!(run_id, "the run was deleted meanwhile"),
            Err(error) => return Err(error),
        }
    }
    Ok(columns)
}

/// Every row of these runs that holds one of `keys`.
async fn whole_histories(runs: Vec<Run>, keys: &[String]) -> Result<Histories, Error> {
    let keys: Arc<[String]> = Arc::from(keys);
    let scan = |run: Run| {
        let (run_id, keys) = (run.id().to_owned(), Arc::clone(&keys));
        async move { whole_history(run, keys).await.map(|rows| (run_id, rows)) }
    };
    let mut scans = stream::iter(runs).map(scan).buffered(AT_ONCE);
    let mut histories = Histories::default();
    while let Some((run_id, rows)) = scans.try_next().await? {
        let mut columns = LoggedColumns::default();
        columns.begin_run(run_id);
        for row in rows {
            columns.add_row(row);
        }
        histories.parts.push(columns);
    }
    Ok(histories)
}

/// Every row of a run that holds one of `keys`; none when the run does not know any of them or was deleted meanwhile.
async fn whole_history(run: Run, keys: Arc<[String]>) -> Result<Vec<Object>, Error> {
    let mut known = keys.to_vec();
    if !keys.is_empty() {
        let of_run = run.history_keys().await.map(Option::<&_>::cloned);
        let of_run = match of_run {
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            of_run => of_run?,
        };
        let names: Vec<String> = of_run.iter().flat_map(runlake_types::HistoryKeys::keys).map(|(name, _)| name.to_owned()).collect();
        known.retain(|key| names.iter().any(|name| runlake_types::key_selects(key, name)));
        if known.is_empty() {
            return Ok(Vec::new());
        }
    }
    match run.scan_history(ScanOptions { keys: known, ..ScanOptions::default() }).await {
        Ok(scan) => scan.all().await,
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

impl Histories {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.parts.iter().map(LoggedColumns::len).sum()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows as they were logged, put together some runs at a time.
    pub fn rows(&self) -> impl Iterator<Item = Object> {
        self.parts.iter().flat_map(LoggedColumns::to_rows)
    }

    /// The rows as columns, sorted by name, nested keys joined with dots. `_step` is int64. Numbers are float64; where it does not hold one of
    /// them exactly, they are int64, or else JSON text. Booleans are boolean, strings utf8, lists and typed objects JSON text in utf8; a column with values of several kinds is JSON text as a whole, and one of nulls alone float64. Every column is
    /// nullable. Where a key with a dot and a nested key have one name, the nested one is called by its path as a JSON list. The column `run_id`
    /// is there whenever there are runs, even if none has a row.
    ///
    /// ```
    /// use runlake::{Histories, prelude::*};
    /// let rows = [r#"{"_step": 0, "loss": NaN}"#, r#"{"_step": 1, "val": {"acc": 0.5}}"#];
    /// let histories: Histories = rows.into_iter().map(|row| Json::parse_object(row).unwrap()).collect();
    /// let batch = histories.to_record_batch()?;
    /// let names: Vec<_> = batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect();
    /// assert_eq!(names, ["_step", "loss", "val.acc"]);
    /// # Ok::<(), runlake::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Columns`](crate::ErrorKind::Columns) when the text of one column is longer than 2 GiB.
    pub fn to_record_batch(&self) -> Result<RecordBatch, Error> {
        Ok(record_batch(&self.parts)?)
    }
}

/// Rows of no run, such as those of [`Run::history`], for the sake of their columns.
impl FromIterator<Object> for Histories {
    fn from_iter<T: IntoIterator<Item = Object>>(rows: T) -> Self {
        let mut columns = LoggedColumns::default();
        for row in rows {
            columns.add_row(row);
        }
        Self { parts: vec![columns] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_can_be_spawned() {
        fn is_send<T: Send>(_: impl FnOnce(Runs, Run) -> T) {}
        is_send(|runs, _| async move { runs.histories(&HistoriesOptions::default()).await.is_ok() });
        is_send(|_, run| async move { run.scan_history(ScanOptions::default()).await.is_ok() });
        is_send(|runs, mut run| async move {
            run.update().await?;
            run.load(true).await?;
            runs.all().await
        });
    }

    #[test]
    fn runs_that_differ_in_columns_and_types_make_one_table() {
        let run = |run_id: &str, texts: &[&str]| {
            let mut columns = LoggedColumns::default();
            columns.begin_run(run_id.to_owned());
            columns.with_rows(texts)
        };
        let first = run("a", &[r#"{"_step":0,"loss":1,"note":"NaN","flag":true}"#, r#"{"_step":1,"loss":2.5,"note":"x"}"#]);
        let second = run("b", &[r#"{"_step":0,"loss":"NaN","mixed":1,"nest":{"b":[1]}}"#, r#"{"_step":1,"mixed":"two"}"#]);
        let histories = Histories { parts: vec![first, second] };
        let batch = histories.to_record_batch().unwrap();
        let table = arrow::util::pretty::pretty_format_batches(&[batch]).unwrap().to_string();
        let expected = r#"
+-------+------+------+-------+--------+------+--------+
| _step | flag | loss | mixed | nest.b | note | run_id |
+-------+------+------+-------+--------+------+--------+
| 0     | true | 1.0  |       |        | NaN  | a      |
| 1     |      | 2.5  |       |        | x    | a      |
| 0     |      | NaN  | 1     | [1]    |      | b      |
| 1     |      |      | "two" |        |      | b      |
+-------+------+------+-------+--------+------+--------+"#;
        assert_eq!(table, expected.trim());
        assert_eq!((histories.len(), histories.rows().count()), (4, 4));
        assert_eq!(Histories::default().to_record_batch().unwrap().num_columns(), 0);
    }
}
