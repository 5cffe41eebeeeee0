//! What a user reads when a question across runs cannot be answered: the words, the hint and the exit code, each pinned. There is no panic,
//! and no empty table in place of an error.

use runlake_tests::command::Runlake;
use runlake_tests::lake::{PROJECT, sample_lake};
use runlake_tests::odd_lake::{ODD, write_odd_lake};

/// The report of a question about the sample runs.
fn ask(arguments: &[&str]) -> String {
    Runlake::new(arguments).arg("--project").arg(PROJECT).arg("--lake").arg(sample_lake()).run().report(&[])
}

/// The report of `histories` over the sample runs.
fn histories(arguments: &[&str]) -> String {
    Runlake::new(["histories", PROJECT]).args(arguments).arg("--lake").arg(sample_lake()).run().report(&[])
}

/// The report of a question about odd runs.
fn ask_odd(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    write_odd_lake(folder.path());
    Runlake::new(arguments).arg("--project").arg(ODD).arg("--lake").arg(folder.path()).run().report(&[])
}

#[test]
fn keys_that_no_run_has() {
    insta::assert_snapshot!(ask(&["stats", "val.ac"]), @"");
    insta::assert_snapshot!(ask(&["best", "train/lss"]), @"");
    insta::assert_snapshot!(ask(&["describe", "zebra*"]), @"");
    insta::assert_snapshot!(ask(&["correlate", "val/acc1"]), @"");
    insta::assert_snapshot!(ask(&["anomalies", "re:("]), @"");
    insta::assert_snapshot!(ask(&["best", "val.acc", "--with", "vol.acc"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--x-axis", "epok"]), @"");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "system", "--keys-of-other", "system.gpu.9"]), @"");
    insta::assert_snapshot!(histories(&["--keys", "val.ac"]), @"");
    insta::assert_snapshot!(histories(&["--keys", "val.ac", "--align", "exact"]), @"");
}

#[test]
fn several_keys_where_one_is_asked_for() {
    insta::assert_snapshot!(ask(&["best", "train/*"]), @"");
    insta::assert_snapshot!(ask(&["correlate", "val.*"]), @"");
}

#[test]
fn text_where_numbers_are_asked_for() {
    insta::assert_snapshot!(ask(&["stats", "string"]), @"");
    insta::assert_snapshot!(ask(&["best", "string"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--x-axis", "string"]), @"");
    insta::assert_snapshot!(histories(&["--keys", "string", "--align", "linear"]), @"");
}

#[test]
fn runs_that_are_not_there() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--runs", "lr001-sed1"]), @"");
    insta::assert_snapshot!(ask(&["compare", "gaps", "gasp"]), @"");
    insta::assert_snapshot!(ask(&["best", "val.acc", "--filters", r#"{"config.lr": 7}"#]), @"");
    insta::assert_snapshot!(histories(&["--filters", r#"{"state": "killed"}"#]), @"");
}

#[test]
fn filters_that_cannot_be_read() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--filters", r#"{"config.lr": {"$around": 7}}"#]), @"");
    insta::assert_snapshot!(ask(&["describe", "--filters", "lr = 7"]), @"");
}

#[test]
fn groups_that_cannot_be_made() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--group-by", "config.learning_rate"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--group-by", "confg.lr"]), @"");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "runlake/live"]), @"");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "runlake/live", "--on", "config.sed"]), @"");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "runlake/elsewhere", "--on", "config.seed"]), @"");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "/no/path", "--on", "config.seed"]), @"");
}

#[test]
fn statistics_smoothing_and_sampling_that_there_are_not() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--statistics", "meen"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--statistics", "p101"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--statistics", "ci95.low", "--resamples", "0"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--smooth", "median:3"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--smooth", "ema:1"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--smooth", "rolling:0"]), @"");
    insta::assert_snapshot!(histories(&["--sample", "random:5"]), @"");
    insta::assert_snapshot!(histories(&["--sample", "lttb:0"]), @"");
    insta::assert_snapshot!(histories(&["--align", "exact", "--smooth", "ema"]), @"");
}

#[test]
fn places_that_make_no_axis() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--places", "0"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--places", "99999999999999"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--align", "linear", "--places", "99999999999999"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--from", "30", "--to", "10"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--align", "exact", "--from", "30", "--to", "10"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--from", "nan"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--to", "inf"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--align", "asof", "--tolerance", "nan"]), @"");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "system", "--tolerance", "nan"]), @"");
    insta::assert_snapshot!(histories(&["--keys", "val.acc", "--min-step", "20", "--max-step", "10"]), @"");
    insta::assert_snapshot!(histories(&["--keys", "val.acc", "--align", "exact", "--min-step", "20", "--max-step", "10"]), @"");
}

#[test]
fn places_where_no_run_has_a_value() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--from", "5000", "--to", "6000"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--align", "exact", "--from", "5000", "--runs", "gaps,lr010-seed1"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--x-axis", "finite"]), @"");
    insta::assert_snapshot!(histories(&["--keys", "val.acc", "--min-step", "5000"]), @"");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--system"]), @"");
}

#[test]
fn rules_of_anomalies_that_make_no_sense() {
    insta::assert_snapshot!(ask(&["anomalies", "val.acc", "--goal", "last"]), @"");
    insta::assert_snapshot!(ask(&["anomalies", "val.acc", "--steps=-1"]), @"");
    insta::assert_snapshot!(ask(&["anomalies", "val.acc", "--outlier", "nan"]), @"");
}

#[test]
fn runs_with_nothing_to_say() {
    for run in ["empty", "text"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(ask_odd(&["stats", "loss", "--runs", run]).replace(run, "RUN"), @"");
            insta::assert_snapshot!(ask_odd(&["best", "loss", "--runs", run]).replace(run, "RUN"), @"");
        }
    }
    insta::assert_snapshot!(ask_odd(&["best", "loss", "--runs", "all-nan"]), @"");
    insta::assert_snapshot!(ask_odd(&["stats", "loss", "--runs", "all-nan", "--align", "exact", "--statistics", "mean,count,nan"]), @"");
    insta::assert_snapshot!(ask_odd(&["correlate", "loss", "--runs", "all-nan,one"]), @"");
    insta::assert_snapshot!(ask_odd(&["correlate", "loss", "--runs", "one,lr0-seed1", "--filters", r#"{"config.lr": 0.1}"#]), @"");
    insta::assert_snapshot!(ask_odd(&["compare", "one"]), @"");
    insta::assert_snapshot!(ask_odd(&["anomalies", "loss", "--runs", "one"]), @"");
    insta::assert_snapshot!(ask_odd(&["stats", "loss", "--runs", "one", "--statistics", "mean,std,count"]), @"");
    insta::assert_snapshot!(ask_odd(&["describe", "loss", "--runs", "empty"]), @"");
    insta::assert_snapshot!(ask_odd(&["join", "loss", "--runs", "far", "--with", "system"]), @"");
}

#[test]
fn runs_without_a_place_in_common() {
    insta::assert_snapshot!(ask_odd(&["stats", "loss", "--runs", "far", "--to", "50"]), @"");
    insta::assert_snapshot!(ask_odd(&["join", "loss", "--runs", "far", "--with", "team/other", "--on", "state"]), @"");
}

/// Keys that are called as columns of answers are: no two columns have one name.
#[test]
fn names_that_are_taken() {
    let names = ["--runs", "names"];
    let ask = |arguments: &[&str]| ask_odd(&[arguments, &names].concat());
    insta::assert_snapshot!(ask(&["best", "mean", "--with", "rows,key,run_id,project,a.b"]), @"");
    insta::assert_snapshot!(ask(&["stats", "key", "rows", "--x-axis", "mean", "--places", "2"]), @"");
    insta::assert_snapshot!(ask(&["stats", "rows", "mean", "--x-axis", "key", "--align", "exact", "--statistics", "max", "--to", "3"]), @"");
    insta::assert_snapshot!(ask(&["join", "system.cpu", "--with", "system"]), @"");
}

#[test]
fn an_axis_that_is_also_a_key() {
    insta::assert_snapshot!(
        histories(&["--keys", "epoch,val.acc", "--x-axis", "epoch", "--align", "exact", "--filters", r#"{"name": "lr010-seed1"}"#]),
        @""
    );
    insta::assert_snapshot!(ask(&["stats", "epoch", "--x-axis", "epoch", "--align", "exact", "--statistics", "max", "--runs", "lr010-seed1"]), @"");
}

#[test]
fn lakes_and_projects_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let report = |call: Runlake| call.run().report(&[(folder.path().to_str().unwrap(), "[DIR]")]);
    insta::assert_snapshot!(report(Runlake::new(["stats", "loss", "--lake"]).arg(folder.path())), @"");
    insta::assert_snapshot!(report(Runlake::new(["compare", "--lake"]).arg(sample_lake())), @"");
    insta::assert_snapshot!(report(Runlake::new(["describe", "--project", "runlake/digts", "--lake"]).arg(sample_lake())), @"");
    insta::assert_snapshot!(report(Runlake::new(["best", "loss", "--project", "digits", "--lake"]).arg(sample_lake())), @"");
    insta::assert_snapshot!(report(Runlake::new(["histories", "--lake"]).arg(sample_lake())), @"");
    insta::assert_snapshot!(report(Runlake::new(["stats", "loss"])), @"");
}
