//! What `runlake export` can be told: since when, and in which form.

use std::collections::BTreeSet;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use futures::TryStreamExt as _;
use runlake_tests::backend::Backend;
use runlake_tests::command::Runlake;
use runlake_tests::lake::{PROJECT, block_on, history, open, sample_lake};
use runlake_tests::same_lake::verify;
use runlake_tests::service::{Service, TEAM};
use runlake_types::{Json, ProjectPath, RunPath, flatten};

use crate::sync::losses;

/// Canonical texts by step and key. A flat `a.b` and a nested one have the same key.
type Values = BTreeSet<(i64, String, String)>;

/// The values of a run in the long form.
async fn long_values(lake: &Path, run: &RunPath) -> Values {
    let batches: Vec<RecordBatch> = open(lake).await.history_in_long_form(run).await.unwrap().try_collect().await.unwrap();
    let mut values = Values::new();
    for batch in batches {
        let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
        let (keys, kinds, texts) = (text("key"), text("kind"), text("text"));
        let numbers = batch.column_by_name("number").unwrap().as_primitive::<Float64Type>();
        let steps = batch.column_by_name("_step").unwrap().as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let value = match kinds.value(row) {
                _ if numbers.is_valid(row) => Json::from(numbers.value(row)).to_canonical_text(),
                "string" => Json::from(texts.value(row)).to_canonical_text(),
                _ => texts.value(row).to_owned(),
            };
            let is_new = values.insert((steps.value(row), keys.value(row).to_owned(), value));
            assert!(is_new, "{run} has a value twice, at step {}", steps.value(row));
        }
    }
    values
}

/// The same values from the wide form.
async fn wide_values(lake: &Path, run: &RunPath) -> Values {
    let mut values = Values::new();
    for (step, row) in history(&open(lake).await, run).await {
        for (path, value) in flatten(row).into_iter().filter(|(path, _)| !["_step", "_timestamp", "_runtime"].contains(&&*path.dotted())) {
            let value = match value.as_number() {
                Some(number) if number.is_exact_f64() => Json::from(number.as_f64()).to_canonical_text(),
                _ => value.to_canonical_text(),
            };
            values.insert((step, path.dotted(), value));
        }
    }
    values
}

#[test]
fn the_long_form_has_every_value_and_stays_in_line() {
    let (backend, lake) = (Backend::start(&sample_lake()), tempfile::tempdir().unwrap());
    let export = |options: &[&str]| {
        let call = backend.call(["export", PROJECT, "--lake"]).arg(lake.path());
        options.iter().fold(call, Runlake::arg).succeed().stderr
    };
    export(&[]);
    let again = export(&["--layout", "long"]);
    assert!(!again.contains("0 runs written"), "the lake did not have that form: {again}");
    let again = export(&["--layout", "long"]);
    assert!(again.contains("0 runs written, 27 unchanged"), "{again}");
    verify(lake.path());
    let project = ProjectPath::parse(PROJECT).unwrap();
    block_on(async {
        let runs = open(lake.path()).await.runs(&project).await.unwrap();
        let mut kept = 0;
        for run in runs {
            let values = long_values(lake.path(), &run.record.path).await;
            kept += values.len();
            assert_eq!(values, wide_values(lake.path(), &run.record.path).await, "{}", run.record.path);
        }
        assert!(kept > 1000, "{kept}");
    });
}

#[test]
fn rows_that_come_and_go_do_so_in_both_forms() {
    let (service, lake) = (Service::start(), tempfile::tempdir().unwrap());
    let run = ProjectPath::parse(TEAM).unwrap().run("run");
    let export = |layout: &[&str]| {
        let call = service.backend.call(["export", TEAM, "--lake"]).arg(lake.path());
        layout.iter().fold(call, Runlake::arg).succeed();
        block_on(async { assert_eq!(long_values(lake.path(), &run).await, wide_values(lake.path(), &run).await) });
        verify(lake.path());
    };
    service.put("run", &losses(0..40, 0.5), 10, "run");
    export(&["--layout", "long"]);
    service.put("run", &losses(0..60, 0.5), 11, "run");
    export(&[]);
    assert_eq!(block_on(long_values(lake.path(), &run)).len(), 60, "a lake that has the form keeps it");
    service.put("run", &losses(0..30, 0.25), 12, "run");
    export(&[]);
    assert_eq!(block_on(long_values(lake.path(), &run)).len(), 30);
    runlake_tests::service::put(lake.path(), "run", &losses(0..10, 0.75), 13, "run");
    block_on(async { assert_eq!(long_values(lake.path(), &run).await, wide_values(lake.path(), &run).await, "written by another") });
}

#[test]
fn only_runs_that_sent_something_since_are_read() {
    let (service, lake) = (Service::start(), tempfile::tempdir().unwrap());
    for (run, heartbeat_seconds) in [("old", 10), ("new", 5000)] {
        service.put(run, &losses(0..5, 0.5), heartbeat_seconds, run);
    }
    // The runs' clock begins at this time.
    let began = runlake_types::Timestamp::from_micros(1_790_000_000_000_000);
    let since = runlake_types::Timestamp::from_micros(began.micros() + 4000 * 1_000_000).to_string();
    let export = |since: &str| {
        let outcome = service.backend.call(["export", TEAM, "--format", "ndjson", "--since", since, "--lake"]).arg(lake.path()).run();
        let run_id = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["run_id"].as_str().unwrap().to_owned();
        (outcome.code, outcome.text().lines().map(run_id).collect::<BTreeSet<_>>())
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(export(&since), (Some(0), names(&["new"])));
    assert_eq!(export("100000d"), (Some(0), names(&["old", "still"])), "the rest, and nothing is taken out");
    assert_eq!(export("yesterday").0, Some(2));
}

#[test]
fn files_come_along_and_stay_in_line() {
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let backend = Backend::start_on(&sample_lake(), state.path());
    let run = "runlake/digits/records";
    let upload = |name: &str, text: &str| {
        fs_err::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs_err::write(folder.path().join(name), text).unwrap();
        backend.call(["run", "upload", run, name]).current_dir(folder.path()).succeed();
    };
    upload("plots/ä b.txt", "first");
    upload("gone.txt", "soon");
    let lake = folder.path().join("lake");
    let export = || backend.call(["export", PROJECT, "--files", "--lake"]).arg(&lake).succeed();
    export();
    let files = || {
        let files = block_on(async { open(&lake).await.files(&RunPath::parse(run).unwrap()).await.unwrap() });
        files.into_iter().map(|file| (file.name, fs_err::read_to_string(file.path).unwrap_or_default())).collect::<Vec<_>>()
    };
    let has = |name: &str| files().into_iter().find(|file| file.0 == name).map(|file| file.1);
    assert_eq!((has("plots/ä b.txt").as_deref(), has("gone.txt").as_deref()), (Some("first"), Some("soon")));
    let listed = backend.call(["run", "files", run, "--format", "ndjson"]).succeed().text().lines().count();
    assert_eq!(files().len(), listed);
    upload("plots/ä b.txt", "other");
    backend.call(["run", "delete-files", run, "gone.txt", "--yes"]).succeed();
    let again = export();
    assert!(again.stderr.contains("0 runs written, 27 unchanged"), "{}", again.stderr);
    assert_eq!((has("plots/ä b.txt").as_deref(), has("gone.txt")), (Some("other"), None));
}
