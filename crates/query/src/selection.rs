//! Which runs a question is about.

use std::collections::BTreeSet;

use runlake_lake::{Lake, StoredRun, TableName};
use runlake_types::{Filter, ProjectPath, near_names};

use crate::{Error, ErrorKind};

/// Runs of one project or of several, by a filter in the language of the service or by their ids.
///
/// ```
/// use runlake_query::Selection;
/// use runlake_types::{Filter, ProjectPath};
/// let filter = Filter::parse(r#"{"state": "finished", "config.lr": {"$gte": 0.1}}"#)?;
/// let selection = Selection::of(ProjectPath::new("team", "digits")).with_filter(filter);
/// # Ok::<(), runlake_types::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Selection {
    projects: Vec<ProjectPath>,
    filter: Filter,
    run_ids: Option<BTreeSet<String>>,
}

/// The tables of a question about metrics, in the order in which [`Lake::pinned`] wants them.
pub(crate) const RUNS_AND_ROWS: [TableName; 2] = [TableName::Runs, TableName::Histories];

impl Selection {
    /// Every run of a project.
    pub fn of(project: ProjectPath) -> Self {
        Self { projects: vec![project], filter: Filter::everything(), run_ids: None }
    }

    /// The runs of another project too.
    #[must_use]
    pub fn and_of(mut self, project: ProjectPath) -> Self {
        if !self.projects.contains(&project) {
            self.projects.push(project);
        }
        self
    }

    /// Only runs that pass a filter.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Only runs with these ids. An id that no project has is an error of [`Selection::runs`].
    #[must_use]
    pub fn with_runs(mut self, run_ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.run_ids = Some(run_ids.into_iter().map(Into::into).collect());
        self
    }

    /// The projects, in the order given.
    pub fn projects(&self) -> &[ProjectPath] {
        &self.projects
    }

    /// The runs, by project as given and by run id.
    ///
    /// # Errors
    /// [`ErrorKind::Lake`] for a project that the lake does not hold, [`ErrorKind::UnknownRun`] for an id that none of them has,
    /// [`ErrorKind::NoRuns`] when no run passes the filter.
    pub async fn runs(&self, lake: &Lake) -> Result<Vec<StoredRun>, Error> {
        let (mut chosen, mut seen, mut missing) = (Vec::new(), 0, self.run_ids.clone().unwrap_or_default());
        for project in &self.projects {
            let runs = match &self.run_ids {
                Some(run_ids) => lake.runs_by_id(project, run_ids).await?,
                None => lake.runs(project).await?,
            };
            seen += runs.len();
            for run in &runs {
                missing.remove(&run.record.path.run_id);
            }
            if runs.is_empty() && lake.runs(project).await?.is_empty() {
                return Err(lake.project_not_found(project).await?.into());
            }
            chosen.extend(runs.into_iter().filter(|run| self.filter.matches(&run.record)));
        }
        if let Some(run_id) = missing.into_iter().next() {
            return Err(self.unknown_run(lake, run_id).await?);
        }
        if chosen.is_empty() {
            let projects = self.projects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(ErrorKind::NoRuns { projects, runs: seen }.into());
        }
        Ok(chosen)
    }

    async fn unknown_run(&self, lake: &Lake, run_id: String) -> Result<Error, Error> {
        let mut known = Vec::new();
        for project in &self.projects {
            known.extend(lake.runs(project).await?.into_iter().map(|run| run.record.path.run_id));
        }
        let near = near_names(&run_id, known.iter().map(String::as_str)).into_iter().map(str::to_owned).collect();
        Ok(ErrorKind::UnknownRun { run_id, near }.into())
    }
}
