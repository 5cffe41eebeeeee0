//! Where output goes and what never goes there: keys, half-written files, noise when a reader has seen enough.

use std::io::Read as _;
use std::process::Stdio;

use runlake_tests::backend::{Backend, KEY};
use runlake_tests::command::{Outcome, Runlake};
use runlake_tests::lake::{PROJECT, sample_lake};

fn assert_no_key(outcome: &Outcome, key: &str) {
    for text in [&outcome.text(), &outcome.stderr] {
        // `api:` in base64 is how the key begins where basic auth sends it.
        assert!(!text.contains(key) && !text.contains("YXBpO"), "the key is shown:\n{text}");
    }
}

#[test]
fn the_key_is_never_shown() {
    let backend = Backend::start(&sample_lake());
    let lake = tempfile::tempdir().unwrap();
    let wrong = "e".repeat(40);
    assert_no_key(&backend.call(["runs", PROJECT, "-vvv"]).succeed(), KEY);
    assert_no_key(&backend.call(["scan", "runlake/digits/gaps", "-vvv"]).succeed(), KEY);
    assert_no_key(&backend.call(["export", "local/digits", "-vvv", "--lake"]).arg(lake.path()).succeed(), KEY);
    assert_no_key(&backend.call(["runs", PROJECT, "-vvv", "--api-key", &wrong]).run(), &wrong);
    assert_no_key(&backend.call(["runs", PROJECT, "-vvv", "--base-url", "http://127.0.0.1:9"]).run(), KEY);
    let log = backend.log();
    assert!(!log.contains(KEY), "the backend's log shows the key:\n{log}");
}

#[test]
fn a_backend_with_a_given_key_does_not_print_it_and_one_without_prints_its_own() {
    for (given, is_printed) in [(Some(KEY), false), (None, true)] {
        let call = Runlake::new(["serve", "--lake"]).arg(sample_lake());
        let call = given.into_iter().fold(call, |call, key| call.env("RUNLAKE_SERVER_KEY", key));
        let (mut command, _home) = call.into_parts();
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut text = String::new();
        let mut stdout = server.stdout.take().unwrap();
        while !text.contains('\n') || (is_printed && text.lines().count() < 2) {
            let mut bytes = [0; 512];
            let read = stdout.read(&mut bytes).unwrap();
            assert!(read > 0, "the server ended early: {text}");
            text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(text.starts_with("WANDB_BASE_URL=http://127.0.0.1:"), "{text}");
        assert_eq!(text.contains("WANDB_API_KEY="), is_printed, "{text}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let backend = Backend::start(&sample_lake());
    let (mut command, _home) = backend.call(["scan", "runlake/digits/names", "--format", "ndjson"]).into_parts();
    let mut scan = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(scan.stdout.take().unwrap());
    let output = scan.wait_with_output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), words.contains("error")), (Some(0), false), "{words}");
}

#[test]
fn an_output_file_appears_whole_or_not_at_all() {
    let backend = Backend::start(&sample_lake());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.parquet");
    let scan = |run: &str| backend.call(["scan", run, "--format", "parquet", "--output"]).arg(&file);
    let names = || fs_err::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();

    assert_eq!(scan("runlake/digits/nothing").run().code, Some(4));
    assert!(names().is_empty(), "{:?}", names());

    let outcome = scan("runlake/digits/gaps").succeed();
    assert!(outcome.stdout.is_empty());
    assert_eq!(names(), ["rows.parquet"]);
    let whole = fs_err::read(&file).unwrap();

    assert_ne!(scan("runlake/digits/nothing").run().code, Some(0));
    assert_eq!(fs_err::read(&file).unwrap(), whole, "a call that failed leaves the file as it was");
    assert_eq!(names(), ["rows.parquet"]);
}

#[test]
fn an_output_file_in_a_folder_that_is_not_there() {
    let backend = Backend::start(&sample_lake());
    let report = backend.call(["runs", PROJECT, "--format", "csv", "--output", "no/such/folder/runs.csv"]).run().report(&[]);
    insta::assert_snapshot!(report, @r#"
    exit code 1
    --- stderr
    error: cannot write to no/such/folder
      caused by: No such file or directory (os error 2) at path "[TEMPORARY]/no/such/folder/[TEMPORARY]"
    "#);
}

#[test]
fn progress_and_words_stay_off_stdout() {
    let backend = Backend::start(&sample_lake());
    let lake = tempfile::tempdir().unwrap();
    let outcome = backend.call(["export", "local/digits", "--format", "ndjson", "-v", "--lake"]).arg(lake.path()).succeed();
    for line in outcome.text().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((row["outcome"].as_str(), row["rows"].as_i64()), (Some("written"), Some(10)), "{line}");
    }
    assert_eq!(outcome.text().lines().count(), 1);
    assert!(!outcome.stderr.contains('\u{1b}'), "no escape codes where nobody sees them: {}", outcome.stderr);
}

#[test]
fn help_names_commands_exit_codes_and_variables() {
    let help = Runlake::new(["--help"]).succeed().text();
    for word in ["import", "export", "serve", "scan", "runs", "verify", "info", "demo", "Exit codes", "WANDB_API_KEY", "RUNLAKE_SERVER_KEY"]
    {
        assert!(help.contains(word), "`{word}` is missing in\n{help}");
    }
    assert_eq!(Runlake::new(["--version"]).succeed().text(), format!("runlake {}\n", env!("CARGO_PKG_VERSION")));
}
