//! End-to-end tests: the binary, over real HTTP, against what the sample runs logged and against the official SDK.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod architecture;
mod bad_input;
mod damage;
mod demo;
mod disk;
mod endless_faults;
mod faults;
mod file_faults;
mod formats;
mod kills;
mod object_store;
mod output;
mod readers;
mod round_trip;
mod sdk;
mod sync;
mod truth;
mod wrong_pages;
