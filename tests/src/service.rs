//! A project on a backend, whose runs a test writes itself: they go on, are rewound, renamed and deleted as the test says.

use std::collections::BTreeMap;
use std::path::Path;

use runlake_ingest::{Completeness, KindPlan};
use runlake_lake::{Lake, LakeWriter, Location, StoredRun};
use runlake_types::{HistoryKeys, Json, KindCounts, Object, ProjectPath, RunRecord, RunState, Timestamp};
use tempfile::TempDir;

use crate::backend::Backend;
use crate::lake::{block_on, open};
use crate::same_lake::{assert_same, verify};

/// The project.
pub const TEAM: &str = "team/sync";

/// The backend and its lake. From the beginning there is the run `still`.
#[derive(Debug)]
pub struct Service {
    /// The lake that the backend serves.
    pub folder: TempDir,
    /// The backend.
    pub backend: Backend,
}

impl Service {
    /// A backend as it is by default.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A backend with these options.
    pub fn start_with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let location = Location::folder(folder.path()).expect("the folder has an absolute path");
        block_on(Lake::open_or_create(location)).expect("a lake can be made");
        let service = Self { backend: Backend::start_with(folder.path(), options), folder };
        service.put("still", &[(0, 1.0)], 1, "still");
        service
    }

    /// The run has these steps and losses now.
    pub fn put(&self, run_id: &str, losses: &[(i64, f64)], heartbeat_seconds: i64, display_name: &str) {
        put(self.folder.path(), run_id, losses, heartbeat_seconds, display_name);
    }

    /// The run is deleted.
    pub fn remove(&self, run_id: &str) {
        block_on(async {
            let mut writer = writer(self.folder.path()).await;
            writer.remove_run(run_id);
            writer.commit().await.expect("the lake can be written");
        });
    }

    /// Exports, compares everything, and gives each run's outcome.
    pub fn export(&self, lake: &Path) -> BTreeMap<String, String> {
        let outcome = self.backend.call(["export", TEAM, "--format", "ndjson", "--verify", "--lake"]).arg(lake).succeed();
        assert!(outcome.stderr.contains(": 0 differences"), "{}", outcome.stderr);
        assert_same(self.folder.path(), lake, TEAM);
        verify(lake);
        let line = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).expect("each line is a JSON object");
            let text = |key: &str| row[key].as_str().expect("a run has an id and an outcome").to_owned();
            (text("run_id"), text("outcome"))
        };
        outcome.text().lines().map(line).collect()
    }
}

/// Writes a run with these steps and losses into the lake of a [`Service`].
pub fn put(lake: &Path, run_id: &str, losses: &[(i64, f64)], heartbeat_seconds: i64, display_name: &str) {
    let path = ProjectPath::parse(TEAM).expect("it is a path").run(run_id);
    let mut record = RunRecord::new(path, format!("id of {run_id}"));
    record.display_name = Some(display_name.to_owned());
    record.state = RunState::Finished;
    record.created_at = Some(Timestamp::from_micros(1_790_000_000_000_000));
    record.heartbeat_at = Some(Timestamp::from_micros(1_790_000_000_000_000 + heartbeat_seconds * 1_000_000));
    record.history_line_count = Some(losses.len() as u64);
    let counts = BTreeMap::from([("loss".to_owned(), KindCounts { number: losses.len() as u64, ..KindCounts::default() })]);
    let last_step = losses.last().expect("a run has rows").0;
    record.history_keys = Some(HistoryKeys::from_counts(&counts, last_step));
    let rows = losses.iter().map(|(step, loss)| {
        let members = [("_step", Json::from(*step)), ("_timestamp", Json::from(1.79e9 + loss)), ("loss", Json::from(*loss))];
        members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Object>()
    });
    let stored = StoredRun {
        record,
        synced_at: Timestamp::now(),
        completeness: Completeness::Complete,
        synced_through_step: Some(last_step),
        synced_rows: Some(losses.len() as u64),
        synced_keys: None,
    };
    block_on(async {
        let mut writer = writer(lake).await;
        writer.push_history(run_id, rows.collect()).await.expect("the lake can be written");
        writer.end_run(stored).await;
        writer.commit().await.expect("the lake can be written");
    });
}

async fn writer(lake: &Path) -> LakeWriter {
    let project = ProjectPath::parse(TEAM).expect("it is a path");
    open(lake).await.writer(&project, KindPlan::default()).await.expect("the lake can be written")
}
