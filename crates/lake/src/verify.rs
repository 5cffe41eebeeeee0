//! Whether a lake is sound: every file is there and readable, rows are in order and once, and the tables agree with each other.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use runlake_ingest::Completeness;
use runlake_ingest::schema::{RESCUED, STEP, metric_column};
use runlake_types::{Json, ProjectPath, RunPath};

use crate::part_file::{PartFile, run_ids};
use crate::reader::read_part_file;
use crate::table::{Table, TableName};
use crate::{Error, Lake, StoredRun};

/// What [`verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Part files read.
    pub files: usize,
    /// Rows read.
    pub rows: u64,
    /// Runs checked.
    pub runs: usize,
    /// What is wrong, a line each; empty when the lake is sound.
    pub faults: Vec<String>,
    /// Rows that a writer put there whose work has not come to its end, a line a run. The next export or import takes them up.
    pub notes: Vec<String>,
}

/// Rows of one run as the histories have them.
#[derive(Default)]
struct Tally {
    /// What the runs table says of the run; nothing when it does not have it.
    recorded: Option<StoredRun>,
    /// Rows up to the last step that the runs table names.
    rows: u64,
    last_step: Option<i64>,
    /// Rows past it: the run went on, and its new record is not written yet.
    unrecorded_rows: u64,
    /// The first and the last step in each file that has some.
    spans: Vec<(i64, i64)>,
    /// Whether the file at hand has some.
    is_in_file: bool,
}

impl Tally {
    fn of(run: StoredRun) -> Self {
        Self { recorded: Some(run), ..Self::default() }
    }

    /// Counts a row; the rows of a file ascend.
    fn add(&mut self, step: i64) {
        // Where only some keys are kept, the last step may be one without them.
        let is_recorded = self.recorded.as_ref().is_some_and(|run| run.synced_keys.is_some() || run.synced_through_step >= Some(step));
        if is_recorded {
            self.rows += 1;
            self.last_step = self.last_step.max(Some(step));
        } else {
            self.unrecorded_rows += 1;
        }
        match self.spans.last_mut().filter(|_| self.is_in_file) {
            Some((_, last)) => *last = step,
            None => self.spans.push((step, step)),
        }
        self.is_in_file = true;
    }

    fn rows_in_all(&self) -> u64 {
        self.rows + self.unrecorded_rows
    }

    /// A step that two files have, or that one has amid those of another.
    fn overlap(&self) -> Option<i64> {
        let mut spans = self.spans.clone();
        spans.sort_unstable();
        spans.windows(2).find(|pair| pair[1].0 <= pair[0].1).map(|pair| pair[1].0)
    }
}

/// Reads every row of the lake and checks it.
///
/// # Errors
/// When a Delta log cannot be read. Faults in the files are in the verdict.
pub async fn verify(lake: &Lake) -> Result<Verdict, Error> {
    let mut verdict = Verdict::default();
    let mut tallies: BTreeMap<RunPath, Tally> = BTreeMap::new();
    // Records first: they are written last, so that what is read later has at least their rows, even while others write.
    for project in lake.projects().await? {
        match lake.runs(&project).await {
            Ok(runs) => tallies.extend(runs.into_iter().map(|run| (run.record.path.clone(), Tally::of(run)))),
            Err(error) => verdict.faults.push(describe(&error)),
        }
    }
    verdict.runs = tallies.len();
    for name in lake.table_names().await? {
        let table = lake.table(name).await?;
        for file in table.part_files(None)? {
            verdict.files += 1;
            if let Err(error) = check_file(&table, &file, &mut tallies, &mut verdict).await {
                verdict.faults.push(describe(&error));
            }
        }
    }
    for (run, tally) in &tallies {
        check_run(run, tally, &mut verdict);
    }
    Ok(verdict)
}

/// Holds a run's rows against its record.
fn check_run(path: &RunPath, tally: &Tally, verdict: &mut Verdict) {
    if let Some(step) = tally.overlap() {
        verdict.faults.push(format!("{path}: two files have its step {step}, or steps around it"));
    }
    let Some(run) = &tally.recorded else {
        verdict
            .notes
            .push(format!("{path}: {} rows, and no record yet: the export or import that wrote them did not end", tally.rows_in_all()));
        return;
    };
    if tally.unrecorded_rows > 0 {
        let through = step_text(run.synced_through_step);
        let rows = tally.unrecorded_rows;
        verdict
            .notes
            .push(format!("{path}: {rows} rows past step {through}, which its record ends at: the export that wrote them did not end"));
    }
    if run.synced_keys.is_none() && tally.last_step != run.synced_through_step {
        verdict.faults.push(format!(
            "{path}: the runs table says that it was stored through step {}, and its rows end at {}",
            step_text(run.synced_through_step),
            step_text(tally.last_step)
        ));
    }
    if let Some(rows) = run.synced_rows.filter(|rows| *rows != tally.rows) {
        verdict.faults.push(format!("{path}: the runs table says that it has {rows} rows, and it has {}", tally.rows));
    }
    let is_short = run.record.history_line_count.is_some_and(|count| tally.rows < count);
    if run.completeness == Completeness::Complete && run.synced_keys.is_none() && is_short {
        verdict.faults.push(format!("{path}: it is marked complete, and has {} of its rows", tally.rows));
    }
}

fn step_text(step: Option<i64>) -> String {
    step.map_or_else(|| "none".to_owned(), |step| step.to_string())
}

pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

async fn check_file(table: &Table, file: &PartFile, tallies: &mut BTreeMap<RunPath, Tally>, verdict: &mut Verdict) -> Result<(), Error> {
    for tally in tallies.values_mut() {
        tally.is_in_file = false;
    }
    let mut batches = read_part_file(table.store(), file).await?;
    let mut rows = 0;
    let mut previous: Option<(String, i64)> = None;
    while let Some(batch) = batches.try_next().await? {
        rows += batch.num_rows() as u64;
        let fault = |what: String| format!("{}/{}: {what}", table.name().as_str(), file.path);
        for field in batch.schema_ref().fields() {
            let known = table.schema().field_with_name(field.name()).ok();
            let is_alike =
                known.is_some_and(|known| known.data_type() == field.data_type() && metric_column(known) == metric_column(field));
            if !is_alike {
                verdict.faults.push(fault(format!("the column `{}` is not that of the table", field.name())));
            }
        }
        if table.name() == TableName::Histories {
            verdict.faults.extend(check_rows(&batch, &file.project, &mut previous, tallies).map(fault));
        }
    }
    if rows != file.rows {
        verdict.faults.push(format!("{}/{}: it has {rows} rows, and the Delta log says {}", table.name().as_str(), file.path, file.rows));
    }
    verdict.rows += rows;
    Ok(())
}

/// Faults of history rows: order, steps given twice, and rescued data that is no JSON.
fn check_rows(
    batch: &RecordBatch,
    project: &ProjectPath,
    previous: &mut Option<(String, i64)>,
    tallies: &mut BTreeMap<RunPath, Tally>,
) -> Option<String> {
    let steps = batch.column_by_name(STEP)?.as_primitive_opt::<Int64Type>()?;
    let mut fault = None;
    for (row, run_id) in run_ids(batch).enumerate() {
        let step = steps.value(row);
        if previous.as_ref().is_some_and(|(last_run, last_step)| (run_id, step) <= (last_run.as_str(), *last_step)) {
            fault = Some(format!("the rows are not in order, or not once, at run {run_id}, step {step}"));
        }
        tallies.entry(project.run(run_id)).or_default().add(step);
        *previous = Some((run_id.to_owned(), step));
    }
    let rescued = batch.column_by_name(RESCUED).and_then(|column| column.as_string_opt::<i32>());
    if rescued.is_some_and(|texts| texts.iter().flatten().any(|text| Json::parse_object(text).is_err())) {
        fault = Some("its rescued data is not JSON".to_owned());
    }
    fault
}
