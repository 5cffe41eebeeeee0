//! A table of rows as one lazy frame: its part files from the Delta log, scanned so that projections and predicates reach the Parquet.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field};
use polars::io::HiveOptions;
use polars::prelude::{
    DataFrame, DataType, Expr, IntoLazy as _, LazyFrame, PlRefPath, PlSmallStr, ScanArgsParquet, Schema, TimeUnit, TimeZone,
};
use runlake_lake::{Lake, TableName, TableSnapshot};
use runlake_types::ProjectPath;

use crate::{Error, ErrorKind};

use super::lake_scan::lake_scan;

/// The columns that say whose row it is, first in every table.
pub(super) const IDENTITY: [&str; 3] = ["run_id", "entity", "project"];

/// A table of SQL.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) frame: LazyFrame,
    /// Columns that have another name in SQL, by their own.
    pub(crate) renamed: BTreeMap<String, String>,
}

impl Table {
    /// The column that the lake has by this name.
    pub(crate) fn column(&self, name: &str) -> Expr {
        Expr::Column(self.renamed.get(name).map_or(name, String::as_str).into())
    }
}

/// How the part files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// By Polars itself, which needs files on local disk.
    Files,
    /// Through the lake's own readers, wherever it lies.
    Lake,
}

impl Reading {
    /// The better one for a lake.
    pub(super) fn of(lake: &Lake) -> Self {
        if lake.location().as_folder().is_some() { Self::Files } else { Self::Lake }
    }
}

/// The rows of these projects: `run_id`, `entity`, `project`, then the columns in the order of the lake's table. A column that a file does not
/// have is null in its rows.
pub(super) async fn lake_table(lake: &Lake, name: TableName, projects: &[ProjectPath], reading: Reading) -> Result<Table, Error> {
    let snapshot = lake.snapshot(name, projects).await?;
    let in_files: Vec<&Field> =
        snapshot.schema.fields().iter().map(AsRef::as_ref).filter(|field| !IDENTITY[1..].contains(&field.name().as_str())).collect();
    let schema = in_files.iter().map(|field| Ok((PlSmallStr::from_str(field.name()), polars_type(field)?)));
    let schema = schema.collect::<Result<Schema, Error>>()?;
    let rest = in_files.iter().map(|field| field.name().as_str()).filter(|name| *name != IDENTITY[0]);
    // Not `col`, to which a metric named `*` is every column.
    let order: Vec<Expr> = IDENTITY.into_iter().chain(rest).map(|name| Expr::Column(name.into())).collect();
    let frame = if snapshot.files.is_empty() {
        let mut schema = schema;
        for column in &IDENTITY[1..] {
            schema.insert((*column).into(), DataType::String);
        }
        DataFrame::empty_with_schema(&schema).lazy()
    } else {
        match reading {
            Reading::Files => scan_files(&snapshot, schema)?,
            Reading::Lake => lake_scan(&snapshot, &schema)?,
        }
    };
    let mut taken: HashSet<String> = snapshot.schema.fields().iter().map(|field| field.name().clone()).collect();
    let renamed = snapshot.schema.fields().iter().filter_map(|field| Some((field.name().clone(), name_in_sql(field.name(), &mut taken)?)));
    let renamed: BTreeMap<String, String> = renamed.collect();
    Ok(Table { frame: frame.select(order).rename(renamed.keys(), renamed.values(), true), renamed })
}

/// The name of a column in SQL, where Polars would take its own name for a pattern of names: an underscore and the name.
fn name_in_sql(name: &str, taken: &mut HashSet<String>) -> Option<String> {
    if name != "*" && !(name.starts_with('^') && name.ends_with('$')) {
        return None;
    }
    let mut other = format!("_{name}");
    while !taken.insert(other.clone()) {
        other.insert(0, '_');
    }
    Some(other)
}

fn scan_files(snapshot: &TableSnapshot, schema: Schema) -> Result<LazyFrame, Error> {
    let paths = snapshot.files.iter().map(|file| PlRefPath::new(&file.address)).collect();
    let arguments = ScanArgsParquet {
        hive_options: HiveOptions {
            enabled: Some(true),
            hive_start_idx: 0,
            schema: Some(Arc::new(partition_schema(&snapshot.files[0].address))),
            try_parse_dates: false,
        },
        schema: Some(Arc::new(schema)),
        allow_missing_columns: true,
        // Names of projects may have stars and brackets in them.
        glob: false,
        ..ScanArgsParquet::default()
    };
    Ok(LazyFrame::scan_parquet_files(paths, arguments)?)
}

/// `entity` and `project`, and whatever stands like them in the path of the lake itself, since Polars wants all of them named.
fn partition_schema(address: &str) -> Schema {
    let folders = Path::new(address).parent().into_iter().flat_map(Path::components);
    let names = folders.filter_map(|folder| folder.as_os_str().to_str()?.split_once('=').map(|(name, _)| name));
    names.chain(IDENTITY[1..].iter().copied()).map(|name| (PlSmallStr::from_str(name), DataType::String)).collect()
}

/// The dtype that Polars has for a column of a lake.
fn polars_type(field: &Field) -> Result<DataType, Error> {
    Ok(match field.data_type() {
        ArrowType::Boolean => DataType::Boolean,
        ArrowType::Int64 => DataType::Int64,
        ArrowType::Float64 => DataType::Float64,
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => DataType::String,
        ArrowType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, zone) => {
            DataType::Datetime(TimeUnit::Microseconds, zone.as_ref().map(|_| TimeZone::UTC))
        }
        other => return Err(ErrorKind::DataType { column: field.name().clone(), data_type: other.to_string() }.into()),
    })
}
