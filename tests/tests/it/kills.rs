//! Exports that are killed or interrupted, and run again: the lake is that of an undisturbed export.
//!
//! The times of the kills come from a fixed seed. `RUNLAKE_SLOW_TESTS=1`, which `cargo xtask test --slow` sets, raises their number.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use runlake_tests::backend::Backend;
use runlake_tests::chance::{Chance, repeats};
use runlake_tests::lake::{PROJECT, small_lake};
use runlake_tests::same_lake::{assert_same, assert_same_as_far, verify};

/// How many exports are killed in all, and how many in the slow tests.
const KILLS: u32 = 6;
const SLOW_KILLS: u32 = 60;
/// The number of the signal that Ctrl-C sends.
const SIGINT: i32 = 2;

/// Half of them.
fn half_of_the_kills() -> u32 {
    repeats(KILLS, SLOW_KILLS) / 2
}

/// Starts an export, and leaves it alone.
fn start(backend: &Backend, lake: &Path) -> (Child, tempfile::TempDir) {
    let (mut command, home) = backend.call(["export", PROJECT, "--lake"]).arg(lake).into_parts();
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    (child, home)
}

/// How long an undisturbed export takes.
fn undisturbed(backend: &Backend) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    backend.call(["export", PROJECT, "--lake"]).arg(folder.path()).succeed();
    started.elapsed()
}

/// Kills `kills` exports, and lets one end whenever a lake is complete, upon which the next lake is begun.
fn kill_again_and_again(options: &[&str], seed: u64, kills: u32) {
    let source = small_lake();
    let backend = Backend::start_with(&source, options);
    let whole = undisturbed(&backend);
    let mut chance = Chance::new(seed);
    let mut killed = 0;
    while killed < kills {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        // Several kills of one lake: each leaves something for the next to go on from.
        for _ in 0..5.min(kills - killed) {
            let (mut export, _home) = start(&backend, &lake);
            std::thread::sleep(whole.mul_f64(chance.draw()));
            if export.try_wait().unwrap().is_none() {
                export.kill().unwrap();
                killed += 1;
            }
            export.wait().unwrap();
            if lake.join("runlake.json").exists() {
                assert_same_as_far(&source, &lake, PROJECT);
            }
        }
        backend.call(["export", PROJECT, "--lake"]).arg(&lake).succeed();
        assert_same(&source, &lake, PROJECT);
        verify(&lake);
    }
}

#[test]
fn killed_while_it_reads_exports() {
    kill_again_and_again(&["--exports", "always"], 1, half_of_the_kills());
}

#[test]
fn killed_while_it_reads_pages() {
    kill_again_and_again(&["--exports", "never"], 2, half_of_the_kills());
}

#[test]
fn interrupted_it_stops_and_goes_on_from_there() {
    let source = small_lake();
    let backend = Backend::start(&source);
    let whole = undisturbed(&backend);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let mut chance = Chance::new(3);
    let mut interrupted = 0;
    for _ in 0..5 {
        let (export, _home) = start(&backend, &lake);
        std::thread::sleep(whole.mul_f64(0.1 + 0.7 * chance.draw()));
        let signalled = std::process::Command::new("sh").args(["-c", &format!("kill -INT {}", export.id())]).stderr(Stdio::null()).status();
        let output = export.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        if signalled.unwrap().success() && output.status.code() == Some(130) {
            interrupted += 1;
            assert!(words.contains("the same command goes on from here"), "{words}");
        } else {
            // It was faster, or too young to listen yet, in which case it has done nothing.
            assert!(output.status.success() || output.status.signal() == Some(SIGINT), "{:?}: {words}", output.status);
        }
        if lake.join("runlake.json").exists() {
            assert_same_as_far(&source, &lake, PROJECT);
        }
    }
    assert!(interrupted > 0, "each export was faster than its interruption");
    backend.call(["export", PROJECT, "--lake"]).arg(&lake).succeed();
    assert_same(&source, &lake, PROJECT);
    verify(&lake);
}
