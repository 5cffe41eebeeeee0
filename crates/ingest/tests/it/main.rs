//! The fast decoders beside the plain way that they must agree with, on generated histories.
#![expect(clippy::unwrap_used, clippy::format_push_string, reason = "a helper that cannot go on fails the test, and its texts are short")]

mod columns;
mod exports;
mod history;
mod merging;
mod pages;
