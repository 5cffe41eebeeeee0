//! Pages that are not the ones that were asked for, or not whole, without a word from the server: every row comes once all the same.

use runlake_tests::absorbed::{ALL_LIVE, absorbed, absorbed_from};
use runlake_tests::backend::Backend;
use runlake_tests::chance::{Chance, repeats};
use runlake_tests::fault::{Fault, Requests, Rule, When};
use runlake_tests::fault_proxy::{FaultProxy, Limits};
use runlake_tests::lake::{PROJECT, small_lake};
use runlake_tests::same_lake::{assert_same, verify};
use runlake_tests::service::{Service, TEAM};

#[test]
fn pages_of_fewer_rows_than_were_asked_for() {
    for rows in [3, 40] {
        absorbed(ALL_LIVE, Vec::new(), Limits { runs: Some(2), sampled_rows: Some(rows), ..Limits::default() });
        let first_rows = usize::try_from(rows).ok();
        absorbed(ALL_LIVE, Vec::new(), Limits { first_rows, ..Limits::default() });
    }
}

/// Steps that bunch: a window of steps has many rows, or none.
fn bunched_losses(rows: i64) -> Vec<(i64, f64)> {
    let mut chance = Chance::new(5);
    (0..rows).map(|row| (row / 100 * 40_000 + row % 100 * if row % 300 < 100 { 1 } else { 37 }, chance.draw())).collect()
}

#[test]
fn pages_of_a_long_run_with_bunched_steps() {
    let service = Service::start_with(ALL_LIVE);
    service.put("bunched", &bunched_losses(1_200), 10, "bunched");
    for limits in [
        Limits { sampled_rows: Some(7), ..Limits::default() },
        Limits { sampled_rows: Some(333), ..Limits::default() },
        Limits { first_rows: Some(50), ..Limits::default() },
        Limits { first_rows: Some(1_199), ..Limits::default() },
    ] {
        absorbed_from(&service, &[], Vec::new(), limits);
    }
    // Undisturbed exports could be wrong alike.
    let lake = tempfile::tempdir().unwrap();
    let proxy = FaultProxy::start_with(&service.backend, Vec::new(), Limits { sampled_rows: Some(100), ..Limits::default() });
    proxy.call(["export", TEAM, "--lake"]).arg(lake.path()).succeed();
    assert_same(service.folder.path(), lake.path(), TEAM);
}

#[test]
fn pages_that_come_twice_in_the_place_of_the_next() {
    let limits = Limits { sampled_rows: Some(10), ..Limits::default() };
    for seed in 1..=repeats(2, 20) {
        let mut chance = Chance::new(seed.into());
        // Up to the 90th page; the first of a run has no page before it, and passes as it is.
        let numbers: Vec<u32> = (1..90).filter(|_| chance.draw() < 0.15).collect();
        let rules = numbers.iter().map(|number| Rule::new(Requests::HistoryPages, When::Nth(*number), Fault::PreviousAnswer)).collect();
        let injected = absorbed(ALL_LIVE, rules, limits);
        assert!(injected.len() >= numbers.len() / 2, "{injected:#?}");
    }
}

#[test]
fn pages_of_the_listing_that_come_twice() {
    let rules = [2, 3, 5].map(|number| Rule::new(Requests::Listings, When::Nth(number), Fault::PreviousAnswer));
    let injected = absorbed(&[], rules.to_vec(), Limits { runs: Some(2), ..Limits::default() });
    assert_eq!(injected.len(), 3);
}

#[test]
fn a_cursor_that_comes_twice_costs_another_listing() {
    absorbed(&[], vec![Rule::new(Requests::Listings, When::Nth(2), Fault::SameCursor)], Limits { runs: Some(2), ..Limits::default() });
}

#[test]
fn a_listing_that_always_runs_in_a_circle_ends_the_export_and_takes_nothing_out() {
    let source = small_lake();
    let backend = Backend::start(&source);
    let rules = vec![Rule::new(Requests::Listings, When::Always, Fault::SameCursor)];
    let proxy = FaultProxy::start_with(&backend, rules, Limits { runs: Some(2), ..Limits::default() });
    let lake = tempfile::tempdir().unwrap();
    backend.call(["export", PROJECT, "--lake"]).arg(lake.path()).succeed();
    let outcome = proxy.call(["export", PROJECT, "--lake"]).arg(lake.path()).run();
    assert_eq!(outcome.code, Some(7), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("the server's paging runs in a circle at cursor"), "{}", outcome.stderr);
    assert_same(&source, lake.path(), PROJECT);
    verify(lake.path());
}
