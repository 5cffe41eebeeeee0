//! Faults that do not pass: the export says so with the exit code that `--help` documents, keeps what it could read, and the same command
//! completes the lake once the fault is gone.

use std::path::Path;

use runlake_tests::backend::Backend;
use runlake_tests::command::Outcome;
use runlake_tests::fault::{Fault, Requests, Rule, When};
use runlake_tests::fault_proxy::FaultProxy;
use runlake_tests::lake::{FEW_RUNS, PROJECT, block_on, open, small_lake};
use runlake_tests::same_lake::{assert_same, verify};
use runlake_types::ProjectPath;

/// Exports while `rule` strikes, hands the outcome to `look`, and exports again without it.
fn export_and_recover(rule: Rule, look: impl Fn(&Outcome, &Path)) {
    let source = small_lake();
    let backend = Backend::start_with(&source, &["--exports", "never"]);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let proxy = FaultProxy::start(&backend, vec![rule]);
    let outcome = proxy.call(["export", PROJECT, "--lake"]).arg(&lake).run();
    assert!(!proxy.injected().is_empty());
    look(&outcome, &lake);
    backend.call(["export", PROJECT, "--lake"]).arg(&lake).succeed();
    assert_same(&source, &lake, PROJECT);
    verify(&lake);
}

#[test]
fn of_one_run_leave_the_others_alone() {
    let faults = [Fault::Status(501), Fault::RateLimited(Some("0")), Fault::MalformedJson, Fault::PartialData("the shard is gone")];
    for fault in faults {
        let rule = Rule::new(Requests::OfRun("gaps"), When::Always, fault.clone());
        export_and_recover(rule, |outcome, lake| {
            let words = &outcome.stderr;
            assert_eq!(outcome.code, Some(5), "{fault:?}: {words}");
            assert!(words.contains("error: runlake/digits/gaps was not exported: "), "{fault:?}: {words}");
            assert!(words.contains("hint: run the same command again"), "{fault:?}: {words}");
            let stored = block_on(async { open(lake).await.runs(&ProjectPath::parse(PROJECT).unwrap()).await.unwrap() });
            let ids: Vec<&str> = stored.iter().map(|run| run.record.path.run_id.as_str()).collect();
            let others: Vec<&str> = FEW_RUNS.into_iter().filter(|run_id| *run_id != "gaps").collect();
            assert_eq!(ids, others, "{fault:?}");
            verify(lake);
        });
    }
}

#[test]
fn of_the_listing_end_the_export() {
    for fault in [Fault::Status(501), Fault::RateLimited(Some("0")), Fault::MalformedJson, Fault::PartialData("the shard is gone")] {
        let rule = Rule::new(Requests::Listings, When::Always, fault.clone());
        export_and_recover(rule, |outcome, _| {
            assert_eq!(outcome.code, Some(7), "{fault:?}: {}", outcome.stderr);
            assert!(outcome.stderr.contains("error: "), "{fault:?}: {}", outcome.stderr);
        });
    }
}

#[test]
fn of_the_key_end_the_export() {
    let rule = Rule::new(Requests::All, When::Always, Fault::Status(401));
    export_and_recover(rule, |outcome, _| {
        assert_eq!(outcome.code, Some(3), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    });
}
