//! A file of the user as a table, to be joined with the lake's: labels, budgets, results of other programs.

use std::io::BufRead as _;
use std::path::Path;

use polars::io::{HiveOptions, SerReader as _};
use polars::prelude::{
    CsvReadOptions, DataFrame, DataType, IntoLazy as _, IpcReader, IpcStreamReader, JsonFormat, JsonReader, LazyFrame, PlRefPath,
    PolarsResult, ScanArgsParquet, col,
};
use runlake_ingest::without_panic;
use runlake_types::Json;

use crate::answer::on_a_thread;
use crate::{Error, ErrorKind};

use super::csv_types::typed;

/// Columns that are text whatever is in them, as they are in the lake's tables, so that they can be joined: an id may be all digits.
const TEXT_COLUMNS: [&str; 11] =
    ["run_id", "entity", "project", "display_name", "state", "group", "job_type", "sweep_id", "username", "commit", "storage_id"];

/// How the endings of names are told to users.
const ENDINGS: &str = ".csv, .tsv, .parquet, .ndjson, .jsonl, .json, .arrow, .feather, .ipc or .arrows";

/// Opens a file by the ending of its name. Parquet is scanned by each query; the others are read here, since their types are those of all of
/// their values.
///
/// # Errors
/// [`ErrorKind::TableFile`] when it is not there, is not what its name says, or cannot be a table.
pub(crate) fn user_table(name: &str, path: &Path) -> Result<LazyFrame, Error> {
    let failed = |reason: String| Error::from(ErrorKind::TableFile { table: name.to_owned(), path: path.display().to_string(), reason });
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(failed("it is a folder".to_owned()));
    }
    let read = || -> PolarsResult<Option<LazyFrame>> {
        Ok(Some(match ending.as_str() {
            "csv" => csv(path, b',')?.lazy(),
            "tsv" => csv(path, b'\t')?.lazy(),
            "parquet" => {
                let arguments = ScanArgsParquet { glob: false, hive_options: HiveOptions::new_disabled(), ..ScanArgsParquet::default() };
                LazyFrame::scan_parquet(PlRefPath::new(path.to_string_lossy()), arguments)?
            }
            "ndjson" | "jsonl" => JsonReader::new(file).with_json_format(JsonFormat::JsonLines).infer_schema_len(None).finish()?.lazy(),
            "json" => JsonReader::new(file).with_json_format(JsonFormat::Json).infer_schema_len(None).finish()?.lazy(),
            "arrow" | "feather" | "ipc" => match IpcReader::new(file.try_clone()?).finish() {
                Ok(frame) => frame.lazy(),
                // Both forms of the format go by this ending.
                Err(_) => stream(&file)?.lazy(),
            },
            "arrows" => stream(&file)?.lazy(),
            _ => return Ok(None),
        }))
    };
    let open = || {
        let Some(mut frame) = read()? else { return Ok(None) };
        let schema = frame.collect_schema()?;
        let ids = schema.iter().filter(|(name, dtype)| TEXT_COLUMNS.contains(&name.as_str()) && dtype.is_integer());
        let ids: Vec<_> = ids.map(|(name, _)| col(name.clone()).cast(DataType::String)).collect();
        PolarsResult::Ok(Some((frame.with_columns(ids), schema.len())))
    };
    match on_a_thread(|| Ok(without_panic(open))) {
        Ok(Ok(Ok(Some((frame, columns))))) if columns > 0 => Ok(frame),
        Ok(Ok(Ok(Some(_)))) => Err(failed("it has no columns".to_owned())),
        Ok(Ok(Ok(None))) => Err(failed(format!("a table is read from a file whose name ends in {ENDINGS}"))),
        Ok(Ok(Err(error))) => Err(failed(reason(&ending, path, &error.to_string()))),
        Ok(Err(_)) | Err(_) => Err(failed("it is damaged".to_owned())),
    }
}

fn csv(path: &Path, separator: u8) -> PolarsResult<DataFrame> {
    let options = CsvReadOptions::default().with_has_header(true).with_infer_schema_length(Some(0));
    let options = options.map_parse_options(|parsing| parsing.with_separator(separator).with_missing_is_null(true));
    let texts = options.try_into_reader_with_file_path(Some(path.to_owned()))?.finish()?;
    let columns = texts.columns().iter().map(|column| {
        let stays = TEXT_COLUMNS.contains(&column.name().as_str());
        if stays { Ok(column.clone()) } else { typed(column) }
    });
    DataFrame::new(texts.height(), columns.collect::<PolarsResult<Vec<_>>>()?)
}

fn stream(file: &std::fs::File) -> PolarsResult<DataFrame> {
    use std::io::Seek as _;
    let mut file = file.try_clone()?;
    file.rewind()?;
    IpcStreamReader::new(file).finish()
}

/// Why a file is not what its name says, from what its reader said.
fn reason(ending: &str, path: &Path, message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    match ending {
        "ndjson" | "jsonl" => bad_line(path).map_or_else(|| line.to_owned(), |number| format!("line {number} is no JSON object")),
        "json" => "it is no list of JSON objects".to_owned(),
        "arrow" | "feather" | "ipc" | "arrows" => "it is no Arrow file, or a damaged one".to_owned(),
        "parquet" => format!("it is no Parquet file, or a damaged one ({})", line.trim_start_matches("parquet: ")),
        _ if line.contains("more fields than") => "a line has more fields than the header".to_owned(),
        _ if line.contains("empty") => "it is empty".to_owned(),
        _ => line.to_owned(),
    }
}

/// The first line that is no object, counted from one.
fn bad_line(path: &Path) -> Option<usize> {
    let lines = std::io::BufReader::new(std::fs::File::open(path).ok()?).lines();
    let is_bad = |line: std::io::Result<String>| line.is_ok_and(|line| !line.trim().is_empty() && Json::parse_object(&line).is_err());
    lines.map(is_bad).position(|is_bad| is_bad).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn read(name: &str, content: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs_err::write(&path, content).unwrap();
        match user_table("t", &path).and_then(|frame| Ok(frame.collect()?)) {
            Ok(frame) => format!(
                "{:?} {:?}",
                frame.schema().iter().map(|(name, dtype)| format!("{name} {dtype}")).collect::<Vec<_>>(),
                frame.shape()
            ),
            Err(error) => error.to_string().replace(folder.path().to_str().unwrap(), "[DIR]"),
        }
    }

    #[test]
    fn types_are_those_of_the_whole_file() {
        let mut csv = String::from("run_id,zip,n,when\n");
        for row in 0..2000 {
            writeln!(csv, "{row},0{row},{row},2026-11-24").unwrap();
        }
        csv.push_str("2000,02000,0.5,\n");
        assert_eq!(read("labels.csv", csv.as_bytes()), r#"["run_id str", "zip str", "n f64", "when date"] (2001, 4)"#);
        assert_eq!(read("x.tsv", b"a\tb\n1\ttrue\n"), r#"["a i64", "b bool"] (1, 2)"#);
        assert_eq!(read("x.ndjson", b"{\"run_id\": 7, \"n\": 1}\n{\"run_id\": 8, \"n\": 0.5}\n"), r#"["run_id str", "n f64"] (2, 2)"#);
        assert_eq!(read("x.json", b"[{\"a\": 1}, {\"a\": 2}]"), r#"["a i64"] (2, 1)"#);
    }

    #[test]
    fn bad_files_are_named() {
        insta::assert_snapshot!(read("x.xlsx", b"PK"), @"[DIR]/x.xlsx cannot be the table `t`: a table is read from a file whose name ends in .csv, .tsv, .parquet, .ndjson, .jsonl, .json, .arrow, .feather, .ipc or .arrows");
        insta::assert_snapshot!(read("x.csv", b""), @"[DIR]/x.csv cannot be the table `t`: it is empty");
        insta::assert_snapshot!(read("x.csv", b"a,b\n1,2,3\n"), @"[DIR]/x.csv cannot be the table `t`: a line has more fields than the header");
        insta::assert_snapshot!(read("x.parquet", b"nothing of the kind"), @"[DIR]/x.parquet cannot be the table `t`: it is no Parquet file, or a damaged one (File out of specification: The file must end with PAR1)");
        insta::assert_snapshot!(read("x.ndjson", b"{\"a\": 1}\nnot json\n"), @"[DIR]/x.ndjson cannot be the table `t`: line 2 is no JSON object");
        insta::assert_snapshot!(read("x.json", b"{"), @"[DIR]/x.json cannot be the table `t`: it is no list of JSON objects");
        insta::assert_snapshot!(read("x.arrow", b"ARROW1 no more"), @"[DIR]/x.arrow cannot be the table `t`: it is no Arrow file, or a damaged one");
        let error = user_table("t", Path::new("/no/such.csv")).err().unwrap();
        insta::assert_snapshot!(error, @"/no/such.csv cannot be the table `t`: No such file or directory (os error 2)");
    }
}
