//! Questions across runs, answered over a lake. The only crate that names Polars; the hand-over of Arrow memory between the two
//! implementations lives here, in [`bridge`].
//!
//! | to find | look in |
//! |---|---|
//! | which runs, which keys, which axis | [`Selection`], [`KeyPattern`], [`Axis`] |
//! | rows of many runs, every one or a sample | [`HistoriesQuery`], [`histories()`] |
//! | metrics of many runs on one axis, and statistics over groups of them | [`CurveQuery`], [`AlignedCurves`], [`GroupBy`] |
//! | the best value of each run, with everything else at that step | [`OutcomeQuery`] |
//! | in what runs differ, what moved an outcome, what went wrong, what is in a key | [`compare()`], [`correlate`], [`anomalies()`], [`describe()`] |
//! | rows beside the machine's metrics, a table of one's own, or another project | [`with_system_metrics`], [`with_table()`], [`AlignedCurves::paired`] |
//! | any question, in SQL | [`sql`] |
//! | the result of any question: streamed, and written to files | [`Answer`] |
//! | Arrow record batches to Polars and back, without copying numbers | [`bridge`] |
//!
//! Two ways lead to the rows. Arithmetic on curves reads columns through `run_parts`, run by run, and computes in `runlake_curves`; rows as
//! they were logged, and SQL, are scanned by Polars. Both are pointed to part files by the Delta log, and read only what is asked for.

mod aligned_curves;
mod alignment;
mod anomalies;
mod answer;
mod axis;
pub mod bridge;
mod compare;
mod config;
mod correlation;
mod curve_query;
mod describe;
mod error;
mod groups;
mod histories;
mod json_column;
mod keys;
mod limits;
mod outcomes;
mod paired;
mod run_aligned;
mod run_buckets;
mod run_curves;
mod run_parts;
mod run_rows;
mod sampling;
mod selection;
mod smoothing;
pub mod sql;
mod with_system;
mod with_table;

pub use aligned_curves::{AlignedCurves, GroupCurve};
pub use alignment::{Alignment, DEFAULT_PLACES, Places};
pub use anomalies::{AnomalyRules, anomalies};
pub use answer::{Answer, BatchWriter, Batches, CellText, FileFormat, Origin, StagedFile, WriteOptions};
pub use axis::Axis;
pub use compare::compare;
pub use correlation::correlate;
pub use curve_query::{CurveQuery, DEFAULT_MOST_POINTS};
pub use describe::{Description, describe};
pub use error::{Error, ErrorKind};
pub use groups::{Group, GroupBy};
pub use histories::{HistoriesQuery, histories};
pub use keys::{KeyPattern, resolve_keys, resolve_number_keys};
pub use outcomes::{OutcomeQuery, Pick};
pub use paired::Side;
pub use run_parts::ReadBytes;
pub use sampling::Sampling;
pub use selection::Selection;
pub use smoothing::Smoothing;
pub use with_system::{SystemJoin, with_system_metrics};
pub use with_table::with_table;
