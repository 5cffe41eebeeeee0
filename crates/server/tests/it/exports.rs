//! Exports: the files behind `parquetUrls`.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use reqwest::StatusCode;
use reqwest::header::RANGE;
use runlake_server::{ColumnOrder, ExportPolicy, ServerOptions};

use crate::fixture::line;
use crate::{Backend, options};

async fn urls(backend: &Backend, run: &str) -> Vec<String> {
    let plan = backend.run_field(run, "parquetHistory(liveKeys: []) { parquetUrls }").await;
    plan["parquetUrls"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned()).collect()
}

fn rows(bytes: Bytes) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().with_batch_size(1000).build().unwrap();
    reader.into_iter().next().unwrap().unwrap()
}

#[tokio::test]
async fn an_export_holds_the_rows_without_a_key() {
    let exports = ExportPolicy { rows_per_file: 25, rows_per_group: 10, ..ExportPolicy::default() };
    let backend = Backend::start_with(ServerOptions { exports, ..options() }).await;
    let urls = urls(&backend, "full").await;
    let (first, second) = (backend.get(&urls[0]).await, backend.get(&urls[1]).await);
    assert_eq!((urls.len(), first.status()), (2, StatusCode::OK));
    let bytes = first.bytes().await.unwrap();
    assert_eq!(ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap().metadata().num_row_groups(), 3);
    let (first, second) = (rows(bytes.clone()), rows(second.bytes().await.unwrap()));
    let names: Vec<&str> = first.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["_runtime", "_step", "_timestamp", "acc", "big", "loss", "note", "odd", "nest"]);
    let steps = |batch: &RecordBatch| batch["_step"].as_primitive::<Int64Type>().values().to_vec();
    assert_eq!((steps(&first), steps(&second)), ((0..25).collect(), (25..40).collect()));
    assert_eq!(first["big"].as_primitive::<Int64Type>().value(3), 9_007_199_254_740_993);
    let odd = first["odd"].as_primitive::<Float64Type>();
    assert!(odd.value(1).is_nan() && odd.is_null(0), "NaN and nothing are two things");
    assert_eq!(first["nest"].as_struct().column(0).as_primitive::<Int64Type>().value(20), 20);

    let tail = backend.client.get(&urls[0]).header(RANGE, "bytes=-8").send().await.unwrap();
    assert_eq!(tail.status(), StatusCode::PARTIAL_CONTENT);
    assert!(tail.bytes().await.unwrap().ends_with(b"PAR1"));
    assert_eq!(backend.client.head(&urls[0]).send().await.unwrap().headers()["content-length"], bytes.len().to_string().as_str());
}

#[tokio::test]
async fn steps_may_be_doubles_and_columns_in_alphabetical_order() {
    let exports = ExportPolicy { step_as_double: true, column_order: ColumnOrder::Alphabetical, ..ExportPolicy::default() };
    let backend = Backend::start_with(ServerOptions { exports, ..options() }).await;
    let batch = rows(backend.get(&urls(&backend, "full").await[0]).await.bytes().await.unwrap());
    assert_eq!(batch["_step"].data_type(), &DataType::Float64);
    assert_eq!(batch.schema_ref().fields()[6].name(), "nest");
}

#[tokio::test]
async fn a_url_of_rows_that_changed_is_over() {
    let backend = Backend::start().await;
    let kept = urls(&backend, "full").await.remove(0);
    assert_eq!(backend.get(&kept).await.status(), StatusCode::OK);
    let never_fetched = urls(&backend, "bare").await.remove(0);
    for id in ["full", "bare"] {
        let mut run = backend.fixture.run(id);
        run.rows.push(line(100));
        run.revision += 1;
        backend.fixture.put(run);
    }
    assert_eq!(backend.get(&kept).await.status(), StatusCode::OK, "made before, still there");
    assert_eq!(backend.get(&never_fetched).await.status(), StatusCode::FORBIDDEN, "403 makes clients plan again");
    let again = urls(&backend, "full").await.remove(0);
    assert_eq!(rows(backend.get(&again).await.bytes().await.unwrap()).num_rows(), 41);
    let forged = again.replace("-0-41.parquet", "-0-40.parquet");
    assert_eq!(backend.get(&forged).await.status(), StatusCode::FORBIDDEN);
}
