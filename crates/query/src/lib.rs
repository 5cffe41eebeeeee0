//! Questions across runs, answered with Polars over a lake. The only crate that names Polars; the hand-over of Arrow memory between
//! the two implementations lives here, in [`bridge`].
//!
//! | to find | look in |
//! |---|---|
//! | rows of many runs as one frame | [`histories`] |
//! | the best value of each run | [`best`] |
//! | Arrow record batches to Polars and back, without copying numbers | [`bridge`] |

mod axis;
mod best;
pub mod bridge;
mod error;
mod groups;
mod histories;
mod json_column;
mod keys;
mod run_curves;
mod selection;

pub use axis::Axis;
pub use best::{Best, Goal, best};
pub use error::{Error, ErrorKind};
pub use groups::{Group, GroupBy};
pub use histories::{column_name, histories};
pub use keys::{KeyPattern, resolve_keys, resolve_number_keys};
pub use run_curves::ReadBytes;
pub use selection::Selection;
