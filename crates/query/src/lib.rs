//! Questions across runs, answered with Polars over a lake. The only crate that names Polars; the hand-over of Arrow memory between
//! the two implementations lives here, in [`bridge`].
//!
//! | to find | look in |
//! |---|---|
//! | rows of many runs as one frame | [`histories`] |
//! | the result of any question: streamed, and written to files | [`Answer`] |
//! | Arrow record batches to Polars and back, without copying numbers | [`bridge`] |

mod aligned_curves;
mod alignment;
mod anomalies;
mod answer;
mod axis;
pub mod bridge;
mod cell;
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
mod outcomes;
mod paired;
mod run_curves;
mod run_parts;
mod run_rows;
mod sampling;
mod selection;
mod smoothing;
pub mod sql;
mod with_system;

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
pub use run_parts::ReadBytes;
pub use sampling::Sampling;
pub use selection::Selection;
pub use smoothing::Smoothing;
pub use with_system::{SystemJoin, with_system_metrics};
