//! The formats of `runs` and `scan`: each has every row, and NaN, the infinities and null stay four things in each.

use std::io::Cursor;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use runlake_tests::backend::Backend;
use runlake_tests::lake::{PROJECT, canonical, sample_lake};
use runlake_tests::truth::{comparable, load};
use runlake_types::{Json, Number};

const VALUES: &str = "runlake/digits/values";

fn backend() -> Backend {
    Backend::start(&sample_lake())
}

/// `values` of steps 0 to 4 has NaN, both infinities, null and 1 at `special`.
fn special_floats(backend: &Backend, format: &str) -> Vec<u8> {
    backend.call(["scan", VALUES, "--max-step", "5", "--keys", "special,always", "--format", format]).succeed().stdout
}

/// Checks the column `special` of steps 0 to 4.
fn assert_special(batches: &[RecordBatch]) {
    let batch = arrow::compute::concat_batches(&batches[0].schema(), batches).unwrap();
    assert_eq!(batch.column_by_name("_step").unwrap().as_primitive::<Int64Type>().values(), &[0, 1, 2, 3, 4]);
    let special = batch.column_by_name("special").unwrap();
    assert_eq!(*special.data_type(), DataType::Float64);
    let special = special.as_primitive::<Float64Type>();
    let shown: Vec<Option<f64>> = special.iter().collect();
    assert!(shown[0].unwrap().is_nan(), "{shown:?}");
    assert_eq!(shown[1..], [Some(f64::INFINITY), Some(f64::NEG_INFINITY), None, Some(1.0)]);
    assert!(special.is_null(3));
}

#[test]
fn scan_as_parquet() {
    let bytes = bytes::Bytes::from(special_floats(&backend(), "parquet"));
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let field = builder.schema().field_with_name("special").unwrap().clone();
    assert_eq!(field.metadata()["runlake.kind"], "number");
    assert_eq!(field.metadata()["runlake.path"], r#"["special"]"#);
    assert_special(&builder.build().unwrap().map(Result::unwrap).collect::<Vec<_>>());
}

#[test]
fn scan_as_arrow() {
    let bytes = special_floats(&backend(), "arrow");
    let reader = arrow::ipc::reader::StreamReader::try_new(Cursor::new(bytes), None).unwrap();
    assert_special(&reader.map(Result::unwrap).collect::<Vec<_>>());
}

#[test]
fn scan_as_csv() {
    let text = String::from_utf8(special_floats(&backend(), "csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let position = header.iter().position(|name| *name == "special").unwrap();
    let special: Vec<&str> = lines.map(|line| line[position]).collect();
    assert_eq!(special[3..], ["", "1.0"]);
    let floats: Vec<f64> = special[..3].iter().map(|text| text.parse().unwrap()).collect();
    assert!(floats[0].is_nan());
    assert_eq!(floats[1..], [f64::INFINITY, f64::NEG_INFINITY]);
}

#[test]
fn scan_as_json_and_ndjson() {
    let backend = backend();
    let ndjson = String::from_utf8(special_floats(&backend, "ndjson")).unwrap();
    let special = |row: &serde_json::Value| row.get("special").map(ToString::to_string);
    let lines: Vec<serde_json::Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<Option<String>> = lines.iter().map(special).collect();
    let wanted = [Some("\"NaN\""), Some("\"Infinity\""), Some("\"-Infinity\""), None, Some("1")];
    assert_eq!(found, wanted.map(|text| text.map(str::to_owned)));

    let json: Vec<serde_json::Value> = serde_json::from_slice(&special_floats(&backend, "json")).unwrap();
    assert_eq!(json, lines, "both JSON formats have the same rows");
}

#[test]
fn scan_as_table() {
    let table = String::from_utf8(special_floats(&backend(), "table")).unwrap();
    let special: Vec<&str> = table.lines().skip(1).map(|line| line.split_whitespace().last().unwrap()).collect();
    assert_eq!(special.len(), 5, "{table}");
    assert!(["NaN", "Infinity", "-Infinity"].iter().all(|text| table.contains(text)), "{table}");
}

#[test]
fn scan_as_ndjson_is_what_was_logged() {
    let backend = backend();
    let mut wrong = Vec::new();
    for run in load("digits").values().filter(|run| run.is_complete) {
        let scan = backend.call(["scan", &run.path().to_string(), "--format", "ndjson"]).succeed();
        let rows: Vec<_> = scan.text().lines().map(|line| Json::parse_object(line).unwrap()).collect();
        assert_eq!(rows.len(), run.rows.len(), "{}", run.run_id);
        for row in rows {
            let step = row["_step"].as_number().and_then(Number::as_i64).unwrap();
            let (found, wanted) = (canonical(comparable(row)), canonical(run.rows[&step].clone()));
            if found != wanted {
                wrong.push(format!("{}, step {step}:\n  found  {found}\n  wanted {wanted}", run.run_id));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences; the first are\n{}", wrong.len(), wrong[..wrong.len().min(3)].join("\n"));
}

#[test]
fn scan_of_some_keys_and_steps() {
    let backend = backend();
    let steps = |options: &[&str]| -> Vec<i64> {
        let scan = options
            .iter()
            .fold(backend.call(["scan", "runlake/digits/epochs", "--format", "ndjson"]), runlake_tests::command::Runlake::arg)
            .succeed();
        scan.text().lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["_step"].as_i64().unwrap()).collect()
    };
    let rows = &load("digits")["epochs"].rows;
    let wanted = |keep: &dyn Fn(i64, &runlake_types::Object) -> bool| -> Vec<i64> {
        rows.iter().filter(|(step, row)| keep(**step, row)).map(|(step, _)| *step).collect()
    };
    assert_eq!(steps(&["--keys", "val/acc"]), wanted(&|_, row| row.contains_key("val/acc")));
    assert_eq!(steps(&["--keys", "val/acc,train/loss"]), wanted(&|_, row| row.contains_key("val/acc") || row.contains_key("train/loss")));
    assert_eq!(
        steps(&["--keys", "val/acc,train/loss", "--require-all"]),
        wanted(&|_, row| row.contains_key("val/acc") && row.contains_key("train/loss"))
    );
    assert_eq!(steps(&["--min-step", "10", "--max-step", "20"]), wanted(&|step, _| (10..20).contains(&step)));
}

#[test]
fn runs_in_every_format() {
    let backend = backend();
    let columns = "run_id,state,config.lr,summary.train/loss,tags";
    let listing = |format: &str| {
        let order = "--order=+name";
        backend
            .call(["runs", PROJECT, "--filters", r#"{"tags": "grid"}"#, order, "--columns", columns, "--format", format])
            .succeed()
            .stdout
    };
    let lines: Vec<serde_json::Value> =
        String::from_utf8(listing("ndjson")).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 9);
    assert_eq!((lines[0]["run_id"].as_str(), lines[0]["config.lr"].as_f64()), (Some("lr001-seed1"), Some(0.01)));
    assert_eq!(serde_json::from_slice::<Vec<serde_json::Value>>(&listing("json")).unwrap(), lines);

    let csv = String::from_utf8(listing("csv")).unwrap();
    assert_eq!(csv.lines().next(), Some(columns));
    assert_eq!(csv.lines().count(), 10);

    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(listing("parquet"))).unwrap();
    let parquet: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    let arrow: Vec<RecordBatch> =
        arrow::ipc::reader::StreamReader::try_new(Cursor::new(listing("arrow")), None).unwrap().map(Result::unwrap).collect();
    assert_eq!(parquet[0].columns(), arrow[0].columns());
    let rates = arrow[0].column_by_name("config.lr").unwrap().as_primitive::<Float64Type>();
    assert_eq!(rates.values(), &[0.01, 0.01, 0.01, 0.1, 0.1, 0.1, 1.0, 1.0, 1.0]);

    let table = String::from_utf8(listing("table")).unwrap();
    assert_eq!(table.lines().next().unwrap().split_whitespace().collect::<Vec<_>>().join(","), columns);
    assert_eq!(table.lines().count(), 10, "{table}");
}
