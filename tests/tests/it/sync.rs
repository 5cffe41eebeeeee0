//! A lake that is kept in line with a project that changes: only what is missing is read, and the lake is what the service has.

use std::collections::BTreeMap;

use runlake_tests::backend::Backend;
use runlake_tests::command::Runlake;
use runlake_tests::lake::{PROJECT, block_on, columns, history, open, sample_lake};
use runlake_tests::same_lake::{assert_same, verify};
use runlake_tests::service::{Service, TEAM};
use runlake_types::ProjectPath;

fn outcome_of(run_id: &str, outcome: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(run_id.to_owned(), outcome.to_owned())])
}

pub(crate) fn losses(steps: std::ops::Range<i32>, offset: f64) -> Vec<(i64, f64)> {
    steps.map(|step| (i64::from(step) * 3, f64::from(step) + offset)).collect()
}

#[test]
fn a_run_that_went_on_gets_only_its_new_rows() {
    let (service, lake) = (Service::start(), tempfile::tempdir().unwrap());
    service.put("grows", &losses(0..40, 0.5), 10, "grows");
    assert_eq!(service.export(lake.path()).len(), 2);
    for (end, heartbeat) in [(45, 11), (46, 12), (400, 13)] {
        service.put("grows", &losses(0..end, 0.5), heartbeat, "grows");
        assert_eq!(service.export(lake.path()), outcome_of("grows", "appended"));
    }
    assert!(service.export(lake.path()).is_empty(), "nothing changed since");
}

#[test]
fn a_run_that_was_rewound_is_read_whole() {
    let (service, lake) = (Service::start(), tempfile::tempdir().unwrap());
    service.put("rewound", &losses(0..40, 0.5), 10, "rewound");
    service.export(lake.path());
    let again = |from: i32, until: i32| [losses(0..from, 0.5), losses(from..until, 0.25)].concat();
    service.put("rewound", &again(30, 35), 11, "rewound");
    assert_eq!(service.export(lake.path()), outcome_of("rewound", "written"), "fewer rows");
    service.put("rewound", &[losses(0..20, 0.5), losses(20..35, 0.125)].concat(), 12, "rewound");
    assert_eq!(service.export(lake.path()), outcome_of("rewound", "written"), "as many rows, and others");
    service.put("rewound", &[losses(0..20, 0.5), losses(20..90, 0.75)].concat(), 13, "rewound");
    assert_eq!(service.export(lake.path()), outcome_of("rewound", "written"), "more rows, and others");
}

#[test]
fn a_run_that_was_renamed_keeps_its_rows_and_one_that_is_gone_leaves() {
    let (service, lake) = (Service::start(), tempfile::tempdir().unwrap());
    service.put("run", &losses(0..40, 0.5), 10, "before");
    service.export(lake.path());
    service.put("run", &losses(0..40, 0.5), 10, "after");
    let files = || block_on(async { open(lake.path()).await.history_files(&ProjectPath::parse(TEAM).unwrap()).await.unwrap() });
    let before = files();
    assert_eq!(service.export(lake.path()), outcome_of("run", "updated"));
    assert_eq!(files(), before);
    service.remove("run");
    assert_eq!(service.export(lake.path()), outcome_of("run", "removed"));
}

#[test]
fn small_files_become_large_ones_and_old_ones_go() {
    let (service, lake) = (Service::start(), tempfile::tempdir().unwrap());
    for run in 0..5 {
        service.put(&format!("run{run}"), &losses(0..9, f64::from(run)), 10, "run");
        service.put("grows", &losses(0..run + 2, 0.5), i64::from(run), "grows");
        service.export(lake.path());
    }
    let project = ProjectPath::parse(TEAM).unwrap();
    let files = || block_on(async { open(lake.path()).await.history_files(&project).await.unwrap() });
    assert_eq!(files().len(), 5, "one of each export");
    Runlake::new(["compact", "--lake"]).arg(lake.path()).succeed();
    assert_eq!(files().len(), 1);
    assert_same(service.folder.path(), lake.path(), TEAM);
    verify(lake.path());
    let vacuum = |options: &[&str]| {
        let call = Runlake::new(["vacuum", "--keep", "0s", "--format", "ndjson", "--lake"]).arg(lake.path());
        options.iter().fold(call, Runlake::arg).succeed().text().lines().count()
    };
    let on_disk = || {
        let folder = lake.path().join("histories/entity=team/project=sync");
        fs_err::read_dir(folder)
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|it| it == "parquet"))
            .count()
    };
    assert_eq!(on_disk(), 6);
    let old = vacuum(&["--dry-run"]);
    assert!(old > 5, "{old}");
    assert_eq!((vacuum(&[]), vacuum(&[])), (old, 0));
    assert_eq!(on_disk(), 1);
    assert_same(service.folder.path(), lake.path(), TEAM);
    verify(lake.path());
    service.put("grows", &losses(0..99, 0.5), 99, "grows");
    assert_eq!(service.export(lake.path()), outcome_of("grows", "appended"));
}

#[test]
fn exporters_of_all_shards_and_of_the_same_runs_fill_one_lake_at_once() {
    let source = sample_lake();
    let backend = Backend::start(&source);
    let lake = tempfile::tempdir().unwrap();
    Runlake::new(["import", "--lake"]).arg(lake.path()).arg(runlake_tests::lake::sample_log("gaps")).succeed();
    std::thread::scope(|scope| {
        for shard in ["1/3", "2/3", "3/3", "1/1"] {
            let call = backend.call(["export", PROJECT, "--shard", shard, "--lake"]).arg(lake.path());
            scope.spawn(move || call.succeed());
        }
    });
    verify(lake.path());
    assert_same(&source, lake.path(), PROJECT);
}

#[test]
fn a_dry_run_leaves_no_trace() {
    let backend = Backend::start(&sample_lake());
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let outcome = backend.call(["export", PROJECT, "--dry-run", "--lake"]).arg(&lake).succeed();
    assert!(outcome.stderr.contains("nothing was done; it would be: 27 runs written"), "{}", outcome.stderr);
    assert!(!lake.exists());
}

#[test]
fn only_the_keys_that_were_asked_for_are_kept() {
    let backend = Backend::start(&sample_lake());
    let lake = tempfile::tempdir().unwrap();
    let export = |keys: &str| backend.call(["export", PROJECT, "--keys", keys, "--lake"]).arg(lake.path()).run();
    let outcome = export("train/los");
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("no run has a key `train/los`; the nearest are `train/loss`"), "{}", outcome.stderr);
    assert_eq!(export("val,train/loss").code, Some(0));
    verify(lake.path());
    let run = ProjectPath::parse(PROJECT).unwrap().run("lr001-seed1");
    block_on(async {
        let (source, copy) = (open(&sample_lake()).await, open(lake.path()).await);
        let rows = history(&copy, &run).await;
        let wanted = history(&source, &run).await;
        assert_eq!(rows.len(), wanted.len());
        for (step, row) in rows {
            let wanted = &wanted[&step];
            let keys: Vec<&str> = row.keys().map(String::as_str).filter(|key| !key.starts_with('_')).collect();
            assert!(keys.iter().all(|key| ["val", "train/loss"].contains(key)), "{keys:?}");
            assert_eq!((row.get("val"), row.get("train/loss")), (wanted.get("val"), wanted.get("train/loss")));
        }
        assert!(columns(&copy).await.keys().all(|name| name == "train/loss" || name.starts_with("val")));
    });
    let again = export("train/loss,val");
    assert!(again.stderr.contains("0 runs written, 27 unchanged"), "{}", again.stderr);
}
