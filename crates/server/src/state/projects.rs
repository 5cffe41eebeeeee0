//! What was written to projects: those that were made through the API, and the runs in each that were changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use runlake_types::{ProjectPath, Timestamp};

use super::{Database, RunChange, Writer};
use crate::Error;

/// What was written to one project.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProjectChange {
    /// When the project was made through the API; `None` for one of the source.
    pub(crate) created_at: Option<Timestamp>,
    /// What its maker says of it.
    pub(crate) description: Option<String>,
    /// The written runs by id, deleted ones among them.
    pub(crate) runs: BTreeMap<String, Arc<RunChange>>,
}

/// Every row of every project. Blocks.
pub(super) fn load(database: &Database) -> Result<BTreeMap<ProjectPath, Arc<ProjectChange>>, Error> {
    let mut projects: BTreeMap<ProjectPath, ProjectChange> = BTreeMap::new();
    database.read_now(|transaction| {
        let mut statement = transaction.prepare("SELECT entity, project, created_at, description FROM projects")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let path = ProjectPath::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?);
            let created_at = row.get::<_, Option<i64>>(2)?.map(Timestamp::from_micros);
            projects.insert(path, ProjectChange { created_at, description: row.get(3)?, runs: BTreeMap::new() });
        }
        let mut statement = transaction.prepare("SELECT entity, project, run_id, created_at, deleted_at, fields FROM runs")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let path = ProjectPath::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?);
            let change = RunChange::from_fields(&row.get::<_, String>(5)?, row.get(3)?, row.get(4)?)?;
            projects.entry(path).or_default().runs.insert(row.get(2)?, Arc::new(change));
        }
        Ok(())
    })?;
    Ok(projects.into_iter().map(|(path, project)| (path, Arc::new(project))).collect())
}

impl Writer<'_> {
    /// Writes when a project was made and what it is.
    pub(crate) async fn put_project(
        &self,
        path: &ProjectPath,
        created_at: Option<Timestamp>,
        description: Option<String>,
    ) -> Result<(), Error> {
        let mut project = self.state.project(path).map(|project| (*project).clone()).unwrap_or_default();
        (project.created_at, project.description) = (created_at, description.clone());
        let row = path.clone();
        let write = self.state.database().write(move |transaction| {
            transaction.execute(
                "INSERT INTO projects (entity, project, created_at, description) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET created_at = excluded.created_at, description = excluded.description",
                (row.entity, row.project, created_at.map(Timestamp::micros), description),
            )?;
            Ok(())
        });
        write.await?;
        self.show(path, project);
        Ok(())
    }
}
