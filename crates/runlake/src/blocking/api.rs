//! [`crate::Api`] without async.

use std::ops::Deref;

use runlake_fetch::{NewRun, Project, SecretString, Sweep, Viewer};

use super::{Executor, Run, Runs};
use crate::{Error, RunsOptions};

/// A W&B server as seen with one key: [`crate::Api`], whose methods have the words on each call.
#[derive(Clone, Debug)]
pub struct Api {
    pub(super) api: crate::Api,
    pub(super) executor: Executor,
}

/// What a path leads to: [`Api::from_path`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Place {
    /// A project.
    Project(Project),
    /// A run.
    Run(Box<Run>),
    /// A sweep.
    Sweep(Box<Sweep>),
}

impl Api {
    /// [`crate::Api::from_environment`].
    ///
    /// # Errors
    /// As there, and when threads cannot be started.
    pub fn from_environment() -> Result<Self, Error> {
        Self::new(crate::Api::from_environment()?)
    }

    /// [`crate::Api::connect`].
    ///
    /// # Errors
    /// As there, and when threads cannot be started.
    pub fn connect(base_url: &str, api_key: SecretString) -> Result<Self, Error> {
        Self::new(crate::Api::connect(base_url, api_key)?)
    }

    /// The blocking API over an async one, with which it shares what was fetched.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn new(api: crate::Api) -> Result<Self, Error> {
        Ok(Self { api, executor: Executor::start()? })
    }

    /// [`crate::Api::viewer`].
    ///
    /// # Errors
    /// As there.
    pub fn viewer(&self) -> Result<&Viewer, Error> {
        self.executor.wait(self.api.viewer())
    }

    /// [`crate::Api::default_entity`].
    ///
    /// # Errors
    /// As there.
    pub fn default_entity(&self) -> Result<Option<&str>, Error> {
        self.executor.wait(self.api.default_entity())
    }

    /// [`crate::Api::runs`].
    ///
    /// # Errors
    /// As there.
    pub fn runs(&self, path: &str, options: RunsOptions) -> Result<Runs, Error> {
        let runs = self.executor.wait(self.api.runs(path, options))?;
        Ok(Runs::new(runs, self.executor.clone()))
    }

    /// [`crate::Api::run`].
    ///
    /// # Errors
    /// As there.
    pub fn run(&self, path: &str) -> Result<Run, Error> {
        Ok(Run::new(self.executor.wait(self.api.run(path))?, self.executor.clone()))
    }

    /// [`crate::Api::create_run`].
    ///
    /// # Errors
    /// As there.
    pub fn create_run(&self, new: NewRun) -> Result<Run, Error> {
        Ok(Run::new(self.executor.wait(self.api.create_run(new))?, self.executor.clone()))
    }

    /// [`crate::Api::projects`].
    ///
    /// # Errors
    /// As there.
    pub fn projects(&self, entity: Option<&str>) -> Result<Vec<Project>, Error> {
        self.executor.wait(self.api.projects(entity))
    }

    /// [`crate::Api::project`].
    ///
    /// # Errors
    /// As there.
    pub fn project(&self, path: &str) -> Result<Project, Error> {
        self.executor.wait(self.api.project(path))
    }

    /// [`crate::Api::create_project`].
    ///
    /// # Errors
    /// As there.
    pub fn create_project(&self, path: &str) -> Result<Project, Error> {
        self.executor.wait(self.api.create_project(path))
    }

    /// [`crate::Api::from_path`].
    ///
    /// # Errors
    /// As there.
    pub fn from_path(&self, path: &str) -> Result<Place, Error> {
        Ok(match self.executor.wait(self.api.from_path(path))? {
            crate::Place::Project(project) => Place::Project(project),
            crate::Place::Run(run) => Place::Run(Box::new(Run::new(*run, self.executor.clone()))),
            crate::Place::Sweep(sweep) => Place::Sweep(sweep),
        })
    }
}

/// What needs no waiting.
impl Deref for Api {
    type Target = crate::Api;

    fn deref(&self) -> &crate::Api {
        &self.api
    }
}
