//! `runlake demo`, as a newcomer runs it.

use runlake_tests::command::Runlake;
use runlake_tests::shared::workspace_folder;

#[test]
fn the_demo_shows_the_best_run_and_leaves_a_sound_lake() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let demo = Runlake::new(["demo", "--lake"]).arg(&lake).current_dir(&workspace_folder()).succeed();
    let table = demo.text();
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header[..2], ["run_id", "display_name"], "{table}");
    assert!(table.contains("lr100-seed"), "{table}");
    assert!(demo.stderr.contains(".parquet"), "{}", demo.stderr);
    Runlake::new(["verify", "--lake"]).arg(&lake).succeed();

    // A second demo finds everything there.
    let again = Runlake::new(["demo", "--lake"]).arg(&lake).current_dir(&workspace_folder()).succeed();
    assert!(again.stderr.contains("0 runs written, 27 unchanged"), "{}", again.stderr);
    assert_eq!(again.text(), table);
}

#[test]
fn elsewhere_the_demo_says_where_its_data_are() {
    let report = Runlake::new(["demo"]).run().report(&[]);
    insta::assert_snapshot!(report, @"
    exit code 2
    --- stderr
    error: there is no sample data at data/digits
    hint: run it in the project's folder, or name a folder of offline runs with --data
    ");
}
