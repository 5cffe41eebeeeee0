//! Run histories of Weights & Biases as columns: the library behind the `runlake` command.
//!
//! | to | use |
//! |---|---|
//! | list, read and change runs as the official client does | [`Api`], [`Runs`], [`Run`] |
//! | list, get, send and delete files of runs | [`Run::files`], [`Run::upload_file`], [`fetch::RunFile`] |
//! | get, make and use artifacts | [`Api::artifact`], [`Run::log_artifact`], [`fetch::Artifact`], [`fetch::ArtifactDraft`] |
//! | the same without an async runtime | [`blocking`] |
//! | put histories of many runs into one table | [`Runs::histories`], [`Histories`] |
//! | ask the service for anything else | [`fetch::Client`] |
//! | read one run whole | [`ingest::RunScan`] |
//! | turn rows into Arrow record batches, and back | [`ingest::Encoder`], [`ingest::rows_of_batch`] |
//! | read offline logs | [`ingest::offline`] |
//! | keep runs in a lake | [`lake::Lake`], [`lake::export`], [`lake::import`] |
//! | ask questions across runs of a lake: curves on one axis, statistics over groups, outcomes, joins, SQL | [`query`]: [`query::CurveQuery`], [`query::HistoriesQuery`], [`query::OutcomeQuery`], [`query::sql::SqlSession`] |
//! | take an answer along: frames, record batches, a stream of them, files | [`query::Answer`] |
//! | draw curves | [`CurveChart`], [`plot`] |
//! | compute with curves that are no runs | [`curves`] |
//!
//! ```
//! use runlake::prelude::*;
//! use runlake::lake::import::{ImportOptions, import};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let logs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/no-entity");
//! let lake = Lake::open_or_create(Location::folder(folder.path())?).await?;
//! let report = import(&lake, &[logs], &ImportOptions::default(), &mut |_| {}).await?;
//! assert_eq!(report.runs[0].rows, 10);
//! assert_eq!(lake.projects().await?, [ProjectPath::new("local", "digits")]);
//! # Ok(())
//! # }
//! ```

mod api;
mod artifacts;
pub mod blocking;
mod curve_chart;
mod error;
mod histories;
mod logged_batch;
mod logged_columns;
mod logged_values;
mod row_numbers;
mod run;
mod runs;
mod siblings;

pub use api::{Api, Place, RunsOptions};
pub use curve_chart::{Around, CurveChart};
pub use error::{Error, ErrorKind};
pub use histories::{Histories, HistoriesOptions, RUN_ID};
pub use run::{ConsoleOptions, HistoryExports, HistoryOptions, HistoryScan, HistoryStream, Run, ScanOptions, WaitOptions};
pub use runs::Runs;

pub use runlake_curves as curves;
pub use runlake_fetch as fetch;
pub use runlake_ingest as ingest;
pub use runlake_lake as lake;
pub use runlake_plot as plot;
pub use runlake_query as query;
pub use runlake_types as types;

/// What most programs need.
pub mod prelude {
    pub use crate::curves::statistics::Statistic;
    pub use crate::fetch::{Artifact, ArtifactDraft, Client, Environment, Existing, FilesQuery, NewRun, RunFile, RunsQuery};
    pub use crate::ingest::{Completeness, Encoder, RunScan};
    pub use crate::lake::{Lake, Location, StoredRun};
    pub use crate::query::{
        Alignment, Answer, Axis, CurveQuery, FileFormat, GroupBy, HistoriesQuery, KeyPattern, Origin, OutcomeQuery, Pick, Places, Sampling,
        Selection, Smoothing, WriteOptions,
    };
    pub use crate::types::{Condition, Filter, Json, Object, Order, ProjectPath, RunPath, RunRecord, RunState};
    pub use crate::{Api, HistoriesOptions, HistoryOptions, Run, Runs, RunsOptions, ScanOptions};
}
