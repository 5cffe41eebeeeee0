//! Which columns of an export are read.

use std::collections::HashSet;
use std::sync::Arc;

use parquet::arrow::ProjectionMask;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};
use runlake_types::key_selects;

use crate::schema::{RUNTIME, STEP, TIMESTAMP};

/// The columns of an export that are wanted. `_step` always is; what a file lacks is no error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Projection {
    /// Every column.
    #[default]
    All,
    /// Nothing but `_step`.
    Steps,
    /// The metrics of these dotted names and those below them.
    Keys {
        /// The names.
        keys: Arc<[String]>,
        /// Whether `_timestamp` and `_runtime` are wanted too.
        with_stamps: bool,
    },
}

impl Projection {
    pub(crate) fn mask(&self, schema: &SchemaDescriptor) -> ProjectionMask {
        let columns = schema.columns();
        let (keys, with_stamps): (&[String], bool) = match self {
            Self::All => return ProjectionMask::all(),
            Self::Steps => (&[], false),
            Self::Keys { keys, with_stamps } => (keys, *with_stamps),
        };
        // A struct that may have a type is read whole: without it nobody could tell that it is a value of its own.
        let typed: HashSet<&str> =
            columns.iter().filter(|column| parts(column).contains(&"_type")).map(|column| parts(column)[0]).collect();
        let is_wanted = |column: &ColumnDescriptor| match parts(column)[..] {
            [STEP, ..] => true,
            [TIMESTAMP | RUNTIME, ..] if with_stamps => true,
            [root, ..] if typed.contains(root) => keys.iter().any(|key| key_selects(key, root) || key_selects(root, key)),
            [..] => keys.iter().any(|key| key_selects(key, &parts(column).join("."))),
        };
        let leaves = columns.iter().enumerate().filter(|(_, column)| is_wanted(column)).map(|(leaf, _)| leaf);
        ProjectionMask::leaves(schema, leaves)
    }
}

fn parts(column: &ColumnDescriptor) -> Vec<&str> {
    column.path().parts().iter().map(String::as_str).collect()
}
