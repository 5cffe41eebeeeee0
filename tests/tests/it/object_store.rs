//! A lake in an object store: made, filled, read and checked over the S3 protocol, by one writer and by several.

use std::process::Stdio;

use runlake_tests::backend::Backend;
use runlake_tests::command::Runlake;
use runlake_tests::lake::{FEW_RUNS, PROJECT, sample_lake, sample_log, small_lake};
use runlake_tests::object_store::ObjectStore;
use runlake_tests::same_lake::{assert_same, verify};

/// Runs `runlake` on the lake `lake` of the store, with its other arguments before.
fn on_lake(store: &ObjectStore, call: Runlake, lake: &str) -> Runlake {
    store.reachable_from(call.arg("--lake").arg(store.address(lake)))
}

fn verify_in_place(store: &ObjectStore, lake: &str) {
    let verdict = on_lake(store, Runlake::new(["verify"]), lake).succeed();
    assert!(verdict.stderr.contains(" 0 faults"), "{}", verdict.stderr);
}

#[test]
fn an_import() {
    let mut store = ObjectStore::start();
    let call = FEW_RUNS.iter().fold(Runlake::new(["import"]), |call, run_id| call.arg(sample_log(run_id)));
    on_lake(&store, call, "imported").succeed();
    verify_in_place(&store, "imported");
    let folder = tempfile::tempdir().unwrap();
    assert!(store.download("imported", folder.path()) > 0);
    assert_same(&small_lake(), folder.path(), PROJECT);
    verify(folder.path());
}

#[test]
fn an_export_and_its_readers() {
    let source = small_lake();
    let backend = Backend::start(&source);
    let mut store = ObjectStore::start();
    let export = || on_lake(&store, backend.call(["export", PROJECT]), "exported").succeed().stderr;
    let runs = FEW_RUNS.len();
    let words = export();
    assert!(words.contains(&format!("{runs} runs written, 0 unchanged, 0 removed, 0 failed")), "{words}");
    let words = export();
    assert!(words.contains(&format!("0 runs written, {runs} unchanged, 0 removed, 0 failed")), "{words}");
    verify_in_place(&store, "exported");
    let info = on_lake(&store, Runlake::new(["info", "--format", "json"]), "exported").succeed();
    let info: serde_json::Value = serde_json::from_slice(&info.stdout).unwrap();
    let local = Runlake::new(["info", "--format", "json", "--lake"]).arg(&source).succeed();
    let local: serde_json::Value = serde_json::from_slice(&local.stdout).unwrap();
    assert_eq!(info["projects"], local["projects"]);

    assert_eq!(store.rows("exported", "runs"), runs as u64);
    let folder = tempfile::tempdir().unwrap();
    store.download("exported", folder.path());
    assert_same(&source, folder.path(), PROJECT);
    verify(folder.path());
}

#[test]
fn exporters_of_different_projects_at_once() {
    let source = sample_lake();
    let backend = Backend::start(&source);
    let mut store = ObjectStore::start();
    let projects = ["local/digits", "my team/größe 1", "runlake/live"];
    let start = |project: &str| {
        let (mut command, home) = on_lake(&store, backend.call(["export", project]), "shared").into_parts();
        (command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap(), home)
    };
    let exports = projects.map(start);
    let mut complete = Vec::new();
    for ((export, _home), project) in exports.into_iter().zip(projects) {
        let output = export.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        let is_conflict = words.contains("another writer") && words.contains("hint: nothing was lost: run the same command again");
        assert!(output.status.success() || is_conflict, "{:?}: {words}", output.status);
        complete.extend(output.status.success().then_some(project));
    }
    // Who says that all is done has done it: no commit of another overwrote it.
    let at_once = tempfile::tempdir().unwrap();
    store.download("shared", at_once.path());
    for project in complete {
        assert_same(&source, at_once.path(), project);
    }
    verify_in_place(&store, "shared");
    for project in projects {
        on_lake(&store, backend.call(["export", project]), "shared").succeed();
    }
    let folder = tempfile::tempdir().unwrap();
    store.download("shared", folder.path());
    for project in projects {
        assert_same(&source, folder.path(), project);
    }
    verify(folder.path());
}

#[test]
fn a_bucket_that_is_not_there_is_said() {
    let backend = Backend::start(&small_lake());
    let store = ObjectStore::start();
    let outcome = store.reachable_from(backend.call(["export", PROJECT, "--lake", "s3://nowhere/lake"])).run();
    assert!(matches!(outcome.code, Some(1 | 4)), "{:?} {}", outcome.code, outcome.stderr);
    assert!(outcome.stderr.contains("error: ") && outcome.stderr.contains("nowhere"), "{}", outcome.stderr);
}
