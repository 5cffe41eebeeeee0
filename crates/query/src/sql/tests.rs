//! Statements over the sample runs.

use std::path::Path;

use polars::prelude::DataFrame;
use proptest::prelude::*;
use runlake_lake::import::{ImportOptions, import};
use runlake_lake::{Lake, Location};
use runlake_types::ProjectPath;
use tempfile::TempDir;

use super::*;
use crate::Error;

struct Sample {
    folder: TempDir,
    lake: Lake,
}

impl Sample {
    async fn new() -> Self {
        Self::below("lake").await
    }

    /// With the lake in this folder of a temporary one. All sample runs are in `runlake/digits`, and one of them in `my team/größe 1` too.
    async fn below(path: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open_or_create(Location::folder(&folder.path().join(path)).unwrap()).await.unwrap();
        let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits/wandb");
        import(&lake, std::slice::from_ref(&logs), &ImportOptions::default(), &mut |_| {}).await.unwrap();
        let sparse = fs_err::read_dir(&logs).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.ends_with(folder_of("sparse")));
        let options =
            ImportOptions { entity: Some("my team".to_owned()), project: Some("größe 1".to_owned()), ..ImportOptions::default() };
        import(&lake, &[sparse.unwrap()], &options, &mut |_| {}).await.unwrap();
        Self { folder, lake }
    }

    async fn session(&self) -> SqlSession {
        SqlSession::open(&self.lake, &[]).await.unwrap()
    }

    async fn rows(&self, sql: &str) -> DataFrame {
        let query = self.session().await.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        query.collect().await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// What is wrong with a statement, when it is planned or when it is carried out, and the hint.
    async fn fault(&self, sql: &str) -> String {
        let error: Error = match self.session().await.query(sql).await {
            Ok(query) => query.collect().await.err().unwrap_or_else(|| panic!("{sql} has rows")),
            Err(error) => error,
        };
        let hint = error.hint().map_or_else(String::new, |hint| format!("\nhint: {hint}"));
        format!("{error}{hint}")
    }
}

fn folder_of(run_id: &str) -> String {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits/wandb");
    let mut names = fs_err::read_dir(logs).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.find(|name| name.ends_with(&format!("-{run_id}"))).unwrap()
}

fn names(frame: &DataFrame) -> Vec<&str> {
    frame.get_column_names().into_iter().map(polars::prelude::PlSmallStr::as_str).collect()
}

/// The cells of a frame, a line a row.
fn cells(frame: &DataFrame) -> String {
    let rows = (0..frame.height()).map(|row| {
        let cells = frame.columns().iter().map(|column| column.get(row).unwrap().to_string().trim_matches('"').to_owned());
        cells.collect::<Vec<_>>().join(" | ")
    });
    std::iter::once(names(frame).join(" | ")).chain(rows).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn rows_of_the_tables() {
    let sample = Sample::new().await;
    let shown = sample.rows("SELECT run_id, config.lr, config.seed, tags FROM runs WHERE config.lr > 0.5 ORDER BY run_id").await;
    insta::assert_snapshot!(cells(&shown), @r#"
    run_id | config.lr | config.seed | tags
    diverges | 300.0 | 0 | []
    lr100-seed1 | 1.0 | 1 | ["grid", "seed-1"]
    lr100-seed2 | 1.0 | 2 | ["grid", "seed-2"]
    lr100-seed3 | 1.0 | 3 | ["grid", "seed-3"]
    "#);
    let shown = sample
        .rows(
            "SELECT r.run_id, r.config.lr, max(h.val.acc) AS best, count(*) FROM histories h JOIN runs r USING (entity, project, run_id)
             WHERE h.val.acc IS NOT NULL GROUP BY r.run_id, r.config.lr ORDER BY best DESC LIMIT 2",
        )
        .await;
    insta::assert_snapshot!(cells(&shown), @"
    run_id | config.lr | best | count(*)
    lr100-seed1 | 1.0 | 0.969188 | 8
    lr100-seed3 | 1.0 | 0.966387 | 8
    ");
    let shown = sample
        .rows("SELECT project, count(*), min(_step), max(_step) FROM histories WHERE run_id = 'sparse' GROUP BY project ORDER BY 1")
        .await;
    insta::assert_snapshot!(cells(&shown), @"
    project | count(*) | min(_step) | max(_step)
    digits | 10 | 0 | 10000000000
    größe 1 | 10 | 0 | 10000000000
    ");
    let shown = sample.rows(r#"SELECT _step, "Loss", "LOSS", "*" FROM histories WHERE run_id = 'names' ORDER BY _step LIMIT 1"#).await;
    insta::assert_snapshot!(cells(&shown), @"
    _step | Loss_2 | LOSS | _*
    0 | null | null | 0.265625
    ");
    assert_eq!(names(&sample.rows("SELECT * FROM histories LIMIT 1").await)[..4], ["run_id", "entity", "project", "_step"]);
    assert_eq!(cells(&sample.rows("SHOW TABLES").await), "table\nhistories\nruns\nsystem_metrics");
    assert_eq!(names(&sample.rows("DESCRIBE system_metrics").await), ["column", "type"]);
    let union = "SELECT count(*) FROM (SELECT run_id FROM histories UNION ALL SELECT run_id FROM runs) AS both";
    assert_eq!(cells(&sample.rows(union).await), "count(*)\n1533");
    assert_eq!(sample.rows("SELECT run_id FROM runs WHERE false").await.shape(), (0, 1));
    assert!(names(&sample.rows("SELECT config.* FROM runs").await).iter().all(|name| name.starts_with("config.")));
}

#[tokio::test]
async fn one_project_of_several() {
    let sample = Sample::new().await;
    let session = SqlSession::open(&sample.lake, &[ProjectPath::new("my team", "größe 1")]).await.unwrap();
    let runs = session.query("SELECT r.run_id, r.project, count(*) FROM runs r JOIN histories USING (run_id) GROUP BY ALL").await.unwrap();
    assert_eq!(cells(&runs.collect().await.unwrap()), "run_id | project | count(*)\nsparse | größe 1 | 10");
    let error = SqlSession::open(&sample.lake, &[ProjectPath::new("no", "where")]).await.unwrap_err();
    assert_eq!(error.to_string(), "the lake has no project no/where; it has my team/größe 1, runlake/digits");
}

#[tokio::test]
async fn projections_and_conditions_reach_the_files() {
    let sample = Sample::new().await;
    let query = sample.session().await.query("SELECT max(_step) FROM histories WHERE project = 'digits' AND _step > 3").await.unwrap();
    let plan = query.explain().await.unwrap().replace(sample.folder.path().to_str().unwrap(), "[DIR]");
    let plan = plan.lines().map(|line| if let Some(at) = line.find("/part-") { &line[..at] } else { line }).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(plan, @r#"
    SELECT [col("_step").max().alias("max(_step)")]
      simple π 1/1 ["_step"]
        Parquet SCAN [[DIR]/lake/histories/entity=runlake/project=digits
        PROJECT 2/104 COLUMNS
        SELECTION: (col("_step") > 3) & (col("project") == "digits")
    "#);
    let lines = sample.rows("EXPLAIN SELECT run_id FROM histories").await;
    assert!(cells(&lines).starts_with("plan\n"), "{}", cells(&lines));
}

#[tokio::test]
async fn the_lakes_own_readers_give_the_same() {
    let sample = Sample::new().await;
    for sql in [
        "SELECT * FROM histories ORDER BY entity, run_id, _step",
        "SELECT * FROM system_metrics ORDER BY run_id, _timestamp",
        "SELECT count(*) FROM histories",
        "SELECT run_id, val.acc FROM histories WHERE val.acc > 0.9 ORDER BY run_id, _step LIMIT 5 OFFSET 3",
        "SELECT project, count(val.acc) FROM histories WHERE _step > 3 GROUP BY project ORDER BY project",
        "SELECT _step FROM histories WHERE run_id = 'gaps' LIMIT 3",
        "SELECT h.run_id, count(*) FROM histories h JOIN runs USING (run_id) GROUP BY h.run_id ORDER BY h.run_id",
    ] {
        let here = sample.rows(sql).await;
        let session = sample.session().await.through_the_lake();
        let there = session.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).collect().await;
        let there = there.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(here.equals_missing(&there), "{sql}\n{here}\n{there}");
    }
}

#[tokio::test]
async fn a_lake_in_a_folder_that_looks_like_a_partition() {
    let sample = Sample::below("year=2026/x[1]*").await;
    assert_eq!(cells(&sample.rows("SELECT count(*) FROM histories WHERE project = 'größe 1'").await), "count(*)\n10");
}

#[tokio::test]
async fn files_are_tables() {
    let sample = Sample::new().await;
    let labels = sample.folder.path().join("labels.csv");
    fs_err::write(&labels, "run_id,label,code\nlr100-seed1,good,007\nlr100-seed2,bad,8\nnobody,none,9\n").unwrap();
    let mut session = sample.session().await;
    session.add_table("labels", &labels).unwrap();
    let joined =
        session.query("SELECT r.run_id, l.label, l.code FROM runs r JOIN labels l USING (run_id) ORDER BY r.run_id").await.unwrap();
    assert_eq!(cells(&joined.collect().await.unwrap()), "run_id | label | code\nlr100-seed1 | good | 007\nlr100-seed2 | bad | 8");
    let taken = session.add_table("runs", &labels).unwrap_err();
    assert!(taken.to_string().ends_with("cannot be the table `runs`: the lake has a table of this name"), "{taken}");
    assert_eq!(session.tables(), ["histories", "labels", "runs", "system_metrics"]);
}

#[tokio::test]
async fn a_lake_without_runs() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open_or_create(Location::folder(folder.path()).unwrap()).await.unwrap();
    let session = SqlSession::open(&lake, &[]).await.unwrap();
    for sql in ["SELECT run_id, state FROM runs", "SELECT run_id, _step FROM histories", "SELECT run_id, project FROM system_metrics"] {
        assert_eq!(session.query(sql).await.unwrap().collect().await.unwrap().shape(), (0, 2), "{sql}");
    }
}

#[tokio::test]
async fn faults_point_at_the_word() {
    let sample = Sample::new().await;
    let mut shown = Vec::new();
    for sql in [
        "SELECT run_id FROM runs WHERE",
        "SELECT run_id,\n       stat\nFROM runs",
        "SELECT * FROM histroies",
        "SELECT h.run_ID FROM histories h",
        "SELECT run_id, config.lrr FROM runs",
        "SELECT config.optimizer FROM runs",
        "SELECT config FROM runs",
        "SELECT medians(_step) FROM histories",
        "SELECT state + 1 FROM runs",
        "SELECT run_id FROM runs WHERE config.lr = 'high'",
        "SELECT run_id FROM runs WHERE state",
        "SELECT sum(state) FROM runs",
        "SELECT val/acc FROM histories",
        "SELECT state, run_id FROM runs GROUP BY state",
        "SELECT run_id, run_id FROM runs",
        "SELECT cast(state AS int) FROM runs",
        "SELECT order FROM runs",
        "SELECT 'open FROM runs",
        "SELECT run_id FROM runs JOIN histories USING (runid)",
        "WITH runs AS (SELECT 1 AS x) SELECT x FROM runs",
        "SELECT 1; SELECT 2",
        "",
        "DROP TABLE runs",
        "CREATE TABLE x AS SELECT 1",
        "DELETE FROM runs",
        "EXPLAIN DROP TABLE runs",
        "SELECT * FROM read_csv('/etc/passwd')",
        "DESCRIBE run",
        "SELECT regexp_like(run_id, '(') FROM runs",
        "SELECT run_id FROM runs ORDER BY 0",
        "SELECT run_id FROM runs UNION SELECT run_id, state FROM runs",
    ] {
        shown.push(sample.fault(sql).await);
    }
    insta::assert_snapshot!(shown.join("\n\n"), @r#"
    the statement ends where an expression is expected
    1 | SELECT run_id FROM runs WHERE
      |                              ^

    there is no column `stat`; is it state?
    2 |        stat
      |        ^^^^
    hint: DESCRIBE table lists the columns of a table

    there is no table `histroies`; is it histories?
    1 | SELECT * FROM histroies
      |               ^^^^^^^^^
    hint: the tables are histories, runs, system_metrics; a file becomes one with --table NAME=FILE

    there is no column `h.run_ID`; is it run_id or run_id_2?
    1 | SELECT h.run_ID FROM histories h
      |        ^^^^^^^^
    hint: DESCRIBE table lists the columns of a table

    no run has a key `lrr` in its config; is it config.lr?
    1 | SELECT run_id, config.lrr FROM runs
      |                ^^^^^^^^^^
    hint: DESCRIBE runs lists every key; SELECT config.* FROM runs shows all

    `config.optimizer` is a dict, and its keys are columns; is it config.optimizer.momentum or config.optimizer.name or config.optimizer.schedule.kind?
    1 | SELECT config.optimizer FROM runs
      |        ^^^^^^^^^^^^^^^^

    `config` is a dict, and its keys are columns
    1 | SELECT config FROM runs
      |        ^^^^^^
    hint: write config.augment for one, config.* for all

    there is no function `medians`; is it median?
    1 | SELECT medians(_step) FROM histories
      |        ^^^^^^^

    arithmetic on types str and integer is not allowed (lhs: column 'state', rhs: expression `integer: 1`); CAST(… AS …) changes a type
    1 | SELECT state + 1 FROM runs
      |        ^^^^^^^^^

    cannot compare string with numeric type (f64)
    1 | SELECT run_id FROM runs WHERE config.lr = 'high'
      |                               ^^^^^^^^^^^^^^^^^^

    a condition is true or false, and this is of type `String`
    1 | SELECT run_id FROM runs WHERE state
      |                               ^^^^^

    `sum` operation not supported for type `str`
    1 | SELECT sum(state) FROM runs
      |        ^^^^^^^^^^

    there is no column `val`; is it val.acc or val/acc or val.loss?
    1 | SELECT val/acc FROM histories
      |        ^^^
    hint: such names are written in double quotes: "val/acc"

    `run_id` is neither grouped by nor aggregated
    1 | SELECT state, run_id FROM runs GROUP BY state
      |               ^^^^^^
    hint: add it to GROUP BY, or take one of its values, such as max("run_id")

    two columns of the result are called `run_id`
    1 | SELECT run_id, run_id FROM runs
      |                ^^^^^^
    hint: name one of them with AS

    conversion from `str` to `i32` failed in column 'state' for 28 out of 28 values: ["finished", "finished", … "finished"]
    1 | SELECT cast(state AS int) FROM runs
      |             ^^^^^

    there is no column `order`
    1 | SELECT order FROM runs
      |        ^^^^^
    hint: DESCRIBE table lists the columns of a table

    unterminated string literal
    1 | SELECT 'open FROM runs
      |        ^

    there is no column `runid`; is it run_id?
    1 | SELECT run_id FROM runs JOIN histories USING (runid)
      |                                               ^^^^^
    hint: DESCRIBE table lists the columns of a table

    `runs` is a table, and WITH gives the name to something else
    1 | WITH runs AS (SELECT 1 AS x) SELECT x FROM runs
      |      ^^^^
    hint: choose another name after WITH

    one statement at a time
    1 | SELECT 1; SELECT 2
      |           ^
    hint: `runlake sql` takes several, each with a semicolon at its end

    there is no statement
    hint: for example: SELECT * FROM runs

    `DROP` would not read the lake, and nothing else is done here
    1 | DROP TABLE runs
      | ^^^^
    hint: statements are SELECT, WITH … SELECT, EXPLAIN SELECT, DESCRIBE table and SHOW TABLES

    `CREATE` would not read the lake, and nothing else is done here
    1 | CREATE TABLE x AS SELECT 1
      | ^^^^^^
    hint: statements are SELECT, WITH … SELECT, EXPLAIN SELECT, DESCRIBE table and SHOW TABLES

    `DELETE` would not read the lake, and nothing else is done here
    1 | DELETE FROM runs
      | ^^^^^^
    hint: statements are SELECT, WITH … SELECT, EXPLAIN SELECT, DESCRIBE table and SHOW TABLES

    `EXPLAIN` would not read the lake, and nothing else is done here
    1 | EXPLAIN DROP TABLE runs
      | ^^^^^^^
    hint: statements are SELECT, WITH … SELECT, EXPLAIN SELECT, DESCRIBE table and SHOW TABLES

    `read_csv` is no table
    1 | SELECT * FROM read_csv('/etc/passwd')
      |               ^^^^^^^^
    hint: a file becomes a table with --table NAME=FILE

    there is no table `run`; is it runs?
    1 | DESCRIBE run
      |          ^^^
    hint: the tables are histories, runs, system_metrics; a file becomes one with --table NAME=FILE

    a pattern is no regular expression: unclosed group
    1 | SELECT regexp_like(run_id, '(') FROM runs
      |        ^^^^^^^^^^^^^^^^^^^^^^^^

    Polars does not know how to carry this out

    UNION requires equal number of columns in each table (use 'UNION BY NAME' to combine mismatched tables)
    "#);
}

#[tokio::test]
async fn a_session_goes_on_after_a_fault() {
    let session = Sample::new().await;
    let session = (session.session().await, session);
    for sql in ["SELECT run_id FROM runs ORDER BY 0", "SELECT nothing FROM runs", "SELECT run_id FROM runs WHERE state"] {
        assert!(session.0.query(sql).await.is_err());
    }
    assert_eq!(session.0.query("SELECT run_id FROM runs LIMIT 1").await.unwrap().collect().await.unwrap().height(), 1);
}

/// Pieces of statements, put together by chance: most of what comes out is no SQL, some of it is.
const PIECES: &[&str] = &[
    "SELECT",
    "FROM",
    "runs",
    "histories",
    "run_id",
    "config.lr",
    "config",
    "*",
    ",",
    "(",
    ")",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "0",
    "1",
    "-1",
    "'a'",
    "\"val.acc\"",
    "=",
    ">",
    "+",
    "/",
    "AND",
    "NOT",
    "NULL",
    "IN",
    "BETWEEN",
    "CASE WHEN",
    "THEN",
    "ELSE",
    "END",
    "AS x",
    "JOIN",
    "USING (run_id)",
    "ON",
    "max",
    "count",
    "median",
    "OVER",
    "PARTITION BY",
    "UNION",
    "WITH t AS",
    "t",
    "DISTINCT",
    "HAVING",
    ".",
    ";",
    "--",
    "/*",
    "tags",
    "[1]",
    "CAST",
    "::int",
    "INTERVAL '1 day'",
    "EXPLAIN",
    "VALUES",
    "unnest",
    "columns('.*')",
    "date_part('year',",
    "created_at",
    "substr",
    "round",
    "99999999999999999999",
    "1e999",
    "é",
    "$1",
    "?",
    "{",
    "^a$",
];

#[test]
fn whatever_is_asked_nothing_breaks() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _runtime = runtime.enter();
    let sample = runtime.block_on(Sample::new());
    let session = runtime.block_on(sample.session());
    let pieces = prop::collection::vec(prop::sample::select(PIECES), 0..14);
    let statement = prop_oneof![
        pieces.clone().prop_map(|pieces| pieces.join(" ")),
        pieces.clone().prop_map(|pieces| format!("SELECT {} FROM runs", pieces.join(" "))),
        pieces.prop_map(|pieces| format!("SELECT run_id FROM runs WHERE {}", pieces.join(" "))),
        "\\PC{0,40}".prop_map(|text| format!("SELECT {text}")),
    ];
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&statement, |sql| {
        let told = runtime.block_on(async {
            match session.query(&sql).await {
                Ok(query) => query.collect().await.err().map(|error| error.to_string()),
                Err(error) => Some(error.to_string()),
            }
        });
        if let Some(told) = told {
            for dump in ["Span(", "Ident {", "ErrString", "FAILED HERE", "Location("] {
                prop_assert!(!told.contains(dump), "{sql}\n{told}");
            }
        }
        Ok(())
    });
    outcome.unwrap();
}
