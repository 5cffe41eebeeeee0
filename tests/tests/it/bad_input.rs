//! What a user reads when something is wrong: the words, the hint and the exit code, each pinned.

use std::path::Path;
use std::time::Duration;

use runlake_tests::backend::{Backend, KEY};
use runlake_tests::command::Runlake;
use runlake_tests::lake::{PROJECT, sample_lake, sample_log};

/// The report of a call to a backend over the sample lake.
fn ask(arguments: &[&str]) -> String {
    Backend::start(&sample_lake()).call(arguments).run().report(&[])
}

/// The report of a call that names a folder, which the report calls `[DIR]`.
fn report_in(folder: &Path, call: Runlake) -> String {
    call.run().report(&[(folder.to_str().unwrap(), "[DIR]")])
}

fn in_lake(command: &str, lake: &Path) -> Runlake {
    Runlake::new([command, "--lake"]).arg(lake)
}

#[test]
fn a_wrong_key() {
    let backend = Backend::start(&sample_lake());
    let report = backend.call(["runs", PROJECT]).env("WANDB_API_KEY", "f".repeat(40)).run().report(&[]);
    insta::assert_snapshot!(report, @"");
}

#[test]
fn no_key() {
    let backend = Backend::start(&sample_lake());
    let report = Runlake::new(["runs", PROJECT, "--base-url", &backend.base_url()]).run().report(&[]);
    insta::assert_snapshot!(report, @"");
}

#[test]
fn a_key_that_cannot_be_one() {
    let report = Runlake::new(["runs", PROJECT, "--base-url", "http://127.0.0.1:9", "--api-key", "two words"]).run().report(&[]);
    insta::assert_snapshot!(report, @"");
}

#[test]
fn a_server_that_does_not_listen() {
    // The discard port: nothing listens there, so the connection is refused at once.
    let outcome = Runlake::new(["runs", PROJECT, "--base-url", "http://127.0.0.1:9"]).env("WANDB_API_KEY", KEY).run();
    insta::assert_snapshot!(outcome.report(&[]), @"");
    assert!(outcome.elapsed < Duration::from_secs(20), "it took {:?}", outcome.elapsed);
}

#[test]
fn an_address_that_is_none() {
    let report = Runlake::new(["runs", PROJECT, "--base-url", "not an address"]).env("WANDB_API_KEY", KEY).run().report(&[]);
    insta::assert_snapshot!(report, @"");
}

#[test]
fn an_unknown_project() {
    insta::assert_snapshot!(ask(&["runs", "runlake/digit"]), @"");
}

#[test]
fn an_unknown_project_leaves_no_lake_behind() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let backend = Backend::start(&sample_lake());
    let report = report_in(folder.path(), backend.call(["export", "runlake/digit", "--lake"]).arg(&lake));
    insta::assert_snapshot!(report, @"");
    assert!(!lake.exists());
}

#[test]
fn an_unknown_run() {
    insta::assert_snapshot!(ask(&["scan", "runlake/digits/value"]), @"");
}

#[test]
fn a_path_that_is_none() {
    insta::assert_snapshot!(ask(&["scan", "values"]), @"");
}

#[test]
fn a_filter_that_is_not_json() {
    insta::assert_snapshot!(ask(&["runs", PROJECT, "--filters", "state=finished"]), @"");
}

#[test]
fn a_filter_with_an_unknown_field() {
    insta::assert_snapshot!(ask(&["runs", PROJECT, "--filters", r#"{"$or": [{"stat": "finished"}]}"#]), @"");
}

#[test]
fn a_filter_with_an_unknown_operator() {
    insta::assert_snapshot!(ask(&["runs", PROJECT, "--filters", r#"{"state": {"$like": "fin%"}}"#]), @"");
}

#[test]
fn an_order_that_is_none() {
    insta::assert_snapshot!(ask(&["runs", PROJECT, "--order", "-colour"]), @"");
}

#[test]
fn an_unknown_column() {
    insta::assert_snapshot!(ask(&["runs", PROJECT, "--columns", "run_id,stat"]), @"");
}

#[test]
fn an_unknown_key() {
    insta::assert_snapshot!(ask(&["scan", "runlake/digits/lr001-seed1", "--keys", "train/los"]), @"");
}

#[test]
fn an_unknown_command() {
    insta::assert_snapshot!(Runlake::new(["exprot", PROJECT]).run().report(&[]), @"");
}

#[test]
fn logs_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let report = report_in(folder.path(), in_lake("import", &folder.path().join("lake")).arg(folder.path().join("wandb")));
    insta::assert_snapshot!(report, @"");
}

#[test]
fn a_folder_without_logs() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::create_dir(folder.path().join("wandb")).unwrap();
    let report = report_in(folder.path(), in_lake("import", &folder.path().join("lake")).arg(folder.path().join("wandb")));
    insta::assert_snapshot!(report, @"");
}

#[test]
fn a_file_that_is_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("run-x.wandb");
    fs_err::write(&log, "this is no log, and it is longer than a header").unwrap();
    let report = report_in(folder.path(), in_lake("import", &folder.path().join("lake")).arg(&log));
    insta::assert_snapshot!(report, @"");
}

#[test]
fn one_log_that_is_none_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("run-x.wandb");
    fs_err::write(&log, "this is no log, and it is longer than a header").unwrap();
    let report = report_in(folder.path(), in_lake("import", &folder.path().join("lake")).arg(&log).arg(sample_log("gaps")));
    insta::assert_snapshot!(report, @"");
}

#[test]
fn damaged_logs_are_read_and_the_damage_is_said() {
    for run_id in ["corrupt", "torn"] {
        let folder = tempfile::tempdir().unwrap();
        let log = sample_log(run_id);
        let outcome = in_lake("import", &folder.path().join("lake")).arg(&log).run();
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        let warning = outcome.stderr.lines().find(|line| line.starts_with("warning: ")).unwrap_or_else(|| panic!("{}", outcome.stderr));
        assert!(warning.contains(&format!("run-{run_id}.wandb")), "{warning}");
        assert!(outcome.text().contains("true"), "the table marks damaged logs: {}", outcome.text());
    }
}

#[test]
fn a_lake_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    insta::assert_snapshot!(report_in(folder.path(), in_lake("info", &lake)), @"");
    for command in ["verify", "serve"] {
        let outcome = in_lake(command, &lake).run();
        assert_eq!(outcome.code, Some(4), "{command}: {}", outcome.stderr);
    }
    assert!(!lake.exists(), "looking makes nothing");
}

#[test]
fn a_lake_of_another_version() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("runlake.json"), "{\"format_version\": 99}\n").unwrap();
    insta::assert_snapshot!(report_in(folder.path(), in_lake("info", folder.path())), @"");
    let import = in_lake("import", folder.path()).arg(sample_log("gaps")).run();
    assert_ne!(import.code, Some(0), "nothing is written into a lake of another version");
}

#[test]
fn a_folder_that_holds_something_else() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("thesis.tex"), "precious").unwrap();
    let report = report_in(folder.path(), in_lake("import", folder.path()).arg(sample_log("gaps")));
    insta::assert_snapshot!(report, @"");
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1, "nothing was added");
}

#[test]
fn a_lake_that_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    fs_err::write(&lake, "not a folder").unwrap();
    let report = report_in(folder.path(), in_lake("import", &lake).arg(sample_log("gaps")));
    insta::assert_snapshot!(report, @"");
}

#[test]
fn a_lake_that_cannot_be_written() {
    // A file stands where the table's folder belongs: what a full or read-only disk is to a user who may write everywhere.
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    in_lake("import", &lake).arg(sample_log("gaps")).succeed();
    let partition = lake.join("histories/entity=runlake/project=digits");
    fs_err::remove_dir_all(&partition).unwrap();
    fs_err::write(&partition, "in the way").unwrap();
    let outcome = in_lake("import", &lake).arg(sample_log("sparse")).run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("error: ") && outcome.stderr.contains("hint: "), "{}", outcome.stderr);
}

#[test]
fn a_damaged_part_file_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    in_lake("import", &lake).arg(sample_log("gaps")).succeed();
    let partition = lake.join("histories/entity=runlake/project=digits");
    let part = fs_err::read_dir(&partition).unwrap().next().unwrap().unwrap().path();
    let bytes = fs_err::read(&part).unwrap();
    fs_err::write(&part, &bytes[..bytes.len() / 2]).unwrap();
    let outcome = in_lake("verify", &lake).run();
    assert_eq!(outcome.code, Some(6), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(part.file_name().unwrap().to_str().unwrap()), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
}

#[test]
fn a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let report = in_lake("serve", &sample_lake()).arg("--port").arg(&port).run().report(&[]);
    insta::assert_snapshot!(report, @"");
}
