//! The artifacts of projects, as [`Api`](crate::Api) finds them.

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use runlake_fetch::Artifact;
use runlake_types::ArtifactPath;

use crate::{Api, Error};

impl Api {
    /// A version of an artifact: `ENTITY/PROJECT/NAME:ALIAS`, where the alias is `latest`, a version such as `v3`, or another name.
    ///
    /// ```no_run
    /// # async fn example(api: runlake::Api) -> Result<(), runlake::Error> {
    /// let artifact = api.artifact("team/digits/weights:best").await?;
    /// artifact.download("artifacts/weights").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none, and as every call.
    pub async fn artifact(&self, path: &str) -> Result<Artifact, Error> {
        Ok(self.client().artifact(&ArtifactPath::parse(path)?).await?)
    }

    /// Whether there is such a version.
    ///
    /// # Errors
    /// As every call.
    pub async fn artifact_exists(&self, path: &str) -> Result<bool, Error> {
        match self.artifact(path).await {
            Ok(_artifact) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The versions of an artifact of a type, the newest first, fetched page by page. An error ends the stream.
    ///
    /// # Errors
    /// When `path` is not `ENTITY/PROJECT/NAME`.
    pub fn artifact_versions(&self, artifact_type: &str, path: &str) -> Result<BoxStream<'static, Result<Artifact, Error>>, Error> {
        let path = ArtifactPath::parse(path)?;
        Ok(self.client().artifact_versions(&path.project_path(), artifact_type, &path.name).map_err(Error::from).boxed())
    }

    /// The types of the artifacts of a project.
    ///
    /// # Errors
    /// As every call.
    pub async fn artifact_types(&self, project: &str) -> Result<Vec<String>, Error> {
        let project = self.project_path(project).await?;
        Ok(self.client().artifact_types(&project).await?)
    }

    /// The names of the artifacts of a type in a project.
    ///
    /// # Errors
    /// As every call.
    pub async fn artifact_collections(&self, artifact_type: &str, project: &str) -> Result<Vec<String>, Error> {
        let project = self.project_path(project).await?;
        Ok(self.client().artifact_collections(&project, artifact_type).await?)
    }
}
