//! A part file: one Parquet file of a table, and what the Delta log knows of it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use bytes::Bytes;
use deltalake::kernel::{Add, LogicalFileView, Remove};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use parquet::errors::ParquetError;
use runlake_ingest::schema::STEP;
use runlake_types::{Json, Object, ProjectPath, Timestamp};

use crate::parquet_encoding::encode_parquet;
use crate::{Error, ErrorKind};

/// The column that says whose row it is.
pub(crate) const RUN_ID: &str = "run_id";

/// A part file that a version of a table has.
#[derive(Clone, Debug)]
pub(crate) struct PartFile {
    pub(crate) path: ObjectPath,
    pub(crate) size_bytes: u64,
    pub(crate) project: ProjectPath,
    pub(crate) rows: u64,
    pub(crate) first_run: Option<String>,
    pub(crate) last_run: Option<String>,
    pub(crate) first_step: Option<i64>,
    pub(crate) last_step: Option<i64>,
    remove: Remove,
}

impl PartFile {
    pub(crate) fn from_view(view: &LogicalFileView) -> Self {
        let partition = view.partition_values_map();
        let value = |column: &str| partition.get(column).cloned().flatten().unwrap_or_default();
        let stats = view.stats().and_then(|text| Json::parse_object(&text).ok()).unwrap_or_default();
        let bound = |side: &str, column: &str| stats.get(side).and_then(Json::as_object).and_then(|bounds| bounds.get(column)).cloned();
        let step = |side: &str| bound(side, STEP).and_then(|value| value.as_number().and_then(runlake_types::Number::as_i64));
        let run = |side: &str| bound(side, RUN_ID).and_then(|value| value.as_str().map(str::to_owned));
        Self {
            path: view.object_store_path(),
            size_bytes: u64::try_from(view.size()).unwrap_or_default(),
            project: ProjectPath::new(value("entity"), value("project")),
            rows: view.num_records().unwrap_or_default() as u64,
            first_run: run("minValues"),
            last_run: run("maxValues"),
            first_step: step("minValues"),
            last_step: step("maxValues"),
            remove: view.remove_action(true),
        }
    }

    /// Whether the file may hold rows of this run.
    pub(crate) fn may_hold(&self, run_id: &str) -> bool {
        self.first_run.as_deref().is_none_or(|first| first <= run_id) && self.last_run.as_deref().is_none_or(|last| run_id <= last)
    }

    /// The action that takes the file out of the table.
    pub(crate) fn into_remove(self) -> Remove {
        self.remove
    }
}

/// Writes batches of one schema as a new part file and gives the action that adds it. Until that is committed no reader sees the file.
pub(crate) async fn write_part_file(store: Arc<dyn ObjectStore>, project: ProjectPath, batches: Vec<RecordBatch>) -> Result<Add, Error> {
    EncodedPart::of(batches).await?.put(store, project).await
}

/// The bytes of a part file, and its statistics for the Delta log.
#[derive(Debug)]
pub(crate) struct EncodedPart {
    bytes: Bytes,
    statistics: String,
}

impl EncodedPart {
    /// Encodes batches of one schema.
    pub(crate) async fn of(batches: Vec<RecordBatch>) -> Result<Self, Error> {
        let encode = move || Ok(Self { bytes: encode_parquet(&batches)?, statistics: statistics(&batches) });
        let encoded: Result<Self, ParquetError> = tokio::task::spawn_blocking(encode).await.map_err(|stopped| Error::stopped(&stopped))?;
        encoded.map_err(|source| parquet_error("a new part file", source))
    }

    /// Writes the bytes under a new name.
    pub(crate) async fn put(self, store: Arc<dyn ObjectStore>, project: ProjectPath) -> Result<Add, Error> {
        let folder = format!("entity={}/project={}", encode_partition(&project.entity), encode_partition(&project.project));
        let path = format!("{folder}/part-{}.zstd.parquet", uuid::Uuid::now_v7());
        let size = self.bytes.len();
        let object_path = ObjectPath::parse(&path).map_err(|source| store_error(&path, "written", source.into()))?;
        store.put(&object_path, PutPayload::from_bytes(self.bytes)).await.map_err(|source| store_error(&path, "written", source))?;
        Ok(Add {
            path,
            partition_values: HashMap::from([("entity".to_owned(), Some(project.entity)), ("project".to_owned(), Some(project.project))]),
            size: i64::try_from(size).unwrap_or(i64::MAX),
            modification_time: Timestamp::now().micros() / 1000,
            data_change: true,
            stats: Some(self.statistics),
            ..Add::default()
        })
    }
}

pub(crate) fn store_error(path: &str, action: &'static str, source: object_store::Error) -> Error {
    ErrorKind::Store { path: path.to_owned(), action, source }.into()
}

pub(crate) fn parquet_error(path: &str, source: ParquetError) -> Error {
    ErrorKind::PartFile { path: path.to_owned(), source }.into()
}

/// The Delta statistics of a file: rows, and the bounds of the columns that rows are looked up by.
fn statistics(batches: &[RecordBatch]) -> String {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let (mut lowest, mut highest, mut nulls) = (Object::new(), Object::new(), Object::new());
    let runs =
        batches.iter().filter_map(|batch| batch.column_by_name(RUN_ID)).flat_map(|column| column.as_string::<i32>().iter().flatten());
    if let Some((first, last)) = bounds(runs) {
        lowest.insert(RUN_ID.to_owned(), Json::from(first));
        highest.insert(RUN_ID.to_owned(), Json::from(last));
        nulls.insert(RUN_ID.to_owned(), Json::from(0));
    }
    let steps = batches
        .iter()
        .filter_map(|batch| batch.column_by_name(STEP))
        .flat_map(|column| column.as_primitive::<Int64Type>().iter().flatten());
    if let Some((first, last)) = bounds(steps) {
        lowest.insert(STEP.to_owned(), Json::from(first));
        highest.insert(STEP.to_owned(), Json::from(last));
        nulls.insert(STEP.to_owned(), Json::from(0));
    }
    let all = [
        ("numRecords", Json::from(i64::try_from(rows).unwrap_or(i64::MAX))),
        ("minValues", Json::Object(lowest)),
        ("maxValues", Json::Object(highest)),
        ("nullCount", Json::Object(nulls)),
    ];
    runlake_types::object_text(&all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn bounds<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<(T, T)> {
    values.fold(None, |bounds, value| match bounds {
        None => Some((value, value)),
        Some((lowest, highest)) => Some((value.min(lowest), value.max(highest))),
    })
}

/// The value of a partition in a folder's name, as Hive writes it: everything but letters, digits, `_`, `-` and `.` percent-encoded. An
/// empty value has Hive's own name.
fn encode_partition(value: &str) -> String {
    use std::fmt::Write as _;
    if value.is_empty() {
        return "__HIVE_DEFAULT_PARTITION__".to_owned();
    }
    value.bytes().fold(String::with_capacity(value.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
        out
    })
}

/// The run id of each row.
pub(crate) fn run_ids(batch: &RecordBatch) -> impl Iterator<Item = &str> {
    let column = batch.column_by_name(RUN_ID).and_then(|column| column.as_string_opt::<i32>());
    column.into_iter().flat_map(|column| (0..column.len()).map(|row| column.value(row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_safe_in_a_path() {
        assert_eq!(encode_partition("my team/ä"), "my%20team%2F%C3%A4");
        assert_eq!(encode_partition("a-b_c.d"), "a-b_c.d");
    }
}
