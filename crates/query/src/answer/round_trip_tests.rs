//! Every dtype and every special value, out in each format and in again.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use polars::df;
use polars::prelude::{self as pl, IntoLazy as _, NamedFrom as _, Series, TimeUnit, TimeZone, col, lit};
use proptest::prelude::{ProptestConfig, any, proptest};
use runlake_types::{Json, Number};

use super::{Answer, FileFormat, Origin, WriteOptions};
use crate::ErrorKind;

/// Five rows; the last is null in every column.
fn every_dtype() -> Answer {
    let frame = df!(
        "flag" => [Some(true), Some(false), None, Some(true), None],
        "int" => [Some(i64::MIN), Some(i64::MAX), Some(0), Some(9_007_199_254_740_993), None],
        "unsigned" => [Some(u64::MAX), Some(0), Some(1), Some(2), None],
        "small" => [Some(-1i32), Some(0), Some(1), Some(2), None],
        "float" => [Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(-0.0), None],
        "digits" => [Some(0.1), Some(1e-300), Some(5e-324), Some(f64::MAX), None],
        "single" => [Some(0.1f32), Some(f32::NAN), Some(f32::MAX), Some(1.0), None],
        "text" => [Some(""), Some("a,\"b\"\r\nc"), Some("größe 学習 🦀"), Some("NaN"), None],
        "micros" => [Some(0i64), Some(1_764_184_535_123_456), Some(-1), Some(1_764_184_535_000_000), None],
    );
    let lists = [
        Some(Series::new("".into(), [1.0, f64::NAN])),
        Some(Series::new_empty("".into(), &pl::DataType::Float64)),
        Some(Series::new("".into(), [Some(0.5), None])),
        Some(Series::new("".into(), [f64::NEG_INFINITY])),
        None,
    ];
    let mut frame = frame.unwrap();
    frame.with_column(Series::new("list".into(), lists).into()).unwrap();
    let instant = |zone| pl::DataType::Datetime(TimeUnit::Microseconds, zone);
    let query = frame.lazy().with_columns([
        col("micros").cast(instant(Some(TimeZone::UTC))).alias("utc"),
        col("micros").cast(instant(None)).alias("naive"),
        col("micros").cast(instant(None)).cast(pl::DataType::Date).alias("date"),
        col("micros").cast(pl::DataType::Duration(TimeUnit::Milliseconds)).alias("span"),
        lit(pl::NULL).alias("nothing"),
    ]);
    Answer::new(query, Origin::new().with_question("every dtype").with_sampled(false))
}

fn written(answer: &Answer, format: FileFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    answer.write(&WriteOptions::new(format), &mut bytes).unwrap();
    bytes
}

fn text(answer: &Answer, format: FileFormat) -> String {
    String::from_utf8(written(answer, format)).unwrap()
}

/// Checks that `batches` hold what `answer` does, strings in whatever layout.
fn assert_same(batches: &[RecordBatch], answer: &Answer) {
    let wanted = answer.to_batches().unwrap();
    let wanted = concat_batches(&answer.schema().unwrap(), &wanted).unwrap();
    let found = concat_batches(&batches[0].schema(), batches).unwrap();
    assert_eq!(found.num_columns(), wanted.num_columns());
    for (field, array) in wanted.schema_ref().fields().iter().zip(wanted.columns()) {
        let found = cast(found.column_by_name(field.name()).unwrap(), field.data_type()).unwrap();
        // Bits, not values: NaN is to be NaN, and -0.0 to keep its sign.
        assert_eq!(format!("{found:?}"), format!("{array:?}"), "{}", field.name());
    }
}

#[test]
fn batches_are_those_of_the_frame() {
    let answer = every_dtype();
    let batches: Vec<RecordBatch> = answer.batches().unwrap().map(Result::unwrap).collect();
    assert_same(&batches, &answer);
    assert_eq!(batches[0].schema(), answer.schema().unwrap());
    let values = |name: &str| answer.schema().unwrap().field_with_name(name).unwrap().data_type().clone();
    assert_eq!((values("int"), values("text"), values("nothing")), (DataType::Int64, DataType::Utf8View, DataType::Null));
}

#[test]
fn parquet_comes_back() {
    let answer = every_dtype();
    let file = tempfile::NamedTempFile::new().unwrap();
    answer.write_path(&WriteOptions::new(FileFormat::Parquet), file.path()).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(fs_err::File::open(file.path()).unwrap().into_file()).unwrap();
    let metadata = builder.metadata().file_metadata().key_value_metadata().unwrap();
    for (key, value) in answer.origin().entries() {
        assert!(metadata.iter().any(|pair| pair.key == *key && pair.value.as_ref() == Some(value)), "{key}");
    }
    assert!(builder.metadata().row_group(0).column(1).statistics().is_some());
    assert_same(&builder.build().unwrap().map(Result::unwrap).collect::<Vec<_>>(), &answer);
    let path = pl::PlRefPath::new(file.path().to_str().unwrap());
    let read = pl::LazyFrame::scan_parquet(path, pl::ScanArgsParquet::default()).unwrap().collect().unwrap();
    assert!(read.equals_missing(&answer.collect().unwrap()));
}

#[test]
fn arrow_comes_back() {
    let answer = every_dtype();
    let stream = arrow::ipc::reader::StreamReader::try_new(Cursor::new(written(&answer, FileFormat::ArrowStream)), None).unwrap();
    assert_eq!(stream.schema().metadata()["runlake.question"], "every dtype");
    assert_same(&stream.map(Result::unwrap).collect::<Vec<_>>(), &answer);
    let file = arrow::ipc::reader::FileReader::try_new(Cursor::new(written(&answer, FileFormat::ArrowFile)), None).unwrap();
    assert_eq!(file.schema().metadata()["runlake.rows"], "full");
    assert_same(&file.map(Result::unwrap).collect::<Vec<_>>(), &answer);
}

#[test]
fn csv_has_four_forms_of_nothing() {
    insta::assert_snapshot!(text(&every_dtype(), FileFormat::Csv), @r#"
    flag,int,unsigned,small,float,digits,single,text,micros,list,utc,naive,date,span,nothing
    true,-9223372036854775808,18446744073709551615,-1,NaN,0.1,0.1,"",0,"[1.0,""NaN""]",1970-01-01T00:00:00Z,1970-01-01T00:00:00,1970-01-01,P0D,
    false,9223372036854775807,0,0,Infinity,1e-300,NaN,"a,""b""
    c",1764184535123456,[],2025-11-26T19:15:35.123456Z,2025-11-26T19:15:35.123456,2025-11-26,PT1764184535123.456S,
    ,0,1,1,-Infinity,5e-324,3.4028235e38,größe 学習 🦀,-1,"[0.5,null]",1969-12-31T23:59:59.999999Z,1969-12-31T23:59:59.999999,1969-12-31,-PT0.001S,
    true,9007199254740993,2,2,-0.0,1.7976931348623157e308,1.0,NaN,1764184535000000,"[""-Infinity""]",2025-11-26T19:15:35Z,2025-11-26T19:15:35,2025-11-26,PT1764184535000S,
    ,,,,,,,,,,,,,,
    "#);
}

#[test]
fn ndjson_says_the_same() {
    insta::assert_snapshot!(text(&every_dtype(), FileFormat::Ndjson), @r#"
    {"flag":true,"int":-9223372036854775808,"unsigned":18446744073709551615,"small":-1,"float":"NaN","digits":0.1,"single":0.1,"text":"","micros":0,"list":[1.0,"NaN"],"utc":"1970-01-01T00:00:00Z","naive":"1970-01-01T00:00:00","date":"1970-01-01","span":"P0D","nothing":null}
    {"flag":false,"int":9223372036854775807,"unsigned":0,"small":0,"float":"Infinity","digits":1e-300,"single":"NaN","text":"a,\"b\"\r\nc","micros":1764184535123456,"list":[],"utc":"2025-11-26T19:15:35.123456Z","naive":"2025-11-26T19:15:35.123456","date":"2025-11-26","span":"PT1764184535123.456S","nothing":null}
    {"flag":null,"int":0,"unsigned":1,"small":1,"float":"-Infinity","digits":5e-324,"single":3.4028235e38,"text":"größe 学習 🦀","micros":-1,"list":[0.5,null],"utc":"1969-12-31T23:59:59.999999Z","naive":"1969-12-31T23:59:59.999999","date":"1969-12-31","span":"-PT0.001S","nothing":null}
    {"flag":true,"int":9007199254740993,"unsigned":2,"small":2,"float":-0.0,"digits":1.7976931348623157e308,"single":1.0,"text":"NaN","micros":1764184535000000,"list":["-Infinity"],"utc":"2025-11-26T19:15:35Z","naive":"2025-11-26T19:15:35","date":"2025-11-26","span":"PT1764184535000S","nothing":null}
    {"flag":null,"int":null,"unsigned":null,"small":null,"float":null,"digits":null,"single":null,"text":null,"micros":null,"list":null,"utc":null,"naive":null,"date":null,"span":null,"nothing":null}
    "#);
}

#[test]
fn the_list_is_the_lines() {
    let answer = every_dtype();
    let list = Json::parse(&text(&answer, FileFormat::Json)).unwrap();
    let lines = text(&answer, FileFormat::Ndjson).lines().map(|line| Json::parse(line).unwrap()).collect();
    assert_eq!(list, Json::Array(lines));
}

#[test]
fn of_no_rows_the_columns_are_still_there() {
    let all = every_dtype();
    let answer = Answer::new(all.frame().clone().filter(lit(false)), all.origin().clone());
    let schema = answer.schema().unwrap();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(text(&answer, FileFormat::Csv), names.join(",") + "\n");
    assert_eq!(text(&answer, FileFormat::Json), "[]\n");
    assert_eq!(text(&answer, FileFormat::Ndjson), "");
    let parquet = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(written(&answer, FileFormat::Parquet))).unwrap();
    assert_eq!(parquet.schema().fields().len(), names.len());
    let arrow = arrow::ipc::reader::FileReader::try_new(Cursor::new(written(&answer, FileFormat::ArrowFile)), None).unwrap();
    assert_eq!((arrow.schema().fields().len(), arrow.count()), (names.len(), 0));
}

#[test]
fn a_row_of_null_alone_is_not_lost() {
    let answer = Answer::new(df!("loss" => [Some(1.0), None, Some(2.0)]).unwrap().lazy(), Origin::new());
    assert_eq!(text(&answer, FileFormat::Csv), "loss\n1.0\n\"\"\n2.0\n");
}

#[test]
fn order_is_kept_or_asked_for() {
    let rows: Vec<i64> = (0..300_000).map(|row| (row * 7919) % 300_007).collect();
    let answer = Answer::new(df!("row" => &rows).unwrap().lazy(), Origin::new());
    let read = |options: &WriteOptions| -> Vec<i64> {
        let mut file = Vec::new();
        answer.write(options, &mut file).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap();
        assert_eq!(reader.metadata().row_group(0).num_rows(), 100_000);
        reader.build().unwrap().flat_map(|batch| batch.unwrap().column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
    };
    let options = WriteOptions::new(FileFormat::Parquet).with_row_group_rows(100_000);
    assert_eq!(read(&options), rows);
    let mut sorted = rows;
    sorted.sort_unstable();
    assert_eq!(read(&options.with_sort_by(["row"])), sorted);
}

#[test]
fn partitions_are_folders() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("by run");
    let frame = df!("run" => [Some("a/b"), Some("c"), None, Some("a/b")], "n" => [1i64, 2, 3, 4]).unwrap();
    let answer = Answer::new(frame.lazy(), Origin::new());
    let options = WriteOptions::new(FileFormat::Parquet).with_partition_by(["run"]);
    answer.write_path(&options, &target).unwrap();
    let mut found: Vec<(String, Vec<i64>)> = fs_err::read_dir(&target)
        .unwrap()
        .map(|entry| {
            let partition = entry.unwrap();
            let files = fs_err::read_dir(partition.path()).unwrap().map(|file| fs_err::File::open(file.unwrap().path()).unwrap());
            let batches = files.flat_map(|file| ParquetRecordBatchReaderBuilder::try_new(file.into_file()).unwrap().build().unwrap());
            let rows = batches.flat_map(|batch| batch.unwrap().column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
            (partition.file_name().into_string().unwrap(), rows)
        })
        .collect();
    found.sort();
    let wanted = [("run=__HIVE_DEFAULT_PARTITION__", vec![3]), ("run=a%2Fb", vec![1, 4]), ("run=c", vec![2])];
    assert_eq!(found, wanted.map(|(name, rows)| (name.to_owned(), rows)));

    let again = answer.write_path(&options, &target).unwrap_err();
    assert!(matches!(again.kind(), ErrorKind::OutputTaken { .. }), "{again}");
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");

    let none = Answer::new(answer.frame().clone().filter(lit(false)), Origin::new());
    let target = folder.path().join("none");
    none.write_path(&options, &target).unwrap();
    let file = fs_err::File::open(target.join("0.parquet")).unwrap();
    assert_eq!(ParquetRecordBatchReaderBuilder::try_new(file.into_file()).unwrap().schema().fields().len(), 2);
}

#[test]
fn what_cannot_be_is_said() {
    let answer = every_dtype();
    let say = |options: WriteOptions| answer.write_path(&options, "/nowhere/at/all".as_ref()).unwrap_err().to_string();
    let parquet = || WriteOptions::new(FileFormat::Parquet);
    assert_eq!(say(parquet().with_sort_by(["txt"])), "cannot write to /nowhere/at");
    assert_eq!(say(parquet().with_partition_by(["txt"])), "the answer has no column `txt`; the nearest are text");
    let no_name = "the answer cannot be partitioned by `list`: its values do not fit into the name of a folder";
    assert_eq!(say(parquet().with_partition_by(["list"])), no_name);
    assert_eq!(say(parquet().with_partition_by(["int", "int"])), "the answer cannot be partitioned by `int`: it is named twice");
    let only = "the answer cannot be partitioned by `int`: only Parquet is written in partitions";
    assert_eq!(say(WriteOptions::new(FileFormat::Csv).with_partition_by(["int"])), only);
    let error = answer.write(&parquet().with_sort_by(["txt"]), &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "the answer has no column `txt`; the nearest are text");
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    fs_err::write(&file, "before").unwrap();
    let fails = every_dtype().frame().clone().with_column(col("text").strict_cast(pl::DataType::Int64));
    let error = Answer::new(fails, Origin::new()).write_path(&WriteOptions::new(FileFormat::Csv), &file).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Polars(_)), "{error:?}");
    assert_eq!(fs_err::read_to_string(&file).unwrap(), "before");
    every_dtype().write_path(&WriteOptions::new(FileFormat::Csv), &file).unwrap();
    assert!(fs_err::read_to_string(&file).unwrap().starts_with("flag,int"));
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
}

/// Takes some bytes and then no more, as a pipe whose reader has seen enough.
struct Closed(usize);

impl std::io::Write for Closed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_told_as_such() {
    let rows: Vec<f64> = (0..1_000_000).map(|row| f64::from(row).sqrt()).collect();
    let answer = Answer::new(df!("row" => &rows).unwrap().lazy(), Origin::new());
    for format in
        [FileFormat::Parquet, FileFormat::ArrowFile, FileFormat::ArrowStream, FileFormat::Csv, FileFormat::Json, FileFormat::Ndjson]
    {
        let error = answer.write(&WriteOptions::new(format), &mut Closed(1_500_000)).unwrap_err();
        let ErrorKind::Write(source) = error.kind() else { panic!("{format:?}: {error:?}") };
        assert_eq!(source.kind(), std::io::ErrorKind::BrokenPipe, "{format:?}");
    }
}

#[tokio::test]
async fn a_stream_gives_every_batch() {
    use futures::TryStreamExt as _;
    let answer = every_dtype();
    let batches: Vec<RecordBatch> = answer.batches().unwrap().into_stream().try_collect().await.unwrap();
    assert_same(&batches, &answer);
}

fn same_bits(found: f64, wanted: f64) -> bool {
    found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn floats_and_texts_read_back_from_text(rows in proptest::collection::vec((any::<f64>(), any::<String>()), 1..200)) {
        let (floats, texts): (Vec<f64>, Vec<String>) = rows.into_iter().unzip();
        let answer = Answer::new(df!("float" => &floats, "text" => &texts).unwrap().lazy(), Origin::new());

        let list = Json::parse(&text(&answer, FileFormat::Json)).unwrap();
        let Json::Array(found) = list else { panic!("{list:?}") };
        assert_eq!(found.len(), floats.len());
        for (row, (float, string)) in found.iter().zip(floats.iter().zip(&texts)) {
            let row = row.as_object().unwrap();
            let found = row["float"].as_str().and_then(Json::special_float).or_else(|| row["float"].as_number().map(Number::as_f64));
            assert!(same_bits(found.unwrap(), *float), "{row:?}");
            assert_eq!(row["text"].as_str(), Some(string.as_str()));
        }

        let schema = Schema::new(vec![Field::new("float", DataType::Float64, true), Field::new("text", DataType::Utf8, true)]);
        let csv = arrow::csv::ReaderBuilder::new(Arc::new(schema)).with_header(true);
        let csv = csv.build_buffered(Cursor::new(written(&answer, FileFormat::Csv))).unwrap();
        let csv: Vec<RecordBatch> = csv.map(Result::unwrap).collect();
        let found = csv[0].column(0).as_primitive::<Float64Type>().iter().zip(csv[0].column(1).as_string::<i32>());
        for ((found_float, found_text), (float, string)) in found.zip(floats.iter().zip(&texts)) {
            assert!(same_bits(found_float.unwrap(), *float), "{float}");
            // This reader takes the empty string for null.
            assert_eq!(found_text.unwrap_or_default(), string);
        }
    }
}
