//! The W&B API: runs, histories, exports, files and artifacts of a server, read and changed over HTTP and GraphQL. The only crate of
//! runlake that knows either; what it returns are the types of `runlake_types`, JSON text, bytes, and files on disk.
//!
//! | to find | look in |
//! |---|---|
//! | a client, from a key or from the usual variables and files | [`Client`], [`ClientBuilder`], [`Environment`], [`Settings`] |
//! | the runs of a project | [`Client::list_runs`], [`Client::visit_runs`], [`Client::runs`], [`Client::run_pages`], [`RunsQuery`] |
//! | single runs, or many in one request | [`Client::run`], [`Client::load_runs`], [`Detail`] |
//! | runs made, changed, deleted, requeued, stopped | [`Client::create_run`], [`Client::update_run`], [`RunUpdate`], [`Client::stop_run`] |
//! | a run's rows while it lives | [`Client::history_page`], [`Client::history_page_raw`], [`StepWindow`] |
//! | a sample of its rows | [`Client::history_sampled`], [`Client::events`] |
//! | samples of many runs, or of some keys | [`Client::sample_histories`], [`Sample`], [`SampledSpec`], [`SampledRows`] |
//! | its console, machine and sweep | [`Client::console_lines`], [`Client::run_metadata`], [`Client::sweep`] |
//! | its Parquet exports | [`Client::parquet_history`], [`SignedUrl`], [`Client::signed_bytes`], [`Client::signed_range`], [`Client::signed_end`] |
//! | the files of a run: list, download, upload, delete | [`Client::files`], [`Client::file`], [`Client::upload_file`], [`RunFile`] |
//! | artifacts: find, download, make, log, use | [`Client::artifact`], [`Client::log_artifact`], [`ArtifactDraft`], [`Artifact`] |
//! | anything else of the service | [`Client::raw`] |
//! | what went wrong, and what to do | [`Error`], [`ErrorKind`], [`Error::hint`] |
//! | how often it is tried | [`RetryPolicy`] |
//!
//! A call is repeated when a network or a server fails it, within the limits of the [`RetryPolicy`], unless it changes something that a
//! second time would change again.
//! Dropping a call's future cancels it.

mod artifact;
mod artifact_download;
mod artifact_draft;
mod artifact_lists;
mod artifact_log;
mod artifact_manifest;
mod artifact_wire;
mod batch;
mod builder;
mod client;
mod compatibility;
mod console;
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
mod http_settings;
mod local_path;
mod metadata;
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
mod sampled_rows;
mod samples;
mod save;
mod settings;
mod signed_url;
mod sweeps;
mod upload;
mod wire;
mod writes;

pub use bytes::Bytes;
pub use secrecy::SecretString;
pub use url::Url;

pub use artifact::Artifact;
pub use artifact_download::ArtifactDownload;
pub use artifact_draft::ArtifactDraft;
pub use artifact_manifest::{ArtifactEntry, ArtifactManifest};
pub use builder::ClientBuilder;
pub use client::Client;
pub use console::ConsoleLine;
pub use download::FileEnd;
pub use environment::{Environment, VARIABLES};
pub use error::{Error, ErrorKind};
pub use files::{Files, FilesQuery};
pub use history::{ParquetHistory, StepWindow};
pub use projects::{Project, Viewer};
pub use retry::RetryPolicy;
pub use run_file::{Existing, RunFile};
pub use run_plan::RunPlan;
pub use run_record::ServiceRun;
pub use runs::{Detail, RunPage, RunsQuery};
pub use sampled_rows::SampledRows;
pub use samples::{Sample, SampledSpec};
pub use settings::Settings;
pub use signed_url::SignedUrl;
pub use sweeps::Sweep;
pub use writes::{MadeRun, NewRun, RunUpdate, wire_config};
