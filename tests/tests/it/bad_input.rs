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
    insta::assert_snapshot!(report, @"
    exit code 3
    --- stderr
    error: list runs failed
      caused by: 127.0.0.1:[PORT] did not accept the API key: user is not logged in: the API key is missing or is not the one that this server was started with; user is not logged in
    hint: keys are looked for in this order: the one given to the client, WANDB_API_KEY, the entry of exactly `127.0.0.1:[PORT]` in the netrc file; check that the one found first belongs to this server
    ");
}

#[test]
fn no_key() {
    let backend = Backend::start(&sample_lake());
    let report = Runlake::new(["runs", PROJECT, "--base-url", &backend.base_url()]).run().report(&[]);
    insta::assert_snapshot!(report, @"
    exit code 3
    --- stderr
    error: set up the client failed
      caused by: no API key for 127.0.0.1:[PORT] was found
    hint: set WANDB_API_KEY, or add the line `machine 127.0.0.1:[PORT] login user password KEY` to ~/.netrc; a key is made in the user settings of the server
    ");
}

#[test]
fn a_key_that_cannot_be_one() {
    let report = Runlake::new(["runs", PROJECT, "--base-url", "http://127.0.0.1:9", "--api-key", "two words"]).run().report(&[]);
    insta::assert_snapshot!(report, @"
    exit code 3
    --- stderr
    error: set up the client failed
      caused by: the API key holds a character that is not a letter, a digit or a sign
    hint: copy the key again from the user settings of the server
    ");
}

#[test]
fn a_server_that_does_not_listen() {
    // The discard port: nothing listens there, so the connection is refused at once.
    let outcome = Runlake::new(["runs", PROJECT, "--base-url", "http://127.0.0.1:9"]).env("WANDB_API_KEY", KEY).run();
    insta::assert_snapshot!(outcome.report(&[]), @"
    exit code 7
    --- stderr
    error: list runs failed after 3 attempts in [TIME]
      caused by: could not connect to 127.0.0.1:[PORT]
      caused by: error sending request
      caused by: client error (Connect)
      caused by: tcp connect error
      caused by: Connection refused (os error 111)
    hint: check WANDB_BASE_URL, the network and HTTPS_PROXY
    ");
    assert!(outcome.elapsed < Duration::from_secs(20), "it took {:?}", outcome.elapsed);
}

#[test]
fn an_address_that_is_none() {
    let report = Runlake::new(["runs", PROJECT, "--base-url", "not an address"]).env("WANDB_API_KEY", KEY).run().report(&[]);
    insta::assert_snapshot!(report, @"
    exit code 2
    --- stderr
    error: set up the client failed
      caused by: `not an address` is not the address of a W&B server: it must begin with http:// or https://
    hint: set WANDB_BASE_URL to an address such as https://api.wandb.ai or https://wandb.example.org/prefix
    ");
}

#[test]
fn an_unknown_project() {
    insta::assert_snapshot!(ask(&["runs", "runlake/digit"]), @"
    exit code 4
    --- stderr
    error: list runs failed
      caused by: there is no project runlake/digit
    hint: check the spelling and the server; a private project that the key may not read looks the same as a missing one
    ");
}

#[test]
fn an_unknown_project_leaves_no_lake_behind() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let backend = Backend::start(&sample_lake());
    let report = report_in(folder.path(), backend.call(["export", "runlake/digit", "--lake"]).arg(&lake));
    insta::assert_snapshot!(report, @"
    exit code 4
    --- stderr
    error: read the project failed
      caused by: there is no project runlake/digit
    hint: check the spelling and the server; a private project that the key may not read looks the same as a missing one
    ");
    assert!(!lake.exists());
}

#[test]
fn an_unknown_run() {
    insta::assert_snapshot!(ask(&["scan", "runlake/digits/value"]), @"
    exit code 4
    --- stderr
    error: plan runs failed
      caused by: there is no run runlake/digits/value
    hint: check the spelling: the run id is the last part of the run's address, not its display name
    ");
}

#[test]
fn a_path_that_is_none() {
    insta::assert_snapshot!(ask(&["scan", "values"]), @"
    exit code 2
    --- stderr
    error: `values` is not a path of the form ENTITY/PROJECT/RUN_ID
    hint: a project is ENTITY/PROJECT and a run is ENTITY/PROJECT/RUN_ID, where RUN_ID is the last part of the run's address
    ");
}

#[test]
fn a_filter_that_is_not_json() {
    insta::assert_snapshot!(ask(&["runs", PROJECT, "--filters", "state=finished"]), @r#"
    exit code 2
    --- stderr
    error: the filter is not JSON
      caused by: expected a value at byte 0
    hint: filters are JSON in Mongo's style, for example '{"state": "finished", "config.lr": {"$gte": 0.1}}'
    "#);
}

#[test]
fn a_filter_with_an_unknown_field() {
    insta::assert_snapshot!(ask(&["runs", PROJECT, "--filters", r#"{"$or": [{"stat": "finished"}]}"#]), @"
    exit code 2
    --- stderr
    error: the filter is not valid at `$or[0].stat`: runs have no field `stat`; is it one of state?
    hint: operators: $and $or $nor $not $eq $ne $gt $gte $lt $lte $in $nin $exists $regex; fields: state, name, displayName, group, jobType, tags, username, createdAt, heartbeatAt, duration, config.KEY, summary_metrics.KEY
    ");
}

#[test]
fn a_filter_with_an_unknown_operator() {
    insta::assert_snapshot!(ask(&["runs", PROJECT, "--filters", r#"{"state": {"$like": "fin%"}}"#]), @"
    exit code 2
    --- stderr
    error: the filter is not valid at `state.$like`: `$like` is not an operator
    hint: operators: $and $or $nor $not $eq $ne $gt $gte $lt $lte $in $nin $exists $regex; fields: state, name, displayName, group, jobType, tags, username, createdAt, heartbeatAt, duration, config.KEY, summary_metrics.KEY
    ");
}

#[test]
fn an_order_that_is_none() {
    insta::assert_snapshot!(ask(&["runs", PROJECT, "--order", "-colour"]), @"
    exit code 2
    --- stderr
    error: `-colour` is not an order: runs have no field `colour`
    hint: an order is + or - and a field, for example `-created_at`, `+config.lr` or `-summary_metrics.acc`
    ");
}

#[test]
fn an_unknown_column() {
    insta::assert_snapshot!(ask(&["runs", PROJECT, "--columns", "run_id,stat"]), @"
    exit code 2
    --- stderr
    error: runs have no column `stat`; is it state?
    hint: columns are run_id, storage_id, entity, project, display_name, state, tags, group, job_type, sweep_id, username, commit, notes, description, read_only, created_at, heartbeat_at, history_line_count, last_step, config, summary, system_metrics, config.KEY and summary.KEY
    ");
}

#[test]
fn an_unknown_key() {
    insta::assert_snapshot!(ask(&["scan", "runlake/digits/lr001-seed1", "--keys", "train/los"]), @"
    exit code 2
    --- stderr
    error: no run has a key `train/los`; the nearest are `train/loss`
    hint: keys are written with dots, such as val.acc; without --keys every key is shown
    ");
}

#[test]
fn an_unknown_command() {
    insta::assert_snapshot!(Runlake::new(["exprot", PROJECT]).run().report(&[]), @"
    exit code 2
    --- stderr
    error: unrecognized subcommand 'exprot'

      tip: some similar subcommands exist: 'projects', 'plot', 'export'

    Usage: runlake [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn logs_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let report = report_in(folder.path(), in_lake("import", &folder.path().join("lake")).arg(folder.path().join("wandb")));
    insta::assert_snapshot!(report, @"
    exit code 4
    --- stderr
    error: [DIR]/wandb cannot be searched for run logs
      caused by: No such file or directory (os error 2)
    hint: give a `.wandb` file, a `run-…` or `offline-run-…` folder, or the `wandb` folder that holds them
    ");
}

#[test]
fn a_folder_without_logs() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::create_dir(folder.path().join("wandb")).unwrap();
    let report = report_in(folder.path(), in_lake("import", &folder.path().join("lake")).arg(folder.path().join("wandb")));
    insta::assert_snapshot!(report, @"
    exit code 4
    --- stderr
    error: there is no offline run log in [DIR]/wandb
    hint: name a `wandb` folder, one of its run-* or offline-run-* folders, or a .wandb file
    ");
}

#[test]
fn a_file_that_is_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("run-x.wandb");
    fs_err::write(&log, "this is no log, and it is longer than a header").unwrap();
    let report = report_in(folder.path(), in_lake("import", &folder.path().join("lake")).arg(&log));
    insta::assert_snapshot!(report, @"
    exit code 5
    --- stdout
    entity  project  run_id  state  rows  damaged
    --- stderr
    warning: [DIR]/run-x.wandb: [DIR]/run-x.wandb is not a run log that can be read: it does not begin as one does, with `:W&B`
    0 runs and 0 rows are in [DIR]/lake
    error: [DIR]/run-x.wandb was not imported: [DIR]/run-x.wandb is not a run log that can be read: it does not begin as one does, with `:W&B`
    hint: a run log is the `run-ID.wandb` file in a `run-…` or `offline-run-…` folder
    ");
}

#[test]
fn one_log_that_is_none_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("run-x.wandb");
    fs_err::write(&log, "this is no log, and it is longer than a header").unwrap();
    let report = report_in(folder.path(), in_lake("import", &folder.path().join("lake")).arg(&log).arg(sample_log("gaps")));
    insta::assert_snapshot!(report, @"
    exit code 5
    --- stdout
    entity   project  run_id  state     rows  damaged
    runlake  digits   gaps    finished    42  false
    --- stderr
    warning: [DIR]/run-x.wandb: [DIR]/run-x.wandb is not a run log that can be read: it does not begin as one does, with `:W&B`
    1 runs and 42 rows are in [DIR]/lake
    error: [DIR]/run-x.wandb was not imported: [DIR]/run-x.wandb is not a run log that can be read: it does not begin as one does, with `:W&B`
    hint: a run log is the `run-ID.wandb` file in a `run-…` or `offline-run-…` folder
    ");
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
    insta::assert_snapshot!(report_in(folder.path(), in_lake("info", &lake)), @"
    exit code 4
    --- stderr
    error: there is no lake at [DIR]/lake
    hint: `runlake export ENTITY/PROJECT --lake DIR` or `runlake import WANDB_DIR --lake DIR` makes one
    ");
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
    insta::assert_snapshot!(report_in(folder.path(), in_lake("info", folder.path())), @"
    exit code 1
    --- stderr
    error: the lake at [DIR] has format version 99, and this runlake reads version 1
    hint: use the runlake that wrote it, or export again into a new folder
    ");
    let import = in_lake("import", folder.path()).arg(sample_log("gaps")).run();
    assert_ne!(import.code, Some(0), "nothing is written into a lake of another version");
}

#[test]
fn a_folder_that_holds_something_else() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("thesis.tex"), "precious").unwrap();
    let report = report_in(folder.path(), in_lake("import", folder.path()).arg(sample_log("gaps")));
    insta::assert_snapshot!(report, @"
    exit code 2
    --- stderr
    error: [DIR] is not empty and holds no lake
    hint: choose an empty or a new folder
    ");
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1, "nothing was added");
}

#[test]
fn a_lake_that_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    fs_err::write(&lake, "not a folder").unwrap();
    let report = report_in(folder.path(), in_lake("import", &lake).arg(sample_log("gaps")));
    insta::assert_snapshot!(report, @"
    exit code 1
    --- stderr
    error: [DIR]/lake/runlake.json could not be read
      caused by: Generic LocalFileSystem error: Unable to open file [DIR]/lake/runlake.json: Not a directory (os error 20)
    hint: check that the disk has room and may be written, then run the same command again: it goes on where it stopped
    ");
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
    insta::assert_snapshot!(report, @"
    exit code 1
    --- stderr
    error: cannot listen on 127.0.0.1:[PORT]
      caused by: Address already in use (os error 98)
    ");
}
