//! The inner loops of decoding: pages of history, Parquet exports, and pieces of a run put together.

#![expect(clippy::format_push_string, reason = "rows are made once, before anything is measured")]

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use bytes::Bytes;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use parquet::arrow::ArrowWriter;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use runlake_ingest::{KindPlan, PageDecoder, Projection, RowColumns, export_columns, merge};
use runlake_types::{Json, KeyPath, KindCounts, RunPath};

const ROWS: u32 = 10_000;

fn run() -> RunPath {
    RunPath::new("entity", "project", "run")
}

fn names(keys: u32) -> impl Iterator<Item = String> {
    (0..keys).map(|key| format!("train/metric_{key}"))
}

fn plan(keys: u32) -> Arc<KindPlan> {
    let mut plan = KindPlan::default();
    for name in names(keys) {
        plan.add_counts(&KeyPath::top_level(name), &KindCounts { number: 1, ..KindCounts::default() });
    }
    Arc::new(plan)
}

/// A page as the service sends it, in which each row has `logged` of `keys`.
fn page(keys: u32, logged: usize) -> String {
    let mut random = StdRng::seed_from_u64(7);
    let names: Vec<String> = names(keys).collect();
    let lines: Vec<String> = (0..ROWS)
        .map(|step| {
            let mut row =
                format!("{{\"_step\":{step},\"_runtime\":{},\"_timestamp\":{}", f64::from(step) * 0.37, 1.79e9 + f64::from(step) * 0.37);
            let mut left = logged;
            for (index, name) in names.iter().enumerate() {
                if random.random_range(0..names.len() - index) < left {
                    left -= 1;
                    row += &format!(",\"{name}\":{}", random.random::<f64>());
                }
            }
            Json::from(row + "}").to_string()
        })
        .collect();
    format!("[{}]", lines.join(","))
}

fn bench_page(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, page: &str, plan: &Arc<KindPlan>) {
    for (unit, throughput) in [("bytes", Throughput::Bytes(page.len() as u64)), ("rows", Throughput::Elements(ROWS.into()))] {
        let mut decoder = PageDecoder::new(run(), Arc::clone(plan));
        group.throughput(throughput);
        group.bench_function(format!("{name}/{unit}"), |bencher| {
            bencher.iter(|| decoder.decode(black_box(page.as_bytes()), 0..i64::MAX).expect("the page is valid"));
        });
    }
}

fn pages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("page");
    bench_page(&mut group, "dense: 12 numbers", &page(12, 12), &plan(12));
    bench_page(&mut group, "sparse: 4 of 20 numbers", &page(20, 4), &plan(20));
    bench_page(&mut group, "dense: kinds not planned", &page(12, 12), &Arc::default());
    let nested = page(12, 11).replace("}\"", ",\\\"val\\\":{\\\"acc\\\":0.5}}\"");
    bench_page(&mut group, "one nested dict a row", &nested, &plan(12));
    group.finish();
}

fn export(columns: u32, rows: u32) -> Bytes {
    let mut random = StdRng::seed_from_u64(7);
    let mut arrays: Vec<(String, ArrayRef)> = vec![("_step".to_owned(), Arc::new(Int64Array::from_iter_values((0..rows).map(i64::from))))];
    for name in names(columns) {
        arrays.push((name, Arc::new(Float64Array::from_iter_values((0..rows).map(|_| random.random())))));
    }
    let batch = RecordBatch::try_from_iter(arrays).expect("columns of one length");
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), None).expect("a schema that Parquet knows");
    writer.write(&batch).expect("writing to memory");
    writer.close().expect("writing to memory");
    out.into()
}

fn exports(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("export");
    group.sample_size(10);
    for (name, columns, rows) in [("26 columns", 26, 100_000), ("50000 columns", 50_000, 4)] {
        let (bytes, plan) = (export(columns, rows), plan(columns));
        group.throughput(Throughput::Elements(u64::from(columns) * u64::from(rows)));
        group.bench_function(format!("{name}/cells"), |bencher| {
            bencher.iter(|| {
                let parts = export_columns(&run(), bytes.clone(), &Projection::All, None, &plan).expect("a Parquet file");
                parts.map(|part| part.expect("a batch").rows.len()).sum::<usize>()
            });
        });
    }
    group.finish();
}

/// Rows of `range`, of 26 metrics.
fn piece(range: std::ops::Range<u32>) -> RowColumns {
    let mut random = StdRng::seed_from_u64(7);
    let mut page = PageDecoder::new(run(), plan(26));
    let mut text = String::from("[");
    for step in range {
        let members: Vec<String> = names(26).map(|name| format!("\"{name}\":{}", random.random::<f64>())).collect();
        let row = format!("{{\"_step\":{step},{}}}", members.join(","));
        text += &format!("{}{}", if text.len() > 1 { "," } else { "" }, Json::from(row));
    }
    page.decode((text + "]").as_bytes(), 0..i64::MAX).expect("the page is valid").rows
}

fn merging(criterion: &mut Criterion) {
    let pieces = [piece(0..50_000), piece(40_000..90_000)];
    let mut group = criterion.benchmark_group("merge");
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("two pieces that overlap/rows", |bencher| {
        bencher.iter(|| merge(black_box(&pieces), &KindPlan::default()).expect("columns of one run"));
    });
    group.finish();
}

criterion_group!(benches, pages, exports, merging);
criterion_main!(benches);
