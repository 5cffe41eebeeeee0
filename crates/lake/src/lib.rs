//! A lake: run histories as plain Parquet in Delta tables, on local disk or an object store.
//!
//! ```text
//! LAKE/runlake.json      format version
//! LAKE/runs/             one row per run, its latest state
//! LAKE/histories/        one row per logged step, sorted by run_id and _step within a file
//! LAKE/system_metrics/   the events stream
//! LAKE/files/            run files, when asked for
//! ```
//!
//! | to find | look in |
//! |---|---|
//! | open, make, read a lake | [`Lake`] |
//! | some columns of many runs, on all cores | [`Lake::scan_columns`], [`Lake::column_bounds`] |
//! | a table's columns and part files, for engines that read Parquet themselves | [`TableSnapshot`] |
//! | write runs into it, whole or not at all | [`LakeWriter`] |
//! | offline run logs into a lake | [`import`] |
//! | a project of the service into a lake | [`export`] |
//! | is it sound, what is in it, is it what the service has | [`verify`], [`info`], [`compare`] |
//! | small files into large ones, old files away | [`compact`] |
//!
//! A run is in the lake when it is in `runs`: its rows are committed to the other two tables before.

mod column_bounds;
mod column_scan;
mod commit;
pub mod compact;
pub mod compare;
mod dropped;
mod error;
pub mod export;
mod files;
mod footers;
pub mod import;
pub mod info;
mod lake;
mod location;
mod long_rows;
mod parquet_encoding;
mod part_file;
mod part_reader;
mod part_store;
mod progress;
mod reader;
mod row_group;
mod run_records;
mod runs_table;
mod snapshot;
mod stored_run;
mod table;
mod table_writer;
pub mod verify;
mod wanted_rows;
mod writer;

pub use column_bounds::ColumnBounds;
pub use column_scan::{ColumnScan, Made, Piece, RowsOf, Scanned, ScannedGroup};
pub use error::{Error, ErrorKind};
pub use files::StoredFile;
pub use lake::{FORMAT_VERSION, Lake};
pub use location::Location;
pub use progress::{Event, Observer};
pub use snapshot::{SnapshotFile, TableSnapshot};
pub use stored_run::StoredRun;
pub use table::TableName;
pub use writer::LakeWriter;
