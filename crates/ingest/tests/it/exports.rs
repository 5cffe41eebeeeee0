//! Parquet exports: the decoder that works column by column beside rows made cell by cell.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use arrow::array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Float64Builder, Int32Array, Int64Array, LargeStringArray,
    ListArray, MapBuilder, NullArray, RecordBatch, StringArray, StringBuilder, StructArray, UInt64Array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use proptest::prelude::*;
use runlake_ingest::{ExportReader, KindPlan, Projection, RowColumns, StepProfile, Stream, export_columns, export_rows};
use runlake_types::{HistoryKeys, KindCounts, Object, RunPath, key_selects};

use crate::columns::shown;
use crate::history::any_plan;

fn run() -> RunPath {
    RunPath::new("e", "p", "r")
}

const FLOATS: [f64; 8] = [0.0, -0.0, 1.0, 0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300];
const INTEGERS: [i64; 6] = [0, 1, -7, 9_007_199_254_740_993, i64::MAX, i64::MIN];
const TEXTS: [&str; 9] = ["", "text", "1", "\"q\"", "NaN", "null", "[1, 2]", "{\"b\":1,\"c\":{}}", "é"];

/// A column of one of many types; `seeds` choose its values, none means null.
fn column(kind: usize, seeds: &[Option<usize>]) -> ArrayRef {
    let nulls = || Some(NullBuffer::from(seeds.iter().map(Option::is_some).collect::<Vec<_>>()));
    let floats = || seeds.iter().map(|seed| seed.map(|seed| FLOATS[seed % 8]));
    let integers = || seeds.iter().map(|seed| seed.map(|seed| INTEGERS[seed % 6]));
    let texts = || seeds.iter().map(|seed| seed.map(|seed| TEXTS[seed % 9]));
    let shifted: Vec<Option<usize>> = seeds.iter().map(|seed| Some(seed.unwrap_or(1) / 3).filter(|seed| seed % 4 != 0)).collect();
    let structure = |members: Vec<(&str, ArrayRef)>| -> ArrayRef {
        let (fields, arrays): (Vec<_>, Vec<_>) =
            members.into_iter().map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array)).unzip();
        Arc::new(StructArray::new(fields.into(), arrays, nulls()))
    };
    match kind {
        0 => Arc::new(floats().collect::<Float64Array>()),
        #[expect(clippy::cast_possible_truncation, reason = "any float32 will do")]
        1 => Arc::new(floats().map(|value| value.map(|value| value as f32)).collect::<Float32Array>()),
        2 => Arc::new(integers().collect::<Int64Array>()),
        3 => Arc::new(seeds.iter().map(|seed| seed.map(|seed| i32::try_from(seed).unwrap())).collect::<Int32Array>()),
        4 => Arc::new(integers().map(|value| value.map(i64::cast_unsigned)).collect::<UInt64Array>()),
        5 => Arc::new(seeds.iter().map(|seed| seed.map(|seed| seed % 2 == 0)).collect::<BooleanArray>()),
        6 => Arc::new(texts().collect::<StringArray>()),
        7 => Arc::new(texts().collect::<LargeStringArray>()),
        8 => Arc::new(texts().collect::<DictionaryArray<Int32Type>>()),
        9 => Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(
            seeds.iter().map(|seed| seed.map(|seed| (0..seed % 3).map(|at| Some(FLOATS[at])).collect::<Vec<_>>())),
        )),
        10 => {
            let mut map = MapBuilder::new(None, StringBuilder::new(), Float64Builder::new());
            for seed in seeds {
                for at in 0..seed.unwrap_or(0) % 3 {
                    map.keys().append_value(["b", "c", "_type"][at]);
                    map.values().append_option((at != 1).then_some(0.5));
                }
                map.append(seed.is_some()).unwrap();
            }
            Arc::new(map.finish())
        }
        11 => structure(vec![("b", column(0, &shifted)), ("c", column(6, &shifted)), ("d", column(2, seeds))]),
        12 => structure(vec![("b", column(0, seeds)), ("_type", column(6, &shifted))]),
        13 => structure(vec![("b", column(11, &shifted)), ("e", column(12, &shifted)), ("l", column(9, &shifted))]),
        14 => Arc::new(NullArray::new(seeds.len())),
        _ => column(0, &shifted),
    }
}

fn any_batch() -> impl Strategy<Value = RecordBatch> {
    const NAMES: [&str; 8] = ["a", "b", "loss", "a.b", "é", "_timestamp", "_runtime", "kA"];
    let named = (prop::sample::select(&NAMES[..]), 0_usize..16);
    (
        prop::collection::vec(named, 0..7),
        0_usize..30,
        prop::sample::select(&[0_usize, 0, 2, 2, 3, 6, 15, 99][..]),
        any::<prop::sample::Index>(),
    )
        .prop_flat_map(|(named, rows, step_kind, step_at)| {
            let seeds = prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, 0_usize..100), rows), named.len() + 1);
            (Just(named), seeds, Just((rows, step_kind, step_at)))
        })
        .prop_map(|(named, seeds, (rows, step_kind, step_at))| {
            let mut columns: Vec<(&str, ArrayRef)> =
                named.iter().zip(&seeds).map(|((name, kind), seeds)| (*name, column(*kind, seeds))).collect();
            if step_kind < 99 {
                columns.insert(step_at.index(columns.len() + 1), ("_step", column(step_kind, &seeds[named.len()])));
            }
            if columns.is_empty() {
                columns.push(("x", column(0, &vec![None; rows])));
            }
            let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
            RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
        })
}

fn parquet(batch: &RecordBatch, rows_in_group: usize) -> Bytes {
    let mut out = Vec::new();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows_in_group)).build();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    out.into()
}

fn any_history_keys() -> impl Strategy<Value = Option<HistoryKeys>> {
    let counted = prop::collection::btree_map(
        prop::sample::select(&["a", "b", "loss", "a.b", "a.c", "b.b.c", "é"][..]).prop_map(str::to_owned),
        (0_u64..3, 0_u64..3).prop_map(|(number, string)| KindCounts { number, string, ..KindCounts::default() }),
        0..5,
    );
    prop::option::of(counted.prop_map(|counts: BTreeMap<_, _>| HistoryKeys::from_counts(&counts, 9)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn columns_are_what_their_cells_are(batch in any_batch(), plan in any_plan(), keys in any_history_keys()) {
        let bytes = parquet(&batch, 1000);
        let rows: Vec<Object> = export_rows(&run(), bytes.clone(), &Projection::All, keys.as_ref()).unwrap().flat_map(Result::unwrap).collect();
        let (expected, rows_without_step) = RowColumns::of_rows(Stream::History, rows, &plan);
        let mut parts = export_columns(&run(), bytes.clone(), &Projection::All, keys.as_ref(), &plan).unwrap();
        if let Some(part) = parts.next() {
            let part = part.unwrap();
            prop_assert_eq!(shown(&part.rows), shown(&expected));
            prop_assert_eq!(part.rows_without_step, rows_without_step);
            let profile = profile(&bytes, keys.as_ref());
            let steps = expected.steps.unwrap().values().to_vec();
            prop_assert_eq!((profile.rows, profile.rows_without_step), (steps.len() as u64, rows_without_step));
            prop_assert_eq!(profile.is_sorted, steps.windows(2).all(|pair| pair[0] < pair[1]));
            if let (Some(first), Some(last)) = (steps.iter().min(), steps.iter().max()) {
                prop_assert_eq!((profile.first, profile.last), (*first, *last));
            }
        }
        prop_assert!(parts.next().is_none());
    }

    #[test]
    fn ranges_hold_what_the_whole_file_holds(batch in any_batch(), plan in any_plan(), rows_in_group in 1_usize..40) {
        let bytes = parquet(&batch, rows_in_group);
        let wanted = ["a", "é", "not there"];
        let is_wanted = |key: &String| {
            ["_step", "_timestamp", "_runtime"].contains(&key.as_str()) || wanted.iter().any(|wanted| key_selects(wanted, key))
        };
        let plain = export_rows(&run(), bytes.clone(), &Projection::All, None).unwrap();
        let select = |rows: Vec<Object>| -> Vec<Object> {
            rows.into_iter().map(|row| row.into_iter().filter(|(key, _)| is_wanted(key)).collect()).collect()
        };
        let expected: Vec<String> =
            plain.map(|rows| shown(&RowColumns::of_rows(Stream::History, select(rows.unwrap()), &plan).0)).collect();
        let (parts, _) = by_range(&bytes, &keys_and_stamps(&wanted), &plan);
        // Rows of several groups come in parts of other sizes.
        if batch.num_rows() <= rows_in_group {
            prop_assert_eq!(parts.iter().map(shown).collect::<Vec<_>>(), expected);
        } else if batch.column_by_name("_step").is_none_or(|steps| steps.data_type().is_numeric()) {
            // (Whether texts are JSON is guessed part by part, so steps that are texts may differ.)
            let rows = parts.iter().map(RowColumns::len).sum::<usize>();
            prop_assert_eq!(rows as u64, profile(&bytes, None).rows);
        }
    }

    #[test]
    fn cut_and_spoilt_files_never_panic(batch in any_batch(), at in any::<prop::sample::Index>(), byte in any::<u8>(), is_cut in any::<bool>()) {
        let mut bytes = parquet(&batch, 1000).to_vec();
        let at = at.index(bytes.len());
        if is_cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(parts) = export_columns(&run(), bytes.into(), &Projection::All, None, &Arc::default()) {
            // An error comes last.
            let outcomes: Vec<bool> = parts.map(|part| part.is_ok()).collect();
            prop_assert!(outcomes.iter().rev().skip(1).all(|is_read| *is_read));
        }
    }
}

fn profile(bytes: &Bytes, keys: Option<&HistoryKeys>) -> StepProfile {
    let mut profile = StepProfile::default();
    for part in export_columns(&run(), bytes.clone(), &Projection::Steps, keys, &Arc::default()).unwrap() {
        profile.add(&part.unwrap());
    }
    profile
}

fn keys(keys: &[&str]) -> Projection {
    Projection::Keys { keys: keys.iter().map(|key| (*key).to_owned()).collect(), with_stamps: false }
}

fn keys_and_stamps(names: &[&str]) -> Projection {
    Projection::Keys { keys: names.iter().map(|key| (*key).to_owned()).collect(), with_stamps: true }
}

/// The parts of a file, and the ranges that were asked for.
fn by_range(bytes: &Bytes, wanted: &Projection, plan: &Arc<KindPlan>) -> (Vec<RowColumns>, Vec<Range<u64>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (file, log) = (bytes.clone(), Arc::clone(&asked));
    let fetch = move |range: Range<u64>| {
        log.lock().unwrap().push(range.clone());
        let part = file.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
        async move { Ok(part) }
    };
    let parts = futures::executor::block_on(async {
        let file = (bytes.len() as u64, Bytes::new());
        let mut reader = ExportReader::by_range(&run(), file, fetch, wanted, None, plan).await.unwrap();
        let mut parts = Vec::new();
        while let Some(part) = reader.next().await.unwrap() {
            parts.push(part.rows);
        }
        parts
    });
    let asked = asked.lock().unwrap().clone();
    (parts, asked)
}

#[test]
fn members_of_dicts_are_wanted_by_their_dotted_names() {
    let floats = |values: [f64; 2]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let dict = |members: Vec<(&str, ArrayRef)>| -> ArrayRef {
        let fields: Vec<_> = members.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
        Arc::new(StructArray::new(fields.into(), members.into_iter().map(|(_, array)| array).collect(), None))
    };
    let kind: ArrayRef = Arc::new(StringArray::from(vec!["image-file"; 2]));
    let batch = RecordBatch::try_from_iter([
        ("val", dict(vec![("acc", floats([0.1, 0.2])), ("loss", floats([1.0, 2.0]))])),
        ("val.acc", floats([7.0, 8.0])),
        ("image", dict(vec![("_type", kind), ("size", floats([1.0, 2.0]))])),
        ("_step", floats([0.0, 1.0])),
        ("_timestamp", floats([5.0, 6.0])),
    ]);
    let bytes = parquet(&batch.unwrap(), 10);
    let first_row = |wanted: &Projection| {
        let (parts, _) = by_range(&bytes, wanted, &Arc::default());
        runlake_types::object_text(&parts[0].row(0).unwrap())
    };
    assert_eq!(first_row(&keys(&["val.acc"])), r#"{"_step":0,"val":{"acc":0.1},"val.acc":7}"#);
    assert_eq!(first_row(&keys_and_stamps(&["val"])), r#"{"_step":0,"_timestamp":5,"val":{"acc":0.1,"loss":1},"val.acc":7}"#);
    assert_eq!(first_row(&keys(&["image.size"])), r#"{"_step":0,"image":{"_type":"image-file","size":1}}"#);
    assert_eq!(first_row(&Projection::Steps), r#"{"_step":0}"#);
}

#[test]
fn no_more_is_read_than_the_wanted_columns() {
    let seeds: Vec<Option<usize>> = (0..20_000).map(|row| Some(row * 7919 % 100_003)).collect();
    let mut columns: Vec<(String, ArrayRef)> = (0..30).map(|at| (format!("m{at}"), column(0, &seeds))).collect();
    columns[7].1 = column(13, &seeds);
    columns.push(("_step".to_owned(), Arc::new((0..20_000).map(f64::from).map(Some).collect::<Float64Array>())));
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap();
    let bytes = parquet(&batch, 5_000);
    let (parts, asked) = by_range(&bytes, &keys(&["m3", "m7"]), &Arc::default());
    assert_eq!(parts.iter().map(RowColumns::len).sum::<usize>(), 20_000);
    let metadata = SerializedFileReader::new(bytes.clone()).unwrap();
    let chunks = metadata.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns);
    let wanted: i64 = chunks
        .filter(|chunk| ["m3", "m7", "_step"].contains(&chunk.column_path().parts()[0].as_str()))
        .map(ColumnChunkMetaData::compressed_size)
        .sum();
    assert_eq!(asked[0], bytes.len() as u64 - (64 << 10)..bytes.len() as u64);
    let read: u64 = asked[1..].iter().map(|range| range.end - range.start).sum();
    assert!(read <= u64::try_from(wanted).unwrap() * 6 / 5, "{read} of {wanted}");
}

#[test]
fn a_small_file_takes_one_request() {
    let batch = RecordBatch::try_from_iter([("_step", column(2, &[Some(1)])), ("a", column(0, &[Some(2)]))]).unwrap();
    let (parts, asked) = by_range(&parquet(&batch, 10), &keys(&["a"]), &Arc::default());
    assert_eq!((parts.len(), asked.len()), (1, 1));
    let empty = RecordBatch::new_empty(Arc::new(Schema::empty()));
    assert!(by_range(&parquet(&empty, 10), &keys(&["a"]), &Arc::default()).0.is_empty());
    assert!(export_columns(&run(), parquet(&empty, 10), &Projection::All, None, &Arc::default()).unwrap().next().is_none());
    assert_eq!(DataType::Null, column(14, &[]).data_type().clone());
}
