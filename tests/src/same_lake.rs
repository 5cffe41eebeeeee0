//! Two lakes compared, value for value, and one checked by `runlake verify`.

use std::path::Path;

use runlake_lake::StoredRun;
use runlake_types::{Object, ProjectPath, Timestamp};

use crate::command::Runlake;
use crate::lake::{block_on, canonical, history, open, system_metrics};

/// Fails unless the lake `copy` holds of `project` all that `source` holds of it, and nothing else. Times of synchronisation may differ.
pub fn assert_same(source: &Path, copy: &Path, project: &str) {
    block_on(compare(source, copy, project, false));
}

/// Fails unless each run of `project` that the lake `copy` has is as `source` has it. Runs may be missing, as after a kill.
pub fn assert_same_as_far(source: &Path, copy: &Path, project: &str) {
    block_on(compare(source, copy, project, true));
}

async fn compare(source: &Path, copy: &Path, project: &str, may_lack_runs: bool) {
    let (source, copy) = (open(source).await, open(copy).await);
    let project = ProjectPath::parse(project).expect("the test names a project");
    let runs = async |lake: &runlake_lake::Lake| lake.runs(&project).await.expect("the runs can be read");
    let (mut wanted, found) = (runs(&source).await, runs(&copy).await);
    if may_lack_runs {
        wanted.retain(|wanted| found.iter().any(|found| found.record.path == wanted.record.path));
    }
    let ids = |runs: &[StoredRun]| runs.iter().map(|run| run.record.path.run_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&found), ids(&wanted), "the runs of {project}");
    for (found, wanted) in found.iter().zip(&wanted) {
        let path = &wanted.record.path;
        let without_time = |run: &StoredRun| StoredRun { synced_at: Timestamp::from_micros(0), ..run.clone() };
        assert_eq!(without_time(found), without_time(wanted), "the record of {path}");

        let (rows, wanted_rows) = (history(&copy, path).await, history(&source, path).await);
        assert!(rows.keys().eq(wanted_rows.keys()), "the steps of {path}: {:?}, not {:?}", rows.keys(), wanted_rows.keys());
        let text = |row: &Object| canonical(row.clone());
        for (step, row) in &wanted_rows {
            assert_eq!(text(&rows[step]), text(row), "{path}, step {step}");
        }
        assert_eq!(system_metrics(&copy, path).await, system_metrics(&source, path).await, "the system metrics of {path}");
    }
}

/// Fails unless `runlake verify` finds no fault.
pub fn verify(lake: &Path) {
    let verdict = Runlake::new(["verify", "--lake"]).arg(lake).succeed();
    assert!(verdict.stderr.contains(" 0 faults"), "{}", verdict.stderr);
}
