//! Writing runs.

use std::sync::Arc;

use runlake_types::{RunPath, Timestamp};

use super::{RunChange, Writer};
use crate::Error;

impl Writer<'_> {
    /// What was written to a run so far; `None` when nothing was.
    pub(crate) fn run(&self, path: &RunPath) -> Option<Arc<RunChange>> {
        self.state.project(&path.project_path())?.runs.get(&path.run_id).cloned()
    }

    /// Writes what there is to say of a run, in place of what was written before.
    pub(crate) async fn put_run(&self, path: &RunPath, change: RunChange) -> Result<(), Error> {
        let project_path = path.project_path();
        let row = (path.clone(), change.created_at.map(Timestamp::micros), change.deleted_at.map(Timestamp::micros), change.fields_text());
        let write = self.state.database().write(move |transaction| {
            let (RunPath { entity, project, run_id }, created_at, deleted_at, fields) = row;
            transaction.execute("INSERT OR IGNORE INTO projects (entity, project) VALUES (?1, ?2)", (&entity, &project))?;
            transaction.execute(
                "INSERT INTO runs (entity, project, run_id, created_at, deleted_at, fields) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET created_at = excluded.created_at, deleted_at = excluded.deleted_at, fields = excluded.fields",
                (entity, project, run_id, created_at, deleted_at, fields),
            )?;
            Ok(())
        });
        write.await?;
        let mut project = self.state.project(&project_path).map(|project| (*project).clone()).unwrap_or_default();
        project.runs.insert(path.run_id.clone(), Arc::new(change));
        self.show(&project_path, project);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use runlake_types::ProjectPath;

    use crate::options::StateFolder;
    use crate::state::State;

    use super::*;

    #[tokio::test]
    async fn runs_and_projects_are_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let kept = StateFolder::Kept(folder.path().to_owned());
        let (made, only_written_to) = (ProjectPath::new("acme", "made"), ProjectPath::new("acme", "of the lake"));
        let change = RunChange { created_at: Some(Timestamp::from_micros(1)), notes: Some("n".to_owned()), ..RunChange::default() };
        let state = State::open(&kept).unwrap();
        let before = state.version();
        {
            let writer = state.writer().await;
            writer.put_project(&made, Some(Timestamp::from_micros(3)), Some("mine".to_owned())).await.unwrap();
            writer.put_run(&made.run("r1"), RunChange::default()).await.unwrap();
            writer.put_run(&made.run("r1"), change.clone()).await.unwrap();
            writer.put_run(&only_written_to.run("r2"), RunChange { deleted_at: change.created_at, ..change.clone() }).await.unwrap();
        }
        assert_ne!(state.version(), before);
        drop(state);
        let state = State::open(&kept).unwrap();
        assert_eq!(state.project_paths(), [made.clone(), only_written_to.clone()]);
        let project = state.project(&made).unwrap();
        assert_eq!((project.created_at.map(Timestamp::micros), project.description.as_deref()), (Some(3), Some("mine")));
        assert_eq!(*project.runs["r1"], change);
        let project = state.project(&only_written_to).unwrap();
        assert_eq!((project.created_at, project.runs["r2"].deleted_at), (None, change.created_at));
    }
}
