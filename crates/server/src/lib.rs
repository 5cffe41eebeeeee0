//! The embedded backend: the W&B API over a lake, for tests, demos and air-gapped use.
//!
//! The official SDK reads from it and writes to it with nothing but `WANDB_BASE_URL` and `WANDB_API_KEY`. It is checked by driving it with that SDK.
//! Binding to loopback, or not, is up to the caller, who brings the listener.
//!
//! | to find | look in |
//! |---|---|
//! | starting it, or embedding its routes | [`serve`], [`Server`], [`router`] |
//! | who may ask, limits, what is exported | [`ServerOptions`] |
//! | what it reads | [`Source`] |
//! | where it keeps what is written through it | [`StateFolder`] |
//!
//! Inside: `routes` takes requests to `schema` (GraphQL) or `send_file`; both find runs in the `catalog` and their rows, as JSON lines
//! on disk, through `backend`, from which `history` answers pages and samples and `exports` makes Parquet files. Nothing is decoded
//! twice while it is kept, and everything kept has a bound. Pages and exports go from the page cache to the socket: rows are spooled in the
//! form in which they stand in a reply, and `splice` puts them there. Nothing is compressed on the way, since the way is short.
//!
//! The lake is never changed: what mutations write goes through `changes` into `state`, and the `catalog` lays it over the lake's runs.
//! Artifacts likewise go through `artifacts`; contents come in by `uploads`, at addresses that are signed for it, and lie beside the database
//! under their SHA-256, whatever they are called.

mod artifacts;
mod auth;
mod backend;
mod cache;
mod catalog;
mod changes;
mod console;
mod cursor;
mod error;
mod exports;
mod file_chunks;
mod file_stream;
mod files;
mod history;
mod lake_source;
mod options;
mod ranges;
mod routes;
mod rows;
mod sampling;
mod schema;
mod scratch;
mod send_file;
mod serve;
mod signing;
mod source;
mod splice;
mod state;
mod throttle;
mod uploads;

pub use error::{Error, ErrorKind};
pub use options::{Access, ColumnOrder, ExportPolicy, ExportedRuns, ServerOptions, StateFolder};
pub use serve::{Server, router, serve};
pub use source::{RowBatches, Source, SourceError, SourceFile, SourceRun};
