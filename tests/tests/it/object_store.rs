//! A lake in an object store: made, filled, read and checked over the S3 protocol, by one writer and by several.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use runlake_tests::backend::Backend;
use runlake_tests::chance::{Chance, repeats};
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

/// Starts an export of each of `projects` into one lake at once, waits for their ends, and compares.
fn export_at_once(source: &Path, lake: &str, projects: &[&str]) {
    let backend = Backend::start(source);
    let mut store = ObjectStore::start();
    let start = |project: &&str| {
        let (mut command, home) = on_lake(&store, backend.call(["export", *project]), lake).into_parts();
        (command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap(), home)
    };
    let exports: Vec<_> = projects.iter().map(start).collect();
    for (export, _home) in exports {
        let output = export.wait_with_output().unwrap();
        assert!(output.status.success(), "{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    verify_in_place(&store, lake);
    let folder = tempfile::tempdir().unwrap();
    store.download(lake, folder.path());
    for project in projects {
        assert_same(source, folder.path(), project);
    }
    verify(folder.path());
}

#[test]
fn exporters_of_different_projects_at_once() {
    export_at_once(&sample_lake(), "shared", &["local/digits", "my team/größe 1", "runlake/live"]);
}

#[test]
fn two_exporters_of_one_project_at_once() {
    export_at_once(&small_lake(), "twice", &[PROJECT, PROJECT]);
}

#[test]
fn an_export_that_is_killed_and_goes_on() {
    let source = small_lake();
    let backend = Backend::start(&source);
    let mut store = ObjectStore::start();
    let export = |lake: &str| on_lake(&store, backend.call(["export", PROJECT]), lake);
    let started = Instant::now();
    export("undisturbed").succeed();
    let (whole, mut chance) = (started.elapsed(), Chance::new(1));
    let mut lakes = Vec::new();
    for number in 0..repeats(1, 6) {
        let lake = format!("killed-{number}");
        for _ in 0..4 {
            let (mut command, _home) = export(&lake).into_parts();
            let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole.mul_f64(chance.draw()));
            // One that has ended already cannot be killed, which is as well.
            let _ended = running.kill();
            running.wait().unwrap();
        }
        export(&lake).succeed();
        verify_in_place(&store, &lake);
        lakes.push(lake);
    }
    for lake in lakes {
        let folder = tempfile::tempdir().unwrap();
        store.download(&lake, folder.path());
        assert_same(&source, folder.path(), PROJECT);
    }
}

#[test]
fn a_bucket_that_is_not_there_is_said() {
    let backend = Backend::start(&small_lake());
    let store = ObjectStore::start();
    let outcome = store.reachable_from(backend.call(["export", PROJECT, "--lake", "s3://nowhere/lake"])).run();
    assert!(matches!(outcome.code, Some(1 | 4)), "{:?} {}", outcome.code, outcome.stderr);
    assert!(outcome.stderr.contains("error: ") && outcome.stderr.contains("nowhere"), "{}", outcome.stderr);
}
