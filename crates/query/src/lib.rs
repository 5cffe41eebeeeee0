//! Questions across runs, answered with Polars over a lake. The only crate that names Polars; the hand-over of Arrow memory between
//! the two implementations lives here, in [`bridge`].
//!
//! | to find | look in |
//! |---|---|
//! | rows of many runs as one frame | [`histories`] |
//! | the best value of each run | [`best`] |
//! | any question, in SQL | [`sql`] |
//! | the result of any question: streamed, and written to files | [`Answer`] |
//! | Arrow record batches to Polars and back, without copying numbers | [`bridge`] |

mod answer;
mod best;
pub mod bridge;
mod error;
mod histories;
pub mod sql;

pub use answer::{Answer, BatchWriter, Batches, CellText, FileFormat, Origin, StagedFile, WriteOptions};
pub use best::{Best, Goal, best};
pub use error::{Error, ErrorKind};
pub use histories::{column_name, histories};
