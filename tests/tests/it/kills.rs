//! Exports that are killed or interrupted, and run again: the lake is that of an undisturbed export.
//!
//! The times of the kills come from a fixed seed. `RUNLAKE_SLOW_TESTS=1`, which `cargo xtask test --slow` sets, raises their number.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use runlake_tests::absorbed::{ALL_EXPORTED, ALL_LIVE};
use runlake_tests::backend::Backend;
use runlake_tests::chance::{Chance, repeats};
use runlake_tests::command::Runlake;
use runlake_tests::fault::{Fault, Requests, Rule, When};
use runlake_tests::fault_proxy::FaultProxy;
use runlake_tests::lake::{PROJECT, small_lake};
use runlake_tests::same_lake::{assert_same, assert_same_as_far, verify};
use runlake_tests::service::{Service, TEAM};

/// How many exports each test kills, and how many in the slow tests, where they are sixty and more in all.
fn kills() -> u32 {
    repeats(3, 30)
}

/// Kills of one lake before an export is let to its end: each leaves something for the next to go on from.
const KILLS_OF_ONE_LAKE: u32 = 5;

/// The number of the signal that Ctrl-C sends.
const SIGINT: i32 = 2;

/// Starts a call, and leaves it alone.
fn start(call: Runlake) -> (Child, tempfile::TempDir) {
    let (mut command, home) = call.into_parts();
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    (child, home)
}

/// Sends the signal of Ctrl-C; whether there was anybody to get it.
fn interrupt(process: u32) -> bool {
    let kill = Command::new("sh").args(["-c", &format!("kill -INT {process}")]).stderr(Stdio::null()).status();
    kill.unwrap().success()
}

/// Starts the export, and kills it after a part of the time `whole`; whether it was still running.
fn killed(export: Runlake, whole: Duration, chance: &mut Chance) -> bool {
    let (mut export, _home) = start(export);
    std::thread::sleep(whole.mul_f64(chance.draw()));
    let is_running = export.try_wait().unwrap().is_none();
    if is_running {
        export.kill().unwrap();
    }
    export.wait().unwrap();
    is_running
}

/// How long an undisturbed export takes.
fn time_of(export: Runlake) -> Duration {
    let started = Instant::now();
    export.succeed();
    started.elapsed()
}

/// Kills exports into an empty folder, and lets one end now and then, upon which the next lake is begun.
fn kill_again_and_again(options: &[&str], seed: u64) {
    let source = small_lake();
    let backend = Backend::start_with(&source, options);
    let export = |lake: &Path| backend.call(["export", PROJECT, "--lake"]).arg(lake);
    let whole = time_of(export(tempfile::tempdir().unwrap().path()));
    let (mut chance, mut count, wanted) = (Chance::new(seed), 0, kills());
    while count < wanted {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        for _ in 0..KILLS_OF_ONE_LAKE.min(wanted - count) {
            count += u32::from(killed(export(&lake), whole, &mut chance));
            if lake.join("runlake.json").exists() {
                assert_same_as_far(&source, &lake, PROJECT);
                verify(&lake);
            }
        }
        export(&lake).succeed();
        assert_same(&source, &lake, PROJECT);
        verify(&lake);
    }
}

#[test]
fn killed_while_it_reads_exports() {
    kill_again_and_again(ALL_EXPORTED, 1);
}

#[test]
fn killed_while_it_reads_pages() {
    kill_again_and_again(ALL_LIVE, 2);
}

fn losses(seed: u64, rows: i64) -> Vec<(i64, f64)> {
    let mut chance = Chance::new(seed);
    (0..rows).map(|row| (row * 3, chance.draw())).collect()
}

#[test]
fn killed_while_it_brings_a_lake_up_to_date() {
    let service = Service::start();
    for run_id in ["goes-on", "rewound", "renamed", "deleted"] {
        service.put(run_id, &losses(1, 300), 10, run_id);
    }
    let before = tempfile::tempdir().unwrap();
    service.export(before.path());
    service.put("goes-on", &losses(1, 3_000), 20, "goes-on");
    service.put("rewound", &[losses(1, 100), losses(2, 2_000).split_off(100)].concat(), 20, "rewound");
    service.put("renamed", &losses(1, 300), 10, "another name");
    service.put("new", &losses(3, 2_000), 20, "new");
    service.remove("deleted");

    let export = |lake: &Path| service.backend.call(["export", TEAM, "--lake"]).arg(lake);
    let copy = || {
        let lake = tempfile::tempdir().unwrap();
        copy_folder(before.path(), lake.path());
        lake
    };
    let whole = time_of(export(copy().path()));
    let (mut chance, mut count, wanted) = (Chance::new(3), 0, kills());
    while count < wanted {
        let lake = copy();
        for _ in 0..KILLS_OF_ONE_LAKE.min(wanted - count) {
            count += u32::from(killed(export(lake.path()), whole, &mut chance));
        }
        service.export(lake.path());
    }
}

#[test]
fn killed_between_the_commits_to_two_tables_it_leaves_rows_that_are_noted_and_taken_up() {
    let service = Service::start();
    let lake = tempfile::tempdir().unwrap();
    service.put("goes-on", &losses(1, 300), 10, "goes-on");
    service.export(lake.path());
    let records = lake.path().join("runs");
    let records_before = tempfile::tempdir().unwrap();
    copy_folder(&records, records_before.path());
    service.put("goes-on", &losses(1, 400), 20, "goes-on");
    service.put("new", &losses(2, 50), 20, "new");
    service.export(lake.path());
    // The table of runs is the last to be committed to.
    fs_err::remove_dir_all(&records).unwrap();
    copy_folder(records_before.path(), &records);

    let words = Runlake::new(["verify", "--lake"]).arg(lake.path()).succeed().stderr;
    assert!(words.contains("note: team/sync/goes-on: 100 rows past step 897"), "{words}");
    assert!(words.contains("note: team/sync/new: 50 rows, and no record yet"), "{words}");
    let outcomes = service.export(lake.path());
    assert_eq!(
        outcomes.into_iter().collect::<Vec<_>>(),
        [("goes-on", "appended"), ("new", "written")].map(|(id, outcome)| (id.to_owned(), outcome.to_owned()))
    );
    assert!(!Runlake::new(["verify", "--lake"]).arg(lake.path()).succeed().stderr.contains("note: "));
}

fn copy_folder(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs_err::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn interrupted_at_its_first_request_and_at_later_ones_it_stops_and_goes_on_from_there() {
    let source = small_lake();
    let backend = Backend::start_with(&source, ALL_LIVE);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let moments = [(Requests::All, 1), (Requests::Listings, 1), (Requests::HistoryPages, 1), (Requests::HistoryPages, 5)];
    for (on, number) in moments {
        let process = Arc::new(Mutex::new(None));
        let happen = {
            let process = Arc::clone(&process);
            move || {
                // The first request may come before the test knows the number of the process.
                let known = || *process.lock().unwrap();
                let id = std::iter::repeat_with(|| (std::thread::sleep(Duration::from_millis(1)), known()).1).flatten().next().unwrap();
                assert!(interrupt(id));
            }
        };
        let proxy = FaultProxy::start(&backend, vec![Rule::new(on, When::Nth(number), Fault::Happening(Arc::new(happen)))]);
        let (export, _home) = start(proxy.call(["export", PROJECT, "--lake"]).arg(&lake));
        *process.lock().unwrap() = Some(export.id());
        let output = export.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "at request {number} of {on:?}: {words}");
        assert!(words.contains("the same command goes on from here"), "{words}");
        if lake.join("runlake.json").exists() {
            assert_same_as_far(&source, &lake, PROJECT);
            verify(&lake);
        }
    }
    backend.call(["export", PROJECT, "--lake"]).arg(&lake).succeed();
    assert_same(&source, &lake, PROJECT);
    verify(&lake);
}

#[test]
fn interrupted_at_any_time_it_stops_and_goes_on_from_there() {
    let source = small_lake();
    let backend = Backend::start(&source);
    let export = |lake: &Path| backend.call(["export", PROJECT, "--lake"]).arg(lake);
    let whole = time_of(export(tempfile::tempdir().unwrap().path()));
    let mut chance = Chance::new(4);
    for _ in 0..repeats(5, 40) {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        let (running, _home) = start(export(&lake));
        std::thread::sleep(whole.mul_f64(chance.draw()));
        interrupt(running.id());
        let output = running.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        match (output.status.code(), output.status.signal()) {
            (Some(130), _) => assert!(words.contains("the same command goes on from here"), "{words}"),
            // It was faster.
            (Some(0), _) => assert_same(&source, &lake, PROJECT),
            // The system had not loaded the program yet.
            (None, Some(SIGINT)) => assert!(!lake.exists() && words.is_empty(), "{words}"),
            _ => panic!("{:?}: {words}", output.status),
        }
        if lake.join("runlake.json").exists() {
            assert_same_as_far(&source, &lake, PROJECT);
            verify(&lake);
        }
        export(&lake).succeed();
        assert_same(&source, &lake, PROJECT);
    }
}
