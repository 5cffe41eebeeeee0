//! The fast decoders beside the plain way that they must agree with, on generated histories.
#![expect(clippy::unwrap_used, clippy::format_push_string, reason = "a test that cannot go on should panic, and its texts are short")]

mod columns;
mod exports;
mod history;
mod merging;
mod pages;
