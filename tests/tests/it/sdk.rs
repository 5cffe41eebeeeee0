//! Conformance: the official SDK from `PyPI` reads the sample runs from the embedded backend, and finds what was logged.
//!
//! One script a topic, in `tests/python`; each prints a line a check.

use runlake_tests::backend::Backend;
use runlake_tests::lake::sample_lake;
use runlake_tests::python::pass_checks;

fn check(script: &str, arguments: &[&str], options: &[&str]) {
    let backend = Backend::start_with(&sample_lake(), options);
    pass_checks(script, arguments, Some(&backend));
}

#[test]
fn lists_runs_and_reads_their_records() {
    check("sdk_runs.py", &[], &[]);
}

#[test]
fn filters_and_orders_runs() {
    check("sdk_filters.py", &[], &[]);
}

#[test]
fn reads_sampled_histories() {
    check("sdk_history.py", &[], &[]);
}

#[test]
fn scans_exported_runs() {
    check("sdk_scan.py", &["exported"], &[]);
}

#[test]
fn scans_live_runs() {
    check("sdk_scan.py", &["live"], &["--exports", "never"]);
}

#[test]
fn scans_a_run_that_goes_on() {
    check("sdk_scan.py", &["running"], &[]);
}

#[test]
fn lists_and_downloads_files() {
    check("sdk_files.py", &[], &[]);
}

#[test]
fn says_what_is_wrong() {
    check("sdk_errors.py", &[], &[]);
}

#[test]
fn writes_runs_and_finds_them_after_the_backend_was_killed() {
    let state = tempfile::tempdir().unwrap();
    for phase in ["write", "read"] {
        let backend = Backend::start_on(&sample_lake(), state.path());
        pass_checks("sdk_writes.py", &[phase], Some(&backend));
    }
}

#[test]
fn uploads_files_and_finds_them_after_the_backend_was_killed() {
    let state = tempfile::tempdir().unwrap();
    for phase in ["write", "read"] {
        let backend = Backend::start_on(&sample_lake(), state.path());
        pass_checks("sdk_uploads.py", &[phase], Some(&backend));
    }
}

#[test]
fn works_with_artifacts_and_finds_them_after_the_backend_was_killed() {
    let state = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    fs_err::create_dir(files.path().join("sub")).unwrap();
    fs_err::write(files.path().join("a.txt"), "hello").unwrap();
    fs_err::write(files.path().join("sub/b.bin"), (0..=255).collect::<Vec<u8>>()).unwrap();
    for phase in ["work", "log", "after"] {
        let backend = Backend::start_on(&sample_lake(), state.path());
        if phase == "work" {
            let call = backend.call(["run", "log-artifact", "runlake/digits/records", "--name", "weights", "--type", "model"]);
            let call = call.arg(files.path()).arg("--alias=best").arg("--tag=small").arg("--description=two layers");
            call.arg("--metadata={\"depth\": 3}").succeed();
        }
        pass_checks("sdk_artifacts.py", &[phase], Some(&backend));
    }
}
