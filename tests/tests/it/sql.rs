//! SQL from the command line: answers, faults that point at the word, the shell through a pipe and at a terminal, the queries of the
//! documentation, and the same answers as another engine.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use runlake_tests::command::{Outcome, Runlake};
use runlake_tests::lake::{sample_lake, small_lake};
use runlake_tests::python::pass_checks;
use runlake_tests::shared::workspace_folder;

fn ask(sql: &str) -> Runlake {
    Runlake::new(["query", sql, "--lake"]).arg(sample_lake()).arg("--project").arg("runlake/digits")
}

fn report(sql: &str) -> String {
    ask(sql).run().report(&[])
}

/// `runlake sql` with this on stdin.
fn shell(lake: &Path, input: &str) -> Outcome {
    let (mut command, home) = Runlake::new(["sql", "--lake"]).arg(lake).into_parts();
    let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let started = std::time::Instant::now();
    let output = shell.wait_with_output().unwrap();
    drop(home);
    let stderr = String::from_utf8(output.stderr).unwrap();
    Outcome { code: output.status.code(), stdout: output.stdout, stderr, elapsed: started.elapsed() }
}

#[test]
fn runs_with_their_configs() {
    let sql = "SELECT run_id, state, config.lr, config.seed, tags FROM runs WHERE array_contains(tags, 'grid') ORDER BY config.lr DESC, run_id LIMIT 4";
    insta::assert_snapshot!(report(sql), @r#"
    exit code 0
    --- stdout
    run_id       state     config.lr  config.seed  tags
    lr100-seed1  finished        1.0            1  ["grid","seed-1"]
    lr100-seed2  finished        1.0            2  ["grid","seed-2"]
    lr100-seed3  finished        1.0            3  ["grid","seed-3"]
    lr010-seed1  finished        0.1            1  ["grid","seed-1"]
    "#);
}

#[test]
fn the_best_of_each_run() {
    let sql = "SELECT r.run_id, r.config.lr, max(h.val.acc) AS best FROM histories h JOIN runs r USING (entity, project, run_id) \
               WHERE h.val.acc IS NOT NULL GROUP BY r.run_id, r.config.lr ORDER BY best DESC, r.run_id LIMIT 3";
    insta::assert_snapshot!(report(sql), @"
    exit code 0
    --- stdout
    run_id       config.lr      best
    lr100-seed1        1.0  0.969188
    lr100-seed3        1.0  0.966387
    lr100-seed2        1.0  0.963585
    ");
}

#[test]
fn faults_are_shown_in_their_line() {
    let shown: Vec<String> = [
        "SELECT run_id,\n  config.lrr\nFROM runs",
        "SELECT run_id FROM runz",
        "SELECT run_id FROM runs WHERE state > 3",
        "SELECT run_id FROM",
        "DROP TABLE runs",
    ]
    .map(report)
    .into();
    insta::assert_snapshot!(shown.join("\n"), @"
    exit code 2
    --- stderr
    error: no run has a key `lrr` in its config; is it config.lr?
    2 |   config.lrr
      |   ^^^^^^^^^^
    hint: DESCRIBE runs lists every key; SELECT config.* FROM runs shows all

    exit code 2
    --- stderr
    error: there is no table `runz`; is it runs?
    1 | SELECT run_id FROM runz
      |                    ^^^^
    hint: the tables are histories, runs, system_metrics; a file becomes one with --table NAME=FILE

    exit code 2
    --- stderr
    error: cannot compare string with numeric type (i32)
    1 | SELECT run_id FROM runs WHERE state > 3
      |                               ^^^^^^^^^

    exit code 2
    --- stderr
    error: the statement ends where identifier is expected
    1 | SELECT run_id FROM
      |                   ^

    exit code 2
    --- stderr
    error: `DROP` would not read the lake, and nothing else is done here
    1 | DROP TABLE runs
      | ^^^^
    hint: statements are SELECT, WITH … SELECT, EXPLAIN SELECT, DESCRIBE table and SHOW TABLES
    ");
}

#[test]
fn every_format_has_every_row() {
    let sql = "SELECT run_id, created_at, tags, config.lr, count(*) OVER () AS n FROM runs ORDER BY run_id";
    for format in ["json", "ndjson", "csv"] {
        let text = ask(sql).arg("--format").arg(format).succeed().text();
        assert_eq!(text.matches("2026-11-24").count(), 27, "{format}\n{text}");
    }
    for format in ["parquet", "arrow", "arrow-file"] {
        assert!(!ask(sql).arg("--format").arg(format).succeed().stdout.is_empty());
    }
    let none = ask("SELECT run_id, state FROM runs WHERE false").arg("--format").arg("csv").succeed().text();
    assert_eq!(none, "run_id,state\n", "no rows still have columns");
}

#[test]
fn a_file_of_labels() {
    let folder = tempfile::tempdir().unwrap();
    let labels = folder.path().join("labels.csv");
    fs_err::write(&labels, "run_id,label\ngaps,0123\nsparse,7\n").unwrap();
    let table = format!("labels={}", labels.display());
    let joined = ask("SELECT r.run_id, l.label FROM runs r JOIN labels l USING (run_id) ORDER BY r.run_id");
    assert_eq!(joined.arg("--table").arg(&table).arg("--format").arg("csv").succeed().text(), "run_id,label\ngaps,0123\nsparse,7\n");
    let bad = folder.path().join("bad.parquet");
    fs_err::write(&bad, "nothing of the kind").unwrap();
    let outcome = ask("SELECT 1").arg("--table").arg(format!("bad={}", bad.display())).run();
    insta::assert_snapshot!(outcome.report(&[(folder.path().to_str().unwrap(), "[DIR]")]), @"
    exit code 2
    --- stderr
    error: [DIR]/bad.parquet cannot be the table `bad`: it is no Parquet file, or a damaged one (File out of specification: The file must end with PAR1)
    hint: a table is named and read from a file with NAME=FILE, such as labels=labels.csv
    ");
    let outcome = ask("SELECT 1").arg("--table").arg("labels.csv").run();
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
}

#[test]
fn a_statement_from_stdin_and_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("q.sql");
    fs_err::write(&file, "-- how many\nSELECT count(*) AS n FROM runs;\n").unwrap();
    let of_file = Runlake::new(["query", "--format", "csv", "--lake"]).arg(small_lake()).arg("--file").arg(&file).succeed();
    assert_eq!(of_file.text(), "n\n6\n");
    let (mut command, _home) = Runlake::new(["query", "-", "--format", "csv", "--lake"]).arg(small_lake()).into_parts();
    let piped = command.stdin(fs_err::File::open(&file).unwrap().into_file()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&piped.stdout), "n\n6\n");
}

#[test]
fn how_rows_would_be_got() {
    let plan = ask("SELECT run_id, max(val.acc) AS best FROM histories WHERE _step > 10 GROUP BY run_id").arg("--explain").succeed().text();
    for part in ["Parquet SCAN", "PROJECT 3/", "SELECTION: ", "_step"] {
        assert!(plan.contains(part), "`{part}` is missing in\n{plan}");
    }
}

#[test]
fn the_shell_reads_statements_and_commands() {
    let input = "\
.tables
SELECT count(*) AS n
  FROM runs; SELECT 'a;b' AS text;
.format csv
SELECT run_id, state FROM runs ORDER BY run_id LIMIT 2;
SELECT nothing FROM runs;
.tabels
.explain SELECT 1 AS one;
SELECT max(_step) AS last FROM histories WHERE run_id = 'gaps'
";
    let outcome = shell(&small_lake(), input);
    insta::assert_snapshot!(outcome.report(&[]), @r#"
    exit code 2
    --- stdout
    histories
    runs
    system_metrics
    n
    6
    text
    a;b
    run_id,state
    gaps,finished
    late-start,finished
     WITH_COLUMNS:
     [col("one").cast(Int64)] 
       WITH_COLUMNS:
       [dyn int: 1.alias("one")] 
        DF []; PROJECT */0 COLUMNS
    last
    152
    --- stderr
    error: there is no column `nothing`
    1 | SELECT nothing FROM runs
      |        ^^^^^^^
    hint: DESCRIBE table lists the columns of a table
    error: there is no command `.tabels`
    hint: .help lists the commands
    "#);
}

#[test]
fn the_shell_writes_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.csv");
    let input = format!(
        ".output {}\nSELECT run_id FROM runs ORDER BY run_id LIMIT 1;\n.output\nSELECT 1 AS one;\n.quit\nSELECT 2 AS two;\n",
        file.display()
    );
    let outcome = shell(&small_lake(), &input);
    assert_eq!(fs_err::read_to_string(&file).unwrap(), "run_id\ngaps\n");
    assert_eq!((outcome.code, outcome.text().as_str()), (Some(0), "one\n  1\n"));
}

#[test]
fn the_shell_at_a_terminal() {
    let lake = small_lake();
    let binary = runlake_tests::binary::runlake();
    pass_checks("sql_terminal.py", &[binary.to_str().unwrap(), lake.to_str().unwrap()], None);
}

#[test]
fn another_engine_has_the_same_answers() {
    let lake = sample_lake();
    let binary = runlake_tests::binary::runlake();
    pass_checks("sql_answers.py", &[binary.to_str().unwrap(), lake.to_str().unwrap()], None);
}

/// Every query of the documentation has rows.
#[test]
fn the_queries_of_the_documentation() {
    let text = fs_err::read_to_string(workspace_folder().join("docs/sql.md")).unwrap();
    let queries: Vec<&str> = text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(queries.len() >= 10, "{}", queries.len());
    let folder = tempfile::tempdir().unwrap();
    let labels = folder.path().join("labels.csv");
    fs_err::write(&labels, "run_id,label\nlr010-seed1,baseline\nlr100-seed1,candidate\n").unwrap();
    for query in queries {
        let outcome = ask(query).arg("--table").arg(format!("labels={}", labels.display())).arg("--format").arg("ndjson").succeed();
        assert!(!outcome.stdout.is_empty(), "no rows:\n{query}");
    }
}
