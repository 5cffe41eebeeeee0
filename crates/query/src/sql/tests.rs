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
        let options = ImportOptions { entity: Some("my team".to_owned()), project: Some("größe 1".to_owned()), ..ImportOptions::default() };
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

/// The cells of a frame, a line a row.
fn cells(frame: &DataFrame) -> String {
    let rows = (0..frame.height()).map(|row| {
        let cells = frame.columns().iter().map(|column| column.get(row).unwrap().to_string().trim_matches('"').to_owned());
        cells.collect::<Vec<_>>().join(" | ")
    });
    std::iter::once(frame.get_column_names_str().join(" | ")).chain(rows).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn rows_of_the_tables() {
    let sample = Sample::new().await;
    let shown = sample.rows("SELECT run_id, config.lr, config.seed, tags FROM runs WHERE config.lr > 0.5 ORDER BY run_id").await;
    insta::assert_snapshot!(cells(&shown), @"");
    let shown = sample
        .rows(
            "SELECT r.run_id, r.config.lr, max(h.val.acc) AS best, count(*) FROM histories h JOIN runs r USING (entity, project, run_id)
             WHERE h.val.acc IS NOT NULL GROUP BY r.run_id, r.config.lr ORDER BY best DESC LIMIT 2",
        )
        .await;
    insta::assert_snapshot!(cells(&shown), @"");
    let shown = sample.rows("SELECT project, count(*), min(_step), max(_step) FROM histories WHERE run_id = 'sparse' GROUP BY project ORDER BY 1").await;
    insta::assert_snapshot!(cells(&shown), @"");
    let shown = sample.rows(r#"SELECT _step, "Loss", "LOSS", "*" FROM histories WHERE run_id = 'names' ORDER BY _step LIMIT 1"#).await;
    insta::assert_snapshot!(cells(&shown), @"");
    assert_eq!(sample.rows("SELECT * FROM histories LIMIT 1").await.get_column_names_str()[..4], ["run_id", "entity", "project", "_step"]);
    assert_eq!(cells(&sample.rows("SHOW TABLES").await), "table\nhistories\nruns\nsystem_metrics");
    assert_eq!(sample.rows("DESCRIBE system_metrics").await.get_column_names_str(), ["column", "type"]);
    assert_eq!(sample.rows("SELECT run_id FROM runs WHERE false").await.shape(), (0, 1));
    assert!(sample.rows("SELECT config.* FROM runs").await.get_column_names_str().iter().all(|name| name.starts_with("config.")));
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
    insta::assert_snapshot!(plan, @"");
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
        let there = session.query(sql).await.unwrap().collect().await.unwrap();
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
    let joined = session.query("SELECT r.run_id, l.label, l.code FROM runs r JOIN labels l USING (run_id) ORDER BY r.run_id").await.unwrap();
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
    let mut shown = String::new();
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
        shown.push_str(&format!("{}\n\n", sample.fault(sql).await));
    }
    insta::assert_snapshot!(shown, @"");
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
    "SELECT", "FROM", "runs", "histories", "run_id", "config.lr", "config", "*", ",", "(", ")", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "0",
    "1", "-1", "'a'", "\"val.acc\"", "=", ">", "+", "/", "AND", "NOT", "NULL", "IN", "BETWEEN", "CASE WHEN", "THEN", "ELSE", "END", "AS x",
    "JOIN", "USING (run_id)", "ON", "max", "count", "median", "OVER", "PARTITION BY", "UNION", "WITH t AS", "t", "DISTINCT", "HAVING", ".",
    ";", "--", "/*", "tags", "[1]", "CAST", "::int", "INTERVAL '1 day'", "EXPLAIN", "VALUES", "unnest", "columns('.*')", "date_part('year',",
    "created_at", "substr", "round", "99999999999999999999", "1e999", "é", "$1", "?", "{", "^a$",
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
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() });
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
