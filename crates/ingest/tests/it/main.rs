//! The fast decoders beside the plain way that they must agree with, on generated histories; and whole scans of a scripted service.
#![expect(clippy::unwrap_used, clippy::format_push_string, reason = "a test that cannot go on should panic, and its texts are short")]

mod columns;
mod exports;
mod history;
mod merging;
mod pages;
mod scripted_service;
mod splits;
