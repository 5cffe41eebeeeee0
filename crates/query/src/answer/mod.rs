//! Answers: what any question gives, where it came from, and the forms it leaves in.
//!
//! | to find | look in |
//! |---|---|
//! | the result of a question, as a frame, record batches or a stream of them | [`Answer`] |
//! | what is written down about where it came from | [`Origin`] |
//! | the formats, partitions and orders of files | [`WriteOptions`] |
//! | record batches from elsewhere in the same formats | [`BatchWriter`] |
//! | one value as text | [`CellText`] |

#[expect(clippy::module_inception, reason = "the noun of the folder")]
mod answer;
mod batch_writer;
mod batches;
mod cell_text;
mod file_format;
mod handover;
mod origin;
mod parquet;
#[cfg(test)]
mod round_trip_tests;
mod staged;
mod write;

pub use answer::Answer;
pub use batch_writer::BatchWriter;
pub use batches::Batches;
pub use cell_text::CellText;
pub use file_format::FileFormat;
pub(crate) use handover::on_a_thread;
pub use origin::Origin;
pub use staged::StagedFile;
pub use write::WriteOptions;
