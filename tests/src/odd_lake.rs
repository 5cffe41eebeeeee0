//! A lake whose runs are what questions across runs stumble over: NaN and infinities, nulls, text, booleans, places that repeat or are
//! not in order, keys that few rows have, names of all kinds, no rows, one row, and runs that lie in several part files.

use std::path::{Path, PathBuf};

use runlake_ingest::{Completeness, KindPlan};
use runlake_lake::{Lake, LakeWriter, Location, StoredRun};
use runlake_types::{Json, Kind, KindCounts, Object, ProjectPath, RunRecord, RunState, Timestamp, flatten};

use crate::chance::Chance;
use crate::lake::{block_on, fingerprint_of};
use crate::shared::shared_folder;

/// The project with all of these runs.
pub const ODD: &str = "team/odd";
/// A project with some runs whose `config.seed` runs of [`ODD`] have too.
pub const OTHER: &str = "team/other";

/// When each run begins, in seconds.
const BEGIN: f64 = 1.79e9;

/// A run before it is written.
struct Draft {
    run_id: String,
    config: String,
    tags: Vec<String>,
    rows: Vec<Object>,
    system_rows: Vec<Object>,
    /// Each part has so many rows and is committed by itself.
    rows_in_part: usize,
}

/// The lake, written once. Tests read it and never change it.
pub fn odd_lake() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its own program");
    shared_folder("odd-lake", &fingerprint_of(&test), write_odd_lake)
}

/// Writes the lake into an empty folder.
///
/// | runs | have |
/// |---|---|
/// | `lr0` … `lr2` with `-seed1` … `-seed4` | walks of `loss` and `val.acc` with steps 1 to 4 apart, `epoch` that repeats, `clock` in no order, `eval/top 5.größe` in every seventh row, `flag`, `note`, system metrics; those of seed 2 lie in four part files |
/// | `special` | NaN, infinities and nulls in `loss` and on the axes |
/// | `all-nan`, `one`, `empty`, `far`, `text` | nothing but NaN, one row, no rows, steps beyond all others, nothing but text |
/// | `names` | keys that are called as columns of answers are |
fn write_odd_lake(folder: &Path) {
    let mut chance = Chance::new(7);
    let mut drafts = Vec::new();
    for (at, lr) in ["0.01", "0.1", "1"].into_iter().enumerate() {
        drafts.extend((1..=4).map(|seed| walk(&mut chance, &format!("lr{at}-seed{seed}"), lr, seed)));
    }
    // The same number, written otherwise.
    drafts[11].config = drafts[11].config.replace("\"lr\":1,", "\"lr\":1.0,");
    drafts.extend(special_runs());
    let others: Vec<Draft> = (1..=3).map(|seed| walk(&mut chance, &format!("other{seed}"), "0.1", seed)).collect();
    block_on(async {
        let location = Location::folder(folder).expect("the folder has an absolute path");
        let lake = Lake::open_or_create(location).await.expect("a lake can be made");
        write_project(&lake, ODD, drafts).await;
        write_project(&lake, OTHER, others).await;
    });
}

fn object(members: impl IntoIterator<Item = (&'static str, Json)>) -> Object {
    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn text(value: &str) -> Json {
    Json::from(value)
}

/// A run of which everything is as usual, and keys are not.
fn walk(chance: &mut Chance, run_id: &str, lr: &str, seed: i32) -> Draft {
    let (mut loss, mut time) = (3.0, BEGIN);
    let (mut rows, mut system_rows) = (Vec::new(), Vec::new());
    for at in 0..40 + seed * 3 {
        let step = i64::from(at * seed);
        loss += chance.draw() - 0.55;
        time += chance.draw() * 3.0;
        let mut row = object([
            ("_step", Json::from(step)),
            ("_timestamp", Json::from(time)),
            ("_runtime", Json::from(time - BEGIN)),
            ("loss", Json::from(loss)),
            ("epoch", Json::from(step / 8)),
            ("clock", Json::from((chance.draw() * 50.0).round() / 2.0)),
            ("flag", Json::from(chance.draw() < 0.4)),
            ("note", text(if at % 3 == 0 { "a" } else { "b, \"c\"" })),
        ]);
        if at % 7 == seed {
            row.insert("eval/top 5.größe".to_owned(), Json::from(chance.draw() * 1e6));
        }
        if at % 2 == 0 {
            row.insert("val".to_owned(), Json::Object(object([("acc", Json::from((chance.draw() * 10.0).round() / 10.0))])));
        }
        rows.push(row);
        if at % 4 != 1 {
            let reading = time + chance.draw() * 4.0 - 2.0;
            let cpu = if at % 5 == 0 { Json::Null } else { Json::from(chance.draw() * 100.0) };
            system_rows.push(object([
                ("_timestamp", Json::from(reading)),
                ("_runtime", Json::from(reading - BEGIN)),
                ("system.cpu", cpu),
                ("system.gpu.0.gpu", Json::from(chance.draw() * 100.0)),
            ]));
        }
    }
    let name = if seed % 2 == 0 { "sgd" } else { "adam" };
    let config = format!(r#"{{"lr":{lr},"seed":{seed},"opt":{{"name":"{name}"}},"amp":{},"layers":[64,{seed}]}}"#, seed > 2);
    let tags = vec![format!("seed {seed}"), "walk".to_owned()];
    Draft { run_id: run_id.to_owned(), config, tags, rows, system_rows, rows_in_part: if seed == 2 { 13 } else { usize::MAX } }
}

fn special_runs() -> Vec<Draft> {
    let draft = |run_id: &str, config: &str, rows: Vec<Object>| Draft {
        run_id: run_id.to_owned(),
        config: config.to_owned(),
        tags: Vec::new(),
        rows,
        system_rows: Vec::new(),
        rows_in_part: usize::MAX,
    };
    let row = |step: i64, members: Vec<(&'static str, Json)>| {
        let mut row = object(members);
        row.insert("_step".to_owned(), Json::from(step));
        row
    };
    let odd = [f64::NAN, 1.5, f64::INFINITY, 1.25, f64::NEG_INFINITY, 1.0, 0.5, f64::NAN, 0.25, 30.0, 60.0];
    let special = |at: usize| {
        let loss = if at % 9 == 4 { Json::Null } else { Json::from(odd[at % odd.len()]) };
        let clock = Json::from([1.0, f64::NAN, 3.0, f64::INFINITY, 2.0][at % 5]);
        let epoch = if at.is_multiple_of(6) { Json::Null } else { Json::from(2.0) };
        row(i64::try_from(at).expect("it is small"), vec![("loss", loss), ("clock", clock), ("epoch", epoch)])
    };
    let names = |step: i64| {
        let number = |by: i64| Json::from(step * by);
        let nested = Json::Object(object([("b", number(2))]));
        let columns = vec![
            ("mean", number(1)),
            ("key", number(3)),
            ("run_id", number(4)),
            ("project", number(5)),
            ("rows", number(6)),
            ("display_name", number(7)),
            ("system.cpu", number(8)),
            ("a.b", number(9)),
            ("a", nested),
            ("loss", number(10)),
            ("_timestamp", number(1)),
        ];
        row(step, columns)
    };
    let reading = |step: i64| object([("_timestamp", Json::from(step * 3)), ("system.cpu", Json::from(step))]);
    let mut names = draft("names", r#"{"mean":2}"#, (0..12).map(names).collect());
    names.system_rows = (0..2).map(reading).collect();
    vec![
        draft("special", r#"{"lr":"auto","seed":"NaN"}"#, (0..33).map(special).collect()),
        draft("all-nan", r#"{"lr":"Infinity","seed":null}"#, (0..5).map(|step| row(step, vec![("loss", Json::from(f64::NAN))])).collect()),
        draft("one", r#"{"lr":0.1,"seed":9}"#, vec![row(3, vec![("loss", Json::from(7.5)), ("epoch", Json::from(0.0))])]),
        draft("empty", r#"{"lr":0.1}"#, Vec::new()),
        draft("far", "{}", (10_000..10_020).map(|step| row(step, vec![("loss", Json::from(2.0))])).collect()),
        draft("text", r#"{"lr":0.1}"#, (0..3).map(|step| row(step, vec![("note", text("nothing else"))])).collect()),
        names,
    ]
}

async fn write_project(lake: &Lake, project: &str, drafts: Vec<Draft>) {
    let project = ProjectPath::parse(project).expect("it is a path");
    let mut plan = KindPlan::default();
    for (path, value) in drafts.iter().flat_map(|draft| &draft.rows).flat_map(|row| flatten(row.clone())) {
        let mut counts = KindCounts::default();
        counts.add(Kind::of(&value).unwrap_or(Kind::Number), u64::from(value != Json::Null));
        plan.add_counts(&path, &counts);
    }
    let mut writer = lake.writer(&project, plan).await.expect("the lake can be written");
    for draft in drafts {
        write_run(&mut writer, &project, draft).await;
    }
}

async fn write_run(writer: &mut LakeWriter, project: &ProjectPath, draft: Draft) {
    let mut record = RunRecord::new(project.run(draft.run_id.clone()), format!("id of {}", draft.run_id));
    record.display_name = Some(format!("the run {}", draft.run_id));
    record.state = if draft.rows.is_empty() { RunState::Crashed } else { RunState::Finished };
    record.created_at = Some(Timestamp::from_micros(1_790_000_000_000_000));
    record.config = Json::parse_object(&draft.config).expect("it is an object");
    record.tags = draft.tags;
    let step_of = |row: &Object| row["_step"].as_number().and_then(runlake_types::Number::as_i64).expect("each row has a step");
    let parts: Vec<&[Object]> = if draft.rows.is_empty() { vec![&[]] } else { draft.rows.chunks(draft.rows_in_part).collect() };
    let (mut stored_through, mut written) = (None, 0);
    for part in parts {
        written += part.len();
        let last_step = part.last().map(step_of);
        record.history_line_count = Some(written as u64);
        let stored = StoredRun {
            record: record.clone(),
            synced_at: Timestamp::now(),
            completeness: Completeness::Complete,
            synced_through_step: last_step,
            synced_rows: Some(written as u64),
            synced_keys: None,
        };
        writer.push_history(&draft.run_id, part.to_vec()).await.expect("the lake can be written");
        writer.push_system(&draft.run_id, draft.system_rows.clone()).await.expect("the lake can be written");
        match stored_through {
            None => writer.end_run(stored).await,
            Some(step) => writer.append_run(stored, step).await,
        }
        if written < draft.rows.len() {
            writer.commit().await.expect("the lake can be written");
        }
        stored_through = last_step;
    }
    writer.commit().await.expect("the lake can be written");
}
