//! The objects of the API for programs without an async runtime: each call returns when it is done.
//!
//! Everything that needs no waiting, such as [`crate::Run::name`] or [`crate::Run::set_tags`], is that of the async objects, which these
//! ones dereference to. Calls on a thread of an async runtime are errors, since they would bring that runtime to a halt.
//!
//! ```no_run
//! use runlake::RunsOptions;
//! use runlake::blocking::Api;
//!
//! let api = Api::from_environment()?;
//! for run in api.runs("team/digits", RunsOptions::default())?.iter() {
//!     let run = run?;
//!     println!("{} {:?}", run.id(), run.config()?.get("lr"));
//! }
//! # Ok::<(), runlake::Error>(())
//! ```

mod api;
mod artifacts;
mod executor;
mod files;
mod run;
mod runs;

pub use api::{Api, Place};
pub use artifacts::Artifact;
pub use files::RunFile;
pub use run::{ConsoleLogs, HistoryScan, Run};
pub use runs::Runs;

use executor::Executor;
