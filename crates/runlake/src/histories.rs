//! The histories of many runs in one table: runs that differ in columns and types never fail, and nothing is cut to fit.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{Field, Schema};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use runlake_types::{Json, Kind, KindCounts, Object, flatten};

use crate::{Error, HistoryOptions, HistoryStream, Run, Runs, ScanOptions};

/// The column with the run's id.
pub const RUN_ID: &str = "run_id";

/// Requests for samples, or scans of whole runs, at once. The client's own limit on requests in flight stands above it.
const AT_ONCE: usize = 8;

/// Runs whose samples are asked for together; the client makes as many requests of it as the number of samples calls for.
const RUNS_OF_A_BATCH: usize = 32;

/// What is read of each run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoriesOptions {
    /// What is sampled.
    pub history: HistoryOptions,
    /// Every row instead of a sample. `keys` then chooses the rows that hold one of them, and `samples` and `x_axis` say nothing. Runs that
    /// lack a key are passed over. All rows are held in memory: a project that is too large for it is exported to a lake instead.
    pub all: bool,
}

/// Rows of many runs, each with its `run_id`, in the order of the runs and then of the steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histories {
    /// The rows as they were logged.
    pub rows: Vec<Object>,
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
        let mut ids = runs.iter().map(|run| run.id().to_owned()).collect::<Vec<_>>().into_iter();
        let mut histories = Histories::default();
        if options.all {
            let keys: Arc<[String]> = Arc::from(options.history.keys.as_slice());
            let scan = |run| whole_history(run, Arc::clone(&keys));
            let mut scans = stream::iter(runs).map(scan).buffered(AT_ONCE);
            while let (Some(rows), Some(run_id)) = (scans.try_next().await?, ids.next()) {
                histories.add(&run_id, rows);
            }
            return Ok(histories);
        }
        let batches: Vec<Vec<String>> = ids.as_slice().chunks(RUNS_OF_A_BATCH).map(<[String]>::to_vec).collect();
        let sample = Arc::new(sample);
        let ask = |run_ids: Vec<String>| {
            let (client, project, sample) = (self.api().client().clone(), self.project().clone(), Arc::clone(&sample));
            async move { client.sample_histories(&project, &run_ids, &sample).await }
        };
        let mut answers = stream::iter(batches).map(ask).buffered(AT_ONCE);
        while let Some(batch) = answers.next().await {
            for (rows, run_id) in batch.into_iter().zip(ids.by_ref()) {
                match rows.map_err(Error::from) {
                    Ok(rows) => histories.add(&run_id, rows),
                    Err(error) if error.is_not_found() => tracing::debug!(run_id, "the run was deleted meanwhile"),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(histories)
    }
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
    fn add(&mut self, run_id: &str, rows: Vec<Object>) {
        self.rows.extend(rows.into_iter().map(|mut row| {
            row.insert(RUN_ID.to_owned(), Json::from(run_id));
            row
        }));
    }

    /// The rows as columns, sorted by name, nested keys joined with dots. Numbers are float64, booleans boolean, strings utf8, lists and typed
    /// objects JSON text in utf8; a column with values of several kinds is JSON text as a whole. Every column is nullable.
    ///
    /// # Errors
    /// [`ErrorKind::Columns`](crate::ErrorKind::Columns), which no rows are known to cause.
    pub fn to_record_batch(&self) -> Result<RecordBatch, Error> {
        let rows: Vec<BTreeMap<String, Json>> =
            self.rows.iter().map(|row| flatten(row.clone()).into_iter().map(|(path, value)| (path.dotted(), value)).collect()).collect();
        let mut kinds: BTreeMap<&str, KindCounts> = BTreeMap::new();
        for (name, value) in rows.iter().flatten() {
            let counts = kinds.entry(name).or_default();
            if let Some(kind) = kind_of(value) {
                counts.add(kind, 1);
            }
        }
        let columns: Vec<(&str, ArrayRef)> = kinds.iter().map(|(name, counts)| (*name, column(&rows, name, *counts))).collect();
        let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
    }
}

/// The kind of a value, where the strings that stand for special floats are numbers; `None` for null.
fn kind_of(value: &Json) -> Option<Kind> {
    match value {
        Json::Null => None,
        Json::Bool(_) => Some(Kind::Boolean),
        Json::Number(_) => Some(Kind::Number),
        Json::String(text) if Json::special_float(text).is_some() => Some(Kind::Number),
        Json::String(_) => Some(Kind::String),
        Json::Array(_) | Json::Object(_) => Some(Kind::Json),
    }
}

fn column(rows: &[BTreeMap<String, Json>], name: &str, counts: KindCounts) -> ArrayRef {
    let values = || rows.iter().map(|row| row.get(name).filter(|value| **value != Json::Null));
    let number = |value: &Json| match value {
        Json::Number(number) => Some(number.as_f64()),
        Json::String(text) => Json::special_float(text),
        _ => None,
    };
    match (counts.number > 0, counts.boolean > 0, counts.string > 0, counts.json > 0) {
        (true, false, false, false) => Arc::new(values().map(|value| value.and_then(number)).collect::<Float64Array>()),
        (false, true, false, false) => {
            Arc::new(values().map(|value| value.map(|value| *value == Json::Bool(true))).collect::<BooleanArray>())
        }
        // A string that reads like a special float is a string among strings.
        (_, false, true, false) if values().flatten().all(|value| value.as_str().is_some()) => {
            Arc::new(values().map(|value| value.and_then(Json::as_str)).collect::<StringArray>())
        }
        _ => Arc::new(values().map(|value| value.map(ToString::to_string)).collect::<StringArray>()),
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
        let mut histories = Histories::default();
        let rows = |texts: &[&str]| texts.iter().map(|text| Json::parse_object(text).unwrap()).collect();
        histories.add("a", rows(&[r#"{"_step":0,"loss":1,"note":"NaN","flag":true}"#, r#"{"_step":1,"loss":2.5,"note":"x"}"#]));
        histories.add("b", rows(&[r#"{"_step":0,"loss":"NaN","mixed":1,"nest":{"b":[1]}}"#, r#"{"_step":1,"mixed":"two"}"#]));
        let batch = histories.to_record_batch().unwrap();
        let table = arrow::util::pretty::pretty_format_batches(&[batch]).unwrap().to_string();
        let expected = r#"
+-------+------+------+-------+--------+------+--------+
| _step | flag | loss | mixed | nest.b | note | run_id |
+-------+------+------+-------+--------+------+--------+
| 0.0   | true | 1.0  |       |        | NaN  | a      |
| 1.0   |      | 2.5  |       |        | x    | a      |
| 0.0   |      | NaN  | 1     | [1]    |      | b      |
| 1.0   |      |      | "two" |        |      | b      |
+-------+------+------+-------+--------+------+--------+"#;
        assert_eq!(table, expected.trim());
        assert_eq!(Histories::default().to_record_batch().unwrap().num_columns(), 0);
    }
}
