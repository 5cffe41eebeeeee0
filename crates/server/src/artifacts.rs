//! What may be done with artifacts: checks against what is there, then one write to the state.
//!
//! An artifact is made, gets its files and its manifest, and appears with the commit, all at once. The steps are those of the official
//! client (<https://github.com/wandb/wandb/blob/main/core/pkg/artifacts/saver.go>).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use runlake_fetch::ArtifactManifest;
use runlake_types::{Json, ProjectPath, RunPath};

use crate::backend::{Backend, blocking};
use crate::catalog::CatalogRun;
use crate::changes::{conflict, invalid};
use crate::state::{Arrived, ArtifactRow, CommittedFile, NewArtifact};
use crate::{Error, ErrorKind};

/// The longest name, type or alias, in characters, as in the service.
const MAX_NAME_CHARACTERS: usize = 128;

/// What a storage id is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdOf {
    Artifact,
    Collection,
    Manifest,
}

impl IdOf {
    fn prefix(self) -> &'static str {
        match self {
            Self::Artifact => "Artifact:",
            Self::Collection => "ArtifactCollection:",
            Self::Manifest => "ArtifactManifest:",
        }
    }

    /// The storage id of a number, in base64 as the service's are: clients take it apart to make references.
    pub(crate) fn text(self, number: i64) -> String {
        BASE64_STANDARD.encode(format!("{}{number}", self.prefix()))
    }

    /// The number in a storage id; `None` for an id of something else.
    pub(crate) fn number(self, id: &str) -> Option<i64> {
        let text = String::from_utf8(BASE64_STANDARD.decode(id).ok()?).ok()?;
        text.strip_prefix(self.prefix())?.parse().ok()
    }
}

impl Backend {
    /// The version with this storage id, unless it was deleted.
    pub(crate) async fn artifact(&self, id: &str) -> Result<Option<ArtifactRow>, Error> {
        let Some(number) = IdOf::Artifact.number(id) else { return Ok(None) };
        Ok(self.state.artifact(number).await?.filter(|artifact| artifact.state != "DELETED"))
    }

    async fn found_artifact(&self, id: &str) -> Result<ArtifactRow, Error> {
        self.artifact(id).await?.ok_or_else(|| ErrorKind::NotFound { what: format!("artifact with the storage id `{id}`") }.into())
    }

    /// The run of this path.
    pub(crate) async fn found_run(&self, path: &RunPath) -> Result<std::sync::Arc<CatalogRun>, Error> {
        let project = self.catalog.snapshot().await?.project(&path.project_path()).await?;
        let run = project.and_then(|project| project.run(&path.run_id).cloned());
        run.ok_or_else(|| ErrorKind::NotFound { what: format!("run {path}") }.into())
    }

    /// Makes a version, or finds the one that has the same digest already. Answers with it and the newest version of before.
    pub(crate) async fn create_artifact(&self, new: NewArtifact) -> Result<(ArtifactRow, Option<i64>), Error> {
        check_name("name", &new.name)?;
        check_name("type", &new.artifact_type)?;
        new.aliases.iter().try_for_each(|alias| check_alias(alias))?;
        if let Some(metadata) = &new.metadata {
            Json::parse_object(metadata).map_err(|error| invalid(format!("the metadata is not a JSON object: {error}")))?;
        }
        let writer = self.writer().await?;
        match &new.run_id {
            Some(run_id) => drop(self.found_run(&new.project.run(run_id)).await?),
            None => self.check_project(&new.project).await?,
        }
        writer.create_artifact(new).await
    }

    async fn check_project(&self, path: &ProjectPath) -> Result<(), Error> {
        match self.catalog.snapshot().await?.project(path).await? {
            Some(_) => Ok(()),
            None => Err(ErrorKind::NotFound { what: format!("project {path}") }.into()),
        }
    }

    /// A version that still takes files.
    pub(crate) async fn pending_artifact(&self, id: &str) -> Result<ArtifactRow, Error> {
        let artifact = self.found_artifact(id).await?;
        if artifact.state != "PENDING" {
            return Err(conflict(format!("the artifact `{}` is committed: its contents cannot be changed", artifact.collection.name)));
        }
        Ok(artifact)
    }

    /// Notes what files a version is to have, and says which contents are there already.
    pub(crate) async fn announce_files(&self, artifact: i64, files: Vec<CommittedFile>) -> Result<Vec<bool>, Error> {
        for file in &files {
            crate::files::check_name(&file.path)?;
            if BASE64_STANDARD.decode(&file.md5).map_or(0, |digest| digest.len()) != 16 {
                return Err(invalid(format!("the MD5 digest of `{}` is not 16 bytes in base64", file.path)));
            }
        }
        self.writer().await?.announce_files(artifact, files).await
    }

    /// Keeps contents that were announced for a path of a version.
    pub(crate) async fn keep_artifact_file(&self, artifact: i64, path: &str, arrived: Arrived) -> Result<(), Error> {
        match self.state.announced_md5(artifact, path).await? {
            None => return Err(ErrorKind::NotFound { what: format!("file `{path}` in the artifact") }.into()),
            Some(md5) if md5 != arrived.blob.md5 => {
                return Err(invalid(format!("the MD5 digest of `{path}` is {} and not {md5}, as was announced", arrived.blob.md5)));
            }
            Some(_) => {}
        }
        self.writer().await?.keep(arrived, |_transaction, _blob| Ok(())).await
    }

    /// Keeps the manifest of a version.
    pub(crate) async fn keep_manifest(&self, artifact: i64, arrived: Arrived) -> Result<(), Error> {
        self.pending_artifact(&IdOf::Artifact.text(artifact)).await?;
        self.writer().await?.put_manifest(artifact, arrived).await
    }

    /// Makes a version appear: checks that it is whole, and gives it its number. One that is committed already stays as it is.
    pub(crate) async fn commit_artifact(&self, id: &str) -> Result<ArtifactRow, Error> {
        let artifact = self.found_artifact(id).await?;
        if artifact.state == "COMMITTED" {
            return Ok(artifact);
        }
        let manifest = artifact.manifest.as_ref().ok_or_else(|| conflict("the artifact has no manifest yet".to_owned()))?;
        let path = self.state.blob_path(manifest);
        let text = blocking(move || std::fs::read(path).map_err(Error::io("read a manifest"))).await?;
        let manifest = ArtifactManifest::from_json(&text).map_err(|error| {
            let reason = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            invalid(format!("the manifest of the artifact cannot be read: {reason}"))
        })?;
        if !manifest.has_digest(&artifact.digest) {
            let (expected, found) = (&artifact.digest, manifest.digest());
            return Err(invalid(format!("the digest of the artifact's manifest is {found} and not {expected}, as was announced")));
        }
        let is_file = |entry: &runlake_fetch::ArtifactEntry| entry.reference.is_none();
        let files = manifest.entries.iter().filter(|(_, entry)| is_file(entry));
        let files: Vec<CommittedFile> =
            files.map(|(path, entry)| CommittedFile { path: path.clone(), md5: entry.digest.clone() }).collect();
        files.iter().try_for_each(|file| crate::files::check_name(&file.path))?;
        self.writer().await?.commit_artifact(artifact.id, files, manifest.entries.len()).await
    }

    /// Notes that a run uses a version.
    pub(crate) async fn use_artifact(&self, run: &RunPath, id: &str, used_as: Option<String>) -> Result<ArtifactRow, Error> {
        let artifact = self.found_artifact(id).await?;
        if artifact.state != "COMMITTED" {
            return Err(conflict(format!("the artifact `{}` is not committed yet", artifact.collection.name)));
        }
        let writer = self.writer().await?;
        self.found_run(run).await?;
        writer.use_artifact(run, artifact.id, used_as).await
    }

    /// Gives a version aliases, and takes others from it. A version's own number stays.
    pub(crate) async fn change_aliases(&self, id: &str, added: Vec<String>, removed: Vec<String>) -> Result<(), Error> {
        added.iter().try_for_each(|alias| check_alias(alias))?;
        let artifact = self.found_artifact(id).await?;
        self.writer().await?.change_aliases(artifact.id, added, removed).await
    }

    /// Writes what people say of a version. What is `None` stays.
    pub(crate) async fn update_artifact(
        &self,
        id: &str,
        description: Option<String>,
        metadata: Option<String>,
        tags_added: Vec<String>,
        tags_removed: Vec<String>,
    ) -> Result<ArtifactRow, Error> {
        if let Some(metadata) = &metadata {
            Json::parse_object(metadata).map_err(|error| invalid(format!("the metadata is not a JSON object: {error}")))?;
        }
        let artifact = self.found_artifact(id).await?;
        self.writer().await?.update_artifact(artifact.id, description, metadata, tags_added, tags_removed).await
    }

    /// Deletes a version, which must have no aliases unless they may go with it.
    pub(crate) async fn delete_artifact(&self, id: &str, with_aliases: bool) -> Result<ArtifactRow, Error> {
        let artifact = self.found_artifact(id).await?;
        if !with_aliases && !artifact.aliases.is_empty() {
            let aliases = artifact.aliases.join(", ");
            return Err(conflict(format!("the artifact has aliases ({aliases}); it is deleted only together with them")));
        }
        self.writer().await?.delete_artifacts(vec![artifact.id]).await?;
        Ok(artifact)
    }

    /// Lets go of what belonged to a run that was deleted: its uploaded files, and the artifacts that it alone made if they are to go too.
    pub(crate) async fn forget_run(&self, run: &RunPath, with_artifacts: bool) -> Result<(), Error> {
        let writer = self.writer().await?;
        writer.forget_files(run).await?;
        let made_alone = writer.forget_artifact_runs(run).await?;
        if with_artifacts {
            writer.delete_artifacts(made_alone).await?;
        }
        Ok(())
    }
}

fn check_name(what: &str, name: &str) -> Result<(), Error> {
    if name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARACTERS || name.contains(['/', ':']) {
        let name = name.chars().take(MAX_NAME_CHARACTERS).collect::<String>();
        return Err(invalid(format!(
            "the {what} `{}` of an artifact is empty, has more than {MAX_NAME_CHARACTERS} characters, or holds `/` or `:`",
            name.escape_debug()
        )));
    }
    Ok(())
}

fn check_alias(alias: &str) -> Result<(), Error> {
    if alias.strip_prefix('v').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())) {
        return Err(invalid(format!("`{alias}` cannot be an alias: versions are numbered here")));
    }
    check_name("alias", alias)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_ids_say_what_they_are_of() {
        let id = IdOf::Artifact.text(12);
        assert_eq!((IdOf::Artifact.number(&id), IdOf::Manifest.number(&id), IdOf::Artifact.number("12")), (Some(12), None, None));
        // Clients put it into addresses as it is.
        assert!(!id.contains('/'));
    }

    #[test]
    fn names_and_aliases() {
        assert!(check_name("name", "my model.v2").is_ok() && check_alias("best").is_ok() && check_alias("v").is_ok());
        for name in ["", " ", "a/b", "a:b", &"n".repeat(129)] {
            assert!(check_name("name", name).is_err(), "{name}");
        }
        assert!(check_alias("v3").is_err());
    }
}
