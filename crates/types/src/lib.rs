//! The vocabulary of runlake: ids, times, run records, JSON values, filters, order, and the rules by which logged values become
//! columns. No IO and no async: everything here is a pure function of its arguments.
//!
//! | to find | look in |
//! |---|---|
//! | a JSON value as W&B writes it | [`Json`], [`Number`], [`read_number`], [`quote_bare_floats`] |
//! | objects read member by member, without being made | [`ObjectSink`], [`Objects`], [`read_objects`], [`read_object`] |
//! | `entity/project/run_id` | [`ProjectPath`], [`RunPath`], [`PathDefaults`] |
//! | `entity/project/name:alias` of an artifact | [`ArtifactPath`] |
//! | one run's latest state | [`RunRecord`], [`RunState`], [`HistoryKeys`] |
//! | instants | [`Timestamp`] |
//! | which runs: Mongo-style filters, evaluated locally | [`Filter`], built in steps from [`Condition`] |
//! | in which order | [`Order`] |
//! | the name, path and kind of a metric column | [`KeyPath`], [`Kind`], [`KindCounts`], [`ColumnSet`] |
//! | a history row taken apart and put together | [`flatten`], [`is_taken_apart`], [`unflatten`], [`insert_leaf`] |

mod artifact_path;
mod column;
mod condition;
mod error;
mod field;
mod filter;
mod history_keys;
mod json;
mod json_number;
mod json_parser;
mod key_path;
mod near;
mod object_sink;
mod order;
mod path;
mod row;
mod run;
mod time;

pub use artifact_path::ArtifactPath;
pub use column::{ColumnSet, Kind, KindCounts, MetricColumn, RESERVED_COLUMNS};
pub use condition::Condition;
pub use error::{Error, ErrorKind};
pub use field::Field;
pub use filter::Filter;
pub use history_keys::HistoryKeys;
pub use json::{Json, JsonError, MAX_DEPTH, Number, Object, object_text, quote_bare_floats, write_json_string};
pub use json_number::read_number;
pub use key_path::{KeyPath, key_selects};
pub use near::near_names;
pub use object_sink::{ObjectSink, Objects, read_object, read_objects};
pub use order::{Direction, Order};
pub use path::{PathDefaults, ProjectPath, RunPath};
pub use row::{flatten, insert_leaf, is_taken_apart, unflatten};
pub use run::{RunRecord, RunState};
pub use time::Timestamp;
