//! Fuzzing without a nightly compiler: the targets of `fuzz/`, built with coverage but without a sanitizer, and run one after the other.
//!
//! `cargo fuzz run TARGET -s none` does the same for one target where cargo-fuzz is installed. Parsers here have no unsafe code, so a
//! panic, a failed comparison, an overflow or too much memory is what there is to find, and none of these needs a sanitizer.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::{ROOT, run};

const TARGETS: [&str; 6] = ["json", "filter", "history_page", "parquet_export", "part_columns", "offline_log"];

/// What cargo-fuzz passes to the compiler for coverage
/// (<https://github.com/rust-fuzz/cargo-fuzz/blob/main/src/project.rs>).
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";

/// An input that takes longer is a finding.
const LONGEST_INPUT_SECONDS: u32 = 20;
/// The Parquet library passes over lists in a page's header as often as they say that they are long, up to 2³¹ times in no bytes.
const LONGEST_PARQUET_SECONDS: u32 = 300;
/// So is one that takes more memory.
const MOST_MEMORY_MEGABYTES: u32 = 2048;

/// Runs each of `wanted`, or all targets, for so many seconds. What is found stays in `TARGET/fuzz/artifacts`, the inputs that reach
/// something new in `TARGET/fuzz/corpus`, from which the next run goes on.
pub(crate) fn fuzz(seconds: u32, wanted: &[String]) -> anyhow::Result<()> {
    if let Some(unknown) = wanted.iter().find(|name| !TARGETS.contains(&name.as_str())) {
        bail!("there is no fuzz target `{unknown}`; there are {}", TARGETS.join(", "));
    }
    let folder = target_folder()?.join("fuzz");
    let text = |path: &Path| path.to_str().map(str::to_owned).context("the target folder has no name in UTF-8");
    let host = host()?;
    // The versions of the tree itself; cargo adds what only fuzzing needs.
    std::fs::copy(format!("{ROOT}/Cargo.lock"), format!("{ROOT}/fuzz/Cargo.lock")).context("cannot copy Cargo.lock to fuzz/")?;
    let build = ["build", "--release", "--bins", "--manifest-path", "fuzz/Cargo.toml", "--target", &host, "--target-dir", &text(&folder)?];
    // Naming the target keeps the flags away from build scripts and macros.
    run("cargo", &build, &[("RUSTFLAGS", COVERAGE)])?;
    let mut failed = Vec::new();
    for target in TARGETS.into_iter().filter(|target| wanted.is_empty() || wanted.iter().any(|name| name == target)) {
        let (corpus, artifacts) = (folder.join("corpus").join(target), folder.join("artifacts").join(target));
        for needed in [&corpus, &artifacts] {
            std::fs::create_dir_all(needed).with_context(|| format!("cannot make {}", needed.display()))?;
        }
        let program = text(&folder.join(&host).join("release").join(target))?;
        let corpus = text(&corpus)?;
        let longest = if matches!(target, "parquet_export" | "part_columns") { LONGEST_PARQUET_SECONDS } else { LONGEST_INPUT_SECONDS };
        let arguments = [
            corpus.clone(),
            format!("-artifact_prefix={}/", text(&artifacts)?),
            format!("-max_total_time={seconds}"),
            format!("-timeout={longest}"),
            format!("-rss_limit_mb={MOST_MEMORY_MEGABYTES}"),
            "-max_len=100000".to_owned(),
            "-print_final_stats=1".to_owned(),
            "-verbosity=0".to_owned(),
            "-print_funcs=0".to_owned(),
        ];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if run(&program, &arguments, &[("RUNLAKE_FUZZ_SEEDS", corpus.as_str())]).is_err() {
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        bail!("found something in {}; the inputs are in {}", failed.join(", "), folder.join("artifacts").display());
    }
    Ok(())
}

fn target_folder() -> anyhow::Result<PathBuf> {
    let output = Command::new("cargo").args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(ROOT).output()?;
    let metadata = String::from_utf8(output.stdout)?;
    let (_, rest) = metadata.split_once("\"target_directory\":\"").context("cargo metadata names no target folder")?;
    Ok(PathBuf::from(rest.split('"').next().unwrap_or_default()))
}

fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot start `rustc`")?;
    let text = String::from_utf8(output.stdout)?;
    text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned).context("rustc names no host")
}
