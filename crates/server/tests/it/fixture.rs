//! A source in memory: a small project with one run of every sort, and the means to change it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use runlake_server::{RowBatches, Source, SourceError, SourceFile, SourceRun};
use runlake_types::{HistoryKeys, Json, Object, ProjectPath, RunPath, RunRecord, RunState, Timestamp};

/// A run of the fixture.
#[derive(Clone, Debug)]
pub(crate) struct FixtureRun {
    /// The latest state.
    pub(crate) record: RunRecord,
    /// Changes with `rows`.
    pub(crate) revision: u64,
    /// The history, as JSON lines.
    pub(crate) rows: Vec<String>,
    /// The events stream, as JSON lines.
    pub(crate) events: Vec<String>,
    /// The files: name and content.
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
}

/// The source. Clones share what they hold.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    runs: Arc<Mutex<BTreeMap<RunPath, FixtureRun>>>,
    version: Arc<AtomicU64>,
    folder: Arc<tempfile::TempDir>,
}

/// The project that the fixture's runs are in.
pub(crate) fn project() -> ProjectPath {
    ProjectPath::new("acme", "demo")
}

/// The history line of `step`: every kind of value is in one or another.
pub(crate) fn line(step: i64) -> String {
    let mut members = vec![
        format!("\"_runtime\":{}", 1.5 * step as f64),
        format!("\"_step\":{step}"),
        format!("\"_timestamp\":{:?}", 1_700_000_000.5 + step as f64),
    ];
    if step % 2 == 0 {
        members.push(format!("\"acc\":{:?}", step as f64 / 100.0));
    }
    if step % 10 == 3 {
        members.push("\"big\":9007199254740993".to_owned());
    }
    members.push(format!("\"loss\":{:?}", 1.0 / (step as f64 + 1.5)));
    if step % 5 == 0 {
        members.push(format!("\"nest\":{{\"b\":{step}}}"));
    }
    if step % 7 == 0 {
        members.push(format!("\"note\":\"n{step}\""));
    }
    if step % 11 == 1 {
        members.push("\"odd\":\"NaN\"".to_owned());
    }
    format!("{{{}}}", members.join(","))
}

impl FixtureRun {
    /// A run with `rows` rows, made `day` days into 2024.
    pub(crate) fn new(id: &str, state: RunState, rows: i64, day: i64) -> Self {
        let mut record = RunRecord::new(project().run(id), format!("storage-{id}"));
        record.display_name = Some(format!("Run {id}"));
        record.state = state;
        record.tags = vec!["a".to_owned(), "b".to_owned()];
        record.group = Some("g1".to_owned());
        record.username = Some("ann".to_owned());
        record.created_at = Some(Timestamp::from_micros((1_704_067_200 + day * 86_400) * 1_000_000));
        record.heartbeat_at = Some(Timestamp::from_micros((1_704_067_200 + day * 86_400 + 60) * 1_000_000));
        record.history_line_count = Some(rows.unsigned_abs());
        record.config = object(r#"{"lr":0.1,"opt":{"name":"adam","betas":[0.9,0.999]}}"#);
        record.config_internal = Some(Json::parse(r#"{"cli_version":"0.31.0","t":{}}"#).unwrap());
        record.summary = object(&format!(r#"{{"loss":{:?},"odd":"NaN","_step":{}}}"#, 1.0 / (rows as f64 + 0.5), rows - 1));
        record.system_metrics = object(r#"{"system.cpu":10.5}"#);
        let keys =
            format!(r#"{{"keys":{{"loss":{{"typeCounts":[{{"type":"number","count":{rows}}}]}}}},"sets":[],"lastStep":{}}}"#, rows - 1);
        record.history_keys = (rows > 0).then(|| HistoryKeys::from_object(&object(&keys)));
        let event = |at| format!(r#"{{"_runtime":{at}.5,"_timestamp":170000000{at}.25,"_wandb":true,"system.cpu":1{at}.5}}"#);
        Self { record, revision: 1, rows: (0..rows).map(line).collect(), events: (0..3).map(event).collect(), files: Vec::new() }
    }
}

impl Fixture {
    /// A project with a finished run `full` of 40 rows and some files, a running one `live` of 60, a crashed one `bare` of which little is
    /// known, and a pending one `empty` without rows.
    pub(crate) fn demo() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let fixture = Self { runs: Arc::default(), version: Arc::default(), folder };
        let mut full = FixtureRun::new("full", RunState::Finished, 40, 1);
        full.record.sweep_id = Some("sw1".to_owned());
        full.files = vec![
            ("wandb-metadata.json", br#"{"os":"Linux","args":[]}"#.to_vec()),
            ("config.yaml", b"lr:\n  value: 0.1\n".to_vec()),
            ("media/images/a b.png", [b"\x89PNG".as_slice(), &[7; 300]].concat()),
            ("output.log", b"one\ntwo\nthree\n".to_vec()),
        ];
        fixture.put(full);
        fixture.put(FixtureRun::new("live", RunState::Running, 60, 2));
        let mut bare = FixtureRun::new("bare", RunState::Crashed, 3, 3);
        bare.record = RunRecord {
            created_at: bare.record.created_at,
            state: RunState::Crashed,
            ..RunRecord::new(project().run("bare"), String::new())
        };
        bare.events.clear();
        fixture.put(bare);
        fixture.put(FixtureRun { events: Vec::new(), ..FixtureRun::new("empty", RunState::Pending, 0, 4) });
        fixture
    }

    /// Adds or replaces a run.
    pub(crate) fn put(&self, run: FixtureRun) {
        for (name, content) in &run.files {
            let path = self.path(&run.record.path, name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self.runs.lock().unwrap().insert(run.record.path.clone(), run);
        self.version.fetch_add(1, Ordering::Relaxed);
    }

    /// The run of this id as it is now.
    pub(crate) fn run(&self, id: &str) -> FixtureRun {
        self.runs.lock().unwrap()[&project().run(id)].clone()
    }

    fn path(&self, run: &RunPath, name: &str) -> PathBuf {
        self.folder.path().join(&run.run_id).join(name)
    }

    fn found(&self, run: &RunPath) -> Result<FixtureRun, SourceError> {
        self.runs.lock().unwrap().get(run).cloned().ok_or_else(|| format!("{run} is not in the fixture").into())
    }
}

/// The object that `text` is.
pub(crate) fn object(text: &str) -> Object {
    Json::parse_object(text).unwrap()
}

fn batches(lines: &[String]) -> RowBatches {
    let batches: Vec<_> = lines.chunks(16).map(|lines| Ok(lines.iter().map(|line| object(line)).collect())).collect();
    stream::iter(batches).boxed()
}

impl Source for Fixture {
    fn version(&self) -> BoxFuture<'_, Result<u64, SourceError>> {
        async { Ok(self.version.load(Ordering::Relaxed)) }.boxed()
    }

    fn projects(&self) -> BoxFuture<'_, Result<Vec<ProjectPath>, SourceError>> {
        let others = [ProjectPath::new("acme", "other"), ProjectPath::new("zoo", "void")];
        async { Ok(self.runs.lock().unwrap().keys().map(RunPath::project_path).chain(others).collect()) }.boxed()
    }

    fn runs<'a>(&'a self, project: &'a ProjectPath) -> BoxFuture<'a, Result<Vec<SourceRun>, SourceError>> {
        let with_revision = |run: &FixtureRun| SourceRun { record: run.record.clone(), revision: run.revision, stored_through_step: None };
        async move {
            let runs = self.runs.lock().unwrap();
            Ok(runs.values().filter(|run| run.record.path.project_path() == *project).map(with_revision).collect())
        }
        .boxed()
    }

    fn history<'a>(&'a self, run: &'a RunPath) -> BoxFuture<'a, Result<RowBatches, SourceError>> {
        async { Ok(batches(&self.found(run)?.rows)) }.boxed()
    }

    fn system_metrics<'a>(&'a self, run: &'a RunPath) -> BoxFuture<'a, Result<RowBatches, SourceError>> {
        async { Ok(batches(&self.found(run)?.events)) }.boxed()
    }

    fn files<'a>(&'a self, run: &'a RunPath) -> BoxFuture<'a, Result<Vec<SourceFile>, SourceError>> {
        async move {
            let file = |(name, content): &(&'static str, Vec<u8>)| SourceFile {
                name: (*name).to_owned(),
                size_bytes: content.len() as u64,
                modified_at: Timestamp::from_micros(1_704_067_200_000_000),
                path: self.path(run, name),
                md5: None,
            };
            Ok(self.found(run).map(|run| run.files.iter().map(file).collect()).unwrap_or_default())
        }
        .boxed()
    }
}
