//! The client against a server that answers from a script: every way in which a network, a server or a proxy can fail it.
#![expect(clippy::unwrap_used, clippy::format_push_string, reason = "a test that cannot go on should panic, and its texts are short")]

mod artifacts;
mod files;
mod listing;
mod reads;
mod retries;
mod run_files;
mod secrets;
mod server;
mod writes;
