//! Part files that were damaged on their disk: `verify` says which, and nothing panics, whatever byte is another.

use std::path::{Path, PathBuf};

use futures::TryStreamExt as _;
use runlake_tests::chance::{Chance, repeats};
use runlake_tests::command::Runlake;
use runlake_tests::lake::{PROJECT, block_on, open, sample_log};
use runlake_types::ProjectPath;

fn part_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(part_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A place below `limit`.
fn place(chance: &mut Chance, limit: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
    let place = (chance.draw() * limit as f64) as usize;
    place.min(limit - 1)
}

#[test]
fn no_damaged_byte_of_a_part_file_makes_a_reader_panic() {
    let folder = tempfile::tempdir().unwrap();
    Runlake::new(["import", "--lake"]).arg(folder.path()).arg(sample_log("typed")).arg(sample_log("gaps")).succeed();
    let files = part_files(folder.path());
    assert!(files.len() >= 3, "one of each table: {files:?}");
    let verify = || Runlake::new(["verify", "--lake"]).arg(folder.path()).run();
    let (mut chance, mut is_said) = (Chance::new(7), false);
    for _ in 0..repeats(100, 5_000) {
        let file = &files[place(&mut chance, files.len())];
        let whole = fs_err::read(file).unwrap();
        let mut damaged = whole.clone();
        if place(&mut chance, 4) == 0 {
            damaged.truncate(place(&mut chance, whole.len()));
        } else {
            damaged[place(&mut chance, whole.len())] ^= u8::try_from(1 + place(&mut chance, 255)).unwrap();
        }
        fs_err::write(file, &damaged).unwrap();
        let faults = block_on(async {
            let lake = open(folder.path()).await;
            for run_id in ["typed", "gaps"] {
                if let Ok(batches) = lake.history(&ProjectPath::parse(PROJECT).unwrap().run(run_id)).await {
                    // Values may be others, or an error may come.
                    let _read = batches.try_collect::<Vec<_>>().await;
                }
            }
            runlake_lake::verify::verify(&lake).await.unwrap().faults
        });
        if !faults.is_empty() && !is_said {
            let verdict = verify();
            assert_eq!(verdict.code, Some(6), "{}", verdict.stderr);
            assert!(verdict.stderr.contains("fault: ") && !verdict.stderr.contains("panicked"), "{}", verdict.stderr);
            is_said = true;
        }
        fs_err::write(file, &whole).unwrap();
    }
    assert!(is_said);
    assert_eq!(verify().code, Some(0));
}
