//! The read side of the W&B API: runs, histories and exports of a server, over HTTP and GraphQL. The only crate of runlake that knows
//! either; what it returns are the types of `runlake_types`, JSON text and bytes.
//!
//! | to find | look in |
//! |---|---|
//! | a client, from a key or from the usual variables and files | [`Client`], [`ClientBuilder`], [`Environment`], [`Settings`] |
//! | the runs of a project | [`Client::list_runs`], [`Client::runs`], [`RunsQuery`] |
//! | a run's rows while it lives | [`Client::history_page`], [`StepWindow`] |
//! | a sample of its rows | [`Client::history_sampled`], [`Client::sampled_history`], [`SampledSpec`] |
//! | its Parquet exports | [`Client::parquet_history`], [`SignedUrl`], [`Client::signed_bytes`], [`Client::signed_range`] |
//! | anything else of the service | [`Client::raw`] |
//! | what went wrong, and what to do | [`Error`], [`ErrorKind`], [`Error::hint`] |
//! | how often it is tried | [`RetryPolicy`] |
//!
//! Every call only reads, so every call is repeated when a network or a server fails it, within the limits of the [`RetryPolicy`].
//! Dropping a call's future cancels it.

mod builder;
mod client;
mod digest;
mod documents;
mod download;
mod environment;
mod error;
mod file_wire;
mod files;
mod gate;
mod graphql;
mod history;
mod local_path;
mod netrc;
mod pace;
mod pagination;
mod partial_file;
mod projects;
mod response;
mod retry;
mod run_file;
mod run_plan;
mod run_record;
mod runs;
mod save;
mod settings;
mod signed_url;
mod upload;
mod wire;

pub use bytes::Bytes;
pub use secrecy::SecretString;
pub use url::Url;

pub use builder::ClientBuilder;
pub use client::Client;
pub use environment::{Environment, VARIABLES};
pub use error::{Error, ErrorKind};
pub use files::{Files, FilesQuery};
pub use history::{ParquetHistory, SampledSpec, StepWindow};
pub use projects::{Project, Viewer};
pub use retry::RetryPolicy;
pub use run_file::{Existing, RunFile};
pub use run_plan::RunPlan;
pub use runs::RunsQuery;
pub use settings::Settings;
pub use signed_url::SignedUrl;
