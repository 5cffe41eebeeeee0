//! Faults between client and service that pass: an export ends well all the same, and its lake is that of an undisturbed one.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use runlake_tests::absorbed::{ALL_EXPORTED, ALL_LIVE, absorbed, all_absorbed, one_after_the_other};
use runlake_tests::backend::Backend;
use runlake_tests::chance::repeats;
use runlake_tests::command::Runlake;
use runlake_tests::fault::{Fault, Requests, Rule, When};
use runlake_tests::fault_proxy::{FaultProxy, Limits};
use runlake_tests::lake::{FEW_RUNS, PROJECT, sample_log, small_lake, table_versions};
use runlake_tests::same_lake::{assert_same, verify};
use runlake_tests::service::{Service, TEAM};

#[test]
fn a_limit_of_requests() {
    let faults = [Fault::RateLimited(Some("0.2")), Fault::RateLimited(None), Fault::RateLimited(Some("0")), Fault::LimitUsedUp("0.2")];
    all_absorbed(&[], one_after_the_other(Requests::Graphql, faults));
    let faults = [Fault::RateLimited(Some("0.2")), Fault::RateLimited(None)];
    all_absorbed(ALL_EXPORTED, one_after_the_other(Requests::Downloads, faults));
}

#[test]
fn a_server_or_gateway_that_fails() {
    for on in [Requests::Listings, Requests::HistoryPages] {
        all_absorbed(ALL_LIVE, one_after_the_other(on, [500, 502, 503].map(Fault::Status)));
    }
    all_absorbed(ALL_EXPORTED, one_after_the_other(Requests::Downloads, [500, 502, 503].map(Fault::Status)));
}

#[test]
fn connections_that_break() {
    let faults = [Fault::Reset, Fault::ResetInBody, Fault::SlowFirstByte(Duration::from_millis(700))];
    all_absorbed(ALL_LIVE, one_after_the_other(Requests::Listings, faults.clone()));
    all_absorbed(ALL_LIVE, one_after_the_other(Requests::HistoryPages, faults.clone()));
    all_absorbed(ALL_EXPORTED, one_after_the_other(Requests::Downloads, faults));
}

#[test]
fn answers_that_are_torn() {
    let faults = [Fault::TruncatedGzip, Fault::MalformedJson, Fault::TooShort];
    for on in [Requests::Listings, Requests::HistoryPages] {
        all_absorbed(ALL_LIVE, one_after_the_other(on, faults.clone()));
        all_absorbed(ALL_LIVE, one_after_the_other(on, [Fault::TooLong]));
    }
}

#[test]
fn a_part_of_an_answer_beside_an_error_that_passes() {
    let faults = ["context deadline exceeded", "rate limit exceeded", "Internal server error"].map(Fault::PartialData);
    for on in [Requests::Listings, Requests::HistoryPages] {
        all_absorbed(ALL_LIVE, one_after_the_other(on, faults.clone()));
    }
}

#[test]
fn rows_that_are_logged_while_the_export_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (source, copy, half) = (folder.path().join("source"), folder.path().join("copy"), folder.path().join("run-running.wandb"));
    let log = sample_log("running").join("run-running.wandb");
    let bytes = fs_err::read(&log).unwrap();
    fs_err::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    let import = |log: &Path, source: &Path| {
        let call = Runlake::new(["import", "--project", "live", "--unfinished", "running", "--lake"]);
        call.arg(source).arg(log).succeed();
    };
    import(&half, &source);
    let backend = Backend::start_with(&source, ALL_LIVE);
    let happen = {
        let source = source.clone();
        move || import(&log, &source)
    };
    let rules = vec![Rule::new(Requests::HistoryPages, When::Nth(2), Fault::Happening(Arc::new(happen)))];
    let proxy = FaultProxy::start_with(&backend, rules, Limits { sampled_rows: Some(10), ..Limits::default() });
    proxy.call(["export", "runlake/live", "--lake"]).arg(&copy).succeed();
    assert_eq!(proxy.injected().len(), 1);
    verify(&copy);
    proxy.call(["export", "runlake/live", "--lake"]).arg(&copy).succeed();
    assert_same(&source, &copy, "runlake/live");
    verify(&copy);
}

#[test]
fn a_run_that_is_deleted_while_it_is_read() {
    let service = Arc::new(Service::start_with(ALL_LIVE));
    let losses: Vec<(i64, f64)> = (0..300).map(|row| (row * 5, 0.5)).collect();
    service.put("doomed", &losses, 10, "doomed");
    let happen = {
        let service = Arc::clone(&service);
        move || service.remove("doomed")
    };
    let rules = vec![Rule::new(Requests::OfRun("doomed"), When::Nth(2), Fault::Happening(Arc::new(happen)))];
    let proxy = FaultProxy::start_with(&service.backend, rules, Limits { sampled_rows: Some(20), ..Limits::default() });
    let lake = tempfile::tempdir().unwrap();
    let outcome = proxy.call(["export", TEAM, "--lake"]).arg(lake.path()).run();
    assert_eq!(proxy.injected().len(), 1);
    // The backend goes on for a moment with what it has in hand.
    assert!(matches!(outcome.code, Some(0 | 5)), "{}", outcome.stderr);
    verify(lake.path());
    service.export(lake.path());
}

/// A tenth of all requests fails, each kind of fault alike, and which is up to the seed.
fn mixed_faults(seed: u64, options: &[&str]) {
    let anywhere = [
        Fault::RateLimited(Some("0.1")),
        Fault::RateLimited(None),
        Fault::LimitUsedUp("0.1"),
        Fault::Status(500),
        Fault::Status(502),
        Fault::Status(503),
        Fault::Reset,
        Fault::ResetInBody,
        Fault::TruncatedGzip,
        Fault::TooLong,
        Fault::SlowFirstByte(Duration::from_millis(200)),
    ];
    let in_graphql = [Fault::MalformedJson, Fault::TooShort, Fault::PartialData("context deadline exceeded")];
    let rules = anywhere.map(|fault| (Requests::All, fault)).into_iter().chain(in_graphql.map(|fault| (Requests::Graphql, fault)));
    let rules = (0_u64..).zip(rules);
    let rules = rules.map(|(index, (on, fault))| Rule::new(on, When::Seldom { per_mille: 12, seed: seed * 100 + index }, fault)).collect();
    let injected = absorbed(options, rules, Limits { runs: Some(2), sampled_rows: Some(15), ..Limits::default() });
    assert!(!injected.is_empty(), "the seed {seed} chose no request");
}

#[test]
fn a_mix_of_faults_on_pages() {
    (1..=repeats(2, 30)).for_each(|seed| mixed_faults(seed.into(), ALL_LIVE));
}

#[test]
fn a_mix_of_faults_on_exports() {
    for seed in 0..repeats(2, 30) {
        let exports = if seed % 2 == 0 { ALL_EXPORTED } else { &["--exports", "live-tail"] };
        mixed_faults(1000 + u64::from(seed), exports);
    }
}

#[test]
fn an_unchanged_project_stays_unchanged_through_faults() {
    let source = small_lake();
    let backend = Backend::start(&source);
    let folder = tempfile::tempdir().unwrap();
    backend.call(["export", PROJECT, "--lake"]).arg(folder.path()).succeed();
    let before = table_versions(folder.path());
    let faults = [Fault::Reset, Fault::Status(502), Fault::MalformedJson];
    let proxy = FaultProxy::start(&backend, one_after_the_other(Requests::Listings, faults));
    let words = proxy.call(["export", PROJECT, "--lake"]).arg(folder.path()).succeed().stderr;
    assert!(words.contains(&format!("0 runs written, {} unchanged, 0 removed, 0 failed", FEW_RUNS.len())), "{words}");
    assert_eq!(table_versions(folder.path()), before);
}
