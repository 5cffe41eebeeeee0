//! Faults of the files that exports are: they are fetched again, from a new address where the old one's time is over, and no half of one lands.

use std::time::Duration;

use runlake_tests::absorbed::{ALL_EXPORTED, absorbed, absorbed_from, all_absorbed, one_after_the_other};
use runlake_tests::chance::Chance;
use runlake_tests::fault::{Fault, Requests, Rule, When};
use runlake_tests::fault_proxy::Limits;
use runlake_tests::lake::FEW_RUNS;
use runlake_tests::service::Service;

#[test]
fn files_that_are_torn() {
    let faults = [Fault::TruncatedGzip, Fault::TooLong, Fault::ResetInBody, Fault::TooShort];
    all_absorbed(ALL_EXPORTED, one_after_the_other(Requests::Downloads, faults));
}

#[test]
fn files_that_are_torn_by_a_server_that_sends_no_parts() {
    let limits = Limits { no_ranges: true, ..Limits::default() };
    // A file that is shorter than it was but as long as announced shows it by nothing but its own missing end.
    let faults = [Fault::TooShort, Fault::TooLong, Fault::ResetInBody, Fault::TruncatedGzip];
    for fault in faults {
        let injected = absorbed(ALL_EXPORTED, vec![Rule::new(Requests::Downloads, When::OnceEach, fault)], limits);
        // The run without rows has no export.
        assert!(injected.len() >= FEW_RUNS.len(), "{injected:#?}");
    }
}

#[test]
fn signed_addresses_that_expire() {
    let rule = Rule::new(Requests::Downloads, When::OnceEach, Fault::Expired);
    let injected = absorbed(ALL_EXPORTED, vec![rule], Limits::default());
    assert!(injected.len() >= FEW_RUNS.len(), "{injected:#?}");
}

/// A service with a run whose export has two row groups, and is read by ranges when only some keys are wanted.
fn service_with_a_long_run() -> Service {
    let service = Service::start_with(ALL_EXPORTED);
    let mut chance = Chance::new(4);
    let losses: Vec<(i64, f64)> = (0..30_000).map(|row| (row * 3, chance.draw())).collect();
    service.put("long", &losses, 10, "long");
    service
}

#[test]
fn in_the_middle_of_a_file_that_is_read_by_ranges() {
    let service = service_with_a_long_run();
    let faults = [
        Fault::Expired,
        Fault::ResetInBody,
        Fault::TooShort,
        Fault::TooLong,
        Fault::TruncatedGzip,
        Fault::Status(503),
        Fault::RateLimited(Some("0.1")),
        Fault::SlowFirstByte(Duration::from_millis(300)),
    ];
    for fault in faults {
        // The first two requests are the ends of the two runs' exports; a part of the long one is asked for next.
        let rules = [3, 4].map(|number| Rule::new(Requests::Downloads, When::Nth(number), fault.clone())).to_vec();
        absorbed_from(&service, &["--keys", "loss"], rules, Limits::default());
    }
}

#[test]
fn parts_of_a_file_from_a_server_that_sends_it_whole() {
    let service = service_with_a_long_run();
    let limits = Limits { no_ranges: true, ..Limits::default() };
    for fault in [Fault::Expired, Fault::TooShort] {
        let rules = one_after_the_other(Requests::Downloads, [fault.clone(), Fault::Reset, fault]);
        absorbed_from(&service, &["--keys", "loss"], rules, limits);
    }
}
