//! [`crate::fetch::Artifact`] without async.

use std::ops::Deref;
use std::path::Path;

use futures::TryStreamExt as _;
use runlake_fetch::{ArtifactDownload, ArtifactDraft, ArtifactManifest};
use runlake_types::RunPath;

use super::{Api, Executor, Run};
use crate::Error;

/// A version of an artifact: [`crate::fetch::Artifact`], whose methods have the words on each call.
#[derive(Clone, Debug)]
pub struct Artifact {
    artifact: crate::fetch::Artifact,
    executor: Executor,
}

impl Artifact {
    fn new(artifact: crate::fetch::Artifact, executor: &Executor) -> Self {
        Self { artifact, executor: executor.clone() }
    }

    /// [`crate::fetch::Artifact::manifest`].
    ///
    /// # Errors
    /// As there.
    pub fn manifest(&self) -> Result<ArtifactManifest, Error> {
        self.executor.wait(async { Ok(self.artifact.manifest().await?) })
    }

    /// [`crate::fetch::Artifact::download`].
    ///
    /// # Errors
    /// As there.
    pub fn download(&self, root: impl AsRef<Path>) -> Result<ArtifactDownload, Error> {
        self.executor.wait(async { Ok(self.artifact.download(root).await?) })
    }

    /// [`crate::fetch::Artifact::add_aliases`].
    ///
    /// # Errors
    /// As there.
    pub fn add_aliases(&mut self, aliases: &[&str]) -> Result<(), Error> {
        self.executor.wait(async { Ok(self.artifact.add_aliases(aliases).await?) })
    }

    /// [`crate::fetch::Artifact::remove_aliases`].
    ///
    /// # Errors
    /// As there.
    pub fn remove_aliases(&mut self, aliases: &[&str]) -> Result<(), Error> {
        self.executor.wait(async { Ok(self.artifact.remove_aliases(aliases).await?) })
    }

    /// [`crate::fetch::Artifact::logged_by`].
    ///
    /// # Errors
    /// As there.
    pub fn logged_by(&self) -> Result<Option<RunPath>, Error> {
        self.executor.wait(async { Ok(self.artifact.logged_by().await?) })
    }

    /// [`crate::fetch::Artifact::used_by`].
    ///
    /// # Errors
    /// As there.
    pub fn used_by(&self) -> Result<Vec<RunPath>, Error> {
        self.executor.wait(async { Ok(self.artifact.used_by().await?) })
    }

    /// [`crate::fetch::Artifact::delete`].
    ///
    /// # Errors
    /// As there.
    pub fn delete(&self, with_aliases: bool) -> Result<(), Error> {
        self.executor.wait(async { Ok(self.artifact.delete(with_aliases).await?) })
    }
}

impl Deref for Artifact {
    type Target = crate::fetch::Artifact;

    fn deref(&self) -> &Self::Target {
        &self.artifact
    }
}

impl Api {
    /// [`crate::Api::artifact`].
    ///
    /// # Errors
    /// As there.
    pub fn artifact(&self, path: &str) -> Result<Artifact, Error> {
        Ok(Artifact::new(self.executor.wait(self.api.artifact(path))?, &self.executor))
    }

    /// [`crate::Api::artifact_exists`].
    ///
    /// # Errors
    /// As there.
    pub fn artifact_exists(&self, path: &str) -> Result<bool, Error> {
        self.executor.wait(self.api.artifact_exists(path))
    }

    /// [`crate::Api::artifact_versions`], all of them.
    ///
    /// # Errors
    /// As there, and as every call.
    pub fn artifact_versions(&self, artifact_type: &str, path: &str) -> Result<Vec<Artifact>, Error> {
        let versions = self.executor.wait(async { self.api.artifact_versions(artifact_type, path)?.try_collect::<Vec<_>>().await })?;
        Ok(versions.into_iter().map(|artifact| Artifact::new(artifact, &self.executor)).collect())
    }

    /// [`crate::Api::artifact_types`].
    ///
    /// # Errors
    /// As there.
    pub fn artifact_types(&self, project: &str) -> Result<Vec<String>, Error> {
        self.executor.wait(self.api.artifact_types(project))
    }

    /// [`crate::Api::artifact_collections`].
    ///
    /// # Errors
    /// As there.
    pub fn artifact_collections(&self, artifact_type: &str, project: &str) -> Result<Vec<String>, Error> {
        self.executor.wait(self.api.artifact_collections(artifact_type, project))
    }
}

impl Run {
    /// [`crate::Run::log_artifact`].
    ///
    /// # Errors
    /// As there.
    pub fn log_artifact(&self, draft: &ArtifactDraft, aliases: &[&str], tags: &[&str]) -> Result<Artifact, Error> {
        Ok(Artifact::new(self.executor.wait(self.run.log_artifact(draft, aliases, tags))?, &self.executor))
    }

    /// [`crate::Run::log_existing_artifact`].
    ///
    /// # Errors
    /// As there.
    pub fn log_existing_artifact(&self, artifact: &Artifact, aliases: &[&str], tags: &[&str]) -> Result<Artifact, Error> {
        Ok(Artifact::new(self.executor.wait(self.run.log_existing_artifact(artifact, aliases, tags))?, &self.executor))
    }

    /// [`crate::Run::use_artifact`].
    ///
    /// # Errors
    /// As there.
    pub fn use_artifact(&self, artifact: &Artifact, use_as: Option<&str>) -> Result<(), Error> {
        self.executor.wait(self.run.use_artifact(artifact, use_as))
    }

    /// [`crate::Run::logged_artifacts`], all of them.
    ///
    /// # Errors
    /// As every call.
    pub fn logged_artifacts(&self) -> Result<Vec<Artifact>, Error> {
        let logged = self.executor.wait(self.run.logged_artifacts().try_collect::<Vec<_>>())?;
        Ok(logged.into_iter().map(|artifact| Artifact::new(artifact, &self.executor)).collect())
    }

    /// [`crate::Run::used_artifacts`], all of them.
    ///
    /// # Errors
    /// As every call.
    pub fn used_artifacts(&self) -> Result<Vec<Artifact>, Error> {
        let used = self.executor.wait(self.run.used_artifacts().try_collect::<Vec<_>>())?;
        Ok(used.into_iter().map(|artifact| Artifact::new(artifact, &self.executor)).collect())
    }
}
