//! Logged bytes into Arrow record batches: history pages, Parquet exports and offline run logs.
//!
//! | to find | look in |
//! |---|---|
//! | decoded rows as columns, by the rules of the data model | [`RowColumns`], [`KindPlan`] |
//! | pages of history into columns | [`PageDecoder`], [`decode_page`] |
//! | their record batches in a table, with names | [`Encoder`] |
//! | record batches back into the rows that were logged | [`rows_of_batch`], [`system_rows_of_batch`] |
//! | names, dtypes and field metadata of the columns | [`schema`] |
//! | one run's whole history from the service: exports and live tail joined | [`RunScan`], [`ScanReport`] |
//! | Parquet exports into columns, whole or by ranges | [`ExportReader`], [`export_columns`], [`ExportDecoder`], [`Projection`] |
//! | which steps an export has | [`StepProfile`] |
//! | overlapping pieces of one run put together | [`merge`] |
//! | a Parquet export into rows, the plain way | [`export_rows`] |
//! | floats of a column chunk, and text in long stretches, the fast way | [`dense_floats`], [`text_stretches`] |
//! | damaged Parquet files that must not end the process | [`without_panic`], [`polled_without_panic`], [`panic_is_caught`] |
//! | offline `.wandb` logs | [`offline`] |
//!
//! Every source becomes [`RowColumns`] and goes through the same [`Encoder`], so a row comes out alike whichever way it came.

mod arrow_value;
mod cells;
mod column_pages;
mod decode;
mod dense_floats;
mod encode;
mod error;
mod export;
mod export_columns;
mod export_decoder;
mod export_file;
mod export_reader;
mod flat_row;
mod growing_columns;
mod key_table;
mod kind_plan;
mod live_pages;
mod merge;
mod off_thread;
pub mod offline;
mod page_decoder;
mod parquet_panics;
mod projection;
mod ranged_file;
mod row_columns;
mod scan;
mod scan_report;
pub mod schema;
mod step_profile;
mod text_meaning;
mod text_stretches;
mod windows;

pub use column_pages::is_flat_without_nulls;
pub use decode::{rows_of_batch, system_rows_of_batch};
pub use dense_floats::{dense_floats, is_dense_floats};
pub use encode::{Encoded, Encoder, Stream};
pub use error::{Error, ErrorKind};
pub use export::{ExportRows, export_rows};
pub use export_columns::{ExportColumns, export_columns};
pub use export_decoder::{DecodedExport, ExportDecoder};
pub use export_reader::ExportReader;
pub use kind_plan::KindPlan;
pub use merge::{Merged, merge};
pub use off_thread::off_thread;
pub use page_decoder::{DecodedPage, PageDecoder, decode_page};
pub use parquet_panics::{panic_is_caught, polled_without_panic, without_panic};
pub use projection::Projection;
pub use row_columns::{MetricValues, RowColumns};
pub use scan::{RunScan, ScanOptions};
pub use scan_report::{Completeness, ScanReport};
pub use step_profile::StepProfile;
pub use text_stretches::{TextStretches, is_text_stretches, text_stretches};
