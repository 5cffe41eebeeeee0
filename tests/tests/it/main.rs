//! End-to-end tests: the binary, over real HTTP, against what the sample runs logged and against the official SDK.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod answers;
mod api;
mod architecture;
mod artifacts;
mod bad_input;
mod column_scan;
mod curves;
mod damage;
mod demo;
mod disk;
mod endless_faults;
mod examples;
mod export_options;
mod exporters;
mod faults;
mod file_faults;
mod files;
mod formats;
mod kills;
mod members;
mod object_store;
mod output;
mod questions;
mod questions_bad_input;
mod readers;
mod round_trip;
mod run_commands;
mod sdk;
mod sql;
mod sync;
mod truth;
mod wrong_pages;
