//! `runlake run …`, `history`, `histories` and `projects`: what they print, what they change, and what they say of mistakes.

use runlake_tests::backend::Backend;
use runlake_tests::command::{Outcome, Runlake};
use runlake_tests::lake::sample_lake;
use runlake_types::{Json, Object};

const RUN: &str = "runlake/digits/lr001-seed1";

fn backend() -> Backend {
    Backend::start(&sample_lake())
}

fn object(outcome: &Outcome) -> Object {
    Json::parse_object(outcome.text().trim()).unwrap_or_else(|error| panic!("{error}: {}", outcome.text()))
}

fn rows(outcome: &Outcome) -> Vec<Object> {
    outcome.text().lines().map(|line| Json::parse_object(line).unwrap()).collect()
}

fn text(object: &Object, key: &str) -> String {
    object[key].to_string()
}

#[test]
fn a_run_is_made_changed_requeued_stopped_and_deleted() {
    let backend = backend();
    let call = |arguments: &[&str]| backend.call(arguments.iter().chain(&["--format", "json"])).succeed();
    let made = object(&call(&["run", "create", "runlake/new/r1", "--pending", "--name", "First", "--tags", "a,b", "--config", "lr=0.1"]));
    assert_eq!((text(&made, "state"), text(&made, "display_name")), (r#""pending""#.to_owned(), r#""First""#.to_owned()));
    assert!(made["url"].as_str().unwrap().ends_with("/runlake/new/runs/r1"));
    let random = object(&call(&["run", "create", "runlake/new"]));
    assert_eq!(random["run_id"].as_str().unwrap().len(), 8);

    let path = "runlake/new/r1";
    let changed = object(&call(&[
        "run",
        "update",
        path,
        "--add-tags",
        "c",
        "--remove-tags",
        "a",
        "--notes",
        "n",
        "--config",
        "opt={\"name\": \"adam\"}",
        "--summary",
        "acc=0.5",
        "--summary",
        "word=text",
        "--unset-config",
        "lr",
    ]));
    assert_eq!((text(&changed, "tags"), text(&changed, "notes")), (r#"["b","c"]"#.to_owned(), r#""n""#.to_owned()));
    assert_eq!(Json::Object(object(&call(&["run", "config", path]))).to_string(), r#"{"opt":{"name":"adam"}}"#);
    assert_eq!(Json::Object(object(&call(&["run", "summary", path]))).to_string(), r#"{"acc":0.5,"word":"text"}"#);

    backend.call(["run", "set-state", path, "failed"]).succeed();
    assert_eq!(backend.call(["run", "wait", path]).succeed().text(), "failed\n");
    backend.call(["run", "set-state", path, "pending"]).succeed();
    backend.call(["run", "stop", path]).succeed();
    backend.call(["run", "delete", path, "--yes"]).succeed();
    insta::assert_snapshot!(backend.call(["run", "show", path]).run().report(&[]), @"
    exit code 4
    --- stderr
    error: read the run failed
      caused by: there is no run runlake/new/r1
    hint: check the spelling: the run id is the last part of the run's address, not its display name
    ");
    insta::assert_snapshot!(backend.call(["run", "create", path]).run().report(&[]), @"
    exit code 1
    --- stderr
    error: make a run failed
      caused by: the server refused the change: run runlake/new/r1 was previously created and deleted; try a new run name
    hint: read the run again, and decide anew
    ");
}

#[test]
fn a_run_is_shown_for_people_and_for_programs() {
    let backend = backend();
    let shown = backend.call(["run", "show", RUN]).succeed().text();
    assert!(shown.starts_with("field               value\n"), "{shown}");
    assert!(shown.contains("run_id              lr001-seed1\n"), "{shown}");
    let keys = backend.call(["run", "keys", "runlake/digits/mixed", "--format", "ndjson"]).succeed();
    assert!(rows(&keys).iter().any(|row| row["key"].as_str() == Some("_step")));
    let html = backend.call(["run", "html", RUN, "--height", "99"]).succeed().text();
    assert!(html.starts_with("<iframe src='http://127.0.0.1:") && html.contains("height:99px"), "{html}");
    let console = backend.call(["run", "console", "runlake/digits/records"]).succeed();
    assert!(!console.stdout.is_empty());
    let last = backend.call(["run", "console", "runlake/digits/records", "--last", "1", "--format", "ndjson"]).succeed();
    assert_eq!(rows(&last)[0]["content"].as_str(), console.text().lines().last());
    let raw = object(&backend.call(["run", "config", RUN, "--raw", "--format", "json"]).succeed());
    assert!(raw.contains_key("_wandb"));
    // The defaults of paths.
    let defaults =
        backend.call(["run", "show", "lr001-seed1", "--format", "json"]).env("WANDB_ENTITY", "runlake").env("WANDB_PROJECT", "digits");
    assert_eq!(object(&defaults.succeed())["run_id"].as_str(), Some("lr001-seed1"));
}

#[test]
fn histories_are_samples_or_every_row() {
    let backend = backend();
    let sample = backend.call(["history", RUN, "--samples", "5", "--format", "ndjson"]).succeed();
    assert_eq!((rows(&sample).len(), sample.stderr.lines().next()), (5, Some("5 of 80 rows, a sample; `runlake scan` reads every row")));
    let losses = backend.call(["history", RUN, "--keys", "train/loss", "--samples", "3", "--format", "csv"]).succeed().text();
    assert_eq!(losses.lines().next(), Some("_step,train/loss"));
    let system = backend.call(["history", RUN, "--stream", "system", "--format", "ndjson"]).succeed();
    assert!(rows(&system).iter().any(|row| row.contains_key("system.memory_percent")));

    // Runs whose columns and types differ.
    let all = ["histories", "runlake/digits", "--samples", "4", "--format"];
    assert!(rows(&backend.call(all.iter().chain(&["ndjson"])).succeed()).iter().all(|row| row.contains_key("run_id")));
    for format in ["table", "csv", "parquet", "arrow", "json"] {
        assert!(!backend.call(all.iter().chain(&[format])).succeed().stdout.is_empty(), "{format}");
    }
    let filter = r#"{"name": {"$in": ["lr001-seed1", "sparse", "empty"]}}"#;
    let every = backend.call(["histories", "runlake/digits", "--filters", filter, "--all", "--format", "ndjson"]).succeed();
    assert_eq!(rows(&every).len(), 90);
    let some =
        backend.call(["histories", "runlake/digits", "--filters", filter, "--all", "--keys", "train/loss", "--format", "ndjson"]).succeed();
    assert_eq!(rows(&some).iter().filter(|row| row["run_id"].as_str() == Some("lr001-seed1")).count(), 80);

    let folder = tempfile::tempdir().unwrap();
    let parts = folder.path().join("by run");
    let partitioned = [
        "histories",
        "runlake/digits",
        "--filters",
        filter,
        "--keys",
        "train/loss",
        "--partition-by",
        "run_id",
        "--format",
        "parquet",
        "--output",
    ];
    backend.call(partitioned.iter().copied().chain([parts.to_str().unwrap()])).succeed();
    let mut names: Vec<_> = fs_err::read_dir(&parts).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["run_id=lr001-seed1"]);
}

#[test]
fn histories_of_nothing_are_mistakes() {
    let backend = backend();
    let report = |arguments: &[&str]| backend.call(["histories", "runlake/digits"].iter().chain(arguments)).run().report(&[]);
    insta::assert_snapshot!(report(&["--keys", "val.*"]), @"
    exit code 2
    --- stderr
    error: no row of the 27 runs has all of the keys val.*
    hint: `runlake run keys ENTITY/PROJECT/RUN` lists those of a run; patterns are for --lake
    ");
    insta::assert_snapshot!(report(&["--filters", r#"{"name": "nobody"}"#]), @r#"
    exit code 2
    --- stderr
    error: no run passes the filter {"name": "nobody"}
    hint: `runlake runs ENTITY/PROJECT` lists all runs
    "#);
    insta::assert_snapshot!(report(&["--all", "--samples", "5"]), @"
    exit code 2
    --- stderr
    error: the argument '--all' cannot be used with '--samples <N>'

    Usage: runlake histories --all <PROJECT>

    For more information, try '--help'.
    ");
}

#[test]
fn projects_are_listed() {
    let listed = rows(&backend().call(["projects", "runlake", "--format", "ndjson"]).succeed());
    assert_eq!(listed.iter().map(|row| row["project"].as_str().unwrap()).collect::<Vec<_>>(), ["digits", "live"]);
}

#[test]
fn what_destroys_is_confirmed() {
    let backend = backend();
    insta::assert_snapshot!(backend.call(["run", "delete", RUN]).run().report(&[]), @"
    exit code 2
    --- stderr
    error: this destroys what cannot be brought back, and nobody is there to confirm it
    hint: say --yes when you are sure
    ");
    backend.call(["run", "show", RUN]).succeed();
}

#[test]
fn mistakes_are_named() {
    let backend = backend();
    let report = |arguments: &[&str]| backend.call(arguments).run().report(&[]);
    insta::assert_snapshot!(report(&["run", "set-state", RUN, "pending"]), @"
    exit code 1
    --- stderr
    error: change the state of the run failed
      caused by: the server refused the change: the state of run runlake/digits/lr001-seed1 cannot go from `finished` to `pending`: to `pending` go running, failed, crashed and preempted runs, and to `failed` pending and running ones
    hint: read the run again, and decide anew
    ");
    insta::assert_snapshot!(report(&["run", "create", "runlake/new/a:b"]), @"
    exit code 2
    --- stderr
    error: make a run failed
      caused by: the run id `a:b` has the character ':'
    ");
    insta::assert_snapshot!(report(&["run", "update", RUN, "--config", "lr"]), @r#"
    exit code 2
    --- stderr
    error: `lr` is not KEY=VALUE
    hint: write a value such as lr=0.1, name='"0.1"' for a text that reads like a number, or opt='{"name": "adam"}'
    "#);
    insta::assert_snapshot!(report(&["run", "wait", "runlake/live/running", "--timeout", "0.1", "--poll-interval", "0.05"]), @"
    exit code 1
    --- stderr
    error: run runlake/live/running is still running after [TIME]
    hint: wait for longer, or ask the run to stop
    ");
    insta::assert_snapshot!(report(&["run", "wait", RUN, "--poll-interval", "-1"]), @"
    exit code 2
    --- stderr
    error: --poll-interval takes seconds, not -1
    hint: write a number that is not negative
    ");
    insta::assert_snapshot!(report(&["history", RUN, "--stream", "system", "--keys", "a"]), @"
    exit code 2
    --- stderr
    error: keys cannot be chosen from the system metrics: leave them out
    ");
    insta::assert_snapshot!(report(&["run", "show", ""]), @"
    exit code 2
    --- stderr
    error: `` is not a path of the form ENTITY/PROJECT/RUN_ID
    hint: a project is ENTITY/PROJECT and a run is ENTITY/PROJECT/RUN_ID, where RUN_ID is the last part of the run's address
    ");
}

#[test]
fn a_read_only_server_lets_nothing_be_written() {
    let backend = Backend::start_with(&sample_lake(), &["--read-only"]);
    insta::assert_snapshot!(backend.call(["run", "update", RUN, "--notes", "x"]).run().report(&[]), @"
    exit code 3
    --- stderr
    error: update the run failed
      caused by: the API key at hand may not do this: permission denied: this server was started read-only, so nothing can be changed or logged through it
    hint: ask the owner of the project for access, or use another key
    ");
}

#[test]
fn a_state_folder_has_one_backend_at_a_time() {
    let state = tempfile::tempdir().unwrap();
    let _first = Backend::start_on(&sample_lake(), state.path());
    let second = Runlake::new(["serve", "--no-key", "--lake"]).arg(sample_lake()).arg("--state").arg(state.path());
    insta::assert_snapshot!(second.run().report(&[(state.path().to_str().unwrap(), "[DIR]")]), @"
    exit code 1
    --- stderr
    error: the state folder `[DIR]` is in use by another backend
    hint: stop the other backend, or give this one a folder of its own with --state DIR
    ");
}
