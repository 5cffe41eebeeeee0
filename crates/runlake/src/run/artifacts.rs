//! What a run made and what it uses.

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use runlake_fetch::{Artifact, ArtifactDraft};

use super::Run;
use crate::Error;

impl Run {
    /// Logs an artifact as made by this run, and waits until all of it is there. See [`runlake_fetch::Client::log_artifact`].
    ///
    /// ```no_run
    /// # async fn example(run: runlake::Run) -> Result<(), runlake::Error> {
    /// use runlake::fetch::ArtifactDraft;
    /// let draft = ArtifactDraft::new("weights", "model")?.with_folder("checkpoint", "")?;
    /// let artifact = run.log_artifact(&draft, &["best"], &[]).await?;
    /// println!("{} {:?}", artifact.path, artifact.aliases);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As there.
    pub async fn log_artifact(&self, draft: &ArtifactDraft, aliases: &[&str], tags: &[&str]) -> Result<Artifact, Error> {
        Ok(self.api.client().log_artifact(&self.record.path, draft, aliases, tags).await?)
    }

    /// Says that this run made a version that exists already, as the official client's `Run.log_artifact` of its public API does.
    ///
    /// # Errors
    /// As [`runlake_fetch::Client::log_existing_artifact`].
    pub async fn log_existing_artifact(&self, artifact: &Artifact, aliases: &[&str], tags: &[&str]) -> Result<Artifact, Error> {
        Ok(self.api.client().log_existing_artifact(&self.record.path, artifact, aliases, tags).await?)
    }

    /// Says that this run uses a version; `use_as` is the part that it plays, by default its name.
    ///
    /// # Errors
    /// As [`runlake_fetch::Client::use_artifact`].
    pub async fn use_artifact(&self, artifact: &Artifact, use_as: Option<&str>) -> Result<(), Error> {
        Ok(self.api.client().use_artifact(&self.record.path, artifact, use_as).await?)
    }

    /// The artifacts that this run logged, fetched page by page. An error ends the stream.
    pub fn logged_artifacts(&self) -> BoxStream<'static, Result<Artifact, Error>> {
        self.api.client().logged_artifacts(&self.record.path).map_err(Error::from).boxed()
    }

    /// The artifacts that this run said it uses, fetched page by page. An error ends the stream.
    pub fn used_artifacts(&self) -> BoxStream<'static, Result<Artifact, Error>> {
        self.api.client().used_artifacts(&self.record.path).map_err(Error::from).boxed()
    }
}
