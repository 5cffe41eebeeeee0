//! A run read from a service: however its history is split into exports, live rows and pages, the rows are the same.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use proptest::sample::Index;
use runlake_ingest::{Completeness, Encoder, KindPlan, RowColumns, RunScan, ScanOptions, Stream};
use runlake_types::{ColumnSet, Json, Object, key_selects};
use tokio::runtime::Runtime;

use crate::scripted_service::{Sampling, Script, Service};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// A row: how many steps after the one before, and its values.
type Values = (i64, bool, Option<f64>, Option<bool>, Option<&'static str>);

/// Rows with steps that follow each other, or leave out a few, or a million.
fn any_history() -> impl Strategy<Value = Vec<(i64, Object)>> {
    let gap = prop_oneof![6 => Just(1_i64), 3 => 2_i64..20, 1 => 1_000_000_i64..2_000_000];
    let phase = prop::option::weighted(0.2, prop::sample::select(&["warm up", "é", "done"][..]));
    let values = (gap, any::<bool>(), prop::option::weighted(0.5, -1e3..1e3), prop::option::weighted(0.1, any::<bool>()), phase);
    (0_i64..50, prop::collection::vec(values, 0..120)).prop_map(|(first, rows)| {
        let mut step = first - 1;
        let of_row = |(gap, has_loss, accuracy, flag, phase): Values| {
            step += gap;
            let seconds = f64::from(u32::try_from(step % 10_000_000).unwrap()) / 8.0;
            let members = [
                ("_step", Some(Json::from(step))),
                ("_timestamp", Some(Json::from(1.79e9 + seconds))),
                ("loss", has_loss.then(|| Json::from(seconds + 0.125))),
                ("val.accuracy", accuracy.map(Json::from)),
                ("is_best", flag.map(Json::from)),
                ("phase", phase.map(Json::from)),
            ];
            (step, members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
        };
        rows.into_iter().map(of_row).collect()
    })
}

/// In which order exports are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Ascending,
    /// The files are named in the reverse order.
    FilesReversed,
    /// The rows of each file descend.
    RowsReversed,
}

/// How a history is split and given away.
#[derive(Clone, Debug)]
struct Split {
    /// How many of the first rows are exported, and where one file ends and the next begins.
    exported: Index,
    borders: Vec<Index>,
    /// How many rows a file has of the one before it.
    overlap: usize,
    order: Order,
    rows_in_group: usize,
    /// How many exported rows are said to be live too; and whether the service says what is live.
    live_overlap: usize,
    says_live: bool,
    pages_have_exported: bool,
}

fn any_split() -> impl Strategy<Value = Split> {
    let order = prop_oneof![5 => Just(Order::Ascending), 4 => Just(Order::FilesReversed), 1 => Just(Order::RowsReversed)];
    (
        (any::<Index>(), prop::collection::vec(any::<Index>(), 0..4), prop_oneof![3 => Just(0_usize), 1 => 1_usize..30]),
        (order, 1_usize..60),
        (prop_oneof![2 => Just(0_usize), 1 => 1_usize..30], any::<bool>(), any::<bool>()),
    )
        .prop_map(|((exported, borders, overlap), (order, rows_in_group), (live_overlap, says_live, pages_have_exported))| {
            // Pages without rows that are said to be live would hold back what they should give.
            let pages_have_exported = pages_have_exported || live_overlap > 0;
            Split { exported, borders, overlap, order, rows_in_group, live_overlap, says_live, pages_have_exported }
        })
}

/// What the service gives without a word of how much it is.
#[derive(Clone, Copy, Debug)]
struct Manner {
    page_rows: usize,
    sampling: Sampling,
    is_counted: bool,
    has_last_step: bool,
    knows_ranges: bool,
    delay_ms: u64,
}

fn any_manner() -> impl Strategy<Value = Manner> {
    let rows = prop_oneof![1 => 1_usize..5, 2 => 5_usize..60, 1 => Just(10_000_usize)];
    let sampling = prop_oneof![Just(Sampling::First), Just(Sampling::Even), (1_usize..5).prop_map(Sampling::EvenWithGaps)];
    let told = prop::sample::select(&[(true, true), (true, false), (false, true)][..]);
    (rows, sampling, told, any::<bool>(), prop_oneof![3 => Just(0_u64), 1 => 1_u64..6]).prop_map(
        |(page_rows, sampling, (is_counted, has_last_step), knows_ranges, delay_ms)| Manner {
            page_rows,
            sampling,
            is_counted,
            has_last_step,
            knows_ranges,
            delay_ms,
        },
    )
}

fn plan_of(rows: &[Object]) -> Arc<KindPlan> {
    let mut plan = KindPlan::default();
    for metric in RowColumns::of_rows(Stream::History, rows.to_vec(), &KindPlan::default()).0.metrics {
        plan.add_values(&metric.path, metric.kind, metric.values.as_ref());
    }
    Arc::new(plan)
}

/// The rows as a file. They hold nothing that does not fit its column.
fn file_of(rows: &[Object], plan: &Arc<KindPlan>, rows_in_group: usize) -> Bytes {
    let columns = RowColumns::of_rows(Stream::History, rows.to_vec(), plan).0;
    let mut encoder = Encoder::new(Stream::History, ColumnSet::new(), KindPlan::clone(plan));
    let batch = encoder.place(columns).unwrap();
    let kept: Vec<usize> = (0..batch.num_columns()).filter(|at| batch.schema_ref().field(*at).name() != "_rescued_data").collect();
    let batch = batch.project(&kept).unwrap();
    let mut out = Vec::new();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows_in_group)).build();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out.into()
}

impl Split {
    fn script(&self, history: &[(i64, Object)], plan: &Arc<KindPlan>, manner: Manner) -> Script {
        let rows: Vec<Object> = history.iter().map(|(_, row)| row.clone()).collect();
        let exported = self.exported.index(rows.len() + 1);
        let mut borders: Vec<usize> = self.borders.iter().map(|border| border.index(exported + 1)).chain([0, exported]).collect();
        borders.sort_unstable();
        let file = |pair: &[usize]| {
            let mut part = rows[pair[0].saturating_sub(self.overlap)..pair[1]].to_vec();
            if self.order == Order::RowsReversed {
                part.reverse();
            }
            file_of(&part, plan, self.rows_in_group)
        };
        let mut files: Vec<Bytes> = if exported == 0 { Vec::new() } else { borders.windows(2).map(file).collect() };
        if self.order == Order::FilesReversed {
            files.reverse();
        }
        let first_live = exported.saturating_sub(self.live_overlap);
        let step_of = |at: usize| history.get(at).map_or(i64::MAX, |(step, _)| *step);
        let Manner { page_rows, sampling, is_counted, has_last_step, knows_ranges, delay_ms } = manner;
        Script {
            rows: history.iter().map(|(step, row)| (*step, Json::Object(row.clone()).to_string())).collect(),
            files,
            live_steps: if self.says_live { history[first_live..].iter().map(|(step, _)| *step).collect() } else { Vec::new() },
            first_paged_step: if self.pages_have_exported || exported == 0 { i64::MIN } else { step_of(exported) },
            page_rows,
            sampling,
            is_counted,
            has_last_step,
            knows_ranges,
            delay_ms,
        }
    }
}

/// The rows of a scan, as text, and how complete it says they are.
fn scanned(script: Script, options: ScanOptions) -> (Vec<String>, Completeness) {
    RUNTIME.block_on(async {
        let (client, plan) = Service::start(script).await.planned().await;
        let mut scan = RunScan::start(client, plan, options).await.unwrap();
        let mut texts = Vec::new();
        while let Some(rows) = scan.next_rows().await.unwrap() {
            texts.extend(rows.into_iter().map(|row| Json::Object(row).to_canonical_text()));
        }
        assert_eq!(scan.report().rows, texts.len() as u64);
        (texts, scan.report().completeness)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_a_history_is_scanned_into_the_same_rows(
        history in any_history(),
        split in any_split(),
        manner in any_manner(),
        from in prop::option::weighted(0.3, any::<Index>()),
        has_keys in prop::bool::weighted(0.4),
        with_stamps in any::<bool>(),
        bytes_ahead in prop::sample::select(&[1_u64, 10_000, 64 << 20][..]),
    ) {
        let rows: Vec<Object> = history.iter().map(|(_, row)| row.clone()).collect();
        let plan = plan_of(&rows);
        let script = split.script(&history, &plan, manner);
        let keys = has_keys.then(|| Arc::from(["loss".to_owned(), "val.accuracy".to_owned()]));
        let before = from.map(|from| from.index(rows.len() + 1));
        let min_step = before.map(|before| history.get(before).map_or_else(|| history.last().map_or(0, |(step, _)| step + 1), |(step, _)| *step));
        let options = ScanOptions {
            kinds: plan,
            keys,
            min_step,
            rows_before: before.map(|before| before as u64),
            bytes_ahead,
            with_stamps,
            ..ScanOptions::default()
        };

        let is_key = |key: &str| key == "_step" || (with_stamps && key.starts_with('_')) || ["loss", "val.accuracy"].iter().any(|wanted| key_selects(wanted, key));
        let wanted = rows.into_iter().skip(before.unwrap_or(0)).filter_map(|row| {
            let row: Object = if has_keys { row.into_iter().filter(|(key, _)| is_key(key)).collect() } else { row };
            (!has_keys || row.keys().any(|key| !key.starts_with('_'))).then(|| Json::Object(row).to_canonical_text())
        });
        let (found, completeness) = scanned(script, options);
        prop_assert_eq!(found, wanted.collect::<Vec<_>>());
        if before.is_none() {
            prop_assert_eq!(completeness, Completeness::Complete);
        }
    }
}
