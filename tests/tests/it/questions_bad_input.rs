//! What a user reads when a question across runs cannot be answered: the words, the hint and the exit code, each pinned. There is no panic,
//! and no empty table in place of an error.

use runlake_tests::command::Runlake;
use runlake_tests::lake::{PROJECT, sample_lake};
use runlake_tests::odd_lake::{ODD, odd_lake};

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
    Runlake::new(arguments).arg("--project").arg(ODD).arg("--lake").arg(odd_lake()).run().report(&[])
}

#[test]
fn keys_that_no_run_has() {
    insta::assert_snapshot!(ask(&["stats", "val.ac"]), @"
    exit code 2
    --- stderr
    error: no run has a key `val.ac`; the nearest are val.acc
    hint: keys are written with dots, such as val.acc
    ");
    insta::assert_snapshot!(ask(&["best", "train/lss"]), @"
    exit code 2
    --- stderr
    error: no run has a key `train/lss`; the nearest are train/loss
    hint: keys are written with dots, such as val.acc
    ");
    insta::assert_snapshot!(ask(&["describe", "zebra*"]), @"
    exit code 2
    --- stderr
    error: no run has a key `zebra*`; the nearest are *
    hint: keys are written with dots, such as val.acc
    ");
    insta::assert_snapshot!(ask(&["correlate", "val/acc1"]), @"
    exit code 2
    --- stderr
    error: no run has a key `val/acc1`; the nearest are val/acc, val.acc
    hint: keys are written with dots, such as val.acc
    ");
    insta::assert_snapshot!(ask(&["anomalies", "re:("]), @"
    exit code 2
    --- stderr
    error: `re:(` is not a regular expression
      caused by: regex parse error:
        (
        ^
    error: unclosed group
    hint: a glob such as train/* needs no regular expression
    ");
    insta::assert_snapshot!(ask(&["best", "val.acc", "--with", "vol.acc"]), @"
    exit code 2
    --- stderr
    error: no run has a key `vol.acc`; the nearest are val.acc
    hint: keys are written with dots, such as val.acc
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--x-axis", "epok"]), @"
    exit code 2
    --- stderr
    error: no run has a key `epok`
    hint: keys are written with dots, such as val.acc
    ");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "system", "--keys-of-other", "system.gpu.9"]), @"
    exit code 2
    --- stderr
    error: no run has a key `system.gpu.9`; the nearest are system.cpu
    hint: keys are written with dots, such as val.acc
    ");
    insta::assert_snapshot!(histories(&["--keys", "val.ac"]), @"
    exit code 2
    --- stderr
    error: no run has a key `val.ac`; the nearest are val.acc
    hint: keys are written with dots, such as val.acc
    ");
    insta::assert_snapshot!(histories(&["--keys", "val.ac", "--align", "exact"]), @"
    exit code 2
    --- stderr
    error: no run has a key `val.ac`; the nearest are val.acc
    hint: keys are written with dots, such as val.acc
    ");
}

#[test]
fn several_keys_where_one_is_asked_for() {
    insta::assert_snapshot!(ask(&["best", "train/*"]), @"
    exit code 2
    --- stderr
    error: the metric cannot be train/*: it names several: train/acc, train/loss, train/log likelihood
    ");
    insta::assert_snapshot!(ask(&["correlate", "val.*"]), @"
    exit code 2
    --- stderr
    error: the metric cannot be val.*: it names several: val.acc, val.loss
    ");
}

#[test]
fn text_where_numbers_are_asked_for() {
    insta::assert_snapshot!(ask(&["stats", "string"]), @"
    exit code 2
    --- stderr
    error: `string` holds values of the kind string, which have no place in arithmetic
    hint: text is read by `runlake query`, and by `histories` without alignment
    ");
    insta::assert_snapshot!(ask(&["best", "string"]), @"
    exit code 2
    --- stderr
    error: `string` holds values of the kind string, which have no place in arithmetic
    hint: text is read by `runlake query`, and by `histories` without alignment
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--x-axis", "string"]), @"
    exit code 2
    --- stderr
    error: `string` holds values of the kind string, which have no place in arithmetic
    hint: text is read by `runlake query`, and by `histories` without alignment
    ");
    insta::assert_snapshot!(histories(&["--keys", "string", "--align", "linear"]), @"
    exit code 2
    --- stderr
    error: `string` holds values of the kind string, which have no place in arithmetic
    hint: text is read by `runlake query`, and by `histories` without alignment
    ");
}

#[test]
fn runs_that_are_not_there() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--runs", "lr001-sed1"]), @"
    exit code 4
    --- stderr
    error: there is no run `lr001-sed1`; the nearest are lr001-seed1, lr001-seed2, lr001-seed3
    hint: `runlake query 'select run_id, display_name from runs'` lists them
    ");
    insta::assert_snapshot!(ask(&["compare", "gaps", "gasp"]), @"
    exit code 4
    --- stderr
    error: there is no run `gasp`
    hint: `runlake query 'select run_id, display_name from runs'` lists them
    ");
    insta::assert_snapshot!(ask(&["best", "val.acc", "--filters", r#"{"config.lr": 7}"#]), @r#"
    exit code 4
    --- stderr
    error: none of the 27 runs of runlake/digits passes the filter
    hint: a filter is written as for the service, such as {"config.lr": {"$gte": 0.1}}
    "#);
    insta::assert_snapshot!(histories(&["--filters", r#"{"state": "killed"}"#]), @r#"
    exit code 4
    --- stderr
    error: none of the 27 runs of runlake/digits passes the filter
    hint: a filter is written as for the service, such as {"config.lr": {"$gte": 0.1}}
    "#);
}

#[test]
fn filters_that_cannot_be_read() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--filters", r#"{"config.lr": {"$around": 7}}"#]), @"
    exit code 2
    --- stderr
    error: the filter is not valid at `config.lr.$around`: `$around` is not an operator
    hint: operators: $and $or $nor $not $eq $ne $gt $gte $lt $lte $in $nin $exists $regex; fields: state, name, displayName, group, jobType, tags, username, createdAt, heartbeatAt, duration, config.KEY, summary_metrics.KEY
    ");
    insta::assert_snapshot!(ask(&["describe", "--filters", "lr = 7"]), @r#"
    exit code 2
    --- stderr
    error: the filter is not JSON
      caused by: expected a value at byte 0
    hint: filters are JSON in Mongo's style, for example '{"state": "finished", "config.lr": {"$gte": 0.1}}'
    "#);
}

#[test]
fn groups_that_cannot_be_made() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--group-by", "config.learning_rate"]), @"
    exit code 2
    --- stderr
    error: runs cannot be grouped by `config.learning_rate`: none of the 27 runs has it
    hint: runs are grouped by config.KEY, summary.KEY, tags, group, sweep, job_type, state or username
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--group-by", "confg.lr"]), @"
    exit code 2
    --- stderr
    error: runs cannot be grouped by `confg.lr`: runs have no field `confg.lr`
    hint: runs are grouped by config.KEY, summary.KEY, tags, group, sweep, job_type, state or username
    ");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "runlake/live"]), @"
    exit code 2
    --- stderr
    error: the fields of the join cannot be empty: every run would go with every other; name a field that both have, such as config.seed
    ");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "runlake/live", "--on", "config.sed"]), @"
    exit code 2
    --- stderr
    error: runs cannot be grouped by `config.sed`: none of the 28 runs has it
    hint: runs are grouped by config.KEY, summary.KEY, tags, group, sweep, job_type, state or username
    ");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "runlake/elsewhere", "--on", "config.seed"]), @"
    exit code 4
    --- stderr
    error: the lake has no project runlake/elsewhere; it has local/digits, my team/größe 1, runlake/digits, runlake/live
    hint: `runlake info --lake DIR` lists what it holds
    ");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "/no/path", "--on", "config.seed"]), @"
    exit code 4
    --- stderr
    error: the lake has no project no/path; it has local/digits, my team/größe 1, runlake/digits, runlake/live
    hint: `runlake info --lake DIR` lists what it holds
    ");
}

#[test]
fn statistics_smoothing_and_sampling_that_there_are_not() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--statistics", "meen"]), @"
    exit code 2
    --- stderr
    error: there is no statistic `meen`; the nearest is `mean`
    hint: statistics are count, nan, mean, std, sem, min, max, median, iqm, percentiles such as p05, quantiles such as q0.333, and bounds of confidence such as ci95.low and ci95.high
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--statistics", "p101"]), @"
    exit code 2
    --- stderr
    error: a quantile cannot be 1.01: it must be between 0 and 1
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--statistics", "ci95.low", "--resamples", "0"]), @"
    exit code 2
    --- stderr
    error: the number of resamples cannot be 0.0: it must be at least one
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--smooth", "median:3"]), @"
    exit code 2
    --- stderr
    error: smoothing cannot be median:3: it is one of ema, rolling and gaussian
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--smooth", "ema:1"]), @"
    exit code 2
    --- stderr
    error: the weight of an average cannot be 1.0: it must be from 0 to below 1
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--smooth", "rolling:0"]), @"
    exit code 2
    --- stderr
    error: a window cannot be 0.0: it must be at least one value
    ");
    insta::assert_snapshot!(histories(&["--sample", "random:5"]), @"
    exit code 2
    --- stderr
    error: sampling cannot be random:5: it is one of even, lttb and minmax
    ");
    insta::assert_snapshot!(histories(&["--sample", "lttb:0"]), @"
    exit code 2
    --- stderr
    error: sampling cannot be lttb:0: nothing would be left
    ");
    insta::assert_snapshot!(histories(&["--align", "exact", "--smooth", "ema"]), @"
    exit code 2
    --- stderr
    error: smoothing cannot be ema: it is written ema:0.9, rolling:20 or gaussian:3
    ");
}

#[test]
fn places_that_make_no_axis() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--places", "0"]), @"
    exit code 2
    --- stderr
    error: the number of places cannot be 0: an axis has at least one
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--places", "99999999999999"]), @"
    exit code 1
    --- stderr
    error: more than 2699999999999973 points would have to be held at once, and 134217728 may be
    hint: put the runs on buckets or a grid, choose fewer places, keys or steps, or write every row without alignment to a file
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--align", "linear", "--places", "99999999999999"]), @"
    exit code 1
    --- stderr
    error: more than 2699999999999973 points would have to be held at once, and 134217728 may be
    hint: put the runs on buckets or a grid, choose fewer places, keys or steps, or write every row without alignment to a file
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--from", "30", "--to", "10"]), @"
    exit code 2
    --- stderr
    error: the axis cannot be from 30.0 to 10.0: it would end before it begins
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--align", "exact", "--from", "30", "--to", "10"]), @"
    exit code 2
    --- stderr
    error: the axis cannot be from 30.0 to 10.0: it would end before it begins
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--from", "nan"]), @"
    exit code 2
    --- stderr
    error: an end of the axis cannot be NaN: it must be a number
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--to", "inf"]), @"
    exit code 2
    --- stderr
    error: 1000 even places cannot be laid from 9.0 to inf
    hint: give finite ends, the lesser first, and at least one place
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--align", "asof", "--tolerance", "nan"]), @"
    exit code 2
    --- stderr
    error: the tolerance cannot be NaN: it must be at least 0
    ");
    insta::assert_snapshot!(ask(&["join", "val.acc", "--with", "system", "--tolerance", "nan"]), @"
    exit code 2
    --- stderr
    error: the tolerance cannot be NaN: it must be at least 0
    ");
    insta::assert_snapshot!(histories(&["--keys", "val.acc", "--min-step", "20", "--max-step", "10"]), @"
    exit code 2
    --- stderr
    error: the steps cannot be from 20 to before 10: there are none: the first must be less than the one before which they end
    ");
    insta::assert_snapshot!(histories(&["--keys", "val.acc", "--align", "exact", "--min-step", "20", "--max-step", "10"]), @"
    exit code 2
    --- stderr
    error: the steps cannot be from 20 to before 10: there are none: the first must be less than the one before which they end
    ");
}

#[test]
fn places_where_no_run_has_a_value() {
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--from", "5000", "--to", "6000"]), @"
    exit code 1
    --- stderr
    error: val.acc has no answer: none of the 27 runs has values of it along `_step`, or none where it was asked for
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--align", "exact", "--from", "5000", "--runs", "gaps,lr010-seed1"]), @"
    exit code 1
    --- stderr
    error: val.acc has no answer: none of the 2 runs has values of it along `_step`, or none where it was asked for
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--x-axis", "finite"]), @"
    exit code 1
    --- stderr
    error: val.acc has no answer: no row of the 27 runs has both `finite` and one of these keys
    ");
    insta::assert_snapshot!(histories(&["--keys", "val.acc", "--min-step", "5000"]), @"
    exit code 1
    --- stderr
    error: val.acc has no answer: none of the 27 runs has a row with one of these keys, or none within the steps
    ");
    insta::assert_snapshot!(ask(&["stats", "val.acc", "--system"]), @"
    exit code 2
    --- stderr
    error: no run has a key `val.acc`
    hint: keys are written with dots, such as val.acc
    ");
}

#[test]
fn rules_of_anomalies_that_make_no_sense() {
    insta::assert_snapshot!(ask(&["anomalies", "val.acc", "--goal", "last"]), @"
    exit code 2
    --- stderr
    error: --goal last does not say which values are better
    hint: it is min for losses and max for accuracies
    ");
    insta::assert_snapshot!(ask(&["anomalies", "val.acc", "--steps=-1"]), @"
    exit code 2
    --- stderr
    error: the number of steps of a divergence cannot be -1.0: it must be at least 0
    ");
    insta::assert_snapshot!(ask(&["anomalies", "val.acc", "--outlier", "nan"]), @"
    exit code 2
    --- stderr
    error: the limit of outliers cannot be NaN: it must be at least 0
    ");
}

#[test]
fn runs_with_nothing_to_say() {
    for run in ["empty", "text"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(ask_odd(&["stats", "loss", "--runs", run]).replace(run, "RUN"), @"
            exit code 1
            --- stderr
            error: loss has no answer: none of the 1 runs has values of it along `_step`
            ");
            insta::assert_snapshot!(ask_odd(&["best", "loss", "--runs", run]).replace(run, "RUN"), @"
            exit code 1
            --- stderr
            error: loss has no answer: none of the 1 runs has a value of it that is a number
            ");
        }
    }
    insta::assert_snapshot!(ask_odd(&["best", "loss", "--runs", "all-nan"]), @"
    exit code 1
    --- stderr
    error: loss has no answer: none of the 1 runs has a value of it that is a number
    ");
    insta::assert_snapshot!(ask_odd(&["stats", "loss", "--runs", "all-nan", "--align", "exact", "--statistics", "mean,count,nan"]), @"
    exit code 0
    --- stdout
    _step  mean  count  nan
        0   NaN      0    1
        1   NaN      0    1
        2   NaN      0    1
        3   NaN      0    1
        4   NaN      0    1
    --- stderr
    1 of 1 runs have values, on 5 places of _step
    ");
    insta::assert_snapshot!(ask_odd(&["correlate", "loss", "--runs", "all-nan,one"]), @"
    exit code 1
    --- stderr
    error: what moved loss has no answer: 1 of the 2 runs has a finite value of it, and two are needed
    ");
    insta::assert_snapshot!(ask_odd(&["correlate", "loss", "--runs", "one,lr0-seed1", "--filters", r#"{"config.lr": 0.1}"#]), @"
    exit code 1
    --- stderr
    error: what moved loss has no answer: 1 of the 1 runs has a finite value of it, and two are needed
    ");
    insta::assert_snapshot!(ask_odd(&["compare", "one"]), @"
    exit code 1
    --- stderr
    error: what differs has no answer: there is only one run
    ");
    insta::assert_snapshot!(ask_odd(&["anomalies", "loss", "--runs", "one"]), @"
    exit code 0
    --- stdout
    run_id  display_name  key  what  _step  value
    --- stderr
    nothing went wrong by these rules
    ");
    insta::assert_snapshot!(ask_odd(&["stats", "loss", "--runs", "one", "--statistics", "mean,std,count"]), @"
    exit code 0
    --- stdout
    _step  mean  std  count
      3.0   7.5           1
    --- stderr
    1 of 1 runs have values, on 1 places of _step
    ");
    insta::assert_snapshot!(ask_odd(&["describe", "loss", "--runs", "empty"]), @"
    exit code 0
    --- stdout
    key   kind    runs  count  nulls  nan  infinite  min  max  last  first_step  last_step
    loss  number     0      0      0    0         0
    ");
    insta::assert_snapshot!(ask_odd(&["join", "loss", "--runs", "far", "--with", "system"]), @"
    exit code 1
    --- stderr
    error: the join with system metrics has no answer: no reading lies within [TIME] of a row
    ");
}

#[test]
fn runs_without_a_place_in_common() {
    insta::assert_snapshot!(ask_odd(&["stats", "loss", "--runs", "far", "--to", "50"]), @"
    exit code 1
    --- stderr
    error: loss has no answer: none of the 1 runs has values of it along `_step`, or none where it was asked for
    ");
    let only = ["--filters", r#"{"name": {"$in": ["far", "other1"]}}"#];
    insta::assert_snapshot!(ask_odd(&[["join", "loss", "--with", "team/other", "--on", "state"].as_slice(), &only].concat()), @r#"
    exit code 1
    --- stderr
    error: team/odd with team/other has no answer: the runs that go together have no place of _step in common; buckets or asof may bring them there
    "#);
}

/// Keys that are called as columns of answers are: no two columns have one name.
#[test]
fn names_that_are_taken() {
    let names = ["--runs", "names"];
    let ask = |arguments: &[&str]| ask_odd(&[arguments, &names].concat());
    insta::assert_snapshot!(ask(&["best", "mean", "--with", "rows,key,run_id,project,a.b"]), @"
    exit code 0
    --- stdout
    run_id  display_name   mean  _step  _runtime  _timestamp  rows  rows (logged)   key  run_id_2  project_2   a.b
    names   the run names  11.0     11                  11.0    12           66.0  33.0      44.0       55.0  22.0
    ");
    insta::assert_snapshot!(ask(&["stats", "key", "rows", "--x-axis", "mean", "--places", "2"]), @"
    exit code 2
    --- stderr
    error: a statistic cannot be mean: the table has a column of that name already
    ");
    insta::assert_snapshot!(ask(&["stats", "rows", "mean", "--x-axis", "key", "--align", "exact", "--statistics", "max", "--to", "3"]), @"
    exit code 0
    --- stdout
    key   key (logged)  max
    rows           0.0  0.0
    rows           3.0  6.0
    mean           0.0  0.0
    mean           3.0  1.0
    --- stderr
    1 of 1 runs have values, on 2 places of key
    ");
    insta::assert_snapshot!(ask(&["join", "system.cpu", "--with", "system", "--tolerance", "0.2"]), @"
    exit code 0
    --- stdout
    run_id  _step  _timestamp  _runtime  system.cpu  other system.cpu  system.gpu.0.gpu
    names       0         0.0                   0.0               0.0
    names       1         1.0                   8.0
    names       2         2.0                  16.0
    names       3         3.0                  24.0               1.0
    names       4         4.0                  32.0
    names       5         5.0                  40.0
    names       6         6.0                  48.0
    names       7         7.0                  56.0
    names       8         8.0                  64.0
    names       9         9.0                  72.0
    names      10        10.0                  80.0
    names      11        11.0                  88.0
    ");
}

#[test]
fn an_axis_that_is_also_a_key() {
    insta::assert_snapshot!(
        histories(&["--keys", "epoch,val.acc", "--x-axis", "epoch", "--align", "exact", "--filters", r#"{"name": "lr010-seed1"}"#]),
        @"
    exit code 0
    --- stdout
    run_id       epoch  epoch (logged)   val.acc
    lr010-seed1    0.0             0.0  0.700280
    lr010-seed1    1.0             1.0  0.843137
    lr010-seed1    2.0             2.0  0.904762
    lr010-seed1    3.0             3.0  0.938375
    lr010-seed1    4.0             4.0  0.941176
    lr010-seed1    5.0             5.0  0.952381
    lr010-seed1    6.0             6.0  0.952381
    --- stderr
    1 of 1 runs have values, on 7 places of epoch
    "
    );
    insta::assert_snapshot!(ask(&["stats", "epoch", "--x-axis", "epoch", "--align", "exact", "--statistics", "max", "--runs", "lr010-seed1"]), @"
    exit code 0
    --- stdout
    epoch  max
      0.0  0.0
      1.0  1.0
      2.0  2.0
      3.0  3.0
      4.0  4.0
      5.0  5.0
      6.0  6.0
    --- stderr
    1 of 1 runs have values, on 7 places of epoch
    ");
}

#[test]
fn lakes_and_projects_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let report = |call: Runlake| call.run().report(&[(folder.path().to_str().unwrap(), "[DIR]")]);
    insta::assert_snapshot!(report(Runlake::new(["stats", "loss", "--lake"]).arg(folder.path())), @"
    exit code 4
    --- stderr
    error: there is no lake at [DIR]
    hint: `runlake export ENTITY/PROJECT --lake DIR` or `runlake import WANDB_DIR --lake DIR` makes one
    ");
    insta::assert_snapshot!(report(Runlake::new(["compare", "--lake"]).arg(sample_lake())), @"
    exit code 2
    --- stderr
    error: the lake has several projects: local/digits, my team/größe 1, runlake/digits, runlake/live
    hint: name the project with --project; `runlake info` lists them
    ");
    insta::assert_snapshot!(report(Runlake::new(["describe", "--project", "runlake/digts", "--lake"]).arg(sample_lake())), @"
    exit code 4
    --- stderr
    error: the lake has no project runlake/digts; it has local/digits, my team/größe 1, runlake/digits, runlake/live
    hint: `runlake info --lake DIR` lists what it holds
    ");
    insta::assert_snapshot!(report(Runlake::new(["best", "loss", "--project", "digits", "--lake"]).arg(sample_lake())), @"
    exit code 2
    --- stderr
    error: `digits` is not a path of the form ENTITY/PROJECT
    hint: a project is ENTITY/PROJECT and a run is ENTITY/PROJECT/RUN_ID, where RUN_ID is the last part of the run's address
    ");
    insta::assert_snapshot!(report(Runlake::new(["histories", "--lake"]).arg(sample_lake())), @"
    exit code 2
    --- stderr
    error: the lake has several projects: local/digits, my team/größe 1, runlake/digits, runlake/live
    hint: name the project with --project; `runlake info` lists them
    ");
    insta::assert_snapshot!(report(Runlake::new(["stats", "loss"])), @"
    exit code 2
    --- stderr
    error: the following required arguments were not provided:
      --lake <DIR|URL>

    Usage: runlake stats --lake <DIR|URL> <KEY>...

    For more information, try '--help'.
    ");
}
