//! The lake with the sample runs, imported once by the binary itself, and rows out of any lake through the library.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use futures::TryStreamExt as _;
use runlake_ingest::{rows_of_batch, system_rows_of_batch};
use runlake_lake::{Lake, Location};
use runlake_types::{Json, MetricColumn, Number, Object, RunPath};

use crate::binary::runlake;
use crate::command::Runlake;
use crate::shared::{shared_folder, workspace_folder};

/// The project that has all sample runs.
pub const PROJECT: &str = "runlake/digits";

/// The folder of sample data.
pub fn sample_data() -> PathBuf {
    workspace_folder().join("data")
}

/// The `wandb` folder with all sample runs.
pub fn sample_logs() -> PathBuf {
    sample_data().join("digits/wandb")
}

/// The folder of one sample run.
pub fn sample_log(run_id: &str) -> PathBuf {
    let entries =
        fs_err::read_dir(sample_logs()).expect("the sample data is there").map(|entry| entry.expect("the folder can be listed").path());
    let of_run = |path: &PathBuf| path.join(format!("run-{run_id}.wandb")).is_file();
    entries.filter(of_run).last().unwrap_or_else(|| panic!("there is no sample run `{run_id}`"))
}

/// The sample lake, which tests read and never change.
///
/// | project | runs |
/// |---|---|
/// | `runlake/digits` | all sample runs, with their files; those without an end are crashed |
/// | `runlake/live` | `running`, as a run that goes on |
/// | `local/digits` | the run that was logged without an entity |
/// | `my team/größe 1` | `sparse` |
pub fn sample_lake() -> PathBuf {
    shared_folder("lake", &fingerprint(), |folder| {
        let import = |source: &Path, options: &[&str]| {
            let call = Runlake::new(["import"]).arg(source).arg("--lake").arg(folder);
            options.iter().fold(call, super::command::Runlake::arg).succeed();
        };
        import(&sample_logs(), &["--files"]);
        import(&sample_log("running"), &["--project", "live", "--unfinished", "running"]);
        import(&sample_data().join("no-entity"), &[]);
        import(&sample_log("sparse"), &["--entity", "my team", "--project", "größe 1"]);
    })
}

/// The runs of [`small_lake`]: one with gaps, one with steps far apart, one with values of many types, one with system metrics, one whose log is torn.
pub const FEW_RUNS: [&str; 6] = ["gaps", "late-start", "mixed", "sparse", "torn", "typed"];

/// A lake with [`FEW_RUNS`] in [`PROJECT`], for tests that export many times. They read it and never change it.
pub fn small_lake() -> PathBuf {
    shared_folder("small-lake", &fingerprint(), |folder| {
        let call = FEW_RUNS.iter().fold(Runlake::new(["import"]), |call, run_id| call.arg(sample_log(run_id)));
        call.arg("--lake").arg(folder).succeed();
    })
}

/// Changes when the binary or the sample data do.
fn fingerprint() -> String {
    let data = ["digits", "no-entity"].map(|name| fingerprint_of(&sample_data().join(name).join("truth.jsonl")));
    data.join("\n") + "\n" + &fingerprint_of(runlake())
}

/// Changes when a file is written.
pub(crate) fn fingerprint_of(path: &Path) -> String {
    let metadata = fs_err::metadata(path).expect("the file is there");
    let modified = metadata.modified().expect("files have times").duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{} {} {}", path.display(), metadata.len(), modified.as_nanos())
}

/// Runs a future to its end.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(future)
}

/// Opens the lake in `folder`.
pub async fn open(folder: &Path) -> Lake {
    let location = Location::folder(folder).expect("the folder has an absolute path");
    Lake::open(location).await.expect("the folder holds a lake")
}

/// The history of a run by step. Fails when a step comes twice or out of order.
pub async fn history(lake: &Lake, run: &RunPath) -> BTreeMap<i64, Object> {
    let batches: Vec<_> = lake.history(run).await.expect("the history can be read").try_collect().await.expect("the history can be read");
    let rows = batches.iter().flat_map(|batch| rows_of_batch(batch).expect("the batch is that of a lake"));
    let step = |row: &Object| row["_step"].as_number().and_then(Number::as_i64).expect("a step is an integer");
    let mut by_step = BTreeMap::new();
    for row in rows {
        let step = step(&row);
        assert!(by_step.last_key_value().is_none_or(|(last, _)| *last < step), "{run} has step {step} twice or out of order");
        by_step.insert(step, row);
    }
    by_step
}

/// The events of a run as canonical texts, in order.
pub async fn system_metrics(lake: &Lake, run: &RunPath) -> Vec<String> {
    let batches: Vec<_> =
        lake.system_metrics(run).await.expect("the events can be read").try_collect().await.expect("the events can be read");
    let rows = batches.iter().flat_map(|batch| system_rows_of_batch(batch).expect("the batch is that of a lake"));
    rows.map(canonical).collect()
}

/// The text of a row: the same for the same values.
pub fn canonical(row: Object) -> String {
    Json::Object(row).to_canonical_text()
}

/// The metric columns by name.
pub async fn columns(lake: &Lake) -> BTreeMap<String, MetricColumn> {
    let columns = lake.metric_columns().await.expect("the table can be read");
    columns.columns().iter().map(|column| (column.name.clone(), column.clone())).collect()
}

/// The version of each Delta table, from `runlake info`.
pub fn table_versions(folder: &Path) -> String {
    let info = Runlake::new(["info", "--format", "json", "--lake"]).arg(folder).succeed();
    let info: serde_json::Value = serde_json::from_slice(&info.stdout).expect("the output is JSON");
    let tables = info["tables"].as_array().expect("`tables` is a list");
    let versions = tables.iter().map(|table| format!("{} {} of {} files", table["table"], table["version"], table["files"]));
    versions.collect::<Vec<_>>().join(", ")
}
