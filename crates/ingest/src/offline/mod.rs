//! Offline run logs: the `.wandb` file that the SDK writes beside every run, online or not, without any network.
//!
//! | to find | look in |
//! |---|---|
//! | the logs below a folder | [`find_logs`] |
//! | all that a log says of its run besides rows | [`survey()`], [`Survey`] |
//! | its rows, one at a time | [`rows()`], [`Rows`], [`Row`] |
//! | what could not be read | [`Damage`] |
//!
//! A log is read twice: the survey counts the kinds of values, so that columns have their types before the first row
//! is encoded; then come the rows. Both keep one record in memory at a time.
//!
//! **Damage never stops a log.** Every record outside the damaged bytes is delivered, and the damage is reported beside
//! it. A log that ends in the middle of a record is normal: its run is live, or was killed.
//!
//! From bytes to rows: `framing` (blocks and checksums) → `record` (protobuf messages) → `log_reader` (one decoded
//! message at a time) → `row_builder` and `run_builder`. The format is that of
//! <https://github.com/wandb/wandb/blob/main/core/pkg/leveldb/record.go> and
//! <https://github.com/wandb/wandb/blob/main/wandb/proto/wandb_internal.proto>, checked against logs of wandb 0.31.0.

mod batch;
mod batch_decoder;
mod damage;
mod error;
mod find;
mod framing;
mod in_order;
mod key_tree;
mod keys;
mod kind_tree;
mod log_reader;
mod number_text;
mod piece;
mod record;
mod row_builder;
mod rows;
mod run_builder;
mod scan;
mod survey;
mod wire;

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod sample_tests;
#[cfg(test)]
mod scan_tests;
#[cfg(test)]
mod test_log;

pub use damage::{Damage, DamageKind, DamagedRegion, MAX_REGIONS};
pub use error::{Error, ErrorKind};
pub use find::find_logs;
pub use rows::{Row, Rows, rows};
pub use scan::{LogColumns, LogRows, Pieces, scan, scan_logs};
pub use survey::{Survey, survey};

/// Reads a whole log that is in memory: the survey and all rows. Panics on no input, so a fuzzer can call it.
///
/// # Errors
/// [`ErrorKind::NotALog`] when `bytes` do not begin as a log does.
pub fn decode_log_bytes(bytes: &[u8]) -> Result<(Survey, Vec<Row>), Error> {
    let name = std::path::Path::new("(bytes)");
    let survey = Survey::from_reader(bytes, name)?;
    let rows = Rows::from_reader(bytes, name)?.collect::<Result<Vec<Row>, Error>>()?;
    Ok((survey, rows))
}
