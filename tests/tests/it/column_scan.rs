//! Columns of many runs, read side by side, are those that are read run by run.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::datatypes::{Float64Type, Int64Type};
use futures::TryStreamExt as _;
use runlake::query::{Alignment, Axis, CurveQuery, KeyPattern, Places, Selection};
use runlake_curves::align::{AsOf, BucketValue};
use runlake_lake::{ColumnScan, Lake, Location, RowsOf, TableName, compact};
use runlake_tests::lake::{PROJECT, block_on, open, sample_lake};
use runlake_tests::service::{Service, TEAM, put};
use runlake_types::ProjectPath;

use crate::sync::losses;

/// The cells of a run, row by row, where a row has one of the columns but the first.
type Rows = Vec<Vec<String>>;

fn cells(column: &ArrayRef) -> Vec<String> {
    let show = |row: usize| {
        if column.is_null(row) {
            return String::new();
        }
        if let Some(values) = column.as_primitive_opt::<Int64Type>() {
            values.value(row).to_string()
        } else if let Some(values) = column.as_primitive_opt::<Float64Type>() {
            format!("{:?}", values.value(row))
        } else if let Some(values) = column.as_boolean_opt() {
            values.value(row).to_string()
        } else {
            column.as_string::<i32>().value(row).to_owned()
        }
    };
    (0..column.len()).map(show).collect()
}

fn rows_of(columns: &[Option<ArrayRef>], rows: usize) -> Rows {
    let columns: Vec<Vec<String>> = columns.iter().map(|column| column.as_ref().map_or_else(|| vec![String::new(); rows], cells)).collect();
    (0..rows).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect()
}

/// What a scan gave.
struct Found {
    rows: BTreeMap<String, Rows>,
    /// The runs that came in one piece which said that it was all.
    whole: Vec<String>,
    bytes_read: u64,
    bytes_stored: u64,
}

async fn scanned(lake: &Lake, project: &ProjectPath, scan: &ColumnScan) -> Found {
    let mut scanned = lake.scan_columns(project, scan, |piece| (piece.is_whole, rows_of(&piece.columns, piece.rows))).await.unwrap();
    let mut parts: BTreeMap<usize, Vec<(Option<i64>, Rows)>> = BTreeMap::new();
    let (mut ended, mut whole) = (Vec::new(), Vec::new());
    while let Some(group) = scanned.groups.try_next().await.unwrap() {
        for (run, first_step, (is_whole, rows)) in group.pieces {
            assert!(!ended.contains(&run), "nothing comes after the end of a run");
            assert!(!whole.contains(&run), "nothing comes after a run that was whole");
            assert!(!is_whole || !parts.contains_key(&run), "nothing came before it");
            whole.extend(is_whole.then_some(run));
            parts.entry(run).or_default().push((first_step, rows));
        }
        ended.extend(group.ended);
    }
    ended.sort_unstable();
    assert_eq!(ended, (0..scan.runs.len()).collect::<Vec<_>>(), "every run ends once");
    let of_run = |(run, mut parts): (usize, Vec<(Option<i64>, Rows)>)| {
        parts.sort_by_key(|(first_step, _)| *first_step);
        (scan.runs[run].clone(), parts.into_iter().flat_map(|(_, rows)| rows).collect())
    };
    let mut whole: Vec<String> = whole.into_iter().map(|run| scan.runs[run].clone()).collect();
    whole.sort_unstable();
    let (bytes_read, bytes_stored) = (scanned.bytes_read(), scanned.bytes_stored);
    Found { rows: parts.into_iter().map(of_run).collect(), whole, bytes_read, bytes_stored }
}

/// The same, read run by run.
async fn read(lake: &Lake, project: &ProjectPath, scan: &ColumnScan) -> BTreeMap<String, Rows> {
    let mut runs = BTreeMap::new();
    for run_id in &scan.runs {
        let run = project.run(run_id.clone());
        let mut batches = match scan.rows_of {
            RowsOf::Histories => lake.history(&run).await.unwrap(),
            RowsOf::SystemMetrics => lake.system_metrics(&run).await.unwrap(),
        };
        let mut rows = Rows::new();
        while let Some(batch) = batches.try_next().await.unwrap() {
            let columns: Vec<Option<ArrayRef>> = scan.columns.iter().map(|name| batch.column_by_name(name).cloned()).collect();
            let steps = batch.column_by_name("_step").map(|steps| steps.as_primitive::<Int64Type>().clone());
            let is_wanted = |row: usize| match (&scan.steps, &steps) {
                (Some(range), Some(steps)) => range.contains(&steps.value(row)),
                _ => true,
            };
            let all = rows_of(&columns, batch.num_rows());
            rows.extend(all.into_iter().enumerate().filter(|(row, _)| is_wanted(*row)).map(|(_, cells)| cells));
        }
        if !rows.is_empty() {
            runs.insert(run_id.clone(), rows);
        }
    }
    runs
}

async fn assert_alike(lake: &Lake, project: &ProjectPath, rows_of: RowsOf, columns: &[&str], runs: &[String], steps: Option<Range<i64>>) {
    let columns = columns.iter().map(|&name| name.to_owned()).collect();
    let scan = ColumnScan { rows_of, columns, runs: runs.to_vec(), steps };
    assert_eq!(scanned(lake, project, &scan).await.rows, read(lake, project, &scan).await, "{scan:?}");
}

#[test]
fn sample_runs_are_read_alike() {
    let folder = sample_lake();
    block_on(async {
        let (lake, project) = (open(&folder).await, ProjectPath::parse(PROJECT).unwrap());
        let mut runs: Vec<String> = lake.runs(&project).await.unwrap().into_iter().map(|run| run.record.path.run_id).collect();
        // In any order, and some that are not there.
        runs.reverse();
        runs.insert(3, "not-there".to_owned());
        let every: Vec<String> = lake.metric_columns().await.unwrap().columns().iter().map(|column| column.name.clone()).collect();
        let mut columns: Vec<&str> = vec!["_step", "_timestamp", "no such column"];
        columns.extend(every.iter().map(String::as_str));
        assert_alike(&lake, &project, RowsOf::Histories, &columns, &runs, None).await;
        assert_alike(&lake, &project, RowsOf::Histories, &["val.acc"], &runs, Some(10..500)).await;
        assert_alike(&lake, &project, RowsOf::Histories, &["_step"], &runs[..2], Some(1_000_000..i64::MAX)).await;
        assert_alike(&lake, &project, RowsOf::Histories, &["no such column"], &runs[..5], None).await;
        assert_alike(&lake, &project, RowsOf::SystemMetrics, &["_timestamp", "system.cpu"], &runs, Some(0..1)).await;
    });
}

#[test]
fn rows_of_a_run_in_several_files_come_in_order() {
    let (service, folder) = (Service::start(), tempfile::tempdir().unwrap());
    for (end, heartbeat) in [(40, 10), (45, 11), (46, 12), (400, 13)] {
        service.put("grows", &losses(0..end, 0.5), heartbeat, "grows");
        service.put("other", &losses(0..end * 2, 0.25), heartbeat, "other");
        service.export(folder.path());
    }
    block_on(async {
        let (lake, project) = (open(folder.path()).await, ProjectPath::parse(TEAM).unwrap());
        let runs: Vec<String> = lake.runs(&project).await.unwrap().into_iter().map(|run| run.record.path.run_id).collect();
        assert!(lake.history_files(&project).await.unwrap().len() > 2);
        assert_alike(&lake, &project, RowsOf::Histories, &["_step", "loss"], &runs, None).await;
        assert_alike(&lake, &project, RowsOf::Histories, &["loss"], &runs, Some(100..140)).await;
        assert_alike(&lake, &project, RowsOf::Histories, &["loss"], &runs[..1], None).await;
    });
}

#[test]
fn a_run_is_whole_where_no_other_row_group_may_hold_it() {
    let folder = tempfile::tempdir().unwrap();
    make_lake(folder.path());
    // In one file of two row groups, of which the second begins within `b`.
    for (run, rows) in [("a", 60_000), ("b", 100_000), ("c", 40_000)] {
        put(folder.path(), run, &losses(0..rows, 0.5), 10, run);
    }
    block_on(async {
        compact::compact(&open(folder.path()).await).await.unwrap();
        let (lake, project) = (open(folder.path()).await, ProjectPath::parse(TEAM).unwrap());
        assert_eq!(lake.history_files(&project).await.unwrap().len(), 1);
        let runs: Vec<String> = ["b", "c", "a"].map(str::to_owned).to_vec();
        let scan = ColumnScan { rows_of: RowsOf::Histories, columns: vec!["loss".to_owned()], runs: runs.clone(), steps: None };
        assert_eq!(scanned(&lake, &project, &scan).await.whole, ["a", "c"]);
        // What lies after these steps is wanted of no run.
        let early = ColumnScan { steps: Some(0..90), ..scan };
        let found = scanned(&lake, &project, &early).await;
        assert_eq!(found.rows.values().map(Vec::len).collect::<Vec<_>>(), [30; 3]);
        assert_alike(&lake, &project, RowsOf::Histories, &["_step", "loss"], &runs, None).await;
        assert_alike(&lake, &project, RowsOf::Histories, &["loss", "_timestamp"], &runs, Some(200_000..220_000)).await;
    });
}

#[test]
fn what_is_not_asked_for_is_not_read() {
    let folder = sample_lake();
    block_on(async {
        let (lake, project) = (open(&folder).await, ProjectPath::parse(PROJECT).unwrap());
        let runs: Vec<String> = lake.runs(&project).await.unwrap().into_iter().map(|run| run.record.path.run_id).collect();
        let scan = |columns: &[&str], steps| ColumnScan {
            rows_of: RowsOf::Histories,
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            runs: runs.clone(),
            steps,
        };
        let one_column = scanned(&lake, &project, &scan(&["val.acc"], None)).await;
        assert!(one_column.bytes_read < one_column.bytes_stored / 2, "{} of {} bytes", one_column.bytes_read, one_column.bytes_stored);
        let none = scanned(&lake, &project, &scan(&["val.acc"], Some(i64::MAX - 1..i64::MAX))).await;
        assert!(none.rows.is_empty());
        assert!(none.bytes_read < one_column.bytes_read);
    });
}

#[test]
fn a_pinned_lake_stays_as_it_was() {
    let (service, folder) = (Service::start(), tempfile::tempdir().unwrap());
    service.put("grows", &losses(0..40, 0.5), 10, "grows");
    service.export(folder.path());
    let project = ProjectPath::parse(TEAM).unwrap();
    let scan = ColumnScan {
        rows_of: RowsOf::Histories,
        columns: vec!["loss".to_owned()],
        runs: vec!["grows".to_owned(), "later".to_owned()],
        steps: None,
    };
    let (lake, pinned, before) = block_on(async {
        let lake = open(folder.path()).await;
        let pinned = lake.pinned(&[TableName::Runs, TableName::Histories]).await.unwrap();
        let before = scanned(&pinned, &project, &scan).await.rows;
        (lake, pinned, before)
    });
    service.put("grows", &losses(0..60, 0.5), 11, "grows");
    service.put("later", &losses(0..10, 0.5), 11, "later");
    service.export(folder.path());
    block_on(async {
        // Beside the run that each service has.
        assert_eq!(pinned.runs(&project).await.unwrap().len(), 2);
        assert_eq!(scanned(&pinned, &project, &scan).await.rows, before);
        assert_eq!(lake.runs(&project).await.unwrap().len(), 3);
        let now = scanned(&lake, &project, &scan).await.rows;
        assert_eq!([now["grows"].len(), now["later"].len()], [60, 10]);
    });
}

#[test]
fn the_axis_is_that_of_the_wanted_runs_whatever_statistics_say() {
    let (service, folder) = (Service::start(), tempfile::tempdir().unwrap());
    service.put("short", &losses(20..60, 0.5), 10, "short");
    service.put("tall", &losses(0..3000, 0.25), 10, "tall");
    service.export(folder.path());
    block_on(async {
        let (lake, project) = (open(folder.path()).await, ProjectPath::parse(TEAM).unwrap());
        let scan =
            ColumnScan { rows_of: RowsOf::Histories, columns: vec!["_step".to_owned()], runs: vec!["short".to_owned()], steps: None };
        let bounds = lake.column_bounds(&project, &scan).await.unwrap();
        assert_eq!(bounds.range, Some((0.0, 8997.0)), "both runs lie in one row group");
        let query = CurveQuery::new(Selection::of(project).with_runs(["short"]), [KeyPattern::exact("loss")]);
        // Few points are kept until the axis is known; those that are in buckets already are read once more.
        for (alignment, times) in [
            (Alignment::Buckets { value: BucketValue::Mean, count: 4 }, 2),
            (Alignment::Buckets { value: BucketValue::Mean, count: 400 }, 1),
            (Alignment::Linear { places: Places::Even(5) }, 1),
            (Alignment::AsOf { direction: AsOf::Backward, tolerance: None, places: Places::Even(5) }, 1),
        ] {
            let query = query.clone().with_alignment(alignment);
            let asked = query.read(&lake).await.unwrap();
            let told = query.with_range(Some(60.0), Some(177.0)).read(&lake).await.unwrap();
            assert_eq!(asked.places(), told.places());
            assert_eq!(asked.curves(0), told.curves(0));
            // The footer is known from before.
            assert_eq!(asked.bytes().read, times * told.bytes().read);
        }
    });
}

fn make_lake(folder: &Path) {
    block_on(Lake::open_or_create(Location::folder(folder).unwrap())).unwrap();
}

#[test]
fn an_axis_of_one_place_has_one_place() {
    let folder = tempfile::tempdir().unwrap();
    make_lake(folder.path());
    put(folder.path(), "flat", &[(0, 0.0), (1, 0.0), (2, 0.0)], 10, "flat");
    block_on(async {
        let (lake, project) = (open(folder.path()).await, ProjectPath::parse(TEAM).unwrap());
        let query = CurveQuery::new(Selection::of(project), [KeyPattern::exact("loss")]).with_axis(Axis::from_name("loss"));
        for alignment in [
            Alignment::mean_of_buckets(),
            Alignment::Linear { places: Places::Even(5) },
            Alignment::AsOf { direction: AsOf::Nearest, tolerance: None, places: Places::Even(5) },
        ] {
            let curves = query.clone().with_alignment(alignment).read(&lake).await.unwrap();
            assert_eq!(format!("{:?} {:?}", curves.places(), curves.curves(0)[0].values()), "[0.0] [0.0]");
        }
    });
}

#[test]
fn a_lake_that_is_made_anew_is_not_taken_for_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lake");
    make_lake(&path);
    put(&path, "old", &losses(0..5, 0.5), 10, "old");
    let project = ProjectPath::parse(TEAM).unwrap();
    let scan = ColumnScan {
        rows_of: RowsOf::Histories,
        columns: vec!["loss".to_owned()],
        runs: vec!["old".to_owned(), "new".to_owned()],
        steps: None,
    };
    let lake = block_on(async {
        let lake = open(&path).await;
        assert_eq!(scanned(&lake, &project, &scan).await.rows.into_keys().collect::<Vec<_>>(), ["old"]);
        lake
    });
    fs_err::remove_dir_all(&path).unwrap();
    make_lake(&path);
    put(&path, "new", &losses(0..7, 0.5), 10, "new");
    block_on(async {
        assert_eq!(lake.runs(&project).await.unwrap().len(), 1);
        assert_eq!(scanned(&lake, &project, &scan).await.rows["new"].len(), 7);
    });
}

#[test]
fn a_log_that_is_summed_up_tells_the_same() {
    let folder = tempfile::tempdir().unwrap();
    make_lake(folder.path());
    let runs: Vec<String> = (0..12).map(|run| format!("run{run:02}")).collect();
    for run in &runs {
        put(folder.path(), run, &losses(0..3, 0.5), 10, run);
    }
    let logs = fs_err::read_dir(folder.path().join("histories/_delta_log")).unwrap();
    let names: Vec<String> = logs.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.ends_with(".checkpoint.parquet")), "{names:?}");
    block_on(async {
        let (lake, project) = (open(folder.path()).await, ProjectPath::parse(TEAM).unwrap());
        let found: Vec<String> = lake.runs(&project).await.unwrap().into_iter().map(|run| run.record.path.run_id).collect();
        assert_eq!(found, runs);
        assert_alike(&lake, &project, RowsOf::Histories, &["_step", "loss"], &runs, None).await;
    });
}
